//! Lanes: work on one item (or one client's chat) happens one after the other, different lanes in parallel. Which lane
//! is next is decided by [`super::fair`], from what waits at the head of each.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use signalbox_crm::directory::Directory;
use signalbox_crm::ids::{AttachmentId, RunId};
use signalbox_crm::run::Run;
use signalbox_crm::shard::ShardSet;
use tokio::sync::Notify;

use super::cost::COST_BASE_US;
use super::fair::{Begun, Class, FairQueue, Flow};
use super::shards::shard_of_run;

pub mod figures;
mod task;
#[cfg(test)]
mod tests;

pub use task::{LaneKey, ReadyRun, Task};

#[derive(Debug)]
struct Inner {
    /// Lanes with work; tasks that are being worked on are not in their list.
    lanes: HashMap<LaneKey, Lane>,
    queue: FairQueue<LaneKey>,
    /// Tasks that wait or are being worked on.
    open_count: usize,
    running: HashSet<RunId>,
    /// Nothing starts until this is 0.
    hold_count: usize,
    /// Somebody waits until there are no more tasks than this.
    wanted_count: Option<usize>,
}

#[derive(Debug, Default)]
struct Lane {
    tasks: VecDeque<Task>,
    /// What is being worked on.
    busy: Vec<Busy>,
    /// Its place among the others: those that are not busy have one.
    place: Option<(Flow, u64)>,
    by_hand_count: usize,
}

/// A task that is being worked on.
#[derive(Debug)]
struct Busy {
    /// None for what is not a run.
    run: Option<RunId>,
    begun: Begun,
    /// What it has cost so far, in microseconds.
    spent: u64,
}

impl Lane {
    /// For whom the lane waits; none while it is worked on. A run by hand lifts the whole lane: what stands before it
    /// must be done first.
    fn flow(&self) -> Option<Flow> {
        if !self.busy.is_empty() {
            return None;
        }
        match self.tasks.front()? {
            Task::Inbound(_) => Some(Flow::Intake),
            Task::Run(ready) if self.by_hand_count > 0 => Some(Flow::ByHand(ready.run.attachment)),
            Task::Run(ready) => Some(Flow::Runs(ready.run.attachment)),
        }
    }
}

impl Inner {
    fn push(&mut self, key: LaneKey, task: Task) {
        self.open_count += 1;
        let lane = self.lanes.entry(key.clone()).or_default();
        lane.by_hand_count += usize::from(task.is_by_hand());
        lane.tasks.push_back(task);
        self.line_up(key);
    }

    /// Gives the lane the place that its first task deserves.
    fn line_up(&mut self, key: LaneKey) {
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        let wanted = lane.flow();
        let placed = lane.place.map(|(flow, _)| flow);
        if placed == wanted {
            return;
        }
        if let Some((flow, ticket)) = lane.place.take() {
            self.queue.remove(flow, ticket);
        }
        if let Some(flow) = wanted {
            lane.place = Some((flow, self.queue.push(flow, key)));
        }
    }

    /// Keeps the tasks of a lane that wait and pass.
    fn retain(&mut self, key: &LaneKey, keeps: impl Fn(&Task) -> bool) {
        let Some(lane) = self.lanes.get_mut(key) else {
            return;
        };
        let before = lane.tasks.len();
        lane.tasks.retain(keeps);
        self.open_count -= before - lane.tasks.len();
        lane.by_hand_count = lane.tasks.iter().filter(|task| task.is_by_hand()).count();
        let is_over = lane.tasks.is_empty() && lane.busy.is_empty();
        self.line_up(key.clone());
        if is_over {
            self.lanes.remove(key);
        }
    }

    /// Whether there are no more tasks than this; if there are, somebody waits for it.
    fn want(&mut self, count_max: usize) -> bool {
        let is_so = self.open_count <= count_max;
        self.wanted_count = (!is_so).then_some(count_max);
        is_so
    }

    fn rest_if_idle(&mut self) -> bool {
        let is_idle = self.open_count == 0;
        if is_idle {
            self.queue.rest();
        }
        is_idle
    }
}

