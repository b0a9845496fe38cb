//! One execution of a run: whether it may start, the sandbox, and the proposal that becomes of it.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use signalbox_crm::attachment::{Attachment, Repeat};
use signalbox_crm::breaker::Outcome;
use signalbox_crm::changes::{ChangeSet, RunChange};
use signalbox_crm::event::{Fact, Origin};
use signalbox_crm::ids::ConversationId;
use signalbox_crm::item::Item;
use signalbox_crm::lifecycle::{Due, after_attempt, when_due};
use signalbox_crm::params::{self, ParamValue, Shown};
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::retry::Policy;
use signalbox_crm::run::{Attempt, Reason, RunState, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::session::Session;
use signalbox_sandbox::{Invocation, Limits, Robot, RunReport};

use super::{Step, failed};
use crate::engine::committer::{CommitError, Ended, Proposal};
use crate::engine::core::SharedCore;
use crate::engine::cost::cost_us;
use crate::engine::draft::{Draft, DraftError};
use crate::engine::effects;
use crate::engine::fail_digest::Led;
use crate::engine::lanes::ReadyRun;
use crate::engine::robots::{LoadError, Robots};
use crate::engine::session::RunDraft;
use crate::engine::turn::Turn;

/// One execution of a run, in a draft on top of the last commit.
pub(super) struct Execution<'a> {
    pub(super) core: &'a SharedCore,
    pub(super) robots: &'a Robots,
    pub(super) ready: &'a ReadyRun,
    /// Of the worker.
    pub(super) number: usize,
    /// While it lasts nobody else commits.
    pub(super) turn: Option<Turn>,
    /// When the run may start by its attachment's rate: taken once, however often it is executed.
    pub(super) slot: &'a OnceLock<Timestamp>,
}

