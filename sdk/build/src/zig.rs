//! Robots in Zig, with the bindings and the compiler of those in C.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, anyhow};

use crate::component::encode;
use crate::error::BuildError;
use crate::language::Language;
use crate::source::Source;
use crate::{c, tool};

/// The file that has `run`.
const MAIN: &str = "robot.zig";
/// The SDK.
const SDK: [(&str, &str); 2] = [
    ("signalbox.zig", include_str!("../../zig/signalbox.zig")),
    ("entry.zig", include_str!("../../zig/entry.zig")),
];
/// The contract in Zig, made of the header.
const CONTRACT: &str = "contract.zig";
/// For what robots are compiled.
const TARGET: [&str; 3] = ["-target", "wasm32-wasi", "-lc"];
/// Flags of every build. Checks of overflow and bounds stay: they end a run with a message. The stack's protector would
/// ask for random numbers.
const FLAGS: [&str; 7] = [
    "-mexec-model=reactor",
    "-OReleaseSafe",
    "-fstrip",
    "-fno-stack-protector",
    "--stack",
    "1048576",
    "-fno-error-tracing",
];

/// Builds the component, without a manifest.
pub(crate) fn build(source: &Source, stage: &Path) -> Result<Vec<u8>, BuildError> {
    if !source.dir.join(MAIN).is_file() {
        return Err(anyhow!("`{}` has no {MAIN}", source.dir.display()).into());
    }
    let compiler = c::COMPILER.require(&source.dir, Language::Zig)?;
    let sdk = stage.join("sdk");
    c::lay_out(&sdk)?;
    let mut translate = Command::new(&compiler);
    translate
        .arg("translate-c")
        .args(TARGET)
        .args(["-I", ".", "signalbox.h"])
        .current_dir(&sdk);
    let contract = tool::output(c::COMPILER.name, &mut translate)?;
    let texts = SDK.map(|(name, text)| (name, text.as_bytes()));
    for (name, text) in texts.into_iter().chain([(CONTRACT, contract.as_slice())]) {
        let path = sdk.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut command = Command::new(compiler);
    command
        .arg("build-exe")
        .args(TARGET)
        .args(FLAGS)
        .current_dir(&sdk);
    command.args(["--cache-dir", "cache", "-femit-bin=robot.wasm", "-I", "."]);
    modules(&mut command, &source.dir.join(MAIN));
    tool::run(c::COMPILER.name, &mut command)?;
    let out = sdk.join("robot.wasm");
    let bytes = std::fs::read(&out).with_context(|| format!("cannot read {}", out.display()))?;
    Ok(encode(&bytes).map_err(c::explained)?)
}

/// Each module after the names of those that it imports. The C files belong to the first one.
fn modules(command: &mut Command, main: &Path) {
    let mut robot = std::ffi::OsString::from("-Mrobot=");
    robot.push(main);
    command
        .args(["--dep", "robot", "--dep", "signalbox"])
        .args(["sb.c", "sb_component_type.o", "-Mroot=entry.zig"])
        .args(["--dep", "signalbox"])
        .arg(robot)
        .args(["--dep", "contract", "-Msignalbox=signalbox.zig"])
        .arg(format!("-Mcontract={CONTRACT}"));
}
