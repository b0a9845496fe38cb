//! The import of an event log: its cases become deals that stand where they stood at the end, with their history.
//!
//! The past is stored, not lived: it makes no events, so no robot is started for it, and deadlines that have passed
//! notify nobody.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use signalbox_crm::activity::ActivityState;
use signalbox_crm::breaker::Limits;
use signalbox_crm::calendar::CalendarSpec;
use signalbox_crm::ids::{ActivityId, EmployeeId, PipelineId};
use signalbox_crm::people::Actor;
use signalbox_crm::time::Timestamp;
use signalbox_db::OpenOptions;

use crate::app::{App, AppOptions, BACKLOG_MAX};
use crate::clock::Clock;
use crate::engine::core::{Core, SharedCore};
use crate::engine::draft::Draft;
use crate::eventlog::mapping::{Language, Mapping};
use crate::eventlog::plan::{Plan, Step};
use crate::history::{CASE_FIELD, Cast, compare, complete, stored_cases};
use crate::janitor::Retention;
use crate::rehearsal::{Go, InputError, read_plan};
use crate::setup::{Names, Setup};

/// Cases in one commit: some 2,000 rows, a tenth of a second.
const CASES_PER_COMMIT: usize = 100;

/// What is imported, and where to.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The XES log, plain or in gzip.
    pub log: PathBuf,
    /// The mapping of the log.
    pub mapping: PathBuf,
    /// `sqlite:PATH` or `postgres://...`.
    pub database: String,
    /// How the database is opened.
    pub open: OpenOptions,
    /// The language of titles and names.
    pub language: Language,
}

/// How far an import is, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Cases of the log that have an event.
    pub case_total: usize,
    /// Cases that had their deal before.
    pub known_count: usize,
    /// Cases that became deals now.
    pub new_count: usize,
    /// Whether it was stopped before the end.
    pub is_interrupted: bool,
}

/// Stores the cases that are not stored yet, until the end or until `watch` says stop; it is asked before each commit.
///
/// # Errors
/// `InputError` before anything is stored; `StagesDiffer`; `DbError`; what a rule says about a case, by its name.
pub async fn import(
    options: &ImportOptions,
    watch: &mut (dyn FnMut(Imported) -> Go + Send),
) -> anyhow::Result<Imported> {
    let mapping = Mapping::load(&options.mapping).map_err(InputError::from)?;
    let plan = read_plan(&options.log, &mapping, options.language, None).map_err(InputError::from)?;
    let app = App::start(AppOptions {
        database: Some(options.database.clone()),
        open: options.open.clone(),
        // A clock that stands still: what is due in this database waits until a host works with it.
        clock: Clock::starting_at(Clock::System.now()),
        worker_count: 0,
        backlog_max: BACKLOG_MAX,
        run_limits: signalbox_sandbox::Limits::default(),
        breaker: Limits::DEFAULT,
        cache_dir: None,
        compiler: None,
        inflight: None,
        keep: Retention::default(),
        private_hosts: std::sync::Arc::from([]),
    })
    .await?;
    let imported = store(&app.core, &mapping, &plan, watch).await;
    app.stop().await;
    imported
}

async fn store(
    core: &SharedCore,
    mapping: &Mapping,
    plan: &Plan,
    watch: &mut (dyn FnMut(Imported) -> Go + Send),
) -> anyhow::Result<Imported> {
    let (pipeline, employees) = company(core, mapping, plan).await?;
    let items = stored_cases(&core.db, pipeline).await?;
    let directory = core.records.directory();
    let mut cast = Cast::new(mapping, plan, &directory, pipeline, employees, items);
    let cases = by_case(plan);
    let new: Vec<_> = cases.iter().filter(|(case, _)| !cast.has_item(case)).collect();
    let mut imported = Imported {
        case_total: cases.len(),
        known_count: cases.len() - new.len(),
        new_count: 0,
        is_interrupted: false,
    };
    for batch in new.chunks(CASES_PER_COMMIT) {
        if watch(imported) == Go::Stop {
            imported.is_interrupted = true;
            return Ok(imported);
        }
        let mut draft = Draft::new(core, Actor::System);
        // The past is a fact, whatever a stage asks for today.
        draft.overrides_required_fields = true;
        for (case, steps) in batch {
            stage_case(&mut cast, &mut draft, steps)
                .await
                .with_context(|| format!("case `{case}`"))?;
        }
        forget_the_moment(&mut draft, core.clock.now());
        draft.commit().await.context("a batch cannot be stored")?;
        imported.new_count += batch.len();
    }
    watch(imported);
    Ok(imported)
}

