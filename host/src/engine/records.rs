//! What the host keeps in memory: the directory, recent writes, and the items that were touched last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use quick_cache::sync::Cache;
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::ItemId;
use signalbox_crm::item::Item;

use super::recent::{Recent, RecordKey};

/// Items in memory. 50,000 cards of about 600 bytes are 30 MB.
const ITEMS_MAX: usize = 50_000;

/// What the host keeps in memory. The committer is the only writer.
pub struct Records {
    directory: RwLock<Arc<Directory>>,
    recent: Mutex<Recent>,
    items: Cache<i64, Arc<Item>>,
}

impl Records {
    /// Starts with the directory as it is stored, and knows no item.
    pub fn new(directory: Directory) -> Self {
        Records {
            directory: RwLock::new(Arc::new(directory)),
            recent: Mutex::new(Recent::default()),
            items: Cache::new(ITEMS_MAX),
        }
    }

    /// The set-up as of the last commit.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the last commit: a read that starts now sees everything up to it.
    pub fn seq(&self) -> u64 {
        self.recent().seq()
    }

    /// The first of the keys that was written after `as_of`.
    pub fn stale(&self, reads: &[RecordKey], as_of: u64) -> Option<RecordKey> {
        self.recent().stale(reads, as_of)
    }

    /// The item, if it is in memory; then it is as of the last commit.
    pub fn item(&self, id: ItemId) -> Option<Arc<Item>> {
        self.items.get(&id.number).filter(|item| item.id == id)
    }

    /// Keeps an item that was read from the database when `as_of` was the last commit, unless it was written since.
    pub fn remember(&self, item: &Arc<Item>, as_of: u64) {
        let recent = self.recent();
        if recent.stale(&[RecordKey::Item(item.id)], as_of).is_none() {
            self.items.insert(item.id.number, Arc::clone(item));
        }
    }

    /// Notes what other hosts have changed: drafts that have read it are stale, and it is read anew.
    pub fn changed_elsewhere(&self, keys: Vec<RecordKey>, directory: Option<Arc<Directory>>) {
        let mut recent = self.recent();
        for key in &keys {
            if let RecordKey::Item(id) = key {
                self.items.remove(&id.number);
            }
        }
        if let Some(new) = directory {
            *self.directory.write().unwrap_or_else(PoisonError::into_inner) = new;
        }
        recent.committed(keys);
    }

    /// Forgets all items: other hosts have worked on them.
    pub fn forget_items(&self) {
        self.items.clear();
    }

    /// Makes a commit visible: its rows, its keys and its directory, in one step for readers of `seq`.
    pub fn committed(
        &self,
        items: &[Arc<Item>],
        keys: Vec<RecordKey>,
        directory: Option<Arc<Directory>>,
    ) -> u64 {
        let mut recent = self.recent();
        for item in items {
            self.items.insert(item.id.number, Arc::clone(item));
        }
        if let Some(new) = directory {
            *self.directory.write().unwrap_or_else(PoisonError::into_inner) = new;
        }
        recent.committed(keys)
    }
}
