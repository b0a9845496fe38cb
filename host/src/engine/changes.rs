//! Who watches is told what each commit wrote, on this host or on another.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use signalbox_crm::ids::{ContactId, ConversationId, EmployeeId, ItemId, StageId};
use signalbox_db::Batch;
use tokio::sync::broadcast;

use super::recent::RecordKey;

/// Commits that a slow watcher may be behind before it misses some.
const CHANGES_KEPT: usize = 1024;

/// Something that somebody may be looking at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// `deal:17`: an item, its activities.
    Item(ItemId),
    /// `stage:3`: the items of a stage.
    Stage(StageId),
    /// `contact:2`.
    Contact(ContactId),
    /// `conversation:4`: it and its messages.
    Conversation(ConversationId),
    /// `employee:5`: somebody's notifications.
    Bell(EmployeeId),
    /// `activities`: any activity.
    Activities,
    /// `runs`: any run, its deliveries and its HTTP requests.
    Runs,
    /// `set-up`: whatever admins set up.
    SetUp,
    /// `all`: it is not known what was written.
    All,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::Item(id) => id.fmt(f),
            Topic::Stage(id) => id.fmt(f),
            Topic::Contact(id) => id.fmt(f),
            Topic::Conversation(id) => id.fmt(f),
            Topic::Bell(id) => id.fmt(f),
            Topic::Activities => f.write_str("activities"),
            Topic::Runs => f.write_str("runs"),
            Topic::SetUp => f.write_str("set-up"),
            Topic::All => f.write_str("all"),
        }
    }
}

/// A text that names no topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTopic;

impl FromStr for Topic {
    type Err = NoTopic;

    fn from_str(text: &str) -> Result<Self, NoTopic> {
        let named = [Topic::Activities, Topic::Runs, Topic::SetUp, Topic::All];
        if let Some(topic) = named.into_iter().find(|topic| topic.to_string() == text) {
            return Ok(topic);
        }
        let item = text.parse().map(Topic::Item);
        let stage = |_| text.parse().map(Topic::Stage);
        let contact = |_| text.parse().map(Topic::Contact);
        let conversation = |_| text.parse().map(Topic::Conversation);
        let bell = |_| text.parse().map(Topic::Bell);
        item.or_else(stage)
            .or_else(contact)
            .or_else(conversation)
            .or_else(bell)
            .map_err(|_| NoTopic)
    }
}

/// What a commit wrote, as those who watch name it.
pub fn topics(keys: &[RecordKey], batch: &Batch, has_cancelled: bool) -> BTreeSet<Topic> {
    let written = keys.iter().filter_map(|key| match *key {
        RecordKey::Item(id) | RecordKey::ActivitiesOf(id) => Some(Topic::Item(id)),
        RecordKey::ItemsIn(id) => Some(Topic::Stage(id)),
        RecordKey::Contact(id) => Some(Topic::Contact(id)),
        RecordKey::Conversation(id) => Some(Topic::Conversation(id)),
        RecordKey::Activity(_) => Some(Topic::Activities),
        RecordKey::Directory => Some(Topic::SetUp),
        _ => None,
    });
    let told = batch.notifications.iter().map(|new| new.employee);
    let read = batch.notifications_read.iter().map(|(_, reader, _)| *reader);
    let bells = told.chain(read).map(Topic::Bell);
    let has_runs = has_cancelled
        || !batch.runs.is_empty()
        || !batch.runs_ended.is_empty()
        || !batch.run_changes.is_empty()
        || !batch.rescheduled.is_empty()
        || !batch.deliveries_done.is_empty()
        || !batch.deliveries_again.is_empty()
        || !batch.requests_done.is_empty()
        || !batch.requests_again.is_empty();
    let runs = has_runs.then_some(Topic::Runs);
    written.chain(bells).chain(runs).collect()
}

/// What was written.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The number of this host's last commit.
    pub seq: u64,
    /// What of.
    pub topics: BTreeSet<Topic>,
}

/// The way from the committer, and from other hosts, to whoever watches.
#[derive(Debug, Clone)]
pub struct Changes(broadcast::Sender<Arc<Changed>>);

impl Default for Changes {
    fn default() -> Self {
        Changes(broadcast::Sender::new(CHANGES_KEPT))
    }
}

impl Changes {
    /// Begins to watch.
    pub fn watch(&self) -> broadcast::Receiver<Arc<Changed>> {
        self.0.subscribe()
    }

    /// Whether anybody watches: nothing is collected for nobody.
    pub fn is_watched(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Tells everybody.
    pub fn tell(&self, seq: u64, topics: BTreeSet<Topic>) {
        if !topics.is_empty() {
            // The last one may have gone meanwhile.
            let _ = self.0.send(Arc::new(Changed { seq, topics }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_as_they_are_written() {
        let names = "deal:17 lead:3 stage:3 contact:2 conversation:4 employee:5 activities runs set-up all";
        for name in names.split(' ') {
            let topic: Topic = name.parse().unwrap();
            assert_eq!(topic.to_string(), name);
        }
        for name in ["", "stage", "stage:", "stage:x", "robot:1", "Runs", "deal:1 "] {
            assert!(name.parse::<Topic>().is_err(), "{name}");
        }
    }
}
