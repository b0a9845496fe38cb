//! The set-up that a history needs: its people, its pipeline, and a field that says which case a deal was.

use std::collections::HashMap;
use std::sync::Arc;

use signalbox_crm::ids::{ItemId, PipelineId};
use signalbox_crm::people::Role;
use signalbox_crm::pipeline::{FieldType, StageKind};
use signalbox_crm::value::{FieldValue, LocalText};
use signalbox_db::{Db, DbError, ItemFilter, ItemPage};

use crate::eventlog::mapping::{self, Mapping, Titles};
use crate::eventlog::plan::Plan;
use crate::setup::{EmployeeSetup, FieldSetup, Names, PipelineSetup, Setup, StageSetup};

/// The custom field with the case's name in the log: a case that has its deal is not stored twice.
pub const CASE_FIELD: &str = "case";

/// Items that are read at once.
const PAGE: u32 = 1000;

/// A stage of the mapping that the pipeline does not have as the mapping says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StagesDiffer {
    /// It has no such stage.
    #[error("the mapping names stage `{stage}`, and pipeline `{pipeline}` has none of that key")]
    Missing {
        /// The stage's key.
        stage: String,
        /// The pipeline's key.
        pipeline: String,
    },
    /// It has one of another kind.
    #[error(
        "stage `{stage}` of pipeline `{pipeline}` is {found}, and the mapping says {wanted}",
        found = word(*found),
        wanted = word(*wanted)
    )]
    OtherKind {
        /// The stage's key.
        stage: String,
        /// The pipeline's key.
        pipeline: String,
        /// What it is.
        found: StageKind,
        /// What the mapping says.
        wanted: StageKind,
    },
}

fn word(kind: StageKind) -> &'static str {
    match kind {
        StageKind::Open => "`open`",
        StageKind::Won => "`won`",
        StageKind::Lost => "`lost`",
    }
}

/// Adds to the set-up what the history needs and neither the set-up nor `known` has: people, pipeline, case field.
///
/// # Errors
/// `StagesDiffer` when the set-up has the pipeline, without a stage of the mapping.
pub fn complete(
    setup: &mut Setup,
    mapping: &Mapping,
    plan: &Plan,
    known: &Names,
    has_case_field: bool,
) -> Result<(), StagesDiffer> {
    for person in &plan.employees {
        let key = person.resource.to_string();
        if known.employees.contains_key(&key) || setup.employee.iter().any(|given| given.key == key) {
            continue;
        }
        setup.employee.push(EmployeeSetup {
            key,
            name: person.name.clone(),
            email: None,
            role: Role::Operator,
            head: person.head.as_deref().map(str::to_owned),
        });
    }
    if !has_case_field && !setup.field.iter().any(|field| field.key == CASE_FIELD) {
        setup.field.push(FieldSetup {
            key: CASE_FIELD.to_owned(),
            title: LocalText {
                ru: "Номер в журнале".to_owned(),
                en: "Case in the log".to_owned(),
            },
            field_type: FieldType::Text,
            options: Vec::new(),
        });
    }
    let key = &mapping.pipeline.key;
    match setup.pipeline.iter().find(|pipeline| pipeline.key == *key) {
        Some(given) => {
            let found = |wanted: &str| {
                given
                    .stage
                    .iter()
                    .find(|stage| stage.key == wanted)
                    .map(|s| s.kind)
            };
            compare(mapping, found)
        }
        None if known.pipelines.contains_key(key) => Ok(()),
        None => {
            setup.pipeline.push(pipeline(mapping));
            Ok(())
        }
    }
}

/// Compares the mapping's stages with those of a pipeline.
///
/// # Errors
/// `StagesDiffer` for the first one that is missing or of another kind.
pub(crate) fn compare(
    mapping: &Mapping,
    found: impl Fn(&str) -> Option<StageKind>,
) -> Result<(), StagesDiffer> {
    for stage in &mapping.stages {
        let (key, pipeline) = (stage.key.clone(), mapping.pipeline.key.clone());
        let wanted = kind(stage.kind);
        match found(&stage.key) {
            None => return Err(StagesDiffer::Missing { stage: key, pipeline }),
            Some(found) if found != wanted => {
                return Err(StagesDiffer::OtherKind {
                    stage: key,
                    pipeline,
                    found,
                    wanted,
                });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn pipeline(mapping: &Mapping) -> PipelineSetup {
    let stage = |stage: &mapping::Stage| StageSetup {
        key: stage.key.clone(),
        title: text(&stage.title),
        kind: kind(stage.kind),
        required_fields: Vec::new(),
        requires_reason: false,
    };
    PipelineSetup {
        key: mapping.pipeline.key.clone(),
        title: text(&mapping.pipeline.title),
        kind: signalbox_crm::ids::ItemKind::Deal,
        activity_working_days_max: None,
        calendar: None,
        stage: mapping.stages.iter().map(stage).collect(),
    }
}

fn text(titles: &Titles) -> LocalText {
    LocalText {
        ru: titles.ru.clone(),
        en: titles.en.clone(),
    }
}

fn kind(kind: mapping::StageKind) -> StageKind {
    match kind {
        mapping::StageKind::Open => StageKind::Open,
        mapping::StageKind::Won => StageKind::Won,
        mapping::StageKind::Lost => StageKind::Lost,
    }
}

/// The deals of the pipeline that came from a log, by their case.
///
/// # Errors
/// The database.
pub async fn stored_cases(db: &Db, pipeline: PipelineId) -> Result<HashMap<Arc<str>, ItemId>, DbError> {
    let filter = ItemFilter {
        pipeline: Some(pipeline),
        ..ItemFilter::default()
    };
    let mut cases = HashMap::new();
    let mut after = None;
    loop {
        let page = db.items(&filter, ItemPage::Number(after), PAGE).await?;
        let Some(last) = page.last() else { return Ok(cases) };
        after = Some(last.id.number);
        for item in &page {
            if let Some(FieldValue::Text(case)) = item.fields.get(CASE_FIELD) {
                cases.insert(Arc::from(case.as_str()), item.id);
            }
        }
    }
}
