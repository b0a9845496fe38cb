//! When a submitter sends its next deal.

use std::time::{Duration, Instant};

use super::submitter::Timing;

/// The turns of one submitter among several.
#[derive(Debug)]
pub(super) struct Pace {
    /// The next turn, and the time between two; none where it sends as soon as it can.
    turn: Option<(Instant, Duration)>,
}

impl Pace {
    /// The turns of submitter `place` of `count`, which together send what is offered.
    pub(super) fn of(timing: Timing, place: usize, count: usize) -> Pace {
        let turn = timing.offered_per_second.map(|offered| {
            let between = Duration::from_secs_f64(count as f64 / offered);
            let first = Duration::from_secs_f64(place as f64 / offered);
            (Instant::now() + first, between)
        });
        Pace { turn }
    }

    /// Waits for the next turn, and says from when its time counts: a submitter that is late, because its last deal
    /// took long, counts from the instant at which it should have sent. A clock that wakes it late is not counted.
    pub(super) async fn next(&mut self) -> Instant {
        let now = Instant::now();
        let Some((at, between)) = self.turn else {
            return now;
        };
        self.turn = Some((at + between, between));
        if at <= now {
            return at;
        }
        tokio::time::sleep_until(at.into()).await;
        Instant::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(offered_per_second: Option<f64>) -> Timing {
        let now = Instant::now();
        Timing {
            begin: now,
            end: now,
            offered_per_second,
        }
    }

    #[tokio::test]
    async fn late_submitter_counts_from_its_turns() {
        let turn = Instant::now() - Duration::from_secs(1);
        let between = Duration::from_millis(1);
        let mut pace = Pace {
            turn: Some((turn, between)),
        };
        assert_eq!([pace.next().await, pace.next().await], [turn, turn + between]);
    }

    #[test]
    fn turns_of_two_submitters_alternate() {
        let (a, b) = (
            Pace::of(timing(Some(2.0)), 0, 2),
            Pace::of(timing(Some(2.0)), 1, 2),
        );
        let [(a, every), (b, _)] = [a, b].map(|pace| pace.turn.unwrap());
        assert_eq!(every, Duration::from_secs(1));
        assert!(b - a >= Duration::from_millis(500));
    }

    #[tokio::test]
    async fn without_a_rate_it_sends_at_once() {
        let before = Instant::now();
        assert!(Pace::of(timing(None), 3, 8).next().await >= before);
    }
}
