//! Schedules: each tick makes one event, or one for each item of its query, whoever else may tick at the same time.
//!
//! The next tick of a schedule is a row. The commit that makes the events of a tick moves the row on, and only from
//! where the host saw it: of two hosts that both believe a schedule to be theirs, one gets a conflict, and reads again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signalbox_crm::attachment::{Attachment, ItemQuery, Moment};
use signalbox_crm::directory::Directory;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::item::Item;
use signalbox_crm::missed::due_ticks;
use signalbox_crm::people::Actor;
use signalbox_crm::schedule::Schedule;
use signalbox_crm::shard::shard_of;
use signalbox_crm::time::Timestamp;
use signalbox_db::{DbError, ItemFilter, ItemPage, ScheduleMove, ScheduleRow};

use super::Scheduler;
use crate::engine::committer::{CommitError, Proposal};
use crate::engine::core::SharedCore;
use crate::engine::draft::DraftError;

/// A clock that was set back further than this was wrong before, and schedules follow the new time; the ticks between
/// may come a second time. A smaller step back makes no tick come twice: schedules wait until the clock is there again.
/// Three hours, as Vixie cron has it (cron(8), "Daylight Saving Time and other time changes"): more than any zone moves.
pub const SET_BACK_MAX: Duration = Duration::from_secs(3 * 3600);

/// The stored next tick of each schedule.
#[derive(Default)]
pub(super) struct Schedules {
    rows: Mutex<BTreeMap<AttachmentId, ScheduleRow>>,
    /// This host's part of the work when they were read; none before.
    epoch: Mutex<Option<u64>>,
    /// Whether ticks may lie further ahead than the schedules have them: after a start, and when the clock was set back.
    is_doubtful: AtomicBool,
}

impl Schedules {
    /// The clock was set back.
    pub(super) fn doubt(&self) {
        self.is_doubtful.store(true, Ordering::Release);
    }

    fn replace(&self, stored: Vec<ScheduleRow>) {
        *self.rows() = stored.into_iter().map(|row| (row.attachment, row)).collect();
    }

    fn row(&self, id: AttachmentId) -> Option<ScheduleRow> {
        self.rows().get(&id).copied()
    }

    fn epoch(&self) -> MutexGuard<'_, Option<u64>> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<AttachmentId, ScheduleRow>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scheduler {
    /// Ticks the schedules that are due, as far as there is room, and says when the next tick is.
    ///
    /// # Errors
    /// The database.
    pub(super) async fn tick_schedules(&self, now: Timestamp) -> Result<Option<Timestamp>, DraftError> {
        self.read_rows().await?;
        let directory = self.core.records.directory();
        let shards = self.core.shards.owned();
        self.drop_gone(&directory, now).await?;
        let is_doubtful = self.schedules.is_doubtful.swap(false, Ordering::AcqRel);
        let mut next_at = None;
        for attachment in directory.attachments.values().filter(|a| a.is_enabled) {
            if !shards.contains(shard_of(attachment.id.0)) {
                continue;
            }
            let Moment::Schedule { cron, zone, items } = &attachment.moment else {
                continue;
            };
            let row = self.schedules.row(attachment.id);
            let planned = row.filter(|row| row.version == attachment.version);
            let waits = planned.is_some_and(|row| row.next_at > now || !self.has_room());
            if (!waits || is_doubtful)
                && let Ok(schedule) = Schedule::parse(cron, zone)
            {
                match planned {
                    Some(row) if waits && !is_far_ahead(&schedule, row.next_at, now) => {}
                    Some(row) if !waits => {
                        self.tick_one(attachment, &schedule, row, items.as_ref(), now)
                            .await?
                    }
                    Some(_) | None => self.plan(attachment, row, schedule.next_after(now), now).await?,
                }
            }
            let next = self.schedules.row(attachment.id).map(|row| row.next_at);
            next_at = next_at.into_iter().chain(next).min();
        }
        Ok(next_at)
    }

    /// Reads the stored ticks, at first and whenever this host has got other shards.
    async fn read_rows(&self) -> Result<(), DraftError> {
        let epoch = Some(self.core.shards.epoch());
        if *self.schedules.epoch() != epoch {
            self.read_again().await?;
            self.schedules.doubt();
            *self.schedules.epoch() = epoch;
        }
        Ok(())
    }

    async fn read_again(&self) -> Result<(), DraftError> {
        let shards = self.core.shards.owned();
        let mut stored = self.core.db.load_schedules().await?;
        stored.retain(|row| shards.contains(shard_of(row.attachment.0)));
        self.schedules.replace(stored);
        Ok(())
    }

