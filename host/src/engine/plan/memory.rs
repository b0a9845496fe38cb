//! What only the committer knows from one commit to the next.

use std::collections::{BTreeMap, HashMap};

use signalbox_crm::attachment::Mode;
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::{AttachmentId, EmployeeId, RunId};
use signalbox_crm::loop_guard::LoopGuard;
use signalbox_db::{Batch, Turn};

use crate::engine::ids::Marks;
use crate::engine::lanes::{LaneKey, Task};

/// What only the committer knows from one commit to the next.
pub struct Memory {
    pub(super) guard: LoopGuard,
    pub(super) turns: HashMap<AttachmentId, BTreeMap<EmployeeId, i64>>,
    /// Without it no run waits for another, and nobody needs to look.
    has_chains: bool,
    /// Runs that the database has cancelled, and for which others may wait that it has not.
    pub left_behind: Vec<RunId>,
    /// Stored for this host while it lost and regained shards: what was left in the database meanwhile comes first.
    pub late: Vec<(LaneKey, Task)>,
    pub(super) marks: Marks,
}

impl Memory {
    /// What was stored when the host started. `has_chains`: a run waits for another.
    pub fn new(marks: Marks, turns: Vec<Turn>, has_chains: bool) -> Self {
        let mut memory = Memory {
            guard: LoopGuard::default(),
            turns: HashMap::new(),
            has_chains,
            left_behind: Vec::new(),
            late: Vec::new(),
            marks,
        };
        memory.know(&turns);
        memory
    }

    /// Notes the turns as they are stored; other hosts may have given some.
    pub fn know(&mut self, turns: &[Turn]) {
        for turn in turns {
            self.turns
                .entry(turn.attachment)
                .or_default()
                .insert(turn.employee, turn.seq);
        }
    }

    /// The last turn that was taken in a queue.
    pub(super) fn last_turn(&self, attachment: AttachmentId) -> i64 {
        let turns = self.turns.get(&attachment);
        turns.and_then(|turns| turns.values().copied().max()).unwrap_or(0)
    }

    /// Whether a run may wait for another, now or after a commit with this set-up.
    pub fn may_have_chains(&mut self, directory: &Directory) -> bool {
        let mut attachments = directory.attachments.values();
        self.has_chains |= attachments.any(|attachment| attachment.mode == Mode::AfterPrevious);
        self.has_chains
    }

    /// Notes which runs the database has cancelled. Runs that wait for one of them were cancelled as well, or go on.
    pub fn note_cancelled(&mut self, cancelled: &[RunId]) {
        if self.has_chains {
            self.left_behind.extend(cancelled);
        }
    }

    /// Notes what a commit stored.
    pub fn committed(&mut self, batch: &Batch) {
        self.know(&batch.turns);
        self.marks.raised(&batch.id_marks);
    }
}
