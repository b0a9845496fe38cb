//! Where a rehearsal stands, kept in its own database.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use signalbox_crm::ids::{EmployeeId, IdKind};
use signalbox_crm::people::Actor;
use signalbox_crm::time::Timestamp;
use signalbox_db::{Db, OpenOptions};

use super::Input;
use crate::engine::committer::Proposal;
use crate::engine::core::{Core, SharedCore};
use crate::history::{Cast, complete, stored_cases};
use crate::setup::Names;

const IDENTITY: &str = "rehearsal";
const POSITION: &str = "rehearsal.position";
const EMPLOYEES: &str = "rehearsal.employees";
const NUMBERS: &str = "rehearsal.numbers";
const ELAPSED: &str = "rehearsal.elapsed-ms";

/// Runs that one seed has for itself before the next seed's begin: the number of a run is the seed of its randomness.
const RUNS_PER_SEED: i64 = 1_000_000_000;

/// What makes a rehearsal different from others: with the same identity, the report is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Of the log's file, compressed or not.
    pub log_sha256: String,
    /// Of the mapping's file.
    pub mapping_sha256: String,
    /// Of the set-up's file.
    pub setup_sha256: String,
    /// Only so many cases.
    pub case_limit: Option<u64>,
    /// Of random numbers.
    pub seed: u32,
    /// Of titles and names.
    pub language: String,
}

/// A database in which this rehearsal cannot take place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It is somebody's CRM.
    #[error("the database holds pipeline `{0}` and no rehearsal: name a new one")]
    NotARehearsal(String),
    /// It holds a rehearsal with something else.
    #[error("the database holds a rehearsal with another {}: name a new one", .0.join(", "))]
    Other(Vec<&'static str>),
}

/// How far the history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Steps that are committed.
    step: usize,
    /// The instant of the last one.
    at: Timestamp,
}

/// Where a rehearsal stands.
pub(super) struct Place {
    /// Steps that are committed.
    pub step: usize,
    /// People, stages and deals by the names of the log.
    pub cast: Cast,
    /// Runs of earlier sessions.
    pub run_count: i64,
    /// Time of all sessions that have ended.
    pub elapsed_ms: u64,
}

impl Identity {
    /// What differs.
    fn differences(&self, other: &Identity) -> Vec<&'static str> {
        let checks = [
            ("log", self.log_sha256 == other.log_sha256),
            ("mapping", self.mapping_sha256 == other.mapping_sha256),
            ("set-up", self.setup_sha256 == other.setup_sha256),
            ("limit", self.case_limit == other.case_limit),
            ("seed", self.seed == other.seed),
            ("language", self.language == other.language),
        ];
        checks
            .into_iter()
            .filter_map(|(name, is_same)| (!is_same).then_some(name))
            .collect()
    }
}

/// The virtual time at which the database goes on; `first_at` for a new one.
pub(super) async fn start_at(
    database: &str,
    open: &OpenOptions,
    first_at: Timestamp,
) -> anyhow::Result<Timestamp> {
    let db = Db::open(database, open).await?;
    let times = async {
        let position: Option<Position> = read(&db, POSITION).await?;
        let stored = position.map(|position| position.at);
        anyhow::Ok(stored.max(db.last_instant().await?))
    };
    let found = times.await;
    db.close().await;
    Ok(found?.unwrap_or(first_at))
}

