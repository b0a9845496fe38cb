//! Runs: new ones, and reading them. How they change is in `run_changes`.

use signalbox_crm::event::Event;
use signalbox_crm::ids::{AttachmentId, EventId, PipelineId, RunId};
use signalbox_crm::run::{Failures, Reason, Run, RunState};
use signalbox_crm::shard::{Shard, ShardSet, shard_of};
use signalbox_crm::time::Timestamp;

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::event;
use crate::filter::Filter;
use crate::open::Db;
use crate::sharding;

const ROW_BYTES: usize = 160;

/// A new run has not failed: those columns have their defaults.
const INSERT: Sql = over_rows!(
    "INSERT INTO run (
    id, event, attachment, item, item_kind, stage_entry, cancel_on, state, reason, detail, due_at,
    after, timer_key, attempt_count, created_at, finished_at, host, shard
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), CAST(r.value ->> 2 AS BIGINT),
    CAST(r.value ->> 3 AS BIGINT), r.value ->> 4, CAST(r.value ->> 5 AS BIGINT), r.value ->> 6,
    r.value ->> 7, r.value ->> 8, r.value ->> 9, CAST(r.value ->> 10 AS BIGINT),
    CAST(r.value ->> 11 AS BIGINT), r.value ->> 12, CAST(r.value ->> 13 AS BIGINT),
    CAST(r.value ->> 14 AS BIGINT), CAST(r.value ->> 15 AS BIGINT), CAST(r.value ->> 16 AS BIGINT),
    CAST(r.value ->> 17 AS BIGINT)",
    ""
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str =
    "SELECT run.id, run.event, run.attachment, run.item, run.item_kind, run.stage_entry, run.cancel_on,
    run.state, run.reason, run.detail, run.due_at, run.after, run.timer_key, run.attempt_count,
    run.forgiven_count, run.fail_digest, run.equal_count, run.created_at, run.finished_at
FROM run";

/// The columns in the order in which [`read_with_event`] takes them.
const SELECT_WITH_EVENT: &str =
    "SELECT run.id, run.event, run.attachment, run.item, run.item_kind, run.stage_entry, run.cancel_on,
    run.state, run.reason, run.detail, run.due_at, run.after, run.timer_key, run.attempt_count,
    run.forgiven_count, run.fail_digest, run.equal_count, run.created_at, run.finished_at,
    event.id, event.fact, event.item, event.item_kind, event.root, event.depth, event.caused_by,
    event.at
FROM run
JOIN event ON event.id = run.event";

/// A run and what started it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunWithEvent {
    /// The run.
    pub run: Run,
    /// Its event.
    pub event: Event,
}

fn read(fields: &mut Fields<'_>) -> Result<Run, DbError> {
    Ok(Run {
        id: RunId(fields.int()?),
        event: EventId(fields.int()?),
        attachment: AttachmentId(fields.int()?),
        item: fields.maybe_item()?,
        stage_entry: fields.maybe_int()?,
        cancel_on: fields.word("cancel-on")?,
        state: fields.word("run state")?,
        reason: fields.maybe_word("reason")?,
        detail: fields.maybe_text()?,
        due_at: fields.maybe_instant()?,
        after: fields.maybe_int()?.map(RunId),
        timer_key: fields.maybe_text()?,
        attempt_count: fields.count()?,
        failures: Failures {
            forgiven_count: fields.count()?,
            digest: fields.maybe_text()?,
            equal_count: fields.count()?,
        },
        created_at: fields.instant()?,
        finished_at: fields.maybe_instant()?,
    })
}

fn read_with_event(fields: &mut Fields<'_>) -> Result<RunWithEvent, DbError> {
    Ok(RunWithEvent {
        run: read(fields)?,
        event: event::read(fields)?,
    })
}

/// `running` is what a host shows; the database keeps such a run as available.
pub(crate) fn stored_state(state: RunState) -> &'static str {
    match state {
        RunState::Running => RunState::Available.as_str(),
        stored => stored.as_str(),
    }
}

pub(crate) fn steps(batch: &Batch, host: i64, steps: &mut Vec<Step>) {
    if batch.runs.is_empty() {
        return;
    }
    let mut rows = Rows::with_capacity(batch.runs.len(), ROW_BYTES);
    for run in &batch.runs {
        rows.row()
            .int(run.id.0)
            .int(run.event.0)
            .int(run.attachment.0)
            .maybe_item(run.item)
            .maybe_int(run.stage_entry)
            .word(run.cancel_on.as_str())
            .word(stored_state(run.state))
            .maybe_word(run.reason.map(|reason| reason.as_str()))
            .maybe_text(run.detail.as_deref())
            .maybe_instant(run.due_at)
            .maybe_int(run.after.map(|id| id.0))
            .maybe_text(run.timer_key.as_deref())
            .int(i64::from(run.attempt_count))
            .instant(run.created_at)
            .maybe_instant(run.finished_at)
            .maybe_int(batch.held.contains(&run.id).then_some(host))
            .int(i64::from(shard(batch, run)));
    }
    steps.push(Step::of_each(INSERT, rows, "run"));
}

