//! Whether a component imports what its manifest asks for, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use signalbox_crm::robot::Manifest;

use super::contract::has_function;

/// The version of the contract that this host speaks, as manifests name it.
pub const CONTRACT: &str = "0.9";
/// What the versions of its interfaces begin with.
const LINE: &str = "0.9.";

/// Interfaces that every robot has. They need no permission.
pub const ALWAYS_GRANTED: [&str; 5] = ["clock", "log", "params", "random", "types"];

/// Interfaces that a manifest asks for.
pub const INTERFACES: [&str; 18] = [
    "activities",
    "assignment",
    "calendar",
    "contact-editing",
    "contacts",
    "conversation-control",
    "conversations",
    "employees",
    "fields",
    "item-creation",
    "items",
    "messaging",
    "notifications",
    "outbound-http",
    "stages",
    "state",
    "timeline",
    "timers",
];

/// The packages of WASI 0.2 that are linked. Files and sockets are there and refuse everything: toolchains import
/// them without using them.
const WASI_PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// The name of the export that makes a component a robot, without its version.
pub(super) const ENTRY_NAME: &str = "signalbox:robot/entry@";

/// Whether an export makes the component a robot.
pub(super) fn is_entry(name: &str, functions: &[String]) -> bool {
    let version = name.strip_prefix(ENTRY_NAME);
    version.is_some_and(|version| is_line(version, LINE)) && functions.iter().any(|name| name == "run")
}

/// The most names in one sentence.
const NAMES_MAX: usize = 10;

/// An import name: `signalbox:robot/items@0.9.0`.
enum Request<'a> {
    /// An interface of the contract.
    Ours(&'a str),
    /// An interface of another version of the contract: the version.
    Foreign(&'a str),
    /// A part of WASI that is tolerated.
    Wasi,
    /// Anything else, and why it is not linked.
    Unknown(String),
}

/// Sentences that say where imports and manifest differ.
pub(super) fn faults(manifest: &Manifest, imports: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut imported = BTreeSet::new();
    let mut foreign = BTreeSet::new();
    for (name, functions) in imports {
        match request(name) {
            Request::Ours(interface) => {
                imported.insert(interface);
                faults.extend(not_in_contract(interface, functions));
            }
            Request::Foreign(version) => {
                foreign.insert(version);
            }
            Request::Wasi => {}
            Request::Unknown(why) => faults.push(unknown(name, functions, &why)),
        }
    }
    if !foreign.is_empty() {
        // Said once: the check of the manifest says it, too.
        let advice = match manifest.contract == CONTRACT {
            true => format!(": {ANOTHER_CONTRACT}"),
            false => String::new(),
        };
        // What the manifest says of interfaces is about that version, too.
        faults.push(format!(
            "the component imports version {} of the contract, this host speaks {CONTRACT}{advice}",
            listed(foreign.into_iter().map(str::to_owned))
        ));
        return faults;
    }
    let asked: BTreeSet<&str> = manifest.permission.iter().map(|p| p.interface.as_str()).collect();
    let silent = imported
        .iter()
        .filter(|name| !ALWAYS_GRANTED.contains(name) && !asked.contains(*name));
    faults.extend(silent.map(|name| {
        format!("the component imports `{name}`, but its manifest asks for no permission `{name}`")
    }));
    let idle = asked
        .difference(&imported)
        .filter(|name| INTERFACES.contains(name));
    faults.extend(idle.map(|name| {
        format!("the manifest asks for permission `{name}`, but the component does not import `{name}`")
    }));
    faults
}

/// What to do about a robot that was built for another version of the contract.
pub(super) const ANOTHER_CONTRACT: &str = "build the robot with the SDK of this host, which `signalbox new` brings along, or install it on a host that speaks its contract";

/// Functions that an interface of this host does not have.
fn not_in_contract(interface: &str, functions: &[String]) -> Option<String> {
    let missing = functions.iter().filter(|name| !has_function(interface, name));
    let missing: Vec<String> = missing.map(|name| format!("{interface}.{name}")).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "the component uses {}, which the contract of this host ({CONTRACT}) does not have; `signalbox wit` prints what it has",
            listed(missing.into_iter())
        )
    })
}

/// The first names, and how many more there are.
pub(super) fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let shown = names.take(NAMES_MAX).collect::<Vec<_>>().join(", ");
    match more {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn request(import: &str) -> Request<'_> {
    let Some((package, rest)) = import.split_once('/') else {
        return Request::Unknown("it is no interface".to_owned());
    };
    let Some((interface, version)) = rest.split_once('@') else {
        return Request::Unknown("it has no version".to_owned());
    };
    if package == "signalbox:robot" {
        return ours(interface, version);
    }
    match package.strip_prefix("wasi:") {
        Some(part) => wasi(part, version),
        None => Request::Unknown("this host does not know the package".to_owned()),
    }
}

fn ours<'a>(interface: &'a str, version: &'a str) -> Request<'a> {
    if !is_line(version, LINE) {
        return Request::Foreign(version);
    }
    if !ALWAYS_GRANTED.contains(&interface) && !INTERFACES.contains(&interface) {
        return Request::Unknown("the contract has no such interface".to_owned());
    }
    Request::Ours(interface)
}

fn wasi<'a>(part: &str, version: &str) -> Request<'a> {
    if part == "http" {
        let why = "robots have no network; ask for an interface of the contract instead";
        return Request::Unknown(why.to_owned());
    }
    if !WASI_PACKAGES.contains(&part) {
        return Request::Unknown("this host does not have this part of WASI".to_owned());
    }
    if !is_line(version, "0.2.") {
        return Request::Unknown("this host has WASI 0.2".to_owned());
    }
    Request::Wasi
}

/// Whether a version is a release of the line: `0.2.` takes `0.2.12`, and not `0.2.0-rc-1`.
fn is_line(version: &str, line: &str) -> bool {
    let number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    version.strip_prefix(line).is_some_and(number)
}

fn unknown(name: &str, functions: &[String], why: &str) -> String {
    let uses = match functions {
        [] => String::new(),
        functions => format!(" (uses {})", listed(functions.iter().cloned())),
    };
    format!("the component imports `{name}`{uses}, which is not linked: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(import: &str) -> Option<String> {
        match request(import) {
            Request::Unknown(why) => Some(why),
            Request::Foreign(version) => Some(version.to_owned()),
            Request::Ours(_) | Request::Wasi => None,
        }
    }

    #[test]
    fn contract_and_wasi_are_known_by_line() {
        for known in [
            "signalbox:robot/items@0.9.0",
            "signalbox:robot/log@0.9.7",
            "wasi:io/poll@0.2.6",
            "wasi:cli/stdout@0.2.12",
        ] {
            assert_eq!(why(known), None, "{known}");
        }
        for unknown in [
            "signalbox:robot/items@0.1.0",
            "signalbox:robot/items@0.9.0-rc",
            "signalbox:robot/secrets@0.9.0",
            "wasi:http/types@0.2.0",
            "wasi:keyvalue/store@0.2.0",
            "wasi:io/poll@0.3.0",
            "acme:crm/items@1.0.0",
            "run",
        ] {
            assert!(why(unknown).is_some(), "{unknown}");
        }
    }
}
