//! Write Signalbox robots in Rust.
//!
//! A robot is a function from an [`Invocation`] to an [`Outcome`] or a [`Failure`]:
//!
//! ```
//! use signalbox_sdk::prelude::*;
//!
//! params! {
//!     /// What the admin fills in; `robot.toml` declares the same keys.
//!     struct Params {
//!         stage: String,
//!         allow_back: bool,
//!     }
//! }
//!
//! fn run(invocation: Invocation) -> Result<Outcome, Failure> {
//!     let params = Params::read()?;
//!     let item = invocation.require_item()?;
//!     stages::move_(item, &params.stage, params.allow_back)?;
//!     done(format!("moved {item} to {}", params.stage))
//! }
//!
//! signalbox_sdk::robot!(run);
//! ```
//!
//! Everything that a robot writes is staged, and stored when `run` returns `Ok`: all at once, or not at all.
//! A refusal of the host comes back as an [`Error`]; `?` turns it into the failure of the run.
//! A panic ends the run as a failure that carries the panic's message.
//!
//! What a robot does not call is not imported, and needs no permission.

// The bindings of the contract are generated; their documentation is the contract's own.
#[allow(missing_docs, rustdoc::all)]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "robot",
        pub_export_macro: true,
        default_bindings_module: "signalbox_sdk::bindings",
        additional_derives: [PartialEq],
    });
}

pub mod calendar;
mod choice;
pub mod clock;
mod failure;
pub mod fields;
#[cfg(target_family = "wasm")]
mod heap;
pub mod http;
mod instant;
mod invocation;
pub mod log;
mod money;
pub mod params;
pub mod state;
pub mod timers;

pub use bindings::signalbox::robot::types::{
    Cause, Error, Failure, Field, FieldValue, Invocation, Item, ManualRun, MessageReceived, Money,
    OtherCause, OtherValue, Outcome, ParamValue, Ref, ScheduleTicked, StageEntered, TimerFired,
};
pub use bindings::signalbox::robot::{
    activities, assignment, contact_editing, contacts, conversation_control, conversations, employees,
    item_creation, items, messaging, notifications, random, stages, timeline,
};
pub use instant::{Instant, InstantError};
pub use invocation::{done, skipped};

/// Everything that a robot usually needs: `use signalbox_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Cause, Failure, Field, FieldValue, Instant, Invocation, Item, Money, Outcome, activities, assignment,
        calendar, clock, contact_editing, contacts, conversation_control, conversations, debug, done,
        employees, error, fields, http, info, item_creation, items, messaging, notifications, params, random,
        skipped, stages, state, timeline, timers, warn,
    };
    pub use std::time::Duration;
}

/// Makes a function the robot of this crate: `robot!(run)`, once, where `run` is
/// `fn(Invocation) -> Result<Outcome, Failure>`.
#[macro_export]
macro_rules! robot {
    ($run:path) => {
        struct SignalboxRobot;

        impl $crate::bindings::exports::signalbox::robot::entry::Guest for SignalboxRobot {
            fn run(
                invocation: $crate::Invocation,
            ) -> ::core::result::Result<$crate::Outcome, $crate::Failure> {
                $crate::log::report_panics();
                $run(invocation)
            }
        }

        $crate::bindings::export!(SignalboxRobot with_types_in $crate::bindings);
    };
}

/// The README's robot is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
