//! What a fresh run costs: `cargo bench -p signalbox-sandbox`.
//!
//! It runs the bundled robot `notify` (five host calls) against a session in memory, one run after the other on one
//! thread, and prints the CPU time and the wall time of one run: the median of several batches.

use std::path::Path;
use std::time::Instant;

use signalbox_build::{build_robot, robots_target_dir};
use signalbox_crm::event::Fact;
use signalbox_crm::ids::{AttachmentId, EventId, PipelineId, RunId, StageId};
use signalbox_crm::params::ParamValue;
use signalbox_crm::run::Verdict;
use signalbox_sandbox::{Invocation, Limits, Robot, RunReport, Sandbox, SandboxConfig};

use desk::{Desk, deal};

// The session of the tests: one is enough.
#[path = "../../../../tests/tests/hostile/desk.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod desk;

const BATCH_COUNT: usize = 11;
const RUNS_PER_BATCH: u32 = 2_000;

fn main() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    let component = build_robot(&root.join("plugins/notify"), &robots_target_dir(root)).expect("the robot");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(measure(component.bytes));
}

async fn measure(component: Vec<u8>) {
    let cache = std::env::temp_dir().join(format!("signalbox-bench-{}", std::process::id()));
    let config = SandboxConfig {
        cache_dir: Some(cache.clone()),
        ..SandboxConfig::default()
    };
    for _ in 0..2 {
        let sandbox = Sandbox::new(config.clone()).expect("a sandbox");
        let started_at = Instant::now();
        let robot = sandbox.load(component.clone()).await.expect("a robot");
        let took = started_at.elapsed();
        println!("load {:?} of {} bytes: {took:?}", robot.cache(), component.len());
    }
    let sandbox = Sandbox::new(config).expect("a sandbox");
    let robot = sandbox.load(component).await.expect("a robot");
    println!("pooled: {}", sandbox.is_pooled());
    let last = batch(&sandbox, &robot, 200).await;
    assert!(matches!(last.verdict, Verdict::Done { .. }), "{last:?}");
    println!("one run: {last:?}");
    let mut costs = Vec::new();
    for _ in 0..BATCH_COUNT {
        let (cpu_ns, wall) = (cpu_ns(), Instant::now());
        batch(&sandbox, &robot, RUNS_PER_BATCH).await;
        let runs = u64::from(RUNS_PER_BATCH);
        let cpu = (self::cpu_ns() - cpu_ns) / runs;
        costs.push((cpu, wall.elapsed().as_nanos() as u64 / runs));
    }
    costs.sort_unstable();
    let (cpu, wall) = costs[BATCH_COUNT / 2];
    let (least, most) = (costs[0].0, costs[BATCH_COUNT - 1].0);
    println!("fresh run: CPU {cpu} ns (batches {least} to {most}), wall {wall} ns");
    // A folder of the bench's own; what is left of it does no harm.
    let _ = std::fs::remove_dir_all(cache);
}

async fn batch(sandbox: &Sandbox, robot: &Robot, count: u32) -> RunReport {
    let mut number = 0;
    loop {
        number += 1;
        let report = run(sandbox, robot, number).await;
        if number == i64::from(count) {
            return report;
        }
    }
}

async fn run(sandbox: &Sandbox, robot: &Robot, number: i64) -> RunReport {
    let invocation = Invocation {
        run: RunId(number),
        attachment: AttachmentId(1),
        attempt: 1,
        item: Some(deal(17)),
        event: EventId(1),
        happened_at: desk::noon(),
        cause: Fact::StageEntered {
            pipeline: PipelineId(1),
            stage: StageId(2),
            from: Some(StageId(1)),
        },
    };
    let text = |text: &str| ParamValue::Text(text.to_owned());
    let params = vec![
        (
            "to".to_owned(),
            ParamValue::Many(vec!["role:assignee".to_owned()]),
        ),
        ("title".to_owned(), text("Новая сделка")),
        (
            "text".to_owned(),
            text("Крыша для дачи: позвоните клиенту сегодня"),
        ),
    ];
    let session = Box::new(Desk::default());
    sandbox
        .run(robot, invocation, params, session, Limits::default())
        .await
}

/// CPU time of this thread (Linux, `Documentation/scheduler/sched-stats.rst`: the first number of `schedstat`).
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let first = text.split(' ').next().expect("three numbers");
    first.parse().expect("nanoseconds")
}
