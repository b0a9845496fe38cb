//! The benchmark: the stage-entry job, with the whole host in this process.
//!
//! A deal enters a stage; three bundled robots are attached there: one notifies, one plans an activity, one moves the
//! deal on. A submitter sends the next deal when all effects of its last one are committed, as the peers in the
//! field are measured. Figures of one machine compare with figures of the same machine only.

mod client;
mod compare;
mod machine;
mod pace;
mod repeated;
mod report;
mod split;
mod stage_entry;
mod submitter;
mod timers;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use signalbox_crm::breaker::Limits;
use signalbox_crm::run::RunState;
use signalbox_db::{DbError, OpenOptions, RunFilter};

pub use self::compare::{Change, Worse, changes};
pub use self::repeated::{Range, Spread};
pub use self::report::{Case, Machine, Report};
pub use self::split::CpuSplit;
use self::stage_entry::{Crowd, ROBOTS, Site};
use self::submitter::{Submitters, Timing};
pub use self::timers::{TimersOptions, TimersReport, run as run_timers};
use crate::app::{App, AppOptions, BACKLOG_MAX};
use crate::clock::Clock;
use crate::engine::spending::Spent;

/// The way on which the deals come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// `POST /api/v1/items/{id}/move` with a token, over kept connections to a listener on the loopback interface.
    Http,
    /// A draft that the engine commits, as the handler of that request makes it.
    Inside,
}

impl Door {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Door::Http => "http",
            Door::Inside => "inside",
        }
    }
}

/// What is measured.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite:PATH` or `postgres://...`: an empty database. A temporary SQLite file without it.
    pub database: Option<String>,
    /// How long each case is measured, after its warm-up.
    pub measured: Duration,
    /// The cases: each number of submitters through each door.
    pub submitters: Vec<usize>,
    /// The doors.
    pub doors: Vec<Door>,
    /// Deals a second, from all submitters together; without it each sends as soon as it can.
    pub offered_per_second: Option<f64>,
    /// Deals that take turns.
    pub deal_count: usize,
    /// Deals in all: those beyond `deal_count` stand in the same pipeline.
    pub item_count: usize,
    /// Attachments in all: those beyond the three that are started belong to other stages.
    pub attachment_count: usize,
    /// How often each case is measured.
    pub repeat_count: usize,
    /// Robots that run at the same time.
    pub worker_count: u32,
}

/// A warm-up is a fifth of the measured time, and not longer than this.
const WARM_UP_MAX: Duration = Duration::from_secs(2);

/// Measures all cases, one after the other on one database, and compares the stored runs with what was submitted.
///
/// # Errors
/// A database that is not empty or cannot be opened; a deal that did not get its effects; a count that is wrong.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir().context("no folder for a temporary database")?;
    let (app, machine) = start(options.database.as_deref(), folder.path(), options.worker_count).await?;
    let measured = measure_all(options, &app).await;
    app.stop().await;
    let (cases, deal_count) = measured?;
    Ok(Report {
        machine,
        item_count: options.item_count.max(options.deal_count),
        attachment_count: options.attachment_count.max(ROBOTS as usize),
        cases,
        deal_count,
        run_count: deal_count * ROBOTS,
    })
}

/// A host on the database, or on a new one in the folder.
async fn start(database: Option<&str>, folder: &Path, worker_count: u32) -> anyhow::Result<(App, Machine)> {
    let database = match database {
        Some(url) => url.to_owned(),
        None => format!("sqlite:{}", folder.join("bench.db").display()),
    };
    let machine = Machine::found(&database, folder)?;
    let app = App::start(AppOptions {
        database: Some(database),
        // As `serve` opens it.
        open: OpenOptions {
            is_alone: false,
            ..OpenOptions::default()
        },
        clock: Clock::System,
        worker_count,
        backlog_max: BACKLOG_MAX,
        run_limits: signalbox_sandbox::Limits::default(),
        breaker: Limits::DEFAULT,
        cache_dir: None,
        compiler: None,
        inflight: None,
        keep: crate::janitor::Retention::default(),
        private_hosts: std::sync::Arc::from([]),
    })
    .await?;
    Ok((app, machine))
}

