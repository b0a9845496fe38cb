//! A group of proposals becomes one batch of rows: validation, matching, follow-up runs. All in memory.

mod chains;
mod loops;
mod memory;
pub mod planted;
mod rows;
mod times;
mod turns;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use signalbox_crm::automation::recorded;
use signalbox_crm::changes::ChangeSet;
use signalbox_crm::directory::{Directory, DirectoryChange};
use signalbox_crm::event::{Event, Fact, Origin};
use signalbox_crm::ids::{AttachmentId, EmployeeId, EventId, IdKind, ItemId};
use signalbox_crm::item::Item;
use signalbox_crm::matching::Matcher;
use signalbox_crm::pipeline::StageKind;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::run::{Reason, Run, RunState};
use signalbox_crm::timer::Inbound;
use signalbox_db::{Batch, Check, StageLeft};

pub use self::chains::{Waiting, read_waiting};
pub use self::memory::Memory;
use super::below;
use super::committer::{CommitError, Proposal};
use super::core::{AttemptStored, Core};
use super::lanes::ReadyRun;
use super::recent::RecordKey;
use super::shards::{shard_of_limited, shard_of_run};

/// The events of one proposal, and the runs that they made.
pub type Admitted = (Vec<EventId>, Vec<Run>);

/// A group on its way into one batch.
pub struct Plan<'a> {
    core: &'a Core,
    memory: &'a mut Memory,
    waiting: Waiting,
    base: Arc<Directory>,
    directory: Option<Directory>,
    outcome: Outcome,
    written: HashSet<RecordKey>,
    /// Likewise, by what stands before in the stack that is being taken in.
    written_below: HashSet<RecordKey>,
    turns: BTreeMap<(AttachmentId, EmployeeId), i64>,
    /// Several hosts share the database: what was read is checked there as well.
    is_shared: bool,
    checked: HashSet<Check>,
}

/// What a group stores, and what becomes visible when it is stored.
pub struct Outcome {
    /// The rows.
    pub batch: Batch,
    /// Items as they will be.
    pub items: Vec<Arc<Item>>,
    /// Keys that are written.
    pub keys: Vec<RecordKey>,
    /// The directory, if it changes.
    pub directory: Option<Arc<Directory>>,
    /// New runs that may start.
    pub ready: Vec<ReadyRun>,
    /// Waiting runs that may start, if the database still had them waiting.
    pub promoted: Vec<ReadyRun>,
    /// Runs that wait in the database, which this host takes up if the database lets it.
    pub claims: Vec<ReadyRun>,
    /// Likewise raw events.
    pub inbound_claims: Vec<Inbound>,
    /// See [`Proposal::claims_all`].
    pub claims_all: Option<u64>,
    /// Items that left a stage.
    pub left: Vec<ItemId>,
    /// Of each check of the batch, what was read; none for turns in queues.
    pub check_keys: Vec<Option<RecordKey>>,
    /// Whether runs that may start are left to other hosts.
    pub has_work_for_others: bool,
    /// Whether runs that may start are left in the database for this host.
    pub leaves_behind: bool,
    /// Which shards were this host's when that was decided.
    pub epoch: u64,
    /// Attempts that ended.
    pub attempts: Vec<AttemptStored>,
    counted: Vec<(EventId, AttachmentId, Option<ItemId>)>,
    /// Chains of whose stop it tells the admins.
    told: Vec<EventId>,
}

impl Outcome {
    /// Takes back what the loop guard counted, because the group was not stored.
    pub fn withdraw(&self, memory: &mut Memory) {
        for (root, attachment, item) in &self.counted {
            memory.guard.withdraw(*root, *attachment, *item);
        }
        for root in &self.told {
            memory.guard.untell(*root);
        }
    }
}

impl<'a> Plan<'a> {
    /// An empty plan on top of what is committed; `waiting` are the runs that wait for those which will end in it.
    pub fn new(core: &'a Core, memory: &'a mut Memory, waiting: Waiting) -> Self {
        let base = core.records.directory();
        let is_shared = core.db.is_shared();
        let mut batch = Batch::new(core.clock.now());
        batch.directory_base = is_shared.then_some(base.version);
        Plan {
            core,
            memory,
            waiting,
            base,
            directory: None,
            outcome: Outcome {
                batch,
                items: Vec::new(),
                keys: Vec::new(),
                directory: None,
                ready: Vec::new(),
                promoted: Vec::new(),
                claims: Vec::new(),
                inbound_claims: Vec::new(),
                claims_all: None,
                left: Vec::new(),
                check_keys: Vec::new(),
                has_work_for_others: false,
                leaves_behind: false,
                epoch: core.shards.epoch(),
                attempts: Vec::new(),
                counted: Vec::new(),
                told: Vec::new(),
            },
            written: HashSet::new(),
            written_below: HashSet::new(),
            turns: BTreeMap::new(),
            is_shared,
            checked: HashSet::new(),
        }
    }

