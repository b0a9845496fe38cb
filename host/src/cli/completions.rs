//! `signalbox completions`: scripts for shells.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Answer, Cli, Failure, Globals};

/// Prints a script that completes commands and options in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox completions bash > /etc/bash_completion.d/signalbox
  signalbox completions zsh > ~/.zfunc/_signalbox")]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

impl Args {
    pub(super) async fn run(self, _: &Globals) -> Result<Answer, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "signalbox", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        let answer = Answer::new("signalbox.completions/1", script.clone());
        Ok(answer
            .with("shell", self.shell.to_string())
            .with("script", script))
    }
}
