//! The only writer: commits whatever is ready as one group.
//!
//! Natural batching: a group is what queued up while the last group was being stored, with a cap and without an
//! artificial wait. Validation happens in memory; the database gets one transaction of set-based statements.

mod others;

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use signalbox_crm::bulk::Bulk;
use signalbox_crm::event::Origin;
use signalbox_crm::ids::{AttachmentId, EventId, RunId, TimerId};
use signalbox_crm::item::Item;
use signalbox_crm::lifecycle::After;
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::run::{Attempt, Run};
use signalbox_crm::shard::ShardSet;
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::Inbound;
use signalbox_db::{Check, Committed, DbError, Expiry, IdempotencyRow, ScheduleMove};
use tokio::sync::{mpsc, oneshot};

use self::others::{changed_elsewhere, is_for_others, meet_others, refresh};
use super::alarm::first_due_at;
use super::changes::topics;
use super::core::Core;
use super::fair::classes;
use super::lanes::{LaneKey, ReadyRun, Task};
use super::plan::{Memory, Outcome, Plan, read_waiting};
use super::recent::RecordKey;
use super::storing;
use super::turn::{TURN_MAX, Turn};
use signalbox_crm::changes::ChangeSet;

/// The most proposals in one group: 70 to 80 percent of the throughput of 1,000, at a tenth of the latency.
pub const GROUP_MAX: usize = 128;
/// Proposals that may wait. A submitter waits for a place beyond that.
pub const QUEUE_MAX: usize = 1024;

/// How often a group is tried again because other hosts have changed what it read.
const MEETINGS_MAX: u32 = 8;

/// What a draft wants to be stored, and what it has read.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The time of the change.
    pub at: Timestamp,
    /// Who changes.
    pub actor: Actor,
    /// Where the facts come from.
    pub origin: Origin,
    /// Everything that was read.
    pub reads: Vec<RecordKey>,
    /// Likewise, as the database can check it; empty unless several hosts share it.
    pub checks: Vec<(RecordKey, Check)>,
    /// The last commit when reading began.
    pub as_of: u64,
    /// Items that were read: matching looks at them.
    pub items: Vec<Arc<Item>>,
    /// What changes.
    pub changes: ChangeSet,
    /// The record of the run, when a run proposes.
    pub ended: Option<Ended>,
    /// Runs that became final in an earlier commit: those that wait for them start.
    pub settled: Vec<RunId>,
    /// Runs whose time has come.
    pub due: Vec<ReadyRun>,
    /// Runs that wait in the database, which this host takes up.
    pub claims: Vec<ReadyRun>,
    /// Likewise raw events.
    pub inbound_claims: Vec<Inbound>,
    /// Nothing else waits there of what was left for this host up to this count.
    pub claims_all: Option<u64>,
    /// Shards that this host gives away.
    pub released: Option<ShardSet>,
    /// Timers that this change answers.
    pub timers_fired: Vec<TimerId>,
    /// Schedules that this change moves on.
    pub schedules: Vec<ScheduleMove>,
    /// A bulk change with the version that it must still have; none: it is new.
    pub bulk: Option<(Option<i64>, Bulk)>,
    /// The answer to a create request, kept under its key.
    pub idempotency: Option<IdempotencyRow>,
    /// Attachments whose robot pauses no more: their runs go on.
    pub resumed: Vec<AttachmentId>,
    /// Positions of imports and rehearsals, and pauses of robots.
    pub meta: Vec<(String, String)>,
    /// What has served and goes.
    pub expired: Vec<Expiry>,
}

impl Proposal {
    /// A change that has read nothing.
    pub fn new(at: Timestamp, actor: Actor) -> Self {
        Proposal {
            at,
            actor,
            origin: Origin::OUTSIDE,
            reads: Vec::new(),
            checks: Vec::new(),
            as_of: 0,
            items: Vec::new(),
            changes: ChangeSet::default(),
            ended: None,
            settled: Vec::new(),
            due: Vec::new(),
            claims: Vec::new(),
            inbound_claims: Vec::new(),
            claims_all: None,
            released: None,
            timers_fired: Vec::new(),
            schedules: Vec::new(),
            bulk: None,
            idempotency: None,
            resumed: Vec::new(),
            meta: Vec::new(),
            expired: Vec::new(),
        }
    }
}

/// The end of an attempt.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The run.
    pub ready: ReadyRun,
    /// What happened.
    pub attempt: Attempt,
    /// What follows.
    pub after: After,
}

