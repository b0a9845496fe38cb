//! Executes runs: takes the first task of a lane, works on a draft, submits it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use signalbox_crm::attachment::{Attachment, Repeat};
use signalbox_crm::changes::{ChangeSet, RunChange};
use signalbox_crm::event::{Fact, Origin};
use signalbox_crm::ids::ConversationId;
use signalbox_crm::item::Item;
use signalbox_crm::lifecycle::{Due, after_attempt, when_due};
use signalbox_crm::params::{self, Shown};
use signalbox_crm::people::Actor;
use signalbox_crm::run::{Attempt, Reason, RunState, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::{Invocation, Limits, Robot, RunReport};

use super::committer::{CommitError, Ended, Proposal};
use super::core::SharedCore;
use super::cost::cost_us;
use super::draft::{Draft, DraftError};
use super::effects;
use super::lanes::{ReadyRun, Task};
use super::robots::{LoadError, Robots};
use super::session::RunDraft;

/// Executions of one run that met changed rows, before the run waits like one that failed.
const CONFLICTS_MAX: u32 = 10;
/// Pause before a run is tried again that the database could not serve.
const DATABASE_PAUSE: Duration = Duration::from_millis(250);

/// Executes tasks.
pub struct Worker {
    core: SharedCore,
    robots: Arc<Robots>,
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

impl Worker {
    /// A worker on this core.
    pub fn new(core: SharedCore, robots: Arc<Robots>) -> Self {
        Worker { core, robots }
    }

    /// Works for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            let (lane, task) = self.core.lanes.take().await;
            if unless_panicking(self.work(&task)).await.is_none() {
                self.after_panic(&task).await;
            }
            self.core.lanes.done(lane, &task);
        }
    }

    async fn work(&self, task: &Task) {
        match task {
            Task::Run(ready) => self.execute(ready).await,
            Task::Inbound(id) => crate::intake::process(&self.core, *id).await,
        }
    }

    /// A defect of the host met this task: its lane goes on, and a run says what happened.
    async fn after_panic(&self, task: &Task) {
        match task {
            Task::Run(ready) => {
                let message = "the host panicked while it executed the run; its log has the place";
                self.give_up(ready, failed("host", message.to_owned(), true))
                    .await;
            }
            Task::Inbound(id) => {
                tracing::error!("{id} stays unprocessed until the next start: the host panicked")
            }
        }
    }

    async fn execute(&self, ready: &ReadyRun) {
        let mut conflict_count = 0;
        loop {
            match self.attempt(ready).await {
                Step::Done => return,
                Step::Again => conflict_count += 1,
                Step::Wait => tokio::time::sleep(DATABASE_PAUSE).await,
            }
            if conflict_count > 0 && self.is_final(ready).await {
                return;
            }
            if conflict_count == CONFLICTS_MAX {
                let message = format!("rows were changed by others in {CONFLICTS_MAX} executions");
                return self.give_up(ready, failed("conflict", message, true)).await;
            }
        }
    }

    /// Whether somebody cancelled the run while it was executed.
    async fn is_final(&self, ready: &ReadyRun) -> bool {
        let stored = self.core.db.run(ready.run.id).await;
        stored.is_ok_and(|found| found.is_none_or(|found| found.run.state.is_final()))
    }

    /// Executes the run once, in a draft on top of the last commit.
    async fn attempt(&self, ready: &ReadyRun) -> Step {
        let directory = self.core.records.directory();
        let attachment = directory.attachments.get(&ready.run.attachment).cloned();
        let label = attachment
            .as_deref()
            .and_then(|a| directory.robots.get(&a.digest))
            .map(|v| v.manifest.label());
        let actor = Actor::Robot {
            robot: label.unwrap_or_default(),
            run: ready.run.id,
        };
        let mut draft = Draft::new(&self.core, actor);
        draft.origin = Origin {
            root: Some(ready.event.root),
            depth: ready.event.depth + 1,
            run: Some(ready.run.id),
        };
        let item = match self.item_of(&mut draft, ready).await {
            Ok(item) => item,
            Err(_) => return Step::Wait,
        };
        match self
            .decide(&mut draft, ready, attachment.as_deref(), item.as_ref())
            .await
        {
            Ok(Due::Start) => {}
            Ok(Due::Cancel(reason, detail)) => {
                return self
                    .change(draft, ready, RunState::Cancelled, reason, detail, None)
                    .await;
            }
            Ok(Due::Defer(until, reason)) => {
                return self
                    .change(draft, ready, RunState::Scheduled, reason, None, Some(until))
                    .await;
            }
            Err(_) => return Step::Wait,
        }
        let Some(attachment) = attachment else {
            return Step::Done;
        };
        self.start(draft, ready, attachment, item).await
    }

    /// The run's item; none when it was removed.
    async fn item_of(&self, draft: &mut Draft, ready: &ReadyRun) -> Result<Option<Item>, DraftError> {
        let Some(id) = ready.run.item else { return Ok(None) };
        match draft.item(id).await {
            Ok(item) => Ok(Some(item)),
            Err(DraftError::Rejected(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn decide(
        &self,
        draft: &mut Draft,
        ready: &ReadyRun,
        attachment: Option<&Attachment>,
        item: Option<&Item>,
    ) -> Result<Due, DraftError> {
        let pipeline = item.map(|item| item.pipeline);
        let calendar = draft.directory.work_calendar(pipeline).ok().cloned();
        let due = when_due(&ready.run, attachment, item, calendar.as_deref(), draft.now);
        let Some(attachment) = attachment else {
            return Ok(due);
        };
        if due == Due::Start && attachment.repeat == Repeat::OncePerItem && ready.run.timer_key.is_none() {
            let Some(id) = ready.run.item else { return Ok(due) };
            if self.core.db.has_completed_run(attachment.id, id.number).await? {
                return Ok(Due::Cancel(Reason::AlreadyRan, None));
            }
        }
        Ok(due)
    }

    /// Records that the run does not start now.
    async fn change(
        &self,
        draft: Draft,
        ready: &ReadyRun,
        to: RunState,
        reason: Reason,
        detail: Option<String>,
        due_at: Option<Timestamp>,
    ) -> Step {
        let mut proposal = draft.into_proposal();
        proposal.changes = ChangeSet::default();
        let from = vec![RunState::Available, RunState::Scheduled, RunState::Retryable];
        proposal.changes.runs.push(RunChange {
            run: ready.run.id,
            from,
            to,
            reason: Some(reason),
            detail,
            due_at,
        });
        self.submit(proposal).await
    }

    async fn start(
        &self,
        draft: Draft,
        ready: &ReadyRun,
        attachment: Arc<Attachment>,
        item: Option<Item>,
    ) -> Step {
        let robot = match self.robots.get(&self.core.db, &attachment.digest).await {
            Ok(robot) => robot,
            Err(LoadError::Db(error)) if error.is_passing() => return Step::Wait,
            Err(error) => {
                return self
                    .record(
                        draft,
                        ready,
                        &attachment,
                        failed("broken", error.to_string(), false),
                    )
                    .await;
            }
        };
        let values = match self
            .params(&draft, ready, &attachment, &robot, item.as_ref())
            .await
        {
            Ok(values) => values,
            Err(DraftError::Rejected(rejection)) => {
                let verdict = failed(rejection.code.as_str(), rejection.message, false);
                return self.record(draft, ready, &attachment, verdict).await;
            }
            Err(_) => return Step::Wait,
        };
        let number = ready.run.attempt_count + 1;
        let invocation = Invocation {
            run: ready.run.id,
            attachment: attachment.id,
            attempt: number,
            item: ready.run.item,
            cause: ready.event.fact.clone(),
        };
        let started_at = draft.now;
        let subject = item.map(|item| (item.id, item.stage_entry));
        let mut session = RunDraft::new(
            draft,
            Arc::clone(&attachment),
            subject,
            conversation_of(&ready.event.fact),
        );
        session.draft.overrides_required_fields = attachment.overrides_required_fields;
        let limits = Limits::default();
        let report = self
            .robots
            .sandbox()
            .run(&robot, invocation, values, Box::new(session), limits)
            .await;
        self.finish(ready, &attachment, &robot, started_at, report).await
    }

    async fn params(
        &self,
        draft: &Draft,
        ready: &ReadyRun,
        attachment: &Attachment,
        robot: &Robot,
        item: Option<&Item>,
    ) -> Result<Vec<(String, params::ParamValue)>, DraftError> {
        let contact_id = item.and_then(|item| item.contact);
        let contact = match contact_id.filter(|_| mentions_contact(attachment)) {
            Some(id) => self.core.db.contact(id).await?,
            None => None,
        };
        let shown = Shown {
            directory: &draft.directory,
            item,
            contact: contact.as_ref(),
            event: &ready.event,
            now: draft.now,
        };
        Ok(params::resolve(robot.manifest(), &attachment.params, shown)?)
    }

    /// Turns the sandbox's report into a proposal: the draft and the record, or the record alone.
    async fn finish(
        &self,
        ready: &ReadyRun,
        attachment: &Attachment,
        robot: &Robot,
        started_at: Timestamp,
        report: RunReport,
    ) -> Step {
        let RunReport {
            verdict,
            calls,
            logs,
            fuel,
            memory_bytes,
            duration_us,
            session,
            ..
        } = report;
        let cost = cost_us(fuel, calls.len(), &verdict);
        self.core.lanes.spent(&ready.run, cost);
        let Some(session) = run_draft_of(session) else {
            return Step::Again;
        };
        // The robot is not to blame: nothing is recorded, and it is executed again when the database is back.
        if session.is_cut_off {
            return Step::Wait;
        }
        let draft = session.draft;
        let is_kept = !matches!(verdict, Verdict::Failed { .. });
        let effects = if is_kept {
            effects::describe(&draft.changes)
        } else {
            "[]".to_owned()
        };
        let attempt = Attempt {
            run: ready.run.id,
            number: ready.run.attempt_count + 1,
            robot: robot.manifest().label(),
            digest: robot.digest().to_owned(),
            verdict,
            started_at,
            ended_at: self.core.clock.now(),
            duration_us,
            fuel,
            memory_bytes,
            calls: serde_json::to_string(&calls).unwrap_or_default(),
            effects,
            logs: serde_json::to_string(&logs).unwrap_or_default(),
        };
        let mut proposal = draft.into_proposal();
        if !is_kept {
            proposal.changes = ChangeSet::default();
        }
        self.end(proposal, ready, attachment, attempt).await
    }

    /// Records an attempt that did not reach the sandbox.
    async fn record(
        &self,
        draft: Draft,
        ready: &ReadyRun,
        attachment: &Attachment,
        verdict: Verdict,
    ) -> Step {
        let attempt = self.empty_attempt(ready, attachment, verdict, draft.now);
        let mut proposal = draft.into_proposal();
        proposal.changes = ChangeSet::default();
        self.end(proposal, ready, attachment, attempt).await
    }

    fn empty_attempt(
        &self,
        ready: &ReadyRun,
        attachment: &Attachment,
        verdict: Verdict,
        started_at: Timestamp,
    ) -> Attempt {
        Attempt {
            run: ready.run.id,
            number: ready.run.attempt_count + 1,
            robot: attachment.robot.clone(),
            digest: attachment.digest.clone(),
            verdict,
            started_at,
            ended_at: self.core.clock.now(),
            duration_us: 0,
            fuel: 0,
            memory_bytes: 0,
            calls: "[]".to_owned(),
            effects: "[]".to_owned(),
            logs: "[]".to_owned(),
        }
    }

    async fn end(
        &self,
        mut proposal: Proposal,
        ready: &ReadyRun,
        attachment: &Attachment,
        attempt: Attempt,
    ) -> Step {
        let seed = u64::from_ne_bytes(ready.run.id.0.to_ne_bytes()) ^ u64::from(attempt.number);
        let after = after_attempt(
            attempt.number,
            attachment.attempts_max,
            &attempt.verdict,
            proposal.at,
            seed,
        );
        let spare = (proposal.clone_record(), attempt.clone());
        proposal.ended = Some(Ended {
            ready: ready.clone(),
            attempt,
            after,
        });
        match self.core.submit(proposal).await {
            Err(CommitError::Rejected(rejection)) => {
                let (mut record, mut attempt) = spare;
                attempt.verdict = failed(rejection.code.as_str(), rejection.message, false);
                attempt.effects = "[]".to_owned();
                let after = after_attempt(
                    attempt.number,
                    attachment.attempts_max,
                    &attempt.verdict,
                    record.at,
                    seed,
                );
                record.ended = Some(Ended {
                    ready: ready.clone(),
                    attempt,
                    after,
                });
                self.submit(record).await
            }
            other => step(other.map(drop)),
        }
    }

    async fn submit(&self, proposal: Proposal) -> Step {
        step(self.core.submit(proposal).await.map(drop))
    }

    /// Records a failure outside of any draft.
    async fn give_up(&self, ready: &ReadyRun, verdict: Verdict) {
        let directory = self.core.records.directory();
        let Some(attachment) = directory.attachments.get(&ready.run.attachment) else {
            return;
        };
        loop {
            let now = self.core.clock.now();
            let attempt = self.empty_attempt(ready, attachment, verdict.clone(), now);
            let proposal = Proposal::new(now, Actor::System);
            match self.end(proposal, ready, attachment, attempt).await {
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

/// The future's answer; none when it panicked.
async fn unless_panicking<T>(future: impl Future<Output = T>) -> Option<T> {
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

fn step(outcome: Result<(), CommitError>) -> Step {
    match outcome {
        Ok(()) => Step::Done,
        Err(CommitError::Stale(_)) => Step::Again,
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

fn failed(code: &str, message: String, retryable: bool) -> Verdict {
    Verdict::Failed {
        code: code.to_owned(),
        message,
        retryable,
    }
}

fn run_draft_of(session: Box<dyn signalbox_sandbox::session::Session>) -> Option<RunDraft> {
    let any: Box<dyn Any> = session;
    any.downcast::<RunDraft>().ok().map(|run| *run)
}

fn conversation_of(fact: &Fact) -> Option<ConversationId> {
    match fact {
        Fact::MessageReceived { conversation, .. }
        | Fact::MessageEdited { conversation, .. }
        | Fact::ConversationOpened { conversation, .. }
        | Fact::ConversationClosed { conversation } => Some(*conversation),
        _ => None,
    }
}

fn mentions_contact(attachment: &Attachment) -> bool {
    attachment
        .params
        .values()
        .any(|value| value.to_string().contains("{=Contact:"))
}

impl Proposal {
    /// The same proposal without its changes: what is left of a run that fails at commit.
    fn clone_record(&self) -> Proposal {
        Proposal {
            origin: self.origin,
            reads: self.reads.clone(),
            as_of: self.as_of,
            ..Proposal::new(self.at, self.actor.clone())
        }
    }
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