async fn measure_all(options: &Options, app: &App) -> anyhow::Result<(Vec<Case>, u64)> {
    let crowd = Crowd {
        items: options.item_count.saturating_sub(options.deal_count),
        attachments: options.attachment_count.saturating_sub(ROBOTS as usize),
    };
    let site = Arc::new(Site::build(app, options.deal_count, crowd).await?);
    // The first deal loads the robots.
    let mut deal_count = 1;
    site.play(site.deals[0]).await?;
    let loads = loads(options);
    let mut measured: Vec<Vec<Case>> = vec![Vec::new(); loads.len()];
    // All cases once, then all again: what the machine does besides meets each of them.
    for _ in 0..options.repeat_count.max(1) {
        for (load, cases) in loads.iter().zip(&mut measured) {
            let (case, deals) = measure(options.measured, &site, *load).await?;
            cases.push(case);
            deal_count += deals;
        }
    }
    check_runs(app, deal_count).await?;
    let cases = measured.iter().filter_map(|times| Case::median(times)).collect();
    Ok((cases, deal_count))
}

fn loads(options: &Options) -> Vec<Load> {
    let of_door = |door: &Door| {
        let door = *door;
        options.submitters.iter().map(move |submitters| Load {
            door,
            submitters: *submitters,
            offered_per_second: options.offered_per_second,
        })
    };
    options.doors.iter().flat_map(of_door).collect()
}

/// One case, and how many deals it submitted in all.
async fn measure(measured: Duration, site: &Arc<Site>, load: Load) -> anyhow::Result<(Case, u64)> {
    let warm_up = (measured / 5).min(WARM_UP_MAX);
    let begin = Instant::now() + warm_up;
    let timing = Timing {
        begin,
        end: begin + measured,
        offered_per_second: load.offered_per_second,
    };
    machine::forget_memory_peak();
    let submitters = Submitters::start(site, load.door, load.submitters, timing)?;
    tokio::time::sleep_until(timing.begin.into()).await;
    let before = Meter::read(site, &submitters);
    tokio::time::sleep_until(timing.end.into()).await;
    let after = Meter::read(site, &submitters);
    let done = submitters.join().await?;
    site.core.lanes.idle().await;
    let case = Case::of(load, before, after, done.latencies, machine::memory_peak_bytes());
    Ok((case, done.deal_count))
}

/// How deals come in one case.
#[derive(Debug, Clone, Copy)]
struct Load {
    door: Door,
    submitters: usize,
    offered_per_second: Option<f64>,
}

/// What is read at the beginning and at the end of the measured time.
#[derive(Debug, Clone, Copy)]
struct Meter {
    at: Instant,
    runs: u64,
    commits: u64,
    process_cpu: Option<Duration>,
    client_cpu: Option<Duration>,
    database_cpu: Option<Duration>,
    spent: Spent,
}

impl Meter {
    fn read(site: &Site, submitters: &Submitters) -> Meter {
        Meter {
            at: Instant::now(),
            runs: site.watch.completed.load(Ordering::Relaxed),
            commits: site.core.records.seq(),
            process_cpu: machine::process_cpu(),
            client_cpu: submitters.client_cpu(),
            database_cpu: machine::database_cpu(),
            spent: site.core.spending.read(),
        }
    }
}

/// Every deal has three completed runs, and there is no other run.
async fn check_runs(app: &App, deal_count: u64) -> anyhow::Result<()> {
    let completed = count_runs(app, Some(RunState::Completed)).await?;
    let all = count_runs(app, None).await?;
    let wanted = i64::try_from(deal_count * ROBOTS)?;
    ensure!(
        completed == wanted && all == wanted,
        "{deal_count} deals entered the stage: {wanted} runs must be stored and completed; {all} are stored and \
         {completed} completed"
    );
    Ok(())
}

async fn count_runs(app: &App, state: Option<RunState>) -> Result<i64, DbError> {
    let filter = RunFilter {
        state,
        ..RunFilter::default()
    };
    app.core.db.run_count(&filter).await
}