/// What the committer is asked for.
pub enum Request {
    /// To store a proposal.
    Commit(Box<Submission>),
    /// To store nothing but what comes through the turn, until it is dropped.
    Turn(oneshot::Sender<Turn>),
    /// To read the set-up anew, which another host has changed.
    Refresh,
}

/// Proposals that are stored in one transaction, and who waits for the answers.
#[derive(Debug)]
pub struct Submission {
    /// At least one. Each may build upon those before it: when one is refused, all behind it are.
    pub proposals: Vec<Proposal>,
    /// Gets the answers after the transaction has ended.
    pub reply: oneshot::Sender<Answers>,
}

impl Submission {
    /// A submission, and where its answers come.
    pub fn new(proposals: Vec<Proposal>) -> (Self, oneshot::Receiver<Answers>) {
        let (reply, answers) = oneshot::channel();
        (Submission { proposals, reply }, answers)
    }
}

/// What became of each proposal.
pub type Answers = Vec<Result<Receipt, CommitError>>;

/// It is stored.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The number of the commit.
    pub seq: u64,
    /// The events that the proposal made, in order.
    pub events: Vec<EventId>,
    /// The runs that these events made.
    pub runs: Vec<Run>,
    /// What the whole group's transaction reported.
    pub committed: Arc<Committed>,
}

/// It is not stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// Something that was read has changed: read again.
    #[error("{0:?} was changed meanwhile")]
    Stale(RecordKey),
    /// A rule says no at commit.
    #[error(transparent)]
    Rejected(Rejection),
    /// It builds upon a proposal that is not stored: read again.
    #[error("what it builds upon was not stored")]
    Unfounded,
    /// The database refuses or cannot be reached.
    #[error("the change could not be stored")]
    Db(#[source] Arc<DbError>),
    /// The host is shutting down.
    #[error("the host is shutting down")]
    Closed,
}

impl CommitError {
    /// Whether somebody else was faster: made again, the same may be stored.
    pub fn is_conflict(&self) -> bool {
        match self {
            CommitError::Stale(_) | CommitError::Unfounded => true,
            CommitError::Db(error) => matches!(error.as_ref(), DbError::Conflict(_)),
            CommitError::Rejected(_) | CommitError::Closed => false,
        }
    }
}

/// Commits groups until every submitter is gone. Never cancel it: it runs as a task of its own.
pub async fn run(core: Arc<Core>, mut requests: mpsc::Receiver<Request>, mut memory: Memory) {
    let mut asked = Vec::with_capacity(GROUP_MAX);
    while requests.recv_many(&mut asked, GROUP_MAX).await > 0 {
        let mut group = Vec::with_capacity(asked.len());
        for request in asked.drain(..) {
            match request {
                Request::Commit(submission) => group.push(*submission),
                Request::Turn(reply) => {
                    commit_group(&core, &mut memory, std::mem::take(&mut group)).await;
                    give_turn(&core, &mut memory, reply).await;
                }
                Request::Refresh => {
                    if let Err(error) = refresh(&core).await {
                        tracing::error!(error = %error, "The set-up cannot be read: {error}");
                    }
                }
            }
        }
        commit_group(&core, &mut memory, group).await;
    }
}

/// Stores what comes through the turn, until it is dropped or has lasted too long.
async fn give_turn(core: &Core, memory: &mut Memory, reply: oneshot::Sender<Turn>) {
    let (turn, mut queue) = Turn::new();
    if reply.send(turn).is_err() {
        return;
    }
    let mut end = pin!(tokio::time::sleep(TURN_MAX));
    loop {
        let next = tokio::select! {
            next = queue.recv() => next,
            () = &mut end, if !queue.is_closed() => {
                tracing::warn!("A run that commits alone took longer than {TURN_MAX:?}: others go on");
                queue.close();
                continue;
            }
        };
        match next {
            Some(submission) => commit_group(core, memory, vec![submission]).await,
            None => return,
        }
    }
}

/// Stores a group in one transaction; when the database refuses it, each half of it in one, and so on, so that one bad
/// proposal does not take the others with it.
async fn commit_group(core: &Core, memory: &mut Memory, group: Vec<Submission>) {
    if group.is_empty() {
        return;
    }
    let (stacks, replies): (Vec<_>, Vec<_>) = group.into_iter().map(|s| (s.proposals, s.reply)).unzip();
    let answers = store_halves(core, memory, stacks).await;
    for (reply, answers) in replies.into_iter().zip(answers) {
        // The submitter may have gone away; what is stored is stored.
        let _ = reply.send(answers);
    }
}

/// Proposals of which each may build upon those before it.
type Stack = Vec<Proposal>;

