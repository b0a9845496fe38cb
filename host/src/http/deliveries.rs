//! What leaves the house, and what could not be delivered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use signalbox_crm::ids::{ChannelId, ConversationId, DeliveryId, ItemId, MessageId, RunId};
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::{Delivery, DeliveryState};
use signalbox_db::DeliveryFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller, ReadClients, Work};
use super::input::{Body, Id, Query};
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::writing::Writing;
use signalbox_crm::said;

/// Deliveries that a preview counts.
const COUNTED_MAX: u32 = 10_000;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(retry))
        .routes(routes!(retry_many))
}

/// A client message on its way out.
#[derive(Debug, Serialize, ToSchema)]
struct DeliveryView {
    #[schema(value_type = String)]
    id: DeliveryId,
    #[schema(value_type = String)]
    channel: ChannelId,
    #[schema(value_type = String)]
    conversation: ConversationId,
    #[schema(value_type = String)]
    message: MessageId,
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    #[schema(value_type = Option<String>)]
    run: Option<RunId>,
    text: String,
    /// The same at each attempt.
    idempotency_key: String,
    /// `pending`, `delivered` or `dead`.
    state: &'static str,
    attempt_count: u32,
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    last_error: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        DeliveryView {
            id: delivery.id,
            channel: delivery.channel,
            conversation: delivery.conversation,
            message: delivery.message,
            item: delivery.item,
            run: delivery.run,
            text: delivery.text,
            idempotency_key: delivery.idempotency_key,
            state: delivery.state.as_str(),
            attempt_count: delivery.attempt_count,
            due_at: delivery.due_at,
            last_error: delivery.last_error,
            created_at: delivery.created_at,
            finished_at: delivery.finished_at,
        }
    }
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeliveriesQuery {
    /// `pending`, `delivered` or `dead`.
    #[param(value_type = Option<String>)]
    state: Option<DeliveryState>,
    /// What this run has written.
    #[param(value_type = Option<String>)]
    run: Option<RunId>,
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// Deliveries, newest first.
#[utoipa::path(
    get, path = "/deliveries", tag = "channels", params(DeliveriesQuery),
    responses((status = OK, body = Page<DeliveryView>))
)]
async fn list(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let asked = Asked::<DeliveryId>::new("deliveries", query.limit, query.after.as_deref())?;
    let filter = DeliveryFilter {
        state: query.state,
        run: query.run,
        ..DeliveryFilter::default()
    };
    let found = state
        .core
        .db
        .deliveries(&filter, asked.after, asked.fetch())
        .await?;
    Ok(asked.page(found, |delivery| delivery.id, DeliveryView::from))
}

/// Which of the deliveries that were given up, and whether only to look.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResendMany {
    #[schema(value_type = Option<String>)]
    channel: Option<ChannelId>,
    /// Given up then or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_from: Option<Timestamp>,
    /// Given up before.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_until: Option<Timestamp>,
    /// Changes nothing, and counts.
    #[serde(default)]
    dry_run: bool,
    /// 1 to 200 deliveries a request; 50 without it.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// What would be sent again, or is.
#[derive(Debug, Serialize, ToSchema)]
struct ResentMany {
    dry_run: bool,
    /// With `dry_run`: how many fit, counted up to 10,000.
    matched_count: Option<i64>,
    /// Those of this page, oldest first.
    deliveries: Vec<DeliveryView>,
    /// What to pass as `after` for the next page; null on the last one.
    next: Option<String>,
}

/// Sends many once more that were given up, with the same keys, or says which these would be. One request takes one page.
///
/// A message that its channel delivers at most once may reach the client a second time: the last error says so.
#[utoipa::path(
    post, path = "/deliveries/retry", tag = "channels",
    request_body = ResendMany, responses((status = OK, body = ResentMany))
)]
async fn retry_many(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Body(body): Body<ResendMany>,
) -> Result<Json<ResentMany>, Problem> {
    let asked = Asked::<DeliveryId>::new("dead-deliveries", body.limit, body.after.as_deref())?;
    let filter = DeliveryFilter {
        state: Some(DeliveryState::Dead),
        channel: body.channel,
        message: None,
        finished_from: body.finished_from,
        finished_until: body.finished_until,
        run: None,
    };
    let db = &state.core.db;
    let found = db
        .deliveries_in_order(&filter, asked.after, asked.fetch())
        .await?;
    let page = asked.page(found, |delivery| delivery.id, DeliveryView::from).0;
    let mut writing = Writing::new(&state, &caller);
    while !body.dry_run && !page.items.is_empty() {
        let mut draft = writing.draft();
        draft.rule(|rules, changes| {
            for delivery in &page.items {
                rules.note(changes, delivery.id, "retried", None, None);
                changes.deliveries_again.push(delivery.id);
            }
            Ok(())
        })?;
        if writing.commit(draft).await?.is_some() {
            break;
        }
    }
    let matched_count = match body.dry_run {
        true => Some(db.delivery_count(&filter, COUNTED_MAX).await?),
        false => None,
    };
    Ok(Json(ResentMany {
        dry_run: body.dry_run,
        matched_count,
        deliveries: page.items,
        next: page.next,
    }))
}

/// Sends once more what was given up, with the same key.
#[utoipa::path(
    post, path = "/deliveries/{id}/retry", tag = "channels", responses((status = OK, body = DeliveryView))
)]
async fn retry(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<DeliveryId>,
) -> Result<Json<DeliveryView>, Problem> {
    let find = async || {
        state
            .core
            .db
            .delivery(id)
            .await?
            .ok_or_else(|| Problem::not_found(id))
    };
    let mut writing = Writing::new(&state, &caller);
    loop {
        let found = find().await?;
        if found.state != DeliveryState::Dead {
            let detail = said!(
                "{id} is {state} and cannot be retried",
                id,
                state = found.state.as_str()
            );
            return Err(Problem::conflict(detail));
        }
        let mut draft = writing.draft();
        draft.rule(|rules, changes| {
            rules.note(changes, id, "retried", None, None);
            Ok(())
        })?;
        draft.changes.deliveries_again.push(id);
        if writing.commit(draft).await?.is_some() {
            return Ok(Json(find().await?.into()));
        }
    }
}
