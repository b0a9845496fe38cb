//! Which part of the work is this host's: all of it, unless several hosts share a database.
//!
//! What this host starts by itself it holds in its lanes, and the row says so. What it must not or cannot hold, because
//! it is another host's or because memory is full, stays in the database until somebody claims it
//! ([`super::claims`]).

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::Directory;
use signalbox_crm::robot::CONCURRENCY;
use signalbox_crm::run::Run;
use signalbox_crm::shard::{Shard, ShardSet, shard_of, shard_of_name};
use tokio::sync::Notify;

/// This host's part of the work.
#[derive(Debug)]
pub struct Shards {
    owned: RwLock<ShardSet>,
    host_count: AtomicUsize,
    /// Counts changes of `owned`.
    epoch: AtomicU64,
    /// Some of this host's work waits in the database: what comes stays behind it.
    is_behind: AtomicBool,
    /// Counts what was left in the database for this host.
    left_count: AtomicU64,
    /// The count up to which everything was claimed.
    claimed_count: AtomicU64,
    /// Woken when there may be something to claim.
    pub to_claim: Notify,
}

impl Shards {
    /// All of the work, or none before the first lease.
    pub fn new(owned: ShardSet) -> Self {
        Shards {
            owned: RwLock::new(owned),
            host_count: AtomicUsize::new(1),
            epoch: AtomicU64::new(0),
            is_behind: AtomicBool::new(false),
            left_count: AtomicU64::new(0),
            claimed_count: AtomicU64::new(0),
            to_claim: Notify::new(),
        }
    }

    /// This host's shards.
    pub fn owned(&self) -> ShardSet {
        *self.owned.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is known by this number is this host's.
    pub fn owns(&self, number: i64) -> bool {
        self.owned().contains(shard_of(number))
    }

    /// Goes on with other shards. Says whether they are others. What waits in the database for those that are new came
    /// before everything that comes now, and is claimed first.
    pub fn set(&self, owned: ShardSet, host_count: usize) -> bool {
        self.host_count.store(host_count.max(1), Ordering::Relaxed);
        let mut now = self.owned.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = *now != owned;
        if !owned.without(&now).is_empty() {
            self.fall_behind();
            self.left_behind();
        }
        *now = owned;
        drop(now);
        if is_other {
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
        is_other
    }

    /// How many hosts share the work.
    pub fn host_count(&self) -> usize {
        self.host_count.load(Ordering::Relaxed)
    }

    /// Grows whenever the shards change.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Whether this host shall hold a task of the shard, with so many tasks in memory, of which there may be
    /// `count_max`. Once something is left in the database, what comes later is left too, so that the order stays.
    pub fn holds(&self, shard: Shard, count: usize, count_max: usize) -> bool {
        if !self.owned().contains(shard) {
            return false;
        }
        if count >= count_max {
            self.is_behind.store(true, Ordering::SeqCst);
        }
        !self.is_behind.load(Ordering::SeqCst)
    }

    /// Notes that tasks were left in the database for this host, and wakes who claims them.
    pub fn left_behind(&self) {
        self.left_count.fetch_add(1, Ordering::SeqCst);
        self.to_claim.notify_one();
    }

    /// How often something was left.
    pub fn left_count(&self) -> u64 {
        self.left_count.load(Ordering::SeqCst)
    }

    /// Notes that everything was claimed which was left up to this count. From now on what comes is held again, unless
    /// more was left meanwhile. Only the committer says so, between two groups: what a group is about to leave in the
    /// database has a place before what the next one holds.
    pub fn caught_up(&self, left_count: u64) {
        self.claimed_count.fetch_max(left_count, Ordering::SeqCst);
        if left_count == self.left_count() {
            self.is_behind.store(false, Ordering::SeqCst);
        }
    }

    /// Whether something of this host's waits in the database.
    pub fn is_behind(&self) -> bool {
        let is_all_claimed = self.claimed_count.load(Ordering::SeqCst) == self.left_count();
        self.is_behind.load(Ordering::SeqCst) || !is_all_claimed
    }

    /// There is no room for more: what comes is left in the database.
    pub fn fall_behind(&self) {
        self.is_behind.store(true, Ordering::SeqCst);
    }
}

/// The shard of a run: that of its item, so that one host has all of an item's runs. Where so many may run at once or
/// in a minute, one host counts, and has them all.
pub fn shard_of_run(run: &Run, directory: &Directory) -> Shard {
    let attachment = directory.attachments.get(&run.attachment);
    attachment
        .and_then(|attachment| shard_of_limited(attachment, directory))
        .unwrap_or_else(|| shard_of(run.item.map_or(run.id.0, |item| item.number)))
}

/// The shard of an attachment's runs, where it or its robot has a limit.
pub fn shard_of_limited(attachment: &Attachment, directory: &Directory) -> Option<Shard> {
    let version = directory.robots.get(&attachment.digest);
    if version.is_some_and(|version| version.manifest.limits.contains_key(CONCURRENCY)) {
        return Some(shard_of_name(&attachment.robot));
    }
    let has_limit = attachment.concurrency_max > 0 || attachment.rate_per_minute > 0;
    has_limit.then(|| shard_of(attachment.id.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_when_memory_is_full() {
        let shards = Shards::new(ShardSet::ALL);
        assert!(shards.holds(1, 9, 10));
        assert!(!shards.holds(1, 10, 10));
        // There is room again, but somebody waits in the database who came before.
        assert!(!shards.holds(2, 0, 10));
        shards.left_behind();
        shards.caught_up(0);
        assert!(!shards.holds(2, 0, 10), "more was left meanwhile");
        shards.caught_up(1);
        assert!(shards.holds(2, 0, 10) && !shards.is_behind());
    }

    #[test]
    fn what_is_of_another_host_is_not_held() {
        let shards = Shards::new([1, 2].into_iter().collect());
        assert!(shards.holds(1, 0, 10) && !shards.holds(3, 0, 10));
        assert!(!shards.is_behind());
        assert!(shards.owns(257) && !shards.owns(256));
        let epoch = shards.epoch();
        assert!(!shards.set([1, 2].into_iter().collect(), 2));
        assert!(shards.set([1].into_iter().collect(), 2));
        assert_eq!((shards.epoch(), shards.host_count()), (epoch + 1, 2));
    }
}
