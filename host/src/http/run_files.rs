//! Runs in one file each, for replays; and what of a run somebody sees who may not read about clients.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use signalbox_crm::ids::RunId;
use signalbox_db::RunWithEvent;
use signalbox_sandbox::{Invocation, RunFile};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, Read, ReadClients};
use super::failure::internal;
use super::input::{Id, Query};
use super::problem::Problem;
use crate::masking::Mask;
use signalbox_crm::said;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(component))
}

/// Which attempt, and whether clients stay out of it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FileQuery {
    /// Counts from 1; the last one by default.
    attempt: Option<u32>,
    /// Replaces what concerns clients. Always so for tokens that may not read about clients.
    #[serde(default)]
    masked: bool,
}

/// A run in one file: invocation, clock, every host call with its answer, log, result, fuel. `signalbox replay` reads
/// it.
#[utoipa::path(
    get, path = "/runs/{id}/file", tag = "runs", params(FileQuery), responses((status = OK, body = Object))
)]
async fn get(
    caller: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<RunId>,
    Query(query): Query<FileQuery>,
) -> Result<Json<Value>, Problem> {
    let db = &state.core.db;
    let found = db.run(id).await?.ok_or_else(|| Problem::not_found(id))?;
    let number = query.attempt.unwrap_or(found.run.attempt_count);
    let attempt = db.attempt(id, number).await?;
    let attempt = attempt.ok_or_else(|| match found.run.attempt_count {
        0 => Problem::conflict(said!("{id} has not run: there is nothing to repeat", id)),
        count => Problem::not_found_because(said!(
            "`attempt {number} of {id}, which has {count},` does not exist",
            number,
            id,
            count
        )),
    })?;
    let file = RunFile::new(invocation(found, number), &attempt).map_err(|error| internal(&error))?;
    let is_masked = query.masked || !caller.may::<ReadClients>();
    let mut file = serde_json::to_value(&file).map_err(|error| internal(&error))?;
    if is_masked {
        mask(&mut file)?;
    }
    Ok(Json(file))
}

/// The argument that the robot got.
fn invocation(found: RunWithEvent, attempt: u32) -> Invocation {
    let RunWithEvent { run, event } = found;
    Invocation {
        run: run.id,
        attachment: run.attachment,
        attempt,
        item: run.item,
        event: event.id,
        happened_at: event.at,
        cause: event.fact,
    }
}

fn mask(file: &mut Value) -> Result<(), Problem> {
    let mut mask = Mask::default();
    mask.note_cause(&file["invocation"]["cause"]);
    mask.note_calls(&file["calls"]);
    mask.cover(file).map_err(|error| internal(&error))?;
    file["is_masked"] = true.into();
    Ok(())
}

/// A run with its event and attempts, without what concerns clients.
pub(super) fn masked_details(mut details: Value) -> Result<Value, Problem> {
    let mut mask = Mask::default();
    mask.note_cause(&details["event"]["fact"]);
    for attempt in details["attempts"].as_array().into_iter().flatten() {
        mask.note_calls(&attempt["calls"]);
    }
    mask.cover(&mut details).map_err(|error| internal(&error))?;
    Ok(details)
}

/// The component of a robot's version, as it was installed.
#[utoipa::path(
    get, path = "/robots/{digest}/component", tag = "robots",
    responses((status = OK, body = Vec<u8>, content_type = "application/wasm"))
)]
async fn component(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(digest): Id<String>,
) -> Result<Response, Problem> {
    let bytes = state.core.db.robot_component(&digest).await?;
    let bytes =
        bytes.ok_or_else(|| Problem::not_found_because(said!("`robot {digest}` does not exist", digest)))?;
    Ok(([(CONTENT_TYPE, "application/wasm")], bytes).into_response())
}
