//! What the sandbox asks of the host while a robot runs.

use async_trait::async_trait;
use signalbox_crm::activity::{Activity, ActivityKind, ActivityState};
use signalbox_crm::changes::Distribution;
use signalbox_crm::contact::Contact;
use signalbox_crm::contacting::{ContactPatch, NewContact};
use signalbox_crm::conversation::{Conversation, Message};
use signalbox_crm::finding::ItemQuery;
use signalbox_crm::http_request::{Asked, HttpRequest};
use signalbox_crm::ids::{
    ActivityId, ContactId, ConversationId, EmployeeId, ItemId, MessageId, NotificationId, PipelineId,
    RequestId, StageId,
};
use signalbox_crm::item::Item;
use signalbox_crm::moving::NewItem;
use signalbox_crm::people::Employee;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::FieldValue;

/// Why a host call did not do what the robot asked.
#[derive(Debug)]
pub enum CallError {
    /// A rule says no: the robot gets an error result.
    Rejected(Rejection),
    /// The host cannot answer, for example because the database is gone: the run ends and is tried again.
    Host(String),
    /// Nobody is asked, the record of an earlier run has the answer. No session says this.
    Recorded,
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

/// A field with its value; none when it is empty.
pub type Field = (String, Option<FieldValue>);

/// Whose memory a robot means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateSpace {
    /// Its own.
    Robot,
    /// That of its attachment for the run's item.
    Item,
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
    /// `items.find`: at most `limit` of those after the item `after`.
    async fn find_items(&mut self, query: ItemQuery, after: Option<ItemId>, limit: u32) -> Answer<Vec<Item>>;
    /// `fields.get`.
    async fn fields(&mut self, item: ItemId, keys: Vec<String>) -> Answer<Vec<Field>>;
    /// `fields.get-all`: custom fields with a value.
    async fn all_fields(&mut self, item: ItemId) -> Answer<Vec<Field>>;
    /// `fields.set`.
    async fn set_fields(&mut self, item: ItemId, fields: Vec<Field>) -> Answer<()>;
    /// `item-creation.create`.
    async fn create_item(&mut self, new: NewItem) -> Answer<ItemId>;
    /// `item-creation.copy`.
    async fn copy_item(
        &mut self,
        item: ItemId,
        pipeline: PipelineId,
        stage: Option<StageId>,
    ) -> Answer<ItemId>;
    /// `stages.move`.
    async fn move_item(&mut self, item: ItemId, stage: StageId, allow_back: bool) -> Answer<Moved>;
    /// `stages.missing-fields`.
    async fn missing_fields(&mut self, item: ItemId, stage: StageId) -> Answer<Vec<String>>;
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
    /// `activities.get`.
    async fn activity(&mut self, activity: ActivityId) -> Answer<Activity>;
    /// `activities.complete` and `activities.cancel`: ends it in this state.
    async fn finish_activity(&mut self, activity: ActivityId, state: ActivityState) -> Answer<()>;
    /// `activities.reschedule`.
    async fn reschedule_activity(&mut self, activity: ActivityId, deadline: String) -> Answer<()>;
    /// `timeline.add-comment`.
    async fn comment(&mut self, item: ItemId, text: String) -> Answer<()>;
    /// `contacts.get`.
    async fn contact(&mut self, contact: ContactId) -> Answer<Contact>;
    /// `contacts.find-by-phone`.
    async fn contacts_by_phone(&mut self, phone: String) -> Answer<Vec<Contact>>;
    /// `contacts.find-by-email`.
    async fn contacts_by_email(&mut self, email: String) -> Answer<Vec<Contact>>;
    /// `contact-editing.create`.
    async fn create_contact(&mut self, new: NewContact) -> Answer<ContactId>;
    /// `contact-editing.update`.
    async fn edit_contact(&mut self, contact: ContactId, patch: ContactPatch) -> Answer<()>;
    /// `notifications.send`.
    async fn notify(&mut self, notification: NewNotification) -> Answer<Vec<NotificationId>>;
    /// `conversations.get`.
    async fn conversation(&mut self, conversation: ConversationId) -> Answer<Conversation>;
    /// `conversations.of-item`.
    async fn conversations_of(&mut self, item: ItemId) -> Answer<Vec<Conversation>>;
    /// `conversations.messages`, newest first: at most `limit` of those with a number below `before`.
    async fn messages(
        &mut self,
        conversation: ConversationId,
        before: Option<u32>,
        limit: u32,
    ) -> Answer<Vec<Message>>;
    /// `conversation-control.close`.
    async fn close_conversation(&mut self, conversation: ConversationId) -> Answer<()>;
    /// `messaging.reply`.
    async fn reply(&mut self, conversation: ConversationId, text: String) -> Answer<MessageId>;
    /// `employees.get`; the flag says whether the person is available now.
    async fn employee(&mut self, employee: EmployeeId) -> Answer<(Employee, bool)>;
    /// `calendar.is-working`.
    async fn is_working(&mut self, at: Timestamp) -> Answer<bool>;
    /// `calendar.add-working`.
    async fn add_working(&mut self, start: Timestamp, seconds: u32) -> Answer<Timestamp>;
    /// `state.get`.
    async fn state(&mut self, space: StateSpace, key: String) -> Answer<Option<String>>;
    /// `state.set`.
    async fn set_state(&mut self, space: StateSpace, key: String, value: String) -> Answer<()>;
    /// `state.delete`: whether there was something.
    async fn delete_state(&mut self, space: StateSpace, key: String) -> Answer<bool>;
    /// `timers.set`.
    async fn set_timer(&mut self, key: String, at: Timestamp, payload: String) -> Answer<()>;
    /// `timers.cancel`: whether there was one.
    async fn cancel_timer(&mut self, key: String) -> Answer<bool>;
    /// `outbound-http.send`.
    async fn send_request(&mut self, asked: Asked) -> Answer<RequestId>;
    /// `outbound-http.get-answer`: the request that the run is about.
    async fn answered_request(&mut self) -> Answer<Option<HttpRequest>>;
}
