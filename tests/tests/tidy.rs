//! The structure: what must never appear in the sources, shown by the sources themselves.
//!
//! Each rule takes a path and a text and names what is wrong, so that it can be shown to fail on a planted text.

use std::fs;
use std::path::{Path, PathBuf};

mod arrows;
mod codes;
mod documents;
mod lexer;
mod rules;
mod wit;

/// The directories that hold our own texts.
const TREES: [&str; 6] = ["host", "sdk", "plugins", "wit", "tests", "examples"];
/// What may stand at the top level, besides hidden files and the build directory.
const TOP_LEVEL: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "host",
    "sdk",
    "plugins",
    "wit",
    "tests",
    "examples",
    "README.md",
];

/// A file of the repository.
struct Source {
    /// From the top, with `/`.
    path: String,
    text: String,
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("tests is a member of the workspace")
        .to_owned()
}

/// All files with one of the extensions.
fn sources(extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for tree in TREES {
        collect(&root().join(tree), extensions, &mut found);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(dir: &Path, extensions: &[&str], found: &mut Vec<Source>) {
    for entry in fs::read_dir(dir).expect("a readable directory") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        if path.is_dir() {
            let is_ours = !name.starts_with('.') && name != "target" && name != "node_modules";
            if is_ours {
                collect(&path, extensions, found);
            }
        } else if path
            .extension()
            .is_some_and(|own| extensions.iter().any(|one| own == *one))
        {
            let short = path.strip_prefix(root()).expect("below the top");
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            found.push(Source {
                path: short.to_string_lossy().replace('\\', "/"),
                text,
            });
        }
    }
}

/// Fails with all findings, one a line.
fn assert_none(findings: &[String]) {
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}

#[test]
fn rust_sources_keep_the_rules() {
    let sources = sources(&["rs"]);
    assert!(sources.len() > 80, "only {} sources found", sources.len());
    let findings: Vec<String> = sources
        .iter()
        .flat_map(|s| rules::check(&s.path, &s.text))
        .collect();
    assert_none(&findings);
}

#[test]
fn every_item_of_the_contract_is_documented() {
    let sources = sources(&["wit"]);
    let own: Vec<_> = sources.iter().filter(|s| s.path.starts_with("wit/")).collect();
    assert!(!own.is_empty(), "no contract found");
    let findings: Vec<String> = own.iter().flat_map(|s| wit::check(&s.path, &s.text)).collect();
    assert_none(&findings);
}

#[test]
fn the_top_level_is_fixed() {
    let mut extra = Vec::new();
    for entry in fs::read_dir(root()).expect("the top") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        if !name.starts_with('.') && name != "target" && !TOP_LEVEL.contains(&name.as_str()) {
            extra.push(format!("`{name}` does not belong at the top level"));
        }
    }
    assert_none(&extra);
}

#[test]
fn both_licences_are_there() {
    for (file, words) in [
        ("LICENSE-MIT", "Permission is hereby granted"),
        ("LICENSE-APACHE", "Version 2.0, January 2004"),
    ] {
        let text = fs::read_to_string(root().join("host").join(file)).expect(file);
        assert!(text.contains(words), "{file} is not the licence");
    }
}
