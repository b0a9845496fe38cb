//! What a run is given.

use signalbox_crm::event::Fact;
use signalbox_crm::ids::{AttachmentId, ItemId, RunId};

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
    /// Why it runs.
    pub cause: Fact,
}
