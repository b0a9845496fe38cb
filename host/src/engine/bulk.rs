//! Bulk changes go on in pieces of a few items, one after the other, while there is room.
//!
//! A piece is one commit: the items with everything that follows, and how far the bulk change is. So it goes on where
//! it stopped after a crash, each item has its turn once, and nothing of it is in memory but the piece. People's
//! clicks and what clients send wait for one piece at most; the runs that follow share the workers like all others.

use signalbox_crm::sentence::Sentence;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use signalbox_crm::bulk::{Bulk, BulkState, Turn, change_one};
use signalbox_crm::ids::BulkId;
use signalbox_crm::item::Item;
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_db::{DbError, ItemFilter, ItemPage};

use super::committer::CommitError;
use super::core::SharedCore;
use super::draft::{Draft, DraftError};

/// Items of one piece: a commit of a few milliseconds, as a group of people's changes is.
const ITEMS_PER_PIECE: u32 = 50;
/// Bulk changes that may be open: the list is read for each piece.
pub const OPEN_MAX: u32 = 100;
/// The longest wait for room or for news; another host may have taken something on.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Pause after an error of the database.
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A piece was done, or somebody else did it.
    Worked,
    /// Too much waits already.
    NoRoom,
    /// Nothing is open.
    Idle,
}

/// Makes bulk changes go on.
pub struct Bulks {
    core: SharedCore,
    /// Whose piece was the last: the next one is another's, where there is one.
    last: Mutex<BulkId>,
}

impl Bulks {
    /// Goes on with what is stored.
    pub fn new(core: SharedCore) -> Self {
        Bulks {
            core,
            last: Mutex::new(BulkId(0)),
        }
    }

    /// Goes on for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            if self.core.draining.is_on() {
                return std::future::pending().await;
            }
            match self.step().await {
                Ok(Step::Worked) => {}
                Ok(Step::NoRoom) => {
                    let room = self.core.lanes.shrunk_to(self.core.due_backlog_max());
                    // Whatever comes first: the loop looks again.
                    let _ = tokio::time::timeout(WAIT_MAX, room).await;
                }
                Ok(Step::Idle) => {
                    let _ = tokio::time::timeout(WAIT_MAX, self.core.bulk_changed.notified()).await;
                }
                Err(error) => {
                    tracing::error!(error = %error, "A bulk change cannot go on: {error}");
                    tokio::time::sleep(ERROR_PAUSE).await;
                }
            }
        }
    }

    /// Does one piece of the bulk change whose turn it is.
    ///
    /// # Errors
    /// The database.
    pub async fn step(&self) -> Result<Step, DraftError> {
        let mut open = self.core.db.open_bulks(OPEN_MAX).await?;
        // Another host goes on with the others.
        open.retain(|bulk| self.core.shards.owns(bulk.id.0));
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = open.iter().find(|bulk| bulk.id > last).or(open.first());
        let Some(bulk) = next else {
            return Ok(Step::Idle);
        };
        if self.core.lanes.open_count() > self.core.due_backlog_max() {
            return Ok(Step::NoRoom);
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = bulk.id;
        self.piece(bulk).await?;
        Ok(Step::Worked)
    }

    /// Does the next piece. When others change an item of it meanwhile, a smaller one: with one item, each failure
    /// means that somebody else got through.
    async fn piece(&self, bulk: &Bulk) -> Result<(), DraftError> {
        let items = self.items(bulk).await?;
        let mut count = items.len();
        loop {
            match self.commit(bulk, &items[..count]).await {
                Err(DraftError::Commit(CommitError::Stale(_))) => count = count.div_ceil(4),
                // It was cancelled, or another host has done the piece.
                Err(DraftError::Commit(CommitError::Db(error)))
                    if matches!(*error, DbError::Conflict("bulk")) =>
                {
                    return Ok(());
                }
                Err(DraftError::Commit(CommitError::Db(error))) if matches!(*error, DbError::Conflict(_)) => {
                    count = count.div_ceil(4);
                }
                Err(error) if error.is_passing() || items.is_empty() => return Err(error),
                Err(_) if count > 1 => count = 1,
                Err(error) => return self.refuse(bulk, &items[0], &error).await,
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Passes over an item that the database refuses to store, or the others would wait for ever.
    async fn refuse(&self, bulk: &Bulk, item: &Item, error: &DraftError) -> Result<(), DraftError> {
        tracing::error!(error = %error, "{} cannot change {}: {error}", bulk.id, item.id);
        let mut next = bulk.clone();
        next.version += 1;
        let rejection = Rejection::new(Code::Conflict, Sentence::plain(error.to_string()));
        next.note(item.id, Turn::Refused(rejection));
        let mut proposal = Draft::new(&self.core, Actor::System).into_proposal();
        proposal.bulk = Some((Some(bulk.version), next));
        self.core.submit(proposal).await?;
        Ok(())
    }

    /// The items that have their turn next.
    async fn items(&self, bulk: &Bulk) -> Result<Vec<Item>, DbError> {
        let filter = ItemFilter {
            pipeline: Some(bulk.filter.pipeline),
            stage: bulk.filter.stage,
            assignee: bulk.filter.assignee,
            is_open: Some(true),
            ..ItemFilter::default()
        };
        let page = ItemPage::Number(Some(bulk.cursor));
        let mut items = self.core.db.items(&filter, page, ITEMS_PER_PIECE).await?;
        items.retain(|item| item.id.number <= bulk.until);
        Ok(items)
    }

    /// Commits a piece; without items, the end.
    async fn commit(&self, bulk: &Bulk, items: &[Item]) -> Result<(), DraftError> {
        let actor = bulk.by.map_or(Actor::System, Actor::Employee);
        let mut draft = Draft::new(&self.core, actor);
        let mut next = bulk.clone();
        next.version += 1;
        for item in items {
            let turn = match draft.item(item.id).await {
                Ok(item) => draft
                    .rule(|rules, changes| Ok::<Turn, Rejection>(change_one(rules, changes, bulk, item)))?,
                Err(DraftError::Rejected(rejection)) => Turn::Refused(rejection),
                Err(error) => return Err(error),
            };
            next.note(item.id, turn);
        }
        if items.is_empty() {
            next.end(BulkState::Done, draft.now);
        }
        let mut proposal = draft.into_proposal();
        proposal.bulk = Some((Some(bulk.version), next));
        self.core.submit(proposal).await?;
        Ok(())
    }
}
