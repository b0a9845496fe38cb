//! What every part of the engine shares.

use std::sync::Arc;

use signalbox_crm::ids::IdKind;
use signalbox_db::Db;
use tokio::sync::{Notify, mpsc};

use super::committer::{CommitError, Proposal, Receipt, Submission};
use super::ids::Ids;
use super::lanes::Lanes;
use super::records::Records;
use crate::clock::Clock;

/// What every part of the engine shares. Built once, passed explicitly.
pub struct Core {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Numbers for new rows.
    pub ids: Ids,
    /// What may start.
    pub lanes: Lanes,
    /// What is in memory.
    pub records: Records,
    /// Woken when something with a time was committed.
    pub time_changed: Notify,
    /// Woken when something that leaves the house was committed.
    pub outbox_changed: Notify,
    /// The way to the committer. Bounded: a full queue holds the submitter back.
    pub submissions: mpsc::Sender<Submission>,
}

impl Core {
    /// Commits a proposal, or says why not. It is stored durably when this returns `Ok`.
    ///
    /// # Errors
    /// `CommitError`; nothing is stored then, except after `Unknown`.
    pub async fn submit(&self, proposal: Proposal) -> Result<Receipt, CommitError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let submission = Submission { proposal, reply };
        self.submissions
            .send(submission)
            .await
            .map_err(|_| CommitError::Closed)?;
        answer.await.map_err(|_| CommitError::Closed)?
    }

    /// A number that nobody else gets.
    pub fn new_id(&self, kind: IdKind) -> i64 {
        self.ids.next(kind)
    }
}

/// Shared by tasks.
pub type SharedCore = Arc<Core>;