/// The answers for each stack.
async fn store_halves(core: &Core, memory: &mut Memory, stacks: Vec<Stack>) -> Vec<Answers> {
    let mut answers = Vec::with_capacity(stacks.len());
    // The next part is the last one.
    let mut parts = vec![stacks];
    while let Some(mut part) = parts.pop() {
        match store(core, memory, &part).await {
            Ok(stored) => answers.extend(stored),
            Err(error) if part.len() == 1 || error.is_passing() => {
                let error = Arc::new(error);
                let refused = |_| Err(CommitError::Db(Arc::clone(&error)));
                answers.extend(part.iter().map(|stack| stack.iter().map(refused).collect()));
            }
            Err(_) => {
                let second = part.split_off(part.len() / 2);
                parts.extend([second, part]);
            }
        }
    }
    answers
}

/// Stores the proposals that pass. Runs that the database cancelled meanwhile, because an item left a stage, may have
/// others behind them that go on: these start in a commit of their own; when it fails, after the next one or the next
/// start.
async fn store(core: &Core, memory: &mut Memory, stacks: &[Stack]) -> Result<Vec<Answers>, DbError> {
    let answers = store_once(core, memory, stacks).await?;
    if !memory.left_behind.is_empty() {
        let proposal = Proposal {
            settled: memory.left_behind.clone(),
            ..Proposal::new(core.clock.now(), Actor::System)
        };
        match store_once(core, memory, &[vec![proposal]]).await {
            Ok(_) => memory.left_behind.clear(),
            Err(error) => {
                tracing::error!(error = %error, "Runs after cancelled ones cannot go on now: {error}")
            }
        }
    }
    Ok(answers)
}

/// As `store_all`; as often as other hosts have changed what was read meanwhile. Who has read that is refused then, and
/// the others have another try.
async fn store_once(core: &Core, memory: &mut Memory, stacks: &[Stack]) -> Result<Vec<Answers>, DbError> {
    for _ in 0..MEETINGS_MAX {
        match store_all(core, memory, stacks.to_vec()).await {
            Err(DbError::Stale(_)) => {}
            done => return done,
        }
    }
    Err(DbError::Conflict("row that other hosts change"))
}

/// Validates the proposals, stores those that pass, and makes them visible.
async fn store_all(core: &Core, memory: &mut Memory, stacks: Vec<Stack>) -> Result<Vec<Answers>, DbError> {
    let waiting = read_waiting(core, memory, &stacks).await?;
    let began = Instant::now();
    let mut plan = Plan::new(core, memory, waiting);
    let admitted: Vec<_> = stacks.into_iter().map(|stack| plan.admit_stack(stack)).collect();
    if admitted.iter().flatten().all(Result::is_err) {
        let refused = |answer: Result<_, CommitError>| answer.and(Err(CommitError::Closed));
        return Ok(admitted
            .into_iter()
            .map(|stack| stack.into_iter().map(refused).collect())
            .collect());
    }
    let outcome = plan.finish();
    core.spending.add_validation(began.elapsed());
    let committed = match storing::commit(core, &outcome.batch).await {
        Ok(committed) => Arc::new(committed),
        Err(error) => {
            outcome.withdraw(memory);
            if let DbError::Stale(stale) = &error {
                let (keys, queues) = changed_elsewhere(&outcome, stale);
                meet_others(core, memory, keys, &queues).await?;
            }
            return Err(error);
        }
    };
    let seq = publish(core, memory, outcome, &committed);
    let receipt = |(events, runs)| Receipt {
        seq,
        events,
        runs,
        committed: Arc::clone(&committed),
    };
    let answer = |admitted: Result<_, CommitError>| admitted.map(receipt);
    Ok(admitted
        .into_iter()
        .map(|stack| stack.into_iter().map(answer).collect())
        .collect())
}

