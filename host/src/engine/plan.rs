//! A group of proposals becomes one batch of rows: validation, matching, follow-up runs. All in memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use signalbox_crm::assigning::{assign, pick};
use signalbox_crm::attachment::{Attachment, OnError, Timing};
use signalbox_crm::changes::{ChangeSet, ListAssignment, RunChange, Staged, WakeUp};
use signalbox_crm::directory::Directory;
use signalbox_crm::event::{Event, Fact, Origin};
use signalbox_crm::ids::{AttachmentId, EmployeeId, EventId, IdKind, ItemId, RunId};
use signalbox_crm::item::Item;
use signalbox_crm::loop_guard::LoopGuard;
use signalbox_crm::matching::{Matcher, Start, relative, start};
use signalbox_crm::pipeline::StageKind;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::rules::Rules;
use signalbox_crm::run::{Reason, Run, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Batch, InboundDone, Rescheduled, RunUpdate, StageLeft, Turn, WakeUpVoid};

use super::committer::{CommitError, Ended, Proposal};
use super::core::{AttemptStored, Core};
use super::ids::Marks;
use super::lanes::ReadyRun;
use super::recent::RecordKey;

/// The shortest pause before a wake-up. DESIGN section 7: the smallest delay is one second.
const WAKE_UP_PAUSE_MIN: Duration = Duration::from_secs(1);

/// What only the committer knows from one commit to the next.
pub struct Memory {
    guard: LoopGuard,
    turns: HashMap<AttachmentId, BTreeMap<EmployeeId, i64>>,
    turn_seq: i64,
    /// Runs that wait for another run to be final.
    waiting: HashMap<RunId, Vec<ReadyRun>>,
    /// Runs that the database has cancelled, and for which others wait that it has not.
    pub left_behind: Vec<RunId>,
    marks: Marks,
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

/// The events of one proposal, and the runs that they made.
pub type Admitted = (Vec<EventId>, Vec<Run>);

/// A group on its way into one batch.
pub struct Plan<'a> {
    core: &'a Core,
    memory: &'a mut Memory,
    base: Arc<Directory>,
    directory: Option<Directory>,
    outcome: Outcome,
    written: HashSet<RecordKey>,
    turns: BTreeMap<(AttachmentId, EmployeeId), i64>,
    turn_seq: i64,
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
    /// New runs that wait for another run.
    pub waiting: Vec<ReadyRun>,
    /// Runs that are final now: nobody waits for them any more.
    pub settled: Vec<RunId>,
    /// Items that left a stage.
    pub left: Vec<ItemId>,
    /// Attempts that ended.
    pub attempts: Vec<AttemptStored>,
    counted: Vec<(EventId, AttachmentId, Option<ItemId>)>,
}

impl Outcome {
    /// Takes back what the loop guard counted, because the group was not stored.
    pub fn withdraw(&self, memory: &mut Memory) {
        for (root, attachment, item) in &self.counted {
            memory.guard.withdraw(*root, *attachment, *item);
        }
    }
}

impl<'a> Plan<'a> {
    /// An empty plan on top of what is committed.
    pub fn new(core: &'a Core, memory: &'a mut Memory) -> Self {
        let turn_seq = memory.turn_seq;
        Plan {
            core,
            memory,
            base: core.records.directory(),
            directory: None,
            outcome: Outcome {
                batch: Batch::new(core.clock.now()),
                items: Vec::new(),
                keys: Vec::new(),
                directory: None,
                ready: Vec::new(),
                promoted: Vec::new(),
                waiting: Vec::new(),
                settled: Vec::new(),
                left: Vec::new(),
                attempts: Vec::new(),
                counted: Vec::new(),
            },
            written: HashSet::new(),
            turns: BTreeMap::new(),
            turn_seq,
        }
    }

