//! What the engine itself costs, without robots and without the disk: `cargo bench -p signalbox`.
//!
//! Validation of a group of stage entries by its size, and the way of a run through its lane. CPU time of one thread:
//! the median of several batches. What a robot costs is measured by the sandbox's `fresh_run`, what a transaction
//! costs by the example `commit_cost` of the database's crate.

use std::collections::BTreeMap;
use std::sync::Arc;

use signalbox::app::{App, AppOptions, BACKLOG_MAX, WORKERS_DEFAULT};
use signalbox::clock::Clock;
use signalbox::engine::committer::Proposal;
use signalbox::engine::core::SharedCore;
use signalbox::engine::draft::Draft;
use signalbox::engine::ids::Marks;
use signalbox::engine::lanes::{LaneKey, Lanes, ReadyRun, Task};
use signalbox::engine::plan::{Memory, Plan, Waiting};
use signalbox::setup::{Names, Setup};
use signalbox_crm::attachment::CancelOn;
use signalbox_crm::event::{Event, Fact};
use signalbox_crm::ids::{AttachmentId, EventId, ItemId, ItemKind, RunId};
use signalbox_crm::moving::{NewItem, Reach, create_item, move_item};
use signalbox_crm::people::Actor;
use signalbox_crm::run::{Failures, Run, RunState};
use signalbox_crm::time::Timestamp;

const SETUP: &str = include_str!("../src/bench/setup.toml");
const BATCH_COUNT: usize = 11;
const DEALS: usize = 1_000;
const RUNS: i64 = 10_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(measure());
}

async fn measure() {
    let app = App::start(AppOptions {
        worker_count: WORKERS_DEFAULT,
        backlog_max: BACKLOG_MAX,
        ..AppOptions::for_test(Clock::System)
    })
    .await
    .expect("a host in memory");
    let core = &app.core;
    let names = Setup::parse(SETUP).expect("a set-up").apply(core).await;
    let names = names.expect("an empty database");
    let deals = deals(core, &names).await;
    for group in [1, 8, 32, 128] {
        let cpu = median_of_batches(|| validate(core, &names, &deals, group));
        println!("validation of a stage entry in groups of {group:3}: CPU {cpu} ns");
    }
    let cpu = median_of_batches(through_lanes);
    println!("a run through its lane: CPU {cpu} ns");
    app.stop().await;
}

async fn deals(core: &SharedCore, names: &Names) -> Vec<ItemId> {
    let mut draft = Draft::new(core, Actor::System);
    let new = NewItem {
        pipeline: names.pipeline("sales").expect("a pipeline"),
        stage: None,
        title: "Deal of the benchmark".to_owned(),
        assignee: Some(names.employee("operator").expect("an employee")),
        contact: None,
        amount: None,
        source: None,
        fields: BTreeMap::new(),
    };
    let create = |_| {
        let created = draft.rule(|rules, changes| create_item(rules, changes, new.clone()));
        created.expect("a deal").id
    };
    let deals = (0..DEALS).map(create).collect();
    draft.commit().await.expect("a commit");
    deals
}

/// Plans groups that are never stored; says what one entry cost.
fn validate(core: &SharedCore, names: &Names, deals: &[ItemId], group: usize) -> u64 {
    let groups: Vec<Vec<Proposal>> = deals
        .chunks(group)
        .map(|deals| deals.iter().map(|deal| entry(core, names, *deal)).collect())
        .collect();
    let mut memory = Memory::new(Marks::stored(&BTreeMap::new()), Vec::new(), false);
    let began = cpu_ns();
    for proposals in groups {
        let mut plan = Plan::new(core, &mut memory, Waiting::new());
        for proposal in proposals {
            let admitted = plan.admit_stack(vec![proposal]).pop().expect("one answer");
            admitted.expect("nobody else commits");
        }
        std::hint::black_box(plan.finish());
    }
    (cpu_ns() - began) / deals.len() as u64
}

/// A stage entry that starts three runs.
fn entry(core: &SharedCore, names: &Names, deal: ItemId) -> Proposal {
    let stage = names.stage("sales/offer").expect("a stage");
    let mut draft = Draft::new(core, Actor::System);
    let item = from_memory(draft.item(deal)).expect("a deal");
    let reach = Reach {
        back: true,
        across: false,
    };
    let moved = draft.rule(|rules, changes| move_item(rules, changes, item, stage, reach));
    moved.expect("a move");
    draft.into_proposal()
}

/// The answer of a read for which the database is not asked.
fn from_memory<T>(read: impl Future<Output = T>) -> T {
    let mut waker = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(read).poll(&mut waker) {
        std::task::Poll::Ready(found) => found,
        std::task::Poll::Pending => panic!("it was written just now"),
    }
}

/// Runs of three attachments on a third as many deals, pushed by 30 and taken one by one; says what one cost.
fn through_lanes() -> u64 {
    let lanes = Lanes::new(WORKERS_DEFAULT);
    let tasks: Vec<(LaneKey, Task)> = (0..RUNS).map(task).collect();
    let mut tasks = tasks.into_iter();
    let began = cpu_ns();
    let mut waker = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        let mut left = tasks.by_ref().take(30).peekable();
        if left.peek().is_none() {
            break;
        }
        lanes.push(left);
        while lanes.open_count() > 0 {
            let take = std::pin::pin!(lanes.take());
            let std::task::Poll::Ready((key, task)) = take.poll(&mut waker) else {
                break;
            };
            lanes.done(key, &task);
        }
    }
    (cpu_ns() - began) / RUNS.unsigned_abs()
}

fn task(id: i64) -> (LaneKey, Task) {
    let item = ItemId {
        kind: ItemKind::Deal,
        number: id / 3,
    };
    let at = Timestamp::from_micros(1_770_000_000_000_000);
    let run = Run {
        id: RunId(id),
        event: EventId(id / 3),
        attachment: AttachmentId(id % 3),
        item: Some(item),
        stage_entry: Some(1),
        cancel_on: CancelOn::Never,
        state: RunState::Available,
        reason: None,
        detail: None,
        due_at: Some(at),
        after: None,
        timer_key: None,
        attempt_count: 0,
        failures: Failures::default(),
        created_at: at,
        finished_at: None,
    };
    let event = Event {
        id: EventId(id / 3),
        fact: Fact::ItemCreated { source: None },
        item: Some(item),
        root: EventId(id / 3),
        depth: 0,
        caused_by: None,
        at,
    };
    let event = Arc::new(event);
    (LaneKey::of(&run), Task::Run(Box::new(ReadyRun { run, event })))
}

fn median_of_batches(batch: impl Fn() -> u64) -> u64 {
    let mut costs: Vec<u64> = (0..BATCH_COUNT).map(|_| batch()).collect();
    costs.sort_unstable();
    costs[BATCH_COUNT / 2]
}

/// CPU time of this thread (Linux, `Documentation/scheduler/sched-stats.rst`: the first number of `schedstat`).
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let first = text.split(' ').next().expect("three numbers");
    first.parse().expect("nanoseconds")
}
