//! Wakes the scheduler when something is due before the instant until which it sleeps, and not otherwise: most
//! commits that set a time set a later one.

use std::sync::atomic::{AtomicI64, Ordering};

use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;
use signalbox_db::Batch;
use tokio::sync::Notify;

/// An alarm clock with one sleeper.
#[derive(Debug)]
pub struct Alarm {
    /// The instant for which the sleeper sleeps, in microseconds; the highest one while it is awake.
    next_at: AtomicI64,
    rung: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Alarm {
            next_at: AtomicI64::new(i64::MAX),
            rung: Notify::new(),
        }
    }
}

impl Alarm {
    /// The sleeper looks at the database from here on: whatever is committed meanwhile rings.
    pub fn awake(&self) {
        self.next_at.store(i64::MAX, Ordering::SeqCst);
    }

    /// The sleeper has seen everything up to `next_at`; none: there is nothing to wait for.
    pub fn set(&self, next_at: Option<Timestamp>) {
        let micros = next_at.map_or(i64::MAX, Timestamp::micros);
        self.next_at.store(micros, Ordering::SeqCst);
    }

    /// Something is due at `at` that was committed just now.
    pub fn ring_for(&self, at: Timestamp) {
        if at.micros() < self.next_at.load(Ordering::SeqCst) {
            self.rung.notify_one();
        }
    }

    /// Waits until it rings. A ring that nobody waited for counts.
    pub async fn rung(&self) {
        self.rung.notified().await;
    }
}

/// The first instant at which the scheduler has to do with what a batch stores. The ticks of schedules are its own.
pub fn first_due_at(batch: &Batch) -> Option<Timestamp> {
    // The schedule of an attachment may be new: it is planned at once. Runs of a robot that paused go on at once.
    if !batch.directory.is_empty() || !batch.resumed.is_empty() {
        return Some(batch.at);
    }
    let waits = |state| matches!(state, RunState::Scheduled | RunState::Retryable);
    let timers = batch.timers.iter().map(|timer| Some(timer.due_at));
    let runs = batch.runs.iter().filter(|run| waits(run.state));
    let ended = batch.runs_ended.iter().filter(|run| waits(run.state));
    let changed = batch.run_changes.iter().filter(|change| waits(change.to));
    let moved = batch.rescheduled.iter().map(|moved| moved.due_at);
    timers
        .chain(runs.filter(|run| run.after.is_none()).map(|run| run.due_at))
        .chain(ended.map(|run| run.due_at))
        .chain(changed.map(|change| change.due_at))
        .chain(moved)
        .flatten()
        .min()
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use signalbox_db::Rescheduled;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn has_rung(alarm: &Alarm) -> bool {
        let ring = pin!(alarm.rung());
        ring.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn only_what_is_due_before_the_next_instant_rings() {
        let alarm = Alarm::default();
        alarm.set(Some(at(100)));
        alarm.ring_for(at(100));
        alarm.ring_for(at(500));
        assert!(!has_rung(&alarm));
        alarm.ring_for(at(99));
        assert!(has_rung(&alarm) && !has_rung(&alarm));
    }

    #[test]
    fn what_is_committed_while_the_sleeper_looks_is_not_missed() {
        let alarm = Alarm::default();
        alarm.set(Some(at(1)));
        alarm.awake();
        alarm.ring_for(at(500));
        alarm.set(Some(at(1)));
        assert!(has_rung(&alarm));
        alarm.set(None);
        alarm.ring_for(at(500));
        assert!(has_rung(&alarm));
    }

    #[test]
    fn first_instant_of_a_batch_is_found() {
        let moved = |due_at| Rescheduled {
            attachment: signalbox_crm::ids::AttachmentId(1),
            item: 1,
            due_at,
        };
        let mut batch = Batch::new(at(1));
        assert_eq!(first_due_at(&batch), None);
        batch.rescheduled = vec![moved(None), moved(Some(at(30))), moved(Some(at(20)))];
        assert_eq!(first_due_at(&batch), Some(at(20)));
    }
}
