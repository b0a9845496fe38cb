//! Why robots ran or did not run for an item.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use signalbox_crm::ids::{AttachmentId, ItemId};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, ReadClients};
use super::failure::internal;
use super::input::{Id, Query};
use super::problem::Problem;
use crate::explain;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(one))
        .routes(routes!(automation))
}

/// Which robot.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExplainQuery {
    /// The attachment.
    #[param(value_type = String, example = "attachment:3")]
    attachment: AttachmentId,
}

/// Why the robot of an attachment ran or did not run for an item: reasons in order, each with a code, its values and
/// a sentence, and what became of it. `host/docs/explain.md` lists the codes.
#[utoipa::path(
    get, path = "/items/{id}/explain", tag = "items", params(ExplainQuery),
    responses((status = OK, body = Object))
)]
async fn one(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
    Query(query): Query<ExplainQuery>,
) -> Result<Json<Value>, Problem> {
    let explanation = explain::explain(&state.core, id, query.attachment).await?;
    let value = serde_json::to_value(explanation).map_err(|error| internal(&error))?;
    Ok(Json(value))
}

/// How every robot stands that concerns an item where it is now: `ran`, `failed`, `waits` or `did-not-start`, and why.
#[utoipa::path(
    get, path = "/items/{id}/automation", tag = "items",
    responses((status = OK, body = Object))
)]
async fn automation(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
) -> Result<Json<Value>, Problem> {
    let automation = explain::automation(&state.core, id).await?;
    let value = serde_json::to_value(automation).map_err(|error| internal(&error))?;
    Ok(Json(value))
}
