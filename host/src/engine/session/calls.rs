//! What a robot's host functions do: the grant and the scope first, then the limits, then the rule.

use async_trait::async_trait;
use signalbox_crm::activity::{Activity, ActivityState};
use signalbox_crm::changes::{Distribution, ListAssignment};
use signalbox_crm::contact::Contact;
use signalbox_crm::contacting::{self, ContactPatch, NewContact};
use signalbox_crm::conversation::{Conversation, Message};
use signalbox_crm::finding::ItemQuery;
use signalbox_crm::http_request::{Asked, HttpRequest};
use signalbox_crm::ids::{
    ActivityId, ContactId, ConversationId, EmployeeId, ItemId, MessageId, NotificationId, PipelineId,
    RequestId, StageId,
};
use signalbox_crm::item::Item;
use signalbox_crm::moving::{self, NewItem, Reach};
use signalbox_crm::notifying::{self, Notice};
use signalbox_crm::people::Employee;
use signalbox_crm::planning;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::sentence::Sentence;
use signalbox_crm::time::Timestamp;
use signalbox_crm::{assigning, talking};
use signalbox_sandbox::session::{Answer, Field, Moved, NewActivity, NewNotification, Session, StateSpace};

use super::RunDraft;

/// The longest key of a wake-up, in bytes.
const TIMER_KEY_BYTES_MAX: usize = 64;
/// The longest payload of a wake-up, in bytes.
const TIMER_PAYLOAD_BYTES_MAX: usize = 4096;
/// Open activities that a robot sees at once.
const ACTIVITIES_MAX: u32 = 100;
/// Conversations of an item that a robot sees.
const CONVERSATIONS_MAX: u32 = 50;

#[async_trait]
impl Session for RunDraft {
    fn now(&self) -> Timestamp {
        self.draft.now
    }

    async fn item(&mut self, item: ItemId) -> Answer<Item> {
        self.scoped("items", item).await
    }

    async fn find_items(&mut self, query: ItemQuery, after: Option<ItemId>, limit: u32) -> Answer<Vec<Item>> {
        self.search_items(query, after, limit).await
    }

    async fn fields(&mut self, item: ItemId, keys: Vec<String>) -> Answer<Vec<Field>> {
        self.read_fields(item, keys).await
    }

    async fn all_fields(&mut self, item: ItemId) -> Answer<Vec<Field>> {
        let item = self.scoped("fields", item).await?;
        Ok(self.granted_fields(item))
    }

    async fn set_fields(&mut self, item: ItemId, fields: Vec<Field>) -> Answer<()> {
        self.write_fields(item, fields).await
    }

    async fn create_item(&mut self, new: NewItem) -> Answer<ItemId> {
        self.make_item(new).await
    }

    async fn copy_item(
        &mut self,
        item: ItemId,
        pipeline: PipelineId,
        stage: Option<StageId>,
    ) -> Answer<ItemId> {
        self.make_copy(item, pipeline, stage).await
    }

    async fn missing_fields(&mut self, item: ItemId, stage: StageId) -> Answer<Vec<String>> {
        let item = self.scoped("stages", item).await?;
        Ok(self
            .draft
            .rule(|rules, _| moving::missing_for(rules, &item, stage))?)
    }

    async fn move_item(&mut self, item: ItemId, stage: StageId, allow_back: bool) -> Answer<Moved> {
        let item = self.scoped("stages", item).await?;
        self.check_writes()?;
        let reach = Reach {
            back: allow_back,
            across: false,
        };
        let moved = self
            .draft
            .rule(|rules, changes| moving::move_item(rules, changes, item, stage, reach))?;
        Ok(match moved {
            moving::Moved::Moved => Moved::Moved,
            moving::Moved::AlreadyThere => Moved::AlreadyThere,
        })
    }

    async fn assign(&mut self, item: ItemId, employee: EmployeeId) -> Answer<()> {
        let item = self.scoped("assignment", item).await?;
        self.check_audience("assignment", Some(&item), &[employee])?;
        self.check_writes()?;
        self.draft
            .rule(|rules, changes| assigning::assign(rules, changes, item, employee))?;
        Ok(())
    }

