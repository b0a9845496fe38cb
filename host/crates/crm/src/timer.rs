//! Timers of the core, and what leaves the house.

use serde::Deserialize;

use crate::ids::{
    ActivityId, ChannelId, ConversationId, DeliveryId, InboundId, ItemId, MessageId, RunId, TimerId,
};
use crate::shard::{Shard, shard_of, shard_of_chat};
use crate::time::Timestamp;

/// What a timer of the core is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerKind {
    /// A reminder, so many minutes before the deadline.
    Reminder {
        /// Minutes before the deadline.
        minutes: u32,
    },
    /// The deadline itself.
    Overdue,
}

/// Fires once, and acts only if the activity is still open with this deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// The id.
    pub id: TimerId,
    /// When.
    pub due_at: Timestamp,
    /// What for.
    pub kind: TimerKind,
    /// The activity.
    pub activity: ActivityId,
    /// Its item.
    pub item: ItemId,
    /// The deadline for which it was set.
    pub deadline_at: Timestamp,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// To be sent, at `due_at` or later.
    Pending,
    /// The receiver said yes.
    Delivered,
    /// Given up; the error says why.
    Dead,
}

impl DeliveryState {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead",
        }
    }
}

/// A client message on its way out: at least once, always with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The id.
    pub id: DeliveryId,
    /// The channel.
    pub channel: ChannelId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The message.
    pub message: MessageId,
    /// The message's place in the conversation: those of one conversation leave in this order.
    pub seq: i64,
    /// The item of the conversation.
    pub item: Option<ItemId>,
    /// The run that asked for it.
    pub run: Option<RunId>,
    /// The provider's id of the chat.
    pub external_chat: String,
    /// The text.
    pub text: String,
    /// The same at each attempt, and no other delivery's anywhere: the installation's id and the message's,
    /// `5f0c61d2a97be344:message:17`. Without a dot, which ends an id of Standard Webhooks.
    pub idempotency_key: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How many attempts were made.
    pub attempt_count: u32,
    /// When to try next.
    pub due_at: Timestamp,
    /// When an attempt began whose end is not known yet. Only where a message may be delivered at most once.
    pub started_at: Option<Timestamp>,
    /// What the last attempt said.
    pub last_error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the receiver said yes, or when it was given up.
    pub finished_at: Option<Timestamp>,
}

/// Where an inbound event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboundState {
    /// Stored, not processed yet.
    Received,
    /// Its message is in its conversation.
    Processed,
    /// Kept, and nothing follows from it; the note says why.
    Ignored,
    /// Given up after too many failures; the note says why. A person may have it processed once more.
    Failed,
}

impl InboundState {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            InboundState::Received => "received",
            InboundState::Processed => "processed",
            InboundState::Ignored => "ignored",
            InboundState::Failed => "failed",
        }
    }
}

/// What a provider sent, as it came. Unique by (channel, `dedup_key`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The id.
    pub id: InboundId,
    /// The channel.
    pub channel: ChannelId,
    /// The provider's id of the event.
    pub dedup_key: String,
    /// The provider's id of the chat, where there is one: events of one chat are processed in order.
    pub chat: Option<String>,
    /// The raw body.
    pub body: String,
    /// When it came.
    pub received_at: Timestamp,
    /// Where it stands.
    pub state: InboundState,
    /// Why it was ignored.
    pub note: Option<String>,
}

impl Inbound {
    /// The shard of its chat; without a chat, of itself.
    pub fn shard(&self) -> Shard {
        match &self.chat {
            Some(chat) => shard_of_chat(self.channel, chat),
            None => shard_of(self.id.0),
        }
    }
}
