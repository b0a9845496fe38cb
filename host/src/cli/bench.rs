//! `signalbox bench`: measures the stage-entry job.

use std::time::Duration;

use clap::Subcommand;
use serde_json::json;
use signalbox_db::DbError;

use super::database::database_failure;
use super::output::table;
use super::{Answer, Exit, Failure, Globals};
use crate::app::WORKERS_DEFAULT;
use crate::bench::{self, Case, Door, Options, Range, Report};

mod compare;
mod timers;

/// Seconds of a case. 10: a case commits tens of thousands of runs, and the disk's moods even out.
const SECONDS_DEFAULT: f64 = 10.0;
const SECONDS_SMALL: f64 = 1.0;

/// Measures the stage-entry job on this machine
///
/// A deal enters a stage; three robots notify, plan an activity, and move it on. Each submitter sends its next deal
/// when all effects of the last one are committed. Prints committed runs per second, the time from the request to
/// the last commit, CPU time of the host for each run and what it went into, the size of commit groups, and the peak of
/// memory. Afterwards the stored runs are counted: the command fails when one is missing, doubled or not completed.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  signalbox bench
  signalbox bench --seconds 30 --submitters 32 --door inside --rate 1500
  signalbox bench --repeat 5 --items 1000000 --attachments 1000
  signalbox bench --database postgres://signalbox@localhost/empty --json > new.json
  signalbox bench compare old.json new.json
  signalbox bench timers --due 10000 --pending 1000000")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// An empty database: `sqlite:PATH` or `postgres://...` [default: a temporary SQLite file]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// How long each case is measured, after a warm-up of a fifth of it [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    seconds: Option<f64>,
    /// Few and short cases: shows that it works, not how fast
    #[arg(long)]
    small: bool,
    /// Deals that are on their way at once [default: 1,8,32]
    #[arg(long, value_name = "COUNTS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1000))]
    submitters: Vec<u16>,
    /// The way of the deals into the host
    #[arg(long, value_enum, value_delimiter = ',', default_value = "http,inside")]
    door: Vec<Door>,
    /// Deals a second that all submitters offer together [default: each sends when its last deal is done]
    ///
    /// A deal that is sent late, because the one before it took long, counts from the instant of its turn.
    #[arg(long, value_name = "DEALS", value_parser = rate)]
    rate: Option<f64>,
    /// Deals that take turns [default: 10000]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1000..=1_000_000))]
    deals: Option<u32>,
    /// Deals in all: those that take no turns stand in the same pipeline [default: as many as take turns]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1000..=10_000_000))]
    items: Option<u32>,
    /// Attachments in all: three are started, the others belong to other stages
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(3..=10_000))]
    attachments: u32,
    /// How often each case is measured; the figures are medians then
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    repeat: u32,
    /// Robots that run at the same time
    #[arg(long, value_name = "COUNT", default_value_t = WORKERS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=1000))]
    workers: u32,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number from 0.1 to 3600 is needed".to_owned()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.1..=1e6).contains(&rate) => Ok(rate),
        _ => Err("a number from 0.1 to 1000000 is needed".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Compare(compare::Args),
    Timers(timers::Args),
}

fn failure(error: anyhow::Error, database: Option<&str>) -> Failure {
    match error.downcast::<DbError>() {
        Ok(error) => database_failure(error, database.unwrap_or("sqlite")),
        Err(other) => Failure::new(Exit::Failed, other),
    }
}

impl Args {
    pub(super) async fn run(self, _: &Globals) -> Result<Answer, Failure> {
        match self.command {
            Some(Command::Compare(args)) => return args.run(),
            Some(Command::Timers(args)) => return args.run().await,
            None => {}
        }
        let options = self.options();
        let report = bench::run(&options)
            .await
            .map_err(|error| failure(error, options.database.as_deref()))?;
        let text = report.head() + &cases(&report) + &splits(&report) + &spreads(&report);
        Ok(Answer::new("signalbox.bench/1", text).with_all(json!(report)))
    }

    fn options(&self) -> Options {
        let (submitters, seconds, deals) = match self.small {
            true => (vec![1, 8], SECONDS_SMALL, 1000),
            false => (vec![1, 8, 32], SECONDS_DEFAULT, 10_000),
        };
        Options {
            database: self.database.clone(),
            measured: Duration::from_secs_f64(self.seconds.unwrap_or(seconds)),
            submitters: match self.submitters.is_empty() {
                true => submitters,
                false => self.submitters.iter().map(|count| usize::from(*count)).collect(),
            },
            doors: self.door.clone(),
            offered_per_second: self.rate,
            deal_count: self.deals.map_or(deals, |count| count as usize),
            item_count: self.items.map_or(0, |count| count as usize),
            attachment_count: self.attachments as usize,
            repeat_count: self.repeat as usize,
            worker_count: self.workers,
        }
    }
}

fn cases(report: &Report) -> String {
    let head = [
        "door",
        "submitters",
        "runs/s",
        "deals/s",
        "p50 ms",
        "p99 ms",
        "cpu us/run",
        "group",
        "peak MiB",
    ];
    table(head, report.cases.iter().map(row))
}

fn maybe(figure: Option<f64>) -> String {
    figure.map_or("-".to_owned(), |figure| format!("{figure:.0}"))
}

fn row(case: &Case) -> [String; 9] {
    [
        case.door.as_str().to_owned(),
        case.submitters.to_string(),
        format!("{:.0}", case.runs_per_second),
        format!("{:.0}", case.deals_per_second),
        format!("{:.2}", case.p50_ms),
        format!("{:.2}", case.p99_ms),
        maybe(case.cpu_us_per_run),
        format!("{:.1}", case.group),
        maybe(
            case.memory_peak_bytes
                .map(|bytes| bytes as f64 / f64::from(1 << 20)),
        ),
    ]
}

/// What the CPU time of a run went into.
fn splits(report: &Report) -> String {
    let head = [
        "cpu us/run of",
        "robots",
        "host calls",
        "instances",
        "validation",
        "database",
        "rest",
    ];
    let row = |case: &Case| {
        let split = case.cpu_split?;
        let us = |figure: f64| format!("{figure:.1}");
        Some([
            case.name(),
            us(split.robots_us),
            us(split.host_calls_us),
            us(split.instances_us),
            us(split.validation_us),
            split.database_us.map_or("-".to_owned(), us),
            us(split.rest_us),
        ])
    };
    format!("\n{}", table(head, report.cases.iter().filter_map(row)))
}

/// How far the figures lay apart, where cases were measured several times.
fn spreads(report: &Report) -> String {
    let head = [
        "least to most of",
        "times",
        "runs/s",
        "p50 ms",
        "p99 ms",
        "cpu us/run",
    ];
    let rows: Vec<_> = report
        .cases
        .iter()
        .filter_map(|case| {
            let spread = case.spread?;
            Some([
                case.name(),
                spread.count.to_string(),
                range(spread.runs_per_second, 0),
                range(spread.p50_ms, 2),
                range(spread.p99_ms, 2),
                spread.cpu_us_per_run.map_or("-".to_owned(), |cpu| range(cpu, 0)),
            ])
        })
        .collect();
    match rows.is_empty() {
        true => String::new(),
        false => format!("\n{}", table(head, rows)),
    }
}

fn range(Range { least, most }: Range, digits: usize) -> String {
    format!("{least:.digits$} to {most:.digits$}")
}