    /// Takes proposals into the plan of which each may build upon those before it: in order, up to the first that is
    /// refused. Nothing else can come between them.
    ///
    /// # Errors
    /// For each `Stale` when something that it read was written by a commit since, or in this group by a proposal that
    /// it does not build upon; `Rejected` when nobody in a list can be put in charge; `Unfounded` behind one that was
    /// refused. Nothing of those is in the plan.
    pub fn admit_stack(&mut self, stack: Vec<Proposal>) -> Vec<Result<Admitted, CommitError>> {
        self.written.extend(self.written_below.drain());
        let mut is_founded = true;
        let admit = |proposal| {
            if !is_founded {
                return Err(CommitError::Unfounded);
            }
            let admitted = self.admit(proposal);
            is_founded = admitted.is_ok();
            admitted
        };
        stack.into_iter().map(admit).collect()
    }

    fn admit(&mut self, mut proposal: Proposal) -> Result<Admitted, CommitError> {
        self.check_reads(&proposal)?;
        for (key, check) in std::mem::take(&mut proposal.checks) {
            self.check(Some(key), check);
        }
        self.decide_assignments(&mut proposal)
            .map_err(CommitError::Rejected)?;
        self.change_directory(&mut proposal)
            .map_err(CommitError::Rejected)?;
        let changes = std::mem::take(&mut proposal.changes);
        let facts = self.events(&proposal, &changes);
        let runs = self.start_runs(&proposal, &changes, &facts);
        let events = facts.iter().map(|event| event.id).collect();
        self.wake_ups(&proposal, &changes.wake_ups);
        self.move_waiting_dates(&proposal, &changes, &facts);
        self.move_after_contact(&proposal, &changes);
        for event in facts {
            self.outcome.batch.events.push(Arc::unwrap_or_clone(event));
        }
        let run_changes = changes.runs.clone();
        self.rows(changes);
        self.tell_of_stops(&proposal, &runs);
        if let Some(ended) = proposal.ended.take() {
            self.end_run(proposal.at, ended);
        }
        self.run_changes(proposal.at, run_changes);
        for run in std::mem::take(&mut proposal.settled) {
            self.settle(proposal.at, run, None);
        }
        for ready in std::mem::take(&mut proposal.due) {
            self.make_available(proposal.at, ready);
        }
        let batch = &mut self.outcome.batch;
        batch
            .claims
            .extend(proposal.claims.iter().map(|ready| ready.run.id));
        batch
            .inbound_claims
            .extend(proposal.inbound_claims.iter().map(|inbound| inbound.id));
        batch.released = batch.released.or(proposal.released);
        batch.timers_fired.append(&mut proposal.timers_fired);
        batch.schedules.append(&mut proposal.schedules);
        batch.resumed.append(&mut proposal.resumed);
        batch.meta.append(&mut proposal.meta);
        match proposal.bulk.take() {
            Some((Some(was), bulk)) => batch.bulks.push((was, bulk)),
            Some((None, bulk)) => batch.bulks_new.push(bulk),
            None => {}
        }
        batch.idempotency.extend(proposal.idempotency.take());
        batch.expired.append(&mut proposal.expired);
        self.outcome.claims.append(&mut proposal.claims);
        self.outcome.inbound_claims.append(&mut proposal.inbound_claims);
        self.outcome.claims_all = self.outcome.claims_all.or(proposal.claims_all);
        Ok((events, runs))
    }

    /// Adds something to be checked by the database.
    fn check(&mut self, key: Option<RecordKey>, check: Check) {
        if self.is_shared && self.checked.insert(check.clone()) {
            self.outcome.batch.checks.push(check);
            self.outcome.check_keys.push(key);
        }
    }

    /// Whether this host starts a run that may start; if not, it is left in the database.
    fn holds(&mut self, run: &Run) -> bool {
        let Core {
            shards,
            lanes,
            backlog_max,
            ..
        } = self.core;
        let count = lanes.open_count() + self.outcome.ready.len() + self.outcome.promoted.len();
        let shard = shard_of_run(run, self.directory());
        let is_held = shards.holds(shard, count, *backlog_max);
        if is_held {
            self.outcome.batch.held.insert(run.id);
        } else if shards.owned().contains(shard) {
            self.outcome.leaves_behind = true;
        } else {
            self.outcome.has_work_for_others = true;
        }
        is_held
    }

    fn check_reads(&self, proposal: &Proposal) -> Result<(), CommitError> {
        if cfg!(debug_assertions) && planted::IS_BLIND.get() && proposal.ended.is_some() {
            return Ok(());
        }
        let is_hidden = |key: &RecordKey| {
            self.written.contains(key) || (!below::shows(*key) && self.written_below.contains(key))
        };
        let in_group = proposal.reads.iter().copied().find(is_hidden);
        match in_group.or_else(|| self.core.records.stale(&proposal.reads, proposal.as_of)) {
            Some(key) => Err(CommitError::Stale(key)),
            None => Ok(()),
        }
    }

    fn directory(&self) -> &Directory {
        self.directory.as_ref().unwrap_or(&self.base)
    }

