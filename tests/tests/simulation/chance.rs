//! Chance that a seed decides.

use std::sync::{Mutex, PoisonError};

/// A stream of random numbers, the same for the same seed.
pub(super) struct Chance(Mutex<u64>);

impl Chance {
    pub(super) fn of(seed: u64) -> Self {
        Chance(Mutex::new(seed))
    }

    /// The output of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub(super) fn below(&self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True once in so many times.
    pub(super) fn one_in(&self, count: u64) -> bool {
        self.below(count) == 0
    }

    /// One of several.
    pub(super) fn pick<T: Copy>(&self, of: &[T]) -> T {
        let place = self.below(of.len() as u64);
        of[usize::try_from(place).expect("below a length")]
    }
}
