//! `signalbox rehearse`: what robots would have done.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use super::database::log_failure;
use super::watching::{LanguageArg, Watching};
use super::{Answer, Exit, Failure, Globals};
use crate::rehearsal::{Finished, Outcome, Progress, RehearsalOptions, machine_text, rehearse, report_text};

/// Plays an event log on a virtual clock, with robots attached, and reports what they did
///
/// Deals are opened, moved and assigned at the historical instants; delays, deadlines and schedules fire at their own;
/// robots run in the production sandbox and engine. What the history did stands: where a robot was first, or a rule
/// says no, the step is listed in the report. Nothing leaves the house.
///
/// Without --database the rehearsal takes place in a temporary SQLite file. With it, the first SIGINT or SIGTERM
/// finishes the instant and stores the place, and the same command goes on from there. Commits do not wait for the
/// disk (`synchronous = off`): a rehearsal can be repeated.
///
/// The report is the same for the same log, mapping, set-up, limit and seed, on both databases and however often it was
/// interrupted: `report sha256` is the digest of the file that --report writes. The line below it depends on the machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox rehearse bpic2012.xes.gz --mapping examples/bpic2012/mapping.toml \\
      --setup examples/bpic2012/setup.toml
  signalbox rehearse log.xes --mapping mapping.toml --setup setup.toml --limit 500 --report report.json
  signalbox rehearse log.xes --mapping mapping.toml --setup setup.toml --database sqlite:rehearsal.db")]
pub(super) struct Args {
    /// The XES log, plain or in gzip
    file: PathBuf,
    /// The file that says what the log's activities mean in a pipeline
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// The set-up with the attachments
    #[arg(long, value_name = "FILE")]
    setup: PathBuf,
    /// An empty database, `sqlite:PATH` or `postgres://...`, or the one of a rehearsal that was interrupted
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Only the first so many cases of the log
    #[arg(long, value_name = "CASES")]
    limit: Option<usize>,
    /// Where random numbers of robots and pauses before another attempt come from
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// The language of names and titles
    #[arg(long, value_enum, default_value = "en")]
    language: LanguageArg,
    /// Writes the part of the report that is the same each time, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let folder = tempfile::tempdir().context("there is no temporary folder")?;
        let temporary = format!("sqlite:{}", folder.path().join("rehearsal.db").display());
        let options = RehearsalOptions {
            log: self.file,
            mapping: self.mapping,
            setup: self.setup,
            database: self.database.clone().unwrap_or(temporary),
            case_limit: self.limit,
            seed: self.seed,
            language: self.language.into(),
        };
        let watching = Watching::new(globals.json);
        let mut first = None;
        let mut watch = |so_far: Progress| {
            let before = *first.get_or_insert(so_far.run_count);
            watching.show(so_far.step, so_far.step_total, |elapsed| {
                words(so_far, before, elapsed)
            })
        };
        let outcome = rehearse(&options, &mut watch).await;
        watching.end();
        match outcome.map_err(|error| log_failure(error, &options.database))? {
            Outcome::Interrupted(at) => Err(interrupted(at, self.database.is_some())),
            Outcome::Done(finished) => {
                if let Some(file) = &self.report {
                    std::fs::write(file, finished.report.json())
                        .with_context(|| format!("cannot write `{}`", file.display()))?;
                }
                answer(&finished)
            }
        }
    }
}

fn words(so_far: Progress, runs_before: i64, elapsed: Duration) -> String {
    let day = so_far.at.to_string();
    let day = day.split('T').next().unwrap_or(&day);
    let rate = (so_far.run_count - runs_before) as f64 / elapsed.as_secs_f64().max(0.001);
    format!("{day}  {} runs  {rate:.0}/s", so_far.run_count)
}

fn interrupted(at: Progress, is_kept: bool) -> Failure {
    let percent = at.step * 100 / at.step_total.max(1);
    let how = if is_kept {
        "the same command goes on from there"
    } else {
        "with --database the same command would go on from there"
    };
    let message = format!("stopped at {} ({percent}% of the history); {how}", at.at);
    Failure::say(Exit::Interrupted, message)
}

fn answer(finished: &Finished) -> Result<Answer, Failure> {
    let Finished { report, machine } = finished;
    let sha256 = report.sha256();
    let text = format!(
        "{}\nreport sha256 {sha256}\n{}",
        report_text(report),
        machine_text(machine)
    );
    Ok(Answer::new("signalbox.rehearse/1", text)
        .with("report", serde_json::to_value(report).context("the report")?)
        .with("report_sha256", sha256)
        .with("machine", json!(machine)))
}
