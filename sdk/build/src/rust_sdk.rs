//! The SDK for Rust, which this program carries: a robot's project needs no checkout of the host.
//!
//! A project that depends on `.signalbox/sdk` gets the SDK and the contract there before it is built, in the version of
//! this program. Only the SDK's own dependency comes from crates.io.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::contract::CONTRACT_FILES;

/// The folder in a project that the SDK is written into, and the contract beside it.
const FOLDER: &str = ".signalbox";

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../src/", $name)))),*]
    };
}

/// The SDK's sources, as they were when this program was built.
const SOURCES: &[(&str, &str)] = sources![
    "calendar.rs",
    "choice.rs",
    "clock.rs",
    "failure.rs",
    "fields.rs",
    "heap.rs",
    "http.rs",
    "instant.rs",
    "invocation.rs",
    "lib.rs",
    "log.rs",
    "money.rs",
    "params.rs",
    "state.rs",
    "timers.rs",
];

/// The SDK's manifest in a project.
const MANIFEST: &str = r#"# Written by `signalbox`; changes are lost.
[package]
name = "signalbox-sdk"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
wit-bindgen = { version = "0.61.1", default-features = false, features = ["macros", "realloc"] }
"#;

/// Writes the SDK where the project in `dir` depends on it, if it does so in a folder `.signalbox/sdk`.
///
/// What is there already in this version is left as it is, so that cargo builds nothing anew.
///
/// # Errors
/// A malformed `Cargo.toml`; a folder that cannot be written.
pub fn write_rust_sdk(dir: &Path) -> Result<()> {
    let path = dir.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest: toml::Table = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let Some(sdk) = dependency(&manifest) else {
        return Ok(());
    };
    if !sdk.ends_with(Path::new(FOLDER).join("sdk")) {
        return Ok(());
    }
    let sdk = dir.join(sdk);
    let contract = sdk.with_file_name("wit");
    write(&sdk.join("Cargo.toml"), MANIFEST)?;
    for (name, text) in SOURCES {
        write(&sdk.join("src").join(name), text)?;
    }
    for (name, text) in CONTRACT_FILES {
        write(&contract.join(name), text)?;
    }
    Ok(())
}

/// The path of the SDK among the dependencies of a package.
fn dependency(manifest: &toml::Table) -> Option<PathBuf> {
    let sdk = manifest.get("dependencies")?.get("signalbox-sdk")?;
    sdk.get("path")?.as_str().map(PathBuf::from)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let failed = || format!("cannot write {}", path.display());
    if std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    std::fs::write(path, text).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_of_the_sdk_is_carried() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src");
        let entries = std::fs::read_dir(dir).unwrap();
        let mut there: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        there.sort();
        let carried: Vec<&str> = SOURCES.iter().map(|(name, _)| *name).collect();
        assert_eq!(carried, there);
    }

    #[test]
    fn dependency_is_that_of_the_workspace() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |path: PathBuf| -> toml::Table {
            toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let own: toml::Table = toml::from_str(MANIFEST).unwrap();
        let workspace = read(root.join("Cargo.toml"));
        assert_eq!(
            own["dependencies"]["wit-bindgen"],
            workspace["workspace"]["dependencies"]["wit-bindgen"]
        );
        let sdk = read(root.join("sdk/Cargo.toml"));
        let names: Vec<&String> = sdk["dependencies"].as_table().unwrap().keys().collect();
        assert_eq!(names, ["wit-bindgen"]);
    }

    #[test]
    fn sdk_is_written_where_a_project_asks_for_it_and_only_there() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("robot");
        std::fs::create_dir(&project).unwrap();
        let depends_on = |path: &str| {
            let text = format!("[dependencies]\nsignalbox-sdk = {{ path = \"{path}\" }}\n");
            std::fs::write(project.join("Cargo.toml"), text).unwrap();
            write_rust_sdk(&project)
        };
        depends_on("../sdk").unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        depends_on("../.signalbox/sdk").unwrap();
        let written = dir.path().join(".signalbox/sdk/src/lib.rs");
        let changed_at = || std::fs::metadata(&written).unwrap().modified().unwrap();
        let first = changed_at();
        assert!(dir.path().join(".signalbox/wit/world.wit").is_file());
        depends_on("../.signalbox/sdk").unwrap();
        assert_eq!(changed_at(), first);
        std::fs::write(&written, "old").unwrap();
        depends_on("../.signalbox/sdk").unwrap();
        assert_ne!(std::fs::read_to_string(&written).unwrap(), "old");
    }
}
