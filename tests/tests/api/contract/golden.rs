//! Components that were built for an earlier state of the contract load and get the same answers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use signalbox_sandbox::inspect::inspect;

use super::caller::{Called, Company};
use crate::contract::frozen_functions;

/// The version of the contract that `wit/` has: the newest that components were built for.
pub(crate) const NEWEST: &str = "0.9.1";

/// What components that were built for this version are told to call.
pub(in crate::api) fn calls(version: &str) -> String {
    std::fs::read_to_string(folder().join(format!("calls-{version}.txt"))).unwrap()
}

/// Where it stands what the host answers to them.
pub(crate) fn journal_file(version: &str) -> PathBuf {
    folder().join(format!("journal-{version}.txt"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// A component that is not built any more.
struct Golden {
    name: String,
    /// Of the contract.
    version: String,
    bytes: Vec<u8>,
}

/// The golden components, by name.
fn components() -> Vec<Golden> {
    let folder = folder();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "wasm"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are golden components");
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (_, version) = name.split_once('-').expect("LANGUAGE-VERSION.wasm");
        Golden {
            version: version.to_owned(),
            bytes: std::fs::read(path).unwrap(),
            name,
        }
    };
    paths.into_iter().map(read).collect()
}

/// What the host has answered, one line a call; what differs from run to run is left out.
pub(in crate::api) fn journal(run: &Called) -> String {
    let mut text = String::new();
    for call in run.calls() {
        let name = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
        let (interface, function) = (name("interface"), name("function"));
        if (interface.as_str(), function.as_str()) == ("params", "get") && call["args"][0] == "script" {
            continue;
        }
        text.push_str(&format!(
            "{interface}.{function} {}\n    {}\n",
            call["args"], call["answer"]
        ));
    }
    text.push_str("\neffects\n");
    for effect in run.details["attempts"][0]["effects"].as_array().unwrap() {
        text.push_str(&format!("    {effect}\n"));
    }
    text.push_str("\nlog\n");
    for line in run.details["attempts"][0]["logs"].as_array().unwrap() {
        text.push_str(&format!("    {}: {}\n", line["level"], line["message"]));
    }
    text + "\n" + &run.answers + "\n"
}

#[tokio::test]
async fn golden_components_load_and_get_the_same_answers() {
    for Golden { name, version, bytes } in components() {
        let company = Company::with(&bytes).await;
        let run = company.calls_on_message("all", &calls(&version)).await;
        println!("golden component {name}");
        expect_file![journal_file(&version)].assert_eq(&journal(&run));
        company.api.app.stop().await;
    }
}

/// The component, as if it had been built with another version of the contract.
fn with_version(component: &[u8], version: &str) -> Vec<u8> {
    let (from, to) = (b"@0.9.0", version.as_bytes());
    assert_eq!(from.len(), to.len(), "nothing may move");
    let mut bytes = component.to_vec();
    let places: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[tokio::test]
async fn component_of_another_patch_version_runs_and_one_of_another_line_is_refused() {
    // The one that does what it is told.
    let is_told = |golden: &Golden| golden.name == "rust-0.9.0";
    let component = components()
        .into_iter()
        .find(is_told)
        .expect("the one in Rust")
        .bytes;
    let company = Company::with(&with_version(&component, "@0.9.7")).await;
    let run = company
        .calls("items.get; $item\ntimeline.add-comment; $item; hello")
        .await;
    assert_eq!(run.answers, "ok ok");
    let refused = inspect(&with_version(&component, "@0.8.0")).expect_err("another line");
    let refused = refused.to_string();
    assert!(
        refused.contains("imports version 0.8.0 of the contract, this host speaks 0.9"),
        "{refused}"
    );
}

/// Else an incompatible change of a function that none of them calls would pass.
#[test]
fn golden_components_call_every_function_of_the_frozen_contract() {
    assert!(components().iter().any(|golden| golden.version == NEWEST));
    for Golden { name, version, bytes } in components() {
        let inspection = inspect(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Go's library imports WASI besides.
        let imports = inspection.imports.iter();
        let called: BTreeSet<String> = imports
            .filter(|(interface, _)| interface.starts_with("signalbox:robot/"))
            .flat_map(|(interface, functions)| {
                let interface = interface.split(['/', '@']).nth(1).unwrap_or_default().to_owned();
                functions
                    .iter()
                    .map(move |function| format!("{interface}.{function}"))
            })
            .collect();
        if version == NEWEST {
            let missing: Vec<String> = frozen_functions().difference(&called).cloned().collect();
            assert!(missing.is_empty(), "{name} does not call {missing:?}");
        }
        let calls = calls(&version);
        let lines: Vec<&str> = calls.lines().collect();
        // A panic is no call that a script can make: the run would end with it.
        let unasked = called.iter().filter(|function| {
            *function != "log.panicked" && !lines.iter().any(|line| line.split(';').next() == Some(function))
        });
        let unasked: Vec<&String> = unasked.collect();
        assert!(
            unasked.is_empty(),
            "calls-{version}.txt does not call {unasked:?}"
        );
    }
}
