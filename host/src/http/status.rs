//! How the host stands.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller};
use super::problem::Problem;
use crate::status::{Status, status};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// What waits, what is late, what has failed, and what to do about it.
#[utoipa::path(get, path = "/status", tag = "operation", responses((status = OK, body = Status)))]
async fn get(_: Caller<Administer>, State(state): State<Arc<AppState>>) -> Result<Json<Status>, Problem> {
    Ok(Json(status(&state.core, &state.robots).await?))
}