/// The shard of a new run: as the committer says, or that of its item, so that one host has all runs of an item.
fn shard(batch: &Batch, run: &Run) -> Shard {
    let of_item = || shard_of(run.item.map_or(run.id.0, |item| item.number));
    batch.shards.get(&run.id).copied().unwrap_or_else(of_item)
}

/// Which runs a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Where they stand.
    pub state: Option<RunState>,
    /// Of this attachment.
    pub attachment: Option<AttachmentId>,
    /// Of the present attachments of this robot.
    pub robot: Option<String>,
    /// About the item with this number.
    pub item: Option<i64>,
    /// Started by this event.
    pub event: Option<EventId>,
    /// In their state for this reason.
    pub reason: Option<Reason>,
    /// The last attempt ended with this code.
    pub code: Option<String>,
    /// About items that stand in this pipeline now.
    pub pipeline: Option<PipelineId>,
    /// Ended then or later.
    pub finished_from: Option<Timestamp>,
    /// Ended before.
    pub finished_until: Option<Timestamp>,
}

impl RunFilter {
    pub(crate) fn conditions(&self) -> Filter {
        let mut filter = Filter::default();
        filter
            .maybe("run.attachment = ?", self.attachment.map(|id| id.0))
            .maybe(
                "run.attachment IN (SELECT attachment.id FROM attachment WHERE attachment.robot = ?)",
                self.robot.as_deref(),
            )
            .maybe("run.item = ?", self.item)
            .maybe("run.event = ?", self.event.map(|id| id.0))
            .maybe("run.reason = ?", self.reason.map(Reason::as_str))
            .maybe(
                "EXISTS (SELECT 1 FROM attempt AS latest WHERE latest.run = run.id AND latest.number = run.attempt_count \
                 AND latest.code = ?)",
                self.code.as_deref(),
            )
            .maybe(
                "EXISTS (SELECT 1 FROM item WHERE item.id = run.item AND item.pipeline = ?)",
                self.pipeline.map(|id| id.0),
            )
            .maybe("run.finished_at >= ?", self.finished_from)
            .maybe("run.finished_at < ?", self.finished_until);
        // As literals, so that the partial indexes serve them.
        match self.state {
            Some(RunState::Available | RunState::Running) => filter.and("run.state = 'available'", []),
            Some(RunState::Scheduled) => filter.and("run.state = 'scheduled'", []),
            Some(RunState::Retryable) => filter.and("run.state = 'retryable'", []),
            Some(RunState::Completed) => filter.and("run.state = 'completed'", []),
            Some(RunState::Discarded) => filter.and("run.state = 'discarded'", []),
            Some(RunState::Cancelled) => filter.and("run.state = 'cancelled'", []),
            None => &mut filter,
        };
        filter
    }
}

