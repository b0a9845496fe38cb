//! A rehearsal: a real history on a virtual clock, with robots attached to it, and a report of what they did.
//!
//! One worker takes the runs one after the other, and nothing starts while an instant's timers fire: so the same log,
//! mapping, set-up and seed make the same database, row by row, on SQLite and on PostgreSQL. The report is computed from
//! the database, so that a rehearsal that was interrupted and goes on ends with the same one.

mod drive;
mod input;
mod place;
pub mod report;
mod text;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use serde::Serialize;
use signalbox_crm::breaker::Limits;
use signalbox_crm::time::Timestamp;
use signalbox_db::{OpenOptions, Synchronous};

use crate::app::{App, AppOptions, BACKLOG_MAX};
use crate::clock::Clock;
use crate::eventlog::mapping::Language;
use crate::janitor::Retention;

pub(crate) use input::read_plan;
pub use input::{Input, InputError};
pub use place::{Identity, PlaceError};
pub use report::{Report, collect};
pub use text::{machine_text, report_text};

/// What is rehearsed, and where.
#[derive(Debug, Clone)]
pub struct RehearsalOptions {
    /// The XES log, plain or in gzip.
    pub log: PathBuf,
    /// The mapping of the log.
    pub mapping: PathBuf,
    /// The set-up with the attachments.
    pub setup: PathBuf,
    /// `sqlite:PATH` or `postgres://...`.
    pub database: String,
    /// Only so many cases, from the beginning of the log.
    pub case_limit: Option<usize>,
    /// Where the random numbers of robots and the pauses before another attempt come from.
    pub seed: u32,
    /// The language of titles and names.
    pub language: Language,
}

/// How far a rehearsal is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Steps of the history that were played.
    pub step: usize,
    /// Steps of the history.
    pub step_total: usize,
    /// The virtual time.
    pub at: Timestamp,
    /// Runs that were made, those of earlier sessions included.
    pub run_count: i64,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Go {
    /// Go on.
    On,
    /// Finish the instant, store the place, and end.
    Stop,
}

/// How a rehearsal ended.
#[derive(Debug)]
pub enum Outcome {
    /// The history is at its end.
    Done(Box<Finished>),
    /// It was stopped; the same call goes on from there.
    Interrupted(Progress),
}

/// The end of a rehearsal.
#[derive(Debug)]
pub struct Finished {
    /// What happened: the same for each run with the same input.
    pub report: Report,
    /// What depends on the machine.
    pub machine: Machine,
}

/// What depends on the machine.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// Time that the history took, over all sessions, in milliseconds.
    pub elapsed_ms: u64,
    /// Time inside robots, in milliseconds.
    pub robots_ms: u64,
    /// Steps of the history and attempts of robots: each is a commit.
    pub commit_count: u64,
    /// Attempts of robots in a second.
    pub attempts_per_s: u64,
}

/// Plays the history to its end, or until `watch` says stop; it is asked before each new instant.
///
/// # Errors
/// `InputError`, `PlaceError`, `DbError`, and whatever the set-up is refused for.
pub async fn rehearse(
    options: &RehearsalOptions,
    watch: &mut (dyn FnMut(Progress) -> Go + Send),
) -> anyhow::Result<Outcome> {
    let input = Input::read(options)?;
    let first_at = input.first_at()?;
    let open = OpenOptions {
        // A rehearsal can be repeated: a power loss may take it.
        synchronous: Synchronous::Off,
        ..OpenOptions::default()
    };
    let start_at = place::start_at(&options.database, &open, first_at).await?;
    let app = App::start(AppOptions {
        database: Some(options.database.clone()),
        open,
        clock: Clock::starting_at(start_at),
        worker_count: 1,
        backlog_max: BACKLOG_MAX,
        run_limits: signalbox_sandbox::Limits::default(),
        breaker: Limits::DEFAULT,
        cache_dir: None,
        compiler: None,
        inflight: None,
        keep: Retention::default(),
        private_hosts: std::sync::Arc::from([]),
    })
    .await?;
    let outcome = play(&app, &input, watch).await;
    app.stop().await;
    outcome
}

async fn play(
    app: &App,
    input: &Input,
    watch: &mut (dyn FnMut(Progress) -> Go + Send),
) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let mut place = place::enter(&app.core, input).await?;
    let stopped = drive::drive(app, input, &mut place, watch).await?;
    let elapsed = began.elapsed();
    place::leave(&app.core, &mut place, elapsed)
        .await
        .context("the place cannot be stored")?;
    if let Some(progress) = stopped {
        return Ok(Outcome::Interrupted(progress));
    }
    let (report, robots_ms) = collect(&app.core, input).await?;
    let attempt_count = report.attempt_count();
    let elapsed_ms = place.elapsed_ms;
    let machine = Machine {
        database: if app.core.db.is_postgres() {
            "postgres"
        } else {
            "sqlite"
        },
        elapsed_ms,
        robots_ms,
        commit_count: attempt_count + input.plan.steps.len() as u64,
        attempts_per_s: attempt_count * 1000 / elapsed_ms.max(1),
    };
    Ok(Outcome::Done(Box::new(Finished { report, machine })))
}
