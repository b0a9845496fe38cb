//! How long something that failed waits before it is tried again.

use std::time::Duration;

/// How the waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first attempt.
    pub base: Duration,
    /// The longest wait at all.
    pub max: Duration,
}

impl Backoff {
    /// One second: longer than a lock or a restart of the database lasts as a rule. An hour: a partner that was down
    /// for a night is asked within the hour after it returns.
    pub const DEFAULT: Backoff = Backoff {
        base: Duration::from_secs(1),
        max: Duration::from_secs(3_600),
    };

    /// The wait after attempt number `attempt` (from 1; 0 counts as 1) failed: evenly spread over zero to
    /// `ceiling(attempt)`, so that many runs that failed together do not return together.
    ///
    /// The same `attempt` and `seed` give the same wait. Seeds may be consecutive numbers, such as run ids.
    pub fn delay(self, attempt: u32, seed: u64) -> Duration {
        spread(Duration::ZERO, self.ceiling(attempt), attempt, seed)
    }

    /// As `delay`, but spread over the upper half: nothing is tried again at once that needs time to pass.
    pub fn slow_delay(self, attempt: u32, seed: u64) -> Duration {
        let ceiling = self.ceiling(attempt);
        spread(ceiling / 2, ceiling, attempt, seed)
    }

    /// The longest wait after attempt number `attempt`: `base`, doubled with each attempt, at most `max`.
    pub fn ceiling(self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.max)
    }
}

/// A part of the window, evenly spread over the seeds: the same seed has the same part. Seeds may be consecutive
/// numbers.
pub fn part_of(window: Duration, seed: u64) -> Duration {
    spread(Duration::ZERO, window, 0, seed)
}

/// An instant between `from` and `to`, both included.
fn spread(from: Duration, to: Duration, attempt: u32, seed: u64) -> Duration {
    let width = (to - from).as_micros();
    let random = u128::from(scramble(seed ^ scramble(u64::from(attempt))));
    // `random` is below 2^64: the product's upper half is spread evenly over 0..=width.
    let micros = (random * (width + 1)) >> 64;
    from + Duration::from_micros(u64::try_from(micros).expect("at most `to`, which fits"))
}

/// The output step of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014):
/// neighbouring inputs give unrelated outputs.
fn scramble(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Backoff = Backoff::DEFAULT;

    #[test]
    fn ceiling_doubles_up_to_an_hour() {
        let seconds = |attempt| DEFAULT.ceiling(attempt).as_secs();
        assert_eq!(
            [0, 1, 2, 3, 11, 12, 13, 32, 33, 34, u32::MAX].map(seconds),
            [1, 1, 2, 4, 1_024, 2_048, 3_600, 3_600, 3_600, 3_600, 3_600]
        );
    }

    #[test]
    fn ceiling_keeps_to_the_base_and_maximum_that_it_is_given() {
        let own = Backoff {
            base: Duration::from_secs(60),
            max: Duration::from_secs(100),
        };
        let seconds = |attempt| own.ceiling(attempt).as_secs();
        assert_eq!([1, 2, 3].map(seconds), [60, 100, 100]);
    }

    fn check_spread(attempt: u32, from: Duration, to: Duration, delay: impl Fn(u64) -> Duration) {
        let mut tenths = [0_u32; 10];
        for seed in 0..10_000 {
            let delay = delay(seed);
            assert!((from..=to).contains(&delay));
            let tenth = (delay - from).as_micros() * 10 / ((to - from).as_micros() + 1);
            tenths[usize::try_from(tenth).unwrap()] += 1;
        }
        assert!(
            tenths.iter().all(|count| (850..1_150).contains(count)),
            "{attempt}: {tenths:?}"
        );
    }

    #[test]
    fn parts_of_a_window_are_spread_evenly_and_stay_the_same() {
        let window = Duration::from_secs(600);
        check_spread(0, Duration::ZERO, window, |seed| part_of(window, seed));
        assert_eq!(part_of(window, 7), part_of(window, 7));
        assert_eq!(part_of(Duration::ZERO, 7), Duration::ZERO);
    }

    #[test]
    fn delay_is_spread_evenly_below_its_ceiling() {
        for attempt in [1, 5, 20] {
            let ceiling = DEFAULT.ceiling(attempt);
            check_spread(attempt, Duration::ZERO, ceiling, |seed| {
                DEFAULT.delay(attempt, seed)
            });
            check_spread(attempt, ceiling / 2, ceiling, |seed| {
                DEFAULT.slow_delay(attempt, seed)
            });
        }
    }

    #[test]
    fn delay_depends_on_nothing_but_attempt_and_seed() {
        assert_eq!(DEFAULT.delay(3, 7), DEFAULT.delay(3, 7));
        assert_ne!(DEFAULT.delay(3, 7), DEFAULT.delay(3, 8));
        assert_ne!(DEFAULT.delay(20, 7), DEFAULT.delay(21, 7));
    }
}
