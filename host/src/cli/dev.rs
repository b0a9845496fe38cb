//! `signalbox dev`: a host in memory with the robot of a folder, which is built and exchanged when a file changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use signalbox_crm::ids::RunId;
use tokio::sync::broadcast::error::RecvError;

use self::bench::Bench;
use self::teller::Teller;
use super::changes::Changes;
use super::hosting::{Hosting, Signals, listen};
use super::robot::Robot;
use super::{Answer, Failure, Globals};
use crate::app::{App, AppOptions, WORKERS_DEFAULT};
use crate::bootstrap::new_admin;
use crate::clock::Clock;
use crate::engine::core::SharedCore;
use crate::scenario::trace;
use crate::trust::Trust;

mod bench;
mod teller;

/// What has begun when somebody ends it: nothing is kept, so nothing is waited for.
const DRAIN_MAX: std::time::Duration = std::time::Duration::from_secs(1);

/// Builds the robot of a folder, runs it in a host in memory, and exchanges it when a file changes
///
/// People, pipelines and attachments are those of a set-up file, or of the robot's first scenario. Runs are shown as
/// they happen; a build that fails leaves the robot that works.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  signalbox dev
  signalbox dev robots/greet --setup company.toml --port 8701

Nothing is kept: every start begins with an empty database. Timers and schedules go by the machine's clock;
`signalbox robot test --watch` plays scenarios with a virtual one. With --json each event is one line:
signalbox.dev.ready/1, signalbox.dev.build/1, signalbox.dev.run/1.")]
pub(super) struct Args {
    /// The robot's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// People, pipelines and attachments [default: those of the first scenario in `tests`]
    #[arg(long, value_name = "FILE")]
    setup: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 for a free one
    #[arg(long, default_value_t = 8700)]
    port: u16,
}

impl Args {
    pub(super) async fn run(self, globals: &Globals) -> Result<Answer, Failure> {
        let mut signals = Signals::new()?;
        let teller = Teller::new(globals.json);
        let bench = Bench::new(&self.dir, self.setup.as_deref())?;
        let listener = listen(&format!("127.0.0.1:{}", self.port)).await?;
        let address = listener.local_addr().context("the listener has no address")?;
        let mut changes = Changes::new(&self.dir);
        let Some(robot) = first(&self.dir, &teller, &mut changes, &mut signals).await? else {
            return Ok(Answer::silent());
        };
        let app = App::start(AppOptions {
            worker_count: WORKERS_DEFAULT,
            ..AppOptions::for_test(Clock::System)
        });
        let app = app.await.context("the host cannot start")?;
        let setup = bench.furnish(&app.core, &robot).await?;
        let admin = new_admin(&app.core, &setup.zone)
            .await
            .context("the token cannot be stored")?;
        teller.built(&robot);
        teller.ready(
            &format!("http://{address}"),
            &admin.secret,
            &app.core.records.directory(),
        );
        let mut hosting = Hosting::start(listener, app, Trust::default(), None);
        let core = Arc::clone(&hosting.app.core);
        let ended = tokio::select! {
            ended = exchange(&self.dir, &core, &teller, &mut changes) => ended,
            ended = tell(&core, &teller) => ended,
            ended = hosting.ended() => ended.map_err(Failure::from),
            _ = signals.next() => Ok(()),
        };
        hosting.stop(&mut signals, DRAIN_MAX).await;
        ended.map(|()| Answer::silent())
    }
}

/// The first robot that can be built; none when somebody ends it before.
async fn first(
    dir: &Path,
    teller: &Teller,
    changes: &mut Changes,
    signals: &mut Signals,
) -> Result<Option<Robot>, Failure> {
    loop {
        match build(dir).await? {
            Ok(robot) => return Ok(Some(robot)),
            // A folder without a robot does not become one by a change of a file.
            Err(failure) if !dir.join("robot.toml").is_file() => return Err(failure),
            Err(failure) => teller.failed(&failure),
        }
        tokio::select! {
            () = changes.next() => {}
            _ = signals.next() => return Ok(None),
        }
    }
}

/// Builds on a thread that may wait for the language's tool.
async fn build(dir: &Path) -> Result<Result<Robot, Failure>, Failure> {
    let dir = dir.to_owned();
    let built = tokio::task::spawn_blocking(move || Robot::read(&dir)).await;
    Ok(built.context("the build ended early")?)
}

/// Exchanges the robot whenever a file changes.
async fn exchange(
    dir: &Path,
    core: &SharedCore,
    teller: &Teller,
    changes: &mut Changes,
) -> Result<(), Failure> {
    loop {
        changes.next().await;
        let exchanged = match build(dir).await? {
            Ok(robot) => bench::exchange(core, &robot)
                .await
                .map(|()| robot)
                .map_err(Failure::from),
            Err(failure) => Err(failure),
        };
        match exchanged {
            Ok(robot) => teller.built(&robot),
            Err(failure) => teller.failed(&failure),
        }
    }
}

/// Shows every attempt.
async fn tell(core: &SharedCore, teller: &Teller) -> Result<(), Failure> {
    let mut attempts = core.attempts.subscribe();
    loop {
        match attempts.recv().await {
            Ok(stored) => show(core, teller, stored.run).await?,
            Err(RecvError::Lagged(count)) => teller.missed(count),
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

async fn show(core: &SharedCore, teller: &Teller, run: RunId) -> Result<(), Failure> {
    if let Some(trace) = trace(core, run).await? {
        teller.run(&trace.to_json()?);
    }
    Ok(())
}
