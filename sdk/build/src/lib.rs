//! Turns robots into component files, each with its manifest inside.
//!
//! [`build_robots`] builds Rust crates and is meant for build scripts; [`build_folder`] builds a robot in any language
//! that the host's command line knows.
//! Robots in Rust are built by a second cargo in a target directory of its own: with a shared one, the inner cargo would
//! wait for ever for the lock that the outer cargo holds.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

mod c;
mod cargo;
mod component;
mod contract;
mod copying;
mod error;
mod go;
mod javascript;
mod language;
mod manifest;
mod package;
mod prepared;
mod python;
mod robot;
mod rust_sdk;
mod source;
mod tool;
mod zig;

pub use component::{MANIFEST_SECTION, embed_manifest, encode, interfaces};
pub use contract::CONTRACT_FILES;
pub use error::BuildError;
pub use language::Language;
pub use manifest::Manifest;
pub use robot::{Built, build_folder};
pub use rust_sdk::write_rust_sdk;
pub use tool::Tool;

use package::Package;
use prepared::prepared;

/// One built robot.
#[derive(Debug, Clone)]
pub struct Component {
    /// The id from the manifest, for example `create-activity`.
    pub id: String,
    /// The component file: nothing else is needed to install the robot.
    pub bytes: Vec<u8>,
    /// The same without a manifest, for tests that embed another one with [`embed_manifest`].
    pub bare: Vec<u8>,
    /// Every file that the robot was built from. A build script prints them as `cargo::rerun-if-changed`.
    pub watch: Vec<PathBuf>,
}

/// Builds the robot whose `Cargo.toml` and `robot.toml` are in `crate_dir`.
///
/// # Errors
/// See [`build_robots`].
pub fn build_robot(crate_dir: &Path, target_dir: &Path) -> Result<Component> {
    let mut built = build_robots(&[crate_dir], target_dir)?;
    Ok(built.remove(0))
}

/// Builds several robots of one workspace with one cargo, in the order of `crate_dirs`.
///
/// `target_dir` must not be the target directory of the cargo that runs the caller; [`robots_target_dir`] names one.
///
/// # Errors
/// When the WebAssembly target is not installed, when cargo fails (its words go to standard error), when a manifest
/// is malformed, and when a manifest asks for other interfaces than the component imports.
pub fn build_robots(crate_dirs: &[impl AsRef<Path>], target_dir: &Path) -> Result<Vec<Component>> {
    let packages: Vec<Package> = crate_dirs
        .iter()
        .map(|dir| Package::read(dir.as_ref()))
        .collect::<Result<_>>()?;
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    cargo::build(&packages, target_dir)?;
    packages
        .iter()
        .map(|package| assemble(package, target_dir))
        .collect()
}

/// The directories under `parent` that hold a robot, sorted by name. A robot is a directory with a `robot.toml`.
///
/// # Errors
/// When the directory cannot be read.
pub fn robot_dirs(parent: &Path) -> Result<Vec<PathBuf>> {
    let mut dirs = Vec::new();
    for entry in std::fs::read_dir(parent).with_context(|| format!("cannot list {}", parent.display()))? {
        let path = entry?.path();
        if path.join("robot.toml").is_file() {
            dirs.push(path);
        }
    }
    dirs.sort();
    Ok(dirs)
}

/// The target directory for robots of the workspace at `root`: the same for dev and release builds of the host, so
/// that a robot is built once.
pub fn robots_target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), PathBuf::from)
        .join("robots")
}

/// Makes the component of a package that cargo has built.
fn assemble(package: &Package, target_dir: &Path) -> Result<Component> {
    let artifact = cargo::artifact(package, target_dir);
    let module = std::fs::read(&artifact).with_context(|| format!("cannot read {}", artifact.display()))?;
    let module = match &package.prepare {
        Some(function) => prepared(&module, function)
            .with_context(|| format!("robot `{}`: `prepare = {function:?}`", package.name))?,
        None => module,
    };
    let component = encode(&module).with_context(|| format!("robot `{}`", package.name))?;
    let manifest = Manifest::read(&package.dir.join("robot.toml"))?;
    let difference = manifest.difference(&interfaces(&component)?);
    if !difference.is_empty() {
        bail!("robot `{}`: {}", manifest.id(), difference.join("; "));
    }
    Ok(Component {
        id: manifest.id().to_owned(),
        bytes: embed_manifest(&component, &manifest.to_json()),
        bare: component,
        watch: package.watch(&cargo::sources(&artifact)?),
    })
}
