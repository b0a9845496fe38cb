//! Which runs an event starts. Called inside the commit that makes the event.

use std::sync::Arc;
use std::time::Duration;

use crate::attachment::{Attachment, CancelOn, Missed, Mode, Moment, OnError, Timing};
use crate::backoff::part_of;
use crate::directory::Directory;
use crate::event::{Event, Fact};
use crate::ids::{IdKind, RunId};
use crate::item::Item;
use crate::loop_guard::LoopGuard;
use crate::missed;
use crate::rejection::Rejection;
use crate::run::{Failures, Reason, Run, RunState};
use crate::time::Timestamp;
use crate::value::FieldValue;
use trigger::Triggers;

mod trigger;

#[cfg(test)]
mod tests;

/// The robot behind Bitrix24-style triggers: attached to an event, it moves the item to a stage.
pub const MOVE_STAGE: &str = "move-stage";

/// What matching needs to know.
pub struct Matcher<'a> {
    /// The set-up.
    pub directory: &'a Directory,
    /// The time of the commit.
    pub now: Timestamp,
    /// Gives out a number that nobody else gets.
    pub new_id: &'a (dyn Fn(IdKind) -> i64 + Sync),
    /// Counts the runs of each chain.
    pub guard: &'a mut LoopGuard,
}

impl Matcher<'_> {
    /// The runs that the event starts, in list order: also those that will never run, with their reason.
    pub fn runs_for(&mut self, event: &Event, item: Option<&Item>) -> Vec<Run> {
        let matched = matching(self.directory, event, item);
        let triggers = Triggers::of(self.directory, &matched, item);
        let mut runs: Vec<Run> = Vec::with_capacity(matched.len());
        let mut chain = Chain::Free;
        for attachment in matched {
            let mut run = self.new_run(event, &attachment, item);
            match chain {
                Chain::After(id) if attachment.mode == Mode::AfterPrevious => wait_for(&mut run, id),
                Chain::Stopped(id) if attachment.mode == Mode::AfterPrevious => {
                    cancel(
                        &mut run,
                        Reason::ChainStopped,
                        Some(format!("{id} cannot run")),
                        self.now,
                    );
                }
                Chain::Free | Chain::After(_) | Chain::Stopped(_) => {
                    self.time(&mut run, event, &attachment, item);
                }
            }
            if let Some(why) = triggers.lost(attachment.id) {
                cancel(&mut run, Reason::EarlierStageWins, Some(why), self.now);
            }
            if let Fact::ScheduleMissed { why, .. } = &event.fact {
                cancel(&mut run, Reason::Missed, Some(why.clone()), self.now);
            }
            self.check(&mut run, event, &attachment);
            chain = chain.with(&run, &attachment);
            runs.push(run);
        }
        runs
    }

    fn new_run(&self, event: &Event, attachment: &Attachment, item: Option<&Item>) -> Run {
        Run {
            id: RunId((self.new_id)(IdKind::Run)),
            event: event.id,
            attachment: attachment.id,
            item: event.item,
            stage_entry: match event.fact {
                // An answer that comes too late belongs to the stage entry in which the robot asked.
                Fact::HttpResponse { stage_entry, .. } => stage_entry,
                _ => item.map(|item| item.stage_entry),
            },
            cancel_on: if event.item.is_some() {
                attachment.cancel_on
            } else {
                CancelOn::Never
            },
            state: RunState::Available,
            reason: None,
            detail: None,
            due_at: Some(self.now),
            after: None,
            timer_key: None,
            attempt_count: 0,
            failures: Failures::default(),
            created_at: self.now,
            finished_at: None,
        }
    }

    /// Gives the run its time. The attachment's timing counts from its moment: an answer or a wake-up has waited already,
    /// and a person who starts a robot by hand means now.
    fn time(&self, run: &mut Run, event: &Event, attachment: &Attachment, item: Option<&Item>) {
        if matches!(
            event.fact,
            Fact::HttpResponse { .. }
                | Fact::TimerFired { .. }
                | Fact::ManualRun { .. }
                | Fact::BulkRun { .. }
        ) {
            return;
        }
        let start = start(self.directory, attachment, item, self.now);
        match start.later(spread(event, attachment), self.now) {
            Start::Now => {}
            Start::At(at) => {
                run.state = RunState::Scheduled;
                run.reason = Some(Reason::Delay);
                run.due_at = Some(at);
            }
            Start::WaitsForField => {
                run.state = RunState::Scheduled;
                run.reason = Some(Reason::WaitingForField);
                run.due_at = None;
            }
            Start::Never(reason, why) => cancel(run, reason, Some(why), self.now),
        }
    }

    /// Stops a run that must not start at all: an attachment that is off, a robot that is gone, and loops.
    fn check(&mut self, run: &mut Run, event: &Event, attachment: &Attachment) {
        if run.state.is_final() {
            return;
        }
        if !attachment.is_enabled {
            return cancel(run, Reason::AttachmentOff, None, self.now);
        }
        if !self.directory.robots.contains_key(&attachment.digest) {
            let detail = format!(
                "robot `{}` ({}) is not installed",
                attachment.robot, attachment.digest
            );
            return cancel(run, Reason::Broken, Some(detail), self.now);
        }
        if let Err(stopped) = self
            .guard
            .admit(event.root, event.depth, attachment.id, event.item)
        {
            let names: Vec<String> = stopped.attachments.iter().map(|id| self.name(*id)).collect();
            run.state = RunState::Discarded;
            run.reason = Some(Reason::LoopStopped);
            run.detail = Some(format!(
                "limit on {}; in the chain: {}",
                stopped.limit,
                names.join(", ")
            ));
            run.finished_at = Some(self.now);
        }
    }

    fn name(&self, id: crate::ids::AttachmentId) -> String {
        match self.directory.attachments.get(&id) {
            Some(attachment) => format!("{id} ({}: {})", attachment.robot, attachment.title),
            None => id.to_string(),
        }
    }
}

