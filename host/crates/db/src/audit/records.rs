//! Checks of records: what they count, what they refer to, what is unique.

use super::Check;

const IDS_CHECKED: &str = "SELECT COUNT(*) FROM id_mark";
/// Every table whose ids are given out in memory, with the mark that its ids must stay below.
const IDS_ABOVE_MARKS: &str = "SELECT given.kind
FROM (
    SELECT 'item' AS kind, MAX(item.id) AS high FROM item
    UNION ALL SELECT 'contact', MAX(contact.id) FROM contact
    UNION ALL SELECT 'activity', MAX(activity.id) FROM activity
    UNION ALL SELECT 'conversation', MAX(conversation.id) FROM conversation
    UNION ALL SELECT 'message', MAX(message.id) FROM message
    UNION ALL SELECT 'notification', MAX(notification.id) FROM notification
    UNION ALL SELECT 'timer', MAX(timer.id) FROM timer
    UNION ALL SELECT 'delivery', MAX(delivery.id) FROM delivery
    UNION ALL SELECT 'inbound', MAX(inbound.id) FROM inbound
    UNION ALL SELECT 'event', MAX(event.id) FROM event
    UNION ALL SELECT 'run', MAX(run.id) FROM run
    UNION ALL SELECT 'employee', MAX(employee.id) FROM employee
    UNION ALL SELECT 'pipeline', MAX(pipeline.id) FROM pipeline
    UNION ALL SELECT 'stage', MAX(stage.id) FROM stage
    UNION ALL SELECT 'channel', MAX(channel.id) FROM channel
    UNION ALL SELECT 'calendar', MAX(calendar.id) FROM calendar
    UNION ALL SELECT 'attachment', MAX(attachment.id) FROM attachment
    UNION ALL SELECT 'token', MAX(token.id) FROM token
    UNION ALL SELECT 'bulk', MAX(bulk.id) FROM bulk
    UNION ALL SELECT 'request', MAX(http_request.id) FROM http_request
) AS given
LEFT JOIN id_mark ON id_mark.kind = given.kind
WHERE given.high > COALESCE(id_mark.high, 0)";

pub(super) const CHECKS: &[Check] = &[
    Check::new(
        "stage-entries-counted",
        "an item counts its stage entries, each of which is an event",
        "SELECT COUNT(*) FROM item",
        "SELECT item.kind || ':' || item.id
FROM item
LEFT JOIN event ON event.item = item.id AND event.kind = 'stage-entered'
GROUP BY item.id, item.kind, item.stage_entry
HAVING COUNT(event.id) <> item.stage_entry",
    ),
    Check::new(
        "activity-has-item",
        "the item of an activity exists",
        "SELECT COUNT(*) FROM activity",
        "SELECT 'activity:' || activity.id
FROM activity
LEFT JOIN item ON item.id = activity.item
WHERE item.id IS NULL",
    ),
    Check::new(
        "timer-has-activity",
        "a timer belongs to an open activity",
        "SELECT COUNT(*) FROM timer",
        "SELECT 'timer:' || timer.id
FROM timer
LEFT JOIN activity ON activity.id = timer.activity AND activity.state = 'open'
WHERE activity.id IS NULL",
    ),
    Check::new(
        "messages-counted",
        "a conversation counts its messages, whose numbers have no gap",
        "SELECT COUNT(*) FROM conversation",
        "SELECT 'conversation:' || conversation.id
FROM conversation
LEFT JOIN message ON message.conversation = conversation.id
GROUP BY conversation.id, conversation.message_count
HAVING COUNT(message.id) <> conversation.message_count
OR COALESCE(MAX(message.seq), 0) <> conversation.message_count",
    ),
    Check::new(
        "message-has-conversation",
        "the conversation of a message exists",
        "SELECT COUNT(*) FROM message",
        "SELECT 'message:' || message.id
FROM message
LEFT JOIN conversation ON conversation.id = message.conversation
WHERE conversation.id IS NULL",
    ),
    Check::new(
        "conversation-once",
        "a chat has one open conversation at most",
        "SELECT COUNT(*) FROM conversation WHERE conversation.closed_at IS NULL",
        "SELECT 'channel:' || conversation.channel
FROM conversation
WHERE conversation.closed_at IS NULL
GROUP BY conversation.channel, conversation.external_chat
HAVING COUNT(*) > 1",
    ),
    Check::new(
        "inbound-once",
        "what a provider sent twice is stored once",
        "SELECT COUNT(*) FROM inbound",
        "SELECT 'channel:' || inbound.channel
FROM inbound
GROUP BY inbound.channel, inbound.dedup_key
HAVING COUNT(*) > 1",
    ),
    Check::new(
        "delivery-has-message",
        "a delivery belongs to an outbound message",
        "SELECT COUNT(*) FROM delivery",
        "SELECT 'delivery:' || delivery.id
FROM delivery
LEFT JOIN message ON message.id = delivery.message AND message.direction = 'outbound'
WHERE message.id IS NULL",
    ),
    Check::new(
        "delivery-once",
        "an outbound message has one delivery at most",
        "SELECT COUNT(*) FROM delivery",
        "SELECT 'message:' || delivery.message
FROM delivery
GROUP BY delivery.message
HAVING COUNT(*) > 1",
    ),
    Check::new(
        "delivered-after-attempt",
        "what is delivered was attempted",
        "SELECT COUNT(*) FROM delivery WHERE delivery.state = 'delivered'",
        "SELECT 'delivery:' || delivery.id
FROM delivery
WHERE delivery.state = 'delivered'
AND delivery.attempt_count < 1",
    ),
    Check::new(
        "ids-below-marks",
        "no id is above the mark from which numbering goes on after a restart",
        IDS_CHECKED,
        IDS_ABOVE_MARKS,
    ),
];
