//! Ends of runs, and the runs that wait for them.

use std::collections::HashMap;
use std::sync::Arc;

use signalbox_crm::attachment::OnError;
use signalbox_crm::changes::RunChange;
use signalbox_crm::ids::{AttachmentId, ItemId, RunId};
use signalbox_crm::item::Item;
use signalbox_crm::matching::{Start, start};
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Check, DbError, RowTable, RunUpdate, RunWithEvent};

use super::{Memory, Plan};
use crate::engine::committer::{Ended, Proposal};
use crate::engine::core::{AttemptStored, Core};
use crate::engine::lanes::ReadyRun;
use crate::engine::recent::RecordKey;

/// Runs that wait for another, by the run for which they wait.
pub type Waiting = HashMap<RunId, Vec<ReadyRun>>;

/// Reads the runs that wait for those which the proposals end, those that wait for them in turn, and their items: the
/// plan has no way to the database.
///
/// # Errors
/// The database.
pub async fn read_waiting(
    core: &Core,
    memory: &mut Memory,
    stacks: &[Vec<Proposal>],
) -> Result<Waiting, DbError> {
    let mut waiting = Waiting::new();
    if !memory.may_have_chains(&core.records.directory()) {
        return Ok(waiting);
    }
    let mut ended: Vec<RunId> = stacks.iter().flatten().flat_map(ends_of).collect();
    while !ended.is_empty() {
        let found = core.db.runs_after(&ended).await?;
        ended = found.iter().map(|found| found.run.id).collect();
        for RunWithEvent { run, event } in found {
            read_item(core, run.item).await?;
            let Some(after) = run.after else { continue };
            let event = Arc::new(event);
            waiting.entry(after).or_default().push(ReadyRun { run, event });
        }
    }
    for runs in waiting.values_mut() {
        runs.sort_by_key(|ready| ready.run.id);
    }
    Ok(waiting)
}

/// The runs that a proposal may end.
fn ends_of(proposal: &Proposal) -> impl Iterator<Item = RunId> + '_ {
    let ended = proposal.ended.iter().map(|ended| ended.ready.run.id);
    let changed = proposal.changes.runs.iter().filter(|change| change.to.is_final());
    let changed = changed.map(|change| change.run);
    ended.chain(changed).chain(proposal.settled.iter().copied())
}

async fn read_item(core: &Core, id: Option<ItemId>) -> Result<(), DbError> {
    // What another host may have changed is read anew.
    let is_known = |id: &ItemId| !core.db.is_shared() && core.records.item(*id).is_some();
    let Some(id) = id.filter(|id| !is_known(id)) else {
        return Ok(());
    };
    let as_of = core.records.seq();
    if let Some(item) = core.db.item(id.number).await? {
        core.records.remember(&Arc::new(item), as_of);
    }
    Ok(())
}

