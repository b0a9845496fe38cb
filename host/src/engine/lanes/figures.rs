//! What people want to know about lanes: what waits, and why.

use std::collections::HashMap;

use signalbox_crm::ids::AttachmentId;
use signalbox_crm::run::Run;
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;

use super::{Flow, LaneKey, Lanes, Task};
use crate::engine::fair::Gate;

/// What waits in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneFigures {
    /// Tasks that wait or are being worked on.
    pub open_count: usize,
    /// Tasks that are being worked on.
    pub busy_count: usize,
    /// Lanes that wait for a worker.
    pub ready_count: usize,
    /// Messages that wait.
    pub intake_count: usize,
    /// Attachments with runs that wait, the most first.
    pub waiting: Vec<Waiting>,
}

/// The runs of an attachment that wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The attachment.
    pub attachment: AttachmentId,
    /// How many runs.
    pub run_count: usize,
    /// What holds them back besides the others, with the most that it lets through at once.
    pub held_by: Option<(Gate, usize)>,
}

impl Lanes {
    /// What waits now. Looks at every task: for people, not for each run.
    pub fn figures(&self) -> LaneFigures {
        let inner = self.lock();
        let mut intake_count = 0;
        let mut by_attachment: HashMap<AttachmentId, usize> = HashMap::new();
        for task in inner.lanes.values().flat_map(|lane| &lane.tasks) {
            match task {
                Task::Inbound(_) => intake_count += 1,
                Task::Run(ready) => *by_attachment.entry(ready.run.attachment).or_default() += 1,
            }
        }
        let waiting = by_attachment.into_iter().map(|(attachment, run_count)| Waiting {
            attachment,
            run_count,
            held_by: inner.queue.held_by(Flow::Runs(attachment)),
        });
        let mut waiting: Vec<Waiting> = waiting.collect();
        waiting.sort_by_key(|row| (std::cmp::Reverse(row.run_count), row.attachment));
        LaneFigures {
            open_count: inner.open_count,
            busy_count: inner.lanes.values().map(|lane| lane.busy.len()).sum(),
            ready_count: inner.lanes.values().filter(|lane| lane.place.is_some()).count(),
            intake_count,
            waiting,
        }
    }

    /// Why a run has not started, in words; none when it is not in memory or has started.
    pub fn why_waiting(&self, run: &Run) -> Option<Sentence> {
        let inner = self.lock();
        let key = LaneKey::of(run);
        let lane = inner.lanes.get(&key)?;
        let is_it = |task: &Task| matches!(task, Task::Run(ready) if ready.run.id == run.id);
        let before = lane.tasks.iter().position(is_it)? + lane.busy.len();
        if before > 0 {
            let what = run
                .item
                .map_or_else(|| run.id.to_string(), |item| item.to_string());
            return Some(said!("{before} before it for {what}", before, what));
        }
        let held_by = lane.place.and_then(|(flow, _)| inner.queue.held_by(flow));
        Some(match held_by {
            Some((gate, count_max)) => describe(&gate, count_max),
            None => said!("waits for its turn at a worker"),
        })
    }
}

/// What a gate is there for.
pub fn describe(gate: &Gate, count_max: usize) -> Sentence {
    match gate {
        Gate::Costly => said!(
            "robots that compute long get {count} workers together, which are busy",
            count = count_max,
        ),
        Gate::Unknown => said!(
            "attachments that have not run since the start get {count} workers together, which are busy",
            count = count_max,
        ),
        Gate::Robot(robot) => said!(
            "robot `{robot}` runs {count} at a time, which is its limit",
            robot,
            count = count_max,
        ),
        Gate::Attachment(id) => said!(
            "{id} runs {count} at a time, which is its limit",
            id,
            count = count_max
        ),
    }
}
