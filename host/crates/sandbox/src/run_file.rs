//! A run in one file: everything that is needed to run it again, without the CRM that it ran in.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use signalbox_crm::run::{Attempt, Verdict};
use signalbox_crm::time::Timestamp;

use crate::bindings::types;
use crate::cause;
use crate::inspect::CONTRACT;
use crate::invocation::Invocation;
use crate::journal::HostCall;
use crate::logbook::LogLine;

/// What the files of this version say of themselves.
pub const RUN_FILE_SCHEMA: &str = "signalbox.run-file/1";

/// One attempt of one run.
///
/// The run's id in the invocation is the seed of its random numbers, and `now` its clock. Parameters stand among the
/// calls, as the robot read them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// [`RUN_FILE_SCHEMA`].
    pub schema: String,
    /// The contract of the host that ran it.
    pub contract: String,
    /// `notify@1.0.0`.
    pub robot: String,
    /// SHA-256 of the component that ran.
    pub digest: String,
    /// The argument of the robot's `run`, as in the contract.
    pub invocation: Value,
    /// The run's logical time.
    pub now: Timestamp,
    /// Every host call with its answer.
    pub calls: Vec<HostCall>,
    /// What the run changed; empty unless it committed.
    pub effects: Value,
    /// The log lines that were kept.
    pub logs: Vec<LogLine>,
    /// How the attempt ended.
    pub verdict: Verdict,
    /// Fuel used.
    pub fuel: u64,
    /// Largest linear memory, in bytes.
    pub memory_bytes: u64,
    /// Wall-clock time, in microseconds.
    pub duration_us: u64,
    /// Whether names, phones, e-mails and message texts were replaced.
    pub is_masked: bool,
}

/// Why a run file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunFileError {
    /// It is something else.
    #[error("this is no run file: {0}")]
    Malformed(String),
    /// A later host wrote it.
    #[error("this run file says `{found}`, this host reads `{RUN_FILE_SCHEMA}`")]
    Schema {
        /// What it says.
        found: String,
    },
}

impl RunFile {
    /// The file of an attempt that a host has stored.
    ///
    /// # Errors
    /// When the stored record is not what hosts write.
    pub fn new(invocation: Invocation, attempt: &Attempt) -> Result<Self, RunFileError> {
        let malformed = |error: serde_json::Error| RunFileError::Malformed(error.to_string());
        Ok(RunFile {
            schema: RUN_FILE_SCHEMA.to_owned(),
            contract: CONTRACT.to_owned(),
            robot: attempt.robot.clone(),
            digest: attempt.digest.clone(),
            invocation: serde_json::to_value(cause::invocation(invocation)).map_err(malformed)?,
            now: attempt.started_at,
            calls: serde_json::from_str(&attempt.calls).map_err(malformed)?,
            effects: serde_json::from_str(&attempt.effects).map_err(malformed)?,
            logs: serde_json::from_str(&attempt.logs).map_err(malformed)?,
            verdict: attempt.verdict.clone(),
            fuel: attempt.fuel,
            memory_bytes: attempt.memory_bytes,
            duration_us: attempt.duration_us,
            is_masked: false,
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// See [`RunFileError`].
    pub fn parse(text: &str) -> Result<Self, RunFileError> {
        let malformed = |error: serde_json::Error| RunFileError::Malformed(error.to_string());
        let value: Value = serde_json::from_str(text).map_err(malformed)?;
        let found = value["schema"].as_str().unwrap_or("nothing");
        if found != RUN_FILE_SCHEMA {
            return Err(RunFileError::Schema {
                found: found.to_owned(),
            });
        }
        let file: RunFile = serde_json::from_value(value).map_err(malformed)?;
        file.argument()?;
        Ok(file)
    }

    /// The argument of the robot's `run`.
    pub(crate) fn argument(&self) -> Result<types::Invocation, RunFileError> {
        serde_json::from_value(self.invocation.clone())
            .map_err(|error| RunFileError::Malformed(format!("its invocation: {error}")))
    }
}
