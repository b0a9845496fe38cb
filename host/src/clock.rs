//! The only place that reads the time and randomness.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use signalbox_crm::time::Timestamp;

/// The time of the host: the machine's, or one that a test or rehearsal sets.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// Stands still until it is set.
    Virtual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still at `at`.
    pub fn starting_at(at: Timestamp) -> Self {
        Clock::Virtual(Arc::new(AtomicI64::new(at.micros())))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self {
            #[allow(clippy::disallowed_methods, reason = "this is the one place")]
            Clock::System => jiff::Timestamp::now().into(),
            Clock::Virtual(micros) => Timestamp::from_micros(micros.load(Ordering::Acquire)),
        }
    }

    /// Sets a virtual clock; it never goes back. Does nothing to the machine's.
    pub fn advance_to(&self, at: Timestamp) {
        if let Clock::Virtual(micros) = self {
            micros.fetch_max(at.micros(), Ordering::AcqRel);
        }
    }

    /// Whether a driver sets the time, and background tasks must not sleep on their own.
    pub fn is_virtual(&self) -> bool {
        matches!(self, Clock::Virtual(_))
    }
}

/// Bytes that nobody can guess.
///
/// # Panics
/// When the operating system gives none: nothing secret can be made then.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
