//! Time: due runs become available, reminders fire, schedules tick.

use std::sync::Arc;
use std::time::Duration;

use signalbox_crm::changes::RunChange;
use signalbox_crm::directory::Directory;
use signalbox_crm::missed::given_up;
use signalbox_crm::people::Actor;
use signalbox_crm::planning;
use signalbox_crm::run::{Reason, Run, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::Timer;
use signalbox_db::{DbError, RunWithEvent};
use tokio::time::Instant;

use super::clock_watch::{ClockStep, tell};
use super::committer::{CommitError, Proposal};
use super::core::SharedCore;
use super::draft::{Draft, DraftError};
use super::lanes::ReadyRun;
use schedules::Schedules;

pub mod schedules;

/// Runs that become available in one commit. 1,000: one set-based statement of some 5 ms.
const RUNS_PER_COMMIT: u32 = 1000;
/// Reminders that fire in one commit.
const TIMERS_PER_COMMIT: u32 = 200;
/// The longest sleep: a clock that jumps is noticed within it.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// Likewise where other hosts may make something that is due, and their word may be lost.
const SHARED_SLEEP_MAX: Duration = Duration::from_secs(1);
/// The longest wait for room before the clock is looked at.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(1);
/// Pause after an error of the database.
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// Makes time pass.
pub struct Scheduler {
    core: SharedCore,
    schedules: Schedules,
}

impl Scheduler {
    /// Goes on from the ticks that are stored.
    pub fn new(core: SharedCore) -> Self {
        Scheduler {
            core,
            schedules: Schedules::default(),
        }
    }

    /// Lets time pass for ever.
    pub async fn run(self: Arc<Self>) {
        let sleep_max = match self.core.db.is_shared() {
            true => SHARED_SLEEP_MAX,
            false => SLEEP_MAX,
        };
        loop {
            if self.core.draining.is_on() {
                return std::future::pending().await;
            }
            self.core.alarm.awake();
            let step = self.core.clock_watch.look(self.core.clock.now(), Instant::now());
            if let Some(step) = step {
                self.clock_was_set(step);
            }
            let ticked = self.tick().await;
            if let Ok(next) = &ticked {
                self.core.alarm.set(*next);
            }
            let pause = match ticked {
                Ok(Some(next)) if next <= self.core.clock.now() => {
                    self.wait_for_room().await;
                    continue;
                }
                Ok(Some(next)) => next.since(self.core.clock.now()).min(sleep_max),
                Ok(None) => sleep_max,
                Err(error) => {
                    tracing::error!(error = %error, "The scheduler cannot go on: {error}");
                    ERROR_PAUSE
                }
            };
            tokio::select! {
                biased;
                () = tokio::time::sleep(pause) => {}
                () = self.core.alarm.rung() => {}
            }
        }
    }

    /// Somebody set the machine's clock, or the machine slept. Whatever is due is looked at by the new time anyhow;
    /// this is for schedules that were planned by the old one, and for the admins.
    pub fn clock_was_set(&self, step: ClockStep) {
        let ClockStep { at, by_s } = step;
        tracing::warn!(clock.by_s = by_s, "The clock was set by {by_s} s: it is {at}");
        self.core.clock_watch.note(step);
        if by_s < 0 {
            self.schedules.doubt();
        }
    }

    /// Whether time may make more work. A storm of timers waits in the database, where it costs nothing, and not in
    /// front of what people and clients do.
    fn has_room(&self) -> bool {
        self.core.lanes.open_count() <= self.core.due_backlog_max()
    }

    /// Waits until time may make more work, and not so long that a schedule is late.
    async fn wait_for_room(&self) {
        let room = self.core.lanes.shrunk_to(self.core.due_backlog_max());
        // Whatever comes first: the loop looks again.
        let _ = tokio::time::timeout(ROOM_WAIT_MAX, room).await;
    }

    /// Does what is due now, as far as there is room, and says when something is due next: what had no room is due
    /// still.
    ///
    /// # Errors
    /// The database.
    pub async fn tick(&self) -> Result<Option<Timestamp>, DraftError> {
        let now = self.core.clock.now();
        tell(&self.core).await?;
        let next_tick = self.tick_schedules(now).await?;
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        // Asking for the next instant is cheaper than asking for what is due, and mostly nothing is.
        let db = &self.core.db;
        let shards = self.core.shards.owned();
        let mut next_timer = db.next_timer_at(&shards).await?;
        if is_due(next_timer) {
            self.fire_timers(now).await?;
            next_timer = db.next_timer_at(&shards).await?;
        }
        let mut next_run = db.next_due_at(&shards).await?;
        if is_due(next_run) {
            self.start_runs(now).await?;
            next_run = db.next_due_at(&shards).await?;
        }
        let times = [next_run, next_timer, next_tick];
        Ok(times.into_iter().flatten().min())
    }

    /// Scheduled and retryable runs that are due become available. A run that was due while nobody looked is given up
    /// where its attachment says so.
    ///
    /// Two hosts may find the same run: the database lets one of them change it, and only that one starts it.
    async fn start_runs(&self, now: Timestamp) -> Result<(), DraftError> {
        while self.has_room() {
            let due = self
                .core
                .db
                .due_runs(&self.core.shards.owned(), now, RUNS_PER_COMMIT)
                .await?;
            let is_last = due.len() < RUNS_PER_COMMIT as usize;
            if due.is_empty() {
                return Ok(());
            }
            let mut proposal = Proposal::new(now, Actor::System);
            let directory = self.core.records.directory();
            for RunWithEvent { run, event } in due {
                match missed(&directory, &run, now) {
                    Some(why) => proposal.changes.runs.push(given_up_run(&run, why)),
                    None => {
                        let event = Arc::new(event);
                        proposal.due.push(ReadyRun { run, event });
                    }
                }
            }
            self.core.submit(proposal).await?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    async fn fire_timers(&self, now: Timestamp) -> Result<(), DraftError> {
        while self.has_room() {
            let due = self
                .core
                .db
                .due_timers(&self.core.shards.owned(), now, TIMERS_PER_COMMIT)
                .await?;
            if due.is_empty() {
                break;
            }
            match self.fire(due).await {
                Ok(()) | Err(DraftError::Commit(CommitError::Stale(_))) => {}
                // One of them fired on another host, or its activity was changed: what is due is read again.
                Err(DraftError::Commit(CommitError::Db(error))) if matches!(*error, DbError::Conflict(_)) => {
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Fires timers in one commit; those of an activity that is gone are dropped.
    async fn fire(&self, due: Vec<Timer>) -> Result<(), DraftError> {
        let mut draft = Draft::new(&self.core, Actor::System);
        for timer in &due {
            let activity = match draft.activity(timer.activity).await {
                Ok(activity) => activity,
                Err(DraftError::Rejected(_)) => continue,
                Err(error) => return Err(error),
            };
            let item = draft.item(timer.item).await?;
            draft.rule(|rules, changes| planning::fire(rules, changes, item, &activity, timer))?;
        }
        let mut proposal = draft.into_proposal();
        proposal.timers_fired = due.iter().map(|timer| timer.id).collect();
        self.core.submit(proposal).await?;
        Ok(())
    }
}

fn given_up_run(run: &Run, why: String) -> RunChange {
    RunChange {
        run: run.id,
        from: vec![RunState::Scheduled, RunState::Retryable],
        to: RunState::Cancelled,
        reason: Some(Reason::Missed),
        detail: Some(why),
        due_at: run.due_at,
    }
}

/// Why a due run is given up. Only one that waited for its delay or instant: who was deferred or failed was there in
/// time, and a wake-up is the robot's own affair, which may never come back without it.
fn missed(directory: &Directory, run: &Run, now: Timestamp) -> Option<String> {
    let waited = run.state == RunState::Scheduled && run.reason == Some(Reason::Delay);
    let attachment = directory.attachments.get(&run.attachment)?;
    let due_at = run.due_at.filter(|_| waited && run.timer_key.is_none())?;
    given_up(attachment, due_at, now)
}