    async fn assign_from_list(
        &mut self,
        item: ItemId,
        candidates: Vec<EmployeeId>,
        distribution: Distribution,
        skip_absent: bool,
    ) -> Answer<()> {
        let row = self.scoped("assignment", item).await?;
        self.check_audience("assignment", Some(&row), &candidates)?;
        self.check_writes()?;
        let turns_of = self.attachment.id;
        let list = ListAssignment {
            item,
            candidates,
            distribution,
            skip_absent,
            turns_of,
        };
        self.draft.rule(|rules, _| assigning::check_list(rules, &list))?;
        // The item is staged now, so that the commit that chooses the person has its row.
        self.draft.changes.put_item(row);
        self.draft.changes.assignments.push(list);
        Ok(())
    }

    async fn create_activity(&mut self, item: ItemId, new: NewActivity) -> Answer<ActivityId> {
        let item = self.scoped("activities", item).await?;
        let doer: Vec<EmployeeId> = new.assignee.or(item.assignee).into_iter().collect();
        self.check_audience("activities", Some(&item), &doer)?;
        self.check_writes()?;
        let new = planning::NewActivity {
            kind: new.kind,
            title: new.title,
            description: new.description,
            deadline: new.deadline,
            duration_s: new.duration_s,
            assignee: new.assignee,
            reminders_min: new.reminders_min,
        };
        Ok(self
            .draft
            .rule(|rules, changes| planning::plan(rules, changes, &item, new))?)
    }

    async fn open_activities(&mut self, item: ItemId) -> Answer<Vec<Activity>> {
        self.scoped("activities", item).await?;
        self.draft
            .open_activities(item, ACTIVITIES_MAX)
            .await
            .map_err(|error| self.refused(error))
    }

    async fn activity(&mut self, activity: ActivityId) -> Answer<Activity> {
        let (_, activity) = self.scoped_activity(activity).await?;
        Ok(activity)
    }

    async fn finish_activity(&mut self, activity: ActivityId, state: ActivityState) -> Answer<()> {
        self.end_activity(activity, state).await
    }

    async fn reschedule_activity(&mut self, activity: ActivityId, deadline: String) -> Answer<()> {
        self.move_deadline(activity, &deadline).await
    }

    async fn comment(&mut self, item: ItemId, text: String) -> Answer<()> {
        self.add_comment(item, &text).await
    }

    async fn contact(&mut self, contact: ContactId) -> Answer<Contact> {
        self.check_grant("contacts")?;
        self.contact_in_scope(contact).await
    }

    async fn contacts_by_phone(&mut self, phone: String) -> Answer<Vec<Contact>> {
        self.search_contacts(contacting::phone(&phone)).await
    }

    async fn contacts_by_email(&mut self, email: String) -> Answer<Vec<Contact>> {
        self.search_contacts(contacting::email(&email)).await
    }

    async fn create_contact(&mut self, new: NewContact) -> Answer<ContactId> {
        self.make_contact(new).await
    }

    async fn edit_contact(&mut self, contact: ContactId, patch: ContactPatch) -> Answer<()> {
        self.change_contact(contact, patch).await
    }

    async fn notify(&mut self, new: NewNotification) -> Answer<Vec<NotificationId>> {
        self.check_grant("notifications")?;
        self.check_writes()?;
        let item = self.own_item().await?;
        let people = notifying::recipients(&self.draft.directory, item.as_ref(), &new.to)?;
        self.check_audience("notifications", item.as_ref(), &people)?;
        let allowed = self.quotas.notifications;
        if self.draft.changes.notifications.len() + people.len() > allowed {
            let message = format!("the run sends more than {allowed} notifications");
            return Err(Rejection::new(Code::LimitNotifications, Sentence::plain(message)).into());
        }
        let about = self.item;
        let notice = Notice {
            title: new.title,
            text: new.text,
            tag: new.tag,
        };
        Ok(self
            .draft
            .rule(|rules, changes| notifying::notify(rules, changes, &people, about, &notice))?)
    }

    async fn conversation(&mut self, conversation: ConversationId) -> Answer<Conversation> {
        self.scoped_conversation("conversations", conversation).await
    }

    async fn conversations_of(&mut self, item: ItemId) -> Answer<Vec<Conversation>> {
        self.scoped("conversations", item).await?;
        self.draft
            .conversations_of(item, CONVERSATIONS_MAX)
            .await
            .map_err(|error| self.refused(error))
    }

    async fn messages(
        &mut self,
        conversation: ConversationId,
        before: Option<u32>,
        limit: u32,
    ) -> Answer<Vec<Message>> {
        self.scoped_conversation("conversations", conversation).await?;
        self.draft
            .messages(conversation, before, limit)
            .await
            .map_err(|error| self.refused(error))
    }