    /// Takes a proposal into the plan.
    ///
    /// # Errors
    /// `Stale` when something that it read was written by a commit since, or by a proposal before it in this group;
    /// `Rejected` when nobody in a list can be put in charge. Nothing of it is in the plan then.
    pub fn admit(&mut self, mut proposal: Proposal) -> Result<Admitted, CommitError> {
        self.check_reads(&proposal)?;
        self.decide_assignments(&mut proposal)
            .map_err(CommitError::Rejected)?;
        self.change_directory(&mut proposal.changes)
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
        if let Some(ended) = proposal.ended.take() {
            self.end_run(proposal.at, ended);
        }
        self.run_changes(proposal.at, run_changes);
        for run in std::mem::take(&mut proposal.settled) {
            self.settle(proposal.at, run, None);
        }
        let batch = &mut self.outcome.batch;
        batch.timers_fired.append(&mut proposal.timers_fired);
        batch.schedules.append(&mut proposal.schedules);
        batch.meta.append(&mut proposal.meta);
        batch.idempotency.extend(proposal.idempotency.take());
        batch.expired.append(&mut proposal.expired);
        Ok((events, runs))
    }

    fn check_reads(&self, proposal: &Proposal) -> Result<(), CommitError> {
        let in_group = proposal
            .reads
            .iter()
            .copied()
            .find(|key| self.written.contains(key));
        match in_group.or_else(|| self.core.records.stale(&proposal.reads, proposal.as_of)) {
            Some(key) => Err(CommitError::Stale(key)),
            None => Ok(()),
        }
    }

    fn directory(&self) -> &Directory {
        self.directory.as_ref().unwrap_or(&self.base)
    }

    /// Chooses the people of list assignments: here and not in the draft, so that a turn is taken once.
    fn decide_assignments(&mut self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let lists = std::mem::take(&mut proposal.changes.assignments);
        if lists.is_empty() {
            return Ok(());
        }
        let before = (self.turns.clone(), self.turn_seq);
        let mut taken = Vec::new();
        for list in lists {
            let person = match self.next_turn(proposal, &list) {
                Ok(person) => person,
                Err(rejection) => {
                    (self.turns, self.turn_seq) = before;
                    return Err(rejection);
                }
            };
            self.turn_seq += 1;
            taken.push(((list.turns_of, person), self.turn_seq));
            self.turns.insert((list.turns_of, person), self.turn_seq);
        }
        self.outcome
            .batch
            .turns
            .extend(taken.into_iter().map(|((attachment, employee), seq)| Turn {
                attachment,
                employee,
                seq,
            }));
        Ok(())
    }

    fn next_turn(&self, proposal: &mut Proposal, list: &ListAssignment) -> Result<EmployeeId, Rejection> {
        let new_id = |kind| self.core.new_id(kind);
        let rules = Rules {
            directory: self.directory(),
            now: proposal.at,
            actor: &proposal.actor,
            new_id: &new_id,
            overrides_required_fields: false,
        };
        let mut turns = self.memory.turns.get(&list.turns_of).cloned().unwrap_or_default();
        let newer = self
            .turns
            .iter()
            .filter(|((owner, _), _)| *owner == list.turns_of);
        turns.extend(newer.map(|((_, employee), seq)| (*employee, *seq)));
        let person = pick(&rules, list, &turns).ok_or_else(|| {
            Rejection::new(
                Code::NoCandidate,
                format!("nobody in the list can take {}", list.item),
            )
        })?;
        let item = proposal
            .changes
            .items
            .get(&list.item.number)
            .map(|staged| staged.row.clone());
        let item = item.ok_or_else(|| Rejection::not_found(list.item))?;
        assign(&rules, &mut proposal.changes, item, person)?;
        Ok(person)
    }

    fn change_directory(&mut self, changes: &mut ChangeSet) -> Result<(), Rejection> {
        if changes.directory.is_empty() {
            return Ok(());
        }
        let mut directory = self.directory().clone();
        for change in &changes.directory {
            directory.apply(change.clone())?;
        }
        directory.version = self.base.version + 1;
        self.outcome.batch.directory_version = directory.version;
        self.outcome.batch.directory.append(&mut changes.directory);
        self.directory = Some(directory);
        self.write(RecordKey::Directory);
        Ok(())
    }

