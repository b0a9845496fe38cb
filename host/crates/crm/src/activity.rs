//! Activities: work with a deadline.

use serde::{Deserialize, Serialize};

use crate::ids::{ActivityId, EmployeeId, ItemId};
use crate::time::Timestamp;

/// The kind of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivityKind {
    /// Anything.
    Todo,
    /// A call, at most 15 minutes.
    Call,
    /// A meeting, at most 1 hour.
    Meeting,
    /// A letter.
    Mail,
}

impl ActivityKind {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ActivityKind::Todo => "todo",
            ActivityKind::Call => "call",
            ActivityKind::Meeting => "meeting",
            ActivityKind::Mail => "mail",
        }
    }
}

/// Where an activity stands. That it is overdue follows from its deadline and is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActivityState {
    /// To be done.
    Open,
    /// Done.
    Completed,
    /// Not to be done any more.
    Cancelled,
}

impl ActivityState {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ActivityState::Open => "open",
            ActivityState::Completed => "completed",
            ActivityState::Cancelled => "cancelled",
        }
    }
}

/// Work with a deadline, on an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// The id.
    pub id: ActivityId,
    /// Its item.
    pub item: ItemId,
    /// What kind of work.
    pub kind: ActivityKind,
    /// What is to be done.
    pub title: String,
    /// More words.
    pub description: String,
    /// Until when.
    pub deadline_at: Timestamp,
    /// Planned duration, in seconds.
    pub duration_s: Option<u32>,
    /// Who.
    pub assignee: Option<EmployeeId>,
    /// Reminders, in minutes before the deadline, largest first.
    pub reminders_min: Vec<u32>,
    /// Where it stands.
    pub state: ActivityState,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was completed or cancelled.
    pub finished_at: Option<Timestamp>,
    /// Grows by one with each run and each request that changes it.
    pub version: i64,
}
