//! Webhooks of messengers and forms. No token: each provider's own scheme proves where they come from.

use signalbox_crm::sentence::Sentence;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::HeaderMap;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::input::{Id, raw};
use super::problem::{Kind, Problem};
use crate::intake::{IntakeError, accept};
use signalbox_crm::said;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(receive))
}

/// The body as it came: signatures are made over it.
struct Raw(HeaderMap, Bytes);

impl FromRequest<Arc<AppState>> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        Ok(Raw(headers, raw(request, state).await?))
    }
}

/// Takes a webhook in. It is stored when this answers 200, and processed after that; the provider repeats it else. While
/// too much work waits it is refused with 429.
#[utoipa::path(
    post, path = "/hooks/{key}", tag = "channels",
    request_body(content = Vec<u8>, content_type = "application/json"),
    responses((status = OK, body = Object))
)]
async fn receive(
    State(state): State<Arc<AppState>>,
    Id(key): Id<String>,
    Raw(headers, body): Raw,
) -> Result<Json<serde_json::Value>, Problem> {
    let directory = state.core.records.directory();
    let channel = directory.channels.values().find(|channel| channel.key == key);
    let channel =
        channel.ok_or_else(|| Problem::not_found_because(said!("`channel {key}` does not exist", key)))?;
    state.core.check_room()?;
    match accept(&state.core, channel, &headers, &body).await {
        Ok(_) => Ok(Json(serde_json::json!({}))),
        Err(IntakeError::Unauthentic(error)) => Err(Problem::new(
            Kind::Unauthorized,
            Sentence::plain(error.to_string()),
        )),
        Err(IntakeError::Malformed(error)) => {
            Err(Problem::new(Kind::BadJson, Sentence::plain(error.to_string())))
        }
        Err(IntakeError::Commit(error)) => {
            tracing::error!(error = %error, "A webhook of channel `{key}` is not stored: {error}");
            Err(Problem::new(
                Kind::Unavailable,
                said!("the webhook is not stored: send it again"),
            ))
        }
    }
}
