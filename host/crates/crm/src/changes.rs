//! What a draft changes, before it is committed. Rules write it; the committer stores it, all or nothing.

use std::collections::BTreeMap;

use crate::activity::Activity;
use crate::contact::Contact;
use crate::conversation::{Conversation, Message};
use crate::directory::DirectoryChange;
use crate::event::Fact;
use crate::http_request::HttpRequest;
use crate::ids::{
    ActivityId, AttachmentId, ContactId, ConversationId, DeliveryId, EmployeeId, InboundId, ItemId,
    MessageId, NotificationId, RequestId, RunId,
};
use crate::item::Item;
use crate::notification::{HistoryEntry, Notification, TimelineEntry};
use crate::remembering::StateOwner;
use crate::run::{Reason, RunState};
use crate::time::Timestamp;
use crate::timer::{Delivery, Inbound, InboundState, Timer};

/// A row that a draft made or changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Staged<T> {
    /// Its new value; `version` is one more than `base`.
    pub row: T,
    /// The version that it was changed from; none for a new row.
    pub base: Option<i64>,
}

/// How to choose from a list of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// The first in the list.
    Strict,
    /// The one whose last turn is longest ago.
    Even,
}

/// Puts one of several people in charge; who, is decided at commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAssignment {
    /// The item.
    pub item: ItemId,
    /// In list order.
    pub candidates: Vec<EmployeeId>,
    /// How to choose.
    pub distribution: Distribution,
    /// Passes over people who are away.
    pub skip_absent: bool,
    /// Whose turns are counted: the attachment.
    pub turns_of: AttachmentId,
}

/// A wake-up that a robot asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeUp {
    /// Whose.
    pub attachment: AttachmentId,
    /// The item, which with the attachment and the key makes it unique.
    pub item: Option<ItemId>,
    /// The item's stage entry, where leaving the stage cancels it.
    pub stage_entry: Option<i64>,
    /// The robot's key.
    pub key: String,
    /// When and with what; none cancels it.
    pub set: Option<(Timestamp, String)>,
}

/// What a robot keeps under a key of its memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The text; none forgets the key.
    pub value: Option<String>,
    /// The run that changed it: the mark by which a reader sees that it is another one. A run commits once.
    pub run: Option<RunId>,
}

/// A change of a run by a person or by the scheduler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunChange {
    /// The run.
    pub run: RunId,
    /// The states in which the change is allowed; in any other it does nothing.
    pub from: Vec<RunState>,
    /// The new state.
    pub to: RunState,
    /// Why.
    pub reason: Option<Reason>,
    /// More words.
    pub detail: Option<String>,
    /// When it may start.
    pub due_at: Option<Timestamp>,
}

/// A fact, and the item that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFact {
    /// What happened.
    pub fact: Fact,
    /// The item concerned.
    pub item: Option<ItemId>,
}

