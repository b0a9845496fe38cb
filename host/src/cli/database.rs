//! What to say when a database cannot be used.

use signalbox_db::DbError;

use super::{Exit, Failure};
use crate::history::StagesDiffer;
use crate::rehearsal::{InputError, PlaceError};

/// A database that cannot be used, with what the operator can do.
pub(super) fn database_failure(error: DbError, database: &str) -> Failure {
    let (exit, advice) = match &error {
        DbError::Locked(_) => (Exit::Conflict, "stop the other process, or use another database"),
        DbError::TooNew { .. } => (Exit::Config, "use the newer release of signalbox"),
        DbError::TooOld { .. } => (Exit::Config, "start the host, or run `signalbox db migrate`"),
        DbError::Full(_) => (
            Exit::Failed,
            "free space on the disk, or raise `database_bytes_max`",
        ),
        DbError::BadUrl(_) | DbError::Place { .. } | DbError::NotADatabase(_) => {
            (Exit::Config, "check `database` in the configuration")
        }
        DbError::Unavailable(_) => (Exit::Unreachable, "check that the database answers"),
        DbError::Ousted
        | DbError::Stale(_)
        | DbError::Conflict(_)
        | DbError::Constraint(_)
        | DbError::OutcomeUnknown(_)
        | DbError::OldSqlite { .. }
        | DbError::Unsupported(_)
        | DbError::BadRow { .. }
        | DbError::Statement(_) => (Exit::Failed, ""),
    };
    let name = if database.starts_with("sqlite:") {
        database
    } else {
        "postgres"
    };
    let chain = anyhow::Error::new(error).context(format!("database `{name}`"));
    if advice.is_empty() {
        Failure::new(exit, chain)
    } else {
        Failure::say(exit, format!("{chain:#}; {advice}"))
    }
}

/// Why a log could not be played into a database: the files, the database, or a rule.
pub(super) fn log_failure(error: anyhow::Error, database: &str) -> Failure {
    let error = match error.downcast::<DbError>() {
        Ok(error) => return database_failure(error, database),
        Err(other) => other,
    };
    let exit = match error.downcast_ref::<InputError>() {
        Some(InputError::Mapping(_) | InputError::Setup { .. }) => Exit::Config,
        Some(InputError::Unreadable { .. }) => Exit::NotFound,
        Some(InputError::Plan(_) | InputError::Empty(_)) => Exit::Failed,
        None if error.is::<StagesDiffer>() => Exit::Config,
        None if error.is::<PlaceError>() => Exit::Conflict,
        None => Exit::Failed,
    };
    Failure::new(exit, error)
}
