//! Ids: a kind and a number, written `deal:17` wherever people or robots see them.

use std::fmt;
use std::str::FromStr;

use crate::said;
use crate::sentence::{Sentence, refuse, shown_as_said};
use crate::template;
use serde::{Deserialize, Serialize};

/// A text that is not the id it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadId {
    /// What was given.
    pub value: String,
    /// What was wanted, with its article.
    pub expected: &'static str,
    /// How it should look.
    pub example: &'static str,
}

shown_as_said!(BadId);

impl BadId {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        said!(
            "`{value}` is not the id of {expected}, such as `{example}`",
            value = self.value,
            expected = Sentence::fixed(self.expected),
            example = self.example
        )
    }
}

/// Reads the number behind `prefix:`; ids start at 1.
fn number(text: &str, prefix: &str) -> Option<i64> {
    let digits = text.strip_prefix(prefix)?.strip_prefix(':')?;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, ":{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                number(text, $prefix).map($name).ok_or_else(|| BadId {
                    value: text.to_owned(),
                    expected: $expected,
                    example: concat!($prefix, ":17"),
                })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(refuse)
            }
        }
    )*};
}

ids! {
    /// An employee.
    EmployeeId, "employee", template!("an employee");
    /// A pipeline.
    PipelineId, "pipeline", template!("a pipeline");
    /// A stage of a pipeline.
    StageId, "stage", template!("a stage");
    /// A client, as a person.
    ContactId, "contact", template!("a contact");
    /// An activity of an item.
    ActivityId, "activity", template!("an activity");
    /// A notification to an employee.
    NotificationId, "notification", template!("a notification");
    /// A connected messenger, form, mailbox or phone line.
    ChannelId, "channel", template!("a channel");
    /// A conversation with a client.
    ConversationId, "conversation", template!("a conversation");
    /// A message of a conversation.
    MessageId, "message", template!("a message");
    /// A robot attached to a moment.
    AttachmentId, "attachment", template!("an attachment");
    /// A fact that happened.
    EventId, "event", template!("an event");
    /// One robot execution for one event and attachment.
    RunId, "run", template!("a run");
    /// A timer of the core.
    TimerId, "timer", template!("a timer");
    /// Something that leaves the house.
    DeliveryId, "delivery", template!("a delivery");
    /// An API token.
    TokenId, "token", template!("a token");
    /// A working-time calendar.
    CalendarId, "calendar", template!("a calendar");
    /// A raw inbound event of a channel.
    InboundId, "inbound", template!("an inbound event");
    /// One change for many items.
    BulkId, "bulk", template!("a bulk change");
    /// A request to a service outside.
    RequestId, "request", template!("a request");
}

/// Whether an item is a lead or a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// A first interest, not yet qualified.
    Lead,
    /// A sale in work.
    Deal,
}

impl ItemKind {
    /// The word used in ids and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            ItemKind::Lead => "lead",
            ItemKind::Deal => "deal",
        }
    }
}

/// A lead or a deal. Leads and deals share one sequence of numbers, so the number alone is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId {
    /// Lead or deal.
    pub kind: ItemKind,
    /// The number.
    pub number: i64,
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.number)
    }
}

impl FromStr for ItemId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        [ItemKind::Lead, ItemKind::Deal]
            .into_iter()
            .find_map(|kind| number(text, kind.as_str()).map(|number| ItemId { kind, number }))
            .ok_or_else(|| BadId {
                value: text.to_owned(),
                expected: "a lead or a deal",
                example: "deal:17",
            })
    }
}

impl Serialize for ItemId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(refuse)
    }
}

/// What new numbers are given out for. Leads and deals share `Item`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "one case for each id type above")]
pub enum IdKind {
    Item,
    Contact,
    Activity,
    Conversation,
    Message,
    Notification,
    Timer,
    Delivery,
    Inbound,
    Event,
    Run,
    Employee,
    Pipeline,
    Stage,
    Channel,
    Calendar,
    Attachment,
    Token,
    Bulk,
    Request,
}

impl IdKind {
    /// All kinds, in the order of their discriminants.
    pub const ALL: [IdKind; 20] = [
        IdKind::Item,
        IdKind::Contact,
        IdKind::Activity,
        IdKind::Conversation,
        IdKind::Message,
        IdKind::Notification,
        IdKind::Timer,
        IdKind::Delivery,
        IdKind::Inbound,
        IdKind::Event,
        IdKind::Run,
        IdKind::Employee,
        IdKind::Pipeline,
        IdKind::Stage,
        IdKind::Channel,
        IdKind::Calendar,
        IdKind::Attachment,
        IdKind::Token,
        IdKind::Bulk,
        IdKind::Request,
    ];

    /// The word used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            IdKind::Item => "item",
            IdKind::Contact => "contact",
            IdKind::Activity => "activity",
            IdKind::Conversation => "conversation",
            IdKind::Message => "message",
            IdKind::Notification => "notification",
            IdKind::Timer => "timer",
            IdKind::Delivery => "delivery",
            IdKind::Inbound => "inbound",
            IdKind::Event => "event",
            IdKind::Run => "run",
            IdKind::Employee => "employee",
            IdKind::Pipeline => "pipeline",
            IdKind::Stage => "stage",
            IdKind::Channel => "channel",
            IdKind::Calendar => "calendar",
            IdKind::Attachment => "attachment",
            IdKind::Token => "token",
            IdKind::Bulk => "bulk",
            IdKind::Request => "request",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_is_written() {
        let item: ItemId = "deal:17".parse().expect("a deal");
        assert_eq!(
            item,
            ItemId {
                kind: ItemKind::Deal,
                number: 17
            }
        );
        assert_eq!(item.to_string(), "deal:17");
        assert_eq!("stage:5".parse(), Ok(StageId(5)));
    }

    #[test]
    fn an_id_of_another_kind_or_shape_is_refused_by_name() {
        for wrong in [
            "deal:17",
            "stage",
            "stage:",
            "stage:x",
            "stage:-1",
            "stage:0",
            "stage:+1",
            "stage:99999999999999999999",
        ] {
            let error = wrong.parse::<StageId>().expect_err(wrong);
            assert_eq!(
                error.to_string(),
                format!("`{wrong}` is not the id of a stage, such as `stage:17`")
            );
        }
    }
}
