//! A robot of any language, from its folder to the component with its manifest.

use std::path::Path;

use anyhow::Context;

use crate::component::{Wasi, embed_manifest, imported};
use crate::error::BuildError;
use crate::language::Language;
use crate::rust_sdk::write_rust_sdk;
use crate::source::Source;
use crate::{Component, build_robots, c, go, javascript, python, robots_target_dir, zig};

/// A robot that was built from its folder.
#[derive(Debug)]
pub struct Built {
    /// The id from the manifest.
    pub id: String,
    /// What it is written in.
    pub language: Language,
    /// The component file: nothing else is needed to install the robot.
    pub bytes: Vec<u8>,
}

/// Builds the robot in `dir` with the tools of its language.
///
/// Nothing is written into `dir`, except that cargo keeps its `target` there, unless `CARGO_TARGET_DIR` says where.
/// The host's inspection has to look at the component before it is used; here only its imports are compared.
///
/// # Errors
/// See [`BuildError`].
pub fn build_folder(dir: &Path) -> Result<Built, BuildError> {
    let source = Source::read(dir)?;
    let bytes = match source.language {
        Language::Rust => rust(&source.dir)?.bytes,
        Language::JavaScript => staged(&source, Wasi::Refused, javascript::build)?,
        Language::Python => staged(&source, Wasi::Refused, python::build)?,
        Language::C => staged(&source, Wasi::Refused, c::build)?,
        Language::Zig => staged(&source, Wasi::Refused, zig::build)?,
        // Its own library imports WASI, whatever the robot does.
        Language::Go => staged(&source, Wasi::Tolerated, go::build)?,
    };
    Ok(Built {
        id: source.manifest.id().to_owned(),
        language: source.language,
        bytes,
    })
}

fn rust(dir: &Path) -> Result<Component, BuildError> {
    write_rust_sdk(dir)?;
    let mut built = build_robots(&[dir], &robots_target_dir(dir))
        .map_err(|error| error.downcast::<BuildError>().unwrap_or_else(BuildError::Other))?;
    Ok(built.remove(0))
}

/// Builds in a temporary folder, compares the imports with the manifest, and embeds the manifest.
fn staged(
    source: &Source,
    wasi: Wasi,
    build: impl FnOnce(&Source, &Path) -> Result<Vec<u8>, BuildError>,
) -> Result<Vec<u8>, BuildError> {
    let stage = tempfile::Builder::new()
        .prefix("signalbox-build-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let component = build(source, stage.path())?;
    let difference = source.manifest.difference(&imported(&component, wasi)?);
    if !difference.is_empty() {
        return Err(BuildError::Difference {
            id: source.manifest.id().to_owned(),
            difference,
        });
    }
    Ok(embed_manifest(&component, &source.manifest.to_json()))
}
