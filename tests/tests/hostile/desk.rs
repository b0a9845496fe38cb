//! A session that answers from memory.

use std::sync::LazyLock;

use async_trait::async_trait;
use signalbox_crm::activity::{Activity, ActivityState};
use signalbox_crm::changes::Distribution;
use signalbox_crm::contact::Contact;
use signalbox_crm::contacting::{ContactPatch, NewContact};
use signalbox_crm::conversation::{Conversation, Message};
use signalbox_crm::event::Fact;
use signalbox_crm::finding::ItemQuery;
use signalbox_crm::http_request::{Asked, HttpRequest};
use signalbox_crm::ids::{
    ActivityId, AttachmentId, ContactId, ConversationId, EmployeeId, EventId, ItemId, ItemKind, MessageId,
    NotificationId, PipelineId, RequestId, RunId, StageId,
};
use signalbox_crm::item::Item;
use signalbox_crm::moving::NewItem;
use signalbox_crm::people::Employee;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::sentence::Sentence;
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::Money;
use signalbox_sandbox::Invocation;
use signalbox_sandbox::session::{
    Answer, CallError, Field, Moved, NewActivity, NewNotification, Session, StateSpace,
};

/// How many notifications it takes.
pub(crate) const NOTIFICATIONS_MAX: i64 = 20;

/// It knows `deal:17`, fails on `deal:500`, and never answers on `deal:504`.
#[derive(Default)]
pub(crate) struct Desk {
    notification_count: i64,
    /// What the deal is worth.
    pub(crate) amount: Option<Money>,
    /// What it took; without a list it takes neither activities nor moves.
    pub(crate) taken: Option<Vec<Taken>>,
}

/// A change that the desk took.
#[allow(dead_code, reason = "only a benchmark compares what was taken")]
pub(crate) enum Taken {
    Notification(NewNotification),
    Activity(ItemId, NewActivity),
    Move(ItemId, StageId),
}

impl Desk {
    /// Keeps a change for whoever wants to know, or says that there is nobody.
    fn keep(&mut self, change: Taken) -> bool {
        let list = self.taken.as_mut();
        list.map(|list| list.push(change)).is_some()
    }
}

/// What a robot is told in a run about `deal:17`.
pub(crate) fn invocation(run: i64, cause: Fact) -> Invocation {
    Invocation {
        run: RunId(run),
        attachment: AttachmentId(1),
        attempt: 1,
        item: Some(deal(17)),
        event: EventId(1),
        happened_at: noon(),
        cause,
    }
}

#[allow(dead_code, reason = "only benchmarks start at a stage")]
pub(crate) fn entered() -> Fact {
    Fact::StageEntered {
        pipeline: PipelineId(1),
        stage: StageId(2),
        from: Some(StageId(1)),
    }
}

pub(crate) fn deal(number: i64) -> ItemId {
    ItemId {
        kind: ItemKind::Deal,
        number,
    }
}

pub(crate) fn noon() -> Timestamp {
    // Benchmarks ask for it in every run.
    static NOON: LazyLock<Timestamp> =
        LazyLock::new(|| Timestamp::parse("2026-03-02T12:00:00Z").expect("an instant"));
    *NOON
}

fn item(id: ItemId) -> Item {
    Item {
        id,
        pipeline: PipelineId(1),
        stage: StageId(2),
        stage_entry: 1,
        stage_entered_at: noon(),
        title: "Крыша для дачи".to_owned(),
        assignee: Some(EmployeeId(3)),
        contact: None,
        amount: None,
        source: None,
        fields: Default::default(),
        raised_at: noon(),
        last_contact_at: None,
        closed_at: None,
        lost_reason: None,
        created_at: noon(),
        updated_at: noon(),
        version: 1,
    }
}

fn denied<T>() -> Answer<T> {
    Err(Rejection::new(Code::Denied, Sentence::plain("the desk has no such thing")).into())
}

#[async_trait]
impl Session for Desk {
    fn now(&self) -> Timestamp {
        noon()
    }

    async fn item(&mut self, id: ItemId) -> Answer<Item> {
        match id.number {
            17 => Ok(Item {
                amount: self.amount.clone(),
                ..item(id)
            }),
            500 => Err(CallError::Host("the database is gone".to_owned())),
            504 => std::future::pending().await,
            _ => Err(Rejection::not_found(id).into()),
        }
    }

    async fn notify(&mut self, new: NewNotification) -> Answer<Vec<NotificationId>> {
        if self.notification_count == NOTIFICATIONS_MAX {
            let message = format!("this run has sent {NOTIFICATIONS_MAX} notifications already");
            return Err(Rejection::new(Code::LimitNotifications, Sentence::plain(message)).into());
        }
        self.notification_count += 1;
        self.keep(Taken::Notification(new));
        Ok(vec![NotificationId(self.notification_count)])
    }

