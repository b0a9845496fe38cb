//! A robot's draft: grants, scope and per-run limits around a [`Draft`].

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use signalbox_crm::activity::Activity;
use signalbox_crm::attachment::{Attachment, Scope};
use signalbox_crm::changes::{Distribution, ListAssignment, WakeUp};
use signalbox_crm::conversation::Conversation;
use signalbox_crm::ids::{
    ActivityId, ConversationId, EmployeeId, ItemId, MessageId, NotificationId, StageId,
};
use signalbox_crm::item::Item;
use signalbox_crm::moving::{self, Reach};
use signalbox_crm::notifying::{self, Notice};
use signalbox_crm::people::Employee;
use signalbox_crm::planning;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::time::Timestamp;
use signalbox_crm::{assigning, talking};
use signalbox_db::DbError;
use signalbox_sandbox::session::{Answer, CallError, Moved, NewActivity, NewNotification, Session};

use super::draft::{Draft, DraftError};

/// Notifications of one run, counted by recipient. 20: wasm-hosts study, table of limits.
const NOTIFICATIONS_MAX: usize = 20;
/// Client messages of one run.
const MESSAGES_MAX: usize = 3;
/// Rows that one run may change.
const WRITES_MAX: usize = 100;
/// Wake-ups that one run may set.
const TIMERS_MAX: usize = 16;
/// The longest key of a wake-up, in bytes.
const TIMER_KEY_BYTES_MAX: usize = 64;
/// The longest payload of a wake-up, in bytes.
const TIMER_PAYLOAD_BYTES_MAX: usize = 4096;
/// Open activities that a robot sees at once.
const ACTIVITIES_MAX: u32 = 100;

/// The draft of one run.
pub struct RunDraft {
    /// The working copy.
    pub draft: Draft,
    attachment: Arc<Attachment>,
    item: Option<ItemId>,
    conversation: Option<ConversationId>,
    stage_entry: Option<i64>,
    /// The database could not be reached during a call: what the robot made of that means nothing.
    pub is_cut_off: bool,
    granted: BTreeSet<String>,
}

impl RunDraft {
    /// A draft with the attachment's grants, for a run on this item and conversation.
    pub fn new(
        draft: Draft,
        attachment: Arc<Attachment>,
        item: Option<(ItemId, i64)>,
        conversation: Option<ConversationId>,
    ) -> Self {
        let granted = attachment.grants.iter().cloned().collect();
        RunDraft {
            draft,
            granted,
            attachment,
            item: item.map(|(id, _)| id),
            stage_entry: item.map(|(_, entry)| entry),
            is_cut_off: false,
            conversation,
        }
    }

    fn check_grant(&self, interface: &str) -> Result<(), Rejection> {
        if self.granted.contains(interface) {
            return Ok(());
        }
        let message = format!("{} has no grant for `{interface}`", self.attachment.id);
        Err(Rejection::new(Code::Denied, message))
    }

    fn check_writes(&self) -> Result<(), Rejection> {
        if self.draft.changes.write_count() < WRITES_MAX {
            return Ok(());
        }
        Err(Rejection::new(
            Code::LimitWrites,
            format!("the run changes more than {WRITES_MAX} rows"),
        ))
    }

    /// The item, if the grant and the scope allow it.
    async fn scoped(&mut self, interface: &str, id: ItemId) -> Answer<Item> {
        self.check_grant(interface)?;
        let own = self.item == Some(id);
        if !own && self.attachment.scope == Scope::Item {
            return Err(outside(&self.attachment, id).into());
        }
        let item = self.draft.item(id).await.map_err(|error| self.refused(error))?;
        if !own && self.attachment.scope == Scope::Pipeline {
            let home = match self.item {
                Some(own) => Some(
                    self.draft
                        .item(own)
                        .await
                        .map_err(|error| self.refused(error))?
                        .pipeline,
                ),
                None => None,
            };
            if home != Some(item.pipeline) {
                return Err(outside(&self.attachment, id).into());
            }
        }
        Ok(item)
    }

