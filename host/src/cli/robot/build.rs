//! `signalbox robot build`: from a folder to one file.

use std::path::PathBuf;

use anyhow::Context;
use signalbox_build::build_folder;
use signalbox_sandbox::inspect::inspect;

use super::super::{Answer, Failure};
use super::files::write_whole;
use super::source::failure;
use super::text;

/// What the help ends with.
pub(super) const EXAMPLES: &str = "Examples:
  signalbox robot build
  signalbox robot build robots/greet --out greet.wasm
  signalbox robot build robots/greet --json | jq .inspection.bytes

The language is told by the folder's files: Cargo.toml is Rust; robot.js, robot.ts or package.json is
JavaScript. Where they tell several, robot.toml says `language` below `[build]`.
Exit code 4: no robot.toml, or a program that the language needs is missing; the message has the command
that installs it. Exit code 1: the build failed, or the component is no robot.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder with `robot.toml`
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The component to write; by default the robot's id with `.wasm`, in the robot's folder
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self) -> Result<Answer, Failure> {
        let built = build_folder(&self.dir).map_err(failure)?;
        let language = built.language;
        let inspection = inspect(&built.bytes)
            .with_context(|| format!("what was built of `{}` is not a robot", self.dir.display()))?;
        let out = self
            .out
            .unwrap_or_else(|| self.dir.join(format!("{}.wasm", built.id)));
        write_whole(&out, &built.bytes).with_context(|| format!("cannot write `{}`", out.display()))?;
        let words = text::built(&inspection, language.name(), &out);
        let data = serde_json::to_value(&inspection).context("the inspection cannot be written")?;
        Ok(Answer::new("signalbox.robot.build/1", words)
            .with("file", out.display().to_string())
            .with("language", language.key())
            .with("inspection", data))
    }
}