/// Takes up a rehearsal: makes its set-up, or finds where it stands.
pub(super) async fn enter(core: &SharedCore, input: &Input) -> anyhow::Result<Place> {
    let stored: Option<Identity> = read(&core.db, IDENTITY).await?;
    match stored {
        Some(stored) => {
            let differences = stored.differences(&input.identity);
            if !differences.is_empty() {
                return Err(PlaceError::Other(differences).into());
            }
        }
        None => begin(core, input).await?,
    }
    let position: Option<Position> = read(&core.db, POSITION).await?;
    let step = position.map_or(0, |position| position.step);
    go_on_after_numbers(core, step, input.identity.seed).await?;
    let employees: HashMap<String, EmployeeId> = read(&core.db, EMPLOYEES).await?.unwrap_or_default();
    let directory = core.records.directory();
    let pipeline = Names::of(&directory).pipeline(&input.mapping.pipeline.key)?;
    let items = stored_cases(&core.db, pipeline).await?;
    let cast = Cast::new(
        &input.mapping,
        &input.plan,
        &directory,
        pipeline,
        employees,
        items,
    );
    let runs = core.db.count_runs().await?;
    Ok(Place {
        step,
        cast,
        run_count: runs.iter().map(|row| row.count).sum(),
        elapsed_ms: read(&core.db, ELAPSED).await?.unwrap_or(0),
    })
}

/// Stores the set-up and the identity in one commit.
async fn begin(core: &SharedCore, input: &Input) -> anyhow::Result<()> {
    let directory = core.records.directory();
    if let Some(pipeline) = directory.pipelines.values().next() {
        return Err(PlaceError::NotARehearsal(pipeline.key.clone()).into());
    }
    let mut setup = input.setup.clone();
    complete(&mut setup, &input.mapping, &input.plan, &Names::default(), false)?;
    let identity = serde_json::to_string(&input.identity)?;
    let note = |names: &Names| {
        let employees = serde_json::to_string(&names.employees).unwrap_or_default();
        vec![(IDENTITY.to_owned(), identity), (EMPLOYEES.to_owned(), employees)]
    };
    setup
        .apply_noting(core, Names::default(), note)
        .await
        .context("the set-up")?;
    Ok(())
}

/// The numbers of a session that ended cleanly go on without a gap: a run's number is the seed of its randomness.
/// What is stored of them is used once.
async fn go_on_after_numbers(core: &Core, step: usize, seed: u32) -> anyhow::Result<()> {
    let stored: Option<(usize, BTreeMap<String, i64>)> = read(&core.db, NUMBERS).await?;
    match stored {
        Some((stored_step, numbers)) if stored_step == step => {
            for kind in IdKind::ALL {
                if let Some(last) = numbers.get(kind.as_str()) {
                    core.ids.go_on_after(kind, *last);
                }
            }
            note(core, vec![(NUMBERS.to_owned(), String::new())]).await?;
        }
        Some(_) => {}
        None if step == 0 => {
            let first = i64::from(seed) * RUNS_PER_SEED;
            core.ids
                .go_on_after(IdKind::Run, first.max(core.ids.last(IdKind::Run)));
        }
        None => {}
    }
    Ok(())
}

/// The entry that goes with the commit of a step.
pub(super) fn after_step(step: usize, at: Timestamp) -> (String, String) {
    let position = Position { step, at };
    let text = serde_json::to_string(&position).unwrap_or_default();
    (POSITION.to_owned(), text)
}

/// Stores what a clean end leaves behind.
pub(super) async fn leave(core: &SharedCore, place: &mut Place, elapsed: Duration) -> anyhow::Result<()> {
    place.elapsed_ms += u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let numbers: BTreeMap<&str, i64> = IdKind::ALL
        .into_iter()
        .map(|kind| (kind.as_str(), core.ids.last(kind)))
        .collect();
    let entries = vec![
        (NUMBERS.to_owned(), serde_json::to_string(&(place.step, numbers))?),
        (ELAPSED.to_owned(), place.elapsed_ms.to_string()),
    ];
    note(core, entries).await
}

async fn note(core: &Core, meta: Vec<(String, String)>) -> anyhow::Result<()> {
    let mut proposal = Proposal::new(core.clock.now(), Actor::System);
    proposal.meta = meta;
    core.submit(proposal).await?;
    Ok(())
}

/// A value of the host as JSON; an empty one is none.
async fn read<T: for<'de> Deserialize<'de>>(db: &Db, key: &str) -> anyhow::Result<Option<T>> {
    match db.meta(key).await?.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => serde_json::from_str(&text)
            .map(Some)
            .with_context(|| format!("value `{key}` of the database is not what this program stores")),
    }
}
