//! What is recorded about an item: history, timeline, runs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::commenting::comment;
use signalbox_crm::ids::{ItemId, RunId};
use signalbox_crm::notification::{HistoryEntry, TimelineEntry};
use signalbox_crm::time::Timestamp;
use signalbox_db::RunFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, ReadClients, Work};
use super::input::{Id, Query};
use super::items::find;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::run_view::RunView;
use super::writing::{Create, Creating};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(history))
        .routes(routes!(timeline))
        .routes(routes!(add_comment))
        .routes(routes!(runs))
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// 1 to 200.
    pub(super) limit: Option<u32>,
    /// The cursor of the page before.
    pub(super) after: Option<String>,
}

/// Who changed what, when, from what to what.
#[derive(Debug, Serialize, ToSchema)]
struct HistoryView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `employee:3`, `robot:notify@1.0.0`, `channel:1` or `system`.
    actor: String,
    #[schema(value_type = Option<String>)]
    run: Option<RunId>,
    /// `created`, or the field's key.
    what: String,
    before: Option<String>,
    after: Option<String>,
}

impl From<HistoryEntry> for HistoryView {
    fn from(entry: HistoryEntry) -> Self {
        let HistoryEntry {
            at,
            actor,
            run,
            what,
            before,
            after,
            ..
        } = entry;
        HistoryView {
            at,
            actor,
            run,
            what,
            before,
            after,
        }
    }
}

/// The history of an item, newest first.
#[utoipa::path(
    get, path = "/items/{id}/history", tag = "items", params(PageQuery),
    responses((status = OK, body = Page<HistoryView>))
)]
async fn history(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<HistoryView>>, Problem> {
    let asked = Asked::<i64>::new("history", query.limit, query.after.as_deref())?;
    find(&state, id).await?;
    let rows = state
        .core
        .db
        .history(&id.to_string(), asked.after, asked.fetch())
        .await?;
    Ok(asked.page(rows, |row| row.id, |row| row.entry.into()))
}

/// A note on an item.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `comment`, `call` or `note`.
    kind: String,
    text: String,
    /// As in the history.
    actor: String,
    #[schema(value_type = Option<String>)]
    run: Option<RunId>,
}

impl From<TimelineEntry> for TimelineView {
    fn from(entry: TimelineEntry) -> Self {
        let TimelineEntry {
            at,
            kind,
            text,
            actor,
            run,
            ..
        } = entry;
        TimelineView {
            at,
            kind,
            text,
            actor,
            run,
        }
    }
}

/// The notes on an item, newest first.
#[utoipa::path(
    get, path = "/items/{id}/timeline", tag = "items", params(PageQuery),
    responses((status = OK, body = Page<TimelineView>))
)]
async fn timeline(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TimelineView>>, Problem> {
    let asked = Asked::<i64>::new("timeline", query.limit, query.after.as_deref())?;
    find(&state, id).await?;
    let rows = state
        .core
        .db
        .timeline(id.number, asked.after, asked.fetch())
        .await?;
    Ok(asked.page(rows, |row| row.id, |row| row.entry.into()))
}

/// A comment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CommentNew {
    text: String,
}

/// Comments on an item.
#[utoipa::path(
    post, path = "/items/{id}/comments", tag = "items",
    request_body = CommentNew, responses((status = CREATED, body = TimelineView))
)]
async fn add_comment(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
    create: Create<CommentNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let item = draft.item(id).await?;
        let entry = draft.rule(|rules, changes| comment(rules, changes, &item, &body.text))?;
        if let Some(answer) = creating.commit(draft, &TimelineView::from(entry)).await? {
            return Ok(answer);
        }
    }
}

/// The runs about an item, newest first.
#[utoipa::path(
    get, path = "/items/{id}/runs", tag = "items", params(PageQuery),
    responses((status = OK, body = Page<RunView>))
)]
async fn runs(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<RunView>>, Problem> {
    let asked = Asked::<RunId>::new("runs", query.limit, query.after.as_deref())?;
    find(&state, id).await?;
    let filter = RunFilter {
        item: Some(id.number),
        ..RunFilter::default()
    };
    let found = state.core.db.runs(&filter, asked.after, asked.fetch()).await?;
    Ok(asked.page(
        found,
        |found| found.run.id,
        |found| RunView::new(&state.core, &found),
    ))
}
