//! Timers of the core: reminders and deadlines of activities.

use signalbox_crm::ids::{ActivityId, TimerId};
use signalbox_crm::shard::ShardSet;
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::{Timer, TimerKind};

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;
use crate::sharding;

const ROW_BYTES: usize = 96;

const INSERT: Sql = over_rows!(
    "INSERT INTO timer (
    id, due_at, kind, minutes, activity, item, item_kind, deadline_at
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), r.value ->> 2,
    CAST(r.value ->> 3 AS BIGINT), CAST(r.value ->> 4 AS BIGINT), CAST(r.value ->> 5 AS BIGINT),
    r.value ->> 6, CAST(r.value ->> 7 AS BIGINT)",
    ""
);

/// Each must be there still: what it made is stored in the same transaction, and whoever comes second makes nothing.
const DELETE_FIRED: Sql = over_rows!(
    "DELETE FROM timer
WHERE id IN (
    SELECT CAST(r.value ->> 0 AS BIGINT)",
    ")"
);

const DELETE_VOID: Sql = over_rows!(
    "DELETE FROM timer
WHERE activity IN (
    SELECT CAST(r.value ->> 0 AS BIGINT)",
    ")"
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str =
    "SELECT timer.id, timer.due_at, timer.kind, timer.minutes, timer.activity, timer.item, timer.item_kind,
    timer.deadline_at
FROM timer";

fn read(fields: &mut Fields<'_>) -> Result<Timer, DbError> {
    Ok(Timer {
        id: TimerId(fields.int()?),
        due_at: fields.instant()?,
        kind: kind(fields)?,
        activity: ActivityId(fields.int()?),
        item: fields.item()?,
        deadline_at: fields.instant()?,
    })
}

fn kind(fields: &mut Fields<'_>) -> Result<TimerKind, DbError> {
    let word = fields.text()?;
    let minutes = fields.maybe_count()?;
    match (word.as_str(), minutes) {
        ("reminder", Some(minutes)) => Ok(TimerKind::Reminder { minutes }),
        ("overdue", None) => Ok(TimerKind::Overdue),
        (other, _) => Err(DbError::bad_row("timer kind", other)),
    }
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.timers_fired.is_empty() {
        let mut rows = Rows::with_capacity(batch.timers_fired.len(), 16);
        for id in &batch.timers_fired {
            rows.row().int(id.0);
        }
        steps.push(Step::of_each(DELETE_FIRED, rows, "timer"));
    }
    if !batch.timers_void.is_empty() {
        let mut rows = Rows::with_capacity(batch.timers_void.len(), 16);
        for id in &batch.timers_void {
            rows.row().int(id.0);
        }
        steps.push(Step::of_rows(DELETE_VOID, rows));
    }
    if !batch.timers.is_empty() {
        let mut rows = Rows::with_capacity(batch.timers.len(), ROW_BYTES);
        for timer in &batch.timers {
            let (kind, minutes) = match timer.kind {
                TimerKind::Reminder { minutes } => ("reminder", Some(i64::from(minutes))),
                TimerKind::Overdue => ("overdue", None),
            };
            rows.row()
                .int(timer.id.0)
                .instant(timer.due_at)
                .word(kind)
                .maybe_int(minutes)
                .int(timer.activity.0)
                .item(timer.item)
                .instant(timer.deadline_at);
        }
        steps.push(Step::of_each(INSERT, rows, "timer"));
    }
}

impl Db {
    /// Timers of these shards that are due, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn due_timers(
        &self,
        shards: &ShardSet,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Timer>, DbError> {
        let mut filter = Filter::default();
        sharding::timers(&mut filter, shards);
        filter.and("timer.due_at <= ?", [now.into()]);
        let (sql, args) = filter.page(SELECT, "ORDER BY timer.due_at, timer.id", limit);
        self.rows(sql, args, read).await
    }

    /// When the next timer of these shards is due.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn next_timer_at(&self, shards: &ShardSet) -> Result<Option<Timestamp>, DbError> {
        let mut filter = Filter::default();
        sharding::timers(&mut filter, shards);
        let (sql, args) = filter.page("SELECT MIN(timer.due_at)\nFROM timer", "", 1);
        Ok(self
            .row(sql, args, |fields| fields.maybe_instant())
            .await?
            .flatten())
    }
}