impl Plan<'_> {
    /// The record of an attempt, and what it means for the runs that wait for this one.
    pub(super) fn end_run(&mut self, at: Timestamp, ended: Ended) {
        let Ended {
            ready,
            attempt,
            after,
        } = ended;
        let is_final = after.state.is_final();
        self.outcome.attempts.push(AttemptStored {
            run: ready.run.id,
            item: ready.run.item,
            state: after.state,
        });
        self.outcome.batch.runs_ended.push(RunUpdate {
            run: ready.run.id,
            state: after.state,
            reason: after.reason,
            detail: after.detail,
            due_at: after.due_at.or(ready.run.due_at),
            attempt_count: attempt.number,
            failures: after.failures,
            finished_at: is_final.then_some(at),
        });
        self.outcome.batch.attempts.push(attempt);
        if is_final {
            let failed = (after.state == RunState::Discarded).then_some(ready.run.attachment);
            self.settle(at, ready.run.id, failed);
        }
    }

    pub(super) fn run_changes(&mut self, at: Timestamp, changes: Vec<RunChange>) {
        for change in changes {
            if change.to.is_final() {
                self.settle(at, change.run, None);
            }
            self.outcome.batch.run_changes.push(change);
        }
    }

    /// A run is final: the runs after it start, or are cancelled when it failed and its chain stops. `failed` is the
    /// attachment of a run that failed.
    pub(super) fn settle(&mut self, at: Timestamp, run: RunId, failed: Option<AttachmentId>) {
        let Some(waiting) = self.waiting.get(&run).cloned() else {
            return;
        };
        let attachments = &self.directory().attachments;
        let stops = failed.is_some_and(|id| {
            attachments
                .get(&id)
                .is_none_or(|attachment| attachment.on_error == OnError::StopChain)
        });
        for next in waiting {
            if stops {
                let why = format!("{run} failed");
                self.stop(at, &next, Reason::ChainStopped, why);
            } else {
                self.promote(at, next);
            }
        }
    }

    /// A waiting run will never start, and neither will those that wait for it.
    fn stop(&mut self, at: Timestamp, next: &ReadyRun, reason: Reason, why: String) {
        self.outcome.batch.run_changes.push(RunChange {
            detail: Some(why),
            ..change_of(next, RunState::Cancelled, Some(reason), None)
        });
        self.settle(at, next.run.id, Some(next.run.attachment));
    }

    /// It is a waiting run's turn: its attachment's timing counts from now.
    fn promote(&mut self, at: Timestamp, next: ReadyRun) {
        let item = next.run.item.and_then(|id| self.item(id));
        if let Some(item) = &item {
            let is_new = self.outcome.items.iter().any(|written| written.id == item.id);
            if !is_new {
                let check = Check::Row(RowTable::Item, item.id.number, item.version);
                self.check(Some(RecordKey::Item(item.id)), check);
            }
        }
        let attachment = self.directory().attachments.get(&next.run.attachment);
        let start = attachment.map_or(Start::Now, |a| start(self.directory(), a, item.as_deref(), at));
        let change = match start {
            Start::Now => change_of(&next, RunState::Available, None, Some(at)),
            Start::At(due_at) => change_of(&next, RunState::Scheduled, Some(Reason::Delay), Some(due_at)),
            Start::WaitsForField => {
                change_of(&next, RunState::Scheduled, Some(Reason::WaitingForField), None)
            }
            Start::Never(Reason::Missed, why) => {
                self.outcome.batch.run_changes.push(RunChange {
                    detail: Some(why),
                    ..change_of(&next, RunState::Cancelled, Some(Reason::Missed), None)
                });
                return self.settle(at, next.run.id, None);
            }
            Start::Never(reason, why) => return self.stop(at, &next, reason, why),
        };
        let is_ready = change.to == RunState::Available;
        self.outcome.batch.run_changes.push(change);
        if is_ready && self.holds(&next.run) {
            self.outcome.promoted.push(next);
        }
    }

    /// The run's time has come.
    pub(super) fn make_available(&mut self, at: Timestamp, mut due: ReadyRun) {
        self.outcome.batch.run_changes.push(RunChange {
            run: due.run.id,
            from: vec![RunState::Scheduled, RunState::Retryable],
            to: RunState::Available,
            // Who has waited for its slot must not wait for another one, after a restart either.
            reason: due.run.reason.filter(|reason| *reason == Reason::RateLimited),
            detail: None,
            due_at: due.run.due_at.or(Some(at)),
        });
        if self.holds(&due.run) {
            due.run.state = RunState::Available;
            self.outcome.promoted.push(due);
        }
    }

    /// The item as this group leaves it. The committer has read those of waiting runs.
    fn item(&self, id: ItemId) -> Option<Arc<Item>> {
        let written = self.outcome.items.iter().rev().find(|item| item.id == id);
        written.cloned().or_else(|| self.core.records.item(id))
    }
}

fn change_of(ready: &ReadyRun, to: RunState, reason: Option<Reason>, due_at: Option<Timestamp>) -> RunChange {
    RunChange {
        run: ready.run.id,
        from: vec![RunState::Scheduled],
        to,
        reason,
        detail: None,
        due_at,
    }
}
