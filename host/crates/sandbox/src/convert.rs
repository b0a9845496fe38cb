//! Between the contract's types and those of `crm`. A malformed text from a robot is a refusal, never a trap.

use std::str::FromStr;

use signalbox_crm::activity::{Activity, ActivityKind, ActivityState};
use signalbox_crm::changes::Distribution;
use signalbox_crm::conversation::{Conversation, Direction, Message};
use signalbox_crm::finding::ItemQuery;
use signalbox_crm::ids::BadId;
use signalbox_crm::item::Item;
use signalbox_crm::people::Employee;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::run::Verdict;
use signalbox_crm::sentence::Sentence;
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::Money;

pub(crate) use self::clients::{contact_patch, new_contact};
pub(crate) use self::fields::{fields, given_fields, new_item};
use crate::bindings::{
    activities, assignment, conversations, employees, entry, items, notifications, stages, state, types,
};
use crate::session::{Answer, Moved, NewActivity, NewNotification, StateSpace};
use signalbox_crm::params::ParamValue;

mod clients;
mod fields;
mod requests;

/// How much of a malformed text a refusal repeats, and of a failure's code a verdict, in characters. Ids have at most
/// 32, the longest code of the contract 19.
const ECHO_CHARS_MAX: usize = 64;
/// The longest message of a refusal, in characters. It may repeat what the robot gave, which has up to 1 MiB; the keys
/// of all fields that a stage may want fit into it.
const MESSAGE_CHARS_MAX: usize = 4_000;
/// Entries of one page.
const PAGE_MAX: u32 = 100;

/// Reads an id such as `deal:17`.
pub(crate) fn id<T: FromStr<Err = BadId>>(text: &str) -> Answer<T> {
    let echo = match text.char_indices().nth(ECHO_CHARS_MAX) {
        Some((end, _)) => &text[..end],
        None => text,
    };
    Ok(echo.parse::<T>().map_err(Rejection::from)?)
}

/// Reads several ids.
pub(crate) fn ids<T: FromStr<Err = BadId>>(texts: &[String]) -> Answer<Vec<T>> {
    texts.iter().map(|text| id(text)).collect()
}

/// Reads an id that may be missing.
pub(crate) fn maybe_id<T: FromStr<Err = BadId>>(text: Option<&str>) -> Answer<Option<T>> {
    text.map(id).transpose()
}

/// The size of a page.
pub(crate) fn limit(limit: u32) -> Answer<u32> {
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Rejection::invalid(Sentence::plain(format!(
        "the limit is {limit}, not 1 to {PAGE_MAX}"
    )))
    .into())
}

/// Reads an instant.
pub(crate) fn instant(text: &str) -> Answer<Timestamp> {
    Ok(Timestamp::parse(text).map_err(Rejection::invalid)?)
}

/// A rejection as robots see it.
pub(crate) fn error(rejection: Rejection) -> types::Error {
    let mut message = rejection.message.english();
    if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS_MAX) {
        message.truncate(end);
    }
    types::Error {
        code: rejection.code.as_str().to_owned(),
        retryable: rejection.code.is_passing(),
        message,
    }
}

