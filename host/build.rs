//! Builds the bundled robots and writes `bundled.rs`, which `src/bundled.rs` includes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use signalbox_build::{build_robots, robot_dirs, robots_target_dir};

fn main() -> Result<()> {
    let host = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let root = host.parent().context("the host is a member of the workspace")?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    let plugins = root.join("plugins");
    watch(&plugins);
    let robots = build_robots(&robot_dirs(&plugins)?, &robots_target_dir(root))?;
    let mut table =
        String::from("/// The bundled robots: id and component.\npub const BUNDLED: &[(&str, &[u8])] = &[\n");
    for robot in &robots {
        let path = out.join(format!("{}.wasm", robot.id));
        std::fs::write(&path, &robot.bytes).with_context(|| format!("cannot write {}", path.display()))?;
        writeln!(table, "    ({:?}, include_bytes!({:?})),", robot.id, path)?;
        robot.watch.iter().for_each(|file| watch(file));
    }
    table.push_str("];\n");
    std::fs::write(out.join("bundled.rs"), table).context("cannot write bundled.rs")
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("cargo sets {name} for build scripts"))
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
