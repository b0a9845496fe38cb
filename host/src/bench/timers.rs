//! Timers: how late runs are that are all due at the same instant.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::Serialize;
use signalbox_crm::moving::NewItem;
use signalbox_crm::people::Actor;
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::FieldValue;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::report::Machine;
use super::stage_entry::{create_in_chunks, settle};
use super::{count_runs, machine, start};
use crate::app::App;
use crate::engine::core::AttemptStored;
use crate::setup::Setup;

const SETUP: &str = include_str!("timers.toml");
/// Past this without a run, the missing ones count as lost.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// The instant of the timers that only wait.
const FAR: Duration = Duration::from_secs(366 * 86_400);
/// Deals that a host stores in a second at least, on which the lead is reckoned.
const DEALS_PER_SECOND: u32 = 2_000;

/// What is measured.
#[derive(Debug, Clone)]
pub struct TimersOptions {
    /// `sqlite:PATH` or `postgres://...`: an empty database. A temporary SQLite file without it.
    pub database: Option<String>,
    /// Runs that are due at the same instant.
    pub due_count: u32,
    /// Runs that wait for an instant a year ahead.
    pub pending_count: u32,
    /// How long before the instant the first of them is stored; reckoned from `due_count` without it.
    pub lead: Option<Duration>,
    /// Robots that run at the same time.
    pub worker_count: u32,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct TimersReport {
    /// Where.
    pub machine: Machine,
    /// Runs that were due at the same instant. Each has completed, once.
    pub due_count: u32,
    /// Runs that still wait.
    pub pending_count: u32,
    /// From the instant to the commit of a run.
    pub late_p50_ms: f64,
    /// Likewise.
    pub late_p99_ms: f64,
    /// The last run.
    pub late_max_ms: f64,
    /// CPU time of the host for each run, from the instant to the last commit.
    pub cpu_us_per_run: Option<f64>,
    /// CPU time of the host in a second before the instant, when everything waits.
    pub waiting_cpu_ms_per_s: Option<f64>,
    /// The most memory of the process.
    pub memory_peak_bytes: Option<u64>,
}

/// Stores the runs, waits for their instant, and watches them.
///
/// # Errors
/// A database that is not empty or cannot be opened; a machine that stores the runs too slowly for the lead; a run
/// that is lost, doubled or not completed.
pub async fn run(options: &TimersOptions) -> anyhow::Result<TimersReport> {
    let folder = tempfile::tempdir().context("no folder for a temporary database")?;
    let (app, machine) = start(options.database.as_deref(), folder.path(), options.worker_count).await?;
    let measured = measure(options, &app, machine).await;
    app.stop().await;
    measured
}

async fn measure(options: &TimersOptions, app: &App, machine: Machine) -> anyhow::Result<TimersReport> {
    let core = &app.core;
    let (names, admin) = settle(core, &Setup::parse(SETUP)?).await?;
    let actor = Actor::Employee(admin.employee);
    let new = |at| -> anyhow::Result<NewItem> {
        Ok(NewItem {
            pipeline: names.pipeline("sales")?,
            stage: None,
            title: "Deal of the benchmark".to_owned(),
            assignee: Some(names.employee("operator")?),
            contact: None,
            amount: None,
            source: None,
            fields: BTreeMap::from([("due".to_owned(), FieldValue::Instant(at))]),
        })
    };
    let later = |wait: Duration| {
        core.clock
            .now()
            .plus(wait)
            .context("an instant that cannot be written")
    };
    machine::forget_memory_peak();
    create_in_chunks(core, &actor, &new(later(FAR)?)?, options.pending_count as usize).await?;
    let lead = options.lead.unwrap_or_else(|| {
        Duration::from_secs(3) + Duration::from_secs(1) * options.due_count / DEALS_PER_SECOND
    });
    let due = later(lead)?;
    let attempts = core.attempts.subscribe();
    create_in_chunks(core, &actor, &new(due)?, options.due_count as usize).await?;
    let left = due.since(core.clock.now());
    ensure!(
        left >= Duration::from_secs(1),
        "it took all but {} ms of {} s to store {} runs: give more time with --lead",
        left.as_millis(),
        lead.as_secs_f64(),
        options.due_count
    );
    let waiting_cpu_ms_per_s = wait_until(left).await;
    let before = machine::process_cpu();
    let mut late = follow(attempts, due, options.due_count, app).await?;
    let cpu = before
        .zip(machine::process_cpu())
        .map(|(before, after)| after.saturating_sub(before));
    check(app, options).await?;
    late.sort_unstable();
    let place = |hundredths: usize| {
        late.get(late.len() * hundredths / 100)
            .or(late.last())
            .map_or(0.0, milliseconds)
    };
    Ok(TimersReport {
        machine,
        due_count: options.due_count,
        pending_count: options.pending_count,
        late_p50_ms: place(50),
        late_p99_ms: place(99),
        late_max_ms: place(100),
        cpu_us_per_run: cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / f64::from(options.due_count)),
        waiting_cpu_ms_per_s,
        memory_peak_bytes: machine::memory_peak_bytes(),
    })
}

fn milliseconds(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Waits, and says what CPU time a second of it took.
async fn wait_until(left: Duration) -> Option<f64> {
    let (began, before) = (Instant::now(), machine::process_cpu());
    tokio::time::sleep(left).await;
    let cpu = machine::process_cpu()?.saturating_sub(before?);
    Some(milliseconds(&cpu) / began.elapsed().as_secs_f64())
}

/// How late each run was committed. None may come before its instant.
async fn follow(
    mut attempts: broadcast::Receiver<AttemptStored>,
    due: Timestamp,
    count: u32,
    app: &App,
) -> anyhow::Result<Vec<Duration>> {
    let mut late = Vec::with_capacity(count as usize);
    while late.len() < count as usize {
        match tokio::time::timeout(SILENCE_MAX, attempts.recv()).await {
            Ok(Ok(attempt)) => {
                let now = app.core.clock.now();
                ensure!(now >= due, "{} was committed before its instant", attempt.run);
                let state = attempt.state.as_str();
                ensure!(attempt.state == RunState::Completed, "{} is {state}", attempt.run);
                late.push(now.since(due));
            }
            Ok(Err(RecvError::Lagged(missed))) => bail!("the watch missed {missed} runs"),
            Ok(Err(RecvError::Closed)) => bail!("the host has ended"),
            Err(_) => bail!(
                "{} of {count} runs did not come within {} s of the others",
                count as usize - late.len(),
                SILENCE_MAX.as_secs()
            ),
        }
    }
    Ok(late)
}

/// No run is lost or doubled, and those of the far instant wait.
async fn check(app: &App, options: &TimersOptions) -> anyhow::Result<()> {
    let completed = count_runs(app, Some(RunState::Completed)).await?;
    let scheduled = count_runs(app, Some(RunState::Scheduled)).await?;
    let all = count_runs(app, None).await?;
    let (due, pending) = (i64::from(options.due_count), i64::from(options.pending_count));
    ensure!(
        (completed, scheduled, all) == (due, pending, due + pending),
        "{due} runs must be completed and {pending} must wait; {completed} are completed, {scheduled} wait, and \
         {all} are stored"
    );
    Ok(())
}
