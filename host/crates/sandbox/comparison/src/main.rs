//! What the sandbox costs: `cargo bench -p signalbox-comparison`.
//!
//! One job with five host calls in several ways, in turns on one thread: a parameter and a deal are read, somebody is
//! told, a call is planned, the deal moves on. Every way has to draft the same changes and to say the same words.
//! A run starts from nothing each time: a fresh instance, a fresh Lua state, a fresh Rhai scope; what can be compiled
//! before is. The figure is CPU time of one run, the median of the rounds.
//! `cargo bench -p signalbox-comparison -- WORD` measures the ways whose names contain the word, for a profiler.

mod bare;
mod core_json;
mod job;
mod lua;
mod plain;
mod rhai_script;
mod sandboxed;

use std::path::Path;
use std::time::{Duration, Instant};

use mimalloc::MiMalloc;
use signalbox_build::{build_robot, robots_target_dir};

use job::Done;

/// The host's own allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const ROUND_COUNT: usize = 15;
/// How long a way's turn takes, about: the ways differ by a factor of a hundred.
const TURN: Duration = Duration::from_millis(100);

/// A way to do the job.
pub(crate) trait Way {
    /// For the table.
    fn name(&self) -> &'static str;
    /// Does the job so many times, each from nothing, and gives back what the last one did.
    fn work(&mut self, times: u32) -> Done;
}

fn main() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../.."));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let robot = build_robot(&here.join("robot"), &robots_target_dir(root)).expect("the robot");
    let module = core_json::module(root);
    let mut ways: Vec<Box<dyn Way>> = vec![
        Box::new(bare::AsyncBare::new(&robot.bytes)),
        Box::new(bare::Bare::new(&robot.bytes)),
        Box::new(sandboxed::Sandboxed::new(robot.bytes)),
        Box::new(core_json::CoreJson::new(&module)),
        Box::new(rhai_script::Rhai::new()),
        Box::new(lua::LuaScript::new()),
        Box::new(plain::Plain),
    ];
    // cargo adds options of its own.
    let word = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let mut round_count = ROUND_COUNT;
    if let Some(word) = word {
        ways.retain(|way| way.name().contains(&word));
        round_count *= 5;
    }
    let expected = job::expected();
    let turns: Vec<u32> = ways
        .iter_mut()
        .map(|way| {
            assert_eq!(way.work(1), expected, "{}", way.name());
            turn(way.as_mut())
        })
        .collect();
    let mut costs = vec![Vec::new(); ways.len()];
    for _ in 0..round_count {
        for ((way, times), costs) in ways.iter_mut().zip(&turns).zip(&mut costs) {
            let before_ns = cpu_ns();
            let done = way.work(*times);
            costs.push((cpu_ns() - before_ns) / u64::from(*times));
            assert_eq!(done, expected, "{}", way.name());
        }
    }
    print(&ways, costs);
}

/// How many runs make a turn.
fn turn(way: &mut dyn Way) -> u32 {
    let started_at = Instant::now();
    way.work(50);
    let per_run_ns = (started_at.elapsed().as_nanos() / 50).max(1);
    u32::try_from(TURN.as_nanos() / per_run_ns).map_or(u32::MAX, |times| times.max(20))
}

fn print(ways: &[Box<dyn Way>], costs: Vec<Vec<u64>>) {
    let mut base = None;
    println!("| way | CPU us/run | least to most | to bare wasmtime |");
    println!("|---|---|---|---|");
    for (way, mut costs) in ways.iter().zip(costs) {
        costs.sort_unstable();
        let median = costs[costs.len() / 2];
        let base = *base.get_or_insert(median);
        println!(
            "| {} | {} | {} to {} | {:.2} |",
            way.name(),
            us(median),
            us(costs[0]),
            us(costs[costs.len() - 1]),
            median as f64 / base as f64
        );
    }
}

fn us(ns: u64) -> String {
    format!("{:.1}", ns as f64 / 1_000.0)
}

/// CPU time of this thread (Linux, `Documentation/scheduler/sched-stats.rst`: the first number of `schedstat`).
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let first = text.split(' ').next().expect("three numbers");
    first.parse().expect("nanoseconds")
}
