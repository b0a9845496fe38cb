//! A robot's folder: its manifest and its language.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::error::BuildError;
use crate::language::Language;
use crate::manifest::Manifest;

/// What a robot is built from.
#[derive(Debug)]
pub(crate) struct Source {
    /// The folder, absolute.
    pub(crate) dir: PathBuf,
    /// robot.toml.
    pub(crate) manifest: Manifest,
    /// The language.
    pub(crate) language: Language,
}

impl Source {
    /// Reads `robot.toml` in `dir` and looks for the language.
    pub(crate) fn read(dir: &Path) -> Result<Source, BuildError> {
        let path = dir.join("robot.toml");
        if !path.is_file() {
            return Err(BuildError::NoManifest { dir: dir.to_owned() });
        }
        let manifest = Manifest::read(&path)?;
        let language = Language::of(dir, manifest.language())?;
        let dir = dir
            .canonicalize()
            .with_context(|| format!("cannot find {}", dir.display()))?;
        Ok(Source {
            dir,
            manifest,
            language,
        })
    }
}
