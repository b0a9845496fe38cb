//! What one group commit stores.

use std::collections::{BTreeMap, HashMap, HashSet};

use signalbox_crm::activity::Activity;
use signalbox_crm::bulk::Bulk;
use signalbox_crm::changes::{Remembered, RunChange};
use signalbox_crm::contact::Contact;
use signalbox_crm::conversation::{Conversation, Message};
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::event::Event;
use signalbox_crm::http_request::HttpRequest;
use signalbox_crm::ids::{
    ActivityId, AttachmentId, DeliveryId, EmployeeId, InboundId, NotificationId, RequestId, RunId, TimerId,
};
use signalbox_crm::item::Item;
use signalbox_crm::notification::{HistoryEntry, Notification, TimelineEntry};
use signalbox_crm::remembering::StateOwner;
use signalbox_crm::run::{Attempt, Failures, Reason, Run, RunState};
use signalbox_crm::shard::{Shard, ShardSet};
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::{Delivery, Inbound, InboundState, Timer};

use crate::expiry::Expiry;
use crate::guard::{Check, Written};

/// The rows of one transaction, resolved by the committer.
///
/// A row is in one list at most, once: the committer merges several changes of a row. Pairs are the version that
/// the row must still have, and the new row.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The set-up's version on which the changes stand; none when they do not depend on it. Looked at only where
    /// several hosts share the database, like everything up to `written`.
    pub directory_base: Option<i64>,
    /// What was read.
    pub checks: Vec<Check>,
    /// Lists that are written.
    pub written: Vec<Written>,
    /// Runs of this batch that this host starts by itself; the others are left to whose shard they are.
    pub held: HashSet<RunId>,
    /// Raw events of this batch that this host processes by itself.
    pub inbound_held: HashSet<InboundId>,
    /// The shards of new runs that do not go with their item.
    pub shards: HashMap<RunId, Shard>,
    /// Runs that are available and that nobody has, which this host takes.
    pub claims: Vec<RunId>,
    /// Likewise raw events.
    pub inbound_claims: Vec<InboundId>,
    /// Shards that this host gives away, with what it has of them.
    pub released: Option<ShardSet>,
    /// The instant of the commit; runs that the database itself cancels end at it.
    pub at: Timestamp,
    /// New leads and deals.
    pub items_new: Vec<Item>,
    /// Changed leads and deals.
    pub items: Vec<(i64, Item)>,
    /// New contacts with their points.
    pub contacts_new: Vec<Contact>,
    /// Changed contacts; their points are replaced.
    pub contacts: Vec<(i64, Contact)>,
    /// New activities.
    pub activities_new: Vec<Activity>,
    /// Changed activities.
    pub activities: Vec<(i64, Activity)>,
    /// New conversations.
    pub conversations_new: Vec<Conversation>,
    /// Changed conversations; stored before the new ones, so that one may be closed and the next opened.
    pub conversations: Vec<(i64, Conversation)>,
    /// New messages.
    pub messages_new: Vec<Message>,
    /// Edited messages.
    pub messages: Vec<(i64, Message)>,
    /// New notifications. One with a tag takes the place of the unread one with this tag and employee.
    pub notifications: Vec<Notification>,
    /// Notifications that were read, and when; one that is gone or was read before stays as it is.
    pub notifications_read: Vec<(NotificationId, EmployeeId, Timestamp)>,
    /// What robots remember, by whose memory it is and by key.
    pub state: BTreeMap<(StateOwner, String), Remembered>,
    /// New notes.
    pub timeline: Vec<TimelineEntry>,
    /// New history rows.
    pub history: Vec<HistoryEntry>,
    /// Activities whose timers are deleted, before `timers` are stored.
    pub timers_void: Vec<ActivityId>,
    /// Timers that fired, and are deleted.
    pub timers_fired: Vec<TimerId>,
    /// New timers.
    pub timers: Vec<Timer>,
    /// New deliveries.
    pub deliveries: Vec<Delivery>,
    /// Pending deliveries after an attempt.
    pub deliveries_done: Vec<Delivery>,
    /// Dead deliveries that are due again at `at`; one in another state stays as it is.
    pub deliveries_again: Vec<DeliveryId>,
    /// New requests to services outside.
    pub requests: Vec<HttpRequest>,
    /// Pending requests after an attempt.
    pub requests_done: Vec<HttpRequest>,
    /// Requests that are over and are due again at `at`; a pending one stays as it is.
    pub requests_again: Vec<RequestId>,
    /// New raw events; one whose key is known already is not stored again.
    pub inbound: Vec<Inbound>,
    /// Received raw events that were dealt with.
    pub inbound_done: Vec<InboundDone>,
    /// Failed raw events that are to be processed once more; one in another state stays as it is.
    pub inbound_again: Vec<InboundId>,
    /// New events.
    pub events: Vec<Event>,
    /// New runs.
    pub runs: Vec<Run>,
    /// Runs after an attempt: they must not be final yet, nor have had this attempt.
    pub runs_ended: Vec<RunUpdate>,
    /// Changes by people, the scheduler and chains: each applies only from the states that it names.
    pub run_changes: Vec<RunChange>,
    /// Stage entries that ended: cancels what was waiting for an older one.
    pub stage_left: Vec<StageLeft>,
    /// Runs that are due relative to a date field which changed.
    pub rescheduled: Vec<Rescheduled>,
    /// Attachments whose robot pauses no more: runs that wait for that are due at `at`.
    pub resumed: Vec<AttachmentId>,
    /// Wake-ups that were replaced or withdrawn.
    pub wake_ups_void: Vec<WakeUpVoid>,
    /// Records of attempts.
    pub attempts: Vec<Attempt>,
    /// The highest number given out, by kind of id; never lowered.
    pub id_marks: Vec<(&'static str, i64)>,
    /// The last turns of people in queues.
    pub turns: Vec<Turn>,
    /// Changes of the set-up, in order.
    pub directory: Vec<DirectoryChange>,
    /// The directory's version after `directory`; stored only with changes.
    pub directory_version: i64,
    /// New bulk changes.
    pub bulks_new: Vec<Bulk>,
    /// Bulk changes that went on, or ended.
    pub bulks: Vec<(i64, Bulk)>,
    /// Schedules whose next tick changes.
    pub schedules: Vec<ScheduleMove>,
    /// Values of the host itself.
    pub meta: Vec<(String, String)>,
    /// Answers that are repeated for the same key.
    pub idempotency: Vec<IdempotencyRow>,
    /// What has served and goes.
    pub expired: Vec<Expiry>,
}

