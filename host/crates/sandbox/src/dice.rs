//! The numbers of `random`: the run is their seed, so that another execution and a replay see the same.

use sha2::{Digest, Sha256};
use signalbox_crm::ids::RunId;

/// The random numbers of one run.
pub(crate) struct Dice {
    run: RunId,
    count: u64,
}

impl Dice {
    /// Those of this run, from the first.
    pub(crate) fn new(run: RunId) -> Self {
        Dice { run, count: 0 }
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> u32 {
        let digest: [u8; 32] = Sha256::digest(format!("{} number {}", self.run, self.count)).into();
        self.count += 1;
        let [a, b, c, d, ..] = digest;
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_sees_the_same_numbers_again_and_another_run_sees_others() {
        let numbers = |run| {
            let mut dice = Dice::new(RunId(run));
            [dice.number(), dice.number(), dice.number()]
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
        let [first, second, third] = numbers(1);
        assert!(first != second && second != third);
    }
}
