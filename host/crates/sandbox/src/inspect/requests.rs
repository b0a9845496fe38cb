//! Whether a component imports what its manifest asks for, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use signalbox_crm::robot::Manifest;

/// The version of the contract that this host speaks, as manifests name it.
pub const CONTRACT: &str = "0.9";
/// What the versions of its interfaces begin with.
const LINE: &str = "0.9.";

/// Interfaces that every robot has. They need no permission.
pub const ALWAYS_GRANTED: [&str; 5] = ["clock", "log", "params", "random", "types"];

/// Interfaces that a manifest asks for.
pub const INTERFACES: [&str; 17] = [
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
    "stages",
    "state",
    "timeline",
    "timers",
];

/// The packages of WASI 0.2 that are linked. Files and sockets are there and refuse everything: toolchains import
/// them without using them.
const WASI_PACKAGES: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// Whether an export makes the component a robot.
pub(super) fn is_entry(name: &str, functions: &[String]) -> bool {
    let version = name.strip_prefix("signalbox:robot/entry@");
    version.is_some_and(|version| is_line(version, LINE)) && functions.iter().any(|name| name == "run")
}

/// An import name: `signalbox:robot/items@0.9.0`.
enum Request<'a> {
    /// An interface of the contract.
    Ours(&'a str),
    /// A part of WASI that is tolerated.
    Wasi,
    /// Anything else, and why it is not linked.
    Unknown(String),
}

/// Sentences that say where imports and manifest differ.
pub(super) fn faults(manifest: &Manifest, imports: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut imported = BTreeSet::new();
    for (name, functions) in imports {
        match request(name) {
            Request::Ours(interface) => {
                imported.insert(interface);
            }
            Request::Wasi => {}
            Request::Unknown(why) => faults.push(unknown(name, functions, &why)),
        }
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

fn ours<'a>(interface: &'a str, version: &str) -> Request<'a> {
    if !is_line(version, LINE) {
        return Request::Unknown(format!("this host speaks version {CONTRACT} of the contract"));
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
        functions => format!(" (uses {})", functions.join(", ")),
    };
    format!("the component imports `{name}`{uses}, which is not linked: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(import: &str) -> Option<String> {
        match request(import) {
            Request::Unknown(why) => Some(why),
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
