//! Notifications, timeline entries and history rows.

use crate::ids::{EmployeeId, ItemId, NotificationId, RunId};
use crate::time::Timestamp;

/// Something that an employee should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The id.
    pub id: NotificationId,
    /// Who is told.
    pub employee: EmployeeId,
    /// A short line.
    pub title: String,
    /// More words.
    pub text: String,
    /// The item that it is about.
    pub item: Option<ItemId>,
    /// A new notification replaces the unread one with the same tag and recipient.
    pub tag: Option<String>,
    /// The run that sent it.
    pub run: Option<RunId>,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it was read.
    pub read_at: Option<Timestamp>,
}

/// A note on an item, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The item.
    pub item: ItemId,
    /// When.
    pub at: Timestamp,
    /// What kind of note: `comment`, `call`, `note`.
    pub kind: String,
    /// The words.
    pub text: String,
    /// Who wrote it, as the history writes actors.
    pub actor: String,
    /// The run that wrote it.
    pub run: Option<RunId>,
}

/// Who changed what, when, from what to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// What was changed: `deal:17`, `contact:4`, `employee:2`.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// Who: `employee:3`, `robot:notify@1.0.0`, `channel:1`, `system`.
    pub actor: String,
    /// The run, if a robot did it.
    pub run: Option<RunId>,
    /// What: `created`, `viewed`, or the field's key.
    pub what: String,
    /// The old value.
    pub before: Option<String>,
    /// The new value.
    pub after: Option<String>,
}
