//! What installed robots cost that nobody uses: `cargo bench -p signalbox --bench robots`.
//!
//! A host with one installed robot more than the bundled ones, and one with a thousand: each is filled by a process of
//! its own and started again by another one, with a warm folder of compiled robots. Robots differ in their ids only,
//! and so in their digests: for the host they have nothing in common.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox::app::{App, AppOptions, BACKLOG_MAX, WORKERS_DEFAULT, robot_version};
use signalbox::bundled::BUNDLED;
use signalbox::clock::Clock;
use signalbox::engine::committer::Proposal;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::people::Actor;
use signalbox_sandbox::inspect::inspect;

/// The host's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const COUNTS: [usize; 2] = [1, 1_000];
/// Robots whose first load is measured.
const COLD_COUNT: usize = 21;

fn main() {
    // cargo adds options of its own.
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["fill", dir, count] => run(fill(Path::new(dir), count.parse().expect("a number"))),
        ["start", dir] => run(start(Path::new(dir))),
        _ => measure(),
    }
}

fn measure() {
    println!("| robots | ready | idle | a cold robot | all robots loaded | after that |");
    println!("|---|---|---|---|---|---|");
    for count in COUNTS {
        let home = tempfile::tempdir().expect("a folder");
        let dir = home.path().to_str().expect("a name");
        let this = std::env::current_exe().expect("a benchmark knows where it is");
        for words in [vec!["fill", dir, &count.to_string()], vec!["start", dir]] {
            let status = Command::new(&this).args(&words).status();
            assert!(status.expect("it starts").success(), "{words:?}");
        }
    }
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work);
}

async fn host(dir: &Path) -> App {
    let options = AppOptions {
        database: Some(format!("sqlite:{}", dir.join("robots.db").display())),
        worker_count: WORKERS_DEFAULT,
        backlog_max: BACKLOG_MAX,
        cache_dir: Some(dir.join("code")),
        ..AppOptions::for_test(Clock::System)
    };
    App::start(options).await.expect("a host")
}

/// Installs that many robots and compiles each.
async fn fill(dir: &Path, count: usize) {
    let app = host(dir).await;
    for number in 0..count {
        let bytes = robot(number);
        let inspection = inspect(&bytes).expect("a robot");
        let mut proposal = Proposal::new(app.core.clock.now(), Actor::System);
        let version = robot_version(inspection, proposal.at, false);
        app.robots.load(bytes.clone()).await.expect("a robot");
        let change = DirectoryChange::Robot(version, Some(Arc::new(bytes)));
        proposal.changes.directory.push(change);
        app.core.submit(proposal).await.expect("a commit");
    }
    app.stop().await;
}

/// The robot `notify` under another name, which is as long.
fn robot(number: usize) -> Vec<u8> {
    const NAME: &[u8] = b"\"id\":\"notify\"";
    let (_, bytes) = BUNDLED
        .iter()
        .find(|(id, _)| *id == "notify")
        .expect("it is bundled");
    let mut bytes = bytes.to_vec();
    let place = bytes.windows(NAME.len()).position(|window| window == NAME);
    let place = place.expect("its manifest has its id");
    let name = format!("\"id\":\"r{number:05}\"");
    bytes[place..place + NAME.len()].copy_from_slice(name.as_bytes());
    bytes
}

/// A host that was there before, and prints what it costs.
async fn start(dir: &Path) {
    let started_at = Instant::now();
    let app = host(dir).await;
    let ready = started_at.elapsed();
    let idle = resident_mib();
    let directory = app.core.records.directory();
    let installed = directory.robots.values().filter(|robot| !robot.is_bundled);
    let digests: Vec<String> = installed.map(|robot| robot.digest.clone()).collect();
    let mut cold = Vec::new();
    for digest in digests.iter().take(COLD_COUNT) {
        let asked_at = Instant::now();
        app.robots.get(&app.core.db, digest).await.expect("a robot");
        cold.push(asked_at.elapsed());
    }
    cold.sort_unstable();
    for digest in &digests {
        app.robots.get(&app.core.db, digest).await.expect("a robot");
    }
    println!(
        "| {} | {} ms | {idle} MiB | {} ms | {} loaded | {} MiB |",
        digests.len(),
        ms(ready),
        ms(cold[cold.len() / 2]),
        app.robots.loaded_count(),
        resident_mib()
    );
    app.stop().await;
}

fn ms(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64() * 1_000.0)
}

/// Memory of this process that is in use (Linux, `Documentation/filesystems/proc.rst`: `VmRSS` of `status`).
fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.expect("a process has it").trim().trim_end_matches(" kB");
    kib.parse::<u64>().expect("a number") / 1024
}
