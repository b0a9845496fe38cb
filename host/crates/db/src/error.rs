//! What can go wrong, grouped by who acts.

use std::path::PathBuf;

use sqlx::error::DatabaseError;

use crate::guard::{self, StaleRead};

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The committer acts: somebody changed these rows meanwhile. Nothing was stored.
    #[error("rows of `{0}` are not as they were read")]
    Conflict(&'static str),
    /// The committer acts: another host has changed what was read. Nothing was stored.
    #[error("another host has changed what was read")]
    Stale(Vec<StaleRead>),
    /// The host acts: it was away for so long that another host has taken its place. Nothing was stored.
    #[error("another host has taken the place of this one")]
    Ousted,
    /// The committer acts: the schema forbids it, which is a defect of the caller. Nothing was stored.
    #[error("the database refuses rows that break `{0}`")]
    Constraint(String),
    /// The committer acts: the connection broke during COMMIT, and the database was closed before the server could be
    /// asked what became of it. Read the rows again before trying again.
    #[error("the connection broke during COMMIT: the rows may or may not be stored")]
    OutcomeUnknown(#[source] sqlx::Error),
    /// The operator acts: no room on the disk, or over the quota. Nothing was stored.
    #[error("no room is left for the database")]
    Full(#[source] sqlx::Error),
    /// The host tries again: the database cannot be reached, or is busy.
    #[error("the database cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// The operator acts: another process works with this database.
    #[error("another process has `{0}` open")]
    Locked(String),
    /// The operator acts: the database was used by a newer release.
    #[error("the database has schema version {found}, and this release knows versions up to {known}")]
    TooNew {
        /// What the database has.
        found: i64,
        /// What this release knows.
        known: i64,
    },
    /// The operator acts: the database was not brought up to date yet.
    #[error("the database has schema version {found}, and version {known} is needed")]
    TooOld {
        /// What the database has.
        found: i64,
        /// What this release knows.
        known: i64,
    },
    /// The operator acts: the file is something else.
    #[error("`{0}` is not a Signalbox database")]
    NotADatabase(String),
    /// The operator acts: the place is wrong or may not be written.
    #[error("cannot open `{path}`: {problem}")]
    Place {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The operator acts: the address of the database is not understood.
    #[error(
        "`{0}` is not the address of a database, such as `sqlite:signalbox.db` or `postgres://host/name`"
    )]
    BadUrl(String),
    /// The operator acts: the driver is too old to be safe.
    #[error("SQLite {found} is too old: {wanted} is the first without a known corruption")]
    OldSqlite {
        /// What is linked.
        found: String,
        /// What is needed.
        wanted: &'static str,
    },
    /// The operator acts: this cannot be done with this database; the text says what to do.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The operator acts: a row holds what no release wrote.
    #[error("a stored {what} cannot be read: `{value}`")]
    BadRow {
        /// Which value.
        what: &'static str,
        /// The value, cut to 200 characters.
        value: String,
    },
    /// Somebody looks: the statement itself failed.
    #[error("the database refuses a statement")]
    Statement(#[source] sqlx::Error),
}

impl DbError {
    pub(crate) fn bad_row(what: &'static str, value: &str) -> Self {
        DbError::BadRow {
            what,
            value: value.chars().take(200).collect(),
        }
    }

    /// Whether the same call may succeed a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, DbError::Unavailable(_) | DbError::Full(_) | DbError::Ousted)
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::Decode(_)
                | sqlx::Error::ColumnNotFound(_) => DbError::Statement(error),
                other => DbError::Unavailable(other),
            };
        };
        let code = database.code().unwrap_or_default().into_owned();
        if database.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
            from_sqlite(&code, error)
        } else {
            from_postgres(&code, error)
        }
    }
}

fn from_sqlite(code: &str, error: sqlx::Error) -> DbError {
    let message = message_of(&error);
    of_sqlite(code.parse().unwrap_or(1), &message, error)
}

/// The connection that commits to SQLite has another driver.
impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error().map_or(1, |sqlite| sqlite.extended_code);
        let message = error.to_string();
        of_sqlite(code, &message, sqlx::Error::Io(std::io::Error::other(error)))
    }
}

/// The low byte of an extended code is the primary code (SQLite, "Result and Error Codes").
fn of_sqlite(code: i32, message: &str, error: sqlx::Error) -> DbError {
    match code & 0xff {
        5 | 6 | 8 | 9 | 10 | 14 => DbError::Unavailable(error),
        13 => DbError::Full(error),
        11 | 26 => DbError::NotADatabase(message.to_owned()),
        19 => DbError::Constraint(after_colon(message)),
        _ => DbError::Statement(error),
    }
}

/// PostgreSQL, appendix A "Error Codes": the first two characters are the class.
fn from_postgres(code: &str, error: sqlx::Error) -> DbError {
    match (code.get(..2).unwrap_or_default(), code) {
        (_, "53100") => DbError::Full(error),
        (_, guard::STALE) => DbError::Stale(guard::stale_reads(&message_of(&error))),
        (_, guard::OUSTED) => DbError::Ousted,
        (_, "40001" | "40P01") => DbError::Conflict("transaction"),
        ("23", _) => DbError::Constraint(constraint_of(&error)),
        // 25P03: the server ended a transaction that was idle for too long, because this host was frozen.
        ("08" | "53" | "57" | "58", _) | (_, "25P03") => DbError::Unavailable(error),
        _ => DbError::Statement(error),
    }
}

fn message_of(error: &sqlx::Error) -> String {
    error
        .as_database_error()
        .map(|e| e.message().to_owned())
        .unwrap_or_default()
}

/// PostgreSQL names the constraint.
fn constraint_of(error: &sqlx::Error) -> String {
    let named = error
        .as_database_error()
        .and_then(<dyn DatabaseError>::constraint);
    match named {
        Some(name) => name.to_owned(),
        None => after_colon(&message_of(error)),
    }
}

/// SQLite names the columns, or the text of the check: `CHECK constraint failed: version >= 1`.
fn after_colon(message: &str) -> String {
    let named = message.split_once(": ");
    named.map_or(message, |(_, what)| what).to_owned()
}
