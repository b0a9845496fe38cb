//! What robots ask of services outside, and what was answered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use signalbox_crm::http_request::{Asked as Request, HttpRequest, RequestState, Response};
use signalbox_crm::ids::{AttachmentId, ItemId, RequestId, RunId};
use signalbox_crm::time::Timestamp;
use signalbox_db::RequestFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, ReadClients, Work};
use super::input::{Id, Query};
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::writing::Writing;
use signalbox_crm::said;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(retry))
}

/// A request of a robot to a service outside. Secrets are named, and never shown.
#[derive(Debug, Serialize, ToSchema)]
struct RequestView {
    #[schema(value_type = String)]
    id: RequestId,
    #[schema(value_type = String)]
    attachment: AttachmentId,
    #[schema(value_type = Option<String>)]
    run: Option<RunId>,
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    /// Method, URL, query, headers, body, payload and when the robot is started again.
    #[schema(value_type = Object)]
    request: Request,
    /// The same at each attempt.
    idempotency_key: String,
    /// `pending`, `answered` or `dead`.
    state: &'static str,
    attempt_count: u32,
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    last_error: Option<String>,
    /// Status, headers and body of the answer.
    #[schema(value_type = Option<Object>)]
    response: Option<Response>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl From<HttpRequest> for RequestView {
    fn from(request: HttpRequest) -> Self {
        RequestView {
            id: request.id,
            attachment: request.attachment,
            run: request.chain.run,
            item: request.item,
            request: request.asked,
            idempotency_key: request.idempotency_key,
            state: request.state.as_str(),
            attempt_count: request.attempt_count,
            due_at: request.due_at,
            last_error: request.last_error,
            response: request.response,
            created_at: request.created_at,
            finished_at: request.finished_at,
        }
    }
}

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RequestsQuery {
    /// `pending`, `answered` or `dead`.
    #[param(value_type = Option<String>)]
    state: Option<RequestState>,
    #[param(value_type = Option<String>)]
    attachment: Option<AttachmentId>,
    #[param(value_type = Option<String>)]
    run: Option<RunId>,
    #[param(value_type = Option<String>)]
    item: Option<ItemId>,
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// Requests, newest first.
#[utoipa::path(
    get, path = "/requests", tag = "robots", params(RequestsQuery),
    responses((status = OK, body = Page<RequestView>))
)]
async fn list(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<RequestsQuery>,
) -> Result<Json<Page<RequestView>>, Problem> {
    let asked = Asked::<RequestId>::new("requests", query.limit, query.after.as_deref())?;
    let filter = RequestFilter {
        state: query.state,
        attachment: query.attachment,
        run: query.run,
        item: query.item,
    };
    let found = state
        .core
        .db
        .requests(&filter, asked.after, asked.fetch())
        .await?;
    Ok(asked.page(found, |request| request.id, RequestView::from))
}

/// One request.
#[utoipa::path(get, path = "/requests/{id}", tag = "robots", responses((status = OK, body = RequestView)))]
async fn get(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<RequestId>,
) -> Result<Json<RequestView>, Problem> {
    Ok(Json(find(&state, id).await?.into()))
}

/// Sends once more what is over, with the same key. What comes of it starts its robot again, as the first time.
#[utoipa::path(
    post, path = "/requests/{id}/retry", tag = "robots", responses((status = OK, body = RequestView))
)]
async fn retry(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<RequestId>,
) -> Result<Json<RequestView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let found = find(&state, id).await?;
        if found.state == RequestState::Pending {
            return Err(Problem::conflict(said!(
                "{id} is pending and cannot be retried",
                id
            )));
        }
        let mut draft = writing.draft();
        draft.rule(|rules, changes| {
            rules.note(changes, id, "retried", None, None);
            Ok(())
        })?;
        draft.changes.requests_again.push(id);
        if writing.commit(draft).await?.is_some() {
            return Ok(Json(find(&state, id).await?.into()));
        }
    }
}

async fn find(state: &AppState, id: RequestId) -> Result<HttpRequest, Problem> {
    let found = state.core.db.request(id).await?;
    found.ok_or_else(|| Problem::not_found(id))
}
