//! What a run is given.

use signalbox_crm::event::Fact;
use signalbox_crm::ids::{AttachmentId, EventId, ItemId, RunId};
use signalbox_crm::time::Timestamp;

/// One execution of a robot.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The run, the same in every attempt. It is also the seed of the guest's random numbers.
    pub run: RunId,
    /// The attachment.
    pub attachment: AttachmentId,
    /// Counts attempts, from 1.
    pub attempt: u32,
    /// The item that the run is about.
    pub item: Option<ItemId>,
    /// The event that started the run.
    pub event: EventId,
    /// When that happened.
    pub happened_at: Timestamp,
    /// Why it runs.
    pub cause: Fact,
}
