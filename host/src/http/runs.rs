//! The run journal: what ran, why, what came of it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use signalbox_crm::changes::RunChange;
use signalbox_crm::ids::{AttachmentId, ItemId, PipelineId, RunId};
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;
use signalbox_crm::time::Timestamp;
use signalbox_db::{RunFilter, RunWithEvent};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, Read, ReadClients, Relieve, Who, Work};
use super::failure::internal;
use super::input::{Id, Query};
use super::paging::{Asked, Page};
use super::problem::{Problem, Said};
use super::run_files::masked_details;
use super::run_view::{AttemptView, EventView, RunRow, RunView};
use super::writing::Writing;

/// The most attempts that are shown: an attachment has 25 at most, and people may retry.
const ATTEMPTS_MAX: u32 = 200;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(retry))
        .routes(routes!(cancel))
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RunsQuery {
    /// `scheduled`, `available`, `retryable`, `completed`, `discarded` or `cancelled`.
    #[param(value_type = Option<String>)]
    state: Option<RunState>,
    #[param(value_type = Option<String>)]
    attachment: Option<AttachmentId>,
    #[param(value_type = Option<String>)]
    item: Option<ItemId>,
    /// The robot's id, such as `notify`.
    robot: Option<String>,
    /// Why they are in their state, such as `attempts-used-up`.
    #[param(value_type = Option<String>)]
    reason: Option<Reason>,
    /// The failure of the last attempt, such as `no-candidate`.
    code: Option<String>,
    /// Items that stand in this pipeline now.
    #[param(value_type = Option<String>)]
    pipeline: Option<PipelineId>,
    /// Ended then or later.
    #[param(value_type = Option<String>)]
    finished_from: Option<Timestamp>,
    /// Ended before.
    #[param(value_type = Option<String>)]
    finished_until: Option<Timestamp>,
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// Runs, newest first.
#[utoipa::path(get, path = "/runs", tag = "runs", params(RunsQuery), responses((status = OK, body = Page<RunRow>)))]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<RunsQuery>,
) -> Result<Json<Page<RunRow>>, Problem> {
    let asked = Asked::<RunId>::new("runs", query.limit, query.after.as_deref())?;
    let filter = RunFilter {
        state: query.state,
        attachment: query.attachment,
        robot: query.robot,
        item: query.item.map(|item| item.number),
        event: None,
        reason: query.reason,
        code: query.code,
        pipeline: query.pipeline,
        finished_from: query.finished_from,
        finished_until: query.finished_until,
    };
    let found = state.core.db.runs(&filter, asked.after, asked.fetch()).await?;
    let ids: Vec<RunId> = found.iter().map(|found| found.run.id).collect();
    let costs = state.core.db.run_costs(&ids).await?;
    let row = |found: RunWithEvent| {
        let cost = costs.iter().find(|cost| cost.run == found.run.id);
        RunRow {
            run: RunView::new(&state.core, &found),
            duration_us: cost.map(|cost| cost.duration_us),
            fuel: cost.map(|cost| cost.fuel),
        }
    };
    Ok(asked.page(found, |found| found.run.id, row))
}

/// A run with everything that is known about it.
#[derive(Debug, Serialize, ToSchema)]
struct RunDetails {
    run: RunView,
    /// Why an available run has not started.
    #[schema(value_type = Option<String>)]
    waits: Option<Sentence>,
    event: EventView,
    /// First one first.
    attempts: Vec<AttemptView>,
}

/// A run with its event and attempts: host calls, effects, logs, verdict, fuel. What concerns clients is replaced for
/// tokens that may not read about them.
#[utoipa::path(get, path = "/runs/{id}", tag = "runs", responses((status = OK, body = RunDetails)))]
async fn get(
    caller: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<RunId>,
) -> Result<Response, Problem> {
    let found = state
        .core
        .db
        .run(id)
        .await?
        .ok_or_else(|| Problem::not_found(id))?;
    let attempts = state.core.db.attempts(id, ATTEMPTS_MAX).await?;
    let waits = state.core.lanes.why_waiting(&found.run);
    let said = Extension(Said(waits.iter().cloned().collect()));
    let details = RunDetails {
        waits,
        run: RunView::new(&state.core, &found),
        event: found.event.into(),
        attempts: attempts.into_iter().map(AttemptView::from).collect(),
    };
    if caller.may::<ReadClients>() {
        return Ok((said, Json(details)).into_response());
    }
    let details = serde_json::to_value(&details).map_err(|error| internal(&error))?;
    Ok((said, Json(masked_details(details)?)).into_response())
}

/// Executes a run once more that failed or was cancelled: it is due at once.
#[utoipa::path(post, path = "/runs/{id}/retry", tag = "runs", responses((status = OK, body = RunView)))]
async fn retry(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<RunId>,
) -> Result<Json<RunView>, Problem> {
    let change = RunChange {
        run: id,
        from: vec![RunState::Discarded, RunState::Cancelled, RunState::Retryable],
        to: RunState::Retryable,
        reason: Some(Reason::ByHand),
        detail: Some(format!("retried by {}", caller.actor())),
        due_at: Some(state.core.clock.now()),
    };
    apply(&state, &caller, change, "retried").await
}

/// Cancels a run that has not run yet.
#[utoipa::path(post, path = "/runs/{id}/cancel", tag = "runs", responses((status = OK, body = RunView)))]
async fn cancel(
    caller: Caller<Relieve>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<RunId>,
) -> Result<Json<RunView>, Problem> {
    let change = RunChange {
        run: id,
        from: vec![RunState::Scheduled, RunState::Available, RunState::Retryable],
        to: RunState::Cancelled,
        reason: Some(Reason::ByHand),
        detail: Some(format!("cancelled by {}", caller.actor())),
        due_at: None,
    };
    apply(&state, &caller, change, "cancelled").await
}

/// Changes the run where its state allows it.
async fn apply(
    state: &AppState,
    caller: &Who,
    change: RunChange,
    word: &str,
) -> Result<Json<RunView>, Problem> {
    let id = change.run;
    let find = async || state.core.db.run(id).await?.ok_or_else(|| Problem::not_found(id));
    let mut writing = Writing::new(state, caller);
    loop {
        let found = find().await?;
        let refused = || {
            let stands = found.run.state.as_str();
            Problem::conflict(said!("{id} is {stands} and cannot be {word}", id, stands, word))
        };
        if !change.from.contains(&found.run.state) {
            return Err(refused());
        }
        let mut draft = writing.draft();
        draft.changes.runs.push(change.clone());
        let before = Some(found.run.state.as_str().to_owned());
        draft.rule(|rules, changes| {
            rules.note(changes, id, word, before, None);
            Ok(())
        })?;
        if let Some(receipt) = writing.commit(draft).await? {
            if !receipt.committed.changed.contains(&id) {
                return Err(refused());
            }
            return Ok(Json(RunView::new(&state.core, &find().await?)));
        }
    }
}