    async fn close_conversation(&mut self, conversation: ConversationId) -> Answer<()> {
        let conversation = self
            .scoped_conversation("conversation-control", conversation)
            .await?;
        self.check_writes()?;
        self.draft
            .rule(|rules, changes| talking::close(rules, changes, conversation))?;
        Ok(())
    }

    async fn reply(&mut self, conversation: ConversationId, text: String) -> Answer<MessageId> {
        let conversation = self.scoped_conversation("messaging", conversation).await?;
        self.check_writes()?;
        let allowed = self.quotas.client_messages;
        if self.draft.changes.deliveries.len() >= allowed {
            let message = format!("the run sends more than {allowed} client messages");
            return Err(Rejection::new(Code::LimitMessages, Sentence::plain(message)).into());
        }
        Ok(self
            .draft
            .rule(|rules, changes| talking::reply(rules, changes, conversation, None, &text))?)
    }

    async fn employee(&mut self, employee: EmployeeId) -> Answer<(Employee, bool)> {
        self.check_grant("employees")?;
        let person = Employee::clone(self.draft.directory.employee(employee)?);
        let is_available = person.is_available(self.draft.now);
        Ok((person, is_available))
    }

    async fn is_working(&mut self, at: Timestamp) -> Answer<bool> {
        self.check_grant("calendar")?;
        let pipeline = self.pipeline().await?;
        Ok(self.draft.directory.work_calendar(pipeline)?.is_working(at))
    }

    async fn add_working(&mut self, start: Timestamp, seconds: u32) -> Answer<Timestamp> {
        self.check_grant("calendar")?;
        let pipeline = self.pipeline().await?;
        let duration = std::time::Duration::from_secs(u64::from(seconds));
        let calendar = self.draft.directory.work_calendar(pipeline)?;
        Ok(calendar
            .add_working(start, duration)
            .map_err(Rejection::invalid)?)
    }

    async fn state(&mut self, space: StateSpace, key: String) -> Answer<Option<String>> {
        self.recall(space, &key).await
    }

    async fn set_state(&mut self, space: StateSpace, key: String, value: String) -> Answer<()> {
        self.keep(space, key, value).await
    }

    async fn delete_state(&mut self, space: StateSpace, key: String) -> Answer<bool> {
        self.drop_key(space, key).await
    }

    async fn set_timer(&mut self, key: String, at: Timestamp, payload: String) -> Answer<()> {
        self.check_grant("timers")?;
        self.check_writes()?;
        if key.is_empty() || key.len() > TIMER_KEY_BYTES_MAX {
            let message = format!("the key has {} bytes, not 1 to {TIMER_KEY_BYTES_MAX}", key.len());
            return Err(Rejection::invalid(Sentence::plain(message)).into());
        }
        if payload.len() > TIMER_PAYLOAD_BYTES_MAX {
            let message = format!(
                "the payload has {} bytes, more than {TIMER_PAYLOAD_BYTES_MAX}",
                payload.len()
            );
            return Err(Rejection::invalid(Sentence::plain(message)).into());
        }
        let set_count = self
            .draft
            .changes
            .wake_ups
            .iter()
            .filter(|wake_up| wake_up.set.is_some())
            .count();
        let allowed = self.quotas.timers;
        if set_count >= allowed {
            let message = format!("the run sets more than {allowed} wake-ups");
            return Err(Rejection::new(Code::LimitTimers, Sentence::plain(message)).into());
        }
        self.wake_up(key, Some((at, payload)));
        Ok(())
    }

    async fn cancel_timer(&mut self, key: String) -> Answer<bool> {
        self.check_grant("timers")?;
        let staged = self
            .draft
            .changes
            .wake_ups
            .iter()
            .rev()
            .find(|wake_up| wake_up.key == key);
        let existed = match staged {
            Some(wake_up) => wake_up.set.is_some(),
            None => {
                let (attachment, item) = (self.attachment.id, self.item);
                let found = self
                    .draft
                    .core()
                    .db
                    .has_wake_up(attachment, item.map(|id| id.number), &key)
                    .await;
                found.map_err(|error| self.failed(&error))?
            }
        };
        if existed {
            self.wake_up(key, None);
        }
        Ok(existed)
    }

    async fn send_request(&mut self, asked: Asked) -> Answer<RequestId> {
        self.stage_request(asked)
    }

    async fn answered_request(&mut self) -> Answer<Option<HttpRequest>> {
        self.read_answer().await
    }
}
