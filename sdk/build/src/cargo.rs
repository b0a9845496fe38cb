//! The inner cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::language::Language;
use crate::package::Package;
use crate::tool::{Place, Tool};

/// Robots import no WASI at all; this target has none.
const TARGET: &str = "wasm32-unknown-unknown";

/// What robots in Rust are built with.
pub(crate) const TOOLS: [Tool; 2] = [
    Tool {
        name: "rustc",
        only_for: None,
        install: "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh",
        place: Place::Program {
            files: &["rustc"],
            inside: None,
        },
    },
    Tool {
        name: TARGET,
        only_for: None,
        install: "rustup target add wasm32-unknown-unknown",
        place: Place::RustTarget,
    },
];

/// The profile `robot`, given on the command line too, so that a crate outside of this workspace needs no profile.
const PROFILE: [&str; 6] = [
    "profile.robot.inherits=\"release\"",
    "profile.robot.opt-level=\"s\"",
    "profile.robot.lto=true",
    "profile.robot.codegen-units=1",
    "profile.robot.panic=\"abort\"",
    "profile.robot.strip=true",
];

/// What the caller's cargo or a tool around it sets for the host, and what must not reach a robot. The job slots of
/// a caller are among it: two build scripts hold one each, and the second waits for the first.
const FOREIGN_VARIABLES: [&str; 12] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "MAKEFLAGS",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
    "__CARGO_DEFAULT_LIB_METADATA",
];

/// Builds the packages, which belong to one workspace.
pub(crate) fn build(packages: &[Package], target_dir: &Path) -> Result<()> {
    let dir = &packages[0].dir;
    for part in &TOOLS {
        // The cargo that runs a build script says where its rustc is.
        if part.place == Place::RustTarget || std::env::var_os("RUSTC").is_none() {
            part.require(dir, Language::Rust)?;
        }
    }
    let mut command = tool("CARGO", "cargo", dir);
    command
        .args(["build", "--target", TARGET, "--profile", "robot", "--target-dir"])
        .arg(target_dir);
    for setting in PROFILE {
        command.args(["--config", setting]);
    }
    for package in packages {
        command.args(["-p", &package.name]);
    }
    let mut flags = remapped_paths(dir);
    flags.extend(packages.iter().flat_map(|package| package.rustflags.clone()));
    command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    let status = command.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo could not build the robots in {} ({status})", dir.display());
    }
    Ok(())
}

/// Where cargo puts the core module of a package.
pub(crate) fn artifact(package: &Package, target_dir: &Path) -> PathBuf {
    target_dir
        .join(TARGET)
        .join("robot")
        .join(format!("{}.wasm", package.library))
}

/// The sources that an artefact was built from, as cargo wrote them into the `.d` file beside it.
pub(crate) fn sources(artifact: &Path) -> Result<Vec<PathBuf>> {
    let path = artifact.with_extension("d");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(parse_depfile(&text))
}

/// The prerequisites of the first rule. A space inside a path is written as `\ `.
fn parse_depfile(text: &str) -> Vec<PathBuf> {
    let Some((_, prerequisites)) = text.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let marked = prerequisites.replace("\\ ", "\0");
    marked
        .split_ascii_whitespace()
        .map(|path| PathBuf::from(path.replace('\0', " ")))
        .collect()
}

/// Paths of this machine do not belong into a component: they would change its digest from one machine to the next.
fn remapped_paths(dir: &Path) -> Vec<String> {
    let root = dir
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").is_file())
        .unwrap_or(dir);
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = vec![format!("--remap-path-prefix={}=/robots", root.display())];
    flags.extend(cargo_home.map(|home| format!("--remap-path-prefix={}=/cargo", home.display())));
    flags
}

/// Where the standard library for a target is; none where it is not installed, for which rustc would say "can't find
/// crate for `core`".
pub(crate) fn target_libraries(dir: &Path, target: &str) -> Option<PathBuf> {
    let output = tool("RUSTC", "rustc", dir)
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .ok()?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    (output.status.success() && libraries.is_dir()).then_some(libraries)
}

/// A tool of the toolchain that runs the caller, or the one in the path, without the caller's settings.
fn tool(variable: &str, name: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::var_os(variable).unwrap_or_else(|| name.into()));
    command.current_dir(dir);
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    command
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{TOOLS, parse_depfile, tool};
    use crate::language::Language;
    use crate::tool::Tool;

    #[test]
    fn depfile_lists_the_sources_of_its_first_rule() {
        let text = "/t/a.wasm: /w/my\\ robots/src/lib.rs /w/wit/types.wit\n\n/w/wit/types.wit:\n";
        let expected: Vec<PathBuf> = vec!["/w/my robots/src/lib.rs".into(), "/w/wit/types.wit".into()];
        assert_eq!(parse_depfile(text), expected);
        assert_eq!(parse_depfile(""), Vec::<PathBuf>::new());
    }

    #[test]
    fn missing_target_names_the_command_that_adds_it() {
        let target = TOOLS[1];
        assert!(target.find(Path::new(".")).is_some());
        let missing = Tool {
            name: "wasm32-nobody-has-this",
            ..target
        };
        let error = missing.require(Path::new("."), Language::Rust).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`wasm32-nobody-has-this` is missing, which robots in Rust are built with: \
             run `rustup target add wasm32-unknown-unknown`"
        );
    }

    #[test]
    fn settings_for_the_host_do_not_reach_a_robot() {
        let command = tool("CARGO", "cargo", Path::new("."));
        let removed: Vec<_> = command
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name)
            .collect();
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "RUSTC_BOOTSTRAP",
            "RUSTC_WRAPPER",
        ] {
            assert!(removed.contains(&name.as_ref()), "{name}");
        }
    }
}
