//! Pipelines.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::directory::{Directory, DirectoryChange};
use signalbox_crm::ids::{CalendarId, IdKind, ItemKind, PipelineId, StageId};
use signalbox_crm::pipeline::Pipeline;
use signalbox_crm::setting_up::{check_pipeline, check_stage};
use signalbox_crm::value::LocalText;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, Configure, Read};
use super::input::{Body, Id, Query, nullable};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::setup;
use super::stages::{STAGES_MAX, StageNew, StageView};
use super::version::{IfMatch, Versioned};
use super::writing::{Create, Creating, Writing};
use crate::engine::draft::Draft;
use signalbox_crm::{said, template};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, patch))
}

/// A pipeline.
#[derive(Debug, Serialize, ToSchema)]
struct PipelineView {
    #[schema(value_type = String)]
    id: PipelineId,
    key: String,
    /// `{"ru", "en"}`.
    #[schema(value_type = Object)]
    title: LocalText,
    /// `lead` or `deal`.
    #[schema(value_type = String)]
    item_kind: ItemKind,
    /// An activity may be due at most this many working days after the last contact.
    activity_working_days_max: Option<u32>,
    #[schema(value_type = Option<String>)]
    calendar: Option<CalendarId>,
    version: i64,
}

impl From<&Pipeline> for PipelineView {
    fn from(pipeline: &Pipeline) -> Self {
        PipelineView {
            id: pipeline.id,
            key: pipeline.key.clone(),
            title: pipeline.title.clone(),
            item_kind: pipeline.item_kind,
            activity_working_days_max: pipeline.activity_working_days_max,
            calendar: pipeline.calendar,
            version: pipeline.version,
        }
    }
}

/// All pipelines.
#[utoipa::path(
    get, path = "/pipelines", tag = "set-up", params(PageQuery), responses((status = OK, body = Page<PipelineView>))
)]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<PipelineView>>, Problem> {
    let asked = Asked::<PipelineId>::new("pipelines", query.limit, query.after.as_deref())?;
    let directory = state.core.records.directory();
    Ok(asked.page_of(&directory.pipelines, |pipeline| {
        PipelineView::from(pipeline.as_ref())
    }))
}

/// One pipeline.
#[utoipa::path(get, path = "/pipelines/{id}", tag = "set-up", responses((status = OK, body = PipelineView)))]
async fn get(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<PipelineId>,
) -> Result<Versioned<PipelineView>, Problem> {
    let directory = state.core.records.directory();
    let pipeline = directory.pipeline(id)?;
    Ok(Versioned(pipeline.version, pipeline.as_ref().into()))
}

/// A new pipeline.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PipelineNew {
    key: String,
    #[schema(value_type = Object)]
    title: LocalText,
    #[schema(value_type = String)]
    item_kind: ItemKind,
    activity_working_days_max: Option<u32>,
    #[schema(value_type = Option<String>)]
    calendar: Option<CalendarId>,
    /// Its stages from the left, made with it; more can follow.
    #[serde(default)]
    stages: Vec<StageNew>,
}

/// Creates a pipeline, with its stages or without.
#[utoipa::path(
    post, path = "/pipelines", tag = "set-up",
    request_body = PipelineNew, responses((status = CREATED, body = PipelineView))
)]
async fn create(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    create: Create<PipelineNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let pipeline = Pipeline {
            id: PipelineId(draft.new_id(IdKind::Pipeline)),
            key: body.key.clone(),
            title: body.title.clone(),
            item_kind: body.item_kind,
            activity_working_days_max: body.activity_working_days_max,
            calendar: body.calendar,
            version: 1,
        };
        setup::check_room(template!("pipelines"), draft.directory.pipelines.len())?;
        check_pipeline(&draft.directory, &pipeline)?;
        let view = PipelineView::from(&pipeline);
        setup::note_created(&mut draft, &pipeline.id.to_string(), &view)?;
        add_with_stages(&mut draft, pipeline, &body.stages)?;
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}

/// Adds the pipeline with its stages: each is checked among those before it.
fn add_with_stages(draft: &mut Draft, pipeline: Pipeline, stages: &[StageNew]) -> Result<(), Problem> {
    if stages.len() > STAGES_MAX {
        let detail = said!("a pipeline has at most {max} stages", max = STAGES_MAX);
        return Err(Problem::invalid("stages", detail));
    }
    let id = pipeline.id;
    let mut directory = Directory::clone(&draft.directory);
    let pipeline = DirectoryChange::Pipeline(pipeline);
    directory.apply(pipeline.clone())?;
    draft.changes.directory.push(pipeline);
    for (place, new) in (1_i32..).zip(stages) {
        let stage = new.stage(StageId(draft.new_id(IdKind::Stage)), id, place * 10);
        check_stage(&directory, &stage)?;
        setup::note_created(draft, &stage.id.to_string(), &StageView::from(&stage))?;
        let stage = DirectoryChange::Stage(stage);
        directory.apply(stage.clone())?;
        draft.changes.directory.push(stage);
    }
    Ok(())
}

/// New values for some fields; null clears one, what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PipelineChange {
    key: Option<String>,
    #[schema(value_type = Option<Object>)]
    title: Option<LocalText>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>)]
    activity_working_days_max: Option<Option<u32>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    calendar: Option<Option<CalendarId>>,
}

/// Changes a pipeline.
#[utoipa::path(
    patch, path = "/pipelines/{id}", tag = "set-up", params(("If-Match" = String, Header)),
    request_body = PipelineChange, responses((status = OK, body = PipelineView))
)]
async fn patch(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<PipelineId>,
    seen: IfMatch,
    Body(body): Body<PipelineChange>,
) -> Result<Versioned<PipelineView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let before = Arc::clone(draft.directory.pipeline(id)?);
        seen.check(id, before.version)?;
        let mut pipeline = Pipeline {
            version: before.version + 1,
            ..Pipeline::clone(&before)
        };
        setup::set(&mut pipeline.key, body.key.as_ref());
        setup::set(&mut pipeline.title, body.title.as_ref());
        setup::set(
            &mut pipeline.activity_working_days_max,
            body.activity_working_days_max.as_ref(),
        );
        setup::set(&mut pipeline.calendar, body.calendar.as_ref());
        check_pipeline(&draft.directory, &pipeline)?;
        let view = PipelineView::from(&pipeline);
        setup::note_changed(
            &mut draft,
            &id.to_string(),
            &PipelineView::from(before.as_ref()),
            &view,
        )?;
        draft.changes.directory.push(DirectoryChange::Pipeline(pipeline));
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(view.version, view));
        }
    }
}