impl Execution<'_> {
    /// Executes the run, unless it may not start now; either way it is recorded.
    pub(super) async fn run(&self) -> Step {
        let mut draft = self.draft();
        let attachment = draft
            .directory
            .attachments
            .get(&self.ready.run.attachment)
            .cloned();
        let item = match self.item_of(&mut draft).await {
            Ok(item) => item,
            Err(_) => return Step::Wait,
        };
        match self.decide(&draft, attachment.as_deref(), item.as_ref()).await {
            Ok(Due::Start) => {}
            Ok(Due::Cancel(reason, detail)) => {
                return self
                    .change(draft, RunState::Cancelled, reason, detail, None)
                    .await;
            }
            Ok(Due::Defer(until, reason)) => {
                return self
                    .change(draft, RunState::Scheduled, reason, None, Some(until))
                    .await;
            }
            Err(_) => return Step::Wait,
        }
        match attachment {
            Some(attachment) => self.start(draft, attachment, item).await,
            None => Step::Done,
        }
    }

    /// Records a failure outside of any draft.
    pub(super) async fn fail(&self, verdict: Verdict) -> Step {
        let proposal = Proposal::new(self.core.clock.now(), Actor::System);
        self.fail_with(proposal, verdict).await
    }

    /// As `fail`, with more that is stored in the same commit.
    pub(super) async fn fail_with(&self, mut proposal: Proposal, verdict: Verdict) -> Step {
        let directory = self.core.records.directory();
        let Some(attachment) = directory.attachments.get(&self.ready.run.attachment) else {
            return Step::Done;
        };
        proposal.at = proposal.at.max(self.ready.event.at);
        let attempt = self.empty_attempt(attachment, verdict, proposal.at);
        self.end(proposal, attachment, attempt, Led::default()).await
    }

    /// A draft in the robot's name.
    fn draft(&self) -> Draft {
        let ReadyRun { run, event } = self.ready;
        let actor = |robot| Actor::Robot { robot, run: run.id };
        let mut draft = Draft::new(self.core, actor(String::new()));
        // A clock that was set back: what a run does is not older than what started it, nor than its time.
        draft.now = draft.now.max(event.at).max(run.due_at.unwrap_or(event.at));
        let directory = &draft.directory;
        let attachment = directory.attachments.get(&run.attachment);
        let version = attachment.and_then(|attachment| directory.robots.get(&attachment.digest));
        draft.actor = actor(version.map(|v| v.manifest.label()).unwrap_or_default());
        draft.origin = Origin {
            root: Some(event.root),
            depth: event.depth + 1,
            run: Some(run.id),
        };
        draft
    }

    /// The run's item; none when it was removed.
    async fn item_of(&self, draft: &mut Draft) -> Result<Option<Item>, DraftError> {
        let Some(id) = self.ready.run.item else {
            return Ok(None);
        };
        match draft.item(id).await {
            Ok(item) => Ok(Some(item)),
            Err(DraftError::Rejected(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn decide(
        &self,
        draft: &Draft,
        attachment: Option<&Attachment>,
        item: Option<&Item>,
    ) -> Result<Due, DraftError> {
        let run = &self.ready.run;
        let pipeline = item.map(|item| item.pipeline);
        let calendar = draft.directory.work_calendar(pipeline).ok().cloned();
        let due = when_due(run, attachment, item, calendar.as_deref(), draft.now);
        let Some(attachment) = attachment else {
            return Ok(due);
        };
        if due == Due::Start
            && attachment.repeat == Repeat::OncePerItem
            && run.timer_key.is_none()
            && let Some(id) = run.item
            && self.core.db.has_completed_run(attachment.id, id.number).await?
        {
            return Ok(Due::Cancel(Reason::AlreadyRan, None));
        }
        if due == Due::Start
            && let Some(until) = self.core.breakers.ask(&attachment.digest, run.id, draft.now)
        {
            return Ok(Due::Defer(until, Reason::RobotPaused));
        }
        if due == Due::Start && attachment.rate_per_minute > 0 && run.reason != Some(Reason::RateLimited) {
            let slot = self.slot(draft, attachment).await?;
            if slot > draft.now {
                return Ok(Due::Defer(slot, Reason::RateLimited));
            }
        }
        Ok(due)
    }

    async fn slot(&self, draft: &Draft, attachment: &Attachment) -> Result<Timestamp, DraftError> {
        if let Some(slot) = self.slot.get() {
            return Ok(*slot);
        }
        let Draft { directory, now, .. } = draft;
        let rates = &self.core.rates;
        let slot = rates.slot(&self.core.db, directory, attachment, *now).await?;
        Ok(*self.slot.get_or_init(|| slot))
    }

    /// Records that the run does not start now.
    async fn change(
        &self,
        draft: Draft,
        to: RunState,
        reason: Reason,
        detail: Option<String>,
        due_at: Option<Timestamp>,
    ) -> Step {
        let mut proposal = draft.into_proposal();
        proposal.changes = ChangeSet::default();
        let from = vec![RunState::Available, RunState::Scheduled, RunState::Retryable];
        proposal.changes.runs.push(RunChange {
            run: self.ready.run.id,
            from,
            to,
            reason: Some(reason),
            detail,
            due_at,
        });
        self.submit(proposal).await
    }

    async fn start(&self, mut draft: Draft, attachment: Arc<Attachment>, item: Option<Item>) -> Step {
        let robot = match self.robots.get(&self.core.db, &attachment.digest).await {
            Ok(robot) => robot,
            Err(LoadError::Db(error)) if error.is_passing() => return Step::Wait,
            Err(error) => {
                let verdict = failed("broken", error.to_string(), false);
                return self.record(draft, &attachment, verdict).await;
            }
        };
        let values = match self.params(&mut draft, &attachment, &robot, item.as_ref()).await {
            Ok(values) => values,
            Err(DraftError::Rejected(rejection)) => {
                return self.record(draft, &attachment, refused(rejection)).await;
            }
            Err(_) => return Step::Wait,
        };
        let ReadyRun { run, event } = self.ready;
        let invocation = Invocation {
            run: run.id,
            attachment: attachment.id,
            attempt: run.attempt_count + 1,
            item: run.item,
            cause: event.fact.clone(),
        };
        let started_at = draft.now;
        let subject = item.map(|item| (item.id, item.stage_entry));
        let conversation = conversation_of(&event.fact);
        let mut session = RunDraft::new(draft, Arc::clone(&attachment), subject, conversation);
        session.draft.overrides_required_fields = attachment.overrides_required_fields;
        let limits = Limits::default();
        let sandbox = self.robots.sandbox();
        let stay = self.core.inflight.enter(self.number, run.id).await;
        #[cfg(debug_assertions)]
        die_where_told(&robot);
        let report = sandbox
            .run(&robot, invocation, values, Box::new(session), limits)
            .await;
        drop(stay);
        self.finish(&attachment, &robot, started_at, report).await
    }

    async fn params(
        &self,
        draft: &mut Draft,
        attachment: &Attachment,
        robot: &Robot,
        item: Option<&Item>,
    ) -> Result<Vec<(String, ParamValue)>, DraftError> {
        let contact_id = item.and_then(|item| item.contact);
        let contact = match contact_id.filter(|_| mentions_contact(attachment)) {
            Some(id) => match draft.contact(id).await {
                Ok(contact) => Some(contact),
                Err(DraftError::Rejected(_)) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        let shown = Shown {
            directory: &draft.directory,
            item,
            contact: contact.as_ref(),
            event: &self.ready.event,
            now: draft.now,
        };
        Ok(params::resolve(robot.manifest(), &attachment.params, shown)?)
    }

    /// Turns the sandbox's report into a proposal: the draft and the record, or the record alone.
    async fn finish(
        &self,
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
            duration,
            in_robot,
            in_host_calls,
            session,
            ..
        } = report;
        self.core
            .spending
            .add_execution(duration, in_robot, in_host_calls);
        let cost = cost_us(fuel, calls.len(), &verdict);
        self.core.lanes.spent(&self.ready.run, cost);
        let Some(session) = run_draft_of(session) else {
            return Step::Again;
        };
        // The robot is not to blame: nothing is recorded, and it is executed again when the database is back.
        if session.is_cut_off {
            return Step::Wait;
        }
        let draft = session.draft;
        let mut led = Led::default();
        let mut effects = "[]".to_owned();
        let is_kept = !matches!(verdict, Verdict::Failed { .. });
        if is_kept {
            effects = effects::describe(&draft.changes);
        } else {
            led = Led::new(robot, &draft, &calls);
        }
        let attempt = Attempt {
            robot: robot.manifest().label(),
            digest: robot.digest().to_owned(),
            duration_us,
            fuel,
            memory_bytes,
            calls: serde_json::to_string(&calls).unwrap_or_default(),
            effects,
            logs: serde_json::to_string(&logs).unwrap_or_default(),
            ..self.empty_attempt(attachment, verdict, started_at)
        };
        let mut proposal = draft.into_proposal();
        if !is_kept {
            proposal.changes = ChangeSet::default();
        }
        self.end(proposal, attachment, attempt, led).await
    }

    /// Records an attempt that did not reach the sandbox.
    async fn record(&self, draft: Draft, attachment: &Attachment, verdict: Verdict) -> Step {
        let attempt = self.empty_attempt(attachment, verdict, draft.now);
        let mut proposal = draft.into_proposal();
        proposal.changes = ChangeSet::default();
        self.end(proposal, attachment, attempt, Led::default()).await
    }

    fn empty_attempt(&self, attachment: &Attachment, verdict: Verdict, started_at: Timestamp) -> Attempt {
        Attempt {
            run: self.ready.run.id,
            number: self.ready.run.attempt_count + 1,
            robot: attachment.robot.clone(),
            digest: attachment.digest.clone(),
            verdict,
            started_at,
            ended_at: self.core.clock.now().max(started_at),
            duration_us: 0,
            fuel: 0,
            memory_bytes: 0,
            calls: "[]".to_owned(),
            effects: "[]".to_owned(),
            logs: "[]".to_owned(),
        }
    }

    /// Submits the proposal with the record of the attempt; when a rule refuses the proposal, the record of that.
    async fn end(&self, mut proposal: Proposal, attachment: &Attachment, attempt: Attempt, led: Led) -> Step {
        let spare = (proposal.clone_record(), attempt.clone());
        let outcome = Outcome::from(&attempt.verdict);
        proposal.ended = Some(self.ended(attachment, attempt, led));
        match self.propose(proposal).await {
            Err(CommitError::Rejected(rejection)) => {
                let (mut record, mut attempt) = spare;
                attempt.verdict = refused(rejection);
                attempt.effects = "[]".to_owned();
                record.ended = Some(self.ended(attachment, attempt, Led::default()));
                self.submit(record).await
            }
            other => {
                if other.is_ok() {
                    let breakers = &self.core.breakers;
                    breakers.note(
                        &attachment.digest,
                        &self.ready.run,
                        outcome,
                        self.core.clock.now(),
                    );
                }
                other.into()
            }
        }
    }

    fn ended(&self, attachment: &Attachment, attempt: Attempt, led: Led) -> Ended {
        let digest = led.digest(&attempt.verdict).unwrap_or_default();
        // A pause counts from the time of day, also when the run goes by a later one because the clock was set back.
        let now = self.core.clock.now();
        let policy = Policy::from(attachment);
        let run = &self.ready.run;
        let after = after_attempt(run, attempt.number, &attempt.verdict, digest, policy, now);
        Ended {
            ready: self.ready.clone(),
            attempt,
            after,
        }
    }

    async fn submit(&self, proposal: Proposal) -> Step {
        self.propose(proposal).await.into()
    }

    async fn propose(&self, proposal: Proposal) -> Result<(), CommitError> {
        let stored = match &self.turn {
            Some(turn) => turn.submit(self.core, proposal).await,
            None => self.core.submit(proposal).await,
        };
        stored.map(drop)
    }
}

/// A failpoint: the host dies when it is about to run the robot that this variable names. Not in a release.
#[cfg(debug_assertions)]
fn die_where_told(robot: &Robot) {
    let told = std::env::var_os("FAILPOINT_ABORT_ROBOT");
    if told.is_some_and(|id| id == robot.manifest().id.as_str()) {
        std::process::abort();
    }
}

fn refused(rejection: Rejection) -> Verdict {
    failed(
        rejection.code.as_str(),
        rejection.message,
        rejection.code.is_passing(),
    )
}

fn run_draft_of(session: Box<dyn Session>) -> Option<RunDraft> {
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