    fn change_directory(&mut self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let changes = &mut proposal.changes;
        if changes.directory.is_empty() {
            return Ok(());
        }
        let before = self.directory();
        let mut directory = before.clone();
        for change in &changes.directory {
            directory.apply(change.clone())?;
        }
        let (at, actor) = (proposal.at, &proposal.actor);
        for version in recorded(before, &directory, &changes.directory, at, actor) {
            let change = DirectoryChange::AutomationVersion(Box::new(version));
            directory.apply(change.clone())?;
            changes.directory.push(change);
        }
        directory.version = self.base.version + 1;
        self.outcome.batch.directory_version = directory.version;
        self.outcome.batch.directory.append(&mut changes.directory);
        self.directory = Some(directory);
        self.write(RecordKey::Directory);
        Ok(())
    }

    fn write(&mut self, key: RecordKey) {
        self.written_below.insert(key);
        self.outcome.keys.push(key);
    }

    /// As `write`, for a key that many proposals of a group write: it is remembered once.
    fn write_often(&mut self, key: RecordKey) {
        if self.written_below.insert(key) && !self.written.contains(&key) {
            self.outcome.keys.push(key);
        }
    }

    /// The facts become events, with their place in the chain of causes.
    fn events(&self, proposal: &Proposal, changes: &ChangeSet) -> Vec<Arc<Event>> {
        let new = |fact: &Fact, item| {
            let id = EventId(self.core.new_id(IdKind::Event));
            let Origin { root, depth, run } = proposal.origin;
            Arc::new(Event {
                id,
                fact: fact.clone(),
                item,
                root: root.unwrap_or(id),
                depth,
                caused_by: run,
                at: proposal.at,
            })
        };
        changes
            .facts
            .iter()
            .map(|new_fact| new(&new_fact.fact, new_fact.item))
            .collect()
    }

    /// Matching, inside the commit that makes the events.
    fn start_runs(&mut self, proposal: &Proposal, changes: &ChangeSet, events: &[Arc<Event>]) -> Vec<Run> {
        let mut runs = Vec::new();
        for event in events {
            let item = event.item.and_then(|id| item_of(proposal, changes, id));
            self.leave_stage(event, item);
            let core = self.core;
            let directory = self.directory.as_ref().unwrap_or(&self.base);
            let new_id = |kind| core.new_id(kind);
            let mut matcher = Matcher {
                directory,
                now: proposal.at,
                new_id: &new_id,
                guard: &mut self.memory.guard,
            };
            for run in matcher.runs_for(event, item) {
                if run.reason != Some(Reason::LoopStopped) && !run.state.is_final() {
                    self.outcome.counted.push((event.root, run.attachment, run.item));
                }
                self.add_run(run.clone(), event);
                runs.push(run);
            }
        }
        runs
    }

    fn add_run(&mut self, run: Run, event: &Arc<Event>) {
        let directory = self.directory();
        let attachment = directory.attachments.get(&run.attachment);
        if let Some(shard) = attachment.and_then(|a| shard_of_limited(a, directory)) {
            self.outcome.batch.shards.insert(run.id, shard);
        }
        let ready = ReadyRun {
            run: run.clone(),
            event: Arc::clone(event),
        };
        if run.state == RunState::Available && self.holds(&run) {
            self.outcome.ready.push(ready);
        }
        self.outcome.batch.runs.push(run);
    }

    /// Leaving a stage cancels the runs that belong to it, in the same transaction.
    fn leave_stage(&mut self, event: &Event, item: Option<&Item>) {
        let (
            Fact::StageEntered {
                pipeline,
                stage,
                from: Some(from),
            },
            Some(item),
        ) = (&event.fact, item)
        else {
            return;
        };
        let directory = self.directory();
        let came_from = directory.stages.get(from).map(|stage| stage.pipeline);
        let is_closed = directory
            .stages
            .get(stage)
            .is_some_and(|stage| stage.kind != StageKind::Open);
        let left = StageLeft {
            item: item.id.number,
            new_entry: item.stage_entry,
            left_pipeline: came_from != Some(*pipeline),
            closed: is_closed,
        };
        self.outcome.batch.stage_left.push(left);
        self.outcome.left.push(item.id);
    }

    /// The batch, with the marks of the numbers that were given out.
    pub fn finish(mut self) -> Outcome {
        let marks = self.memory.marks.to_raise(&self.core.ids);
        self.outcome.batch.id_marks = marks
            .into_iter()
            .map(|(kind, high)| (kind.as_str(), high))
            .collect();
        self.outcome.directory = self.directory.map(Arc::new);
        self.outcome
    }
}

/// The item as the proposal leaves it.
fn item_of<'p>(proposal: &'p Proposal, changes: &'p ChangeSet, id: ItemId) -> Option<&'p Item> {
    let staged = changes.items.get(&id.number).map(|staged| &staged.row);
    staged.or_else(|| proposal.items.iter().map(Arc::as_ref).find(|item| item.id == id))
}
