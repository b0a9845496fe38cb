//! Bulk changes: accepted as a whole, done in pieces, seen and stopped in between.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::bulk::{Bulk, BulkChange, BulkFilter, BulkState, Refusal, Turn, change_one, check_bulk};
use signalbox_crm::ids::{BulkId, EmployeeId, IdKind, ItemId, PipelineId, StageId};
use signalbox_crm::rejection::Rejection;
use signalbox_crm::time::Timestamp;
use signalbox_db::{ItemFilter, ItemPage};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller, Read};
use super::input::{Body, Id, Query};
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::writing::{Create, Creating, Writing};
use crate::engine::bulk::OPEN_MAX;
use crate::engine::draft::Draft;
use signalbox_crm::said;

/// Items that a preview tries: enough to see which rules refuse.
const TRIED_MAX: u32 = 200;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, begin))
        .routes(routes!(preview))
        .routes(routes!(get))
        .routes(routes!(cancel))
}

/// Which open items, and what is done to each.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkNew {
    #[schema(value_type = String)]
    pipeline: PipelineId,
    /// Only items that stand in this stage.
    #[schema(value_type = Option<String>)]
    stage: Option<StageId>,
    /// Only items of this person.
    #[schema(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
    /// `{"kind": "move", "stage": "stage:2"}` with `allow_back` and `lost_reason`;
    /// `{"kind": "assign", "employee": "employee:1"}`; `{"kind": "run", "attachment": "attachment:3"}`;
    /// `{"kind": "start", "attachments": ["attachment:3"]}` for robots of the stages in which items stand.
    #[schema(value_type = Object)]
    change: BulkChange,
}

impl BulkNew {
    fn filter(&self) -> BulkFilter {
        BulkFilter {
            pipeline: self.pipeline,
            stage: self.stage,
            assignee: self.assignee,
        }
    }

    fn items(&self) -> ItemFilter {
        ItemFilter {
            pipeline: Some(self.pipeline),
            stage: self.stage,
            assignee: self.assignee,
            is_open: Some(true),
            ..ItemFilter::default()
        }
    }
}

/// A bulk change and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkView {
    #[schema(value_type = String)]
    id: BulkId,
    /// `open`, `done` or `cancelled`.
    #[schema(value_type = String)]
    state: BulkState,
    #[schema(value_type = String)]
    pipeline: PipelineId,
    #[schema(value_type = Option<String>)]
    stage: Option<StageId>,
    #[schema(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
    #[schema(value_type = Object)]
    change: BulkChange,
    #[schema(value_type = Option<String>)]
    by: Option<EmployeeId>,
    /// Items that fitted when it was asked for.
    matched_count: i64,
    /// Items that had their turn: the sum of the three below.
    seen_count: i64,
    /// Items that were changed, or whose robot was started.
    changed_count: i64,
    /// Items that were as wanted already, or fitted no more.
    passed_count: i64,
    /// Items that a rule refused to change.
    refused_count: i64,
    /// The first 20 of these.
    refusals: Vec<RefusalView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

/// An item that a rule refused to change.
#[derive(Debug, Serialize, ToSchema)]
struct RefusalView {
    #[schema(value_type = String)]
    item: ItemId,
    /// The rule's code, such as `required-fields`.
    code: String,
    message: String,
}

impl From<Refusal> for RefusalView {
    fn from(refusal: Refusal) -> Self {
        RefusalView {
            item: refusal.item,
            code: refusal.code,
            message: refusal.message,
        }
    }
}

impl From<Bulk> for BulkView {
    fn from(bulk: Bulk) -> Self {
        BulkView {
            seen_count: bulk.seen_count(),
            id: bulk.id,
            state: bulk.state,
            pipeline: bulk.filter.pipeline,
            stage: bulk.filter.stage,
            assignee: bulk.filter.assignee,
            change: bulk.change,
            by: bulk.by,
            matched_count: bulk.matched_count,
            changed_count: bulk.changed_count,
            passed_count: bulk.passed_count,
            refused_count: bulk.refused_count,
            refusals: bulk.refusals.into_iter().map(RefusalView::from).collect(),
            created_at: bulk.created_at,
            finished_at: bulk.finished_at,
        }
    }
}

/// What a bulk change would do.
#[derive(Debug, Serialize, ToSchema)]
struct BulkPreview {
    /// Items that fit now.
    matched_count: i64,
    /// Items that were tried: the first 200 of them.
    tried_count: i64,
    /// Of these, how many would be changed, or have their robot started.
    changed_count: i64,
    /// Of these, how many are as wanted already.
    passed_count: i64,
    /// Of these, how many a rule refuses to change.
    refused_count: i64,
    /// The first 20 of these.
    refusals: Vec<RefusalView>,
}

/// Which bulk changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BulksQuery {
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

