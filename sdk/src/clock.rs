//! The run's clock.

use crate::Instant;
use crate::bindings::signalbox::robot::clock;

/// The run's logical time: the same at each call of one run.
///
/// # Panics
/// When the host breaks the contract and answers with something that is no instant.
pub fn now() -> Instant {
    Instant::parse(&clock::now()).expect("the contract says RFC 3339")
}
