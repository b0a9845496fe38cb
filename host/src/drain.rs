//! The end of a host that is told to end: nothing new is begun, and what is under way ends.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::app::App;
use crate::engine::core::Core;

/// How long what is under way may take when nothing else is said. Kubernetes kills after 30 s.
pub const DRAIN_DEFAULT: Duration = Duration::from_secs(25);
/// How often it is looked whether all has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Whether the host is told to end.
#[derive(Debug, Default)]
pub struct Draining {
    is_on: AtomicBool,
    told: Notify,
}

impl Draining {
    /// Whether nothing new is to be begun.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Acquire)
    }

    /// Tells everybody. Whether it was not told before.
    fn begin(&self) -> bool {
        let is_first = !self.is_on.swap(true, Ordering::AcqRel);
        self.told.notify_waiters();
        is_first
    }

    /// Waits until the host is told to end.
    pub async fn begun(&self) {
        let told = self.told.notified();
        if !self.is_on() {
            told.await;
        }
    }
}

/// What is not done. The next start does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Runs and messages that are being worked on.
    pub busy_count: usize,
    /// Runs and messages that wait for a worker.
    pub waiting_count: usize,
    /// Deliveries and requests that are not answered.
    pub sending_count: usize,
}

impl Left {
    fn of(app: &App) -> Left {
        let lanes = app.core.lanes.figures();
        Left {
            busy_count: lanes.busy_count,
            waiting_count: lanes.open_count.saturating_sub(lanes.busy_count),
            sending_count: app.deliverer.sending_count() + app.requester.sending_count(),
        }
    }

    /// Whether something is under way.
    pub fn is_busy(&self) -> bool {
        self.busy_count > 0 || self.sending_count > 0
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} runs and messages wait, {} were being worked on, {} deliveries and requests were on their way",
            self.waiting_count, self.busy_count, self.sending_count
        )
    }
}

impl Core {
    /// From now on workers take nothing up, time makes no work, nothing more is sent, and the API takes no changes. What
    /// has begun goes on.
    pub fn begin_to_drain(&self) {
        if self.draining.begin() {
            std::mem::forget(self.lanes.hold());
            self.outbox_changed.notify_one();
            self.requests_changed.notify_one();
        }
    }
}

impl App {
    /// Waits until nothing is under way any more.
    pub async fn drained(&self) {
        loop {
            // Also at first: who took something up just before is seen by then.
            tokio::time::sleep(LOOK).await;
            if !Left::of(self).is_busy() {
                return;
            }
        }
    }

    /// What is not done.
    pub fn left(&self) -> Left {
        Left::of(self)
    }
}