fn wait_for(run: &mut Run, after: RunId) {
    run.state = RunState::Scheduled;
    run.reason = Some(Reason::AfterPrevious);
    run.after = Some(after);
    run.due_at = None;
}

fn cancel(run: &mut Run, reason: Reason, detail: Option<String>, now: Timestamp) {
    run.state = RunState::Cancelled;
    run.reason = Some(reason);
    run.detail = detail;
    run.finished_at = Some(now);
}

/// When a run starts, by the timing of its attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At once.
    Now,
    /// Later.
    At(Timestamp),
    /// When its date field is filled.
    WaitsForField,
    /// It cannot: the reason, and more words about it.
    Never(Reason, String),
}

/// When a run of the attachment starts, counted from `now`.
pub fn start(directory: &Directory, attachment: &Attachment, item: Option<&Item>, now: Timestamp) -> Start {
    match due_at(directory, attachment, item, now) {
        Err(rejection) => Start::Never(Reason::Broken, rejection.message.english()),
        Ok(None) => Start::WaitsForField,
        Ok(Some(at)) if at > now => Start::At(at),
        Ok(Some(at)) if at < now && attachment.missed == Missed::Skip => {
            Start::Never(Reason::Missed, format!("it was due at {at}"))
        }
        Ok(Some(at)) => match missed::given_up(attachment, at, now) {
            Some(why) => Start::Never(Reason::Missed, why),
            None => Start::Now,
        },
    }
}

impl Start {
    /// The same, so much later.
    fn later(self, by: Duration, now: Timestamp) -> Start {
        let later = |at: Timestamp| Start::At(at.plus(by).unwrap_or(Timestamp::MAX));
        match self {
            Start::Now if !by.is_zero() => later(now),
            Start::At(at) => later(at),
            same @ (Start::Now | Start::WaitsForField | Start::Never(..)) => same,
        }
    }
}

/// How long after the tick of its schedule the run for an item begins.
fn spread(event: &Event, attachment: &Attachment) -> Duration {
    match (&event.fact, &attachment.moment, event.item) {
        (
            Fact::ScheduleTicked { .. },
            Moment::Schedule {
                items: Some(query), ..
            },
            Some(item),
        ) => {
            let window = Duration::from_secs(u64::from(query.spread_s));
            part_of(window, u64::from_ne_bytes(item.number.to_ne_bytes()))
        }
        _ => Duration::ZERO,
    }
}

