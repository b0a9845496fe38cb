//! Which rows were written lately, so that a commit can tell whether a draft read something that changed.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use signalbox_crm::contact::PointKind;
use signalbox_crm::ids::{ActivityId, ContactId, ConversationId, EmployeeId, ItemId, MessageId, StageId};
use signalbox_crm::remembering::StateOwner;

/// Something that a draft reads and a commit writes: a row, or a list, which is written whenever a row comes, goes or
/// changes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordKey {
    /// An item's row.
    Item(ItemId),
    /// The list of an item's activities.
    ActivitiesOf(ItemId),
    /// An activity's row.
    Activity(ActivityId),
    /// A contact's row.
    Contact(ContactId),
    /// The list of the contacts with a phone, an e-mail or an account, by its hash: two that share a hash cost an
    /// execution that was not needed.
    ContactsAt(u64),
    /// The list of a contact's items.
    ItemsOf(ContactId),
    /// The list of the items in a stage.
    ItemsIn(StageId),
    /// The list of the items of which an employee is in charge.
    ItemsBy(EmployeeId),
    /// What a robot remembers under a key, by its hash, likewise.
    State(u64),
    /// A conversation's row, and the list of its messages.
    Conversation(ConversationId),
    /// A message's row.
    Message(MessageId),
    /// Everything that admins set up.
    Directory,
}

impl RecordKey {
    /// The list of the contacts with this phone, e-mail or account.
    pub fn contacts_at(kind: PointKind, key: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (kind.as_str(), key).hash(&mut hasher);
        RecordKey::ContactsAt(hasher.finish())
    }

    /// What a robot remembers under a key.
    pub fn state(owner: &StateOwner, key: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (owner, key).hash(&mut hasher);
        RecordKey::State(hasher.finish())
    }
}

/// Writes that are remembered. A draft that is older than the oldest of them is executed again, to be safe.
/// 400,000: a minute at 5,000 runs a second, far above the wall-clock limit of a run.
const WRITES_MAX: usize = 400_000;

/// The last commit that wrote each key.
#[derive(Debug, Default)]
pub struct Recent {
    /// Counts commits.
    seq: u64,
    last: HashMap<RecordKey, u64>,
    order: VecDeque<(u64, RecordKey)>,
    /// Writes up to here are forgotten.
    floor: u64,
}

impl Recent {
    /// The number of the last commit. A read after this call sees at least everything up to it.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The commit that wrote the key last, as far as remembered.
    pub fn last(&self, key: RecordKey) -> u64 {
        self.last.get(&key).copied().unwrap_or(0)
    }

    /// The first key that was written after `as_of`. Who has read nothing is never stale, however old.
    pub fn stale(&self, reads: &[RecordKey], as_of: u64) -> Option<RecordKey> {
        if as_of < self.floor {
            return reads.first().copied();
        }
        reads.iter().copied().find(|key| self.last(*key) > as_of)
    }

    /// Notes a commit.
    pub fn committed(&mut self, keys: impl IntoIterator<Item = RecordKey>) -> u64 {
        self.seq += 1;
        for key in keys {
            self.last.insert(key, self.seq);
            self.order.push_back((self.seq, key));
        }
        while self.order.len() > WRITES_MAX {
            let Some((seq, key)) = self.order.pop_front() else {
                break;
            };
            self.floor = seq;
            if self.last(key) == seq {
                self.last.remove(&key);
            }
        }
        self.seq
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_stale_only_when_a_later_commit_wrote_the_key() {
        let mut recent = Recent::default();
        let key = RecordKey::Contact(ContactId(1));
        let before = recent.seq();
        recent.committed([RecordKey::Contact(ContactId(2))]);
        assert_eq!(recent.stale(&[key], before), None);
        recent.committed([key]);
        assert_eq!(recent.stale(&[key], before), Some(key));
        assert_eq!(recent.stale(&[key], recent.seq()), None);
    }

    #[test]
    fn a_draft_older_than_the_memory_is_stale() {
        let mut recent = Recent::default();
        let before = recent.seq();
        let many = i64::try_from(WRITES_MAX).expect("fits") + 2;
        for n in 0..many {
            recent.committed([RecordKey::Contact(ContactId(n))]);
        }
        let other = RecordKey::Message(MessageId(1));
        assert_eq!(recent.stale(&[other], before), Some(other));
        // The scheduler reads nothing and makes due runs available, after years as on the first day.
        assert_eq!(recent.stale(&[], before), None);
    }
}
