//! The record of an attempt, and its way into the database.

use std::any::Any;
use std::sync::Arc;

use signalbox_crm::attachment::Attachment;
use signalbox_crm::breaker::Outcome;
use signalbox_crm::changes::ChangeSet;
use signalbox_crm::lifecycle::after_attempt;
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::retry::Policy;
use signalbox_crm::run::{Attempt, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::session::Session;
use signalbox_sandbox::{Robot, RunReport};

use super::execution::{Drawn, Execution};
use super::{Step, failed};
use crate::engine::committer::{CommitError, Ended, Proposal};
use crate::engine::cost::cost_us;
use crate::engine::draft::Draft;
use crate::engine::effects;
use crate::engine::fail_digest::Led;
use crate::engine::session::RunDraft;

/// What is to be stored of an execution.
pub(super) struct DrawnUp {
    pub(super) proposal: Proposal,
    /// None when the run did not start.
    pub(super) record: Option<Record>,
}

/// An attempt that is about to be stored.
pub(super) struct Record {
    attachment: Arc<Attachment>,
    outcome: Outcome,
    /// What is stored instead when the commit refuses what only the commit decides.
    spare: Option<Box<(Proposal, Attempt)>>,
}

impl DrawnUp {
    /// Whether the robot did its work, or found nothing to do.
    pub(super) fn has_gone_well(&self) -> bool {
        let attempt = self.proposal.ended.as_ref().map(|ended| &ended.attempt);
        attempt.is_some_and(|attempt| !matches!(attempt.verdict, Verdict::Failed { .. }))
    }
}

impl Execution<'_> {
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
        let drawn = self.ended_with(proposal, Arc::clone(attachment), attempt, Led::default());
        self.store(drawn).await
    }

    /// Turns the sandbox's report into a proposal: the draft and the record, or the record alone.
    pub(super) fn finish(
        &self,
        attachment: Arc<Attachment>,
        robot: &Robot,
        started_at: Timestamp,
        report: RunReport,
    ) -> Drawn {
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
            return Drawn::Not(Step::Again);
        };
        // The robot is not to blame: nothing is recorded, and it is executed again when the database is back.
        if session.is_cut_off {
            return Drawn::Not(Step::Wait);
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
            ..self.empty_attempt(&attachment, verdict, started_at)
        };
        self.core
            .denials
            .note(&attachment, self.ready.run.id, &attempt.calls);
        let mut proposal = draft.into_proposal();
        if !is_kept {
            proposal.changes = ChangeSet::default();
        }
        Drawn::Up(Box::new(self.ended_with(proposal, attachment, attempt, led)))
    }

    /// Records an attempt that did not reach the sandbox.
    pub(super) fn record(&self, draft: Draft, attachment: Arc<Attachment>, verdict: Verdict) -> Drawn {
        let attempt = self.empty_attempt(&attachment, verdict, draft.now);
        let mut proposal = draft.into_proposal();
        proposal.changes = ChangeSet::default();
        let drawn = self.ended_with(proposal, attachment, attempt, Led::default());
        Drawn::Up(Box::new(drawn))
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

    /// The proposal with the record of the attempt.
    fn ended_with(
        &self,
        mut proposal: Proposal,
        attachment: Arc<Attachment>,
        attempt: Attempt,
        led: Led,
    ) -> DrawnUp {
        let outcome = Outcome::from(&attempt.verdict);
        let is_decided_later = !proposal.changes.assignments.is_empty();
        let spare = is_decided_later.then(|| Box::new((without_changes(&proposal), attempt.clone())));
        proposal.ended = Some(self.ended(&attachment, attempt, led));
        let record = Record {
            attachment,
            outcome,
            spare,
        };
        DrawnUp {
            proposal,
            record: Some(record),
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

    /// Stores what was drawn up.
    pub(super) async fn store(&self, drawn: DrawnUp) -> Step {
        let answer = self.propose(drawn.proposal).await;
        self.conclude(drawn.record, answer).await
    }

    /// What follows from the answer of the committer; when a rule refuses the proposal there, that is recorded.
    pub(super) async fn conclude(&self, record: Option<Record>, answer: Result<(), CommitError>) -> Step {
        let Some(record) = record else {
            return answer.into();
        };
        match (answer, record.spare) {
            (Err(CommitError::Rejected(rejection)), Some(spare)) => {
                let (mut proposal, mut attempt) = *spare;
                attempt.verdict = refused(rejection);
                attempt.effects = "[]".to_owned();
                proposal.ended = Some(self.ended(&record.attachment, attempt, Led::default()));
                self.propose(proposal).await.into()
            }
            (answer, _) => {
                if answer.is_ok() {
                    let now = self.core.clock.now();
                    let digest = &record.attachment.digest;
                    let breakers = &self.core.breakers;
                    breakers.note(digest, &self.ready.run, record.outcome, now);
                }
                answer.into()
            }
        }
    }

    async fn propose(&self, proposal: Proposal) -> Result<(), CommitError> {
        let stored = match &self.turn {
            Some(turn) => turn.submit(self.core, proposal).await,
            None => self.core.submit(proposal).await,
        };
        stored.map(drop)
    }
}

/// A verdict of the host: a rule says no.
pub(super) fn refused(rejection: Rejection) -> Verdict {
    failed(
        rejection.code.as_str(),
        rejection.message.english(),
        rejection.code.is_passing(),
    )
}

/// The draft, back from the sandbox.
pub(super) fn run_draft_of(session: Box<dyn Session>) -> Option<RunDraft> {
    let any: Box<dyn Any> = session;
    any.downcast::<RunDraft>().ok().map(|run| *run)
}

/// What is left of a run that fails at commit.
fn without_changes(proposal: &Proposal) -> Proposal {
    Proposal {
        origin: proposal.origin,
        reads: proposal.reads.clone(),
        as_of: proposal.as_of,
        ..Proposal::new(proposal.at, proposal.actor.clone())
    }
}