fn due_at(
    directory: &Directory,
    attachment: &Attachment,
    item: Option<&Item>,
    now: Timestamp,
) -> Result<Option<Timestamp>, Rejection> {
    match &attachment.timing {
        Timing::Now => Ok(Some(now)),
        Timing::At { at } => Ok(Some(*at)),
        Timing::Delay { seconds, working } => {
            let delay = Duration::from_secs(u64::from(*seconds));
            if !working {
                return Ok(Some(now.plus(delay).unwrap_or(Timestamp::MAX)));
            }
            let calendar = directory.work_calendar(item.map(|item| item.pipeline))?;
            calendar
                .add_working(now, delay)
                .map(Some)
                .map_err(Rejection::invalid)
        }
        Timing::Relative { field, offset_s } => Ok(item.and_then(|item| relative(item, field, *offset_s))),
    }
}

/// The instant that lies so far before (negative) or after the item's date field; none while the field is empty.
pub fn relative(item: &Item, field: &str, offset_s: i64) -> Option<Timestamp> {
    let Some(FieldValue::Instant(at)) = item.field(field) else {
        return None;
    };
    let offset = offset_s.saturating_mul(1_000_000);
    Some(Timestamp::from_micros(at.micros().saturating_add(offset)))
}

fn matching(directory: &Directory, event: &Event, item: Option<&Item>) -> Vec<Arc<Attachment>> {
    let single = |id| directory.attachments.get(&id).cloned().into_iter().collect();
    match &event.fact {
        Fact::HttpResponse { attachment, .. }
        | Fact::TimerFired { attachment, .. }
        | Fact::ScheduleTicked { attachment, .. }
        | Fact::ScheduleMissed { attachment, .. }
        | Fact::ManualRun { attachment, .. }
        | Fact::BulkRun { attachment, .. } => return single(*attachment),
        _ => {}
    }
    let mut found: Vec<Arc<Attachment>> = Vec::new();
    if let Fact::StageEntered { stage, .. } = &event.fact {
        found.extend(
            directory
                .attachments_of(*stage)
                .iter()
                .filter(|a| a.is_enabled)
                .cloned(),
        );
    }
    let waiting = directory.event_attachments().iter();
    found.extend(
        waiting
            .filter(|a| a.is_enabled && waits_for(a, &event.fact, item))
            .cloned(),
    );
    found
}

/// Whether an attachment to an event waits for this one.
pub fn waits_for(attachment: &Attachment, fact: &Fact, item: Option<&Item>) -> bool {
    let Moment::Event {
        event,
        pipeline,
        stage,
        channel,
        fields,
    } = &attachment.moment
    else {
        return false;
    };
    let changed: &[String] = match fact {
        Fact::ItemChanged { fields } => fields,
        _ => &[],
    };
    *event == fact.kind()
        && pipeline.is_none_or(|id| item.is_some_and(|item| item.pipeline == id))
        && stage.is_none_or(|id| item.is_some_and(|item| item.stage == id))
        && channel.is_none_or(|id| fact.channel() == Some(id))
        && (fields.is_empty() || fields.iter().any(|key| changed.contains(key)))
}

/// What a robot in mode `after-previous` has before it. A run that is final already is waited for by nobody, or the
/// chain would stand still for ever.
#[derive(Clone, Copy)]
enum Chain {
    /// Nothing to wait for.
    Free,
    /// This run.
    After(RunId),
    /// This run cannot run, and its attachment stops the chain.
    Stopped(RunId),
}

impl Chain {
    fn with(self, run: &Run, attachment: &Attachment) -> Chain {
        if !run.state.is_final() {
            return Chain::After(run.id);
        }
        let is_failure = matches!(run.reason, Some(Reason::Broken | Reason::LoopStopped));
        if is_failure && attachment.on_error == OnError::StopChain {
            return Chain::Stopped(run.id);
        }
        self
    }
}
