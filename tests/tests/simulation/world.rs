//! What outlives a host: the people, the providers, the receiver, the time, and what everybody remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use signalbox_crm::ids::{EventId, ItemId, RunId};
use signalbox_crm::time::Timestamp;
use signalbox_db::Batch;

use super::chance::Chance;
use super::company::{Company, START};
use super::observer::Observed;
use super::planted::Planted;
use super::receiver::Inbox;
use super::requests::Orders;
use super::sometimes::Tally;
use super::trace::Trace;

/// What a series of lives is about to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Everything fails now and then.
    Storm,
    /// Nothing fails any more, and all work gets done.
    Calm,
    /// A host that starts once more has nothing to do.
    Again,
}

/// A message of a client, which a provider sends until it is accepted.
#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub(super) channel: &'static str,
    pub(super) chat: u64,
    pub(super) number: u64,
    pub(super) is_accepted: bool,
}

impl Webhook {
    pub(super) fn text(&self) -> String {
        format!("words {} of {}", self.number, self.chat)
    }
}

/// What people and providers were told.
#[derive(Default)]
pub(super) struct Ledger {
    /// Deals by title; with an id when their creation was acknowledged.
    pub(super) deals: BTreeMap<String, Option<ItemId>>,
    /// Deals that were asked for under a key; with an id when they were acknowledged.
    pub(super) posts: BTreeMap<String, Option<ItemId>>,
    pub(super) events: BTreeSet<EventId>,
    pub(super) runs: BTreeSet<RunId>,
    pub(super) webhooks: Vec<Webhook>,
}

/// The world of one seed.
pub(super) struct World {
    pub(super) company: &'static Company,
    pub(super) chance: Chance,
    pub(super) trace: Trace,
    pub(super) tally: Tally,
    pub(super) database: PathBuf,
    pub(super) planted: Option<Planted>,
    /// People and providers that wait for an answer.
    pub(super) asking: AtomicUsize,
    phase: AtomicU8,
    ledger: Mutex<Ledger>,
    inbox: Mutex<Inbox>,
    orders: Mutex<Orders>,
    observed: Mutex<Observed>,
    problems: Mutex<Vec<String>>,
    now: Mutex<Timestamp>,
    _folder: tempfile::TempDir,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(super) fn new(company: &'static Company, seed: u64, planted: Option<Planted>) -> World {
        let folder = super::company::folder();
        let database = folder.path().join("crm.db");
        std::fs::copy(&company.template, &database).unwrap();
        World {
            company,
            chance: Chance::of(seed),
            trace: Trace::default(),
            tally: Tally::default(),
            database,
            planted,
            asking: AtomicUsize::new(0),
            phase: AtomicU8::new(Phase::Storm as u8),
            ledger: Mutex::default(),
            inbox: Mutex::default(),
            orders: Mutex::default(),
            observed: Mutex::default(),
            problems: Mutex::default(),
            now: Mutex::new(Timestamp::parse(START).unwrap()),
            _folder: folder,
        }
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }

    pub(super) fn orders(&self) -> MutexGuard<'_, Orders> {
        lock(&self.orders)
    }

    pub(super) fn observed(&self) -> MutexGuard<'_, Observed> {
        lock(&self.observed)
    }

    /// The time at which the next life begins.
    pub(super) fn now(&self) -> Timestamp {
        *lock(&self.now)
    }

    pub(super) fn set_now(&self, now: Timestamp) {
        *lock(&self.now) = now;
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Storm,
            1 => Phase::Calm,
            _ => Phase::Again,
        }
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.trace.note(format!("{phase:?}"));
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Something is not as promised.
    pub(super) fn problem(&self, what: String) {
        self.trace.note(format!("PROBLEM {what}"));
        lock(&self.problems).push(what);
    }

    pub(super) fn problems(&self) -> Vec<String> {
        lock(&self.problems).clone()
    }

    /// Spoils a batch, where a defect is planted.
    pub(super) fn planted(&self, batch: &mut Batch) {
        if let Some(planted) = self.planted {
            planted.spoil(self, batch);
        }
    }
}
