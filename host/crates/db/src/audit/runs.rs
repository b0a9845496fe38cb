//! Checks of events, runs and attempts: none lost, none doubled.

use super::Check;

/// The ids of events are given out inside the committer, so they grow in commit order: an attachment that was never
/// changed and has a run of one event existed at every later one.
const STAGE_ENTRIES_MATCHED: &str = "SELECT COUNT(*)
FROM attachment
JOIN (SELECT attachment, MIN(event) AS event FROM run GROUP BY attachment) AS earliest
    ON earliest.attachment = attachment.id
JOIN event
    ON event.kind = 'stage-entered' AND event.id > earliest.event
    AND (jsonb(event.fact) ->> 'stage') = (jsonb(attachment.body) -> 'moment' ->> 'stage')
WHERE attachment.version = 1
AND CAST(jsonb(attachment.body) ->> 'is_enabled' AS TEXT) IN ('1', 'true')";
const STAGE_ENTRIES_LOST: &str = "SELECT 'event:' || event.id
FROM attachment
JOIN (SELECT attachment, MIN(event) AS event FROM run GROUP BY attachment) AS earliest
    ON earliest.attachment = attachment.id
JOIN event
    ON event.kind = 'stage-entered' AND event.id > earliest.event
    AND (jsonb(event.fact) ->> 'stage') = (jsonb(attachment.body) -> 'moment' ->> 'stage')
LEFT JOIN run ON run.event = event.id AND run.attachment = attachment.id
WHERE attachment.version = 1
AND CAST(jsonb(attachment.body) ->> 'is_enabled' AS TEXT) IN ('1', 'true')
AND run.id IS NULL";

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "run-has-event",
        "every run has the event that started it",
        "SELECT COUNT(*) FROM run",
        "SELECT 'run:' || run.id
FROM run
LEFT JOIN event ON event.id = run.event
WHERE event.id IS NULL",
    ),
    Check::new(
        "run-once",
        "an event starts an attachment once",
        "SELECT COUNT(*) FROM run",
        "SELECT 'event:' || run.event
FROM run
GROUP BY run.event, run.attachment
HAVING COUNT(*) > 1",
    ),
    Check::new(
        "stage-entry-has-runs",
        "every stage entry has a run of each robot that was attached to the stage",
        STAGE_ENTRIES_MATCHED,
        STAGE_ENTRIES_LOST,
    ),
    Check::new(
        "completed-once",
        "a completed run has one committed attempt, and it is the last",
        "SELECT COUNT(*) FROM run WHERE run.state = 'completed'",
        "SELECT 'run:' || run.id
FROM run
LEFT JOIN attempt ON attempt.run = run.id AND attempt.verdict <> 'failed'
WHERE run.state = 'completed'
GROUP BY run.id, run.attempt_count
HAVING COUNT(attempt.run) <> 1 OR MAX(attempt.number) <> run.attempt_count",
    ),
    Check::new(
        "only-completed-commit",
        "no run but a completed one has a committed attempt",
        "SELECT COUNT(*) FROM attempt WHERE attempt.verdict <> 'failed'",
        "SELECT 'run:' || attempt.run
FROM attempt
LEFT JOIN run ON run.id = attempt.run AND run.state = 'completed'
WHERE attempt.verdict <> 'failed'
AND run.id IS NULL",
    ),
    Check::new(
        "not-before-due",
        "no completed run began before it was due",
        "SELECT COUNT(*) FROM run WHERE run.state = 'completed'",
        "SELECT 'run:' || run.id
FROM run
JOIN attempt ON attempt.run = run.id AND attempt.number = run.attempt_count
WHERE run.state = 'completed'
AND attempt.started_at < run.due_at",
    ),
    Check::new(
        "bulk-once",
        "a bulk change starts its robot once for each item",
        "SELECT COUNT(*) FROM event WHERE event.kind = 'bulk-run'",
        "SELECT event.item_kind || ':' || event.item
FROM event
WHERE event.kind = 'bulk-run'
GROUP BY event.item_kind, event.item, jsonb(event.fact) ->> 'bulk'
HAVING COUNT(*) > 1",
    ),
    Check::new(
        "attempts-counted",
        "a run counts its attempts, which have no gap",
        "SELECT COUNT(*) FROM run",
        "SELECT 'run:' || run.id
FROM run
LEFT JOIN attempt ON attempt.run = run.id
GROUP BY run.id, run.attempt_count
HAVING COUNT(attempt.run) <> run.attempt_count OR COALESCE(MAX(attempt.number), 0) <> run.attempt_count",
    ),
    Check::new(
        "waits-for-a-run",
        "what a run waits for exists",
        "SELECT COUNT(*) FROM run WHERE run.after IS NOT NULL",
        "SELECT 'run:' || run.id
FROM run
LEFT JOIN run AS before ON before.id = run.after
WHERE run.after IS NOT NULL
AND before.id IS NULL",
    ),
    Check::new(
        "chain-goes-on",
        "no run waits for one that is final",
        "SELECT COUNT(*) FROM run WHERE run.state = 'scheduled' AND run.reason = 'after-previous'",
        "SELECT 'run:' || run.id
FROM run
JOIN run AS before ON before.id = run.after
WHERE run.state = 'scheduled'
AND run.reason = 'after-previous'
AND before.state IN ('completed', 'discarded', 'cancelled')",
    ),
    Check::new(
        "left-stage-cancels",
        "no run waits in a stage that its item has left; one that a person retries is looked at when it starts",
        "SELECT COUNT(*) FROM run WHERE run.state IN ('scheduled', 'available', 'retryable')",
        "SELECT 'run:' || run.id
FROM run
JOIN item ON item.id = run.item
WHERE run.state IN ('scheduled', 'available', 'retryable')
AND run.cancel_on = 'leave-stage'
AND run.stage_entry < item.stage_entry
AND COALESCE(run.reason, '') <> 'by-hand'",
    ),
    Check::new(
        "run-has-item",
        "the item of a run exists and has entered the stage of the run",
        "SELECT COUNT(*) FROM run WHERE run.item IS NOT NULL",
        "SELECT 'run:' || run.id
FROM run
LEFT JOIN item ON item.id = run.item
WHERE run.item IS NOT NULL
AND (item.id IS NULL OR run.stage_entry > item.stage_entry)",
    ),
    Check::new(
        "event-has-root",
        "the chain of an event begins with an event that exists",
        "SELECT COUNT(*) FROM event",
        "SELECT 'event:' || event.id
FROM event
LEFT JOIN event AS root ON root.id = event.root
WHERE root.id IS NULL",
    ),
    Check::new(
        "event-has-item",
        "the item of an event exists",
        "SELECT COUNT(*) FROM event WHERE event.item IS NOT NULL",
        "SELECT 'event:' || event.id
FROM event
LEFT JOIN item ON item.id = event.item
WHERE event.item IS NOT NULL
AND item.id IS NULL",
    ),
];
