//! What a run is given.

use signalbox_crm::event::Fact;
use signalbox_crm::ids::{AttachmentId, ItemId, RunId};
use signalbox_crm::value::Money;

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

/// A parameter's value, after placeholders are expanded and types are checked.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// `bool`.
    Flag(bool),
    /// `int`.
    Whole(i32),
    /// `double`, as a decimal string.
    Decimal(String),
    /// Texts and references.
    Text(String),
    /// `duration`, in seconds.
    Seconds(u32),
    /// `money`.
    Money(Money),
    /// `users`, and everything with `multiple`.
    Many(Vec<String>),
}
