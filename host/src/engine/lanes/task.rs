//! What waits in a lane, and in which one.

use std::sync::Arc;

use signalbox_crm::event::{Event, Fact};
use signalbox_crm::ids::{ChannelId, InboundId, ItemId, RunId};
use signalbox_crm::run::{Reason, Run};
use signalbox_crm::shard::{Shard, shard_of, shard_of_chat};

/// What must not happen at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LaneKey {
    /// Work on an item.
    Item(ItemId),
    /// Messages of one chat.
    Chat(ChannelId, String),
    /// A run without an item.
    Run(RunId),
    /// An inbound event without a chat.
    Inbound(InboundId),
}

/// A run that may start, with the event that started it.
#[derive(Debug, Clone)]
pub struct ReadyRun {
    /// The run.
    pub run: Run,
    /// Its event.
    pub event: Arc<Event>,
}

/// A piece of work.
#[derive(Debug, Clone)]
pub enum Task {
    /// Execute a run.
    Run(Box<ReadyRun>),
    /// Take in what a provider sent.
    Inbound(InboundId),
}

impl LaneKey {
    /// Where a run waits.
    pub fn of(run: &Run) -> Self {
        run.item.map_or(LaneKey::Run(run.id), LaneKey::Item)
    }

    /// The shard of what is in the lane, but for runs that one host counts.
    pub(super) fn shard(&self) -> Shard {
        match self {
            LaneKey::Item(item) => shard_of(item.number),
            LaneKey::Chat(channel, chat) => shard_of_chat(*channel, chat),
            LaneKey::Run(run) => shard_of(run.0),
            LaneKey::Inbound(inbound) => shard_of(inbound.0),
        }
    }
}

impl Task {
    /// The run; none for what is not one.
    pub(super) fn run_id(&self) -> Option<RunId> {
        match self {
            Task::Run(ready) => Some(ready.run.id),
            Task::Inbound(_) => None,
        }
    }

    /// Whether a person has started it, or started it again.
    pub(super) fn is_by_hand(&self) -> bool {
        matches!(self, Task::Run(ready) if ready.is_by_hand())
    }
}

impl ReadyRun {
    /// Whether a person has started it, or started it again.
    fn is_by_hand(&self) -> bool {
        matches!(self.event.fact, Fact::ManualRun { .. }) || self.run.reason == Some(Reason::ByHand)
    }
}