impl Batch {
    /// Stores nothing yet.
    pub fn new(at: Timestamp) -> Self {
        Batch {
            directory_base: None,
            checks: Vec::new(),
            written: Vec::new(),
            held: HashSet::new(),
            shards: HashMap::new(),
            inbound_held: HashSet::new(),
            claims: Vec::new(),
            inbound_claims: Vec::new(),
            released: None,
            at,
            items_new: Vec::new(),
            items: Vec::new(),
            contacts_new: Vec::new(),
            contacts: Vec::new(),
            activities_new: Vec::new(),
            activities: Vec::new(),
            conversations_new: Vec::new(),
            conversations: Vec::new(),
            messages_new: Vec::new(),
            messages: Vec::new(),
            notifications: Vec::new(),
            notifications_read: Vec::new(),
            state: BTreeMap::new(),
            timeline: Vec::new(),
            history: Vec::new(),
            timers_void: Vec::new(),
            timers_fired: Vec::new(),
            timers: Vec::new(),
            deliveries: Vec::new(),
            deliveries_done: Vec::new(),
            deliveries_again: Vec::new(),
            requests: Vec::new(),
            requests_done: Vec::new(),
            requests_again: Vec::new(),
            inbound: Vec::new(),
            inbound_done: Vec::new(),
            inbound_again: Vec::new(),
            events: Vec::new(),
            runs: Vec::new(),
            runs_ended: Vec::new(),
            run_changes: Vec::new(),
            stage_left: Vec::new(),
            rescheduled: Vec::new(),
            resumed: Vec::new(),
            wake_ups_void: Vec::new(),
            attempts: Vec::new(),
            id_marks: Vec::new(),
            turns: Vec::new(),
            directory: Vec::new(),
            directory_version: 0,
            bulks_new: Vec::new(),
            bulks: Vec::new(),
            schedules: Vec::new(),
            meta: Vec::new(),
            idempotency: Vec::new(),
            expired: Vec::new(),
        }
    }
}

