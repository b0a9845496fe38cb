//! Checks of what runs changed: there for every committed attempt, once, and for nothing else.

use super::Check;
use crate::dialect::Sql;

/// Compares what committed attempts say that they changed with the rows that name their run: at least as many rows as
/// `$least` finds effects, at most as many as `$most`.
///
/// Differs because the function that unfolds a JSON array has another name.
macro_rules! compared {
    ($least:literal, $most:literal, $rows:literal) => {
        Sql {
            sqlite: compared!("json_each(attempt.effects)", $least, $most, $rows),
            postgres: compared!(
                "jsonb_array_elements(CAST(attempt.effects AS jsonb))",
                $least,
                $most,
                $rows
            ),
        }
    };
    ($each:literal, $least:literal, $most:literal, $rows:literal) => {
        concat!(
            "SELECT 'run:' || COALESCE(said.run, stored.run)
FROM (
    SELECT attempt.run AS run, SUM(CASE WHEN ",
            $least,
            " THEN 1 ELSE 0 END) AS least, COUNT(*) AS most
    FROM attempt, ",
            $each,
            " AS effect
    WHERE attempt.verdict <> 'failed' AND ",
            $most,
            "
    GROUP BY attempt.run
) AS said
FULL JOIN (
    SELECT made.run AS run, COUNT(*) AS row_count
    FROM ",
            $rows,
            "
    GROUP BY made.run
) AS stored ON stored.run = said.run
WHERE COALESCE(stored.row_count, 0) < COALESCE(said.least, 0)
OR COALESCE(stored.row_count, 0) > COALESCE(said.most, 0)"
        )
    };
}

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "failed-changes-nothing",
        "a failed attempt has no effects",
        "SELECT COUNT(*) FROM attempt WHERE attempt.verdict = 'failed'",
        "SELECT 'run:' || attempt.run
FROM attempt
WHERE attempt.verdict = 'failed'
AND attempt.effects <> '[]'",
    ),
    Check::new(
        "effect-has-commit",
        "what a run made exists only with a committed attempt of the run",
        "SELECT (SELECT COUNT(*) FROM event WHERE event.caused_by IS NOT NULL)
    + (SELECT COUNT(*) FROM history WHERE history.run IS NOT NULL)
    + (SELECT COUNT(*) FROM timeline WHERE timeline.run IS NOT NULL)
    + (SELECT COUNT(*) FROM notification WHERE notification.run IS NOT NULL)
    + (SELECT COUNT(*) FROM message WHERE message.run IS NOT NULL)
    + (SELECT COUNT(*) FROM delivery WHERE delivery.run IS NOT NULL)
    + (SELECT COUNT(*) FROM http_request)
    + (SELECT COUNT(*) FROM state WHERE state.run IS NOT NULL)",
        "SELECT 'run:' || made.run
FROM (
    SELECT event.caused_by AS run FROM event
    UNION SELECT history.run FROM history
    UNION SELECT timeline.run FROM timeline
    UNION SELECT notification.run FROM notification
    UNION SELECT message.run FROM message
    UNION SELECT delivery.run FROM delivery
    UNION SELECT http_request.run FROM http_request
    UNION SELECT state.run FROM state
) AS made
LEFT JOIN attempt ON attempt.run = made.run AND attempt.verdict <> 'failed'
WHERE made.run IS NOT NULL
AND attempt.run IS NULL",
    ),
    // An assignment from a list is decided by the commit, which adds the history of it if it changes anything.
    Check {
        name: "change-once",
        promise: "every change that a run made is in the history once",
        checked: "SELECT COUNT(*) FROM history WHERE history.run IS NOT NULL",
        broken: compared!(
            "effect.value ->> 'effect' = 'changed'",
            "effect.value ->> 'effect' IN ('changed', 'assigned-from-list')",
            "history AS made WHERE made.run IS NOT NULL"
        ),
    },
    Check {
        name: "notification-once",
        promise: "every notification without a tag that a run sent is there once",
        checked: "SELECT COUNT(*) FROM notification WHERE notification.run IS NOT NULL",
        broken: compared!(
            "true",
            "effect.value ->> 'effect' = 'notified' AND effect.value ->> 'tag' IS NULL",
            "notification AS made WHERE made.run IS NOT NULL AND made.tag IS NULL"
        ),
    },
    // It may be gone: the next one with the tag takes the place of the unread one before it.
    Check {
        name: "tagged-notification-once",
        promise: "a notification with a tag that a run sent is there once at most",
        checked: "SELECT COUNT(*) FROM notification WHERE notification.run IS NOT NULL AND notification.tag IS NOT NULL",
        broken: compared!(
            "false",
            "effect.value ->> 'effect' = 'notified' AND effect.value ->> 'tag' IS NOT NULL",
            "notification AS made WHERE made.run IS NOT NULL AND made.tag IS NOT NULL"
        ),
    },
    Check {
        name: "comment-once",
        promise: "every comment that a run wrote is there once",
        checked: "SELECT COUNT(*) FROM timeline WHERE timeline.run IS NOT NULL",
        broken: compared!(
            "true",
            "effect.value ->> 'effect' = 'commented'",
            "timeline AS made WHERE made.run IS NOT NULL"
        ),
    },
    // The message, not its delivery: a delivery is forgotten some time after it is finished.
    Check {
        name: "reply-once",
        promise: "every message that a run sent is there once",
        checked: "SELECT COUNT(*) FROM message WHERE message.run IS NOT NULL",
        broken: compared!(
            "true",
            "effect.value ->> 'effect' = 'replied'",
            "message AS made WHERE made.run IS NOT NULL"
        ),
    },
];
