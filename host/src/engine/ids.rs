//! Numbers for new rows, given out in memory.
//!
//! A draft needs ids at once, long before its commit. The committer keeps a high mark in the database that is always
//! above every committed number; after a restart numbering goes on from the mark, so a number is never given twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use signalbox_crm::ids::IdKind;

/// How far above the last given number the mark is set: one write of the mark serves so many ids.
const MARK_AHEAD: i64 = 4096;

/// Gives out numbers, from 1.
#[derive(Debug)]
pub struct Ids {
    last: [AtomicI64; IdKind::ALL.len()],
}

impl Ids {
    /// Goes on from the marks that were stored.
    pub fn after(marks: &BTreeMap<String, i64>) -> Self {
        let last = IdKind::ALL.map(|kind| AtomicI64::new(marks.get(kind.as_str()).copied().unwrap_or(0)));
        Ids { last }
    }

    /// A number that nobody else gets.
    pub fn next(&self, kind: IdKind) -> i64 {
        self.last[kind as usize].fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Goes on after `last`. For a rehearsal that goes on where it stopped, before anything else has begun: no number
    /// beyond `last` may have been stored.
    pub fn go_on_after(&self, kind: IdKind, last: i64) {
        self.last[kind as usize].store(last, Ordering::Relaxed);
    }

    /// The last number given out.
    pub fn last(&self, kind: IdKind) -> i64 {
        self.last[kind as usize].load(Ordering::Relaxed)
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