/// While it lives, tasks wait and none starts.
#[derive(Debug)]
pub struct Hold<'a> {
    lanes: &'a Lanes,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let mut inner = self.lanes.lock();
        inner.hold_count -= 1;
        self.lanes.wake_one(inner);
    }
}

/// All lanes of this host.
#[derive(Debug)]
pub struct Lanes {
    inner: Mutex<Inner>,
    work: Notify,
    idle: Notify,
    shrunk: Notify,
}

impl Lanes {
    /// No lanes, for this many workers.
    pub fn new(worker_count: u32) -> Self {
        let inner = Inner {
            lanes: HashMap::new(),
            queue: FairQueue::new(worker_count),
            open_count: 0,
            running: HashSet::new(),
            hold_count: 0,
            wanted_count: None,
        };
        Lanes {
            inner: Mutex::new(inner),
            work: Notify::new(),
            idle: Notify::new(),
            shrunk: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Wakes a worker if one can start something. It wakes the next one.
    fn wake_one(&self, inner: MutexGuard<'_, Inner>) {
        let can_start = inner.hold_count == 0 && inner.queue.has_ready();
        drop(inner);
        if can_start {
            self.work.notify_one();
        }
    }

    /// Adds tasks, each at the end of its lane. No worker sees some of them without the others: with one worker, what
    /// runs first does not depend on when it looks.
    pub fn push(&self, tasks: impl IntoIterator<Item = (LaneKey, Task)>) {
        let mut tasks = tasks.into_iter().peekable();
        if tasks.peek().is_none() {
            return;
        }
        let mut inner = self.lock();
        for (key, task) in tasks {
            inner.push(key, task);
        }
        self.wake_one(inner);
    }

    /// Takes the first task of the lane whose turn it is; waits for one.
    pub async fn take(&self) -> (LaneKey, Task) {
        loop {
            let notified = self.work.notified();
            if let Some(found) = self.try_take() {
                return found;
            }
            notified.await;
        }
    }

    fn try_take(&self) -> Option<(LaneKey, Task)> {
        let mut inner = self.lock();
        if inner.hold_count > 0 {
            return None;
        }
        let (begun, key) = inner.queue.take()?;
        let lane = inner.lanes.get_mut(&key)?;
        lane.place = None;
        let task = lane.tasks.pop_front()?;
        lane.by_hand_count -= usize::from(task.is_by_hand());
        let run = task.run_id();
        lane.busy.push(Busy { run, begun, spent: 0 });
        inner.running.extend(run);
        self.wake_one(inner);
        Some((key, task))
    }

    /// Takes the next run of a lane as well, on which the caller works already, if it passes: past the other lanes,
    /// which is fair only for what is known to cost little. None for runs by hand, which nobody is to wait for.
    pub fn take_next(&self, key: &LaneKey, passes: impl Fn(&Run) -> bool) -> Option<Box<ReadyRun>> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let lane = inner.lanes.get_mut(key)?;
        if inner.hold_count > 0 || lane.by_hand_count > 0 {
            return None;
        }
        let Task::Run(next) = lane.tasks.front()? else {
            return None;
        };
        if !passes(&next.run) {
            return None;
        }
        let begun = inner.queue.begin_beside(Flow::Runs(next.run.attachment))?;
        let Task::Run(next) = lane.tasks.pop_front()? else {
            return None;
        };
        let run = Some(next.run.id);
        lane.busy.push(Busy { run, begun, spent: 0 });
        inner.running.extend(run);
        Some(next)
    }

    /// Lets nothing start until the answer is dropped: several commits then line up their tasks in the order of the
    /// commits, whatever the workers do. What has started goes on.
    pub fn hold(&self) -> Hold<'_> {
        self.lock().hold_count += 1;
        Hold { lanes: self }
    }

    /// Notes what an execution of a run has cost that is being worked on.
    pub fn spent(&self, run: &Run, cost_us: u64) {
        if let Some(lane) = self.lock().lanes.get_mut(&LaneKey::of(run))
            && let Some(busy) = lane.busy.iter_mut().find(|busy| busy.run == Some(run.id))
        {
            busy.spent = busy.spent.saturating_add(cost_us);
        }
    }

