//! Webhooks that could not be processed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use signalbox_crm::ids::{ChannelId, InboundId};
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::{Inbound, InboundState};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller};
use super::input::{Id, Query};
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::writing::Writing;
use signalbox_crm::said;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(retry))
}

/// A webhook as it came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InboundEvent)]
struct InboundView {
    #[schema(value_type = String)]
    id: InboundId,
    #[schema(value_type = String)]
    channel: ChannelId,
    /// The chat, as the provider names it.
    chat: Option<String>,
    /// `received`, `processed`, `ignored` or `failed`.
    state: &'static str,
    /// Why it was given up.
    note: Option<String>,
    /// The body as it came.
    body: String,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

impl From<Inbound> for InboundView {
    fn from(inbound: Inbound) -> Self {
        InboundView {
            id: inbound.id,
            channel: inbound.channel,
            chat: inbound.chat,
            state: inbound.state.as_str(),
            note: inbound.note,
            body: inbound.body,
            received_at: inbound.received_at,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct InboundQuery {
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// Webhooks that were given up after too many failures, newest first.
#[utoipa::path(
    get, path = "/inbound/failed", tag = "channels", params(InboundQuery),
    responses((status = OK, body = Page<InboundView>))
)]
async fn list(
    _: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<InboundQuery>,
) -> Result<Json<Page<InboundView>>, Problem> {
    let asked = Asked::<InboundId>::new("failed-inbound", query.limit, query.after.as_deref())?;
    let found = state.core.db.failed_inbound(asked.after, asked.fetch()).await?;
    Ok(asked.page(found, |inbound| inbound.id, InboundView::from))
}

/// Processes a webhook once more that was given up. Messages of its chat that came later have been processed meanwhile.
#[utoipa::path(
    post, path = "/inbound/{id}/retry", tag = "channels", responses((status = OK, body = InboundView))
)]
async fn retry(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<InboundId>,
) -> Result<Json<InboundView>, Problem> {
    let find = async || {
        state
            .core
            .db
            .inbound(id)
            .await?
            .ok_or_else(|| Problem::not_found(id))
    };
    let mut writing = Writing::new(&state, &caller);
    loop {
        let found = find().await?;
        let refused =
            |stands: &str| Problem::conflict(said!("{id} is {stands} and cannot be retried", id, stands));
        if found.state != InboundState::Failed {
            return Err(refused(found.state.as_str()));
        }
        let mut draft = writing.draft();
        draft.rule(|rules, changes| {
            rules.note(changes, id, "retried", found.note.clone(), None);
            Ok(())
        })?;
        draft.changes.inbound_again.push(id);
        if writing.commit(draft).await?.is_some() {
            return Ok(Json(find().await?.into()));
        }
    }
}
