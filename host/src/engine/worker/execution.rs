//! One execution of a run: whether it may start, the sandbox, and what is to be stored of it.

use std::sync::{Arc, OnceLock};

use signalbox_crm::attachment::{Attachment, Repeat};
use signalbox_crm::changes::{ChangeSet, RunChange};
use signalbox_crm::directory::Directory;
use signalbox_crm::event::{Fact, Origin};
use signalbox_crm::ids::{ConversationId, RequestId};
use signalbox_crm::item::Item;
use signalbox_crm::lifecycle::{Due, when_due};
use signalbox_crm::params::{self, ParamValue, Shown};
use signalbox_crm::people::Actor;
use signalbox_crm::quotas::Quotas;
use signalbox_crm::run::{Reason, RunState, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::{Invocation, Limits, Robot};

use super::recording::{DrawnUp, refused};
use super::{Step, failed};
use crate::engine::below::Below;
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};
use crate::engine::lanes::ReadyRun;
use crate::engine::robots::{LoadError, Robots};
use crate::engine::session::RunDraft;
use crate::engine::turn::Turn;

/// What an execution comes to.
pub(super) enum Drawn {
    /// This is to be stored.
    Up(Box<DrawnUp>),
    /// Nothing, for now.
    Not(Step),
}

/// What the sandbox needs for a run.
pub(super) struct Prepared {
    pub(super) robot: Arc<Robot>,
    pub(super) invocation: Invocation,
    pub(super) values: Vec<(String, ParamValue)>,
    pub(super) session: RunDraft,
    pub(super) started_at: Timestamp,
}

/// Why a run does not reach the sandbox.
pub(super) enum Unprepared {
    /// It fails at once.
    Fails(Box<Draft>, Verdict),
    /// The database is away.
    Waits,
}

/// One execution of a run, in a draft on top of the last commit and of what is not stored yet.
pub(super) struct Execution<'a> {
    pub(super) core: &'a SharedCore,
    pub(super) robots: &'a Robots,
    pub(super) ready: &'a ReadyRun,
    /// Of the worker.
    pub(super) number: usize,
    /// While it lasts nobody else commits.
    pub(super) turn: Option<Turn>,
    /// What is stored together with the run, before it.
    pub(super) below: Arc<Below>,
    /// What the run may use.
    pub(super) limits: Limits,
    /// When the run may start by its attachment's rate: taken once, however often it is executed.
    pub(super) slot: &'a OnceLock<Timestamp>,
}