/// What a draft changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangeSet {
    /// Items, by number.
    pub items: BTreeMap<i64, Staged<Item>>,
    /// Contacts.
    pub contacts: BTreeMap<ContactId, Staged<Contact>>,
    /// Activities.
    pub activities: BTreeMap<ActivityId, Staged<Activity>>,
    /// Conversations.
    pub conversations: BTreeMap<ConversationId, Staged<Conversation>>,
    /// Messages.
    pub messages: BTreeMap<MessageId, Staged<Message>>,
    /// New notifications.
    pub notifications: Vec<Notification>,
    /// Notifications that were read, and when.
    pub notifications_read: Vec<(NotificationId, EmployeeId, Timestamp)>,
    /// New notes.
    pub timeline: Vec<TimelineEntry>,
    /// New history rows.
    pub history: Vec<HistoryEntry>,
    /// Activities whose timers are void; new ones are in `timers`.
    pub timers_void: Vec<ActivityId>,
    /// New timers.
    pub timers: Vec<Timer>,
    /// Wake-ups, in the order in which the robot set and cancelled them.
    pub wake_ups: Vec<WakeUp>,
    /// What robots remember, by whose memory it is and by key.
    pub state: BTreeMap<(StateOwner, String), Remembered>,
    /// New deliveries.
    pub deliveries: Vec<Delivery>,
    /// Deliveries after an attempt.
    pub deliveries_done: Vec<Delivery>,
    /// Deliveries that a person wants to be tried again.
    pub deliveries_again: Vec<DeliveryId>,
    /// New requests to services outside.
    pub requests: Vec<HttpRequest>,
    /// Requests after an attempt.
    pub requests_done: Vec<HttpRequest>,
    /// Requests without an answer that a person wants to be sent again.
    pub requests_again: Vec<RequestId>,
    /// Assignments that are decided at commit.
    pub assignments: Vec<ListAssignment>,
    /// New raw events of channels.
    pub inbound: Vec<Inbound>,
    /// Raw events that were dealt with: state and note.
    pub inbound_done: Vec<(InboundId, InboundState, Option<String>)>,
    /// Failed raw events that a person wants to be processed once more.
    pub inbound_again: Vec<InboundId>,
    /// Changes of runs.
    pub runs: Vec<RunChange>,
    /// Changes of the set-up.
    pub directory: Vec<DirectoryChange>,
    /// What happened, in order.
    pub facts: Vec<NewFact>,
}

macro_rules! put {
    ($($(#[$doc:meta])* $name:ident, $map:ident, $row:ty, |$r:ident| $key:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(&mut self, mut row: $row) {
            let $r = &row;
            match self.$map.get_mut(&$key) {
                Some(staged) => {
                    row.version = staged.row.version;
                    staged.row = row;
                }
                None => {
                    let base = (row.version > 0).then_some(row.version);
                    row.version += 1;
                    self.$map.insert({ let $r = &row; $key }, Staged { row, base });
                }
            }
        }
    )*};
}

impl ChangeSet {
    put! {
        /// Stages an item: new with version 0, else with the version that was read.
        put_item, items, Item, |r| r.id.number;
        /// Stages a contact: new with version 0, else with the version that was read.
        put_contact, contacts, Contact, |r| r.id;
        /// Stages an activity: new with version 0, else with the version that was read.
        put_activity, activities, Activity, |r| r.id;
        /// Stages a conversation: new with version 0, else with the version that was read.
        put_conversation, conversations, Conversation, |r| r.id;
        /// Stages a message: new with version 0, else with the version that was read.
        put_message, messages, Message, |r| r.id;
    }

    /// Adds a fact.
    pub fn happened(&mut self, fact: Fact, item: Option<ItemId>) {
        self.facts.push(NewFact { fact, item });
    }

    /// How many rows a run changes: what the limit on writes counts.
    pub fn write_count(&self) -> usize {
        self.items.len()
            + self.contacts.len()
            + self.activities.len()
            + self.conversations.len()
            + self.messages.len()
            + self.notifications.len()
            + self.timeline.len()
            + self.wake_ups.len()
            + self.state.len()
            + self.requests.len()
            + self.assignments.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::deal;

    #[test]
    fn a_row_that_is_staged_twice_keeps_its_base_and_grows_once() {
        let mut changes = ChangeSet::default();
        changes.put_item(deal());
        changes.put_item(Item {
            title: "x".to_owned(),
            ..deal()
        });
        let staged = &changes.items[&7];
        assert_eq!(
            (staged.base, staged.row.version, staged.row.title.as_str()),
            (Some(3), 4, "x")
        );
        assert_eq!(changes.write_count(), 1);
    }

    #[test]
    fn a_new_row_has_no_base_and_version_one() {
        let mut changes = ChangeSet::default();
        changes.put_item(Item { version: 0, ..deal() });
        changes.put_item(Item { version: 0, ..deal() });
        assert_eq!((changes.items[&7].base, changes.items[&7].row.version), (None, 1));
    }
}
