//! Records of attempts.

use signalbox_crm::ids::RunId;
use signalbox_crm::run::{Attempt, Verdict};
use signalbox_crm::time::Timestamp;

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

/// Without the record of the calls.
const ROW_BYTES: usize = 320;

const INSERT: Sql = over_rows!(
    "INSERT INTO attempt (
    run, number, robot, digest, verdict, message, code, retryable, started_at, ended_at, duration_us,
    fuel, memory_bytes, calls, effects, logs
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), r.value ->> 2, r.value ->> 3,
    r.value ->> 4, r.value ->> 5, r.value ->> 6, CAST(r.value ->> 7 AS BIGINT),
    CAST(r.value ->> 8 AS BIGINT), CAST(r.value ->> 9 AS BIGINT), CAST(r.value ->> 10 AS BIGINT),
    CAST(r.value ->> 11 AS BIGINT), CAST(r.value ->> 12 AS BIGINT), r.value ->> 13, r.value ->> 14,
    r.value ->> 15",
    ""
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str =
    "SELECT attempt.run, attempt.number, attempt.robot, attempt.digest, attempt.verdict, attempt.message,
    attempt.code, attempt.retryable, attempt.started_at, attempt.ended_at, attempt.duration_us,
    attempt.fuel, attempt.memory_bytes, attempt.calls, attempt.effects, attempt.logs
FROM attempt";

/// The columns in the order in which [`read_summary`] takes them.
const SELECT_SUMMARY: &str =
    "SELECT attempt.run, attempt.number, attempt.robot, attempt.digest, attempt.verdict, attempt.message,
    attempt.code, attempt.retryable, attempt.started_at, attempt.ended_at, attempt.duration_us,
    attempt.fuel, attempt.memory_bytes
FROM attempt";

const COST: &str =
    "SELECT attempt.run, CAST(SUM(attempt.duration_us) AS BIGINT), CAST(SUM(attempt.fuel) AS BIGINT)
FROM attempt";

/// What all attempts of a run have used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunCost {
    /// The run.
    pub run: RunId,
    /// Wall-clock time, in microseconds.
    pub duration_us: u64,
    /// Fuel.
    pub fuel: u64,
}

/// An attempt without its calls, effects and logs.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptSummary {
    /// The run.
    pub run: RunId,
    /// Counts from 1.
    pub number: u32,
    /// `notify@1.0.0`.
    pub robot: String,
    /// The digest of the component that ran.
    pub digest: String,
    /// How it ended.
    pub verdict: Verdict,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Wall-clock time, in microseconds.
    pub duration_us: u64,
    /// Fuel used.
    pub fuel: u64,
    /// Largest linear memory, in bytes.
    pub memory_bytes: u64,
}

fn read_summary(fields: &mut Fields<'_>) -> Result<AttemptSummary, DbError> {
    Ok(AttemptSummary {
        run: RunId(fields.int()?),
        number: fields.count()?,
        robot: fields.text()?,
        digest: fields.text()?,
        verdict: verdict(fields)?,
        started_at: fields.instant()?,
        ended_at: fields.instant()?,
        duration_us: fields.size()?,
        fuel: fields.size()?,
        memory_bytes: fields.size()?,
    })
}

fn read(fields: &mut Fields<'_>) -> Result<Attempt, DbError> {
    let summary = read_summary(fields)?;
    Ok(Attempt {
        run: summary.run,
        number: summary.number,
        robot: summary.robot,
        digest: summary.digest,
        verdict: summary.verdict,
        started_at: summary.started_at,
        ended_at: summary.ended_at,
        duration_us: summary.duration_us,
        fuel: summary.fuel,
        memory_bytes: summary.memory_bytes,
        calls: fields.text()?,
        effects: fields.text()?,
        logs: fields.text()?,
    })
}

fn verdict(fields: &mut Fields<'_>) -> Result<Verdict, DbError> {
    let word = fields.text()?;
    let message = fields.text()?;
    let code = fields.maybe_text()?;
    let retryable = fields.maybe_int()?;
    match (word.as_str(), code, retryable) {
        ("done", None, None) => Ok(Verdict::Done { summary: message }),
        ("skipped", None, None) => Ok(Verdict::Skipped { summary: message }),
        ("failed", Some(code), Some(retryable)) => Ok(Verdict::Failed {
            code,
            message,
            retryable: retryable != 0,
        }),
        (other, _, _) => Err(DbError::bad_row("verdict", other)),
    }
}

fn write_verdict(rows: &mut Rows, verdict: &Verdict) {
    match verdict {
        Verdict::Done { summary } => rows.word("done").text(summary).null().null(),
        Verdict::Skipped { summary } => rows.word("skipped").text(summary).null().null(),
        Verdict::Failed {
            code,
            message,
            retryable,
        } => rows.word("failed").text(message).text(code).flag(*retryable),
    };
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if batch.attempts.is_empty() {
        return;
    }
    let record_bytes: usize = batch
        .attempts
        .iter()
        .map(|a| a.calls.len() + a.effects.len() + a.logs.len())
        .sum();
    let row_bytes = ROW_BYTES + 2 * record_bytes / batch.attempts.len();
    let mut rows = Rows::with_capacity(batch.attempts.len(), row_bytes);
    for attempt in &batch.attempts {
        rows.row()
            .int(attempt.run.0)
            .int(i64::from(attempt.number))
            .text(&attempt.robot)
            .text(&attempt.digest);
        write_verdict(&mut rows, &attempt.verdict);
        rows.instant(attempt.started_at)
            .instant(attempt.ended_at)
            .size(attempt.duration_us)
            .size(attempt.fuel)
            .size(attempt.memory_bytes)
            .text(&attempt.calls)
            .text(&attempt.effects)
            .text(&attempt.logs);
    }
    steps.push(Step::of_each(INSERT, rows, "attempt"));
}

impl Db {
    /// What each of these runs has used; none for one without an attempt.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn run_costs(&self, runs: &[RunId]) -> Result<Vec<RunCost>, DbError> {
        let sql = self.one_of(COST, "attempt.run") + "\nGROUP BY attempt.run";
        let ids: Vec<i64> = runs.iter().map(|id| id.0).collect();
        self.rows(sql, vec![Arg::ids(&ids)], |fields| {
            Ok(RunCost {
                run: RunId(fields.int()?),
                duration_us: fields.size()?,
                fuel: fields.size()?,
            })
        })
        .await
    }

    /// The attempts of a run, first one first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn attempts(&self, run: RunId, limit: u32) -> Result<Vec<Attempt>, DbError> {
        let mut filter = Filter::default();
        filter.and("attempt.run = ?", [run.0.into()]);
        let (sql, args) = filter.page(SELECT, "ORDER BY attempt.number", limit);
        self.rows(sql, args, read).await
    }

    /// The attempts of a run without their large parts, first one first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn attempt_summaries(&self, run: RunId, limit: u32) -> Result<Vec<AttemptSummary>, DbError> {
        let mut filter = Filter::default();
        filter.and("attempt.run = ?", [run.0.into()]);
        let (sql, args) = filter.page(SELECT_SUMMARY, "ORDER BY attempt.number", limit);
        self.rows(sql, args, read_summary).await
    }

    /// One attempt of a run.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn attempt(&self, run: RunId, number: u32) -> Result<Option<Attempt>, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "attempt.run = ? AND attempt.number = ?",
            [run.0.into(), number.into()],
        );
        let (sql, args) = filter.page(SELECT, "", 1);
        self.row(sql, args, read).await
    }
}
