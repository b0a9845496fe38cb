//! What the sandbox asks of the host while a robot runs.

use async_trait::async_trait;
use signalbox_crm::activity::{Activity, ActivityKind};
use signalbox_crm::changes::Distribution;
use signalbox_crm::conversation::Conversation;
use signalbox_crm::ids::{
    ActivityId, ConversationId, EmployeeId, ItemId, MessageId, NotificationId, StageId,
};
use signalbox_crm::item::Item;
use signalbox_crm::people::Employee;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::time::Timestamp;

/// Why a host call did not do what the robot asked.
#[derive(Debug)]
pub enum CallError {
    /// A rule says no: the robot gets an error result.
    Rejected(Rejection),
    /// The host cannot answer, for example because the database is gone: the run ends and is tried again.
    Host(String),
}

impl From<Rejection> for CallError {
    fn from(rejection: Rejection) -> Self {
        CallError::Rejected(rejection)
    }
}

/// The answer to a host call.
pub type Answer<T> = Result<T, CallError>;

/// An activity that a robot plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewActivity {
    /// The kind.
    pub kind: ActivityKind,
    /// The default title without one.
    pub title: Option<String>,
    /// More words.
    pub description: Option<String>,
    /// An instant or a rule such as `+3d`; the default rule without one.
    pub deadline: Option<String>,
    /// Planned duration, in seconds.
    pub duration_s: Option<u32>,
    /// The item's assignee without one.
    pub assignee: Option<EmployeeId>,
    /// Minutes before the deadline.
    pub reminders_min: Vec<u32>,
}

/// A notification that a robot sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// `employee:3`, `role:assignee`, `role:head`.
    pub to: Vec<String>,
    /// A short line.
    pub title: String,
    /// More words.
    pub text: String,
    /// Replaces the unread one with the same tag.
    pub tag: Option<String>,
}

/// What a stage move did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// The item is in the stage now.
    Moved,
    /// It was there already.
    AlreadyThere,
}

/// The draft behind the host functions: it answers reads, checks grants and rules, and stages changes.
#[async_trait]
pub trait Session: Send + std::any::Any {
    /// The run's logical time.
    fn now(&self) -> Timestamp;
    /// `items.get`.
    async fn item(&mut self, item: ItemId) -> Answer<Item>;
    /// `stages.move`.
    async fn move_item(&mut self, item: ItemId, stage: StageId, allow_back: bool) -> Answer<Moved>;
    /// `assignment.assign`.
    async fn assign(&mut self, item: ItemId, employee: EmployeeId) -> Answer<()>;
    /// `assignment.assign-from-list`.
    async fn assign_from_list(
        &mut self,
        item: ItemId,
        candidates: Vec<EmployeeId>,
        distribution: Distribution,
        skip_absent: bool,
    ) -> Answer<()>;
    /// `activities.create`.
    async fn create_activity(&mut self, item: ItemId, activity: NewActivity) -> Answer<ActivityId>;
    /// `activities.list-open`.
    async fn open_activities(&mut self, item: ItemId) -> Answer<Vec<Activity>>;
    /// `notifications.send`.
    async fn notify(&mut self, notification: NewNotification) -> Answer<Vec<NotificationId>>;
    /// `conversations.get`.
    async fn conversation(&mut self, conversation: ConversationId) -> Answer<Conversation>;
    /// `messaging.reply`.
    async fn reply(&mut self, conversation: ConversationId, text: String) -> Answer<MessageId>;
    /// `employees.get`; the flag says whether the person is available now.
    async fn employee(&mut self, employee: EmployeeId) -> Answer<(Employee, bool)>;
    /// `calendar.is-working`.
    async fn is_working(&mut self, at: Timestamp) -> Answer<bool>;
    /// `calendar.add-working`.
    async fn add_working(&mut self, start: Timestamp, seconds: u32) -> Answer<Timestamp>;
    /// `timers.set`.
    async fn set_timer(&mut self, key: String, at: Timestamp, payload: String) -> Answer<()>;
    /// `timers.cancel`: whether there was one.
    async fn cancel_timer(&mut self, key: String) -> Answer<bool>;
}
