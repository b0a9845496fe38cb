//! Where the CPU time of runs goes, summed up since the start. `signalbox bench` reports it; counting costs a run less
//! than a microsecond, so it is always on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Sums of time. Each is the time in which a thread was at it: what waits for the database is not computing, and is
/// only counted where a robot's host call waits.
#[derive(Debug, Default)]
pub struct Spending {
    robots_ns: AtomicU64,
    host_calls_ns: AtomicU64,
    instances_ns: AtomicU64,
    validation_ns: AtomicU64,
}

/// The sums at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// In the code of robots.
    pub robots: Duration,
    /// In the functions that robots call: grants, rules, the draft, the journal.
    pub host_calls: Duration,
    /// In making robots' instances and taking them away.
    pub instances: Duration,
    /// In the committer: checks of what was read, matching, rows.
    pub validation: Duration,
}

impl Spending {
    /// Adds an execution of a robot, which took `whole` in the sandbox.
    pub fn add_execution(&self, whole: Duration, robot: Duration, host_calls: Duration) {
        add(&self.robots_ns, robot);
        add(&self.host_calls_ns, host_calls);
        add(&self.instances_ns, whole.saturating_sub(robot + host_calls));
    }

    /// Adds the validation of a group.
    pub fn add_validation(&self, time: Duration) {
        add(&self.validation_ns, time);
    }

    /// The sums until now.
    pub fn read(&self) -> Spent {
        let read = |sum: &AtomicU64| Duration::from_nanos(sum.load(Ordering::Relaxed));
        Spent {
            robots: read(&self.robots_ns),
            host_calls: read(&self.host_calls_ns),
            instances: read(&self.instances_ns),
            validation: read(&self.validation_ns),
        }
    }
}

fn add(sum: &AtomicU64, time: Duration) {
    let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    sum.fetch_add(ns, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_robot_nor_call_belongs_to_the_instance() {
        let spending = Spending::default();
        let us = Duration::from_micros;
        spending.add_execution(us(30), us(4), us(10));
        spending.add_execution(us(30), us(4), us(10));
        spending.add_validation(us(5));
        let expected = Spent {
            robots: us(8),
            host_calls: us(20),
            instances: us(32),
            validation: us(5),
        };
        assert_eq!(spending.read(), expected);
    }
}
