//! The only place that reads the time and randomness.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use signalbox_crm::time::Timestamp;
use tokio::time::Instant;

/// A step back of the machine's clock up to here is not shown: the host's clock stands still until the machine's is
/// there again. Time servers make such steps, and nothing that the host stores may be older than what led to it. A
/// larger step is followed, or what is begun now would have to wait for so long.
pub const STEP_HELD_MAX: Duration = Duration::from_secs(10);

/// The latest time that was shown.
static SHOWN: Shown = Shown(AtomicI64::new(i64::MIN));

/// A time that goes back in large steps only.
#[derive(Debug)]
struct Shown(AtomicI64);

impl Shown {
    fn after(&self, micros: i64) -> i64 {
        let last = self.0.fetch_max(micros, Ordering::AcqRel);
        if last <= micros {
            return micros;
        }
        if u128::from(last.abs_diff(micros)) <= STEP_HELD_MAX.as_micros() {
            return last;
        }
        self.0.store(micros, Ordering::Release);
        micros
    }
}

/// The time of the host: the machine's, or one that a test or rehearsal sets.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// Stands still until it is set.
    Virtual(Arc<AtomicI64>),
    /// Follows the clock of the tokio runtime, which a simulation stops and moves: background tasks run and sleep by
    /// it, as they do by the machine's.
    Simulated(SimulatedClock),
}

/// A clock that goes with tokio's, and jumps when it is told.
#[derive(Debug, Clone)]
pub struct SimulatedClock {
    /// The time at `since`, in microseconds.
    base: Arc<AtomicI64>,
    since: Instant,
}

impl SimulatedClock {
    /// It is `at` now. Within a runtime.
    pub fn starting_at(at: Timestamp) -> Self {
        SimulatedClock {
            base: Arc::new(AtomicI64::new(at.micros())),
            since: Instant::now(),
        }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.base.load(Ordering::Acquire).saturating_add(passed))
    }

    /// Somebody sets the clock: it jumps by so much, forwards or backwards, and nobody who sleeps wakes up for that.
    pub fn jump(&self, micros: i64) {
        self.base.fetch_add(micros, Ordering::AcqRel);
    }
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
            Clock::System => {
                let now: Timestamp = jiff::Timestamp::now().into();
                Timestamp::from_micros(SHOWN.after(now.micros()))
            }
            Clock::Simulated(clock) => clock.now(),
            Clock::Virtual(micros) => Timestamp::from_micros(micros.load(Ordering::Acquire)),
        }
    }

    /// Sets a virtual clock; it never goes back. Does nothing to the others.
    pub fn advance_to(&self, at: Timestamp) {
        if let Clock::Virtual(micros) = self {
            micros.fetch_max(at.micros(), Ordering::AcqRel);
        }
    }

    /// Sets a virtual clock to any time, as somebody does who corrects a machine's clock. Does nothing to the others.
    pub fn set(&self, at: Timestamp) {
        if let Clock::Virtual(micros) = self {
            micros.store(at.micros(), Ordering::Release);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_over_a_small_step_back_and_follows_a_large_one() {
        let second = 1_000_000;
        let shown = Shown(AtomicI64::new(i64::MIN));
        let steps = [
            (100, 100),
            (95, 100),
            (99, 100),
            (101, 101),
            (91, 101),
            (90, 90),
            (92, 92),
        ];
        for (machine, expected) in steps {
            assert_eq!(shown.after(machine * second), expected * second, "{machine}");
        }
    }
}
