//! Channels, conversations and messages.

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, ContactId, ConversationId, EmployeeId, ItemId, MessageId, PipelineId, RunId};
use crate::time::Timestamp;

/// The protocol of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// A Telegram bot, by webhook.
    Telegram,
    /// The documented JSON format, signed by the Standard Webhooks scheme.
    Generic,
}

impl Provider {
    /// The word used in the API, in handles and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Provider::Telegram => "telegram",
            Provider::Generic => "generic",
        }
    }

    /// Whether a receiver recognises a message that comes again by its key, and takes it once. Telegram's Bot API has
    /// no such key.
    pub fn deduplicates(self) -> bool {
        match self {
            Provider::Telegram => false,
            Provider::Generic => true,
        }
    }

    /// What a channel sends in a second if its admin says nothing. Telegram: its "Bots FAQ" names 30 for all chats
    /// together.
    pub fn per_second_default(self) -> u16 {
        match self {
            Provider::Telegram => 25,
            Provider::Generic => 50,
        }
    }
}

/// What becomes of a message when nobody can tell whether the receiver has it: no answer came, or the host ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// It is sent again, with the same key: a receiver that does not deduplicate may have it twice.
    #[default]
    AtLeastOnce,
    /// It is given up as dead, for a person to decide.
    AtMostOnce,
}

/// A connected messenger or form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// The id.
    pub id: ChannelId,
    /// Unique, for files and messages.
    pub key: String,
    /// As people see it.
    pub title: String,
    /// The protocol.
    pub provider: Provider,
    /// Proves that a webhook comes from the provider. Telegram: the secret token; generic: `whsec_<base64>`.
    pub inbound_secret: String,
    /// Authorises what we send. Telegram: the bot token; generic: `whsec_<base64>` for signing.
    pub outbound_secret: Option<String>,
    /// Where answers go, for example `https://api.telegram.org`. No answers without it.
    pub base_url: Option<String>,
    /// What the receiver can take in a second, 1 to 1,000; the provider's default without it.
    #[serde(default)]
    pub per_second: Option<u16>,
    /// What becomes of a message when nobody can tell whether the receiver has it.
    #[serde(default)]
    pub guarantee: Guarantee,
    /// Opens a lead or deal in this pipeline for a client who has none open; none: conversations only.
    pub opens_item_in: Option<PipelineId>,
    /// In charge of what the channel opens, until a robot or a person decides.
    pub default_assignee: Option<EmployeeId>,
    /// A paused channel still stores what arrives, and starts nothing.
    pub is_active: bool,
    /// Grows by one with each change.
    pub version: i64,
}

/// A conversation with a client. At most one is open for each (channel, external chat).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The id.
    pub id: ConversationId,
    /// The channel.
    pub channel: ChannelId,
    /// The provider's id of the chat.
    pub external_chat: String,
    /// The client, if known.
    pub contact: Option<ContactId>,
    /// The lead or deal that it belongs to.
    pub item: Option<ItemId>,
    /// Who answers.
    pub operator: Option<EmployeeId>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed; none while open.
    pub closed_at: Option<Timestamp>,
    /// When the client last wrote.
    pub last_inbound_at: Option<Timestamp>,
    /// When somebody last answered.
    pub last_outbound_at: Option<Timestamp>,
    /// How many messages it has; also the last message's `seq`.
    pub message_count: i64,
    /// Grows by one with each run and each request that changes it.
    pub version: i64,
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the client.
    Inbound,
    /// To the client.
    Outbound,
}

impl Direction {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        }
    }
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The id.
    pub id: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Gapless within the conversation, in commit order, from 1.
    pub seq: i64,
    /// Which way.
    pub direction: Direction,
    /// The text; for a photo or file, its caption.
    pub text: String,
    /// What came besides text, by kind (`photo`, `document`, `voice`, ...), for people.
    pub media: Option<String>,
    /// The provider's id; unique in the channel's chat for inbound ones.
    pub external_id: Option<String>,
    /// The provider's id of the album that this picture belongs to.
    pub album: Option<String>,
    /// The employee who wrote it, for outbound ones.
    pub author: Option<EmployeeId>,
    /// The run that wrote it, for outbound ones.
    pub run: Option<RunId>,
    /// When it was sent, by the messenger's clock for inbound ones.
    pub sent_at: Timestamp,
    /// When the client last edited it.
    pub edited_at: Option<Timestamp>,
    /// Grows by one with each run and each request that changes it.
    pub version: i64,
}
