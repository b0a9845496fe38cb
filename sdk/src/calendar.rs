//! Working time.

use std::time::Duration;

use crate::bindings::signalbox::robot::calendar;
use crate::{Failure, Instant};

/// Whether people work at this instant.
///
/// # Errors
/// `denied`.
pub fn is_working(at: Instant) -> Result<bool, Failure> {
    Ok(calendar::is_working(&at.to_string())?)
}

/// The instant at which `work` of working time has passed since `start`; parts of a second are dropped.
///
/// # Errors
/// `invalid`, also when the calendar has no working day within 400 days.
pub fn add_working(start: Instant, work: Duration) -> Result<Instant, Failure> {
    // Longer than 136 years is no plan; the host refuses it, too.
    let seconds = u32::try_from(work.as_secs()).unwrap_or(u32::MAX);
    Ok(Instant::parse(&calendar::add_working(
        &start.to_string(),
        seconds,
    )?)?)
}