    /// Ends the work on a task; after the last one the lane goes on. It wakes nobody: who calls takes the next task.
    pub fn done(&self, key: LaneKey, task: &Task) {
        let mut inner = self.lock();
        let run = task.run_id();
        if let Some(run) = run {
            inner.running.remove(&run);
        }
        inner.open_count -= 1;
        if let Some(lane) = inner.lanes.get_mut(&key) {
            let place = lane.busy.iter().position(|busy| busy.run == run);
            let ended = place.map(|place| lane.busy.remove(place));
            let is_over = lane.tasks.is_empty() && lane.busy.is_empty();
            if let Some(Busy { begun, spent, .. }) = ended {
                inner.queue.end(&begun, spent.max(COST_BASE_US));
            }
            if is_over {
                inner.lanes.remove(&key);
            } else {
                inner.line_up(key);
            }
        }
        drop(self.tell_of_less(inner));
    }

    fn go_on(&self, inner: MutexGuard<'_, Inner>) {
        if let Some(inner) = self.tell_of_less(inner) {
            self.wake_one(inner);
        }
    }

    /// Tells those who wait for fewer tasks or for none; the guard comes back where there are some.
    fn tell_of_less<'a>(&self, mut inner: MutexGuard<'a, Inner>) -> Option<MutexGuard<'a, Inner>> {
        if inner
            .wanted_count
            .is_some_and(|wanted| inner.open_count <= wanted)
        {
            inner.wanted_count = None;
            self.shrunk.notify_waiters();
        }
        if inner.rest_if_idle() {
            drop(inner);
            self.idle.notify_waiters();
            return None;
        }
        Some(inner)
    }

    /// Forgets runs that were cancelled before they started. `lanes` are those in which they may wait.
    pub fn forget(&self, lanes: &[LaneKey], cancelled: &[RunId]) {
        if cancelled.is_empty() {
            return;
        }
        let mut inner = self.lock();
        for key in lanes {
            inner.retain(
                key,
                |task| !matches!(task, Task::Run(ready) if cancelled.contains(&ready.run.id)),
            );
        }
        self.go_on(inner);
    }

    /// Forgets what waits of these shards, which another host works on from now on.
    pub fn forget_shards(&self, shards: &ShardSet, directory: &Directory) {
        let mut inner = self.lock();
        let keys: Vec<LaneKey> = inner.lanes.keys().cloned().collect();
        for key in keys {
            inner.retain(&key, |task| {
                let shard = match task {
                    Task::Run(ready) => shard_of_run(&ready.run, directory),
                    Task::Inbound(_) => key.shard(),
                };
                !shards.contains(shard)
            });
        }
        self.go_on(inner);
    }

    /// Whether something of these shards is being worked on.
    pub fn is_busy(&self, shards: &ShardSet) -> bool {
        let inner = self.lock();
        let mut busy = inner.lanes.iter().filter(|(_, lane)| !lane.busy.is_empty());
        busy.any(|(key, _)| shards.contains(key.shard()))
    }

    /// What holds for the runs of attachments from now on.
    pub fn set_classes(&self, classes: HashMap<AttachmentId, Class>) {
        let mut inner = self.lock();
        inner.queue.set_classes(classes);
        self.wake_one(inner);
    }

    /// Whether the run is being executed now.
    pub fn is_running(&self, run: RunId) -> bool {
        self.lock().running.contains(&run)
    }

    /// How many tasks wait or are being worked on.
    pub fn open_count(&self) -> usize {
        self.lock().open_count
    }

    /// Waits until there are no more than so many tasks. All who wait must wait for the same.
    pub async fn shrunk_to(&self, count_max: usize) {
        loop {
            let notified = self.shrunk.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.lock().want(count_max) {
                return;
            }
            notified.await;
        }
    }

    /// Waits until there is no task.
    pub async fn idle(&self) {
        loop {
            let notified = self.idle.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.open_count() == 0 {
                return;
            }
            notified.await;
        }
    }
}
