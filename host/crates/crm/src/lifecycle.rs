//! What becomes of a run: before it starts, and after an attempt.

use crate::attachment::{Attachment, CancelOn, Window};
use crate::calendar::WorkCalendar;
use crate::item::Item;
use crate::retry::{self, Policy, Retry};
use crate::run::{Failures, Reason, Run, RunState, Verdict};
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
    if attachment.window == Window::Working {
        match closed_until(calendar, now) {
            Ok(None) => {}
            Ok(Some(until)) => return Due::Defer(until, Reason::OutsideWindow),
            Err(why) => return Due::Cancel(Reason::Broken, Some(why)),
        }
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

/// When working time begins, if it is not now. A calendar that cannot say is no reason to run at any time.
pub(crate) fn closed_until(
    calendar: Option<&WorkCalendar>,
    now: Timestamp,
) -> Result<Option<Timestamp>, String> {
    let calendar = calendar.ok_or("there is no calendar for its window of working time")?;
    if calendar.is_working(now) {
        return Ok(None);
    }
    calendar
        .next_working(now)
        .map(Some)
        .map_err(|error| error.to_string())
}

/// A run after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// The new state.
    pub state: RunState,
    /// Why.
    pub reason: Option<Reason>,
    /// More words.
    pub detail: Option<String>,
    /// When the next attempt may start.
    pub due_at: Option<Timestamp>,
    /// What it remembers of its failures.
    pub failures: Failures,
}

