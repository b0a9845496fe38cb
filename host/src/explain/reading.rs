//! What is stored of an item and of an attachment, as far as an explanation needs it.

use std::collections::BTreeMap;
use std::sync::Arc;

use signalbox_crm::attachment::{Attachment, Moment};
use signalbox_crm::directory::Directory;
use signalbox_crm::event::{Event, FactKind};
use signalbox_crm::explaining::past::{Past, PastRun, Switched};
use signalbox_crm::ids::ItemId;
use signalbox_crm::item::Item;
use signalbox_crm::notification::HistoryEntry;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::time::Timestamp;
use signalbox_db::{DbError, EventFilter, RunWithEvent};

use crate::engine::core::Core;
use crate::engine::denials::denied_calls;
use crate::engine::draft::DraftError;

/// Events of one kind of an item that are read: the newest.
const EVENTS_READ_MAX: u32 = 100;
/// Rows of the history of an item or an attachment that are read: the newest.
const HISTORY_READ_MAX: u32 = 1_000;

/// What is stored of an item.
pub(super) struct Life<'a> {
    core: &'a Core,
    directory: Arc<Directory>,
    pub(super) item: Item,
    moves: Vec<HistoryEntry>,
    events: BTreeMap<FactKind, Vec<Event>>,
}

/// What is stored of an attachment, for one item.
pub(super) struct Known {
    attached_at: Option<Timestamp>,
    switches: Vec<Switched>,
    runs: Vec<PastRun>,
    kind: Option<FactKind>,
    pause_until: Option<Timestamp>,
}

impl<'a> Life<'a> {
    /// Reads the item.
    ///
    /// # Errors
    /// `not-found`; the database.
    pub(super) async fn read(
        core: &'a Core,
        directory: Arc<Directory>,
        id: ItemId,
    ) -> Result<Self, DraftError> {
        let item = core.db.item(id.number).await?.filter(|item| item.id == id);
        let item = item.ok_or_else(|| Rejection::not_found(id))?;
        let history = history(core, &id.to_string()).await?;
        Ok(Life {
            core,
            directory,
            item,
            moves: history
                .into_iter()
                .filter(|entry| entry.what == "stage")
                .collect(),
            events: BTreeMap::new(),
        })
    }

    /// Reads what is stored of the attachment. Of the newest runs, so many are read with their last attempt.
    ///
    /// # Errors
    /// The database.
    pub(super) async fn known(
        &mut self,
        attachment: &Attachment,
        runs: Vec<RunWithEvent>,
        attempt_count: usize,
    ) -> Result<Known, DbError> {
        let kind = match &attachment.moment {
            Moment::Stage { .. } => Some(FactKind::StageEntered),
            Moment::Event { event, .. } => Some(*event),
            Moment::Schedule { .. } | Moment::Manual => None,
        };
        if let Some(kind) = kind {
            self.read_events(kind).await?;
        }
        let history = history(self.core, &attachment.id.to_string()).await?;
        let mut past_runs = Vec::with_capacity(runs.len());
        for (place, found) in runs.into_iter().enumerate() {
            past_runs.push(self.past_run(found, place < attempt_count).await?);
        }
        let now = self.core.clock.now();
        let pause = self.core.breakers.pause(&attachment.digest);
        Ok(Known {
            attached_at: attached_at(&history),
            switches: switches(&history),
            runs: past_runs,
            kind,
            pause_until: pause.map(|pause| pause.probe_at).filter(|until| *until > now),
        })
    }

    async fn read_events(&mut self, kind: FactKind) -> Result<(), DbError> {
        if self.events.contains_key(&kind) {
            return Ok(());
        }
        let filter = EventFilter {
            item: Some(self.item.id.number),
            kind: Some(kind),
            root: None,
        };
        let found = self.core.db.events(&filter, None, EVENTS_READ_MAX).await?;
        self.events.insert(kind, found);
        Ok(())
    }

    async fn past_run(&self, found: RunWithEvent, with_attempt: bool) -> Result<PastRun, DbError> {
        let RunWithEvent { run, event } = found;
        let last = match run.attempt_count {
            1.. if with_attempt => self.core.db.attempt(run.id, run.attempt_count).await?,
            _ => None,
        };
        let lanes = &self.core.lanes;
        Ok(PastRun {
            is_running: lanes.is_running(run.id),
            waits: lanes.why_waiting(&run).map(|why| why.english()),
            denied: last
                .as_ref()
                .map(|last| denied_calls(&last.calls))
                .unwrap_or_default(),
            last,
            run,
            event,
        })
    }

    /// All that is stored of both.
    pub(super) fn past<'p>(&'p self, attachment: &'p Attachment, known: &'p Known) -> Past<'p> {
        let events = known.kind.and_then(|kind| self.events.get(&kind));
        Past {
            directory: &self.directory,
            attachment,
            attached_at: known.attached_at,
            switches: &known.switches,
            item: &self.item,
            events: events.map(Vec::as_slice).unwrap_or_default(),
            moves: &self.moves,
            runs: &known.runs,
            pause_until: known.pause_until,
            now: self.core.clock.now(),
        }
    }
}

/// Newest first.
async fn history(core: &Core, subject: &str) -> Result<Vec<HistoryEntry>, DbError> {
    let rows = core.db.history(subject, None, HISTORY_READ_MAX).await?;
    Ok(rows.into_iter().map(|row| row.entry).collect())
}

/// When it was attached, or its moment was changed last.
fn attached_at(history: &[HistoryEntry]) -> Option<Timestamp> {
    let is_it = |entry: &&HistoryEntry| matches!(entry.what.as_str(), "created" | "moment");
    history.iter().find(is_it).map(|entry| entry.at)
}

/// Oldest first.
fn switches(history: &[HistoryEntry]) -> Vec<Switched> {
    let switched = |entry: &HistoryEntry| {
        let is_on = entry.after.as_deref()?.parse().ok()?;
        (entry.what == "is_enabled").then_some(Switched { at: entry.at, is_on })
    };
    history.iter().rev().filter_map(switched).collect()
}
