//! Conversations with clients.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use signalbox_crm::conversation::Conversation;
use signalbox_crm::ids::{ChannelId, ContactId, ConversationId, EmployeeId, ItemId};
use signalbox_crm::talking::close;
use signalbox_crm::time::Timestamp;
use signalbox_db::ConversationFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, ReadClients, Work};
use super::input::{Id, Query};
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::version::{IfMatch, Versioned};
use super::writing::Writing;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(end))
}

/// A conversation with a client.
#[derive(Debug, Serialize, ToSchema)]
struct ConversationView {
    #[schema(value_type = String)]
    id: ConversationId,
    #[schema(value_type = String)]
    channel: ChannelId,
    /// The provider's id of the chat.
    external_chat: String,
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    #[schema(value_type = Option<String>)]
    operator: Option<EmployeeId>,
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_inbound_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_outbound_at: Option<Timestamp>,
    message_count: i64,
    version: i64,
}

impl From<Conversation> for ConversationView {
    fn from(conversation: Conversation) -> Self {
        ConversationView {
            id: conversation.id,
            channel: conversation.channel,
            external_chat: conversation.external_chat,
            contact: conversation.contact,
            item: conversation.item,
            operator: conversation.operator,
            opened_at: conversation.opened_at,
            closed_at: conversation.closed_at,
            last_inbound_at: conversation.last_inbound_at,
            last_outbound_at: conversation.last_outbound_at,
            message_count: conversation.message_count,
            version: conversation.version,
        }
    }
}

/// Which conversations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ConversationsQuery {
    #[param(value_type = Option<String>)]
    channel: Option<ChannelId>,
    #[param(value_type = Option<String>)]
    contact: Option<ContactId>,
    #[param(value_type = Option<String>)]
    item: Option<ItemId>,
    /// Open ones, or closed ones.
    open: Option<bool>,
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// Conversations, newest first.
#[utoipa::path(
    get, path = "/conversations", tag = "conversations", params(ConversationsQuery),
    responses((status = OK, body = Page<ConversationView>))
)]
async fn list(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<ConversationsQuery>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let asked = Asked::<ConversationId>::new("conversations", query.limit, query.after.as_deref())?;
    let filter = ConversationFilter {
        channel: query.channel,
        contact: query.contact,
        item: query.item.map(|item| item.number),
        operator: None,
        is_open: query.open,
    };
    let found = state
        .core
        .db
        .conversations(&filter, asked.after, asked.fetch())
        .await?;
    Ok(asked.page(found, |conversation| conversation.id, ConversationView::from))
}

/// One conversation.
#[utoipa::path(
    get, path = "/conversations/{id}", tag = "conversations", responses((status = OK, body = ConversationView))
)]
async fn get(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ConversationId>,
) -> Result<Versioned<ConversationView>, Problem> {
    let found = state
        .core
        .db
        .conversation(id)
        .await?
        .ok_or_else(|| Problem::not_found(id))?;
    Ok(Versioned(found.version, found.into()))
}

/// Ends a conversation: the client's next message opens a new one.
#[utoipa::path(
    post, path = "/conversations/{id}/close", tag = "conversations", params(("If-Match" = String, Header)),
    responses((status = OK, body = ConversationView))
)]
async fn end(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ConversationId>,
    seen: IfMatch,
) -> Result<Versioned<ConversationView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let conversation = draft.conversation(id).await?;
        seen.check(id, conversation.version)?;
        draft.rule(|rules, changes| close(rules, changes, conversation))?;
        let conversation = draft.conversation(id).await?;
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(conversation.version, conversation.into()));
        }
    }
}
