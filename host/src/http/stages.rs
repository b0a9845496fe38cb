//! Stages of pipelines.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::ids::{IdKind, PipelineId, StageId};
use signalbox_crm::pipeline::{Stage, StageKind};
use signalbox_crm::setting_up::check_stage;
use signalbox_crm::value::LocalText;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, Configure, Read};
use super::input::{Body, Id};
use super::paging::Page;
use super::problem::Problem;
use super::setup;
use super::version::{IfMatch, Versioned};
use super::writing::{Create, Creating, Writing};
use signalbox_crm::said;

/// The most stages of a pipeline: a board with more columns cannot be read.
pub(super) const STAGES_MAX: usize = 200;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(patch))
}

/// A stage of a pipeline.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StageView {
    #[schema(value_type = String)]
    id: StageId,
    #[schema(value_type = String)]
    pipeline: PipelineId,
    key: String,
    /// `{"ru", "en"}`.
    #[schema(value_type = Object)]
    title: LocalText,
    /// `open`, `won` or `lost`.
    #[schema(value_type = String)]
    kind: StageKind,
    /// Its place from the left.
    sort: i32,
    /// Fields that must be filled before an item may enter.
    required_fields: Vec<String>,
    requires_reason: bool,
    version: i64,
}

impl From<&Stage> for StageView {
    fn from(stage: &Stage) -> Self {
        let Stage {
            id,
            pipeline,
            key,
            title,
            kind,
            sort,
            required_fields,
            requires_reason,
            version,
        } = stage.clone();
        StageView {
            id,
            pipeline,
            key,
            title,
            kind,
            sort,
            required_fields,
            requires_reason,
            version,
        }
    }
}

/// The stages of a pipeline, from the left.
#[utoipa::path(
    get, path = "/pipelines/{id}/stages", tag = "set-up", responses((status = OK, body = Page<StageView>))
)]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<PipelineId>,
) -> Result<Json<Page<StageView>>, Problem> {
    let directory = state.core.records.directory();
    directory.pipeline(id)?;
    let stages = directory.stages_of(id);
    Ok(Page::whole(
        stages
            .into_iter()
            .map(|stage| StageView::from(stage.as_ref()))
            .collect(),
    ))
}

/// A new stage.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StageNew {
    key: String,
    #[schema(value_type = Object)]
    title: LocalText,
    #[schema(value_type = String)]
    kind: StageKind,
    /// Behind all others without it.
    sort: Option<i32>,
    #[serde(default)]
    required_fields: Vec<String>,
    #[serde(default)]
    requires_reason: bool,
}

impl StageNew {
    /// The stage, at its own place or at `sort`.
    pub(super) fn stage(&self, id: StageId, pipeline: PipelineId, sort: i32) -> Stage {
        Stage {
            id,
            pipeline,
            key: self.key.clone(),
            title: self.title.clone(),
            kind: self.kind,
            sort: self.sort.unwrap_or(sort),
            required_fields: self.required_fields.clone(),
            requires_reason: self.requires_reason,
            version: 1,
        }
    }
}

/// Adds a stage to a pipeline.
#[utoipa::path(
    post, path = "/pipelines/{id}/stages", tag = "set-up",
    request_body = StageNew, responses((status = CREATED, body = StageView))
)]
async fn create(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(pipeline): Id<PipelineId>,
    create: Create<StageNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let others = draft.directory.stages_of(pipeline);
        if others.len() >= STAGES_MAX {
            return Err(Problem::conflict(said!(
                "`{pipeline}` has {max} stages already",
                pipeline,
                max = STAGES_MAX
            )));
        }
        let last = others.last().map_or(0, |stage| stage.sort);
        let id = StageId(draft.new_id(IdKind::Stage));
        let stage = body.stage(id, pipeline, last.saturating_add(10));
        check_stage(&draft.directory, &stage)?;
        let view = StageView::from(&stage);
        setup::note_created(&mut draft, &stage.id.to_string(), &view)?;
        draft.changes.directory.push(DirectoryChange::Stage(stage));
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}

/// New values for some fields; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct StageChange {
    key: Option<String>,
    #[schema(value_type = Option<Object>)]
    title: Option<LocalText>,
    #[schema(value_type = Option<String>)]
    kind: Option<StageKind>,
    sort: Option<i32>,
    required_fields: Option<Vec<String>>,
    requires_reason: Option<bool>,
}

/// Changes a stage.
#[utoipa::path(
    patch, path = "/stages/{id}", tag = "set-up", params(("If-Match" = String, Header)),
    request_body = StageChange, responses((status = OK, body = StageView))
)]
async fn patch(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<StageId>,
    seen: IfMatch,
    Body(body): Body<StageChange>,
) -> Result<Versioned<StageView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let before = draft
            .directory
            .stages
            .get(&id)
            .cloned()
            .ok_or_else(|| Problem::not_found(id))?;
        seen.check(id, before.version)?;
        let mut stage = Stage {
            version: before.version + 1,
            ..Stage::clone(&before)
        };
        setup::set(&mut stage.key, body.key.as_ref());
        setup::set(&mut stage.title, body.title.as_ref());
        setup::set(&mut stage.kind, body.kind.as_ref());
        setup::set(&mut stage.sort, body.sort.as_ref());
        setup::set(&mut stage.required_fields, body.required_fields.as_ref());
        setup::set(&mut stage.requires_reason, body.requires_reason.as_ref());
        check_stage(&draft.directory, &stage)?;
        let view = StageView::from(&stage);
        setup::note_changed(
            &mut draft,
            &id.to_string(),
            &StageView::from(before.as_ref()),
            &view,
        )?;
        draft.changes.directory.push(DirectoryChange::Stage(stage));
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(view.version, view));
        }
    }
}
