//! Conversations.

use signalbox_crm::conversation::Conversation;
use signalbox_crm::ids::{ChannelId, ContactId, ConversationId, EmployeeId};

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

const ROW_BYTES: usize = 160;

const INSERT: Sql = over_rows!(
    "INSERT INTO conversation (
    id, channel, external_chat, contact, item, item_kind, operator, opened_at, closed_at,
    last_inbound_at, last_outbound_at, message_count, version
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), r.value ->> 2,
    CAST(r.value ->> 3 AS BIGINT), CAST(r.value ->> 4 AS BIGINT), r.value ->> 5,
    CAST(r.value ->> 6 AS BIGINT), CAST(r.value ->> 7 AS BIGINT), CAST(r.value ->> 8 AS BIGINT),
    CAST(r.value ->> 9 AS BIGINT), CAST(r.value ->> 10 AS BIGINT), CAST(r.value ->> 11 AS BIGINT),
    CAST(r.value ->> 12 AS BIGINT)",
    ""
);

const UPDATE: Sql = over_rows!(
    "UPDATE conversation
SET
    channel = CAST(r.value ->> 1 AS BIGINT), external_chat = r.value ->> 2,
    contact = CAST(r.value ->> 3 AS BIGINT), item = CAST(r.value ->> 4 AS BIGINT),
    item_kind = r.value ->> 5, operator = CAST(r.value ->> 6 AS BIGINT),
    opened_at = CAST(r.value ->> 7 AS BIGINT), closed_at = CAST(r.value ->> 8 AS BIGINT),
    last_inbound_at = CAST(r.value ->> 9 AS BIGINT), last_outbound_at = CAST(r.value ->> 10 AS BIGINT),
    message_count = CAST(r.value ->> 11 AS BIGINT), version = CAST(r.value ->> 12 AS BIGINT)",
    "WHERE conversation.id = CAST(r.value ->> 0 AS BIGINT)
AND conversation.version = CAST(r.value ->> 13 AS BIGINT)"
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str =
    "SELECT conversation.id, conversation.channel, conversation.external_chat, conversation.contact,
    conversation.item, conversation.item_kind, conversation.operator, conversation.opened_at,
    conversation.closed_at, conversation.last_inbound_at, conversation.last_outbound_at,
    conversation.message_count, conversation.version
FROM conversation";

fn read(fields: &mut Fields<'_>) -> Result<Conversation, DbError> {
    Ok(Conversation {
        id: ConversationId(fields.int()?),
        channel: ChannelId(fields.int()?),
        external_chat: fields.text()?,
        contact: fields.maybe_int()?.map(ContactId),
        item: fields.maybe_item()?,
        operator: fields.maybe_int()?.map(EmployeeId),
        opened_at: fields.instant()?,
        closed_at: fields.maybe_instant()?,
        last_inbound_at: fields.maybe_instant()?,
        last_outbound_at: fields.maybe_instant()?,
        message_count: fields.int()?,
        version: fields.int()?,
    })
}

fn write<'r>(rows: &'r mut Rows, conversation: &Conversation) -> &'r mut Rows {
    rows.row()
        .int(conversation.id.0)
        .int(conversation.channel.0)
        .text(&conversation.external_chat)
        .maybe_int(conversation.contact.map(|id| id.0))
        .maybe_item(conversation.item)
        .maybe_int(conversation.operator.map(|id| id.0))
        .instant(conversation.opened_at)
        .maybe_instant(conversation.closed_at)
        .maybe_instant(conversation.last_inbound_at)
        .maybe_instant(conversation.last_outbound_at)
        .int(conversation.message_count)
        .int(conversation.version)
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.conversations.is_empty() {
        let mut rows = Rows::with_capacity(batch.conversations.len(), ROW_BYTES);
        for (base, conversation) in &batch.conversations {
            write(&mut rows, conversation).int(*base);
        }
        steps.push(Step::of_each(UPDATE, rows, "conversation"));
    }
    if !batch.conversations_new.is_empty() {
        let mut rows = Rows::with_capacity(batch.conversations_new.len(), ROW_BYTES);
        for conversation in &batch.conversations_new {
            write(&mut rows, conversation);
        }
        steps.push(Step::of_each(INSERT, rows, "conversation"));
    }
}

/// Which conversations a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// Of this channel.
    pub channel: Option<ChannelId>,
    /// Of this client.
    pub contact: Option<ContactId>,
    /// Of the item with this number.
    pub item: Option<i64>,
    /// Who answers.
    pub operator: Option<EmployeeId>,
    /// Open ones, or closed ones.
    pub is_open: Option<bool>,
}

impl Db {
    /// The conversation.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, DbError> {
        Ok(self.conversations_by_id(&[id]).await?.pop())
    }

    /// The conversations with these ids, in no order; unknown ids are left out.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn conversations_by_id(&self, ids: &[ConversationId]) -> Result<Vec<Conversation>, DbError> {
        let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let sql = self.one_of(SELECT, "conversation.id");
        self.rows(sql, vec![Arg::ids(&numbers)], read).await
    }

    /// The open conversation of a chat; there is one at most.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn open_conversation(
        &self,
        channel: ChannelId,
        chat: &str,
    ) -> Result<Option<Conversation>, DbError> {
        let mut filter = Filter::default();
        filter
            .and(
                "conversation.channel = ? AND conversation.external_chat = ?",
                [channel.0.into(), chat.into()],
            )
            .and("conversation.closed_at IS NULL", []);
        let (sql, args) = filter.page(SELECT, "", 1);
        self.row(sql, args, read).await
    }

    /// A page of conversations, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn conversations(
        &self,
        filter: &ConversationFilter,
        before: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<Conversation>, DbError> {
        let mut conditions = Filter::default();
        conditions
            .maybe("conversation.channel = ?", filter.channel.map(|id| id.0))
            .maybe("conversation.contact = ?", filter.contact.map(|id| id.0))
            .maybe("conversation.item = ?", filter.item)
            .maybe("conversation.operator = ?", filter.operator.map(|id| id.0))
            .maybe("conversation.id < ?", before.map(|id| id.0));
        match filter.is_open {
            Some(true) => conditions.and("conversation.closed_at IS NULL", []),
            Some(false) => conditions.and("conversation.closed_at IS NOT NULL", []),
            None => &mut conditions,
        };
        let (sql, args) = conditions.page(SELECT, "ORDER BY conversation.id DESC", limit);
        self.rows(sql, args, read).await
    }
}
