//! What only the committer knows from one commit to the next.

use std::collections::{BTreeMap, HashMap};

use signalbox_crm::ids::{AttachmentId, EmployeeId, ItemId, RunId};
use signalbox_crm::loop_guard::LoopGuard;
use signalbox_db::{Batch, Turn};

use crate::engine::ids::Marks;
use crate::engine::lanes::ReadyRun;

/// What only the committer knows from one commit to the next.
pub struct Memory {
    pub(super) guard: LoopGuard,
    pub(super) turns: HashMap<AttachmentId, BTreeMap<EmployeeId, i64>>,
    pub(super) turn_seq: i64,
    /// Runs that wait for another run to be final.
    pub(super) waiting: HashMap<RunId, Vec<ReadyRun>>,
    /// Runs that the database has cancelled, and for which others wait that it has not.
    pub left_behind: Vec<RunId>,
    pub(super) marks: Marks,
}

impl Memory {
    /// What was stored when the host started.
    pub fn new(marks: Marks, turns: Vec<Turn>, waiting: Vec<ReadyRun>) -> Self {
        let turn_seq = turns.iter().map(|turn| turn.seq).max().unwrap_or(0);
        let mut memory = Memory {
            guard: LoopGuard::default(),
            turns: HashMap::new(),
            turn_seq,
            waiting: HashMap::new(),
            left_behind: Vec::new(),
            marks,
        };
        for turn in turns {
            memory
                .turns
                .entry(turn.attachment)
                .or_default()
                .insert(turn.employee, turn.seq);
        }
        memory.wait(waiting);
        memory
    }

    /// Notes which runs the database has cancelled. Runs that wait for one of them were cancelled as well, or go on.
    pub fn note_cancelled(&mut self, cancelled: &[RunId]) {
        for run in cancelled {
            let Some(waiting) = self.waiting.get_mut(run) else {
                continue;
            };
            waiting.retain(|next| !cancelled.contains(&next.run.id));
            if waiting.is_empty() {
                self.waiting.remove(run);
            } else {
                self.left_behind.push(*run);
            }
        }
    }

    fn wait(&mut self, runs: Vec<ReadyRun>) {
        for ready in runs {
            if let Some(after) = ready.run.after {
                self.waiting.entry(after).or_default().push(ready);
            }
        }
    }

    /// The items of the runs that wait for one of these.
    pub fn items_after(&self, runs: impl Iterator<Item = RunId>) -> Vec<ItemId> {
        let waiting = runs.filter_map(|run| self.waiting.get(&run)).flatten();
        waiting.filter_map(|ready| ready.run.item).collect()
    }

    /// Notes what a commit stored.
    pub fn committed(&mut self, batch: &Batch, waiting: Vec<ReadyRun>, settled: &[RunId]) {
        for turn in &batch.turns {
            self.turns
                .entry(turn.attachment)
                .or_default()
                .insert(turn.employee, turn.seq);
            self.turn_seq = self.turn_seq.max(turn.seq);
        }
        self.marks.raised(&batch.id_marks);
        for run in settled {
            self.waiting.remove(run);
        }
        self.wait(waiting);
    }
}
