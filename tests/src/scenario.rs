//! Scenarios: a folder with `given.toml`, `steps.txt` and `expected.txt`. The whole host runs in this process, with the
//! bundled robots as compiled components, a virtual clock and a database of its own.

mod clients;
mod report;
mod steps;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use signalbox::app::{App, AppOptions, BACKLOG_MAX, robot_version};
use signalbox::clock::Clock;
use signalbox::engine::committer::Proposal;
use signalbox::setup::{AttachmentSetup, Names, Setup};
use signalbox_crm::breaker::Limits;
use signalbox_crm::changes::RunChange;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::ids::{ContactId, ItemId};
use signalbox_crm::people::Actor;
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Batch, Db, OpenOptions, RunFilter};
use signalbox_sandbox::inspect::inspect;

/// What is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// What the scenario shows, in one sentence.
    pub about: String,
    /// Rows of the requirements trace that it serves.
    #[serde(default)]
    pub rows: Vec<u32>,
    /// Whether the set-up is refused; the outcome is the refusal then.
    #[serde(default)]
    pub is_refused: bool,
    /// When it begins.
    pub at: Timestamp,
    /// Robots of the tests that it needs besides the bundled ones.
    #[serde(default)]
    pub robots: Vec<String>,
    /// People, pipelines and channels; those of `scenarios/company.toml` without it.
    pub setup: Option<Setup>,
    /// What is attached.
    #[serde(default)]
    pub attachment: Vec<AttachmentSetup>,
}

/// A scenario that is being played.
pub struct Scenario {
    app: Option<App>,
    clock: Clock,
    database: String,
    robots: PathBuf,
    names: Names,
    items: BTreeMap<String, ItemId>,
    contacts: BTreeMap<String, ContactId>,
    update_count: i64,
    out: String,
    _folder: tempfile::TempDir,
}

/// Reads what is given.
///
/// # Errors
/// A file that is missing or wrong.
pub fn given(folder: &Path) -> anyhow::Result<Given> {
    let path = folder.join("given.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

/// Plays the scenario of a folder and returns what happened. Compiled robots are kept in `robots`.
///
/// # Errors
/// A file that is missing or wrong; a step that the harness does not know.
pub async fn play(folder: &Path, robots: &Path) -> anyhow::Result<String> {
    play_with(folder, robots, crate::robots::ROBOTS).await
}

/// The same with other robots, by id, than those of the tests.
///
/// # Errors
/// As [`play`].
pub async fn play_with(folder: &Path, robots: &Path, others: &[(&str, &[u8])]) -> anyhow::Result<String> {
    let read = |name: &str| {
        let path: PathBuf = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let given = given(folder)?;
    let is_refused = given.is_refused;
    let mut scenario = match (Scenario::begin(given, robots, others).await, is_refused) {
        (Ok(scenario), false) => scenario,
        (Err(error), true) => return Ok(format!("{error:#}\n")),
        (Ok(_), true) => bail!("the set-up is not refused"),
        (Err(error), false) => return Err(error),
    };
    for (number, line) in read("steps.txt")?.lines().enumerate() {
        let step = line.trim();
        if step.is_empty() || step.starts_with('#') {
            continue;
        }
        scenario
            .step(step)
            .await
            .with_context(|| format!("steps.txt, line {}: {step}", number + 1))?;
    }
    scenario.end().await
}

impl Scenario {
    async fn begin(given: Given, robots: &Path, others: &[(&str, &[u8])]) -> anyhow::Result<Scenario> {
        let folder = tempfile::tempdir()?;
        let database = format!("sqlite:{}", folder.path().join("crm.db").display());
        let clock = Clock::starting_at(given.at);
        let app = start(&database, &clock, robots).await?;
        install(&app, &given.robots, others).await?;
        let mut setup = given.setup.map_or_else(company, Ok)?;
        setup.attachment.extend(given.attachment);
        let names = setup.apply(&app.core).await?;
        Ok(Scenario {
            app: Some(app),
            clock,
            database,
            robots: robots.to_owned(),
            names,
            items: BTreeMap::new(),
            contacts: BTreeMap::new(),
            update_count: 0,
            out: String::new(),
            _folder: folder,
        })
    }

    fn app(&self) -> anyhow::Result<&App> {
        self.app.as_ref().ok_or_else(|| anyhow!("the host is down"))
    }

    /// Stops the host; the clock goes on; starts it again.
    async fn down_until(&mut self, until: Timestamp) -> anyhow::Result<()> {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
        self.clock.advance_to(until);
        self.app = Some(start(&self.database, &self.clock, &self.robots).await?);
        self.app()?.advance_to(until).await
    }

    /// Leaves the database as a host does that was killed between two commits.
    async fn kill(&mut self, title: &str) -> anyhow::Result<()> {
        let filter = RunFilter {
            attachment: Some(self.attachment(title)?),
            ..RunFilter::default()
        };
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
        let now = self.clock.now();
        let db = Db::open(&self.database, &OpenOptions::default()).await?;
        let found = db.runs(&filter, None, 1).await?.pop();
        let run = found.ok_or_else(|| anyhow!("`{title}` has no run"))?.run.id;
        let mut batch = Batch::new(now);
        batch.run_changes.push(RunChange {
            run,
            from: vec![RunState::Scheduled],
            to: RunState::Cancelled,
            reason: Some(Reason::LeftStage),
            detail: None,
            due_at: None,
        });
        db.commit(&batch).await?;
        db.close().await;
        self.down_until(now).await
    }

    async fn end(mut self) -> anyhow::Result<String> {
        let report = self.report().await?;
        self.out.push_str(&report);
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
        Ok(self.out)
    }
}

fn company() -> anyhow::Result<Setup> {
    Setup::parse(include_str!("../scenarios/company.toml")).context("company.toml")
}

/// Installs those of `robots` that are named.
async fn install(app: &App, names: &[String], robots: &[(&str, &[u8])]) -> anyhow::Result<()> {
    let mut proposal = Proposal::new(app.core.clock.now(), Actor::System);
    for name in names {
        let found = robots.iter().find(|(id, _)| id == name);
        let (_, bytes) = found.with_context(|| format!("there is no robot `{name}` among those given"))?;
        let version = robot_version(inspect(bytes)?, proposal.at, false);
        let change = DirectoryChange::Robot(version, Some(Arc::new(bytes.to_vec())));
        proposal.changes.directory.push(change);
    }
    if !names.is_empty() {
        app.core.submit(proposal).await?;
    }
    Ok(())
}

async fn start(database: &str, clock: &Clock, robots: &Path) -> anyhow::Result<App> {
    let options = AppOptions {
        database: Some(database.to_owned()),
        // One after the other, so that numbers are the same each time.
        worker_count: 1,
        backlog_max: BACKLOG_MAX,
        breaker: Limits::DEFAULT,
        cache_dir: Some(robots.to_owned()),
        ..AppOptions::for_test(clock.clone())
    };
    App::start(options).await
}
