//! Events.

use signalbox_crm::event::{Event, FactKind};
use signalbox_crm::ids::{EventId, RunId};

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

const ROW_BYTES: usize = 192;

const INSERT: Sql = over_rows!(
    "INSERT INTO event (
    id, kind, fact, item, item_kind, root, depth, caused_by, at
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), r.value ->> 1, r.value ->> 2, CAST(r.value ->> 3 AS BIGINT),
    r.value ->> 4, CAST(r.value ->> 5 AS BIGINT), CAST(r.value ->> 6 AS BIGINT),
    CAST(r.value ->> 7 AS BIGINT), CAST(r.value ->> 8 AS BIGINT)",
    ""
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str =
    "SELECT event.id, event.fact, event.item, event.item_kind, event.root, event.depth, event.caused_by,
    event.at
FROM event";

pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Event, DbError> {
    Ok(Event {
        id: EventId(fields.int()?),
        fact: fields.json("fact")?,
        item: fields.maybe_item()?,
        root: EventId(fields.int()?),
        depth: fields.count()?,
        caused_by: fields.maybe_int()?.map(RunId),
        at: fields.instant()?,
    })
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if batch.events.is_empty() {
        return;
    }
    let mut rows = Rows::with_capacity(batch.events.len(), ROW_BYTES);
    for event in &batch.events {
        rows.row()
            .int(event.id.0)
            .word(event.fact.kind().as_str())
            .json_of(&event.fact)
            .maybe_item(event.item)
            .int(event.root.0)
            .int(i64::from(event.depth))
            .maybe_int(event.caused_by.map(|id| id.0))
            .instant(event.at);
    }
    steps.push(Step::of_each(INSERT, rows, "event"));
}

/// Which events a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// About the item with this number.
    pub item: Option<i64>,
    /// Of this kind.
    pub kind: Option<FactKind>,
    /// Of this chain, but for the root itself.
    pub root: Option<EventId>,
}

impl EventFilter {
    fn conditions(&self) -> Filter {
        let mut filter = Filter::default();
        filter
            .maybe("event.item = ?", self.item)
            .maybe("event.kind = ?", self.kind.map(FactKind::as_str))
            .maybe("event.depth > 0 AND event.root = ?", self.root.map(|id| id.0));
        filter
    }
}

impl Db {
    /// The event.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn event(&self, id: EventId) -> Result<Option<Event>, DbError> {
        let mut filter = Filter::default();
        filter.and("event.id = ?", [id.0.into()]);
        let (sql, args) = filter.page(SELECT, "", 1);
        self.row(sql, args, read).await
    }

    /// A page of events, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn events(
        &self,
        filter: &EventFilter,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Event>, DbError> {
        let mut filter = filter.conditions();
        filter.maybe("event.id < ?", before.map(|id| id.0));
        let (sql, args) = filter.page(SELECT, "ORDER BY event.id DESC", limit);
        self.rows(sql, args, read).await
    }

    /// How many events fit the filter; the loop guard counts the events of a chain.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn event_count(&self, filter: &EventFilter) -> Result<i64, DbError> {
        let (sql, args) = filter.conditions().page("SELECT COUNT(*)\nFROM event", "", 1);
        Ok(self.row(sql, args, |fields| fields.int()).await?.unwrap_or(0))
    }
}