fn fresh(id: BulkId, body: &BulkNew, by: Option<EmployeeId>, now: Timestamp) -> Bulk {
    Bulk {
        id,
        version: 1,
        state: BulkState::Open,
        filter: body.filter(),
        change: body.change.clone(),
        by,
        matched_count: 0,
        until: 0,
        cursor: 0,
        changed_count: 0,
        passed_count: 0,
        refused_count: 0,
        refusals: Vec::new(),
        created_at: now,
        finished_at: None,
    }
}

/// Changes many items, in pieces while there is room: accepted at once, seen at `GET /bulk/{id}`.
///
/// Items that come later are left alone; an item that does not fit any more when its turn comes is passed over. It goes
/// on after a restart, and each item has its turn once. At most 100 are open.
#[utoipa::path(
    post, path = "/bulk", tag = "items",
    request_body = BulkNew, responses((status = CREATED, body = BulkView))
)]
async fn begin(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    create: Create<BulkNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    let db = &state.core.db;
    if db.open_bulks(OPEN_MAX).await?.len() >= OPEN_MAX as usize {
        let detail = said!(
            "{max} bulk changes are open, and more are not possible",
            max = OPEN_MAX
        );
        return Err(Problem::conflict(detail));
    }
    loop {
        let draft = creating.draft();
        check_bulk(&draft.directory, &body.filter(), &body.change)?;
        let id = BulkId(draft.new_id(IdKind::Bulk));
        let mut bulk = fresh(id, &body, caller.employee, draft.now);
        bulk.matched_count = db.item_count(&body.items()).await?;
        bulk.until = db.last_item_number().await?;
        let view = BulkView::from(bulk.clone());
        if let Some(answer) = creating.commit_bulk(draft, bulk, &view).await? {
            return Ok(answer);
        }
    }
}

/// Says what a bulk change would do, and changes nothing: how many items fit, and what the rules say about the first.
#[utoipa::path(
    post, path = "/bulk/preview", tag = "items",
    request_body = BulkNew, responses((status = OK, body = BulkPreview))
)]
async fn preview(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Body(body): Body<BulkNew>,
) -> Result<Json<BulkPreview>, Problem> {
    let db = &state.core.db;
    let mut draft = Draft::new(&state.core, caller.actor());
    check_bulk(&draft.directory, &body.filter(), &body.change)?;
    let mut bulk = fresh(BulkId(0), &body, caller.employee, draft.now);
    let first = db.items(&body.items(), ItemPage::Number(None), TRIED_MAX).await?;
    let tried_count = first.len() as i64;
    for item in first {
        let id = item.id;
        let turn =
            draft.rule(|rules, changes| Ok::<Turn, Rejection>(change_one(rules, changes, &bulk, item)))?;
        bulk.note(id, turn);
    }
    Ok(Json(BulkPreview {
        matched_count: db.item_count(&body.items()).await?,
        tried_count,
        changed_count: bulk.changed_count,
        passed_count: bulk.passed_count,
        refused_count: bulk.refused_count,
        refusals: bulk.refusals.into_iter().map(RefusalView::from).collect(),
    }))
}

/// Bulk changes, newest first.
#[utoipa::path(get, path = "/bulk", tag = "items", params(BulksQuery), responses((status = OK, body = Page<BulkView>)))]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<BulksQuery>,
) -> Result<Json<Page<BulkView>>, Problem> {
    let asked = Asked::<BulkId>::new("bulk", query.limit, query.after.as_deref())?;
    let found = state.core.db.bulks(asked.after, asked.fetch()).await?;
    Ok(asked.page(found, |bulk| bulk.id, BulkView::from))
}

/// A bulk change and how far it is.
#[utoipa::path(get, path = "/bulk/{id}", tag = "items", responses((status = OK, body = BulkView)))]
async fn get(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<BulkId>,
) -> Result<Json<BulkView>, Problem> {
    let found = state.core.db.bulk(id).await?;
    let bulk = found.ok_or_else(|| Problem::not_found(id))?;
    Ok(Json(bulk.into()))
}

/// Stops a bulk change. What is done stays; runs that it started go on.
#[utoipa::path(post, path = "/bulk/{id}/cancel", tag = "items", responses((status = OK, body = BulkView)))]
async fn cancel(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<BulkId>,
) -> Result<Json<BulkView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let found = state.core.db.bulk(id).await?;
        let mut bulk = found.ok_or_else(|| Problem::not_found(id))?;
        if bulk.state != BulkState::Open {
            let stands = bulk.state.as_str();
            return Err(Problem::conflict(said!(
                "{id} is {stands} and cannot be cancelled",
                id,
                stands
            )));
        }
        let mut draft = writing.draft();
        let was = bulk.version;
        bulk.version += 1;
        bulk.end(BulkState::Cancelled, draft.now);
        let before = Some(BulkState::Open.as_str().to_owned());
        draft.rule(|rules, changes| {
            rules.note(changes, id, "cancelled", before, None);
            Ok(())
        })?;
        if writing
            .commit_bulk(draft, (Some(was), bulk.clone()))
            .await?
            .is_some()
        {
            return Ok(Json(bulk.into()));
        }
    }
}