/// A run after an attempt: final, or waiting for its next one.
#[derive(Debug, Clone, PartialEq)]
pub struct RunUpdate {
    /// The run.
    pub run: RunId,
    /// Its new state.
    pub state: RunState,
    /// Why, where that is not obvious.
    pub reason: Option<Reason>,
    /// More words.
    pub detail: Option<String>,
    /// When it may start; none for a final one.
    pub due_at: Option<Timestamp>,
    /// How many attempts have ended.
    pub attempt_count: u32,
    /// What it remembers of its failures; `forgiven_count` stays as it is stored.
    pub failures: Failures,
    /// When it became final; set exactly when the state is final.
    pub finished_at: Option<Timestamp>,
}

/// An item left a stage: runs that wait for an older entry are cancelled as their `cancel_on` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageLeft {
    /// The item's number.
    pub item: i64,
    /// Its `stage_entry` now.
    pub new_entry: i64,
    /// It went to another pipeline.
    pub left_pipeline: bool,
    /// It was won or lost.
    pub closed: bool,
}

/// A date field changed: the attachment's scheduled run for the item moves. Wake-ups, and runs that wait for another
/// run, stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rescheduled {
    /// The attachment.
    pub attachment: AttachmentId,
    /// The item's number.
    pub item: i64,
    /// The new instant; none while the field is empty.
    pub due_at: Option<Timestamp>,
}

/// A wake-up that was replaced or withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WakeUpVoid {
    /// Whose.
    pub attachment: AttachmentId,
    /// The item's number.
    pub item: Option<i64>,
    /// The robot's key.
    pub key: String,
    /// The run that takes its place, and stays; of a withdrawn one, a run that does not exist.
    pub except: RunId,
}

/// A raw event that was dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundDone {
    /// The raw event.
    pub id: InboundId,
    /// What came of it.
    pub state: InboundState,
    /// Why it was ignored.
    pub note: Option<String>,
}

/// When somebody last had a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Whose turns are counted.
    pub attachment: AttachmentId,
    /// Who.
    pub employee: EmployeeId,
    /// Grows with each turn of the attachment.
    pub seq: i64,
}

/// The next tick of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleRow {
    /// The attachment.
    pub attachment: AttachmentId,
    /// The version of the attachment for which the tick was found.
    pub version: i64,
    /// The next tick.
    pub next_at: Timestamp,
}

/// A schedule goes on to its next tick. It must still be where the mover saw it: of two hosts that both tick it, one
/// gets a conflict, and stores nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleMove {
    /// The attachment.
    pub attachment: AttachmentId,
    /// The stored tick; none when there must be no row yet.
    pub was: Option<Timestamp>,
    /// The version of the attachment.
    pub version: i64,
    /// The next tick; none deletes the row.
    pub next_at: Option<Timestamp>,
}

/// An answer that is repeated when the same request comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// The caller's key, with whatever makes it unique among callers.
    pub key: String,
    /// A digest of the request: the same key with another request is refused.
    pub fingerprint: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The body of the answer.
    pub body: String,
    /// When it was given.
    pub at: Timestamp,
}

/// What the database decided in a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Runs that `stage_left` and `wake_ups_void` cancelled.
    pub cancelled: Vec<RunId>,
    /// Runs that `run_changes` changed.
    pub changed: Vec<RunId>,
    /// Runs of `claims` that this host has now.
    pub claimed: Vec<RunId>,
    /// Raw events of `inbound_claims` that this host has now.
    pub inbound_claimed: Vec<InboundId>,
    /// Raw events that were new.
    pub inbound_stored: Vec<InboundId>,
    /// Rows that `expired` deleted.
    pub expired_count: u64,
}
