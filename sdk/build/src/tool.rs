//! Other people's programs: where they are, and how they are run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::cargo;
use crate::error::BuildError;
use crate::language::Language;

/// The most that is kept of what a program says: 64 KiB, its end, where compilers put the summary.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// Where programs for JavaScript are kept.
pub(crate) const NODE: &str = "node_modules/.bin";
/// Where programs that are packages for Python are kept.
pub(crate) const PYTHON: &str = ".venv/bin";

/// A program, or a part of one, that robots of a language are built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// As people name it.
    pub name: &'static str,
    /// What it is for, where not every robot of its language needs it.
    pub only_for: Option<&'static str>,
    /// The command that installs it.
    pub install: &'static str,
    pub(crate) place: Place,
}

/// Where a tool is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file of one of these names: in a folder of this name beside the robot or in a folder above it, else in the
    /// folders that `PATH` names.
    Program {
        /// The first one that is found is taken.
        files: &'static [&'static str],
        /// For example `node_modules/.bin`.
        inside: Option<&'static str>,
    },
    /// A target of rustc.
    RustTarget,
}

impl Tool {
    /// Where it is for a robot in `dir`: the program, or the folder of a part of one. None when it is missing.
    pub fn find(&self, dir: &Path) -> Option<PathBuf> {
        match self.place {
            Place::Program { files, inside } => {
                let near = inside.map_or_else(Vec::new, |inside| upwards(dir, inside));
                let folders: Vec<PathBuf> = near.into_iter().chain(search_path()).collect();
                files.iter().find_map(|file| find(file, folders.clone()))
            }
            Place::RustTarget => cargo::target_libraries(dir, self.name),
        }
    }

    /// The same.
    ///
    /// # Errors
    /// [`BuildError::MissingTool`].
    pub(crate) fn require(&self, dir: &Path, language: Language) -> Result<PathBuf, BuildError> {
        self.find(dir).ok_or_else(|| BuildError::MissingTool {
            tool: self.name.to_owned(),
            language: language.name(),
            install: self.install.to_owned(),
        })
    }
}

/// The folders that `PATH` names.
fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect()
}

/// The first file of this name in the folders.
fn find(name: &str, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let mut files = folders.into_iter().map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

/// `inside` in `dir` and in all folders above it, nearest first: where a project of several robots keeps its tools.
fn upwards(dir: &Path, inside: &str) -> Vec<PathBuf> {
    dir.ancestors().map(|folder| folder.join(inside)).collect()
}

/// The nearest folder of this name, beside `dir`'s files or in a folder above it.
pub(crate) fn nearest(dir: &Path, name: &str) -> Option<PathBuf> {
    upwards(dir, name).into_iter().find(|folder| folder.is_dir())
}

/// Runs a program to its end without input. What it says is kept, and told only when it fails.
///
/// # Errors
/// [`BuildError::ToolFailed`] with the end of what it said; [`BuildError::Other`] when it does not start.
pub(crate) fn run(tool: &'static str, command: &mut Command) -> Result<(), BuildError> {
    output(tool, command).map(drop)
}

/// The same; what it wrote to standard output.
pub(crate) fn output(tool: &'static str, command: &mut Command) -> Result<Vec<u8>, BuildError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", command.get_program().display()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = [output.stdout, output.stderr].concat();
    let end = &said[said.len().saturating_sub(OUTPUT_BYTES_MAX)..];
    Err(BuildError::ToolFailed {
        tool,
        status: output.status,
        output: String::from_utf8_lossy(end).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::{OUTPUT_BYTES_MAX, find, run, upwards};
    use crate::error::BuildError;
    use crate::language::Language;

    #[test]
    fn program_of_the_nearest_folder_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let robot = dir.path().join("my robots/one");
        std::fs::create_dir_all(&robot).unwrap();
        std::fs::create_dir(dir.path().join("bin")).unwrap();
        let outer = dir.path().join("bin/tool");
        std::fs::write(&outer, "").unwrap();
        assert_eq!(find("tool", upwards(&robot, "bin")), Some(outer));
        std::fs::create_dir(robot.join("bin")).unwrap();
        let inner = robot.join("bin/tool");
        std::fs::write(&inner, "").unwrap();
        assert_eq!(find("tool", upwards(&robot, "bin")), Some(inner));
        assert_eq!(find("nobody-has-this", upwards(Path::new("/"), "bin")), None);
    }

    #[test]
    fn failure_has_the_end_of_what_the_program_said() {
        let script = "printf '%070000d' 1; echo the end >&2; exit 3";
        let failed = run("sh", Command::new("sh").args(["-c", script])).unwrap_err();
        let BuildError::ToolFailed { status, output, .. } = failed else {
            panic!("{failed}");
        };
        assert_eq!(status.code(), Some(3));
        assert!(output.len() <= OUTPUT_BYTES_MAX && output.ends_with("1the end\n"));
    }

    #[test]
    fn every_language_says_how_its_tools_are_installed() {
        for language in Language::ALL {
            let tools = language.tools();
            assert!(!tools.is_empty(), "{}", language.name());
            for tool in tools {
                assert!(!tool.name.is_empty() && tool.install.contains(' '), "{tool:?}");
                let missing = tool.require(Path::new("/"), language);
                assert!(missing.is_ok() || missing.unwrap_err().to_string().contains(tool.install));
            }
        }
    }
}
