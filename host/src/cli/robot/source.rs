//! The robot that a command works with: a folder, which is built first, or a component.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use signalbox_build::{BuildError, build_folder};
use signalbox_sandbox::inspect::{Inspection, inspect};

use super::super::output::write_stderr;
use super::super::{Exit, Failure};

/// A component, checked, and where it came from.
#[derive(Debug)]
pub(in crate::cli) struct Robot {
    /// The component.
    pub(in crate::cli) bytes: Vec<u8>,
    /// What it asks for.
    pub(in crate::cli) inspection: Inspection,
    /// The folder with `robot.toml`, or that of the component.
    pub(super) dir: PathBuf,
}

impl Robot {
    /// Builds what is in a folder, or reads a component.
    pub(in crate::cli) fn read(path: &Path) -> Result<Robot, Failure> {
        if path.is_file() {
            let (bytes, inspection) = super::read(path)?;
            let dir = path.parent().unwrap_or(Path::new("")).to_owned();
            return Ok(Robot {
                bytes,
                inspection,
                dir,
            });
        }
        if std::io::stderr().is_terminal() {
            // Some tools take half a minute for the first robot.
            write_stderr(&format!("building `{}`\n", path.display()));
        }
        let built = build_folder(path).map_err(failure)?;
        let inspection = inspect(&built.bytes)
            .with_context(|| format!("what was built of `{}` is not a robot", path.display()))?;
        Ok(Robot {
            bytes: built.bytes,
            inspection,
            dir: path.to_owned(),
        })
    }

    /// The id.
    pub(super) fn id(&self) -> &str {
        &self.inspection.manifest.id
    }
}

/// The words of the language's own tool come first, as it wrote them.
pub(super) fn failure(error: BuildError) -> Failure {
    if let BuildError::ToolFailed { output, .. } = &error {
        write_stderr(&format!("{}\n", output.trim_end()));
    }
    Failure::new(exit(&error), error)
}

fn exit(error: &BuildError) -> Exit {
    match error {
        BuildError::NoManifest { .. } | BuildError::NoLanguage { .. } | BuildError::MissingTool { .. } => {
            Exit::NotFound
        }
        BuildError::SeveralLanguages { .. }
        | BuildError::UnknownLanguage { .. }
        | BuildError::ToolFailed { .. }
        | BuildError::Difference { .. }
        | BuildError::Other(_) => Exit::Failed,
    }
}
