//! Runs that are executed outside of the lanes, before anything else is.

use std::collections::BTreeSet;

use signalbox_crm::ids::RunId;

use super::{LaneKey, Lanes, ReadyRun, Task};

impl Lanes {
    /// Takes those of these runs that are the first of their lanes out of them, oldest first: no other can have been
    /// under way. Each is open until [`Lanes::put_away`]. Only before anything is worked on, and until then nothing is.
    pub fn take_out(&self, runs: &BTreeSet<RunId>) -> Vec<ReadyRun> {
        let mut inner = self.lock();
        let is_wanted =
            |task: Option<&Task>| matches!(task, Some(Task::Run(ready)) if runs.contains(&ready.run.id));
        let lanes = inner.lanes.iter();
        let keys = lanes.filter(|(_, lane)| is_wanted(lane.tasks.front()));
        let keys: Vec<LaneKey> = keys.map(|(key, _)| key.clone()).collect();
        let mut taken = Vec::new();
        for key in keys {
            let Some(lane) = inner.lanes.get_mut(&key) else {
                continue;
            };
            if let Some(task) = lane.tasks.pop_front() {
                lane.by_hand_count -= usize::from(task.is_by_hand());
                taken.push(task);
            }
            let is_empty = lane.tasks.is_empty();
            inner.line_up(key.clone());
            if is_empty {
                inner.lanes.remove(&key);
            }
        }
        let runs = taken.into_iter().filter_map(|task| match task {
            Task::Run(ready) => Some(*ready),
            Task::Inbound(_) => None,
        });
        let mut runs: Vec<ReadyRun> = runs.collect();
        runs.sort_by_key(|ready| ready.run.id);
        inner.running.extend(runs.iter().map(|ready| ready.run.id));
        runs
    }

    /// Ends the work on a run that was taken out.
    pub fn put_away(&self, run: RunId) {
        let mut inner = self.lock();
        inner.running.remove(&run);
        inner.open_count -= 1;
        self.go_on(inner);
    }
}
