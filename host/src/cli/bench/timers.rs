//! `signalbox bench timers`: measures how late runs are that are due at the same instant.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use super::failure;
use crate::app::WORKERS_DEFAULT;
use crate::bench::{TimersOptions, TimersReport, run_timers};
use crate::cli::{Answer, Failure};

/// Measures how late runs are that are all due at the same instant
///
/// Stores the runs, waits for the instant, and watches their commits. Fails when a run is lost, doubled, too early or
/// not completed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox bench timers
  signalbox bench timers --due 100000 --pending 1000000 --json
  signalbox bench timers --database postgres://signalbox@localhost/empty")]
pub(super) struct Args {
    /// An empty database: `sqlite:PATH` or `postgres://...` [default: a temporary SQLite file]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Runs that are due at the same instant
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    due: u32,
    /// Runs that wait for an instant a year ahead
    #[arg(long, value_name = "COUNT", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pending: u32,
    /// Seconds from the first stored run to the instant [default: 3, and 1 for each 2,000 runs]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(2..=3600))]
    lead: Option<u16>,
    /// Robots that run at the same time
    #[arg(long, value_name = "COUNT", default_value_t = WORKERS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=1000))]
    workers: u32,
}

impl Args {
    pub(super) async fn run(self) -> Result<Answer, Failure> {
        let options = TimersOptions {
            database: self.database,
            due_count: self.due,
            pending_count: self.pending,
            lead: self.lead.map(|seconds| Duration::from_secs(seconds.into())),
            worker_count: self.workers,
        };
        let report = run_timers(&options)
            .await
            .map_err(|error| failure(error, options.database.as_deref()))?;
        Ok(Answer::new("signalbox.bench.timers/1", text(&report)).with_all(json!(report)))
    }
}

fn text(report: &TimersReport) -> String {
    let TimersReport {
        machine,
        due_count,
        pending_count,
        late_p50_ms,
        late_p99_ms,
        late_max_ms,
        ..
    } = report;
    let mut text = machine.head();
    let _ = writeln!(
        text,
        "checked   {due_count} runs completed once, {pending_count} wait\n"
    );
    let _ = writeln!(
        text,
        "late      p50 {late_p50_ms:.0} ms, p99 {late_p99_ms:.0} ms, the last {late_max_ms:.0} ms"
    );
    if let Some(cpu) = report.cpu_us_per_run {
        let _ = writeln!(text, "CPU       {cpu:.0} us for each run");
    }
    if let Some(cpu) = report.waiting_cpu_ms_per_s {
        let _ = writeln!(text, "waiting   {cpu:.1} ms of CPU in a second");
    }
    if let Some(bytes) = report.memory_peak_bytes {
        let _ = writeln!(text, "memory    {} MiB at most", bytes >> 20);
    }
    text
}