    async fn find_items(&mut self, _: ItemQuery, _: Option<ItemId>, _: u32) -> Answer<Vec<Item>> {
        denied()
    }

    async fn contacts_by_phone(&mut self, _: String) -> Answer<Vec<Contact>> {
        denied()
    }

    async fn contacts_by_email(&mut self, _: String) -> Answer<Vec<Contact>> {
        denied()
    }

    async fn state(&mut self, _: StateSpace, _: String) -> Answer<Option<String>> {
        denied()
    }

    async fn set_state(&mut self, _: StateSpace, _: String, _: String) -> Answer<()> {
        denied()
    }

    async fn delete_state(&mut self, _: StateSpace, _: String) -> Answer<bool> {
        denied()
    }

    async fn fields(&mut self, _: ItemId, _: Vec<String>) -> Answer<Vec<Field>> {
        denied()
    }

    async fn all_fields(&mut self, _: ItemId) -> Answer<Vec<Field>> {
        denied()
    }

    async fn set_fields(&mut self, _: ItemId, _: Vec<Field>) -> Answer<()> {
        denied()
    }

    async fn create_item(&mut self, _: NewItem) -> Answer<ItemId> {
        denied()
    }

    async fn copy_item(&mut self, _: ItemId, _: PipelineId, _: Option<StageId>) -> Answer<ItemId> {
        denied()
    }

    async fn missing_fields(&mut self, _: ItemId, _: StageId) -> Answer<Vec<String>> {
        denied()
    }

    async fn activity(&mut self, _: ActivityId) -> Answer<Activity> {
        denied()
    }

    async fn finish_activity(&mut self, _: ActivityId, _: ActivityState) -> Answer<()> {
        denied()
    }

    async fn reschedule_activity(&mut self, _: ActivityId, _: String) -> Answer<()> {
        denied()
    }

    async fn comment(&mut self, _: ItemId, _: String) -> Answer<()> {
        Ok(())
    }

    async fn contact(&mut self, _: ContactId) -> Answer<Contact> {
        denied()
    }

    async fn create_contact(&mut self, _: NewContact) -> Answer<ContactId> {
        denied()
    }

    async fn edit_contact(&mut self, _: ContactId, _: ContactPatch) -> Answer<()> {
        denied()
    }

    async fn conversations_of(&mut self, _: ItemId) -> Answer<Vec<Conversation>> {
        denied()
    }

    async fn messages(&mut self, _: ConversationId, _: Option<u32>, _: u32) -> Answer<Vec<Message>> {
        denied()
    }

    async fn close_conversation(&mut self, _: ConversationId) -> Answer<()> {
        denied()
    }

    async fn move_item(&mut self, item: ItemId, stage: StageId, _: bool) -> Answer<Moved> {
        match self.keep(Taken::Move(item, stage)) {
            true => Ok(Moved::Moved),
            false => denied(),
        }
    }

    async fn assign(&mut self, _: ItemId, _: EmployeeId) -> Answer<()> {
        denied()
    }

    async fn assign_from_list(
        &mut self,
        _: ItemId,
        _: Vec<EmployeeId>,
        _: Distribution,
        _: bool,
    ) -> Answer<()> {
        denied()
    }

    async fn create_activity(&mut self, item: ItemId, new: NewActivity) -> Answer<ActivityId> {
        match self.keep(Taken::Activity(item, new)) {
            true => Ok(ActivityId(1)),
            false => denied(),
        }
    }

    async fn open_activities(&mut self, _: ItemId) -> Answer<Vec<Activity>> {
        denied()
    }

    async fn conversation(&mut self, _: ConversationId) -> Answer<Conversation> {
        denied()
    }

    async fn reply(&mut self, _: ConversationId, _: String) -> Answer<MessageId> {
        denied()
    }

    async fn employee(&mut self, _: EmployeeId) -> Answer<(Employee, bool)> {
        denied()
    }

    async fn is_working(&mut self, _: Timestamp) -> Answer<bool> {
        denied()
    }

    async fn add_working(&mut self, _: Timestamp, _: u32) -> Answer<Timestamp> {
        denied()
    }

    async fn set_timer(&mut self, _: String, _: Timestamp, _: String) -> Answer<()> {
        denied()
    }

    async fn cancel_timer(&mut self, _: String) -> Answer<bool> {
        denied()
    }

    async fn send_request(&mut self, _: Asked) -> Answer<RequestId> {
        denied()
    }

    async fn answered_request(&mut self) -> Answer<Option<HttpRequest>> {
        denied()
    }
}