/// A version or a count. Robots have 32 bits of it, which last for 4 billion changes of one item.
fn count(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn text(value: impl ToString) -> String {
    value.to_string()
}

impl From<Money> for types::Money {
    fn from(money: Money) -> Self {
        types::Money {
            amount: money.amount(),
            currency: money.currency,
        }
    }
}

impl From<Item> for types::Item {
    fn from(item: Item) -> Self {
        types::Item {
            id: text(item.id),
            title: item.title,
            pipeline: text(item.pipeline),
            stage: text(item.stage),
            stage_entry: count(item.stage_entry),
            stage_entered_at: text(item.stage_entered_at),
            assignee: item.assignee.map(text),
            contact: item.contact.map(text),
            amount: item.amount.map(Into::into),
            source: item.source,
            created_at: text(item.created_at),
            updated_at: text(item.updated_at),
            closed_at: item.closed_at.map(text),
            last_contact_at: item.last_contact_at.map(text),
            version: count(item.version),
        }
    }
}

impl From<&ParamValue> for types::ParamValue {
    fn from(value: &ParamValue) -> Self {
        match value {
            ParamValue::Flag(flag) => types::ParamValue::Flag(*flag),
            ParamValue::Whole(whole) => types::ParamValue::Whole(*whole),
            ParamValue::Decimal(decimal) => types::ParamValue::Decimal(decimal.clone()),
            ParamValue::Text(text) => types::ParamValue::Text(text.clone()),
            ParamValue::Seconds(seconds) => types::ParamValue::Seconds(*seconds),
            ParamValue::Money(money) => types::ParamValue::Money(money.clone().into()),
            ParamValue::Many(many) => types::ParamValue::Many(many.clone()),
        }
    }
}

/// What a robot looks for.
pub(crate) fn item_query(query: &items::ItemQuery) -> Answer<ItemQuery> {
    Ok(ItemQuery {
        pipeline: maybe_id(query.pipeline.as_deref())?,
        stage: maybe_id(query.stage.as_deref())?,
        assignee: maybe_id(query.assignee.as_deref())?,
        contact: maybe_id(query.contact.as_deref())?,
        is_open: query.is_open,
        entered_before: query.entered_before.as_deref().map(instant).transpose()?,
    })
}

impl From<state::Space> for StateSpace {
    fn from(space: state::Space) -> Self {
        match space {
            state::Space::Robot => StateSpace::Robot,
            state::Space::Item => StateSpace::Item,
        }
    }
}

impl From<Moved> for stages::MoveResult {
    fn from(moved: Moved) -> Self {
        match moved {
            Moved::Moved => stages::MoveResult::Moved,
            Moved::AlreadyThere => stages::MoveResult::AlreadyThere,
        }
    }
}

impl From<assignment::Distribution> for Distribution {
    fn from(distribution: assignment::Distribution) -> Self {
        match distribution {
            assignment::Distribution::Strict => Distribution::Strict,
            assignment::Distribution::Even => Distribution::Even,
        }
    }
}

/// What kind of activity a robot plans.
fn activity_kind(kind: activities::ActivityKind) -> Answer<ActivityKind> {
    match kind {
        activities::ActivityKind::Todo => Ok(ActivityKind::Todo),
        activities::ActivityKind::Call => Ok(ActivityKind::Call),
        activities::ActivityKind::Meeting => Ok(ActivityKind::Meeting),
        activities::ActivityKind::Mail => Ok(ActivityKind::Mail),
        activities::ActivityKind::Other => Err(Rejection::invalid(Sentence::plain(
            "an activity of the kind `other` cannot be planned",
        ))
        .into()),
    }
}

impl From<ActivityKind> for activities::ActivityKind {
    fn from(kind: ActivityKind) -> Self {
        match kind {
            ActivityKind::Todo => activities::ActivityKind::Todo,
            ActivityKind::Call => activities::ActivityKind::Call,
            ActivityKind::Meeting => activities::ActivityKind::Meeting,
            ActivityKind::Mail => activities::ActivityKind::Mail,
        }
    }
}

/// An activity that a robot plans.
pub(crate) fn new_activity(activity: activities::NewActivity) -> Answer<NewActivity> {
    Ok(NewActivity {
        kind: activity_kind(activity.kind)?,
        title: activity.title,
        description: activity.description,
        deadline: activity.deadline,
        duration_s: activity.duration,
        assignee: maybe_id(activity.assignee.as_deref())?,
        reminders_min: activity.reminders,
    })
}

impl From<Activity> for activities::Activity {
    fn from(activity: Activity) -> Self {
        activities::Activity {
            id: text(activity.id),
            item: text(activity.item),
            kind: activity.kind.into(),
            title: activity.title,
            description: activity.description,
            deadline: text(activity.deadline_at),
            duration: activity.duration_s,
            assignee: activity.assignee.map(text),
            is_open: activity.state == ActivityState::Open,
            is_done: activity.state == ActivityState::Completed,
            finished_at: activity.finished_at.map(text),
        }
    }
}

impl From<notifications::NewNotification> for NewNotification {
    fn from(notification: notifications::NewNotification) -> Self {
        let notifications::NewNotification { to, title, text, tag } = notification;
        NewNotification { to, title, text, tag }
    }
}

impl From<Conversation> for conversations::Conversation {
    fn from(conversation: Conversation) -> Self {
        conversations::Conversation {
            id: text(conversation.id),
            channel: text(conversation.channel),
            contact: conversation.contact.map(text),
            item: conversation.item.map(text),
            operator: conversation.operator.map(text),
            opened_at: text(conversation.opened_at),
            is_open: conversation.closed_at.is_none(),
            last_inbound_at: conversation.last_inbound_at.map(text),
            last_outbound_at: conversation.last_outbound_at.map(text),
            message_count: count(conversation.message_count),
        }
    }
}

impl From<Message> for conversations::Message {
    fn from(message: Message) -> Self {
        conversations::Message {
            id: text(message.id),
            number: count(message.seq),
            direction: match message.direction {
                Direction::Inbound => conversations::Direction::Inbound,
                Direction::Outbound => conversations::Direction::Outbound,
            },
            text: message.text,
            media: message.media,
            author: message.author.map(text),
            sent_at: text(message.sent_at),
            edited_at: message.edited_at.map(text),
        }
    }
}

/// An employee, with whether the person is available now.
pub(crate) fn employee(employee: Employee, is_available: bool) -> employees::Employee {
    employees::Employee {
        id: text(employee.id),
        name: employee.name,
        head: employee.head.map(text),
        is_available,
    }
}

/// What the robot returned.
pub(crate) fn verdict(returned: Result<types::Outcome, types::Failure>) -> Verdict {
    match returned {
        Ok(entry::Outcome::Done(summary)) => Verdict::Done { summary },
        Ok(entry::Outcome::Skipped(summary)) => Verdict::Skipped { summary },
        Err(failure) => Verdict::Failed {
            code: failure.code.chars().take(ECHO_CHARS_MAX).collect(),
            message: failure.message,
            retryable: failure.retryable,
        },
    }
}

#[cfg(test)]
mod tests {
    use signalbox_crm::ids::StageId;

    use super::*;
    use crate::session::CallError;

    fn refusal<T: std::fmt::Debug>(answer: Answer<T>) -> types::Error {
        match answer.expect_err("a refusal") {
            CallError::Rejected(rejection) => error(rejection),
            other => panic!("not a refusal: {other:?}"),
        }
    }

    #[test]
    fn malformed_id_is_refused_with_its_beginning() {
        let long = "я".repeat(100_000);
        let error = refusal(id::<StageId>(&long));
        assert_eq!(error.code, "invalid");
        assert!(error.message.len() < 300, "{}", error.message.len());
        assert_eq!(id::<StageId>("stage:5").unwrap(), StageId(5));
    }

    #[test]
    fn refusal_does_not_repeat_more_than_a_page() {
        let long = "я".repeat(100_000);
        let error = error(Rejection::invalid(Sentence::plain(format!(
            "`{long}` is no amount"
        ))));
        assert_eq!(error.message.chars().count(), MESSAGE_CHARS_MAX);
    }

    #[test]
    fn malformed_instant_is_refused() {
        assert_eq!(refusal(instant("tomorrow")).code, "invalid");
        assert!(instant("2026-03-02T09:00:00Z").is_ok());
    }
}
