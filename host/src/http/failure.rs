//! Failures of the host behind a request, as problems.

use std::sync::Arc;

use signalbox_db::DbError;

use super::problem::{Kind, Problem};
use crate::engine::committer::CommitError;
use crate::engine::core::Pressed;
use crate::engine::draft::DraftError;
use signalbox_crm::said;

impl From<&DbError> for Problem {
    fn from(error: &DbError) -> Self {
        match error {
            DbError::Full(_) => Problem::new(Kind::StorageFull, said!("no room is left for the database")),
            DbError::Unavailable(_)
            | DbError::Locked(_)
            | DbError::Conflict(_)
            | DbError::Stale(_)
            | DbError::Ousted => {
                tracing::warn!(error = %error, "A request is refused for now: {error}");
                Problem::new(Kind::Unavailable, said!("the database cannot be reached now"))
            }
            DbError::OutcomeUnknown(_) => {
                tracing::error!(error = %error, "It is not known whether a change is stored: {error}");
                Problem::new(
                    Kind::Unavailable,
                    said!("the change may or may not be stored: read before trying again"),
                )
            }
            DbError::Constraint(_)
            | DbError::TooNew { .. }
            | DbError::NotADatabase(_)
            | DbError::Place { .. }
            | DbError::BadUrl(_)
            | DbError::TooOld { .. }
            | DbError::OldSqlite { .. }
            | DbError::Unsupported(_)
            | DbError::BadRow { .. }
            | DbError::Statement(_) => internal(error),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        Problem::from(&error)
    }
}

impl From<DraftError> for Problem {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Rejected(rejection) => rejection.into(),
            DraftError::Db(error) => error.into(),
            DraftError::Commit(error) => error.into(),
        }
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Stale(_) | CommitError::Unfounded => {
                Problem::conflict(said!("others change the same things all the time: try again"))
            }
            CommitError::Rejected(rejection) => rejection.into(),
            CommitError::Db(error) => Problem::from(Arc::as_ref(&error)),
            CommitError::Closed => Problem::new(Kind::Unavailable, said!("the host is shutting down")),
        }
    }
}

impl From<Pressed> for Problem {
    fn from(pressed: Pressed) -> Self {
        Problem::new(Kind::Busy, said!("{why}: try again", why = pressed.said()))
    }
}

/// A defect: somebody must look, and the caller learns nothing about our insides.
pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(error = %chain, "A request failed: {chain}");
    Problem::new(Kind::Internal, said!("the host failed; its log says why"))
}
