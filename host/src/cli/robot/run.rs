//! `signalbox robot run`: one invocation, and everything that it did.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;

use super::super::run::{text, verdict_exit};
use super::super::{Answer, Exit, Failure};
use super::source::Robot;
use crate::scenario::{Fixture, Given, Kit, Trace, play_fixture, play_given};

/// What the help ends with.
pub(super) const EXAMPLES: &str = "Examples:
  signalbox robot run --fixture large.toml
  signalbox robot run greet.wasm --fixture large.toml --json | jq .runs[0].attempts[0].calls
  signalbox robot run --fixture tests/large_deals_only

A fixture says what there is and what starts the robot; sdk/TESTING.md has every key:
  before = 'deal large sales/new assignee=anna amount=\"900000.00 RUB\"'
  item = \"large\"
  [attachment]
  params = { threshold = \"500000.00 RUB\" }
Exit code 7: the robot returned an error. 8: it trapped or hit a limit. 1: nothing was started.";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The robot's folder, which is built first, or a component, `*.wasm`
    #[arg(default_value = ".", value_name = "DIR|FILE")]
    robot: PathBuf,
    /// What there is and what starts the robot; or the folder of a scenario, of which all runs are shown
    #[arg(long, value_name = "FILE|DIR")]
    fixture: PathBuf,
}

impl Args {
    pub(super) async fn run(self) -> Result<Answer, Failure> {
        let robot = Robot::read(&self.robot)?;
        let traces = self.play(&robot).await?;
        let runs: Vec<Value> = traces.iter().map(Trace::to_json).collect::<anyhow::Result<_>>()?;
        let shown: Vec<String> = runs.iter().map(text::details).collect();
        // The first is the one that was asked for; it may have started others.
        let exit = match self.fixture.is_dir() {
            true => Exit::Ok,
            false => runs.first().map_or(Exit::Ok, verdict_exit),
        };
        Ok(Answer::new("signalbox.robot.run/1", shown.join("\n"))
            .with("robot", robot.inspection.manifest.label())
            .with("digest", robot.inspection.digest.as_str())
            .with("runs", runs)
            .ending(exit))
    }

    async fn play(&self, robot: &Robot) -> Result<Vec<Trace>, Failure> {
        let compiled = tempfile::tempdir().context("cannot make a temporary folder")?;
        let kit = Kit {
            robots: &[(robot.id(), robot.bytes.as_slice())],
            compiled: compiled.path(),
        };
        let not_found = |error: anyhow::Error| match self.fixture.exists() {
            true => Failure::from(error),
            false => Failure::new(Exit::NotFound, error),
        };
        let mut played = match self.fixture.is_dir() {
            true => {
                let given = Given::read(&self.fixture)?.with_robot(robot.id());
                play_given(&self.fixture, given, kit).await?
            }
            false => {
                let fixture = Fixture::read(&self.fixture).map_err(not_found)?;
                play_fixture(fixture, robot.id(), 1, kit).await?
            }
        };
        played.traces.retain(|trace| trace.robot == robot.id());
        if played.traces.is_empty() {
            let message = format!(
                "`{}` was not started; this happened:\n{}",
                robot.id(),
                played.outcome
            );
            return Err(Failure::say(Exit::Failed, message));
        }
        Ok(played.traces)
    }
}
