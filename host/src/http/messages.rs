//! Messages of conversations.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::conversation::{Direction, Message};
use signalbox_crm::ids::{ConversationId, EmployeeId, MessageId, RunId};
use signalbox_crm::talking;
use signalbox_crm::time::Timestamp;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, ReadClients, Work};
use super::input::{Id, Query};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::writing::{Create, Creating, lost};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(messages, answer))
}

/// A message of a conversation.
#[derive(Debug, Serialize, ToSchema)]
struct MessageView {
    #[schema(value_type = String)]
    id: MessageId,
    #[schema(value_type = String)]
    conversation: ConversationId,
    /// Counts the messages of the conversation, from 1.
    seq: i64,
    /// `inbound` or `outbound`.
    #[schema(value_type = String)]
    direction: Direction,
    text: String,
    /// What came besides text, by kind.
    media: Option<String>,
    #[schema(value_type = Option<String>)]
    author: Option<EmployeeId>,
    #[schema(value_type = Option<String>)]
    run: Option<RunId>,
    #[schema(value_type = String, format = DateTime)]
    sent_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    edited_at: Option<Timestamp>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        MessageView {
            id: message.id,
            conversation: message.conversation,
            seq: message.seq,
            direction: message.direction,
            text: message.text,
            media: message.media,
            author: message.author,
            run: message.run,
            sent_at: message.sent_at,
            edited_at: message.edited_at,
        }
    }
}

/// The messages of a conversation, newest first.
#[utoipa::path(
    get, path = "/conversations/{id}/messages", tag = "conversations", params(PageQuery),
    responses((status = OK, body = Page<MessageView>))
)]
async fn messages(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ConversationId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<MessageView>>, Problem> {
    let asked = Asked::<i64>::new("messages", query.limit, query.after.as_deref())?;
    state
        .core
        .db
        .conversation(id)
        .await?
        .ok_or_else(|| Problem::not_found(id))?;
    let found = state.core.db.messages(id, asked.after, asked.fetch()).await?;
    Ok(asked.page(found, |message| message.seq, MessageView::from))
}

/// An answer to a client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MessageNew {
    text: String,
}

/// Answers the client. The message is stored now and leaves the house after that: accepted, not delivered.
#[utoipa::path(
    post, path = "/conversations/{id}/messages", tag = "conversations",
    request_body = MessageNew, responses((status = CREATED, body = MessageView))
)]
async fn answer(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ConversationId>,
    create: Create<MessageNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let conversation = draft.conversation(id).await?;
        let item = match conversation.item {
            Some(id) => Some(draft.item(id).await?),
            None => None,
        };
        let words = (caller.employee, body.text.as_str());
        let sent = draft.rule(|rules, changes| talking::answer(rules, changes, conversation, item, words))?;
        let row = draft.changes.messages.get(&sent).map(|staged| staged.row.clone());
        let view = MessageView::from(row.ok_or_else(|| lost(sent))?);
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}
