//! What a scenario begins with: `given.toml`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use signalbox_crm::time::Timestamp;

use super::typo::{Typo, read_text};
use crate::setup::{AttachmentSetup, SecretSetup, Setup};

/// The file in a scenario's folder.
pub(super) const GIVEN: &str = "given.toml";

/// What is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// What the scenario shows, in one sentence.
    pub about: String,
    /// Rows of the requirements trace that it serves; for the host's own scenarios.
    #[serde(default)]
    pub rows: Vec<u32>,
    /// Whether the set-up is refused; the outcome is the refusal then.
    #[serde(default)]
    pub is_refused: bool,
    /// When it begins.
    pub at: Timestamp,
    /// Robots that it needs besides the bundled ones. The robot under test is there without being named.
    #[serde(default)]
    pub robots: Vec<String>,
    /// People, pipelines and channels; those of `company.toml` without it.
    pub setup: Option<Setup>,
    /// Passwords and keys of services outside, besides those of the set-up.
    #[serde(default)]
    pub secret: Vec<SecretSetup>,
    /// What is attached.
    #[serde(default)]
    pub attachment: Vec<AttachmentSetup>,
    /// The most that one run of the robot under test may use.
    #[serde(default)]
    pub budget: Budget,
    /// Where it was read.
    #[serde(skip)]
    pub(super) file: PathBuf,
}

/// The most that one run may use. What is not given is not checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Units of the sandbox's count of instructions.
    pub fuel: Option<u64>,
    /// Calls of the host's functions, of any interface.
    pub host_calls: Option<u64>,
}

impl Given {
    /// Reads `given.toml` of a scenario's folder.
    ///
    /// # Errors
    /// A file that is missing or too large; [`Typo`] with its line.
    pub fn read(folder: &Path) -> anyhow::Result<Given> {
        let path = folder.join(GIVEN);
        let text = read_text(&path)?;
        let given: Given = toml::from_str(&text).map_err(|error| Typo::of_toml(&path, &text, &error))?;
        Ok(Given { file: path, ..given })
    }

    /// The same with a robot that the file need not name.
    pub fn with_robot(mut self, id: &str) -> Given {
        if !self.robots.iter().any(|robot| robot == id) {
            self.robots.push(id.to_owned());
        }
        self
    }

    /// People, pipelines and channels, with what is attached.
    ///
    /// # Errors
    /// None that a person can cause: the company is part of this program.
    pub fn company(self) -> anyhow::Result<Setup> {
        let mut setup = match self.setup {
            Some(setup) => setup,
            None => Setup::parse(super::COMPANY).context("company.toml")?,
        };
        setup.secret.extend(self.secret);
        setup.attachment.extend(self.attachment);
        Ok(setup)
    }
}
