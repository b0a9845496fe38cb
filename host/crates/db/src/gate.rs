//! A gate before and behind every operation: a simulation decides there what happens next, and what fails.
//! A database has none unless one is put there.

use std::pin::Pin;
use std::sync::Arc;

use crate::batch::{Batch, Committed};
use crate::error::DbError;
use crate::open::Db;

/// What a gate says in place of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Rows are not as they were read.
    Conflict,
    /// No room is left.
    Full,
    /// The database cannot be reached.
    Unavailable,
    /// The connection broke during COMMIT.
    OutcomeUnknown,
    /// Another host has taken the place of this one.
    Ousted,
}

impl From<Fault> for DbError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Conflict => DbError::Conflict("simulated"),
            Fault::Full => DbError::Full(sqlx::Error::WorkerCrashed),
            Fault::Unavailable => DbError::Unavailable(sqlx::Error::WorkerCrashed),
            Fault::OutcomeUnknown => DbError::OutcomeUnknown(sqlx::Error::WorkerCrashed),
            Fault::Ousted => DbError::Ousted,
        }
    }
}

/// The answer of a gate, when it comes. While it does not, the operation waits.
pub type Passage<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Stands before and behind every read and every commit. A fault is the answer of the operation.
pub trait Gate: Send + Sync {
    /// Before a read, which is not made after a fault.
    fn before_read<'a>(&'a self, sql: &'a str) -> Passage<'a>;

    /// After a read, whose answer is there.
    fn after_read<'a>(&'a self, sql: &'a str) -> Passage<'a>;

    /// Before a commit, which is not made after a fault. What the gate leaves in the batch is stored.
    fn before_commit<'a>(&'a self, batch: &'a mut Batch) -> Passage<'a>;

    /// After a commit. A fault keeps the caller from learning that it is stored.
    fn after_commit<'a>(&'a self, batch: &'a Batch, outcome: &'a Result<Committed, DbError>) -> Passage<'a>;
}

impl Db {
    /// The same database behind this gate; other clones do without it.
    pub fn behind(&self, gate: Arc<dyn Gate>) -> Db {
        Db {
            shared: Arc::clone(&self.shared),
            gate: Some(gate),
        }
    }
}
