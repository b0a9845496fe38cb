//! The files of a rehearsal, read and digested.

use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use signalbox_crm::time::Timestamp;

use super::{Identity, RehearsalOptions};
use crate::eventlog::mapping::{Language, Mapping, MappingError};
use crate::eventlog::plan::{Plan, PlanError};
use crate::eventlog::xes::Reader;
use crate::setup::Setup;

/// Files that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A file cannot be read.
    #[error("cannot read `{file}`")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The mapping is wrong.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The log is wrong, or does not fit the mapping.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The set-up is wrong.
    #[error("{file}: {problem}")]
    Setup {
        /// The file.
        file: String,
        /// The line, the key and what is wrong with it.
        problem: String,
    },
    /// Nothing to rehearse.
    #[error("`{0}` has no case with an event")]
    Empty(String),
}

/// What is rehearsed.
#[derive(Debug)]
pub struct Input {
    /// The mapping of the log.
    pub mapping: Mapping,
    /// The steps of the history.
    pub plan: Plan,
    /// The set-up with the attachments, as it stands in the file.
    pub setup: Setup,
    /// What makes this rehearsal different from others.
    pub identity: Identity,
    log: String,
}

impl Input {
    /// Reads the files.
    ///
    /// # Errors
    /// A file that cannot be read or is wrong, by its name and line.
    pub fn read(options: &RehearsalOptions) -> Result<Input, InputError> {
        let mapping = Mapping::load(&options.mapping)?;
        let setup = setup(&options.setup)?;
        let plan = read_plan(&options.log, &mapping, options.language, options.case_limit)?;
        let identity = Identity {
            log_sha256: sha256(&options.log)?,
            mapping_sha256: sha256(&options.mapping)?,
            setup_sha256: sha256(&options.setup)?,
            case_limit: options.case_limit.map(|limit| limit as u64),
            seed: options.seed,
            language: match options.language {
                Language::Ru => "ru".to_owned(),
                Language::En => "en".to_owned(),
            },
        };
        Ok(Input {
            mapping,
            plan,
            setup,
            identity,
            log: options.log.display().to_string(),
        })
    }

    /// The instant of the first step.
    ///
    /// # Errors
    /// `Empty`.
    pub fn first_at(&self) -> Result<Timestamp, InputError> {
        let first = self.plan.steps.first();
        first
            .map(|step| step.at.into())
            .ok_or_else(|| InputError::Empty(self.log.clone()))
    }
}

/// Reads the plan of a log, or of its first cases with the people of all of them: the set-up may name anybody.
///
/// # Errors
/// The log, by file and line; what does not fit the mapping.
pub(crate) fn read_plan(
    log: &Path,
    mapping: &Mapping,
    language: Language,
    case_limit: Option<usize>,
) -> Result<Plan, PlanError> {
    let whole = Plan::build(Reader::open(log)?, mapping, language)?;
    let Some(limit) = case_limit else { return Ok(whole) };
    let first = Plan::build(Reader::open(log)?.take(limit), mapping, language)?;
    Ok(Plan {
        employees: whole.employees,
        ..first
    })
}

fn setup(path: &Path) -> Result<Setup, InputError> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| InputError::Unreadable {
        file: file.clone(),
        source,
    })?;
    Setup::parse(&text).map_err(|error| InputError::Setup {
        file,
        problem: format!("{error:#}"),
    })
}

fn sha256(path: &Path) -> Result<String, InputError> {
    let unreadable = |source| InputError::Unreadable {
        file: path.display().to_string(),
        source,
    };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut buffer).map_err(unreadable)?;
        if count == 0 {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(&buffer[..count]);
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
