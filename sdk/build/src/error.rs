//! Why a robot could not be built.

use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a robot could not be built. The integrator acts on it.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder has no `robot.toml`, or there is no such folder.
    #[error(
        "`{dir}` has no robot.toml: name the folder of a robot, which has one; `signalbox new` makes one"
    )]
    NoManifest {
        /// The folder as it was named.
        dir: PathBuf,
    },
    /// No file says in which language the robot is written.
    #[error("`{dir}` has no file that tells the robot's language: {expected}")]
    NoLanguage {
        /// The folder as it was named.
        dir: PathBuf,
        /// The files that would tell, with their languages.
        expected: String,
    },
    /// Files of several languages.
    #[error(
        "`{dir}` could be a robot in {found}: say which in robot.toml, \
         as `language = \"...\"` below `[build]`"
    )]
    SeveralLanguages {
        /// The folder as it was named.
        dir: PathBuf,
        /// The languages, as robot.toml names them.
        found: String,
    },
    /// robot.toml names a language that the builder does not know.
    #[error("robot.toml: `build.language` is `{name}`: known are {known}")]
    UnknownLanguage {
        /// What it says.
        name: String,
        /// The languages, as robot.toml names them.
        known: String,
    },
    /// A program that the language needs is not installed.
    #[error("`{tool}` is missing, which robots in {language} are built with: run `{install}`")]
    MissingTool {
        /// The program, or the part of one.
        tool: String,
        /// The language, as people name it.
        language: &'static str,
        /// The command that installs it.
        install: String,
    },
    /// A program of the language did not do its work.
    #[error("`{tool}` could not build the robot ({status})")]
    ToolFailed {
        /// The program.
        tool: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// What it said on both streams; empty where it spoke to the terminal itself.
        output: String,
    },
    /// The manifest asks for other interfaces than the component imports.
    #[error("robot `{id}`: {}", difference.join("; "))]
    Difference {
        /// The robot's id.
        id: String,
        /// A sentence for each interface.
        difference: Vec<String>,
    },
    /// Anything else: a malformed manifest, a full disk.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}
