//! Time: due runs become available, reminders fire, schedules tick.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signalbox_crm::attachment::{Attachment, ItemQuery, Moment};
use signalbox_crm::changes::RunChange;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::people::Actor;
use signalbox_crm::planning;
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::schedule::Schedule;
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::Timer;
use signalbox_db::{DbError, ItemFilter, ItemPage, RunWithEvent, ScheduleRow};

use super::committer::{CommitError, Proposal, task_of_run};
use super::core::SharedCore;
use super::draft::{Draft, DraftError};
use super::lanes::ReadyRun;

/// Runs that become available in one commit. 1,000: one set-based statement of some 5 ms.
const RUNS_PER_COMMIT: u32 = 1000;
/// Reminders that fire in one commit.
const TIMERS_PER_COMMIT: u32 = 200;
/// The longest sleep: a clock that jumps is noticed within it.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// The longest wait for room before the clock is looked at.
const ROOM_WAIT_MAX: Duration = Duration::from_secs(1);
/// Pause after an error of the database.
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// Makes time pass.
pub struct Scheduler {
    core: SharedCore,
    /// The next tick of each schedule, and the attachment's version for which it was computed.
    ticks: Mutex<BTreeMap<AttachmentId, (i64, Timestamp)>>,
}

impl Scheduler {
    /// Goes on from the ticks that were stored.
    pub fn new(core: SharedCore, stored: Vec<ScheduleRow>) -> Self {
        let directory = core.records.directory();
        let known = stored.into_iter().filter_map(|row| {
            let version = directory.attachments.get(&row.attachment)?.version;
            Some((row.attachment, (version, row.next_at?)))
        });
        let ticks = Mutex::new(known.collect());
        Scheduler { core, ticks }
    }

    /// Lets time pass for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.core.alarm.awake();
            let ticked = self.tick().await;
            if let Ok(next) = &ticked {
                self.core.alarm.set(*next);
            }
            let pause = match ticked {
                Ok(Some(next)) if next <= self.core.clock.now() => {
                    self.wait_for_room().await;
                    continue;
                }
                Ok(Some(next)) => next.since(self.core.clock.now()).min(SLEEP_MAX),
                Ok(None) => SLEEP_MAX,
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
        self.tick_schedules(now).await?;
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        // Asking for the next instant is cheaper than asking for what is due, and mostly nothing is.
        let db = &self.core.db;
        let mut next_timer = db.next_timer_at().await?;
        if is_due(next_timer) {
            self.fire_timers(now).await?;
            next_timer = db.next_timer_at().await?;
        }
        let mut next_run = db.next_due_at().await?;
        if is_due(next_run) {
            self.start_runs(now).await?;
            next_run = db.next_due_at().await?;
        }
        let times = [next_run, next_timer, self.next_tick()];
        Ok(times.into_iter().flatten().min())
    }

    /// Scheduled and retryable runs that are due become available.
    async fn start_runs(&self, now: Timestamp) -> Result<(), DraftError> {
        while self.has_room() {
            let due = self.core.db.due_runs(now, RUNS_PER_COMMIT).await?;
            let is_last = due.len() < RUNS_PER_COMMIT as usize;
            if due.is_empty() {
                return Ok(());
            }
            let mut proposal = Proposal::new(now, Actor::System);
            proposal.changes.runs = due.iter().map(|found| made_available(found, now)).collect();
            let receipt = self.core.submit(proposal).await?;
            let changed = |found: &RunWithEvent| receipt.committed.changed.contains(&found.run.id);
            let started = due.into_iter().filter(changed);
            self.core
                .lanes
                .push(started.map(|RunWithEvent { mut run, event }| {
                    run.state = RunState::Available;
                    let event = Arc::new(event);
                    task_of_run(ReadyRun { run, event })
                }));
            if is_last {
                break;
            }
        }
        Ok(())
    }