async fn stage_case(cast: &mut Cast, draft: &mut Draft, steps: &[&Step]) -> anyhow::Result<()> {
    for step in steps {
        if let Some(unplayed) = cast.play(draft, step).await? {
            return Err(anyhow!("{}: {}", step.at, unplayed.text));
        }
    }
    Ok(())
}

/// Nothing of the past is news: no events, and no timers but those that are still ahead.
fn forget_the_moment(draft: &mut Draft, now: Timestamp) {
    draft.changes.facts.clear();
    draft.now = now;
    draft.actor = Actor::System;
    let changes = &mut draft.changes;
    let activities = &changes.activities;
    let is_open = |id: &ActivityId| {
        activities
            .get(id)
            .is_some_and(|staged| staged.row.state == ActivityState::Open)
    };
    changes
        .timers
        .retain(|timer| timer.due_at > now && is_open(&timer.activity));
    changes.timers_void.clear();
}

/// The steps of each case in their order, in the order in which the cases began.
fn by_case(plan: &Plan) -> Vec<(Arc<str>, Vec<&Step>)> {
    let mut places: HashMap<Arc<str>, usize> = HashMap::new();
    let mut cases: Vec<(Arc<str>, Vec<&Step>)> = Vec::new();
    for step in &plan.steps {
        let place = *places.entry(Arc::clone(&step.case)).or_insert_with(|| {
            cases.push((Arc::clone(&step.case), Vec::new()));
            cases.len() - 1
        });
        cases[place].1.push(step);
    }
    cases
}

/// The pipeline and the people of the log: those of an earlier import, or new ones.
async fn company(
    core: &SharedCore,
    mapping: &Mapping,
    plan: &Plan,
) -> anyhow::Result<(PipelineId, HashMap<String, EmployeeId>)> {
    let key = &mapping.pipeline.key;
    let meta_key = format!("import.{key}.employees");
    let directory = core.records.directory();
    let known = Names {
        employees: stored_people(core, &meta_key).await?,
        ..Names::of(&directory)
    };
    if let Some(pipeline) = known.pipelines.get(key) {
        let stages = directory.stages_of(*pipeline);
        compare(mapping, |wanted| {
            stages
                .iter()
                .find(|stage| stage.key == wanted)
                .map(|stage| stage.kind)
        })?;
    }
    let mut setup = Setup {
        calendar: Some(CalendarSpec::office(
            mapping.time_zone.iana_name().unwrap_or("UTC"),
        )),
        zone: mapping.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        extra_calendar: Vec::new(),
        employee: Vec::new(),
        field: Vec::new(),
        pipeline: Vec::new(),
        channel: Vec::new(),
        secret: Vec::new(),
        attachment: Vec::new(),
    };
    let has_case_field = directory.fields.contains_key(CASE_FIELD);
    complete(&mut setup, mapping, plan, &known, has_case_field)?;
    let people = |names: &Names| {
        let text = serde_json::to_string(&names.employees).unwrap_or_default();
        vec![(meta_key, text)]
    };
    let names = setup.apply_noting(core, known, people).await?;
    let pipeline = names.pipeline(key)?;
    Ok((pipeline, names.employees.into_iter().collect()))
}

/// The people whom earlier imports into this pipeline made, by resource.
async fn stored_people(core: &Core, key: &str) -> anyhow::Result<BTreeMap<String, EmployeeId>> {
    match core.db.meta(key).await? {
        None => Ok(BTreeMap::new()),
        Some(text) => serde_json::from_str(&text)
            .with_context(|| format!("value `{key}` of the database is not what this program stores")),
    }
}
