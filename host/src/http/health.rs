//! Whether the host lives and can work, and the description of its API.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::problem::{Kind, Problem};
use signalbox_crm::said;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(document))
}

/// How the host is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
    /// The version of the host.
    version: &'static str,
}

const OK: Health = Health {
    status: "ok",
    version: env!("CARGO_PKG_VERSION"),
};

/// Whether the process lives.
#[utoipa::path(get, path = "/health", tag = "operation", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(OK)
}

/// Whether the host can work: the database answers, and changes are taken. Not while the host is about to stop.
#[utoipa::path(get, path = "/ready", tag = "operation", responses((status = OK, body = Health)))]
async fn ready(State(state): State<Arc<AppState>>) -> Result<Json<Health>, Problem> {
    if state.core.draining.is_on() || state.core.requests.is_closed() {
        return Err(Problem::new(
            Kind::Unavailable,
            said!("the host is shutting down"),
        ));
    }
    state.core.db.meta("directory-version").await?;
    Ok(Json(OK))
}

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation",
    responses((status = OK, body = Object, description = "An OpenAPI 3.1 document."))
)]
async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(super::openapi())
}
