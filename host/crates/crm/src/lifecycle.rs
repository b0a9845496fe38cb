//! What becomes of a run: before it starts, and after an attempt.

use crate::attachment::{Attachment, CancelOn, Window};
use crate::backoff::retry_delay;
use crate::calendar::WorkCalendar;
use crate::item::Item;
use crate::run::{Reason, Run, RunState, Verdict};
use crate::time::Timestamp;

/// What to do with a run that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Due {
    /// Execute it.
    Start,
    /// Never execute it.
    Cancel(Reason, Option<String>),
    /// Look again then.
    Defer(Timestamp, Reason),
}

/// Decides about a run that is due: first the time, then the condition, both against the present item.
pub fn when_due(
    run: &Run,
    attachment: Option<&Attachment>,
    item: Option<&Item>,
    calendar: Option<&WorkCalendar>,
    now: Timestamp,
) -> Due {
    let Some(attachment) = attachment else {
        return Due::Cancel(Reason::Gone, Some(format!("{} was removed", run.attachment)));
    };
    if !attachment.is_enabled {
        return Due::Cancel(Reason::AttachmentOff, None);
    }
    if let (Some(id), None) = (run.item, item) {
        return Due::Cancel(Reason::Gone, Some(format!("{id} was removed")));
    }
    if let Some(reason) = item.and_then(|item| outlived(run, item)) {
        return Due::Cancel(reason, None);
    }
    let closed = calendar.filter(|_| attachment.window == Window::Working);
    if let Some(until) = closed.and_then(|calendar| closed_until(calendar, now)) {
        return Due::Defer(until, Reason::OutsideWindow);
    }
    match item.map(|item| attachment.condition.check(item)) {
        Some(Err(why)) => Due::Cancel(Reason::ConditionFalse, Some(why)),
        None if !attachment.condition.any.is_empty() => {
            Due::Cancel(Reason::ConditionFalse, Some("the run has no item".to_owned()))
        }
        Some(Ok(())) | None => Due::Start,
    }
}

/// Why the item is past the run. The commit that moves the item cancels its runs; this is the second look.
fn outlived(run: &Run, item: &Item) -> Option<Reason> {
    let has_left = run.stage_entry.is_some_and(|entry| entry != item.stage_entry);
    let was_closed = item.closed_at.is_some_and(|at| at > run.created_at);
    match run.cancel_on {
        CancelOn::LeaveStage => has_left.then_some(Reason::LeftStage),
        CancelOn::Closed => was_closed.then_some(Reason::ItemClosed),
        CancelOn::LeavePipeline | CancelOn::Never => None,
    }
}

fn closed_until(calendar: &WorkCalendar, now: Timestamp) -> Option<Timestamp> {
    if calendar.is_working(now) {
        return None;
    }
    calendar.next_working(now).ok().filter(|next| *next > now)
}

/// The state of a run after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// The new state.
    pub state: RunState,
    /// Why.
    pub reason: Option<Reason>,
    /// When the next attempt may start.
    pub due_at: Option<Timestamp>,
}

/// Decides what follows from an attempt: `attempt` counts from 1, `seed` spreads retries.
pub fn after_attempt(attempt: u32, attempts_max: u32, verdict: &Verdict, now: Timestamp, seed: u64) -> After {
    match verdict {
        Verdict::Done { .. } | Verdict::Skipped { .. } => After {
            state: RunState::Completed,
            reason: None,
            due_at: None,
        },
        Verdict::Failed { retryable: true, .. } if attempt < attempts_max => After {
            state: RunState::Retryable,
            reason: Some(Reason::Failed),
            due_at: now.plus(retry_delay(attempt, seed)),
        },
        Verdict::Failed { .. } => After {
            state: RunState::Discarded,
            reason: Some(Reason::Failed),
            due_at: None,
        },
    }
}
