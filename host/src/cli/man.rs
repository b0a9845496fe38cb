//! `signalbox man`: manual pages.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Command, CommandFactory};

use super::{Answer, Cli, Failure, Globals};

/// Writes the manual pages of all commands, or prints the first one
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox man | man -l -
  signalbox man ~/.local/share/man/man1")]
pub(super) struct Args {
    /// The folder for one page a command; without it the program's page is printed
    dir: Option<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, _: &Globals) -> Result<Answer, Failure> {
        let program = Cli::command();
        let Some(dir) = self.dir else {
            let page = page(&program)?;
            return Ok(Answer::new("signalbox.man/1", page.clone()).with("page", page));
        };
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
        clap_mangen::generate_to(program, &dir)
            .with_context(|| format!("cannot write the pages into `{}`", dir.display()))?;
        let files = pages(&dir)?;
        let text = format!("{} pages in {}\n", files.len(), dir.display());
        Ok(Answer::new("signalbox.man/1", text).with("files", files))
    }
}

fn page(command: &Command) -> anyhow::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .context("a manual page cannot be made")?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Our pages in a folder: `signalbox-robot-build.1`.
fn pages(dir: &Path) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("cannot read `{}`", dir.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("signalbox") && name.ends_with(".1") {
            files.push(dir.join(name).display().to_string());
        }
    }
    files.sort();
    Ok(files)
}