/// Decides what follows from attempt number `number` of `run`. `digest` is that of a failure and of what led to it.
pub fn after_attempt(
    run: &Run,
    number: u32,
    verdict: &Verdict,
    digest: String,
    policy: Policy,
    now: Timestamp,
) -> After {
    let Verdict::Failed { code, retryable, .. } = verdict else {
        return After {
            state: RunState::Completed,
            reason: None,
            detail: None,
            due_at: None,
            failures: Failures::default(),
        };
    };
    let failures = run.failures.after(digest);
    let failed = retry::Failed {
        code,
        retryable: *retryable,
        number,
        failures: &failures,
    };
    let seed = u64::from_ne_bytes(run.id.0.to_ne_bytes()) ^ u64::from(number);
    match retry::after_failure(failed, policy, now, seed) {
        Retry::At(due_at) => After {
            state: RunState::Retryable,
            reason: Some(Reason::Failed),
            detail: None,
            due_at: Some(due_at),
            failures,
        },
        Retry::Never(reason, detail) => After {
            state: RunState::Discarded,
            reason: Some(reason),
            detail,
            due_at: None,
            failures,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture::{World, at, attachment, deal};
    use crate::ids::{AttachmentId, EventId, RunId};

    const EVENING: &str = "2026-03-06T15:30:00Z";

    fn run() -> Run {
        Run {
            id: RunId(1),
            event: EventId(1),
            attachment: AttachmentId(1),
            item: Some(deal().id),
            stage_entry: Some(1),
            cancel_on: CancelOn::LeaveStage,
            state: RunState::Scheduled,
            reason: Some(Reason::Delay),
            detail: None,
            due_at: Some(at("2026-03-02T11:20:00Z")),
            after: None,
            timer_key: None,
            attempt_count: 0,
            failures: Failures::default(),
            created_at: at("2026-03-02T11:20:00Z"),
            finished_at: None,
        }
    }

    fn due(run: &Run, attachment: &Attachment, item: Option<&Item>, now: &str) -> Due {
        let world = World::new();
        let calendar = world.directory.work_calendar(None).expect("a calendar");
        when_due(run, Some(attachment), item, Some(calendar), at(now))
    }

    #[test]
    fn a_run_starts_when_nothing_is_against_it() {
        assert_eq!(due(&run(), &attachment(1), Some(&deal()), EVENING), Due::Start);
    }

    #[test]
    fn a_run_whose_surroundings_are_gone_says_which() {
        let gone = when_due(&run(), None, Some(&deal()), None, at(EVENING));
        assert_eq!(
            gone,
            Due::Cancel(Reason::Gone, Some("attachment:1 was removed".to_owned()))
        );
        let gone = due(&run(), &attachment(1), None, EVENING);
        assert_eq!(
            gone,
            Due::Cancel(Reason::Gone, Some("deal:7 was removed".to_owned()))
        );
        let off = Attachment {
            is_enabled: false,
            ..attachment(1)
        };
        assert_eq!(
            due(&run(), &off, Some(&deal()), EVENING),
            Due::Cancel(Reason::AttachmentOff, None)
        );
    }

    #[test]
    fn a_stale_stage_entry_never_runs_even_when_the_item_is_back() {
        let back = Item {
            stage_entry: 3,
            ..deal()
        };
        assert_eq!(
            due(&run(), &attachment(1), Some(&back), EVENING),
            Due::Cancel(Reason::LeftStage, None)
        );
        let stays = Run {
            cancel_on: CancelOn::Never,
            ..run()
        };
        assert_eq!(due(&stays, &attachment(1), Some(&back), EVENING), Due::Start);
    }

    #[test]
    fn a_deal_that_was_closed_later_cancels_and_one_that_was_closed_by_the_same_move_does_not() {
        let run = Run {
            cancel_on: CancelOn::Closed,
            ..run()
        };
        let closed = |at| Item {
            closed_at: Some(at),
            ..deal()
        };
        assert_eq!(
            due(&run, &attachment(1), Some(&closed(run.created_at)), EVENING),
            Due::Start
        );
        let later = closed(at("2026-03-02T11:20:01Z"));
        assert_eq!(
            due(&run, &attachment(1), Some(&later), EVENING),
            Due::Cancel(Reason::ItemClosed, None)
        );
    }

    #[test]
    fn outside_the_window_a_run_is_deferred_over_weekend_and_holiday_and_not_dropped() {
        let window = Attachment {
            window: Window::Working,
            ..attachment(1)
        };
        let tuesday = at("2026-03-10T06:00:00Z");
        assert_eq!(
            due(&run(), &window, Some(&deal()), EVENING),
            Due::Defer(tuesday, Reason::OutsideWindow)
        );
        assert_eq!(
            due(&run(), &window, Some(&deal()), "2026-03-10T06:00:00Z"),
            Due::Start
        );
    }

    #[test]
    fn the_condition_is_looked_at_last_and_its_sentence_kept() {
        let test = json!({"any": [[{"field": "amount", "op": "filled"}]]});
        let condition = serde_json::from_value(test).expect("a condition");
        let wanted = Attachment {
            window: Window::Working,
            condition,
            ..attachment(1)
        };
        assert!(matches!(
            due(&run(), &wanted, Some(&deal()), EVENING),
            Due::Defer(..)
        ));
        let why = |text: &str| Due::Cancel(Reason::ConditionFalse, Some(text.to_owned()));
        let working = "2026-03-06T09:00:00Z";
        assert_eq!(
            due(&run(), &wanted, Some(&deal()), working),
            why("amount is empty, wanted filled")
        );
        let free = Run { item: None, ..run() };
        assert_eq!(due(&free, &wanted, None, working), why("the run has no item"));
    }

    fn after(run: &Run, number: u32, verdict: &Verdict) -> After {
        let policy = Policy::from(&attachment(1));
        after_attempt(run, number, verdict, "d".to_owned(), policy, at(EVENING))
    }

    #[test]
    fn failures_are_tried_again_until_the_last_attempt() {
        let failed = Verdict::Failed {
            code: "x".to_owned(),
            message: String::new(),
            retryable: true,
        };
        let next = after(&run(), 1, &failed);
        assert_eq!(
            (next.state, next.reason),
            (RunState::Retryable, Some(Reason::Failed))
        );
        assert!(next.due_at.is_some());
        let end = after(&run(), 4, &failed);
        assert_eq!(
            (end.state, end.reason, end.due_at),
            (RunState::Discarded, Some(Reason::AttemptsUsedUp), None)
        );
    }

    #[test]
    fn equal_failures_are_counted_and_forgotten_when_the_robot_is_through() {
        let trap = Verdict::Failed {
            code: "trap".to_owned(),
            message: String::new(),
            retryable: false,
        };
        let mut run = run();
        for number in 1..=2 {
            let next = after(&run, number, &trap);
            assert_eq!(
                (next.state, next.failures.equal_count),
                (RunState::Retryable, number)
            );
            run.failures = next.failures;
        }
        let end = after(&run, 3, &trap);
        assert_eq!(
            (end.state, end.reason),
            (RunState::Discarded, Some(Reason::Deterministic))
        );
        let done = Verdict::Skipped {
            summary: String::new(),
        };
        let done = after(&run, 3, &done);
        assert_eq!(
            (done.state, done.failures),
            (RunState::Completed, Failures::default())
        );
    }
}
