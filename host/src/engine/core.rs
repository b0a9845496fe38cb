//! What every part of the engine shares.

use std::sync::Arc;

use signalbox_crm::ids::{IdKind, ItemId, RunId};
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;
use signalbox_db::Db;
use tokio::sync::{Notify, broadcast, mpsc};

use super::alarm::Alarm;
use super::breakers::Breakers;
use super::changes::Changes;
use super::clock_watch::ClockWatch;
use super::committer::{Answers, CommitError, Proposal, QUEUE_MAX, Receipt, Request, Submission};
use super::denials::Denials;
use super::dry_run::DryRuns;
use super::ids::Ids;
use super::inflight::Inflight;
use super::lanes::Lanes;
use super::rates::Rates;
use super::records::Records;
use super::shards::Shards;
use super::spending::Spending;
use super::storing::Storing;
use super::tidings::Tidings;
use super::turn::Turn;
use crate::clock::Clock;
use crate::drain::Draining;
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;

/// Attempts that a slow watcher may be behind before it misses some.
pub const ATTEMPTS_KEPT: usize = 4096;

/// Changes that wait for the committer before nothing more is taken in. Three quarters of its queue: the rest is for
/// the runs that are under way.
pub const COMMITS_WAITING_MAX: usize = QUEUE_MAX / 4 * 3;

/// Due runs and ticks get this share of the backlog: two commits of the scheduler, so that workers never wait for it.
const DUE_SHARE: usize = 10;

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
    /// Which part of the work is this host's.
    pub shards: Shards,
    /// What other hosts shall hear.
    pub tidings: Tidings,
    /// What is in memory.
    pub records: Records,
    /// When runs of attachments with a rate may start.
    pub rates: Rates,
    /// Robots that pause.
    pub breakers: Breakers,
    /// Who is at work, for the next host if this one dies.
    pub inflight: Inflight,
    /// Whether the host is told to end.
    pub draining: Draining,
    /// How storing goes.
    pub storing: Storing,
    /// What robots were denied.
    pub denials: Denials,
    /// Notices that the machine's clock was set.
    pub clock_watch: ClockWatch,
    /// Wakes the scheduler.
    pub alarm: Alarm,
    /// Woken when a message that leaves the house was committed.
    pub outbox_changed: Notify,
    /// Woken when a request to a service outside was committed.
    pub requests_changed: Notify,
    /// Woken when a bulk change was asked for.
    pub bulk_changed: Notify,
    /// Told of every commit; consoles watch.
    pub changes: Changes,
    /// Told of every attempt after its commit; watchers subscribe.
    pub attempts: broadcast::Sender<AttemptStored>,
    /// The way to the committer. Bounded: a full queue holds the submitter back.
    pub requests: mpsc::Sender<Request>,
    /// Tasks that may wait before nothing more is taken in.
    pub backlog_max: usize,
    /// Runs that are executed at the same time.
    pub worker_count: u32,
    /// When the host started.
    pub started_at: Timestamp,
    /// Where the time of runs goes.
    pub spending: Spending,
    /// How many robots are tried at once, and with what.
    pub dry_runs: DryRuns,
}

/// Why the host takes nothing in now that makes more work. Who asks keeps it, and asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// Too many tasks wait.
    Backlog(usize, usize),
    /// The database is too slow for the changes that come.
    Commits(usize, usize),
}

impl Pressed {
    /// For people.
    pub fn said(self) -> Sentence {
        match self {
            Pressed::Backlog(count, max) => said!("{count} runs and messages wait, {max} may", count, max),
            Pressed::Commits(count, max) => {
                said!("{count} changes wait for the database, {max} may", count, max)
            }
        }
    }
}

impl Core {
    /// Commits a proposal, or says why not. It is stored durably when this returns `Ok`.
    ///
    /// # Errors
    /// `CommitError`; nothing is stored then, except after `Unknown`.
    pub async fn submit(&self, proposal: Proposal) -> Result<Receipt, CommitError> {
        only(self.submit_stack(vec![proposal]).await?)
    }

    /// Commits proposals in one transaction, of which each may build upon those before it, or says of each why not.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn submit_stack(&self, proposals: Vec<Proposal>) -> Result<Answers, CommitError> {
        let (submission, answers) = Submission::new(proposals);
        self.requests
            .send(Request::Commit(Box::new(submission)))
            .await
            .map_err(|_| CommitError::Closed)?;
        answers.await.map_err(|_| CommitError::Closed)
    }

    /// Waits until nobody else commits, and keeps it so until the turn is dropped; none when the host shuts down.
    pub async fn turn(&self) -> Option<Turn> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.requests.send(Request::Turn(reply)).await.ok()?;
        answer.await.ok()
    }

    /// Whether there is room for more work.
    ///
    /// # Errors
    /// What there is too much of.
    pub fn check_room(&self) -> Result<(), Pressed> {
        let open_count = self.lanes.open_count();
        if open_count >= self.backlog_max {
            return Err(Pressed::Backlog(open_count, self.backlog_max));
        }
        let waiting = self.commits_waiting();
        if waiting >= COMMITS_WAITING_MAX {
            return Err(Pressed::Commits(waiting, COMMITS_WAITING_MAX));
        }
        Ok(())
    }

    /// Tasks up to which time may make more of them: what is due waits in the database beyond that, and what comes in
    /// has the rest of the backlog.
    pub fn due_backlog_max(&self) -> usize {
        self.backlog_max / DUE_SHARE
    }

    /// Changes that wait for the committer.
    pub fn commits_waiting(&self) -> usize {
        self.requests.max_capacity() - self.requests.capacity()
    }

    /// A number that nobody else gets.
    pub fn new_id(&self, kind: IdKind) -> i64 {
        self.ids.next(kind)
    }
}

/// The answer for the only proposal of a submission.
pub(super) fn only(answers: Answers) -> Result<Receipt, CommitError> {
    answers.into_iter().next().unwrap_or(Err(CommitError::Closed))
}

/// Shared by tasks.
pub type SharedCore = Arc<Core>;
