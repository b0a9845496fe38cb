//! Scenarios: a folder with `given.toml`, `steps.txt` and `expected.txt`. The whole host runs in this process, with the
//! bundled robots and those under test as compiled components, a virtual clock and a database of its own.
//!
//! `signalbox robot test` plays those of an integrator, the tests of this repository theirs.

mod clients;
mod costs;
mod fixture;
mod given;
mod report;
mod requests;
mod script;
mod steps;
mod traces;
mod typo;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use signalbox_crm::breaker::Limits;
use signalbox_crm::changes::RunChange;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::ids::{ContactId, IdKind, ItemId, RunId};
use signalbox_crm::people::Actor;
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Batch, Db, OpenOptions, RunFilter};
use signalbox_sandbox::inspect::inspect;

pub use self::costs::{Cost, over_budget};
pub use self::fixture::{Fixture, play_fixture};
pub use self::given::{Budget, Given};
pub use self::script::{Script, VERBS, Verb};
pub use self::traces::{Trace, trace};
pub use self::typo::Typo;
use self::typo::read_text;
use crate::app::{App, AppOptions, BACKLOG_MAX, outdated, robot_version};
use crate::clock::Clock;
use crate::engine::committer::Proposal;
use crate::engine::core::SharedCore;
use crate::setup::Names;

/// The company of scenarios that bring none of their own, as a set-up file.
pub const COMPANY: &str = include_str!("scenario/company.toml");

/// What a scenario is played with.
#[derive(Debug, Clone, Copy)]
pub struct Kit<'a> {
    /// Components by the robot's id; those that `given.toml` names are installed.
    pub robots: &'a [(&'a str, &'a [u8])],
    /// Where compiled robots are kept meanwhile.
    pub compiled: &'a Path,
}

/// What came of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// The steps with their instants, and the state at the end: the text of `expected.txt`.
    pub outcome: String,
    /// The runs that were executed.
    pub traces: Vec<Trace>,
    /// The last run that was made before the steps that are asked for.
    last_before: RunId,
}

/// A scenario that is being played.
struct Scenario<'a> {
    app: Option<App>,
    clock: Clock,
    database: String,
    kit: Kit<'a>,
    names: Names,
    items: BTreeMap<String, ItemId>,
    contacts: BTreeMap<String, ContactId>,
    update_count: i64,
    last_before: RunId,
    out: String,
    _folder: tempfile::TempDir,
}

/// Plays the scenario of a folder.
///
/// # Errors
/// A file that is missing; [`Typo`], also for names that nobody has; a host that fails.
pub async fn play(folder: &Path, kit: Kit<'_>) -> anyhow::Result<Played> {
    play_given(folder, Given::read(folder)?, kit).await
}

/// The same with what the caller has read, and maybe changed.
///
/// # Errors
/// As [`play`].
pub async fn play_given(folder: &Path, given: Given, kit: Kit<'_>) -> anyhow::Result<Played> {
    play_script(given, &Script::read(folder)?, kit).await
}

async fn play_script(given: Given, script: &Script, kit: Kit<'_>) -> anyhow::Result<Played> {
    let file = given.file.clone();
    let is_refused = given.is_refused;
    let mut scenario = match (Scenario::begin(given, kit).await, is_refused) {
        (Ok(scenario), false) => scenario,
        (Err(error), true) => {
            return Ok(Played {
                outcome: format!("{error:#}\n"),
                traces: Vec::new(),
                last_before: RunId(0),
            });
        }
        (Ok(scenario), true) => {
            scenario.stop().await;
            bail!("given.toml: the set-up is not refused, as `is_refused` says");
        }
        (Err(error), false) => {
            return Err(Typo::of_meaning(&file, &read_text(&file)?, &error).into());
        }
    };
    for (at, step) in script.steps.iter().enumerate() {
        if at == script.from {
            scenario.last_before = RunId(scenario.app()?.core.ids.last(IdKind::Run));
        }
        if let Err(error) = scenario.step(step).await {
            scenario.stop().await;
            return Err(Typo::of_message(&script.path, step.number, &format!("{error:#}")).into());
        }
    }
    scenario.end().await
}

impl<'a> Scenario<'a> {
    async fn begin(given: Given, kit: Kit<'a>) -> anyhow::Result<Scenario<'a>> {
        let folder = tempfile::tempdir()?;
        let database = format!("sqlite:{}", folder.path().join("crm.db").display());
        let clock = Clock::starting_at(given.at);
        let app = start(&database, &clock, kit.compiled).await?;
        let names = match arrange(&app, given, kit).await {
            Ok(names) => names,
            Err(error) => {
                app.stop().await;
                return Err(error);
            }
        };
        Ok(Scenario {
            app: Some(app),
            clock,
            database,
            kit,
            names,
            items: BTreeMap::new(),
            contacts: BTreeMap::new(),
            update_count: 0,
            last_before: RunId(0),
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
        self.app = Some(start(&self.database, &self.clock, self.kit.compiled).await?);
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

    async fn end(mut self) -> anyhow::Result<Played> {
        let report = self.report().await?;
        self.out.push_str(&report);
        let traces = traces::of(&self.app()?.core).await?;
        let outcome = std::mem::take(&mut self.out);
        let last_before = self.last_before;
        self.stop().await;
        Ok(Played {
            outcome,
            traces,
            last_before,
        })
    }

    async fn stop(mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
    }
}

/// Installs the robots and makes the company.
async fn arrange(app: &App, given: Given, kit: Kit<'_>) -> anyhow::Result<Names> {
    install(app, &given.robots, kit.robots).await?;
    given.company()?.apply(&app.core).await
}

/// Installs those of `robots` that are named.
async fn install(app: &App, names: &[String], robots: &[(&str, &[u8])]) -> anyhow::Result<()> {
    let mut components = Vec::new();
    for name in names {
        let found = robots.iter().find(|(id, _)| id == name);
        let known = || robots.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(", ");
        let (_, bytes) = found.with_context(|| format!("there is no robot `{name}`; known: {}", known()))?;
        components.push(*bytes);
    }
    install_robots(&app.core, &components).await
}

/// Installs components, over other versions of the same robots. What is installed already stays.
///
/// # Errors
/// A component that is no robot; the database.
pub async fn install_robots(core: &SharedCore, components: &[&[u8]]) -> anyhow::Result<()> {
    let mut proposal = Proposal::new(core.clock.now(), Actor::System);
    let directory = core.records.directory();
    for bytes in components {
        let version = robot_version(inspect(bytes)?, proposal.at, false);
        if directory.robots.contains_key(&version.digest) {
            continue;
        }
        proposal.changes.directory.extend(outdated(&directory, &version));
        let change = DirectoryChange::Robot(version, Some(Arc::new(bytes.to_vec())));
        proposal.changes.directory.push(change);
    }
    if !proposal.changes.directory.is_empty() {
        core.submit(proposal).await?;
    }
    Ok(())
}

async fn start(database: &str, clock: &Clock, compiled: &Path) -> anyhow::Result<App> {
    let options = AppOptions {
        database: Some(database.to_owned()),
        // One after the other, so that numbers are the same each time.
        worker_count: 1,
        backlog_max: BACKLOG_MAX,
        breaker: Limits::DEFAULT,
        cache_dir: Some(compiled.to_owned()),
        ..AppOptions::for_test(clock.clone())
    };
    App::start(options).await
}
