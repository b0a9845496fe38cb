//! A session that answers from memory.

use async_trait::async_trait;
use signalbox_crm::activity::Activity;
use signalbox_crm::changes::Distribution;
use signalbox_crm::conversation::Conversation;
use signalbox_crm::ids::{
    ActivityId, ConversationId, EmployeeId, ItemId, ItemKind, MessageId, NotificationId, PipelineId, StageId,
};
use signalbox_crm::item::Item;
use signalbox_crm::people::Employee;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::session::{Answer, CallError, Moved, NewActivity, NewNotification, Session};

/// How many notifications it takes.
pub(crate) const NOTIFICATIONS_MAX: i64 = 20;

/// It knows `deal:17`, fails on `deal:500`, and never answers on `deal:504`.
#[derive(Default)]
pub(crate) struct Desk {
    notification_count: i64,
}

pub(crate) fn deal(number: i64) -> ItemId {
    ItemId {
        kind: ItemKind::Deal,
        number,
    }
}

pub(crate) fn noon() -> Timestamp {
    Timestamp::parse("2026-03-02T12:00:00Z").expect("an instant")
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
    Err(Rejection::new(Code::Denied, "the desk has no such thing").into())
}

#[async_trait]
impl Session for Desk {
    fn now(&self) -> Timestamp {
        noon()
    }

    async fn item(&mut self, id: ItemId) -> Answer<Item> {
        match id.number {
            17 => Ok(item(id)),
            500 => Err(CallError::Host("the database is gone".to_owned())),
            504 => std::future::pending().await,
            _ => Err(Rejection::not_found(id).into()),
        }
    }

    async fn notify(&mut self, _: NewNotification) -> Answer<Vec<NotificationId>> {
        if self.notification_count == NOTIFICATIONS_MAX {
            let message = format!("this run has sent {NOTIFICATIONS_MAX} notifications already");
            return Err(Rejection::new(Code::LimitNotifications, message).into());
        }
        self.notification_count += 1;
        Ok(vec![NotificationId(self.notification_count)])
    }

    async fn move_item(&mut self, _: ItemId, _: StageId, _: bool) -> Answer<Moved> {
        denied()
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

    async fn create_activity(&mut self, _: ItemId, _: NewActivity) -> Answer<ActivityId> {
        denied()
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
}