/// Makes a commit visible: memory first, then the runs that may start.
fn publish(core: &Core, memory: &mut Memory, outcome: Outcome, committed: &Committed) -> u64 {
    if let Some(directory) = &outcome.directory {
        core.lanes.set_classes(classes(directory, core.worker_count));
    }
    let is_shared = core.shards.host_count() > 1;
    let topics = (is_shared || core.changes.is_watched())
        .then(|| topics(&outcome.keys, &outcome.batch, !committed.cancelled.is_empty()));
    let seq = core
        .records
        .committed(&outcome.items, outcome.keys, outcome.directory);
    memory.committed(&outcome.batch);
    memory.note_cancelled(&committed.cancelled);
    let lanes: Vec<LaneKey> = outcome.left.iter().map(|item| LaneKey::Item(*item)).collect();
    core.lanes.forget(&lanes, &committed.cancelled);
    // What was left in the database came before what is held now.
    let claims = outcome.claims.into_iter();
    let claimed = claims.filter(|ready| committed.claimed.contains(&ready.run.id));
    let inbound_claims = outcome.inbound_claims.iter();
    let inbound_claimed = inbound_claims.filter(|inbound| committed.inbound_claimed.contains(&inbound.id));
    let claimed = claimed
        .map(task_of_run)
        .chain(inbound_claimed.map(task_of_inbound));
    let claimed = with_late(claimed.collect(), memory, outcome.claims_all.is_some());
    core.lanes.push(claimed);
    if let Some(left_count) = outcome.claims_all {
        core.shards.caught_up(left_count);
    }
    let is_current = |ready: &ReadyRun| !committed.cancelled.contains(&ready.run.id);
    let promoted = outcome
        .promoted
        .into_iter()
        .filter(|ready| committed.changed.contains(&ready.run.id));
    let runs = outcome.ready.into_iter().chain(promoted).filter(is_current);
    let held = &outcome.batch.inbound_held;
    let stored =
        |inbound: &&Inbound| held.contains(&inbound.id) && committed.inbound_stored.contains(&inbound.id);
    let inbound = outcome.batch.inbound.iter().filter(stored);
    let tasks: Vec<_> = runs
        .map(task_of_run)
        .chain(inbound.map(task_of_inbound))
        .collect();
    // The group was planned before shards came or went. What was another host's may be this one's by now, and what is
    // this one's may have to wait for what was left in the database meanwhile.
    let has_moved = outcome.epoch != core.shards.epoch();
    let may_be_own = has_moved && (outcome.has_work_for_others || !tasks.is_empty());
    match has_moved {
        true => memory.late.extend(tasks),
        false => core.lanes.push(tasks),
    }
    if may_be_own {
        core.shards.fall_behind();
    }
    if outcome.leaves_behind || may_be_own {
        core.shards.left_behind();
    }
    if let Some(topics) = topics {
        if is_shared {
            let is_work = outcome.has_work_for_others || is_for_others(core, &outcome.batch);
            core.tidings.add(is_work, topics.iter().copied());
        }
        core.changes.tell(seq, topics);
    }
    for attempt in outcome.attempts {
        // Nobody may be watching.
        let _ = core.attempts.send(attempt);
    }
    if let Some(at) = first_due_at(&outcome.batch) {
        core.alarm.ring_for(at);
    }
    if !outcome.batch.deliveries.is_empty() || !outcome.batch.deliveries_again.is_empty() {
        core.outbox_changed.notify_one();
    }
    if !outcome.batch.requests.is_empty() || !outcome.batch.requests_again.is_empty() {
        core.requests_changed.notify_one();
    }
    if !outcome.batch.bulks_new.is_empty() {
        core.bulk_changed.notify_one();
    }
    seq
}

/// What was claimed, and what was stored late, in the order in which it came; all of that once everything is claimed.
fn with_late(mut claimed: Vec<(LaneKey, Task)>, memory: &mut Memory, is_all: bool) -> Vec<(LaneKey, Task)> {
    let order = |(_, task): &(LaneKey, Task)| match task {
        Task::Run(ready) => (0, ready.run.id.0),
        Task::Inbound(id) => (1, id.0),
    };
    let last = claimed.iter().map(order).max();
    let (now, later) = std::mem::take(&mut memory.late)
        .into_iter()
        .partition::<Vec<_>, _>(|task| is_all || last.is_some_and(|last| order(task) < last));
    memory.late = later;
    if !now.is_empty() {
        claimed.extend(now);
        claimed.sort_by_key(order);
    }
    claimed
}

/// A run, for its lane.
pub fn task_of_run(ready: ReadyRun) -> (LaneKey, Task) {
    (LaneKey::of(&ready.run), Task::Run(Box::new(ready)))
}

/// What a provider sent, for the lane of its chat.
pub fn task_of_inbound(inbound: &Inbound) -> (LaneKey, Task) {
    let key = match &inbound.chat {
        Some(chat) => LaneKey::Chat(inbound.channel, chat.clone()),
        None => LaneKey::Inbound(inbound.id),
    };
    (key, Task::Inbound(inbound.id))
}

/// The runs of a receipt, for people.
impl Receipt {
    /// The ids of the runs that the proposal's events made.
    pub fn run_ids(&self) -> Vec<RunId> {
        self.runs.iter().map(|run| run.id).collect()
    }
}
