//! Which functions the contract has, as `wit/` tells.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The files of the contract that have interfaces with functions.
const FILES: [&str; 4] = [
    include_str!("../../../../../wit/clients.wit"),
    include_str!("../../../../../wit/host.wit"),
    include_str!("../../../../../wit/items.wit"),
    include_str!("../../../../../wit/work.wit"),
];

/// Whether an interface has a function.
pub(super) fn has_function(interface: &str, function: &str) -> bool {
    static FUNCTIONS: OnceLock<BTreeMap<&str, BTreeSet<&str>>> = OnceLock::new();
    let functions = FUNCTIONS.get_or_init(read);
    functions
        .get(interface)
        .is_some_and(|names| names.contains(function))
}

/// A function stands in a line of its own, in the braces of its interface.
fn read() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut functions = BTreeMap::<_, BTreeSet<_>>::new();
    let mut interface = "";
    for line in FILES.iter().flat_map(|file| file.lines()).map(str::trim) {
        if let Some(name) = line.strip_prefix("interface ") {
            interface = name.trim_end_matches(" {");
        } else if let Some((name, _)) = line.split_once(": func(") {
            functions.entry(interface).or_default().insert(name);
        }
    }
    functions
}

#[cfg(test)]
mod tests {
    use super::super::{ALWAYS_GRANTED, INTERFACES};
    use super::*;

    #[test]
    fn every_interface_has_its_functions() {
        let mut known: Vec<&str> = read().into_keys().collect();
        let mut named: Vec<&str> = ALWAYS_GRANTED.into_iter().chain(INTERFACES).collect();
        // It has types only.
        named.retain(|name| *name != "types");
        known.sort_unstable();
        named.sort_unstable();
        assert_eq!(known, named);
        assert!(has_function("items", "get") && has_function("log", "panicked"));
        assert!(!has_function("items", "archive") && !has_function("fields", "find"));
    }
}
