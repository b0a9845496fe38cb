//! What a draft has read: each key once, in the order of reading.

use std::collections::HashSet;

use crate::engine::recent::RecordKey;

/// Up to so many keys are looked through; most runs read fewer.
const FEW: usize = 32;

/// What a draft has read. The set-up always belongs to it.
#[derive(Debug)]
pub(super) struct ReadSet {
    keys: Vec<RecordKey>,
    /// The same keys, once there are many: a robot that pages through thousands of rows must not cost their square.
    many: HashSet<RecordKey>,
}

impl Default for ReadSet {
    fn default() -> Self {
        ReadSet {
            keys: vec![RecordKey::Directory],
            many: HashSet::new(),
        }
    }
}

impl ReadSet {
    /// Adds a key, unless it is there.
    pub(super) fn add(&mut self, key: RecordKey) {
        let is_known = if self.keys.len() <= FEW {
            self.keys.contains(&key)
        } else {
            if self.many.is_empty() {
                self.many.extend(&self.keys);
            }
            !self.many.insert(key)
        };
        if !is_known {
            self.keys.push(key);
        }
    }

    /// The keys, in the order of reading.
    pub(super) fn into_keys(self) -> Vec<RecordKey> {
        self.keys
    }
}

#[cfg(test)]
mod tests {
    use signalbox_crm::ids::ContactId;

    use super::*;

    #[test]
    fn each_key_is_there_once_however_many_there_are() {
        let mut reads = ReadSet::default();
        for round in 0..3 {
            for n in 0..100 {
                reads.add(RecordKey::Contact(ContactId(n)));
            }
            assert_eq!(reads.keys.len(), 101, "round {round}");
        }
        let keys = reads.into_keys();
        assert_eq!(keys[0], RecordKey::Directory);
        assert_eq!(keys[100], RecordKey::Contact(ContactId(99)));
    }
}
