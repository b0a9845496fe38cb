//! Numbers for new rows, given out in memory.
//!
//! A draft needs ids at once, long before its commit. One host alone counts, and the committer keeps a high mark in the
//! database that is always above every committed number; after a restart numbering goes on from the mark. Hosts that
//! share a database have blocks of numbers, each for itself. Either way a number is never given twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use signalbox_crm::ids::IdKind;
use signalbox_db::{Db, DbError};
use tokio::sync::Notify;

use crate::clock::random_bytes;

/// How far above the last given number the mark is set: one write of the mark serves so many ids.
const MARK_AHEAD: i64 = 4096;
/// The first block of each kind. Each time it runs low, the next one is twice as large.
const BLOCK_MIN: i64 = 1024;
/// The largest block: two seconds of events at the highest load.
const BLOCK_MAX: i64 = 65_536;
/// Numbers from here on need no block: they are drawn by lot. Below 2^53, so that every language can read them.
const DRAWN_FROM: i64 = 1 << 52;

/// Gives out numbers, from 1.
#[derive(Debug)]
pub struct Ids {
    source: Source,
    /// Woken when a block runs low.
    low: Notify,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each host")]
enum Source {
    Counted([AtomicI64; IdKind::ALL.len()]),
    Blocks([Mutex<Block>; IdKind::ALL.len()]),
}

/// Numbers of one kind that only this host has.
#[derive(Debug)]
struct Block {
    next: i64,
    end: i64,
    /// The block behind it.
    reserve: Option<(i64, i64)>,
    /// How large the next one shall be.
    size: i64,
}

impl Block {
    const EMPTY: Block = Block {
        next: 0,
        end: 0,
        reserve: None,
        size: BLOCK_MIN,
    };

    fn take(&mut self) -> i64 {
        if self.next == self.end {
            match self.reserve.take() {
                Some((next, end)) => (self.next, self.end) = (next, end),
                // The database is away, and drafts go on asking. Nobody else draws this number, in 2^51.
                None => return DRAWN_FROM + i64::from_le_bytes(random_bytes()).rem_euclid(DRAWN_FROM),
            }
        }
        self.next += 1;
        self.next - 1
    }

    fn add(&mut self, first: i64, count: i64) {
        self.size = (count * 2).min(BLOCK_MAX);
        if self.next == self.end {
            (self.next, self.end) = (first, first + count);
        } else {
            self.reserve = Some((first, first + count));
        }
    }

    fn is_low(&self) -> bool {
        self.reserve.is_none()
    }
}

impl Ids {
    fn of(source: Source) -> Self {
        Ids {
            source,
            low: Notify::new(),
        }
    }

    /// Goes on from the marks that were stored.
    pub fn after(marks: &BTreeMap<String, i64>) -> Self {
        let last = IdKind::ALL.map(|kind| AtomicI64::new(marks.get(kind.as_str()).copied().unwrap_or(0)));
        Ids::of(Source::Counted(last))
    }

    /// Has blocks of its own in a database that several hosts share.
    ///
    /// # Errors
    /// The database.
    pub async fn in_blocks(db: &Db) -> Result<Self, DbError> {
        let ids = Ids::of(Source::Blocks(IdKind::ALL.map(|_| Mutex::new(Block::EMPTY))));
        ids.refill(db).await?;
        Ok(ids)
    }

    fn block(blocks: &[Mutex<Block>], kind: IdKind) -> MutexGuard<'_, Block> {
        blocks[kind as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that nobody else gets.
    pub fn next(&self, kind: IdKind) -> i64 {
        match &self.source {
            Source::Counted(last) => last[kind as usize].fetch_add(1, Ordering::Relaxed) + 1,
            Source::Blocks(blocks) => {
                let mut block = Ids::block(blocks, kind);
                let number = block.take();
                if block.is_low() {
                    self.low.notify_one();
                }
                number
            }
        }
    }

    /// Waits until a block runs low.
    pub async fn low(&self) {
        self.low.notified().await;
    }

    /// Wakes who waits for that, although nobody has taken a number.
    pub fn ring(&self) {
        self.low.notify_one();
    }

    /// Fetches blocks where they run low.
    ///
    /// # Errors
    /// The database.
    pub async fn refill(&self, db: &Db) -> Result<(), DbError> {
        let Source::Blocks(blocks) = &self.source else {
            return Ok(());
        };
        let low = IdKind::ALL.into_iter().filter_map(|kind| {
            let block = Ids::block(blocks, kind);
            block.is_low().then_some((kind, block.size))
        });
        let low: Vec<(IdKind, i64)> = low.collect();
        let counts: Vec<_> = low.iter().map(|(kind, size)| (kind.as_str(), *size)).collect();
        let firsts = db.reserve_ids(&counts).await?;
        for (kind, size) in low {
            if let Some(first) = firsts.get(kind.as_str()) {
                Ids::block(blocks, kind).add(*first, size);
            }
        }
        Ok(())
    }

    /// Goes on after `last`. For a rehearsal that goes on where it stopped, before anything else has begun: no number
    /// beyond `last` may have been stored. It has its database for itself.
    pub fn go_on_after(&self, kind: IdKind, last: i64) {
        if let Source::Counted(counts) = &self.source {
            counts[kind as usize].store(last, Ordering::Relaxed);
        }
    }

    /// The last number given out; none of those that come in blocks.
    pub fn last(&self, kind: IdKind) -> i64 {
        match &self.source {
            Source::Counted(last) => last[kind as usize].load(Ordering::Relaxed),
            Source::Blocks(_) => 0,
        }
    }
}

/// The marks that are stored; owned by the committer.
#[derive(Debug)]
pub struct Marks {
    stored: [i64; IdKind::ALL.len()],
}

impl Marks {
    /// The marks as they were loaded.
    pub fn stored(marks: &BTreeMap<String, i64>) -> Self {
        let stored = IdKind::ALL.map(|kind| marks.get(kind.as_str()).copied().unwrap_or(0));
        Marks { stored }
    }

    /// The marks that this commit must raise, because numbers beyond them were given out.
    pub fn to_raise(&self, ids: &Ids) -> Vec<(IdKind, i64)> {
        let beyond = |kind: &IdKind| ids.last(*kind) > self.stored[*kind as usize];
        IdKind::ALL
            .into_iter()
            .filter(beyond)
            .map(|kind| (kind, ids.last(kind) + MARK_AHEAD))
            .collect()
    }

    /// Notes that the marks are stored.
    pub fn raised(&mut self, raised: &[(&'static str, i64)]) {
        for (name, high) in raised {
            if let Some(kind) = IdKind::ALL.into_iter().find(|kind| kind.as_str() == *name) {
                self.stored[kind as usize] = *high;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_each_other_and_grow() {
        let mut block = Block::EMPTY;
        block.add(1, 2);
        assert!(block.is_low());
        block.add(101, 2);
        assert!(!block.is_low());
        assert_eq!([block.take(), block.take(), block.take()], [1, 2, 101]);
        assert!(block.is_low());
        assert_eq!((block.take(), block.size), (102, 4));
        // Nothing is left: numbers that nobody has.
        let (one, other) = (block.take(), block.take());
        assert!(one >= DRAWN_FROM && other >= DRAWN_FROM && one != other);
        assert!(one < 1 << 53);
    }
}
