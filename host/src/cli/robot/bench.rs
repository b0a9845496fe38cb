//! `signalbox robot bench`: what a run of a robot takes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use signalbox_crm::run::{Attempt, Verdict};
use signalbox_sandbox::{Sandbox, SandboxConfig};

use super::super::{Answer, Exit, Failure};
use super::source::Robot;
use crate::scenario::{Fixture, Kit, play_fixture};

/// What the help ends with.
pub(super) const EXAMPLES: &str = "Examples:
  signalbox robot bench --fixture large.toml
  signalbox robot bench greet.wasm --fixture large.toml --runs 5000 --json

The fixture's last step is repeated (sdk/TESTING.md): each time a fresh instance runs, and the engine answers
its host calls. The commit is not in the figures; `signalbox bench` measures the whole.";

/// Runs before the measured ones: code and memory are warm then, as they are in a host.
const WARM_UP: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The robot's folder, which is built first, or a component, `*.wasm`
    #[arg(default_value = ".", value_name = "DIR|FILE")]
    robot: PathBuf,
    /// What there is and what starts the robot
    #[arg(long, value_name = "FILE")]
    fixture: PathBuf,
    /// How many runs are measured
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(10..=5000))]
    runs: u16,
}

impl Args {
    pub(super) async fn run(self) -> Result<Answer, Failure> {
        let fixture = Fixture::read(&self.fixture).map_err(|error| match self.fixture.exists() {
            true => Failure::from(error),
            false => Failure::new(Exit::NotFound, error),
        })?;
        let robot = Robot::read(&self.robot)?;
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let (compiled, loaded) = loading(&robot, folder.path().to_owned()).await?;
        let kit = Kit {
            robots: &[(robot.id(), robot.bytes.as_slice())],
            compiled: folder.path(),
        };
        let times = WARM_UP + usize::from(self.runs);
        let played = play_fixture(fixture, robot.id(), times, kit).await?;
        let attempts: Vec<&Attempt> = played.traces.iter().flat_map(|trace| &trace.attempts).collect();
        if attempts.len() < times {
            let message = format!(
                "`{}` ran {} times, and its step was taken {times} times: let it be one that starts the robot each time",
                robot.id(),
                attempts.len()
            );
            return Err(Failure::say(Exit::Failed, message));
        }
        let figures = Figures::of(&attempts[WARM_UP..], compiled, loaded);
        let label = robot.inspection.manifest.label();
        let head = format!(
            "{label}, {} bytes, digest {}\n",
            robot.bytes.len(),
            robot.inspection.digest
        );
        Ok(Answer::new("signalbox.robot.bench/1", head + &figures.text())
            .with("robot", label)
            .with("digest", robot.inspection.digest.as_str())
            .with("bytes", robot.bytes.len())
            .with_all(figures.json()))
    }
}

/// How long it takes to compile the component, and to load it when that was done before.
async fn loading(robot: &Robot, cache_dir: PathBuf) -> Result<(Duration, Duration), Failure> {
    let load = async || {
        let config = SandboxConfig {
            cache_dir: Some(cache_dir.clone()),
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::new(config).context("robots cannot run on this machine")?;
        let began = Instant::now();
        sandbox
            .load(robot.bytes.clone())
            .await
            .context("the robot cannot be loaded")?;
        anyhow::Ok(began.elapsed())
    };
    Ok((load().await?, load().await?))
}

/// What was measured.
#[derive(Debug)]
struct Figures {
    outcomes: BTreeMap<String, usize>,
    run_count: usize,
    median_us: u64,
    p99_us: u64,
    max_us: u64,
    fuel_median: u64,
    fuel_max: u64,
    host_calls_max: u64,
    memory_bytes_max: u64,
    compiled_us: u64,
    loaded_us: u64,
}

impl Figures {
    fn of(attempts: &[&Attempt], compiled: Duration, loaded: Duration) -> Figures {
        let sorted = |figure: fn(&Attempt) -> u64| {
            let mut figures: Vec<u64> = attempts.iter().map(|attempt| figure(attempt)).collect();
            figures.sort_unstable();
            figures
        };
        let us = sorted(|attempt| attempt.duration_us);
        let fuel = sorted(|attempt| attempt.fuel);
        let mut outcomes = BTreeMap::new();
        for attempt in attempts {
            *outcomes.entry(word(&attempt.verdict)).or_default() += 1;
        }
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Figures {
            outcomes,
            run_count: attempts.len(),
            median_us: at(&us, 50),
            p99_us: at(&us, 99),
            max_us: at(&us, 100),
            fuel_median: at(&fuel, 50),
            fuel_max: at(&fuel, 100),
            host_calls_max: at(&sorted(call_count), 100),
            memory_bytes_max: at(&sorted(|attempt| attempt.memory_bytes), 100),
            compiled_us: micros(compiled),
            loaded_us: micros(loaded),
        }
    }

    fn text(&self) -> String {
        let outcomes: Vec<String> = self
            .outcomes
            .iter()
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        let unoptimised = match cfg!(debug_assertions) {
            true => "this signalbox is a debug build: times tell nothing\n",
            false => "",
        };
        format!(
            "{unoptimised}runs        {} after {WARM_UP} to warm up: {}\n\
             time        median {} us, p99 {} us, max {} us\n\
             fuel        median {}, max {}\n\
             host calls  max {}\n\
             memory      max {} bytes\n\
             compiled    in {} us, once for a digest; loaded again in {} us\n",
            self.run_count,
            outcomes.join(", "),
            self.median_us,
            self.p99_us,
            self.max_us,
            self.fuel_median,
            self.fuel_max,
            self.host_calls_max,
            self.memory_bytes_max,
            self.compiled_us,
            self.loaded_us
        )
    }

    fn json(&self) -> Value {
        json!({
            "is_debug_build": cfg!(debug_assertions),
            "run_count": self.run_count,
            "outcomes": self.outcomes,
            "duration_us": {"median": self.median_us, "p99": self.p99_us, "max": self.max_us},
            "fuel": {"median": self.fuel_median, "max": self.fuel_max},
            "host_calls_max": self.host_calls_max,
            "memory_bytes_max": self.memory_bytes_max,
            "compiled_us": self.compiled_us,
            "loaded_us": self.loaded_us,
        })
    }
}

fn call_count(attempt: &Attempt) -> u64 {
    let calls: Vec<&RawValue> = serde_json::from_str(&attempt.calls).unwrap_or_default();
    calls.len() as u64
}

fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Done { .. } => "done".to_owned(),
        Verdict::Skipped { .. } => "skipped".to_owned(),
        Verdict::Failed { code, .. } => format!("failed with {code}"),
    }
}

/// The figure that so many percent do not exceed.
fn at(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn percentiles_are_figures_that_were_measured() {
        let figures: Vec<u64> = (1..=200).collect();
        assert_eq!(
            [at(&figures, 50), at(&figures, 99), at(&figures, 100)],
            [100, 198, 200]
        );
        assert_eq!([at(&[7], 50), at(&[7], 99), at(&[], 50)], [7, 7, 0]);
    }
}
