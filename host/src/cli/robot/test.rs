//! `signalbox robot test`: plays the scenarios of a robot on the production host.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use serde_json::Value;

use self::diff::difference;
use self::result::{Ending, TestResult};
use super::super::changes::Changes;
use super::super::hosting::Signals;
use super::super::{Answer, Exit, Failure, Globals};
use super::files::write_whole;
use super::source::Robot;
use crate::scenario::{Cost, Given, Kit, VERBS, over_budget, play_given};

mod diff;
mod junit;
mod record;
mod result;

const EXAMPLES: &str = "Examples:
  signalbox robot test
  signalbox robot test --watch
  signalbox robot test robots/greet --filter large --update
  signalbox robot test greet.wasm --scenarios tests --junit report.xml

A scenario is a folder in `tests`, beside robot.toml: given.toml says what there is, steps.txt what happens,
expected.txt what comes of it. It is played on the production engine and sandbox, with a virtual clock and a
database of its own. sdk/TESTING.md has every key and step.
Exit code 1: a scenario differs, is over its budget, or has a mistake, which is told with its line.";

/// What the help ends with: examples, and every step.
pub(super) fn help() -> String {
    let steps = VERBS.iter().map(|verb| format!("\n  {}", verb.form()));
    format!("{EXAMPLES}\n\nSteps:\n  +DURATION{}", steps.collect::<String>())
}

/// What is written beside `given.toml` and `steps.txt`.
const EXPECTED: &str = "expected.txt";
/// 1,000 scenarios of one robot.
const SCENARIOS_MAX: usize = 1_000;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The robot's folder, which is built first, or a component, `*.wasm`
    #[arg(default_value = ".", value_name = "DIR|FILE")]
    robot: PathBuf,
    /// The folder with the scenarios; by default `tests` beside robot.toml or the component
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    /// Only scenarios whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Writes what happens into expected.txt, instead of comparing
    #[arg(long)]
    update: bool,
    /// Plays them again whenever a file changes, until it is interrupted
    #[arg(long)]
    watch: bool,
    /// Writes a report in JUnit's XML, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        if !self.watch {
            return self.play().await;
        }
        let dir = match self.robot.is_dir() {
            true => self.robot.as_path(),
            false => self.robot.parent().unwrap_or(Path::new(".")),
        };
        let mut changes = Changes::new(dir);
        let mut signals = Signals::new()?;
        loop {
            match self.play().await {
                Ok(answer) => drop(answer.print(globals.json)),
                Err(failure) => drop(failure.print(globals.json)),
            }
            tokio::select! {
                () = changes.next() => {}
                _ = signals.next() => return Ok(Answer::silent()),
            }
        }
    }

    /// Plays the scenarios once.
    async fn play(&self) -> Result<Answer, Failure> {
        let robot = Robot::read(&self.robot)?;
        let (folders, records) = self.chosen(&robot)?;
        let compiled = tempfile::tempdir().context("cannot make a temporary folder")?;
        let mut results = Vec::new();
        for folder in folders {
            results.push(test(&robot, &folder, compiled.path(), self.update).await);
        }
        results.extend(record::test_all(&robot, &records).await?);
        let label = robot.inspection.manifest.label();
        if let Some(path) = &self.junit {
            let report = junit::report(&label, &results);
            write_whole(path, report.as_bytes())
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        let failed = results.iter().filter(|result| result.is_failed()).count();
        let head = format!(
            "{label}, {} bytes, digest {}",
            robot.bytes.len(),
            robot.inspection.digest
        );
        let list: Vec<Value> = results.iter().map(TestResult::json).collect();
        let answer = Answer::new("signalbox.robot.test/1", result::text(&head, &results))
            .with("robot", label)
            .with("digest", robot.inspection.digest.as_str())
            .with("failed_count", failed)
            .with("scenarios", list);
        Ok(match failed {
            0 => answer,
            _ => answer.ending(Exit::Failed),
        })
    }

    /// The scenarios that are played and the runs that are replayed, by name.
    fn chosen(&self, robot: &Robot) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Failure> {
        let dir = match &self.scenarios {
            Some(dir) => dir.clone(),
            None => robot.dir.join("tests"),
        };
        let (mut folders, mut records) = (scenario_folders(&dir)?, record::records(&dir));
        let filter = self.filter.as_deref().unwrap_or_default();
        let count = folders.len() + records.len();
        folders.retain(|path| name(path).contains(filter));
        records.retain(|path| name(path).contains(filter));
        if !folders.is_empty() || !records.is_empty() {
            return Ok((folders, records));
        }
        let shown = dir.display();
        let message = match count {
            0 => format!(
                "`{shown}` has no scenario: a scenario is a folder there with given.toml and steps.txt"
            ),
            count => format!("none of the {count} scenarios in `{shown}` has `{filter}` in its name"),
        };
        Err(Failure::say(Exit::NotFound, message))
    }
}

/// The scenarios in a folder, by name.
pub(in crate::cli) fn scenario_folders(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let shown = dir.display();
    let entries = std::fs::read_dir(dir).map_err(|error| {
        let message = format!(
            "cannot read the scenarios in `{shown}`: {error}; a scenario is a folder there with given.toml and steps.txt"
        );
        Failure::say(Exit::NotFound, message)
    })?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read `{shown}`"))?.path();
        if path.join("given.toml").exists() || path.join("steps.txt").exists() {
            folders.push(path);
        }
    }
    if folders.len() > SCENARIOS_MAX {
        let count = folders.len();
        let message = format!("`{shown}` has {count} scenarios, at most {SCENARIOS_MAX} are played");
        return Err(Failure::say(Exit::Failed, message));
    }
    folders.sort();
    Ok(folders)
}

fn name(folder: &Path) -> String {
    folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

async fn test(robot: &Robot, folder: &Path, compiled: &Path, update: bool) -> TestResult {
    let began = Instant::now();
    let mut cost = Default::default();
    let ending = judge(robot, folder, compiled, update, &mut cost).await;
    TestResult {
        name: name(folder),
        ending: ending.unwrap_or_else(|error| Ending::Broken(format!("{error:#}"))),
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        cost,
    }
}

async fn judge(
    robot: &Robot,
    folder: &Path,
    compiled: &Path,
    update: bool,
    cost: &mut Cost,
) -> anyhow::Result<Ending> {
    let given = Given::read(folder)?.with_robot(robot.id());
    let budget = given.budget;
    let robots = &[(robot.id(), robot.bytes.as_slice())];
    let played = play_given(folder, given, Kit { robots, compiled }).await?;
    *cost = Cost::of(robot.id(), &played.traces);
    let over = over_budget(budget, *cost);
    if !over.is_empty() {
        return Ok(Ending::OverBudget(over.join("\n")));
    }
    compare(&folder.join(EXPECTED), &played.outcome, update)
}

fn compare(path: &Path, happened: &str, update: bool) -> anyhow::Result<Ending> {
    let expected = match std::fs::read_to_string(path) {
        // Version control on Windows may have changed the ends of lines.
        Ok(text) => Some(text.replace("\r\n", "\n")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    };
    let ending = match expected {
        Some(expected) if expected == happened => return Ok(Ending::Same),
        Some(expected) => Ending::Differs(difference(&expected, happened)),
        None => Ending::NothingExpected(happened.to_owned()),
    };
    if update {
        write_whole(path, happened.as_bytes())
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        return Ok(Ending::Written);
    }
    Ok(ending)
}