    fn write(&mut self, key: RecordKey) {
        self.written.insert(key);
        self.outcome.keys.push(key);
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
        let ready = ReadyRun {
            run: run.clone(),
            event: Arc::clone(event),
        };
        match run.state {
            RunState::Available => self.outcome.ready.push(ready),
            RunState::Scheduled if run.after.is_some() => self.outcome.waiting.push(ready),
            _ => {}
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

    /// Wake-ups that a robot set or withdrew: each is an event and a scheduled run of its own.
    ///
    /// A wake-up begins a chain of its own, or the loop guard would stop a robot that looks after an item for months.
    /// What keeps such a robot from spinning is the pause before it.
    fn wake_ups(&mut self, proposal: &Proposal, wake_ups: &[WakeUp]) {
        for wake_up in wake_ups {
            let run = RunId(self.core.new_id(IdKind::Run));
            self.outcome.batch.wake_ups_void.push(WakeUpVoid {
                attachment: wake_up.attachment,
                item: wake_up.item.map(|item| item.number),
                key: wake_up.key.clone(),
                before: run,
            });
            let Some((due_at, payload)) = &wake_up.set else {
                continue;
            };
            let id = EventId(self.core.new_id(IdKind::Event));
            let due_at = later(proposal.at, WAKE_UP_PAUSE_MIN).max(*due_at);
            let event = Arc::new(Event {
                id,
                fact: Fact::TimerFired {
                    attachment: wake_up.attachment,
                    key: wake_up.key.clone(),
                    payload: payload.clone(),
                    due_at,
                },
                item: wake_up.item,
                root: id,
                depth: 0,
                caused_by: proposal.origin.run,
                at: proposal.at,
            });
            let attachment = self.directory().attachments.get(&wake_up.attachment).cloned();
            self.add_run(
                wake_up_run(run, &event, wake_up, attachment.as_deref(), due_at),
                &event,
            );
            self.outcome.batch.events.push(Arc::unwrap_or_clone(event));
        }
    }

    /// A date field changed: runs that are due relative to it move.
    fn move_waiting_dates(&mut self, proposal: &Proposal, changes: &ChangeSet, events: &[Arc<Event>]) {
        for event in events {
            let (Fact::ItemChanged { fields }, Some(id)) = (&event.fact, event.item) else {
                continue;
            };
            let Some(item) = item_of(proposal, changes, id) else {
                continue;
            };
            let directory = self.directory.as_ref().unwrap_or(&self.base);
            let moved = rescheduled(directory, item, |field| fields.iter().any(|key| key == field));
            self.outcome.batch.rescheduled.extend(moved);
        }
    }

    /// Likewise when somebody talked to the client, which is no change that a person makes, and no event of its own.
    fn move_after_contact(&mut self, proposal: &Proposal, changes: &ChangeSet) {
        for staged in changes.items.values() {
            let before = proposal.items.iter().find(|item| item.id == staged.row.id);
            if before.is_none_or(|item| item.last_contact_at == staged.row.last_contact_at) {
                continue;
            }
            let directory = self.directory.as_ref().unwrap_or(&self.base);
            let moved = rescheduled(directory, &staged.row, |field| field == "last-contact-at");
            self.outcome.batch.rescheduled.extend(moved);
        }
    }

    /// The record of an attempt, and what it means for the runs that wait for this one.
    fn end_run(&mut self, at: Timestamp, ended: Ended) {
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
            detail: None,
            due_at: after.due_at.or(ready.run.due_at),
            attempt_count: attempt.number,
            finished_at: is_final.then_some(at),
        });
        self.outcome.batch.attempts.push(attempt);
        if is_final {
            let failed = (after.state == RunState::Discarded).then_some(ready.run.attachment);
            self.settle(at, ready.run.id, failed);
        }
    }

    fn run_changes(&mut self, at: Timestamp, changes: Vec<RunChange>) {
        for change in changes {
            if change.to.is_final() {
                self.settle(at, change.run, None);
            }
            self.outcome.batch.run_changes.push(change);
        }
    }

