//! What runs of one lane have drawn up that is not stored yet: the next run of the lane lies on top of it, and all of
//! them are stored together. A lane of three runs costs one commit then, and not three one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use signalbox_crm::activity::Activity;
use signalbox_crm::changes::ChangeSet;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::ActivityId;
use signalbox_crm::item::Item;

use super::recent::RecordKey;

/// Rows as they will be when everything below is stored.
#[derive(Debug, Clone, Default)]
pub struct Below {
    /// By number.
    items: BTreeMap<i64, Arc<Item>>,
    activities: BTreeMap<ActivityId, Activity>,
}

/// Whether a draft on top sees what was written below under this key. Who reads anything else that was written there
/// must wait for its commit.
pub fn shows(key: RecordKey) -> bool {
    match key {
        RecordKey::Item(_)
        | RecordKey::ItemsIn(_)
        | RecordKey::ItemsBy(_)
        | RecordKey::Activity(_)
        | RecordKey::ActivitiesOf(_) => true,
        RecordKey::Contact(_)
        | RecordKey::ContactsAt(_)
        | RecordKey::ItemsOf(_)
        | RecordKey::Conversation(_)
        | RecordKey::Message(_)
        | RecordKey::State(_)
        | RecordKey::Directory => false,
    }
}

impl Below {
    /// Lays the changes of a run on top; says whether the next run may lie on them.
    ///
    /// It may not when the commit decides more than stands in the rows (who of a list gets the item, which runs are
    /// cancelled because the item left its stage, which move with a date), or when the rows are such as no draft sees
    /// here.
    pub fn add(&mut self, changes: &ChangeSet) -> bool {
        if !is_plain(changes) {
            return false;
        }
        let items = changes.items.iter();
        self.items
            .extend(items.map(|(number, staged)| (*number, Arc::new(staged.row.clone()))));
        let activities = changes.activities.iter();
        self.activities
            .extend(activities.map(|(id, staged)| (*id, staged.row.clone())));
        true
    }

    /// An item as somebody supposes it to be.
    pub fn supposing(item: Item) -> Below {
        Below {
            items: [(item.id.number, Arc::new(item))].into(),
            activities: BTreeMap::new(),
        }
    }

    /// The item, if it was changed below.
    pub fn item(&self, number: i64) -> Option<&Arc<Item>> {
        self.items.get(&number)
    }

    /// All items that were changed below.
    pub fn items(&self) -> impl Iterator<Item = &Arc<Item>> {
        self.items.values()
    }

    /// The activity, if it was changed below.
    pub fn activity(&self, id: ActivityId) -> Option<&Activity> {
        self.activities.get(&id)
    }

    /// All activities that were changed below.
    pub fn activities(&self) -> impl Iterator<Item = &Activity> {
        self.activities.values()
    }
}

/// Whether changes can be stored together with others below them: the order in which one batch stores its parts must
/// not matter.
pub fn can_lie_on_top(changes: &ChangeSet) -> bool {
    // A batch deletes timers before it stores new ones, those of what lies below too.
    changes.timers_void.is_empty()
}

fn is_plain(changes: &ChangeSet) -> bool {
    let ChangeSet {
        items: _,
        contacts,
        activities: _,
        conversations,
        messages,
        notifications: _,
        notifications_read,
        timeline: _,
        history: _,
        timers_void: _,
        timers: _,
        wake_ups,
        state,
        deliveries,
        deliveries_done,
        deliveries_again,
        requests,
        requests_done,
        requests_again,
        assignments,
        inbound,
        inbound_done,
        inbound_again,
        runs,
        directory,
        facts,
    } = changes;
    let moves = |fact: &Fact| matches!(fact, Fact::StageEntered { .. } | Fact::ItemChanged { .. });
    let has_others = [
        contacts.is_empty(),
        conversations.is_empty(),
        messages.is_empty(),
        notifications_read.is_empty(),
        wake_ups.is_empty(),
        state.is_empty(),
        deliveries.is_empty(),
        deliveries_done.is_empty(),
        deliveries_again.is_empty(),
        requests.is_empty(),
        requests_done.is_empty(),
        requests_again.is_empty(),
        assignments.is_empty(),
        inbound.is_empty(),
        inbound_done.is_empty(),
        inbound_again.is_empty(),
        runs.is_empty(),
        directory.is_empty(),
    ]
    .contains(&false);
    !has_others && !facts.iter().any(|new| moves(&new.fact))
}
