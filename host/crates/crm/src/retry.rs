//! What becomes of a run that failed: tried again, or discarded with a reason of its own.

use std::time::Duration;

use crate::attachment::Attachment;
use crate::backoff::Backoff;
use crate::run::{Failures, Reason};
use crate::time::Timestamp;

/// Equal traps on equal data, one after the other, before the run is discarded. Two could be chance (another hour,
/// another random number); a third equal one is not worth the next hour's attempt.
pub const EQUAL_MAX: u32 = 3;

/// The wait for people: who is away comes back in hours, not in seconds. Spread over its upper half, so 15 to 30
/// minutes, then 30 to 60, 60 to 120, and 2 to 4 hours from then on.
pub const PEOPLE: Backoff = Backoff {
    base: Duration::from_secs(30 * 60),
    max: Duration::from_secs(4 * 60 * 60),
};

/// How often and when a failed run is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Attempts before the run is discarded, at least 1.
    pub attempts_max: u32,
    /// The waits between them.
    pub backoff: Backoff,
}

impl From<&Attachment> for Policy {
    fn from(attachment: &Attachment) -> Self {
        let seconds = |count: u32| Duration::from_secs(u64::from(count));
        Policy {
            attempts_max: attachment.attempts_max,
            backoff: Backoff {
                base: seconds(attachment.backoff_base_s),
                max: seconds(attachment.backoff_max_s),
            },
        }
    }
}

/// A failed attempt, with what the run remembers of those before it.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// The verdict's code.
    pub code: &'a str,
    /// The verdict's word on later attempts.
    pub retryable: bool,
    /// Counts from 1, over all attempts of the run.
    pub number: u32,
    /// With this attempt: [`Failures::after`].
    pub failures: &'a Failures,
}

/// What becomes of a run that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retry {
    /// It is tried again then.
    At(Timestamp),
    /// It is discarded.
    Never(Reason, Option<String>),
}

/// What kind of failure a code is: who can make it go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cure {
    /// The admin grants it.
    Grant,
    /// The admin installs the robot again.
    Install,
    /// The robot's author, or other data.
    Author,
    /// Whoever maintains the host.
    Host,
    /// Somebody comes back or answers.
    People,
    /// The robot knows, and says so.
    Robot,
}

fn cure(code: &str) -> Cure {
    match code {
        "denied" => Cure::Grant,
        "broken" => Cure::Install,
        "host-crash" => Cure::Host,
        "trap" | "panic" | "stack-overflow" | "limit.cpu" | "limit.memory" | "limit.table"
        | "limit.payload" => Cure::Author,
        "no-candidate" | "window-closed" => Cure::People,
        _ => Cure::Robot,
    }
}

/// Decides about a failed attempt. `seed` spreads the waits of different runs.
///
/// The order matters: what only a person can change first, then equal traps, then the count of attempts.
pub fn after_failure(failed: Failed<'_>, policy: Policy, now: Timestamp, seed: u64) -> Retry {
    let cure = cure(failed.code);
    match cure {
        Cure::Grant => return Retry::Never(Reason::Denied, None),
        Cure::Install => return Retry::Never(Reason::Broken, None),
        Cure::Host => return Retry::Never(Reason::Quarantined, None),
        Cure::Author if failed.failures.equal_count >= EQUAL_MAX => {
            let why = format!("{EQUAL_MAX} equal failures on equal data");
            return Retry::Never(Reason::Deterministic, Some(why));
        }
        // A trap is tried again although the sandbox says no: the data may be another by then.
        Cure::Author => {}
        Cure::People | Cure::Robot if !failed.retryable => return Retry::Never(Reason::NotRetryable, None),
        Cure::People | Cure::Robot => {}
    }
    let number = failed.number.saturating_sub(failed.failures.forgiven_count);
    if number >= policy.attempts_max {
        let why = format!("attempt {number} of {}", policy.attempts_max);
        return Retry::Never(Reason::AttemptsUsedUp, Some(why));
    }
    let delay = policy.backoff.delay(number, seed);
    let delay = match cure {
        Cure::People => delay.max(PEOPLE.slow_delay(number, seed)),
        Cure::Grant | Cure::Install | Cure::Host | Cure::Author | Cure::Robot => delay,
    };
    Retry::At(now.plus(delay).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{at, attachment};

    const NOW: &str = "2026-03-02T09:00:00Z";

    fn decide(code: &str, retryable: bool, number: u32, failures: &Failures) -> Retry {
        let failed = Failed {
            code,
            retryable,
            number,
            failures,
        };
        after_failure(failed, Policy::from(&attachment(1)), at(NOW), 7)
    }

    fn equal(equal_count: u32) -> Failures {
        Failures {
            digest: Some("d".to_owned()),
            equal_count,
            ..Failures::default()
        }
    }

    fn reason(retry: Retry) -> Option<Reason> {
        match retry {
            Retry::At(_) => None,
            Retry::Never(reason, _) => Some(reason),
        }
    }

    #[test]
    fn what_the_robot_calls_final_is_final() {
        assert_eq!(
            reason(decide("my-code", false, 1, &equal(1))),
            Some(Reason::NotRetryable)
        );
        assert_eq!(reason(decide("my-code", true, 1, &equal(1))), None);
    }

    #[test]
    fn robot_that_asks_for_another_attempt_gets_all_of_them() {
        for number in 1..=3 {
            assert_eq!(reason(decide("my-code", true, number, &equal(number))), None);
        }
        let end = decide("my-code", true, 4, &equal(4));
        assert_eq!(
            end,
            Retry::Never(Reason::AttemptsUsedUp, Some("attempt 4 of 4".to_owned()))
        );
    }

    #[test]
    fn third_equal_trap_is_the_last_and_other_data_begins_the_count_anew() {
        for code in ["trap", "panic", "stack-overflow", "limit.cpu", "limit.memory"] {
            assert_eq!(reason(decide(code, false, 2, &equal(2))), None, "{code}");
            let end = decide(code, false, 3, &equal(3));
            assert_eq!(reason(end), Some(Reason::Deterministic), "{code}");
            assert_eq!(reason(decide(code, false, 3, &equal(1))), None, "{code}");
        }
    }

    #[test]
    fn what_only_an_admin_can_change_is_not_tried_again() {
        assert_eq!(reason(decide("denied", true, 1, &equal(1))), Some(Reason::Denied));
        assert_eq!(reason(decide("broken", true, 1, &equal(1))), Some(Reason::Broken));
    }

    #[test]
    fn people_are_waited_for_longer_than_machines() {
        let minutes = |number| match decide("no-candidate", true, number, &equal(1)) {
            Retry::At(due_at) => due_at.since(at(NOW)).as_secs() / 60,
            Retry::Never(reason, _) => panic!("{reason:?}"),
        };
        assert!((15..=30).contains(&minutes(1)));
        assert!((30..=60).contains(&minutes(2)));
        assert!((60..=120).contains(&minutes(3)));
        let Retry::At(due_at) = decide("host", true, 1, &equal(1)) else {
            panic!("the host's own failures are tried again");
        };
        assert!(due_at.since(at(NOW)) <= Duration::from_secs(1));
    }

    #[test]
    fn run_that_a_person_retries_has_all_attempts_again() {
        let forgiven = Failures {
            forgiven_count: 4,
            ..Failures::default()
        };
        assert_eq!(reason(decide("my-code", true, 7, &forgiven)), None);
        assert_eq!(
            reason(decide("my-code", true, 8, &forgiven)),
            Some(Reason::AttemptsUsedUp)
        );
    }
}
