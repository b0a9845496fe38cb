//! How stored runs change: each statement names the states from which it may.

use std::collections::HashSet;

use crate::batch::Batch;
use crate::commit::{Returns, Step};
use crate::dialect::{Sql, over_rows};
use crate::encode::Rows;
use crate::run::stored_state;

/// After an attempt. A run that is final already, or has had this attempt, is not touched, and the count tells.
const END: Sql = over_rows!(
    "UPDATE run
SET
    state = r.value ->> 1, reason = r.value ->> 2, detail = r.value ->> 3,
    due_at = CAST(r.value ->> 4 AS BIGINT), attempt_count = CAST(r.value ->> 5 AS BIGINT),
    finished_at = CAST(r.value ->> 6 AS BIGINT), fail_digest = r.value ->> 7,
    equal_count = CAST(r.value ->> 8 AS BIGINT)",
    "WHERE run.id = CAST(r.value ->> 0 AS BIGINT)
AND run.attempt_count < CAST(r.value ->> 5 AS BIGINT)
AND run.state IN ('scheduled', 'available', 'retryable')"
);

/// By a person, the scheduler or a chain. The allowed states come as ` scheduled retryable `.
///
/// Only a person makes a run retryable in this way: it gets all of its attempts again, and its failures are forgotten.
/// A run becomes available only if it is due by the instant at which it was found due: it may have been moved meanwhile,
/// or have had an attempt and wait for its next one.
const CHANGE: Sql = over_rows!(
    "UPDATE run
SET
    state = r.value ->> 2, reason = r.value ->> 3, detail = r.value ->> 4,
    due_at = CAST(r.value ->> 5 AS BIGINT), finished_at = CAST(r.value ->> 6 AS BIGINT),
    forgiven_count = CASE r.value ->> 2 WHEN 'retryable' THEN run.attempt_count ELSE run.forgiven_count END,
    fail_digest = CASE r.value ->> 2 WHEN 'retryable' THEN NULL ELSE run.fail_digest END,
    equal_count = CASE r.value ->> 2 WHEN 'retryable' THEN 0 ELSE run.equal_count END,
    host = CAST(r.value ->> 7 AS BIGINT)",
    "WHERE run.id = CAST(r.value ->> 0 AS BIGINT)
AND r.value ->> 1 LIKE '% ' || run.state || ' %'
AND (
    r.value ->> 2 <> 'available'
    OR run.due_at IS NULL
    OR r.value ->> 5 IS NULL
    OR run.due_at <= CAST(r.value ->> 5 AS BIGINT)
)
RETURNING id"
);

/// Columns: item, its entry now, left the pipeline, closed, now.
const LEAVE: Sql = over_rows!(
    "UPDATE run
SET
    state = 'cancelled',
    reason = CASE run.cancel_on
        WHEN 'leave-stage' THEN 'left-stage'
        WHEN 'leave-pipeline' THEN 'left-pipeline'
        ELSE 'item-closed'
    END,
    due_at = NULL, finished_at = CAST(r.value ->> 4 AS BIGINT)",
    "WHERE run.item = CAST(r.value ->> 0 AS BIGINT)
AND run.item IS NOT NULL
AND run.state IN ('scheduled', 'available', 'retryable')
AND run.stage_entry < CAST(r.value ->> 1 AS BIGINT)
AND (
    run.cancel_on = 'leave-stage'
    OR (run.cancel_on = 'leave-pipeline' AND CAST(r.value ->> 2 AS BIGINT) = 1)
    OR (run.cancel_on = 'closed' AND CAST(r.value ->> 3 AS BIGINT) = 1)
)
RETURNING id"
);

/// Columns: attachment, item, due. Wake-ups and runs that wait for another run have times of their own.
const RESCHEDULE: Sql = over_rows!(
    "UPDATE run
SET
    due_at = CAST(r.value ->> 2 AS BIGINT),
    reason = CASE WHEN r.value ->> 2 IS NULL THEN 'waiting-for-field' ELSE 'delay' END",
    "WHERE run.item = CAST(r.value ->> 1 AS BIGINT)
AND run.item IS NOT NULL
AND run.state IN ('scheduled', 'available', 'retryable')
AND run.state = 'scheduled'
AND run.attachment = CAST(r.value ->> 0 AS BIGINT)
AND run.timer_key IS NULL
AND run.reason IN ('delay', 'waiting-for-field', 'outside-window', 'rate-limited', 'robot-paused')"
);

/// Columns: attachment, now.
const RESUME: Sql = over_rows!(
    "UPDATE run
SET
    due_at = CAST(r.value ->> 1 AS BIGINT)",
    "WHERE run.attachment = CAST(r.value ->> 0 AS BIGINT)
AND run.state = 'scheduled'
AND run.reason = 'robot-paused'"
);

