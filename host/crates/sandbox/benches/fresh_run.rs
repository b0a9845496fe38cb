//! What a fresh run costs: `cargo bench -p signalbox-sandbox`.
//!
//! It runs the bundled robot `notify` (five host calls) against a session in memory, one run after the other on one
//! thread, and prints the CPU time and the wall time of one run: the median of several batches.
//! `cargo bench -p signalbox-sandbox -- FILE...` does so with other robots: those of `examples/robots`, say, which make
//! five calls on a large deal.

use std::path::Path;
use std::time::{Duration, Instant};

use signalbox_build::{build_robot, robots_target_dir};
use signalbox_crm::params::ParamValue;
use signalbox_crm::run::Verdict;
use signalbox_crm::value::Money;
use signalbox_sandbox::{Limits, Robot, RunReport, Sandbox, SandboxConfig};

use desk::{Desk, entered, invocation};

// The session of the tests: one is enough.
#[path = "../../../../tests/tests/hostile/desk.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod desk;

/// What the bundled robot `script` does: five calls, with the parameter.
const SCRIPT: &str = "const item = items.get(invocation.item);
    if (Number(item.amount.amount) < 100000) return skipped('a small one');
    log.info(`${item.id} is above 100000`);
    notifications.send({ to: ['role:assignee'], title: `Large deal: ${item.title}`, text: item.amount.amount });
    timeline.addComment(item.id, `Large deal: ${item.amount.amount}`);
    return done(`told of ${item.id} at ${clock.now()}`);";

const BATCH_COUNT: usize = 11;
/// How long a batch takes, about: robots differ by a factor of a hundred.
const BATCH: Duration = Duration::from_millis(150);

fn main() {
    // cargo adds options of its own.
    let files: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let mut components: Vec<Vec<u8>> = files
        .iter()
        .map(|file| std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}")))
        .collect();
    if components.is_empty() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
        let notify = build_robot(&root.join("plugins/notify"), &robots_target_dir(root));
        components.push(notify.expect("the robot").bytes);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    for (place, component) in components.into_iter().enumerate() {
        println!("{}", files.get(place).map_or("notify", String::as_str));
        runtime.block_on(measure(component));
    }
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
    let warm = Instant::now();
    let last = batch(&sandbox, &robot, 20).await;
    assert!(matches!(last.verdict, Verdict::Done { .. }), "{last:?}");
    println!("one run: {last:?}");
    let runs_per_batch = (BATCH.as_nanos() * 20 / warm.elapsed().as_nanos().max(1)).clamp(20, 5_000) as u32;
    let mut costs = Vec::new();
    for _ in 0..BATCH_COUNT {
        let (cpu_ns, wall) = (cpu_ns(), Instant::now());
        batch(&sandbox, &robot, runs_per_batch).await;
        let runs = u64::from(runs_per_batch);
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
        ("threshold".to_owned(), ParamValue::Money(rub("100000.00"))),
        ("script".to_owned(), text(SCRIPT)),
    ];
    let mut session = Box::new(Desk::default());
    session.amount = Some(rub("500000.00"));
    sandbox
        .run(
            robot,
            invocation(number, entered()),
            params,
            session,
            Limits::default(),
        )
        .await
}

fn rub(amount: &str) -> Money {
    Money::new(amount, "RUB").expect("an amount")
}

/// CPU time of this thread (Linux, `Documentation/scheduler/sched-stats.rst`: the first number of `schedstat`).
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let first = text.split(' ').next().expect("three numbers");
    first.parse().expect("nanoseconds")
}
