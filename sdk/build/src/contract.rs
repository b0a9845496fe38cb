//! The contract's files, and the part of its world that one robot asks for.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use wit_parser::{Resolve, SourceMap, WorldId};

/// The world that the contract declares, and that generated bindings are made for.
pub(crate) const WORLD: &str = "robot";

/// The package, with its version, as imports name it: `signalbox:robot/items@0.9.1`.
const PACKAGE: &str = "signalbox:robot";

/// The name of the file with the world.
const WORLD_FILE: &str = "world.wit";

/// The files of the contract, as they were when this program was built. The first one declares the package.
pub const CONTRACT_FILES: [(&str, &str); 6] = [
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("host.wit", include_str!("../../../wit/host.wit")),
    ("items.wit", include_str!("../../../wit/items.wit")),
    ("work.wit", include_str!("../../../wit/work.wit")),
    ("clients.wit", include_str!("../../../wit/clients.wit")),
    (WORLD_FILE, include_str!("../../../wit/world.wit")),
];

/// Writes the contract into the new folder `dir`, with a world that imports only `interfaces`.
///
/// Tools that import their whole world, whatever the robot calls, get no more than the manifest asks for this way.
pub(crate) fn write(dir: &Path, interfaces: &BTreeSet<String>) -> Result<()> {
    std::fs::create_dir(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for (name, text) in CONTRACT_FILES {
        let path = dir.join(name);
        let text = match name {
            WORLD_FILE => narrowed(text, interfaces),
            _ => text.to_owned(),
        };
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The contract with a world that imports only `interfaces`.
pub(crate) fn parse(interfaces: &BTreeSet<String>) -> Result<(Resolve, WorldId)> {
    let mut files = SourceMap::default();
    for (name, text) in CONTRACT_FILES {
        let text = match name {
            WORLD_FILE => narrowed(text, interfaces),
            _ => text.to_owned(),
        };
        files.push_str(name, text);
    }
    let group = files.parse().map_err(|(_, error)| error)?;
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group)?;
    let world = resolve.select_world(&[package], Some(WORLD))?;
    Ok((resolve, world))
}

/// Every interface that the world imports, in its order.
pub(crate) fn interfaces() -> Vec<&'static str> {
    let world = CONTRACT_FILES.iter().find(|(name, _)| *name == WORLD_FILE);
    let lines = world.map_or("", |(_, text)| text).lines();
    lines.filter_map(imported).collect()
}

/// The same, as a set.
pub(crate) fn all() -> BTreeSet<String> {
    interfaces().into_iter().map(str::to_owned).collect()
}

/// `signalbox:robot/items@0.9.1` for `items`.
pub(crate) fn full_name(interface: &str) -> String {
    let declared = CONTRACT_FILES
        .iter()
        .flat_map(|(_, text)| text.lines())
        .find_map(|line| line.strip_prefix("package ")?.strip_suffix(';'));
    let version = declared.and_then(|name| name.split_once('@'));
    let (package, version) = version.unwrap_or((PACKAGE, ""));
    format!("{package}/{interface}@{version}")
}

/// The text of the world without the imports of other interfaces.
fn narrowed(world: &str, interfaces: &BTreeSet<String>) -> String {
    let kept = |line: &&str| imported(line).is_none_or(|name| interfaces.contains(name));
    world.lines().filter(kept).flat_map(|line| [line, "\n"]).collect()
}

/// `items` for the line `    import items;`.
fn imported(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("import ")?.strip_suffix(';')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{full_name, interfaces, write};

    #[test]
    fn narrowed_world_imports_what_is_asked_for_and_is_valid() {
        let dir = tempfile::tempdir().unwrap();
        let wit = dir.path().join("wit");
        let asked = BTreeSet::from(["items".to_owned(), "log".to_owned()]);
        write(&wit, &asked).unwrap();
        let mut resolve = wit_parser::Resolve::default();
        let (package, _) = resolve.push_dir(&wit).unwrap();
        let world = resolve.select_world(&[package], Some(super::WORLD)).unwrap();
        let keys = resolve.worlds[world].imports.keys();
        let names: Vec<String> = keys.map(|key| resolve.name_world_key(key)).collect();
        let mut expected = ["types", "items", "log"].map(full_name);
        expected.sort();
        let mut sorted = names;
        sorted.sort();
        assert_eq!(sorted, expected);
    }

    #[test]
    fn interfaces_are_those_of_the_world() {
        let all = interfaces();
        assert!(all.contains(&"timeline") && all.contains(&"log"), "{all:?}");
        assert_eq!(full_name("items"), "signalbox:robot/items@0.9.1");
    }
}
