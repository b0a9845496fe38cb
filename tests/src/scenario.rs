//! Scenarios: a folder with `given.toml`, `steps.txt` and `expected.txt`. The whole host runs in this process, with the
//! bundled robots as compiled components, a virtual clock and a database of its own.

mod report;
mod steps;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::Deserialize;
use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox::setup::{Names, Setup};
use signalbox_crm::ids::ItemId;
use signalbox_crm::time::Timestamp;

/// What is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// What the scenario shows, in one sentence.
    pub about: String,
    /// Rows of the requirements trace that it serves.
    #[serde(default)]
    pub rows: Vec<u32>,
    /// When it begins.
    pub at: Timestamp,
    /// People, pipelines and attachments.
    pub setup: Setup,
}

/// A scenario that is being played.
pub struct Scenario {
    app: Option<App>,
    clock: Clock,
    database: String,
    names: Names,
    items: BTreeMap<String, ItemId>,
    update_count: i64,
    out: String,
    _folder: tempfile::TempDir,
}

/// Plays the scenario of a folder and returns what happened.
///
/// # Errors
/// A file that is missing or wrong; a step that the harness does not know.
pub async fn play(folder: &Path) -> anyhow::Result<String> {
    let read = |name: &str| {
        let path: PathBuf = folder.join(name);
        std::fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let given: Given = toml::from_str(&read("given.toml")?).context("given.toml")?;
    let mut scenario = Scenario::begin(given).await?;
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
    async fn begin(given: Given) -> anyhow::Result<Scenario> {
        let folder = tempfile::tempdir()?;
        let database = format!("sqlite:{}", folder.path().join("crm.db").display());
        let clock = Clock::starting_at(given.at);
        let app = start(&database, &clock).await?;
        let names = given.setup.apply(&app.core).await?;
        Ok(Scenario {
            app: Some(app),
            clock,
            database,
            names,
            items: BTreeMap::new(),
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
        self.app = Some(start(&self.database, &self.clock).await?);
        self.app()?.advance_to(until).await
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

async fn start(database: &str, clock: &Clock) -> anyhow::Result<App> {
    let options = AppOptions {
        database: Some(database.to_owned()),
        ..AppOptions::for_test(clock.clone())
    };
    App::start(options).await
}
