//! Builds the bundled robots and writes `bundled.rs`, which `src/bundled.rs` includes; writes `templates.rs` with the
//! files of `examples/robots`, which `src/cli/new/templates.rs` includes.

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
    std::fs::write(out.join("bundled.rs"), table).context("cannot write bundled.rs")?;
    let templates = templates(&root.join("examples/robots"))?;
    std::fs::write(out.join("templates.rs"), templates).context("cannot write templates.rs")
}

/// What tools leave in a robot's folder, and what belongs to no new robot.
const LEFT_BEHIND: [&str; 5] = [
    "node_modules",
    "target",
    "__pycache__",
    "package-lock.json",
    "Cargo.lock",
];

/// The files of each folder with a robot, and those of the scenarios for all of them.
fn templates(examples: &Path) -> Result<String> {
    watch(examples);
    let mut text = String::from("const LANGUAGES: &[(&str, &[(&str, &str)])] = &[\n");
    for dir in robot_dirs(examples)? {
        let name = dir.file_name().context("a folder has a name")?;
        writeln!(text, "    ({:?}, &[\n{}    ]),", name, listed(&dir, "")?)?;
    }
    write!(
        text,
        "];\nconst TESTS: &[(&str, &str)] = &[\n{}];\n",
        listed(&examples.join("tests"), "")?
    )?;
    Ok(text)
}

/// The files below a folder as rows of a table, by name.
fn listed(dir: &Path, above: &str) -> Result<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        names.push(entry?.file_name().into_string().unwrap_or_default());
    }
    names.sort();
    let is_ours = |name: &String| {
        !name.starts_with('.') && !name.ends_with(".wasm") && !LEFT_BEHIND.contains(&name.as_str())
    };
    let mut rows = String::new();
    for name in names.into_iter().filter(is_ours) {
        let (path, inside) = (dir.join(&name), format!("{above}{name}"));
        match path.is_dir() {
            true => rows.push_str(&listed(&path, &format!("{inside}/"))?),
            false => writeln!(rows, "        ({inside:?}, include_str!({path:?})),")?,
        }
    }
    Ok(rows)
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("cargo sets {name} for build scripts"))
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
