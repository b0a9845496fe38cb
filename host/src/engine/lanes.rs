//! Lanes: work on one item (or one client's chat) happens one after the other, different lanes in parallel.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use signalbox_crm::event::Event;
use signalbox_crm::ids::{ChannelId, InboundId, ItemId, RunId};
use signalbox_crm::run::Run;
use tokio::sync::Notify;

/// What must not happen at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LaneKey {
    /// Work on an item.
    Item(ItemId),
    /// Messages of one chat.
    Chat(ChannelId, String),
    /// A run without an item.
    Run(RunId),
    /// An inbound event without a chat.
    Inbound(InboundId),
}

/// A run that may start, with the event that started it.
#[derive(Debug, Clone)]
pub struct ReadyRun {
    /// The run.
    pub run: Run,
    /// Its event.
    pub event: Arc<Event>,
}

/// A piece of work.
#[derive(Debug, Clone)]
pub enum Task {
    /// Execute a run.
    Run(Box<ReadyRun>),
    /// Take in what a provider sent.
    Inbound(InboundId),
}

#[derive(Debug, Default)]
struct Inner {
    /// Lanes with work; the first task of a busy lane is being worked on.
    lanes: HashMap<LaneKey, Lane>,
    ready: VecDeque<LaneKey>,
    /// Tasks that wait or are being worked on.
    open_count: usize,
    running: HashMap<RunId, ()>,
    /// Nothing starts until this is 0.
    hold_count: usize,
}

#[derive(Debug, Default)]
struct Lane {
    tasks: VecDeque<Task>,
    is_busy: bool,
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
        let can_start = inner.hold_count == 0 && !inner.ready.is_empty();
        drop(inner);
        if can_start {
            self.lanes.work.notify_one();
        }
    }
}

/// All lanes of this host.
#[derive(Debug, Default)]
pub struct Lanes {
    inner: Mutex<Inner>,
    work: Notify,
    idle: Notify,
}

impl Lanes {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds a task at the end of its lane.
    pub fn push(&self, key: LaneKey, task: Task) {
        let mut inner = self.lock();
        inner.open_count += 1;
        let lane = inner.lanes.entry(key.clone()).or_default();
        lane.tasks.push_back(task);
        if !lane.is_busy && lane.tasks.len() == 1 {
            inner.ready.push_back(key);
            drop(inner);
            self.work.notify_one();
        }
    }

    /// Takes the first task of a lane that nobody works on; waits for one.
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
        let key = inner.ready.pop_front()?;
        let lane = inner.lanes.get_mut(&key)?;
        lane.is_busy = true;
        let task = lane.tasks.pop_front()?;
        if let Task::Run(ready) = &task {
            let id = ready.run.id;
            inner.running.insert(id, ());
        }
        let more = !inner.ready.is_empty();
        drop(inner);
        if more {
            self.work.notify_one();
        }
        Some((key, task))
    }

    /// Lets nothing start until the answer is dropped: several commits then line up their tasks in the order of the
    /// commits, whatever the workers do. What has started goes on.
    pub fn hold(&self) -> Hold<'_> {
        self.lock().hold_count += 1;
        Hold { lanes: self }
    }

    /// Ends the work on a lane's first task and lets the lane go on.
    pub fn done(&self, key: LaneKey, task: &Task) {
        let mut inner = self.lock();
        if let Task::Run(ready) = task {
            inner.running.remove(&ready.run.id);
        }
        inner.open_count -= 1;
        self.release(inner, key);
    }

    fn release(&self, mut inner: MutexGuard<'_, Inner>, key: LaneKey) {
        let Some(lane) = inner.lanes.get_mut(&key) else {
            return;
        };
        lane.is_busy = false;
        let is_empty = lane.tasks.is_empty();
        if is_empty {
            inner.lanes.remove(&key);
        } else {
            inner.ready.push_back(key);
        }
        let is_idle = inner.open_count == 0;
        drop(inner);
        if !is_empty {
            self.work.notify_one();
        }
        if is_idle {
            self.idle.notify_waiters();
        }
    }

    /// Forgets runs that were cancelled before they started. `lanes` are those in which they may wait.
    pub fn forget(&self, lanes: &[LaneKey], cancelled: &[RunId]) {
        if cancelled.is_empty() {
            return;
        }
        let mut inner = self.lock();
        for key in lanes {
            let Some(lane) = inner.lanes.get_mut(key) else {
                continue;
            };
            let before = lane.tasks.len();
            lane.tasks
                .retain(|task| !matches!(task, Task::Run(ready) if cancelled.contains(&ready.run.id)));
            let dropped = before - lane.tasks.len();
            let is_over = lane.tasks.is_empty() && !lane.is_busy;
            inner.open_count -= dropped;
            if is_over {
                inner.lanes.remove(key);
                inner.ready.retain(|ready| ready != key);
            }
        }
        let is_idle = inner.open_count == 0;
        drop(inner);
        if is_idle {
            self.idle.notify_waiters();
        }
    }

    /// Whether the run is being executed now.
    pub fn is_running(&self, run: RunId) -> bool {
        self.lock().running.contains_key(&run)
    }

    /// How many tasks wait or are being worked on.
    pub fn open_count(&self) -> usize {
        self.lock().open_count
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
