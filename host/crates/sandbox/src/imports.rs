//! The host functions, one file for each interface of the contract.
//!
//! Each notes its call in the journal, reads its arguments, asks the session and notes the answer.

mod activities;
mod assignment;
mod calendar;
mod clock;
mod contact_editing;
mod contacts;
mod conversation_control;
mod conversations;
mod employees;
mod fields;
mod item_creation;
mod items;
mod log;
mod messaging;
mod notifications;
mod outbound_http;
mod params;
mod random;
mod stages;
mod state;
mod timeline;
mod timers;

use crate::bindings::types;
use crate::execution::Execution;

/// `types` has no functions.
impl types::Host for Execution {}
