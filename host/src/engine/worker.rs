//! Executes what is in the lanes: takes the first task of a lane, works on it, and goes on.

mod execution;
mod quarantine;
mod recording;
mod stack;
pub(super) mod trial;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use signalbox_crm::ids::InboundId;
use signalbox_crm::run::{Run, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::Limits;

use self::execution::Execution;
pub(super) use self::execution::answered_by;
use super::breakers;
use super::committer::CommitError;
use super::core::SharedCore;
use super::lanes::{LaneKey, ReadyRun, Task};
use super::robots::Robots;
use super::turn::Turn;

/// Executions of one run that met changed rows, before it is executed while nobody else commits.
const CONFLICTS_BEFORE_TURN: u32 = 3;
/// Executions of one run that met changed rows, before the run waits like one that failed. After three of them it
/// commits alone, so this is reached only when the database itself has other rows than the host remembers.
const CONFLICTS_MAX: u32 = 10;
/// Pause before a run is tried again that the database could not serve.
const DATABASE_PAUSE: Duration = Duration::from_millis(250);

/// Executes tasks.
pub struct Worker {
    core: SharedCore,
    robots: Arc<Robots>,
    /// What one run may use.
    limits: Limits,
}

/// What became of an execution.
enum Step {
    /// It is recorded.
    Done,
    /// Rows that it had read were changed: execute it again.
    Again,
    /// The database cannot be reached: wait.
    Wait,
}

impl From<Result<(), CommitError>> for Step {
    fn from(outcome: Result<(), CommitError>) -> Self {
        match outcome {
            Ok(()) => Step::Done,
            Err(CommitError::Stale(_) | CommitError::Unfounded) => Step::Again,
            Err(CommitError::Rejected(_) | CommitError::Closed) => Step::Done,
            Err(CommitError::Db(error)) if error.is_passing() => {
                tracing::error!(error = %error, "The database cannot store a run: {error}");
                Step::Wait
            }
            Err(CommitError::Db(error)) => {
                // A conflict in the database: the run was cancelled or ended meanwhile, or a row has another version.
                tracing::debug!(error = %error, "A run met changed rows: {error}");
                Step::Again
            }
        }
    }
}

impl Worker {
    /// A worker on this core, and what one run may use.
    pub fn new(core: SharedCore, robots: Arc<Robots>, limits: Limits) -> Self {
        Worker { core, robots, limits }
    }

    /// Works for ever, as number `number` of those that do, from 0.
    pub async fn run(self: Arc<Self>, number: usize) {
        if number == 0 {
            self.let_go().await;
        }
        loop {
            let (lane, task) = self.core.lanes.take().await;
            match task {
                Task::Run(first) => self.work_on_runs(lane, *first, number).await,
                Task::Inbound(id) => self.take_in(lane, id).await,
            }
        }
    }

    async fn take_in(&self, lane: LaneKey, id: InboundId) {
        let processed = unless_panicking(crate::intake::process(&self.core, id)).await;
        if processed.is_none() {
            let why = "the host panicked; its log has the place";
            crate::intake::give_up(&self.core, id, why.to_owned()).await;
        }
        self.core.lanes.done(lane, &Task::Inbound(id));
    }

    /// A defect of the host met this run: its lane goes on, and the run says what happened.
    async fn after_panic(&self, ready: &ReadyRun) {
        let message = "the host panicked while it executed the run; its log has the place";
        self.give_up(ready, failed("host", message.to_owned(), true))
            .await;
    }

    /// Whatever became of a probe, the next run may be one; and who has to know of a pause is told.
    async fn settle_breaker(&self, ready: &ReadyRun) {
        self.core.breakers.left(ready.run.id);
        breakers::tell(&self.core).await;
    }

    /// Executes a run for itself, which has met changed rows so often, until it is recorded.
    async fn execute(
        &self,
        ready: &ReadyRun,
        number: usize,
        slot: &OnceLock<Timestamp>,
        mut conflict_count: u32,
    ) {
        if self.is_given_up(ready).await {
            return;
        }
        loop {
            if conflict_count > 0 && self.has_moved_on(ready).await {
                return;
            }
            if conflict_count == CONFLICTS_MAX {
                let message = format!("rows were changed by others in {CONFLICTS_MAX} executions");
                return self.give_up(ready, failed("conflict", message, true)).await;
            }
            let turn = match conflict_count {
                CONFLICTS_BEFORE_TURN.. => self.core.turn().await,
                _ => None,
            };
            // Its turn ends here, before anybody waits.
            let step = self.execution(ready, number, turn, slot).run().await;
            match step {
                Step::Done => return,
                Step::Again => conflict_count += 1,
                Step::Wait => tokio::time::sleep(DATABASE_PAUSE).await,
            }
        }
    }

    fn execution<'a>(
        &'a self,
        ready: &'a ReadyRun,
        number: usize,
        turn: Option<Turn>,
        slot: &'a OnceLock<Timestamp>,
    ) -> Execution<'a> {
        Execution {
            core: &self.core,
            robots: &self.robots,
            ready,
            number,
            turn,
            below: Arc::default(),
            limits: self.limits,
            slot,
        }
    }

    /// Whether somebody cancelled the run while it was executed, or another host was faster with the attempt.
    async fn has_moved_on(&self, ready: &ReadyRun) -> bool {
        let stored = self.core.db.run(ready.run.id).await;
        let has_moved_on = |run: Run| run.state.is_final() || run.attempt_count > ready.run.attempt_count;
        stored.is_ok_and(|found| found.is_none_or(|found| has_moved_on(found.run)))
    }

    /// Records a failure outside of any draft.
    async fn give_up(&self, ready: &ReadyRun, verdict: Verdict) {
        let slot = OnceLock::new();
        loop {
            match self.execution(ready, 0, None, &slot).fail(verdict.clone()).await {
                Step::Done => return,
                Step::Wait => tokio::time::sleep(DATABASE_PAUSE).await,
                Step::Again => {
                    let run = ready.run.id;
                    return tracing::warn!(run.id = %run, "{run} stays available until the next start");
                }
            }
        }
    }
}

fn failed(code: &str, message: String, retryable: bool) -> Verdict {
    Verdict::Failed {
        code: code.to_owned(),
        message,
        retryable,
    }
}

/// The future's answer; none when it panicked.
pub async fn unless_panicking<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(move |context| {
        // After a panic the future is only dropped; what it shares with others is locked for single statements.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::unless_panicking;

    #[tokio::test]
    async fn panic_ends_the_future_and_not_its_worker() {
        let fine = async {
            tokio::task::yield_now().await;
            7
        };
        assert_eq!(unless_panicking(fine).await, Some(7));
        let broken = async {
            tokio::task::yield_now().await;
            panic!("on purpose");
        };
        assert_eq!(unless_panicking::<()>(broken).await, None);
    }
}