    /// Deletes the rows of schedules that are none any more.
    async fn drop_gone(&self, directory: &Directory, now: Timestamp) -> Result<(), DraftError> {
        let is_schedule = |id| {
            let attachment = directory.attachments.get(id);
            attachment.is_some_and(|a| matches!(a.moment, Moment::Schedule { .. }))
        };
        let rows = self.schedules.rows().clone();
        for row in rows.values().filter(|row| !is_schedule(&row.attachment)) {
            let proposal = Proposal::new(now, Actor::System);
            self.go_on(proposal, row.attachment, Some(*row), row.version, None)
                .await?;
        }
        Ok(())
    }

    /// Stores the next tick of a schedule that is new, or was changed.
    async fn plan(
        &self,
        attachment: &Attachment,
        row: Option<ScheduleRow>,
        next: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), DraftError> {
        let proposal = Proposal::new(now, Actor::System);
        self.go_on(proposal, attachment.id, row, attachment.version, next)
            .await
    }

    /// Makes the events of the ticks that are due, by what the attachment says about missed ones.
    async fn tick_one(
        &self,
        attachment: &Attachment,
        schedule: &Schedule,
        row: ScheduleRow,
        query: Option<&ItemQuery>,
        now: Timestamp,
    ) -> Result<(), DraftError> {
        let mut proposal = Proposal::new(now, Actor::System);
        let due = due_ticks(attachment, schedule, row.next_at, now);
        if let Some(missed) = due.missed {
            let fact = Fact::ScheduleMissed {
                attachment: attachment.id,
                first_at: missed.first_at,
                last_at: missed.last_at,
                why: missed.why,
            };
            proposal.changes.happened(fact, None);
        }
        if let Some(due_at) = due.runs {
            let fact = Fact::ScheduleTicked {
                attachment: attachment.id,
                due_at,
            };
            match query {
                None => proposal.changes.happened(fact, None),
                Some(query) => {
                    for item in items(&self.core, query).await? {
                        proposal.changes.happened(fact.clone(), Some(item.id));
                        proposal.items.push(Arc::new(item));
                    }
                }
            }
        }
        let next = schedule.next_after(now);
        self.go_on(proposal, attachment.id, Some(row), attachment.version, next)
            .await
    }

    /// Commits a proposal together with the schedule's next tick. When another host has moved the schedule, nothing of
    /// it is stored, and all ticks are read again.
    async fn go_on(
        &self,
        mut proposal: Proposal,
        attachment: AttachmentId,
        row: Option<ScheduleRow>,
        version: i64,
        next_at: Option<Timestamp>,
    ) -> Result<(), DraftError> {
        if row.is_none() && next_at.is_none() {
            return Ok(());
        }
        proposal.schedules.push(ScheduleMove {
            attachment,
            was: row.map(|row| row.next_at),
            version,
            next_at,
        });
        match self.core.submit(proposal).await {
            Ok(_) => {}
            Err(CommitError::Db(error)) if matches!(*error, DbError::Conflict(_)) => {
                tracing::info!("Another host has ticked {attachment}: the ticks are read again");
                return self.read_again().await;
            }
            Err(error) => return Err(error.into()),
        }
        let next = next_at.map(|next_at| ScheduleRow {
            attachment,
            version,
            next_at,
        });
        let mut rows = self.schedules.rows();
        match next {
            Some(next) => rows.insert(attachment, next),
            None => rows.remove(&attachment),
        };
        Ok(())
    }
}

/// Whether a tick lies so far ahead that the clock must have been wrong when it was found.
fn is_far_ahead(schedule: &Schedule, next_at: Timestamp, now: Timestamp) -> bool {
    let bound = now.plus(SET_BACK_MAX).unwrap_or(Timestamp::MAX);
    let is_ahead = schedule.next_after(bound).is_some_and(|at| at < next_at);
    if is_ahead {
        tracing::warn!(
            "The clock was set back: the tick at {next_at} was found by a time that is not yet, and is found again"
        );
    }
    is_ahead
}

async fn items(core: &SharedCore, query: &ItemQuery) -> Result<Vec<Item>, DbError> {
    let filter = ItemFilter {
        pipeline: Some(query.pipeline),
        stage: query.stage,
        is_open: Some(true),
        ..ItemFilter::default()
    };
    core.db.items(&filter, ItemPage::Number(None), query.max).await
}
