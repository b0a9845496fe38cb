//! The turnstile: every operation of the database and every request to a receiver waits here until the scheduler of
//! the simulation lets it pass, one at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signalbox_db::{Batch, Committed, Db, DbError, Fault, Gate, Passage};
use tokio::sync::{Notify, oneshot};

use super::sometimes::Sometimes;
use super::world::World;

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    BeforeRead,
    AfterRead,
    BeforeCommit,
    AfterCommit,
    BeforeRequest,
    AfterRequest,
}

/// What happens to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    On,
    Fails(Fault),
    /// A receiver that has the request refuses with this status.
    Refused(u16),
    /// No answer comes.
    Silence,
}

/// Somebody who waits.
pub(super) struct Ticket {
    pub(super) stop: Stop,
    pub(super) label: String,
    go: oneshot::Sender<Go>,
}

impl Ticket {
    /// Lets it pass.
    pub(super) fn pass(self, go: Go) {
        // Who waited may have been dropped meanwhile.
        let _ = self.go.send(go);
    }
}

#[derive(Default)]
struct Inner {
    waiting: Vec<Ticket>,
    /// An operation is with the database's thread.
    is_flying: bool,
    /// Nothing passes any more: the database is gone.
    is_down: bool,
    /// Another host has the place of this one: no commit passes.
    is_ousted: bool,
}

/// The turnstile of one life of the host.
pub(super) struct Turnstile {
    world: Arc<World>,
    /// Without a gate, to look at what is stored.
    db: Db,
    inner: Mutex<Inner>,
    landed: Notify,
}

impl Turnstile {
    pub(super) fn new(world: Arc<World>, db: Db) -> Self {
        Turnstile {
            world,
            db,
            inner: Mutex::default(),
            landed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the scheduler.
    pub(super) async fn wait(&self, stop: Stop, label: String) -> Go {
        let (go, told) = oneshot::channel();
        self.lock().waiting.push(Ticket { stop, label, go });
        match told.await {
            Ok(go) => go,
            // The life is over.
            Err(_) => std::future::pending().await,
        }
    }

    /// Takes out everybody who waits and has not gone away.
    pub(super) fn take(&self) -> Vec<Ticket> {
        let mut waiting = std::mem::take(&mut self.lock().waiting);
        waiting.retain(|ticket| !ticket.go.is_closed());
        waiting
    }

    pub(super) fn put_back(&self, tickets: Vec<Ticket>) {
        let mut inner = self.lock();
        let newer = std::mem::replace(&mut inner.waiting, tickets);
        inner.waiting.extend(newer);
    }

    /// Whether the database works on something.
    pub(super) fn is_flying(&self) -> bool {
        self.lock().is_flying
    }

    pub(super) async fn landed(&self) {
        self.landed.notified().await;
    }

    pub(super) fn is_down(&self) -> bool {
        self.lock().is_down
    }

    pub(super) fn is_ousted(&self) -> bool {
        self.lock().is_ousted
    }

    pub(super) fn set_ousted(&self, is_ousted: bool) {
        self.lock().is_ousted = is_ousted;
    }

    fn take_off(&self) {
        self.lock().is_flying = true;
    }

    fn land(&self) {
        self.lock().is_flying = false;
        self.landed.notify_one();
    }

    async fn before(&self, stop: Stop, label: String) -> Result<(), Fault> {
        match self.wait(stop, label).await {
            _ if self.is_down() => Err(Fault::Unavailable),
            _ if stop == Stop::BeforeCommit && self.is_ousted() => Err(Fault::Ousted),
            Go::Fails(fault) => Err(fault),
            Go::On | Go::Refused(_) | Go::Silence => {
                self.take_off();
                Ok(())
            }
        }
    }
}

impl Gate for Turnstile {
    fn before_read<'a>(&'a self, sql: &'a str) -> Passage<'a> {
        // Only a worker whose run has met changed rows asks for one run.
        if sql.contains("WHERE run.id ") {
            self.world.tally.saw(Sometimes::RunAgain);
        }
        Box::pin(self.before(Stop::BeforeRead, label(sql)))
    }

    fn after_read<'a>(&'a self, sql: &'a str) -> Passage<'a> {
        self.land();
        Box::pin(async move {
            if !self.world.chance.one_in(4) {
                return Ok(());
            }
            match self.wait(Stop::AfterRead, label(sql)).await {
                Go::Fails(fault) => Err(fault),
                Go::On | Go::Refused(_) | Go::Silence => Ok(()),
            }
        })
    }

    fn before_commit<'a>(&'a self, batch: &'a mut Batch) -> Passage<'a> {
        Box::pin(async move {
            self.before(Stop::BeforeCommit, super::observer::summary(batch))
                .await?;
            self.world.planted(batch);
            super::observer::before_commit(&self.world, &self.db, batch).await;
            Ok(())
        })
    }

    fn after_commit<'a>(&'a self, batch: &'a Batch, outcome: &'a Result<Committed, DbError>) -> Passage<'a> {
        super::observer::after_commit(&self.world, batch, outcome);
        self.land();
        Box::pin(async move {
            let words = if outcome.is_ok() { "stored" } else { "refused" };
            match self.wait(Stop::AfterCommit, words.to_owned()).await {
                // The database may answer so only while it closes for good.
                Go::Fails(_) if outcome.is_ok() => {
                    self.lock().is_down = true;
                    self.world.tally.saw(Sometimes::LostCommit);
                    Err(Fault::OutcomeUnknown)
                }
                Go::On | Go::Fails(_) | Go::Refused(_) | Go::Silence => Ok(()),
            }
        })
    }
}

/// A statement's place: what it reads from, and how it looks for it.
fn label(sql: &str) -> String {
    let digest = sql.bytes().fold(0_u32, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    let table = sql.split_once("FROM ").map_or(sql, |(_, rest)| rest);
    let table = table.split_whitespace().next().unwrap_or_default();
    format!("{table}#{digest:08x}")
}
