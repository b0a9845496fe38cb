//! One receiver of what leaves the house: how much may be on its way to it, how fast, and when it is left alone.

use std::time::Duration;

use crate::time::Timestamp;

/// Deliveries on their way to one receiver at once.
pub const IN_FLIGHT_MAX: u32 = 8;
/// Refusals one after the other after which a receiver is left alone.
pub const REFUSALS_MAX: u32 = 5;
/// The first pause; each refused try after it doubles the pause.
pub const PAUSE_BASE: Duration = Duration::from_secs(1);
/// The longest pause that we choose ourselves: a receiver that is back is found within it.
pub const PAUSE_MAX: Duration = Duration::from_secs(300);

/// What an attempt says about the receiver, whatever becomes of the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attitude {
    /// It took the delivery, or refused this one for good: it works.
    Works,
    /// It did not answer, or cannot take anything now.
    Refuses,
    /// It asks everybody to wait.
    Asks(Duration),
}

/// What is known of one receiver. It is kept in memory only: after a restart the first refusals teach it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    in_flight: u32,
    refusal_count: u32,
    /// Nothing is sent before it.
    paused_until: Option<Timestamp>,
    /// When the next delivery may go, for an even flow.
    next_at: Timestamp,
}

impl Default for Destination {
    fn default() -> Self {
        Destination {
            in_flight: 0,
            refusal_count: 0,
            paused_until: None,
            next_at: Timestamp::MIN,
        }
    }
}

/// Why a delivery does not go now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Until one that is on its way has ended.
    ForAnother,
    /// Until then.
    Until(Timestamp),
}

impl Destination {
    /// Takes a place for one delivery.
    ///
    /// # Errors
    /// How long to wait for one.
    pub fn take(&mut self, now: Timestamp, per_second: u32) -> Result<(), Wait> {
        if let Some(until) = self.paused_until.filter(|until| now < *until) {
            return Err(Wait::Until(until));
        }
        // After a pause one delivery shows whether the receiver is back.
        let most = if self.is_in_doubt() { 1 } else { IN_FLIGHT_MAX };
        if self.in_flight >= most {
            return Err(Wait::ForAnother);
        }
        if now < self.next_at {
            return Err(Wait::Until(self.next_at));
        }
        let between = Duration::from_secs(1) / per_second.max(1);
        self.next_at = self.next_at.max(now).plus(between).unwrap_or(Timestamp::MAX);
        self.in_flight += 1;
        Ok(())
    }

    /// Notes the end of an attempt.
    pub fn ended(&mut self, now: Timestamp, attitude: Attitude) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match attitude {
            Attitude::Works => {
                self.refusal_count = 0;
                self.paused_until = None;
            }
            Attitude::Refuses => {
                self.refusal_count = self.refusal_count.saturating_add(1);
                if self.is_in_doubt() {
                    self.pause(now, pause_after(self.refusal_count));
                }
            }
            Attitude::Asks(pause) => self.pause(now, pause),
        }
    }

    /// Refuses so often that it is left alone, but for one try now and then.
    pub fn is_in_doubt(&self) -> bool {
        self.refusal_count >= REFUSALS_MAX
    }

    /// Nothing is on its way to it, and nothing is known that would have to be kept.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.in_flight == 0
            && self.refusal_count == 0
            && self.paused_until(now).is_none()
            && self.next_at <= now
    }

    /// Until when nothing is sent.
    pub fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.paused_until.filter(|until| now < *until)
    }

    /// The later of two pauses counts: attempts that were on their way together end one after the other.
    fn pause(&mut self, now: Timestamp, pause: Duration) {
        let until = now.plus(pause).unwrap_or(Timestamp::MAX);
        self.paused_until = self.paused_until.max(Some(until));
    }
}

fn pause_after(refusal_count: u32) -> Duration {
    let doublings = refusal_count.saturating_sub(REFUSALS_MAX).min(16);
    PAUSE_BASE.saturating_mul(1 << doublings).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::at;

    const NOW: &str = "2026-03-02T09:00:00Z";

    fn seconds(count: u64) -> Timestamp {
        at(NOW).plus(Duration::from_secs(count)).unwrap()
    }

    #[test]
    fn flow_is_even_and_bounded() {
        let mut destination = Destination::default();
        assert_eq!(destination.take(at(NOW), 2), Ok(()));
        let next = at(NOW).plus(Duration::from_millis(500)).unwrap();
        assert_eq!(destination.take(at(NOW), 2), Err(Wait::Until(next)));
        for n in 1..u64::from(IN_FLIGHT_MAX) {
            assert_eq!(destination.take(seconds(n), 2), Ok(()));
        }
        assert_eq!(destination.take(seconds(60), 2), Err(Wait::ForAnother));
        destination.ended(seconds(60), Attitude::Works);
        assert_eq!(destination.take(seconds(60), 2), Ok(()));
    }

    #[test]
    fn idle_time_is_not_saved_up() {
        let mut destination = Destination::default();
        assert_eq!(destination.take(at(NOW), 1), Ok(()));
        assert_eq!(destination.take(seconds(3600), 1), Ok(()));
        assert_eq!(
            destination.take(seconds(3600), 1),
            Err(Wait::Until(seconds(3601)))
        );
    }

    #[test]
    fn receiver_that_refuses_is_left_alone_and_tried_with_one() {
        let mut destination = Destination::default();
        for _ in 0..REFUSALS_MAX {
            destination.take(at(NOW), 1_000_000).unwrap_or_default();
            destination.ended(at(NOW), Attitude::Refuses);
        }
        assert_eq!(destination.take(at(NOW), 100), Err(Wait::Until(seconds(1))));
        assert_eq!(destination.take(seconds(1), 100), Ok(()));
        assert_eq!(destination.take(seconds(1), 100), Err(Wait::ForAnother));
        destination.ended(seconds(1), Attitude::Refuses);
        assert_eq!(destination.paused_until(seconds(1)), Some(seconds(3)));
        assert_eq!(destination.take(seconds(3), 100), Ok(()));
        destination.ended(seconds(3), Attitude::Works);
        assert!(!destination.is_in_doubt());
        assert_eq!(destination.take(seconds(4), 100), Ok(()));
        assert_eq!(destination.take(seconds(5), 100), Ok(()));
    }

    #[test]
    fn receiver_that_asks_everybody_to_wait_is_obeyed() {
        let mut destination = Destination::default();
        assert_eq!(destination.take(at(NOW), 100), Ok(()));
        destination.ended(at(NOW), Attitude::Asks(Duration::from_secs(30)));
        destination.ended(at(NOW), Attitude::Asks(Duration::from_secs(5)));
        assert_eq!(destination.take(seconds(29), 100), Err(Wait::Until(seconds(30))));
        assert_eq!(destination.take(seconds(30), 100), Ok(()));
    }

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let pauses = [5, 6, 7, 13, 14, 1_000].map(|count| pause_after(count).as_secs());
        assert_eq!(pauses, [1, 2, 4, 256, 300, 300]);
    }
}
