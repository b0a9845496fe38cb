//! The account of a plan: nothing of a log is lost without a number.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The most unknown activities that one message lists.
const UNKNOWN_SHOWN_MAX: usize = 40;

/// What was read, and what became of it.
///
/// `event_count` is the sum of `mapped_count`, `ignored_count` and the counts in `unknown`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Cases in the log.
    pub case_count: u64,
    /// Cases without any event: they have no time, and make no deal.
    pub empty_case_count: u64,
    /// Events in the log.
    pub event_count: u64,
    /// Events that the mapping gives a meaning.
    pub mapped_count: u64,
    /// Events that the mapping ignores by name.
    pub ignored_count: u64,
    /// Events that the mapping does not name, by activity.
    pub unknown: Vec<Unknown>,
    /// Moves to another stage, by the key of the stage that was entered.
    pub stage_entries: BTreeMap<String, u64>,
    /// Stage events that found the deal in their stage already.
    pub reentry_count: u64,
    /// Moves to an earlier open stage that were followed.
    pub backward_count: u64,
    /// Moves that the pipeline's `backward` or `reopen` forbids.
    pub refused_move_count: u64,
    /// Activities that were created.
    pub planned_count: u64,
    /// Those of them that work began on, or was completed on, without a plan.
    pub unplanned_work_count: u64,
    /// Activities that were completed.
    pub completed_count: u64,
    /// People in the plan.
    pub employee_count: u64,
    /// Steps of the plan.
    pub step_count: u64,
    /// The instant of the first step.
    pub first_at: Option<Timestamp>,
    /// The instant of the last step.
    pub last_at: Option<Timestamp>,
}

/// An activity that the mapping does not name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// Its name in the log.
    pub activity: String,
    /// The transition.
    pub transition: String,
    /// How often it occurs.
    pub count: u64,
}

/// Unknown activities, a line each.
pub(super) fn list(unknown: &[Unknown]) -> String {
    let mut text = String::new();
    for Unknown {
        activity,
        transition,
        count,
    } in unknown.iter().take(UNKNOWN_SHOWN_MAX)
    {
        text.push_str(&format!(
            "\n  `{activity}` (transition `{transition}`): {count} events"
        ));
    }
    if unknown.len() > UNKNOWN_SHOWN_MAX {
        text.push_str(&format!("\n  and {} more", unknown.len() - UNKNOWN_SHOWN_MAX));
    }
    text
}
