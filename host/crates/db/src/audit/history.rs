//! Checks of items and activities against their history: what changed is in it, once, and nothing is missing between.

use super::Check;

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "moves-in-history",
        "every move of an item is in its history",
        "SELECT COUNT(*) FROM item",
        "SELECT item.kind || ':' || item.id
FROM item
LEFT JOIN history ON history.subject = item.kind || ':' || item.id AND history.what = 'stage'
GROUP BY item.id, item.kind, item.stage_entry
HAVING COUNT(history.id) <> item.stage_entry - 1",
    ),
    // Not equal: what only touches the item, such as a message of its client, raises its version as well.
    Check::new(
        "versions-counted",
        "the version of an item counts every run that moved or reassigned it",
        "SELECT COUNT(*) FROM item",
        "SELECT item.kind || ':' || item.id
FROM item
JOIN history ON history.subject = item.kind || ':' || item.id
    AND history.what IN ('created', 'stage', 'assignee')
GROUP BY item.id, item.kind, item.version
HAVING COUNT(DISTINCT COALESCE(history.run, 0)) > item.version",
    ),
    Check::new(
        "assignee-in-history",
        "each change of the person in charge begins with the one before it, and the last is the item's",
        "SELECT COUNT(*) FROM history WHERE history.what = 'assignee'",
        "SELECT change.subject
FROM (
    SELECT history.subject AS subject, history.before AS before, history.after AS after,
        LAG(history.after) OVER each_item AS was,
        ROW_NUMBER() OVER each_item AS place,
        COUNT(*) OVER (PARTITION BY history.subject) AS last_place
    FROM history
    WHERE history.what = 'assignee'
    WINDOW each_item AS (PARTITION BY history.subject ORDER BY history.id)
) AS change
LEFT JOIN item ON change.subject = item.kind || ':' || item.id
WHERE (change.place > 1 AND change.before IS DISTINCT FROM change.was)
OR (change.place = change.last_place AND item.id IS NOT NULL
    AND change.after IS DISTINCT FROM 'employee:' || item.assignee)",
    ),
    Check::new(
        "activities-in-history",
        "every activity was planned in the history of its item",
        "SELECT COUNT(*) FROM activity",
        "SELECT COALESCE(there.subject, planned.subject)
FROM (
    SELECT activity.item_kind || ':' || activity.item AS subject, COUNT(*) AS there_count
    FROM activity
    GROUP BY activity.item_kind, activity.item
) AS there
FULL JOIN (
    SELECT history.subject AS subject, COUNT(*) AS planned_count
    FROM history
    WHERE history.what = 'activity-planned'
    GROUP BY history.subject
) AS planned ON planned.subject = there.subject
WHERE COALESCE(there.there_count, 0) <> COALESCE(planned.planned_count, 0)",
    ),
    // Fewer versions than rows: one commit may change an activity twice.
    Check::new(
        "activity-changes-in-history",
        "every change of an activity is in the history of its item, its end once",
        "SELECT COUNT(*) FROM activity",
        "SELECT 'activity:' || activity.id
FROM activity
LEFT JOIN history ON history.subject = activity.item_kind || ':' || activity.item
    AND history.what IN ('activity:' || activity.id || ' state', 'activity:' || activity.id || ' deadline')
GROUP BY activity.id, activity.version, activity.state
HAVING activity.version > 1 + COUNT(history.id)
OR SUM(CASE WHEN history.what = 'activity:' || activity.id || ' state' AND history.after = activity.state
        THEN 1 ELSE 0 END) <> CASE activity.state WHEN 'open' THEN 0 ELSE 1 END",
    ),
];