    async fn fire_timers(&self, now: Timestamp) -> Result<(), DraftError> {
        while self.has_room() {
            let due = self.core.db.due_timers(now, TIMERS_PER_COMMIT).await?;
            if due.is_empty() {
                break;
            }
            match self.fire(due).await {
                Ok(()) | Err(DraftError::Commit(CommitError::Stale(_))) => {}
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

    fn ticks(&self) -> MutexGuard<'_, BTreeMap<AttachmentId, (i64, Timestamp)>> {
        self.ticks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_tick(&self) -> Option<Timestamp> {
        self.ticks().values().map(|(_, next)| *next).min()
    }

    /// Ticks the schedules that are due: once, however many ticks were missed.
    async fn tick_schedules(&self, now: Timestamp) -> Result<(), DraftError> {
        let directory = self.core.records.directory();
        self.ticks()
            .retain(|id, _| directory.attachments.get(id).is_some_and(|a| a.is_enabled));
        for attachment in directory.attachments.values().filter(|a| a.is_enabled) {
            let Moment::Schedule { cron, zone, items } = &attachment.moment else {
                continue;
            };
            let Ok(schedule) = Schedule::parse(cron, zone) else {
                continue;
            };
            let known = self.ticks().get(&attachment.id).copied();
            let due_at = known
                .filter(|(version, _)| *version == attachment.version)
                .map(|(_, next)| next);
            let next = schedule.next_after(now);
            match due_at {
                Some(due_at) if due_at <= now && !self.has_room() => continue,
                Some(due_at) if due_at <= now => {
                    self.tick_one(attachment, due_at, next, items.as_ref(), now)
                        .await?
                }
                Some(_) => continue,
                None => self.plan(attachment, next, now).await?,
            }
            if let Some(next) = next {
                self.ticks().insert(attachment.id, (attachment.version, next));
            } else {
                self.ticks().remove(&attachment.id);
            }
        }
        Ok(())
    }

    /// Stores the first tick of a schedule.
    async fn plan(
        &self,
        attachment: &Attachment,
        next: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), DraftError> {
        let mut proposal = Proposal::new(now, Actor::System);
        proposal.schedules.push(ScheduleRow {
            attachment: attachment.id,
            next_at: next,
        });
        self.core.submit(proposal).await?;
        Ok(())
    }

    async fn tick_one(
        &self,
        attachment: &Attachment,
        due_at: Timestamp,
        next: Option<Timestamp>,
        query: Option<&ItemQuery>,
        now: Timestamp,
    ) -> Result<(), DraftError> {
        let mut proposal = Proposal::new(now, Actor::System);
        let fact = Fact::ScheduleTicked {
            attachment: attachment.id,
            due_at,
        };
        match query {
            None => proposal.changes.happened(fact, None),
            Some(query) => {
                for item in self.items(query).await? {
                    proposal.changes.happened(fact.clone(), Some(item.id));
                    proposal.items.push(Arc::new(item));
                }
            }
        }
        proposal.schedules.push(ScheduleRow {
            attachment: attachment.id,
            next_at: next,
        });
        self.core.submit(proposal).await?;
        Ok(())
    }

    async fn items(&self, query: &ItemQuery) -> Result<Vec<signalbox_crm::item::Item>, DbError> {
        let filter = ItemFilter {
            pipeline: Some(query.pipeline),
            stage: query.stage,
            is_open: Some(true),
            ..ItemFilter::default()
        };
        self.core
            .db
            .items(&filter, ItemPage::Number(None), query.max)
            .await
    }
}

fn made_available(found: &RunWithEvent, now: Timestamp) -> RunChange {
    RunChange {
        run: found.run.id,
        from: vec![RunState::Scheduled, RunState::Retryable],
        to: RunState::Available,
        // Who has waited for its slot must not wait for another one, after a restart either.
        reason: found.run.reason.filter(|reason| *reason == Reason::RateLimited),
        detail: None,
        due_at: found.run.due_at.or(Some(now)),
    }
}
