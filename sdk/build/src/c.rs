//! Robots in C.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow, bail};
use wit_bindgen_core::Files;

use crate::component::encode;
use crate::error::BuildError;
use crate::language::Language;
use crate::source::Source;
use crate::tool::{Place, Tool};
use crate::{contract, tool};

/// The compiler: zig is one for C, too, with a C library for WebAssembly, and comes as a package for Python.
pub(crate) const COMPILER: Tool = Tool {
    name: "zig",
    only_for: None,
    install: "python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.1",
    place: Place::Program {
        // The package for Python calls it `python-zig`.
        files: &["zig", "python-zig"],
        inside: Some(tool::PYTHON),
    },
};
/// What robots in C are built with.
pub(crate) const TOOLS: [Tool; 1] = [COMPILER];
/// What the names of the contract begin with in C: `sb_items_get`.
const PREFIX: &str = "sb";
/// The SDK.
const SDK: [(&str, &str); 2] = [
    ("signalbox.h", include_str!("../../c/signalbox.h")),
    ("signalbox.c", include_str!("../../c/signalbox.c")),
];
/// What is compiled of the SDK and the bindings.
const SDK_FILES: [&str; 3] = ["sb.c", "signalbox.c", "sb_component_type.o"];
/// Flags of every build. Names of files are relative, so that a component holds no path of this machine.
const FLAGS: [&str; 10] = [
    "cc",
    "-target",
    "wasm32-wasi",
    "-mexec-model=reactor",
    "-std=gnu23",
    "-Os",
    "-Wall",
    "-Wno-unused-function",
    "-Wl,--strip-all",
    // A megabyte, as robots in Rust have; zig would take 16.
    "-Wl,-z,stack-size=1048576",
];

/// Builds the component, without a manifest.
pub(crate) fn build(source: &Source, stage: &Path) -> Result<Vec<u8>, BuildError> {
    let files = sources(&source.dir)?;
    let compiler = COMPILER.require(&source.dir, Language::C)?;
    let sdk = stage.join("sdk");
    lay_out(&sdk)?;
    let module = stage.join("robot.wasm");
    let mut command = Command::new(compiler);
    command
        .args(FLAGS)
        .arg("-I")
        .arg(&sdk)
        .args(&files)
        .args(SDK_FILES.map(|file| sdk.join(file)))
        .arg("-o")
        .arg(&module)
        .current_dir(&source.dir);
    tool::run(COMPILER.name, &mut command)?;
    let bytes = std::fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
    Ok(encode(&bytes).map_err(explained)?)
}

/// Writes the SDK and the contract in C into the new folder `dir`.
pub(crate) fn lay_out(dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let texts = SDK.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
    for (name, bytes) in bindings()?.into_iter().chain(texts) {
        let path = dir.join(name);
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The C files of the folder, by name.
fn sources(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") && path.is_file() {
            // A name that begins with a hyphen would be an option.
            files.push(Path::new(".").join(path.file_name().unwrap_or_default()));
        }
    }
    if files.is_empty() {
        bail!("`{}` has no file *.c", dir.display());
    }
    files.sort();
    Ok(files)
}

/// The contract in C: a header, its code, and an object file with the world.
/// What the robot does not call is dropped by the linker, so the whole world is given.
fn bindings() -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let interfaces = contract::all();
    let (mut resolve, world) = contract::parse(&interfaces)?;
    let short = |name: &str| {
        (
            contract::full_name(name),
            format!("{PREFIX}_{}", name.replace('-', "_")),
        )
    };
    let mut files = Files::default();
    let options = wit_bindgen_c::Opts {
        rename: interfaces
            .iter()
            .map(String::as_str)
            .chain(["types", "entry"])
            .map(short)
            .collect(),
        rename_world: Some(PREFIX.to_owned()),
        ..wit_bindgen_c::Opts::default()
    };
    options.build().generate(&mut resolve, world, &mut files)?;
    Ok(files
        .iter()
        .map(|(name, bytes)| (name.to_owned(), bytes.to_owned()))
        .collect())
}

/// A module that wants files or a terminal: `printf` does, for example.
pub(crate) fn explained(error: anyhow::Error) -> anyhow::Error {
    match format!("{error:#}").contains("wasi_snapshot_preview1") {
        false => error,
        true => anyhow!(
            "the robot uses a function of its library that needs files, a terminal or a clock, such as `printf` or \
             `assert`; use what the SDK has for the journal and the clock instead: {error:#}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{SDK_FILES, bindings, sources};

    #[test]
    fn bindings_have_the_contract_with_short_names() {
        let files = bindings().unwrap();
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["sb.c", "sb.h", SDK_FILES[2]]);
        let header = String::from_utf8(files[1].1.clone()).unwrap();
        for name in ["sb_timeline_add_comment(", "sb_types_money_t", "exports_"] {
            assert!(header.contains(name), "{name}: {header}");
        }
    }

    #[test]
    fn only_c_files_are_compiled_and_none_is_an_option() {
        let dir = tempfile::tempdir().unwrap();
        assert!(sources(dir.path()).is_err());
        for name in ["robot.c", "-o.c", "notes.h"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let expected: [&std::path::Path; 2] = ["./-o.c".as_ref(), "./robot.c".as_ref()];
        assert_eq!(sources(dir.path()).unwrap(), expected);
    }
}
