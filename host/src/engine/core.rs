//! What every part of the engine shares.

use std::sync::Arc;

use signalbox_crm::ids::{IdKind, ItemId, RunId};
use signalbox_crm::run::RunState;
use signalbox_db::Db;
use tokio::sync::{Notify, broadcast, mpsc};

use super::alarm::Alarm;
use super::committer::{CommitError, Proposal, Receipt, Request, Submission};
use super::ids::Ids;
use super::lanes::Lanes;
use super::records::Records;
use super::turn::Turn;
use crate::clock::Clock;

/// Attempts that a slow watcher may be behind before it misses some.
pub const ATTEMPTS_KEPT: usize = 4096;

/// What watchers learn of an attempt: it is stored durably, with everything that the run changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptStored {
    /// The run.
    pub run: RunId,
    /// The item that it is about.
    pub item: Option<ItemId>,
    /// Where the run stands after the attempt.
    pub state: RunState,
}

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
    /// Wakes the scheduler.
    pub alarm: Alarm,
    /// Woken when something that leaves the house was committed.
    pub outbox_changed: Notify,
    /// Told of every attempt after its commit; watchers subscribe.
    pub attempts: broadcast::Sender<AttemptStored>,
    /// The way to the committer. Bounded: a full queue holds the submitter back.
    pub requests: mpsc::Sender<Request>,
}

impl Core {
    /// Commits a proposal, or says why not. It is stored durably when this returns `Ok`.
    ///
    /// # Errors
    /// `CommitError`; nothing is stored then, except after `Unknown`.
    pub async fn submit(&self, proposal: Proposal) -> Result<Receipt, CommitError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let submission = Box::new(Submission { proposal, reply });
        self.requests
            .send(Request::Commit(submission))
            .await
            .map_err(|_| CommitError::Closed)?;
        answer.await.map_err(|_| CommitError::Closed)?
    }

    /// Waits until nobody else commits, and keeps it so until the turn is dropped; none when the host shuts down.
    pub async fn turn(&self) -> Option<Turn> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.requests.send(Request::Turn(reply)).await.ok()?;
        answer.await.ok()
    }

    /// A number that nobody else gets.
    pub fn new_id(&self, kind: IdKind) -> i64 {
        self.ids.next(kind)
    }
}

/// Shared by tasks.
pub type SharedCore = Arc<Core>;
