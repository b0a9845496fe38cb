//! Robots in Python, on CPython.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, anyhow};

use crate::copying::copy;
use crate::error::BuildError;
use crate::language::Language;
use crate::source::Source;
use crate::tool::{Place, Tool};
use crate::{contract, tool};

/// Makes a component of modules.
const COMPILER: Tool = Tool {
    name: "componentize-py",
    only_for: None,
    install: "python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1",
    place: Place::Program {
        files: &["componentize-py"],
        inside: Some(tool::PYTHON),
    },
};
/// What robots in Python are built with.
pub(crate) const TOOLS: [Tool; 1] = [COMPILER];
/// The module that has `run`.
const MAIN: &str = "robot.py";
/// The SDK, but for its list of interfaces, which follows the manifest.
const SDK: &str = include_str!("../../python/signalbox.py");
/// Has what the host calls.
const ENTRY: &str = include_str!("../../python/entry.py");
/// The name of that module.
const ENTRY_MODULE: &str = "signalbox_entry";
/// What the SDK has under names of its own.
const WRAPPED: [&str; 3] = ["log", "params", "types"];

/// Builds the component, without a manifest.
pub(crate) fn build(source: &Source, stage: &Path) -> Result<Vec<u8>, BuildError> {
    if !source.dir.join(MAIN).is_file() {
        return Err(anyhow!("`{}` has no {MAIN}", source.dir.display()).into());
    }
    let compiler = COMPILER.require(&source.dir, Language::Python)?;
    let interfaces = source.manifest.interfaces();
    let (wit, modules) = (stage.join("wit"), stage.join("modules"));
    contract::write(&wit, &interfaces)?;
    copy(&source.dir, &modules, &["py"])?;
    let sdk = format!("{SDK}\n\n{}", wrappers(&interfaces));
    for (name, text) in [("signalbox_entry.py", ENTRY), ("signalbox.py", &sdk)] {
        let path = modules.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let out = stage.join("robot.wasm");
    let mut command = Command::new(compiler);
    command
        .args([OsStr::new("--wit-path"), wit.as_os_str()])
        .args([
            "--world",
            contract::WORLD,
            "--quiet",
            "componentize",
            "--stub-wasi",
        ])
        .args([OsStr::new("--python-path"), modules.as_os_str()])
        .args([OsStr::new("--output"), out.as_os_str()])
        .arg(ENTRY_MODULE)
        .current_dir(stage);
    if let Some(packages) = tool::nearest(&source.dir, ".venv") {
        command.env("VIRTUAL_ENV", packages);
    }
    tool::run(COMPILER.name, &mut command).map_err(|error| explained(error, &interfaces))?;
    let bytes = std::fs::read(&out).with_context(|| format!("cannot read {}", out.display()))?;
    Ok(bytes)
}

/// A line of the SDK for each interface that the manifest asks for.
fn wrappers(interfaces: &BTreeSet<String>) -> String {
    let names = interfaces.iter().filter(|name| !WRAPPED.contains(&name.as_str()));
    let line = |name: String| {
        format!("from wit_world.imports import {name} as _{name}\n{name} = _refusing(_{name})\n")
    };
    names.map(|name| line(snake_case(name))).collect()
}

/// `item-creation` is `item_creation`.
fn snake_case(name: &str) -> String {
    name.replace('-', "_")
}

/// Python says that the SDK has no `stages`; the reason is that the manifest does not ask for it.
fn explained(error: BuildError, interfaces: &BTreeSet<String>) -> BuildError {
    let BuildError::ToolFailed { output, .. } = &error else {
        return error;
    };
    let unlisted = contract::interfaces().into_iter().find(|name| {
        let missing = format!("cannot import name '{}' from 'signalbox'", snake_case(name));
        !interfaces.contains(*name) && output.contains(&missing)
    });
    match unlisted {
        Some(name) => BuildError::Other(anyhow!(
            "the robot imports `{}`, but robot.toml has no permission for `{name}`",
            snake_case(name)
        )),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::wrappers;

    #[test]
    fn sdk_has_a_name_for_each_interface_of_the_manifest() {
        let asked = ["item-creation", "log", "params"].map(str::to_owned);
        assert_eq!(
            wrappers(&BTreeSet::from(asked)),
            "from wit_world.imports import item_creation as _item_creation\n\
             item_creation = _refusing(_item_creation)\n"
        );
    }
}