impl Execution<'_> {
    /// Executes the run, unless it may not start now, and stores what that comes to.
    pub(super) async fn run(&self) -> Step {
        match self.draw_up().await {
            Drawn::Up(drawn) => self.store(*drawn).await,
            Drawn::Not(step) => step,
        }
    }

    /// Executes the run, unless it may not start now.
    pub(super) async fn draw_up(&self) -> Drawn {
        let mut draft = self.draft();
        let attachment = draft
            .directory
            .attachments
            .get(&self.ready.run.attachment)
            .cloned();
        let item = match self.item_of(&mut draft).await {
            Ok(item) => item,
            Err(_) => return Drawn::Not(Step::Wait),
        };
        match self.decide(&draft, attachment.as_deref(), item.as_ref()).await {
            Ok(Due::Start) => {}
            Ok(Due::Cancel(reason, detail)) => {
                return self.change(draft, RunState::Cancelled, reason, detail, None);
            }
            Ok(Due::Defer(until, reason)) => {
                return self.change(draft, RunState::Scheduled, reason, None, Some(until));
            }
            Err(_) => return Drawn::Not(Step::Wait),
        }
        match attachment {
            Some(attachment) => self.start(draft, attachment, item).await,
            None => Drawn::Not(Step::Done),
        }
    }

    /// A draft in the robot's name.
    pub(super) fn draft(&self) -> Draft {
        let ReadyRun { run, event } = self.ready;
        let mut draft = Draft::on_top(self.core, Actor::System, Arc::clone(&self.below));
        // A clock that was set back: what a run does is not older than what started it, nor than its time.
        draft.now = draft.now.max(event.at).max(run.due_at.unwrap_or(event.at));
        draft.actor = self.actor(&draft.directory);
        draft.origin = Origin {
            root: Some(event.root),
            depth: event.depth + 1,
            run: Some(run.id),
        };
        draft
    }

    /// The robot, by the version that the set-up has.
    pub(super) fn actor(&self, directory: &Directory) -> Actor {
        let run = &self.ready.run;
        let attachment = directory.attachments.get(&run.attachment);
        let version = attachment.and_then(|attachment| directory.robots.get(&attachment.digest));
        let robot = version.map(|v| v.manifest.label()).unwrap_or_default();
        Actor::Robot { robot, run: run.id }
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
            && answered_by(&self.ready.event.fact).is_none()
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
    fn change(
        &self,
        draft: Draft,
        to: RunState,
        reason: Reason,
        detail: Option<String>,
        due_at: Option<Timestamp>,
    ) -> Drawn {
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
        let record = None;
        Drawn::Up(Box::new(DrawnUp { proposal, record }))
    }

    async fn start(&self, draft: Draft, attachment: Arc<Attachment>, item: Option<Item>) -> Drawn {
        let prepared = match self.prepare(draft, &attachment, item).await {
            Ok(prepared) => *prepared,
            Err(Unprepared::Fails(draft, verdict)) => return self.record(*draft, attachment, verdict),
            Err(Unprepared::Waits) => return Drawn::Not(Step::Wait),
        };
        let Prepared {
            robot,
            invocation,
            values,
            session,
            started_at,
        } = prepared;
        let sandbox = self.robots.sandbox();
        let stay = self.core.inflight.enter(self.number, self.ready.run.id).await;
        #[cfg(debug_assertions)]
        die_where_told(&robot);
        let report = sandbox
            .run(&robot, invocation, values, Box::new(session), self.limits)
            .await;
        drop(stay);
        self.finish(attachment, &robot, started_at, report)
    }

    /// Makes what the sandbox needs.
    pub(super) async fn prepare(
        &self,
        mut draft: Draft,
        attachment: &Arc<Attachment>,
        item: Option<Item>,
    ) -> Result<Box<Prepared>, Unprepared> {
        let robot = match self.robots.get(&self.core.db, &attachment.digest).await {
            Ok(robot) => robot,
            Err(LoadError::Db(error)) if error.is_passing() => return Err(Unprepared::Waits),
            Err(error) => {
                let verdict = failed("broken", error.to_string(), false);
                return Err(Unprepared::Fails(Box::new(draft), verdict));
            }
        };
        let values = match self.params(&mut draft, attachment, &robot, item.as_ref()).await {
            Ok(values) => values,
            Err(DraftError::Rejected(rejection)) => {
                return Err(Unprepared::Fails(Box::new(draft), refused(rejection)));
            }
            Err(_) => return Err(Unprepared::Waits),
        };
        let ReadyRun { run, event } = self.ready;
        let invocation = Invocation {
            run: run.id,
            attachment: attachment.id,
            attempt: run.attempt_count + 1,
            item: run.item,
            event: event.id,
            happened_at: event.at,
            cause: event.fact.clone(),
        };
        let started_at = draft.now;
        let subject = item.map(|item| (item.id, item.stage_entry));
        let conversation = conversation_of(&event.fact);
        let mut session = RunDraft::new(draft, Arc::clone(attachment), subject, conversation);
        session.answered = answered_by(&event.fact);
        session.quotas = Quotas::HOST.narrowed(&robot.manifest().limits);
        session.draft.overrides_required_fields = attachment.overrides_required_fields;
        Ok(Box::new(Prepared {
            robot,
            invocation,
            values,
            session,
            started_at,
        }))
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
}

/// A failpoint: the host dies when it is about to run the robot that this variable names. Not in a release.
#[cfg(debug_assertions)]
fn die_where_told(robot: &Robot) {
    let told = std::env::var_os("FAILPOINT_ABORT_ROBOT");
    if told.is_some_and(|id| id == robot.manifest().id.as_str()) {
        std::process::abort();
    }
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

/// The request whose answer starts the run.
pub(in crate::engine) fn answered_by(fact: &Fact) -> Option<RequestId> {
    match fact {
        Fact::HttpResponse { request, .. } => Some(*request),
        _ => None,
    }
}

fn mentions_contact(attachment: &Attachment) -> bool {
    attachment
        .params
        .values()
        .any(|value| value.to_string().contains("{=Contact:"))
}