    /// A run is final: the runs after it start, or are cancelled when it failed and its chain stops. `failed` is the
    /// attachment of a run that failed.
    fn settle(&mut self, at: Timestamp, run: RunId, failed: Option<AttachmentId>) {
        self.outcome.settled.push(run);
        let Some(waiting) = self.memory.waiting.get(&run).cloned() else {
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
        if is_ready {
            self.outcome.promoted.push(next);
        }
    }

    /// The item as this group leaves it. The committer has read those of waiting runs.
    fn item(&self, id: ItemId) -> Option<Arc<Item>> {
        let written = self.outcome.items.iter().rev().find(|item| item.id == id);
        written.cloned().or_else(|| self.core.records.item(id))
    }

    /// The rows of a change set go into the batch.
    fn rows(&mut self, changes: ChangeSet) {
        for staged in changes.items.into_values() {
            self.write(RecordKey::Item(staged.row.id));
            self.outcome.items.push(Arc::new(staged.row.clone()));
            split(
                staged,
                &mut self.outcome.batch.items_new,
                &mut self.outcome.batch.items,
            );
        }
        for staged in changes.contacts.into_values() {
            self.write(RecordKey::Contact(staged.row.id));
            split(
                staged,
                &mut self.outcome.batch.contacts_new,
                &mut self.outcome.batch.contacts,
            );
        }
        for staged in changes.activities.into_values() {
            self.write(RecordKey::Activity(staged.row.id));
            self.write(RecordKey::ActivitiesOf(staged.row.item));
            split(
                staged,
                &mut self.outcome.batch.activities_new,
                &mut self.outcome.batch.activities,
            );
        }
        for staged in changes.conversations.into_values() {
            self.write(RecordKey::Conversation(staged.row.id));
            split(
                staged,
                &mut self.outcome.batch.conversations_new,
                &mut self.outcome.batch.conversations,
            );
        }
        for staged in changes.messages.into_values() {
            self.write(RecordKey::Message(staged.row.id));
            split(
                staged,
                &mut self.outcome.batch.messages_new,
                &mut self.outcome.batch.messages,
            );
        }
        let batch = &mut self.outcome.batch;
        batch.notifications.extend(changes.notifications);
        batch.notifications_read.extend(changes.notifications_read);
        batch.timeline.extend(changes.timeline);
        batch.history.extend(changes.history);
        batch.timers_void.extend(changes.timers_void);
        batch.timers.extend(changes.timers);
        batch.deliveries.extend(changes.deliveries);
        batch.deliveries_done.extend(changes.deliveries_done);
        batch.deliveries_again.extend(changes.deliveries_again);
        batch.inbound.extend(changes.inbound);
        let done = changes.inbound_done.into_iter();
        batch
            .inbound_done
            .extend(done.map(|(id, state, note)| InboundDone { id, state, note }));
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

/// New instants for the runs of an item that are due relative to one of these fields.
fn rescheduled(directory: &Directory, item: &Item, is_changed: impl Fn(&str) -> bool) -> Vec<Rescheduled> {
    let relatives = directory.attachments.values().filter_map(|attachment| {
        let Timing::Relative { field, offset_s } = &attachment.timing else {
            return None;
        };
        is_changed(field).then(|| Rescheduled {
            attachment: attachment.id,
            item: item.id.number,
            due_at: relative(item, field, *offset_s),
        })
    });
    relatives.collect()
}

/// The item as the proposal leaves it.
fn item_of<'p>(proposal: &'p Proposal, changes: &'p ChangeSet, id: ItemId) -> Option<&'p Item> {
    let staged = changes.items.get(&id.number).map(|staged| &staged.row);
    staged.or_else(|| proposal.items.iter().map(Arc::as_ref).find(|item| item.id == id))
}

fn split<T>(staged: Staged<T>, new: &mut Vec<T>, changed: &mut Vec<(i64, T)>) {
    match staged.base {
        None => new.push(staged.row),
        Some(base) => changed.push((base, staged.row)),
    }
}

fn later(at: Timestamp, pause: Duration) -> Timestamp {
    at.plus(pause).unwrap_or(Timestamp::MAX)
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

fn wake_up_run(
    id: RunId,
    event: &Event,
    wake_up: &WakeUp,
    attachment: Option<&Attachment>,
    due_at: Timestamp,
) -> Run {
    Run {
        id,
        event: event.id,
        attachment: wake_up.attachment,
        item: wake_up.item,
        stage_entry: wake_up.stage_entry,
        cancel_on: attachment.map(|a| a.cancel_on).unwrap_or_default(),
        state: RunState::Scheduled,
        reason: Some(Reason::Delay),
        detail: None,
        due_at: Some(due_at),
        after: None,
        timer_key: Some(wake_up.key.clone()),
        attempt_count: 0,
        created_at: event.at,
        finished_at: None,
    }
}
