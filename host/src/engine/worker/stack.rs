//! Runs of one lane that are stored together: each is executed on top of what the one before it comes to, before that
//! is stored, and then one commit has them all.
//!
//! It is as if they had been executed one after the other. What the commit itself decides ends a stack
//! ([`Below::add`]); a run that fails on top of others, or meets anything that needs care, is executed again when those
//! are stored; and when the commit refuses a run, it refuses all above it, which are then executed one by one.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signalbox_crm::run::Run;
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::Limits;

use super::execution::{Drawn, Execution};
use super::recording::DrawnUp;
use super::{Step, Worker, unless_panicking};
use crate::engine::below::{Below, can_lie_on_top};
use crate::engine::committer::CommitError;
use crate::engine::lanes::{LaneKey, ReadyRun, Task};

/// Runs in one stack. More would save little, and the first one waits for the last.
const STACK_MAX: usize = 8;

/// What a run on top of others may use: those wait for it. A small robot uses a hundredth of that; one that needs more
/// is executed alone, with the limits of all.
fn on_top(limits: Limits) -> Limits {
    Limits {
        fuel_max: limits.fuel_max.min(2_000_000),
        cpu_max: limits.cpu_max.min(Duration::from_millis(20)),
        ..limits
    }
}

impl Worker {
    /// Works on the first run of a lane, and on those behind it that can be stored with it.
    pub(super) async fn work_on_runs(&self, lane: LaneKey, first: ReadyRun, number: usize) {
        let slot = OnceLock::new();
        let mut runs = vec![first];
        let stack = self.stack_up(&lane, &mut runs, number, &slot).await;
        let fates = self.store_stack(&runs, stack, &slot).await;
        for (place, ready) in runs.into_iter().enumerate() {
            let fate = fates.get(place).copied().unwrap_or(Fate::Open(0));
            if let Fate::Open(conflict_count) = fate {
                let slot = if place == 0 { &slot } else { &OnceLock::new() };
                let executed = unless_panicking(self.execute(&ready, number, slot, conflict_count)).await;
                if executed.is_none() {
                    self.after_panic(&ready).await;
                }
            }
            self.settle_breaker(&ready).await;
            self.core.lanes.done(lane.clone(), &Task::Run(Box::new(ready)));
        }
    }

    /// Executes the last of the runs, and then those behind it in the lane, which are added; what the first of them
    /// come to. The others have to be executed for themselves.
    async fn stack_up(
        &self,
        lane: &LaneKey,
        runs: &mut Vec<ReadyRun>,
        number: usize,
        slot: &OnceLock<Timestamp>,
    ) -> Vec<DrawnUp> {
        let mut stack = Vec::new();
        let mut below = Arc::new(Below::default());
        while let Some(ready) = runs.last() {
            if self.core.inflight.has_suspects() {
                break;
            }
            let mut execution = self.execution(ready, number, None, slot);
            if !stack.is_empty() {
                execution.limits = on_top(self.limits);
                execution.below = Arc::clone(&below);
            }
            let Some(Drawn::Up(drawn)) = unless_panicking(execution.draw_up()).await else {
                break;
            };
            drop(execution);
            let changes = &drawn.proposal.changes;
            let has_gone_well = drawn.has_gone_well();
            let fits = stack.is_empty() || (has_gone_well && can_lie_on_top(changes));
            if !fits {
                break;
            }
            let can_bear = has_gone_well && Arc::make_mut(&mut below).add(changes);
            stack.push(*drawn);
            if !can_bear || stack.len() == STACK_MAX {
                break;
            }
            match self.core.lanes.take_next(lane, |run| self.suits(runs, run)) {
                Some(next) => runs.push(*next),
                None => break,
            }
        }
        stack
    }

    /// Whether a run may lie on top of others. Runs of one attachment count each other, and one with a rate takes a
    /// slot that it must not lose.
    fn suits(&self, below: &[ReadyRun], run: &Run) -> bool {
        let directory = self.core.records.directory();
        let attachment = directory.attachments.get(&run.attachment);
        attachment.is_some_and(|attachment| attachment.rate_per_minute == 0)
            && below.iter().all(|ready| ready.run.attachment != run.attachment)
    }

    async fn store_stack(
        &self,
        runs: &[ReadyRun],
        stack: Vec<DrawnUp>,
        slot: &OnceLock<Timestamp>,
    ) -> Vec<Fate> {
        if stack.is_empty() {
            return Vec::new();
        }
        let (proposals, records): (Vec<_>, Vec<_>) = stack
            .into_iter()
            .map(|drawn| (drawn.proposal, drawn.record))
            .unzip();
        let Ok(answers) = self.core.submit_stack(proposals).await else {
            return runs.iter().map(|_| Fate::Stored).collect();
        };
        let mut fates = Vec::with_capacity(answers.len());
        for ((ready, record), answer) in runs.iter().zip(records).zip(answers) {
            if let Err(CommitError::Unfounded) = answer {
                fates.push(Fate::Open(0));
                continue;
            }
            let execution = self.execution(ready, 0, None, slot);
            let step = Execution::conclude(&execution, record, answer.map(drop)).await;
            fates.push(match step {
                Step::Done => Fate::Stored,
                Step::Again => Fate::Open(1),
                Step::Wait => Fate::Open(0),
            });
        }
        fates
    }
}

/// What became of a run in a stack.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It is recorded, or the host shuts down.
    Stored,
    /// It is to be executed for itself, and has met changed rows so often.
    Open(u32),
}
