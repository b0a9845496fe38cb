//! What the CPU time of a run goes into.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::spending::Spent;

/// CPU time of the host for each run, by what it goes into, in microseconds. The parts are timed by the clock: on a
/// machine that is busy with something else they are too large, and `rest` too small.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CpuSplit {
    /// The code of robots.
    pub robots_us: f64,
    /// The functions that robots call: grants, rules, the draft, the journal.
    pub host_calls_us: f64,
    /// Making robots' instances and taking them away.
    pub instances_us: f64,
    /// The committer: checks of what was read, matching, rows.
    pub validation_us: f64,
    /// The thread that commits to SQLite, with its system calls. None on PostgreSQL, whose server has its own process.
    pub database_us: Option<f64>,
    /// Everything else: lanes, drafts, encoding of rows, wake-ups, and submitters inside.
    pub rest_us: f64,
}

/// What was spent in the measured time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    /// The whole host.
    pub(super) whole: Duration,
    pub(super) before: Spent,
    pub(super) after: Spent,
    pub(super) database: Option<Duration>,
}

impl CpuSplit {
    pub(super) fn of(parts: Parts, runs: u64) -> CpuSplit {
        let per_run = |time: Duration| time.as_secs_f64() * 1e6 / runs.max(1) as f64;
        let Parts {
            whole,
            before,
            after,
            database,
        } = parts;
        let mut split = CpuSplit {
            robots_us: per_run(after.robots - before.robots),
            host_calls_us: per_run(after.host_calls - before.host_calls),
            instances_us: per_run(after.instances - before.instances),
            validation_us: per_run(after.validation - before.validation),
            database_us: database.map(per_run),
            rest_us: 0.0,
        };
        split.rest_us = (per_run(whole) - split.known_us()).max(0.0);
        split
    }

    fn known_us(&self) -> f64 {
        let database = self.database_us.unwrap_or_default();
        self.robots_us + self.host_calls_us + self.instances_us + self.validation_us + database
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole() {
        let us = Duration::from_micros;
        let after = Spent {
            robots: us(20),
            host_calls: us(100),
            instances: us(200),
            validation: us(80),
        };
        let parts = Parts {
            whole: us(1_000),
            before: Spent::default(),
            after,
            database: Some(us(400)),
        };
        let split = CpuSplit::of(parts, 10);
        assert_eq!((split.robots_us, split.rest_us), (2.0, 20.0));
        assert_eq!(split.known_us() + split.rest_us, 100.0);
        // Parts timed by the clock may be larger than the whole.
        assert_eq!(
            CpuSplit::of(
                Parts {
                    whole: us(500),
                    ..parts
                },
                10
            )
            .rest_us,
            0.0
        );
    }
}
