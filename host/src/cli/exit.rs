//! How a command ends.

use std::process::ExitCode;

use serde_json::json;

use super::output::write_stderr;

/// The exit codes. They never change their meaning; `host/docs/cli.md` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It worked.
    Ok = 0,
    /// It did not, for a reason without a code of its own.
    Failed = 1,
    /// The arguments are wrong.
    Usage = 2,
    /// The configuration is wrong.
    Config = 3,
    /// What was named does not exist.
    NotFound = 4,
    /// No token, a wrong one, or one whose role may not.
    Denied = 5,
    /// Somebody else was first.
    Conflict = 6,
    /// The robot ran and returned an error.
    RobotError = 7,
    /// The robot trapped or hit a limit.
    RobotTrap = 8,
    /// No host answers at the URL.
    Unreachable = 10,
    /// By a signal.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The API's stable code, where the API refused.
    pub code: Option<String>,
    /// What went wrong, with its chain.
    pub error: anyhow::Error,
}

impl Failure {
    /// A failure with its exit code.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Failure {
            exit,
            code: None,
            error: error.into(),
        }
    }

    /// A failure in words.
    pub fn say(exit: Exit, message: impl Into<String>) -> Self {
        Failure::new(exit, anyhow::Error::msg(message.into()))
    }

    /// Says it on stderr in one line, with the chain; as JSON where that was asked for.
    pub fn print(&self, is_json: bool) -> ExitCode {
        let chain = format!("{:#}", self.error);
        let line: Vec<&str> = chain
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let message = line.join(" ");
        if is_json {
            let error = json!({
                "schema": "signalbox.error/1",
                "exit": self.exit as u8,
                "code": self.code,
                "message": message,
            });
            write_stderr(&format!("{error}\n"));
        } else {
            write_stderr(&format!("signalbox: {message}\n"));
        }
        self.exit.into()
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::new(Exit::Failed, error)
    }
}
