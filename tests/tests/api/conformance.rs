//! A robot that makes the calls of `tests/golden/calls-*.txt` of the newest version, in whatever language it is written.

use std::path::PathBuf;

use super::contract::caller::Company;
use super::contract::golden::{self, NEWEST, calls, journal};

/// A company that has installed the robot.
pub(crate) struct Conformance(Company);

pub(crate) async fn company(robot: &[u8]) -> Conformance {
    Conformance(Company::with(robot).await)
}

/// A company whose robot is the script that an admin types.
pub(crate) async fn company_with_scripts() -> Conformance {
    Conformance(Company::with_bundled("script", &["api.example.com"]).await)
}

/// Where it stands what the host answers.
pub(crate) fn journal_file() -> PathBuf {
    golden::journal_file(NEWEST)
}

impl Conformance {
    /// What the host has answered to every call.
    pub(crate) async fn journal(&self) -> String {
        self.journal_of(&calls(NEWEST)).await
    }

    /// Likewise, where the parameter `script` is this one.
    pub(crate) async fn journal_of(&self, script: &str) -> String {
        journal(&self.0.calls_on_message("all", script).await)
    }

    /// Code and message of the run with this script, which fails.
    pub(crate) async fn failure(&self, script: &str) -> (String, String) {
        let run = self.0.calls(script).await;
        let verdict = &run.details["attempts"][0]["verdict"];
        let text = |key: &str| verdict[key].as_str().unwrap_or_default().to_owned();
        (text("code"), text("message"))
    }

    pub(crate) async fn stop(self) {
        self.0.api.app.stop().await;
    }
}
