//! Timeline entries and history rows. Both are only ever added, and the database numbers them.

use signalbox_crm::ids::RunId;
use signalbox_crm::notification::{HistoryEntry, TimelineEntry};

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

const ROW_BYTES: usize = 160;

const INSERT_TIMELINE: Sql = over_rows!(
    "INSERT INTO timeline (
    item, item_kind, at, kind, text, actor, run
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), r.value ->> 1, CAST(r.value ->> 2 AS BIGINT), r.value ->> 3,
    r.value ->> 4, r.value ->> 5, CAST(r.value ->> 6 AS BIGINT)",
    ""
);

const INSERT_HISTORY: Sql = over_rows!(
    "INSERT INTO history (
    subject, at, actor, run, what, before, after
)
SELECT
    r.value ->> 0, CAST(r.value ->> 1 AS BIGINT), r.value ->> 2, CAST(r.value ->> 3 AS BIGINT),
    r.value ->> 4, r.value ->> 5, r.value ->> 6",
    ""
);

/// The columns in the order in which [`read_timeline`] takes them.
const SELECT_TIMELINE: &str =
    "SELECT timeline.id, timeline.item, timeline.item_kind, timeline.at, timeline.kind, timeline.text,
    timeline.actor, timeline.run
FROM timeline";

/// The columns in the order in which [`read_history`] takes them.
const SELECT_HISTORY: &str = "SELECT history.id, history.subject, history.at, history.actor, history.run, history.what, history.before,
    history.after
FROM history";

/// An entry with the number that the database gave it: where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted<T> {
    /// Grows in commit order.
    pub id: i64,
    /// The entry.
    pub entry: T,
}

fn read_timeline(fields: &mut Fields<'_>) -> Result<Noted<TimelineEntry>, DbError> {
    Ok(Noted {
        id: fields.int()?,
        entry: TimelineEntry {
            item: fields.item()?,
            at: fields.instant()?,
            kind: fields.text()?,
            text: fields.text()?,
            actor: fields.text()?,
            run: fields.maybe_int()?.map(RunId),
        },
    })
}

fn read_history(fields: &mut Fields<'_>) -> Result<Noted<HistoryEntry>, DbError> {
    Ok(Noted {
        id: fields.int()?,
        entry: HistoryEntry {
            subject: fields.text()?,
            at: fields.instant()?,
            actor: fields.text()?,
            run: fields.maybe_int()?.map(RunId),
            what: fields.text()?,
            before: fields.maybe_text()?,
            after: fields.maybe_text()?,
        },
    })
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.timeline.is_empty() {
        let mut rows = Rows::with_capacity(batch.timeline.len(), ROW_BYTES);
        for entry in &batch.timeline {
            rows.row()
                .item(entry.item)
                .instant(entry.at)
                .text(&entry.kind)
                .text(&entry.text)
                .text(&entry.actor)
                .maybe_int(entry.run.map(|id| id.0));
        }
        steps.push(Step::of_each(INSERT_TIMELINE, rows, "timeline"));
    }
    if !batch.history.is_empty() {
        let mut rows = Rows::with_capacity(batch.history.len(), ROW_BYTES);
        for entry in &batch.history {
            rows.row()
                .text(&entry.subject)
                .instant(entry.at)
                .text(&entry.actor)
                .maybe_int(entry.run.map(|id| id.0))
                .text(&entry.what)
                .maybe_text(entry.before.as_deref())
                .maybe_text(entry.after.as_deref());
        }
        steps.push(Step::of_each(INSERT_HISTORY, rows, "history"));
    }
}

impl Db {
    /// A page of an item's timeline, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn timeline(
        &self,
        item: i64,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Noted<TimelineEntry>>, DbError> {
        let mut filter = Filter::default();
        filter
            .and("timeline.item = ?", [item.into()])
            .maybe("timeline.id < ?", before);
        let (sql, args) = filter.page(SELECT_TIMELINE, "ORDER BY timeline.id DESC", limit);
        self.rows(sql, args, read_timeline).await
    }

    /// A page of a subject's history (`deal:17`), newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn history(
        &self,
        subject: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Noted<HistoryEntry>>, DbError> {
        let mut filter = Filter::default();
        filter
            .and("history.subject = ?", [subject.into()])
            .maybe("history.id < ?", before);
        let (sql, args) = filter.page(SELECT_HISTORY, "ORDER BY history.id DESC", limit);
        self.rows(sql, args, read_history).await
    }

    /// A page of the whole history, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn history_of(
        &self,
        wanted: &HistoryFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Noted<HistoryEntry>>, DbError> {
        let mut filter = Filter::default();
        filter
            .maybe("history.subject = ?", wanted.subject.as_deref())
            .maybe("history.actor = ?", wanted.actor.as_deref())
            .maybe("history.id < ?", before);
        let (sql, args) = filter.page(SELECT_HISTORY, "ORDER BY history.id DESC", limit);
        self.rows(sql, args, read_history).await
    }
}

/// Which lines of the history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// About this: `deal:17`.
    pub subject: Option<String>,
    /// By this one: `employee:3`, `system`.
    pub actor: Option<String>,
}