    async fn scoped_conversation(&mut self, interface: &str, id: ConversationId) -> Answer<Conversation> {
        self.check_grant(interface)?;
        let conversation = self
            .draft
            .conversation(id)
            .await
            .map_err(|error| self.refused(error))?;
        let own = self.conversation == Some(id) || (self.item.is_some() && conversation.item == self.item);
        if !own && self.attachment.scope != Scope::All {
            return Err(outside(&self.attachment, id).into());
        }
        Ok(conversation)
    }

    fn refused(&mut self, error: DraftError) -> CallError {
        match error {
            DraftError::Rejected(rejection) => CallError::Rejected(rejection),
            DraftError::Db(error) => self.failed(&error),
            DraftError::Commit(error) => CallError::Host(error.to_string()),
        }
    }

    fn failed(&mut self, error: &DbError) -> CallError {
        self.is_cut_off |= error.is_passing();
        CallError::Host(error.to_string())
    }

    fn wake_up(&mut self, key: String, set: Option<(Timestamp, String)>) {
        self.draft.changes.wake_ups.push(WakeUp {
            attachment: self.attachment.id,
            item: self.item,
            stage_entry: self.stage_entry,
            key,
            set,
        });
    }
}

fn outside(attachment: &Attachment, what: impl std::fmt::Display) -> Rejection {
    let message = format!("{what} is outside the scope of {}", attachment.id);
    Rejection::new(Code::Denied, message)
}

#[async_trait]
impl Session for RunDraft {
    fn now(&self) -> Timestamp {
        self.draft.now
    }

    async fn item(&mut self, item: ItemId) -> Answer<Item> {
        self.scoped("items", item).await
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

    async fn notify(&mut self, new: NewNotification) -> Answer<Vec<NotificationId>> {
        self.check_grant("notifications")?;
        self.check_writes()?;
        let item = match self.item {
            Some(id) => Some(self.draft.item(id).await.map_err(|error| self.refused(error))?),
            None => None,
        };
        let people = notifying::recipients(&self.draft.directory, item.as_ref(), &new.to)?;
        if self.draft.changes.notifications.len() + people.len() > NOTIFICATIONS_MAX {
            let message = format!("the run sends more than {NOTIFICATIONS_MAX} notifications");
            return Err(Rejection::new(Code::LimitNotifications, message).into());
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

    async fn reply(&mut self, conversation: ConversationId, text: String) -> Answer<MessageId> {
        let conversation = self.scoped_conversation("messaging", conversation).await?;
        self.check_writes()?;
        if self.draft.changes.deliveries.len() >= MESSAGES_MAX {
            let message = format!("the run sends more than {MESSAGES_MAX} client messages");
            return Err(Rejection::new(Code::LimitMessages, message).into());
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
            .map_err(|error| Rejection::invalid(error.to_string()))?)
    }

    async fn set_timer(&mut self, key: String, at: Timestamp, payload: String) -> Answer<()> {
        self.check_grant("timers")?;
        self.check_writes()?;
        if key.is_empty() || key.len() > TIMER_KEY_BYTES_MAX {
            let message = format!("the key has {} bytes, not 1 to {TIMER_KEY_BYTES_MAX}", key.len());
            return Err(Rejection::invalid(message).into());
        }
        if payload.len() > TIMER_PAYLOAD_BYTES_MAX {
            let message = format!(
                "the payload has {} bytes, more than {TIMER_PAYLOAD_BYTES_MAX}",
                payload.len()
            );
            return Err(Rejection::invalid(message).into());
        }
        let set_count = self
            .draft
            .changes
            .wake_ups
            .iter()
            .filter(|wake_up| wake_up.set.is_some())
            .count();
        if set_count >= TIMERS_MAX {
            let message = format!("the run sets more than {TIMERS_MAX} wake-ups");
            return Err(Rejection::new(Code::LimitTimers, message).into());
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
}

impl RunDraft {
    /// The pipeline of the run's item, whose calendar counts.
    async fn pipeline(&mut self) -> Answer<Option<signalbox_crm::ids::PipelineId>> {
        match self.item {
            Some(id) => Ok(Some(
                self.draft
                    .item(id)
                    .await
                    .map_err(|error| self.refused(error))?
                    .pipeline,
            )),
            None => Ok(None),
        }
    }
}
