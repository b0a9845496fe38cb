//! Wake-ups for this robot, on the item of the run.

use crate::bindings::signalbox::robot::timers;
use crate::{Failure, Instant};

/// Starts this robot again at `at`, with [`Cause::Timer`](crate::Cause::Timer).
///
/// The same key replaces an earlier wake-up. The smallest delay is one second, also for an instant in the past.
/// It is cancelled as the attachment says, by default when the item leaves the stage.
///
/// # Errors
/// `invalid` (a key of 0 or more than 64 bytes, a payload of more than 4 KiB), `limit.timers` (more than 16 a run).
pub fn set(key: &str, at: Instant, payload: &str) -> Result<(), Failure> {
    Ok(timers::set(key, &at.to_string(), payload)?)
}

/// Cancels a wake-up; false when there is none with this key.
///
/// # Errors
/// `denied`.
pub fn cancel(key: &str) -> Result<bool, Failure> {
    Ok(timers::cancel(key)?)
}
