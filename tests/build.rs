//! Builds the robots of the tests and writes `robots.rs`, which `src/robots.rs` includes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use signalbox_build::{build_robots, robot_dirs, robots_target_dir};

fn main() -> Result<()> {
    let tests = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let root = tests
        .parent()
        .context("the tests are a member of the workspace")?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    let dir = tests.join("robots");
    watch(&dir);
    let mut table = String::new();
    let mut all = String::new();
    for robot in build_robots(&robot_dirs(&dir)?, &robots_target_dir(root))? {
        let name = robot.id.to_uppercase().replace('-', "_");
        for (suffix, bytes) in [("", &robot.bytes), ("_BARE", &robot.bare)] {
            let path = out.join(format!("{}{}.wasm", robot.id, suffix.to_lowercase()));
            std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
            let what = if suffix.is_empty() {
                ""
            } else {
                ", without its manifest"
            };
            writeln!(table, "/// The robot `{}` of `robots/`{what}.", robot.id)?;
            writeln!(
                table,
                "pub const {name}{suffix}: &[u8] = include_bytes!({path:?});"
            )?;
        }
        write!(all, "({:?}, {name}), ", robot.id)?;
        robot.watch.iter().for_each(|file| watch(file));
    }
    writeln!(table, "/// All of them with their manifests, by id.")?;
    writeln!(table, "pub const ROBOTS: &[(&str, &[u8])] = &[{all}];")?;
    std::fs::write(out.join("robots.rs"), table).context("cannot write robots.rs")
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("cargo sets {name} for build scripts"))
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
