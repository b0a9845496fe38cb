//! The figures.

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::repeated::Spread;
use super::split::{CpuSplit, Parts};
use super::{Door, Load, Meter};

/// Where it was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// Cores that this process may use.
    pub cores: usize,
    /// The processor's name.
    pub cpu: String,
    /// Built with optimisation. Figures of other builds mean nothing.
    pub is_optimised: bool,
    /// Where the disk was measured.
    pub sync_folder: String,
    /// Median time of an append of 4 KiB with `fdatasync`.
    pub sync_p50_us: u128,
    /// Its 99th percentile.
    pub sync_p99_us: u128,
}

/// One case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    /// The way of the deals.
    pub door: Door,
    /// How many deals are on their way at once.
    pub submitters: usize,
    /// Deals that were to come in a second; none where each submitter sends as soon as it can.
    pub offered_per_second: Option<f64>,
    /// The measured time.
    pub seconds: f64,
    /// Runs that were committed in it.
    pub runs: u64,
    /// The same in a second.
    pub runs_per_second: f64,
    /// A deal is three runs.
    pub deals_per_second: f64,
    /// From the request to the commit of the last of the three effects.
    pub p50_ms: f64,
    /// Likewise.
    pub p99_ms: f64,
    /// CPU time of the host; of SQLite too, not of PostgreSQL's server. The HTTP client is left out; inside, the
    /// submitter is in it.
    pub cpu_us_per_run: Option<f64>,
    /// What that went into.
    #[serde(default)]
    pub cpu_split: Option<CpuSplit>,
    /// CPU time of the HTTP client.
    pub client_cpu_us_per_run: Option<f64>,
    /// The size of the groups: stage entries and runs that one transaction stored, on average.
    pub group: f64,
    /// The most memory of the process in this case, the client in it.
    pub memory_peak_bytes: Option<u64>,
    /// Where the case was measured several times: the other figures are medians then, but `seconds` and `runs` sums.
    #[serde(default)]
    pub spread: Option<Spread>,
}

/// Everything.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// Deals that stood in the pipeline, with those that moved.
    pub item_count: usize,
    /// Attachments, with the three that were started.
    pub attachment_count: usize,
    /// In the order in which they were measured.
    pub cases: Vec<Case>,
    /// Deals of all cases, warm-ups included.
    pub deal_count: u64,
    /// Runs that are stored and completed: three for each deal, and the database has no other.
    pub run_count: u64,
}

impl Case {
    /// Such as `http, 8 submitters`.
    pub fn name(&self) -> String {
        let plural = if self.submitters == 1 { "" } else { "s" };
        let offered = match self.offered_per_second {
            Some(offered) => format!(", {offered} deals/s offered"),
            None => String::new(),
        };
        format!(
            "{}, {} submitter{plural}{offered}",
            self.door.as_str(),
            self.submitters
        )
    }

    pub(super) fn of(
        Load {
            door,
            submitters,
            offered_per_second,
        }: Load,
        before: Meter,
        after: Meter,
        mut latencies: Vec<Duration>,
        memory_peak_bytes: Option<u64>,
    ) -> Case {
        latencies.sort_unstable();
        let percentile = |hundredths: usize| {
            let place = latencies.len() * hundredths / 100;
            latencies.get(place).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        let seconds = (after.at - before.at).as_secs_f64();
        let runs = after.runs - before.runs;
        let per_run = |time: Duration| time.as_secs_f64() * 1e6 / runs.max(1) as f64;
        let client = difference(before.client_cpu, after.client_cpu);
        let process = difference(before.process_cpu, after.process_cpu);
        let host = process.map(|all| all.saturating_sub(client.unwrap_or_default()));
        let parts = host.map(|whole| Parts {
            whole,
            before: before.spent,
            after: after.spent,
            database: difference(before.database_cpu, after.database_cpu),
        });
        let proposals = runs as f64 * 4.0 / 3.0;
        Case {
            door,
            submitters,
            offered_per_second,
            seconds,
            runs,
            runs_per_second: runs as f64 / seconds,
            deals_per_second: runs as f64 / 3.0 / seconds,
            p50_ms: percentile(50),
            p99_ms: percentile(99),
            cpu_us_per_run: host.map(per_run),
            cpu_split: parts.map(|parts| CpuSplit::of(parts, runs)),
            client_cpu_us_per_run: client.map(per_run),
            group: proposals / (after.commits - before.commits).max(1) as f64,
            memory_peak_bytes,
            spread: None,
        }
    }
}

fn difference(before: Option<Duration>, after: Option<Duration>) -> Option<Duration> {
    Some(after?.saturating_sub(before?))
}

impl Machine {
    /// What stands over a table.
    pub fn head(&self) -> String {
        let Machine {
            database,
            cores,
            cpu,
            sync_folder,
            sync_p50_us,
            sync_p99_us,
            ..
        } = self;
        let mut text = String::new();
        if !self.is_optimised {
            text.push_str(
                "Built without optimisation: these figures mean nothing. Use `cargo build --release`.\n\n",
            );
        }
        let durability = match *database {
            "sqlite" => "synchronous=FULL",
            _ => "its server's own settings, and its server's CPU time is not counted",
        };
        let _ = writeln!(text, "database  {database}, {durability}");
        let _ = writeln!(text, "machine   {cores} cores, {cpu}");
        let _ = writeln!(
            text,
            "disk      fdatasync of 4 KiB in {sync_folder}: p50 {sync_p50_us} us, p99 {sync_p99_us} us"
        );
        text
    }
}

impl Report {
    /// What stands over the table.
    pub fn head(&self) -> String {
        let Report {
            machine,
            item_count,
            attachment_count,
            deal_count,
            run_count,
            ..
        } = self;
        let head = machine.head();
        format!(
            "{head}stored    {item_count} deals, {attachment_count} attachments\n\
             checked   {deal_count} deals moved, {run_count} runs, all completed\n\n"
        )
    }
}