/// Columns: attachment, item or -1, key, the run that takes its place, now.
const VOID: Sql = over_rows!(
    "UPDATE run
SET
    state = 'cancelled', reason = 'replaced', due_at = NULL, finished_at = CAST(r.value ->> 4 AS BIGINT)",
    "WHERE run.attachment = CAST(r.value ->> 0 AS BIGINT)
AND run.timer_key = r.value ->> 2
AND run.timer_key IS NOT NULL
AND run.state = 'scheduled'
AND COALESCE(run.item, -1) = CAST(r.value ->> 1 AS BIGINT)
AND run.id <> CAST(r.value ->> 3 AS BIGINT)
RETURNING id"
);

/// Numbers of items begin at 1, so this is none.
const NO_ITEM: i64 = -1;

pub(crate) fn steps(batch: &Batch, host: i64, steps: &mut Vec<Step>) {
    end(batch, steps);
    change(batch, host, steps);
    leave(batch, steps);
    reschedule(batch, steps);
    resume(batch, steps);
    void(batch, steps);
}

fn end(batch: &Batch, steps: &mut Vec<Step>) {
    if batch.runs_ended.is_empty() {
        return;
    }
    let mut rows = Rows::with_capacity(batch.runs_ended.len(), 64);
    for update in &batch.runs_ended {
        rows.row()
            .int(update.run.0)
            .word(stored_state(update.state))
            .maybe_word(update.reason.map(|reason| reason.as_str()))
            .maybe_text(update.detail.as_deref())
            .maybe_instant(update.due_at)
            .int(i64::from(update.attempt_count))
            .maybe_instant(update.finished_at)
            .maybe_word(update.failures.digest.as_deref())
            .int(i64::from(update.failures.equal_count));
    }
    steps.push(Step::of_each(END, rows, "run"));
}

fn change(batch: &Batch, host: i64, steps: &mut Vec<Step>) {
    if batch.run_changes.is_empty() {
        return;
    }
    let mut rows = Rows::with_capacity(batch.run_changes.len(), 96);
    for change in &batch.run_changes {
        let from: Vec<&str> = change.from.iter().map(|state| stored_state(*state)).collect();
        rows.row()
            .int(change.run.0)
            .word(&format!(" {} ", from.join(" ")))
            .word(stored_state(change.to))
            .maybe_word(change.reason.map(|reason| reason.as_str()))
            .maybe_text(change.detail.as_deref())
            .maybe_instant(change.due_at)
            .maybe_instant(change.to.is_final().then_some(batch.at))
            .maybe_int(batch.held.contains(&change.run).then_some(host));
    }
    steps.push(Step::of_rows(CHANGE, rows).returning(Returns::Changed));
}

fn leave(batch: &Batch, steps: &mut Vec<Step>) {
    if batch.stage_left.is_empty() {
        return;
    }
    let mut rows = Rows::with_capacity(batch.stage_left.len(), 48);
    for left in &batch.stage_left {
        rows.row()
            .int(left.item)
            .int(left.new_entry)
            .flag(left.left_pipeline)
            .flag(left.closed)
            .instant(batch.at);
    }
    steps.push(Step::of_rows(LEAVE, rows).returning(Returns::Cancelled));
}

fn reschedule(batch: &Batch, steps: &mut Vec<Step>) {
    if batch.rescheduled.is_empty() {
        return;
    }
    let mut rows = Rows::with_capacity(batch.rescheduled.len(), 48);
    for moved in &batch.rescheduled {
        rows.row()
            .int(moved.attachment.0)
            .int(moved.item)
            .maybe_instant(moved.due_at);
    }
    steps.push(Step::of_rows(RESCHEDULE, rows));
}

fn resume(batch: &Batch, steps: &mut Vec<Step>) {
    if batch.resumed.is_empty() {
        return;
    }
    let mut rows = Rows::with_capacity(batch.resumed.len(), 32);
    for attachment in &batch.resumed {
        rows.row().int(attachment.0).instant(batch.at);
    }
    steps.push(Step::of_rows(RESUME, rows));
}

fn void(batch: &Batch, steps: &mut Vec<Step>) {
    if batch.wake_ups_void.is_empty() {
        return;
    }
    // Of several with one key the last counts: it makes those before it void as well.
    let mut keys = HashSet::new();
    let last_first = batch.wake_ups_void.iter().rev();
    let voids = last_first.filter(|void| keys.insert((void.attachment, void.item, void.key.as_str())));
    let mut rows = Rows::with_capacity(batch.wake_ups_void.len(), 64);
    for void in voids {
        rows.row()
            .int(void.attachment.0)
            .int(void.item.unwrap_or(NO_ITEM))
            .text(&void.key)
            .int(void.except.0)
            .instant(batch.at);
    }
    steps.push(Step::of_rows(VOID, rows).returning(Returns::Cancelled));
}
