//! `signalbox replay`: what a robot does when it is told what it was told before.

use std::path::{Path, PathBuf};

use anyhow::Context;
use signalbox_crm::ids::RunId;
use signalbox_sandbox::{Limits, Replay, Robot, RunFile, Sandbox, SandboxConfig};

use super::client::Client;
use super::{Answer, Exit, Failure, Globals, robot};

mod many;
mod text;

pub(super) use text::one as words;

/// Runs a robot again on the record of a run, and shows the first thing that it does otherwise
///
/// Host calls are answered as they were recorded; nothing is asked of the CRM and nothing is changed. With
/// `--component` it is another version that runs: what would it have done? `--all` does that with many runs.
///
/// Calls that change something must come as they came. Calls that only read may come in another order.
/// Exit code 1: something differs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox replay run:17
  signalbox replay run:17 --component large-deal.wasm
  signalbox replay run-17.json --component large-deal.wasm --json
  signalbox replay --all --robot large-deal --since 7d --component large-deal.wasm

A masked file stands for its run where the robot does not look into what was replaced.")]
#[command(group = clap::ArgGroup::new("which").required(true).args(["source", "all"]))]
pub(super) struct Args {
    /// A file of `signalbox run save`, or the id of a run of the host
    #[arg(value_name = "FILE|RUN")]
    source: Option<String>,
    /// The component to run; by default the one that ran, which the host has
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Which attempt of the run; by default the last one
    #[arg(long, value_name = "NUMBER", conflicts_with = "all")]
    attempt: Option<u32>,
    /// All runs of a robot that have ended
    #[arg(long, requires_all = ["robot", "component"])]
    all: bool,
    /// The robot's id, such as `notify`
    #[arg(long, requires = "all")]
    robot: Option<String>,
    /// Only runs that ended within this time, such as `7d`
    #[arg(long, requires = "all", value_name = "DURATION")]
    since: Option<String>,
    /// The most runs, the newest first
    #[arg(long, requires = "all", value_name = "COUNT", default_value_t = many::RUNS_DEFAULT)]
    limit: usize,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let Some(source) = &self.source else {
            let asked = many::Asked {
                robot: self.robot.unwrap_or_default(),
                since: self.since,
                limit: self.limit,
            };
            let player = Player::new(self.component.as_deref()).await?;
            return many::run(globals, player, asked).await;
        };
        let file = match source.parse::<RunId>() {
            Ok(run) => fetched(&globals.client()?, run, self.attempt).await?,
            Err(_) => read(Path::new(source))?,
        };
        let player = Player::new(self.component.as_deref()).await?;
        let (robot, replay) = player.play(&file, Some(&globals.client()?)).await?;
        let has_changed = replay.difference.is_some();
        let words = words(&file, &robot, &replay);
        let data = serde_json::to_value(&replay).context("the replay cannot be written")?;
        let answer = Answer::new("signalbox.replay/1", words)
            .with("robot", robot.manifest().label())
            .with("digest", robot.digest())
            .with("is_same", !has_changed)
            .with("replay", data);
        Ok(if has_changed {
            answer.ending(Exit::Failed)
        } else {
            answer
        })
    }
}

/// Runs records on one component, or each on its own.
pub(super) struct Player {
    sandbox: Sandbox,
    component: Option<Robot>,
}

impl Player {
    async fn new(component: Option<&Path>) -> Result<Player, Failure> {
        let sandbox = Sandbox::new(SandboxConfig::default()).context("the sandbox cannot start")?;
        let component = match component {
            Some(path) => Some(loaded(&sandbox, robot::read(path)?.0).await?),
            None => None,
        };
        Ok(Player { sandbox, component })
    }

    /// Everything runs on this component.
    pub(super) async fn of(component: Vec<u8>) -> Result<Player, Failure> {
        let mut player = Player::new(None).await?;
        player.component = Some(loaded(&player.sandbox, component).await?);
        Ok(player)
    }

    /// Replays a record; where there is no component, on the one that ran, which the host has.
    pub(super) async fn play(
        &self,
        file: &RunFile,
        host: Option<&Client>,
    ) -> Result<(Robot, Replay), Failure> {
        let robot = match (&self.component, host) {
            (Some(robot), _) => robot.clone(),
            (None, Some(host)) => loaded(&self.sandbox, component(host, file).await?).await?,
            (None, None) => return Err(Failure::say(Exit::Usage, "there is no component to replay")),
        };
        let replay = self.replay(&robot, file).await?;
        Ok((robot, replay))
    }

    async fn replay(&self, robot: &Robot, file: &RunFile) -> Result<Replay, Failure> {
        let replayed = self.sandbox.replay(robot, file, Limits::default()).await;
        Ok(replayed.context("the run cannot be replayed")?)
    }
}

async fn loaded(sandbox: &Sandbox, bytes: Vec<u8>) -> Result<Robot, Failure> {
    let robot = sandbox.load(bytes).await;
    Ok(robot.context("the component cannot be loaded")?)
}

/// The component that ran, from the host.
async fn component(client: &Client, file: &RunFile) -> Result<Vec<u8>, Failure> {
    let path = format!("/robots/{}/component", file.digest);
    let found = client.get_bytes(&path).await;
    found.map_err(|failure| Failure {
        error: failure.error.context(format!(
            "the component of {} is not at hand; give it with --component",
            file.robot
        )),
        ..failure
    })
}

/// The record of a run, from the host.
async fn fetched(client: &Client, run: RunId, attempt: Option<u32>) -> Result<RunFile, Failure> {
    let attempt = attempt.map(|number| ("attempt", number.to_string()));
    let query: Vec<_> = attempt.into_iter().collect();
    let body = client.get_with(&format!("/runs/{run}/file"), &query).await?;
    Ok(RunFile::parse(&body.to_string()).with_context(|| format!("the record of {run}"))?)
}

/// Reads a saved run.
pub(super) fn read(path: &Path) -> Result<RunFile, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            _ => Exit::Failed,
        };
        let error = anyhow::Error::new(error).context(format!("cannot read `{shown}`"));
        Failure::new(exit, error)
    })?;
    Ok(RunFile::parse(&text).with_context(|| format!("`{shown}`"))?)
}