impl Db {
    /// The run and its event.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run(&self, id: RunId) -> Result<Option<RunWithEvent>, DbError> {
        Ok(self.runs_by_id(&[id]).await?.pop())
    }

    /// The runs with these ids and their events, in no order; unknown ids are left out.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn runs_by_id(&self, ids: &[RunId]) -> Result<Vec<RunWithEvent>, DbError> {
        let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let sql = self.one_of(SELECT_WITH_EVENT, "run.id");
        self.rows(sql, vec![Arg::ids(&numbers)], read_with_event).await
    }

    /// The runs that wait for one of these to be final, and their events.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn runs_after(&self, ids: &[RunId]) -> Result<Vec<RunWithEvent>, DbError> {
        let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let sql = self.one_of(SELECT_WITH_EVENT, "run.after")
            + "\nAND run.after IS NOT NULL AND run.state = 'scheduled' AND run.reason = 'after-previous'";
        self.rows(sql, vec![Arg::ids(&numbers)], read_with_event).await
    }

    /// A page of runs, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn runs(
        &self,
        filter: &RunFilter,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunWithEvent>, DbError> {
        let mut filter = filter.conditions();
        filter.maybe("run.id < ?", before.map(|id| id.0));
        let (sql, args) = filter.page(SELECT_WITH_EVENT, "ORDER BY run.id DESC", limit);
        self.rows(sql, args, read_with_event).await
    }

    /// How many runs fit the filter.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_count(&self, filter: &RunFilter) -> Result<i64, DbError> {
        let (sql, args) = filter.conditions().page("SELECT COUNT(*)\nFROM run", "", 1);
        Ok(self.row(sql, args, |fields| fields.int()).await?.unwrap_or(0))
    }

    /// Scheduled and retryable runs of these shards whose time has come, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn due_runs(
        &self,
        shards: &ShardSet,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<RunWithEvent>, DbError> {
        let mut filter = Filter::default();
        sharding::runs(&mut filter, shards);
        filter.and(
            "run.state IN ('scheduled', 'retryable') AND run.due_at IS NOT NULL AND run.due_at <= ?",
            [now.into()],
        );
        let (sql, args) = filter.page(SELECT_WITH_EVENT, "ORDER BY run.due_at, run.id", limit);
        self.rows(sql, args, read_with_event).await
    }

    /// When the next scheduled or retryable run of these shards is due.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn next_due_at(&self, shards: &ShardSet) -> Result<Option<Timestamp>, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "run.state IN ('scheduled', 'retryable') AND run.due_at IS NOT NULL",
            [],
        );
        sharding::runs(&mut filter, shards);
        let (sql, args) = filter.page("SELECT MIN(run.due_at)\nFROM run", "", 1);
        Ok(self
            .row(sql, args, |fields| fields.maybe_instant())
            .await?
            .flatten())
    }

    /// The last slot that a run of the attachment waits for because of its rate.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn last_slot(&self, attachment: AttachmentId) -> Result<Option<Timestamp>, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "run.state = 'scheduled' AND run.reason = 'rate-limited' AND run.attachment = ?",
            [attachment.0.into()],
        );
        let (sql, args) = filter.page("SELECT MAX(run.due_at)\nFROM run", "", 1);
        Ok(self
            .row(sql, args, |fields| fields.maybe_instant())
            .await?
            .flatten())
    }

    /// Runs of these shards that may start and that no host has, in the order of their ids.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn unclaimed_runs(&self, shards: &ShardSet, limit: u32) -> Result<Vec<RunWithEvent>, DbError> {
        let mut filter = Filter::default();
        filter.and("run.state = 'available' AND run.host IS NULL", []);
        sharding::runs(&mut filter, shards);
        let (sql, args) = filter.page(SELECT_WITH_EVENT, "ORDER BY run.id", limit);
        self.rows(sql, args, read_with_event).await
    }

    /// Whether any run waits for another run.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn has_waiting_runs(&self) -> Result<bool, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "run.after IS NOT NULL AND run.state = 'scheduled' AND run.reason = 'after-previous'",
            [],
        );
        let (sql, args) = filter.page(SELECT, "", 1);
        Ok(self.row(sql, args, read).await?.is_some())
    }

    /// Final runs for which others still wait: what a host that was killed between two commits left behind.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn runs_left_behind(&self) -> Result<Vec<RunId>, DbError> {
        let sql = "SELECT DISTINCT before_it.id\n\
                   FROM run\n\
                   JOIN run AS before_it ON before_it.id = run.after\n\
                   WHERE run.after IS NOT NULL AND run.state = 'scheduled'\n\
                   AND run.reason = 'after-previous' AND before_it.finished_at IS NOT NULL\n\
                   ORDER BY before_it.id";
        self.rows(sql, vec![], |fields| fields.int().map(RunId)).await
    }

    /// Whether the attachment has completed a run for the item.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn has_completed_run(&self, attachment: AttachmentId, item: i64) -> Result<bool, DbError> {
        let mut filter = Filter::default();
        filter
            .and(
                "run.item = ? AND run.attachment = ?",
                [item.into(), attachment.0.into()],
            )
            .and("run.state = 'completed'", []);
        let (sql, args) = filter.page(SELECT, "", 1);
        Ok(self.row(sql, args, read).await?.is_some())
    }

    /// Whether a wake-up with this key is waiting.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn has_wake_up(
        &self,
        attachment: AttachmentId,
        item: Option<i64>,
        key: &str,
    ) -> Result<bool, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "run.state = 'scheduled' AND run.timer_key IS NOT NULL AND run.attachment = ? AND run.timer_key = ?",
            [attachment.0.into(), key.into()],
        );
        match item {
            Some(item) => filter.and("run.item = ?", [item.into()]),
            None => filter.and("run.item IS NULL", []),
        };
        let (sql, args) = filter.page(SELECT, "", 1);
        Ok(self.row(sql, args, read).await?.is_some())
    }
}
