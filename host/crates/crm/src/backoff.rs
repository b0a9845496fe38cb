//! How long a failed run waits before its next attempt.

use std::time::Duration;

/// The longest wait after the first attempt: longer than a lock or a restart of the database lasts as a rule.
pub const DELAY_BASE: Duration = Duration::from_secs(1);
/// The longest wait at all: a partner that was down for a night is asked within the hour after it returns.
pub const DELAY_MAX: Duration = Duration::from_secs(3_600);

/// The wait after attempt number `attempt` (from 1; 0 counts as 1) failed: evenly spread over zero to
/// `delay_ceiling(attempt)`, so that many runs that failed together do not return together.
///
/// The same `attempt` and `seed` give the same wait. Seeds may be consecutive numbers, such as run ids.
pub fn retry_delay(attempt: u32, seed: u64) -> Duration {
    let ceiling = delay_ceiling(attempt).as_micros();
    let random = u128::from(scramble(seed ^ scramble(u64::from(attempt))));
    // `random` is below 2^64: the product's upper half is spread evenly over 0..=ceiling.
    let micros = (random * (ceiling + 1)) >> 64;
    Duration::from_micros(u64::try_from(micros).expect("at most the ceiling, an hour in microseconds"))
}

/// The longest wait after attempt number `attempt`: `DELAY_BASE`, doubled with each attempt, at most `DELAY_MAX`.
pub fn delay_ceiling(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1);
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    DELAY_BASE.saturating_mul(factor).min(DELAY_MAX)
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

    #[test]
    fn ceiling_doubles_up_to_an_hour() {
        let seconds = |attempt| delay_ceiling(attempt).as_secs();
        assert_eq!(
            [0, 1, 2, 3, 11, 12, 13, 32, 33, 34, u32::MAX].map(seconds),
            [1, 1, 2, 4, 1_024, 2_048, 3_600, 3_600, 3_600, 3_600, 3_600]
        );
    }

    #[test]
    fn delay_is_spread_evenly_below_its_ceiling() {
        for attempt in [1, 5, 20] {
            let ceiling = delay_ceiling(attempt);
            let mut tenths = [0_u32; 10];
            for seed in 0..10_000 {
                let delay = retry_delay(attempt, seed);
                assert!(delay <= ceiling);
                let tenth = delay.as_micros() * 10 / (ceiling.as_micros() + 1);
                tenths[usize::try_from(tenth).unwrap()] += 1;
            }
            assert!(
                tenths.iter().all(|count| (850..1_150).contains(count)),
                "{attempt}: {tenths:?}"
            );
        }
    }

    #[test]
    fn delay_depends_on_nothing_but_attempt_and_seed() {
        assert_eq!(retry_delay(3, 7), retry_delay(3, 7));
        assert_ne!(retry_delay(3, 7), retry_delay(3, 8));
        assert_ne!(retry_delay(20, 7), retry_delay(21, 7));
    }
}
