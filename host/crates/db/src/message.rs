//! Messages of conversations.

use signalbox_crm::conversation::Message;
use signalbox_crm::ids::{ChannelId, ConversationId, EmployeeId, MessageId, RunId};

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

const ROW_BYTES: usize = 240;

const INSERT: Sql = over_rows!(
    "INSERT INTO message (
    id, conversation, seq, direction, text, media, external_id, album, author, run, sent_at, edited_at,
    version
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), CAST(r.value ->> 2 AS BIGINT),
    r.value ->> 3, r.value ->> 4, r.value ->> 5, r.value ->> 6, r.value ->> 7,
    CAST(r.value ->> 8 AS BIGINT), CAST(r.value ->> 9 AS BIGINT), CAST(r.value ->> 10 AS BIGINT),
    CAST(r.value ->> 11 AS BIGINT), CAST(r.value ->> 12 AS BIGINT)",
    ""
);

const UPDATE: Sql = over_rows!(
    "UPDATE message
SET
    conversation = CAST(r.value ->> 1 AS BIGINT), seq = CAST(r.value ->> 2 AS BIGINT),
    direction = r.value ->> 3, text = r.value ->> 4, media = r.value ->> 5, external_id = r.value ->> 6,
    album = r.value ->> 7, author = CAST(r.value ->> 8 AS BIGINT), run = CAST(r.value ->> 9 AS BIGINT),
    sent_at = CAST(r.value ->> 10 AS BIGINT), edited_at = CAST(r.value ->> 11 AS BIGINT),
    version = CAST(r.value ->> 12 AS BIGINT)",
    "WHERE message.id = CAST(r.value ->> 0 AS BIGINT)
AND message.version = CAST(r.value ->> 13 AS BIGINT)"
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str =
    "SELECT message.id, message.conversation, message.seq, message.direction, message.text, message.media,
    message.external_id, message.album, message.author, message.run, message.sent_at, message.edited_at,
    message.version
FROM message";

const SELECT_IN_CHAT: &str =
    "SELECT message.id, message.conversation, message.seq, message.direction, message.text, message.media,
    message.external_id, message.album, message.author, message.run, message.sent_at, message.edited_at,
    message.version
FROM conversation
JOIN message ON message.conversation = conversation.id";

fn read(fields: &mut Fields<'_>) -> Result<Message, DbError> {
    Ok(Message {
        id: MessageId(fields.int()?),
        conversation: ConversationId(fields.int()?),
        seq: fields.int()?,
        direction: fields.word("direction")?,
        text: fields.text()?,
        media: fields.maybe_text()?,
        external_id: fields.maybe_text()?,
        album: fields.maybe_text()?,
        author: fields.maybe_int()?.map(EmployeeId),
        run: fields.maybe_int()?.map(RunId),
        sent_at: fields.instant()?,
        edited_at: fields.maybe_instant()?,
        version: fields.int()?,
    })
}

fn write<'r>(rows: &'r mut Rows, message: &Message) -> &'r mut Rows {
    rows.row()
        .int(message.id.0)
        .int(message.conversation.0)
        .int(message.seq)
        .word(message.direction.as_str())
        .text(&message.text)
        .maybe_text(message.media.as_deref())
        .maybe_text(message.external_id.as_deref())
        .maybe_text(message.album.as_deref())
        .maybe_int(message.author.map(|id| id.0))
        .maybe_int(message.run.map(|id| id.0))
        .instant(message.sent_at)
        .maybe_instant(message.edited_at)
        .int(message.version)
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.messages.is_empty() {
        let mut rows = Rows::with_capacity(batch.messages.len(), ROW_BYTES);
        for (base, message) in &batch.messages {
            write(&mut rows, message).int(*base);
        }
        steps.push(Step::of_each(UPDATE, rows, "message"));
    }
    if !batch.messages_new.is_empty() {
        let mut rows = Rows::with_capacity(batch.messages_new.len(), ROW_BYTES);
        for message in &batch.messages_new {
            write(&mut rows, message);
        }
        steps.push(Step::of_each(INSERT, rows, "message"));
    }
}

impl Db {
    /// The message.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, DbError> {
        Ok(self.messages_by_id(&[id]).await?.pop())
    }

    /// The messages with these ids, in no order; unknown ids are left out.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn messages_by_id(&self, ids: &[MessageId]) -> Result<Vec<Message>, DbError> {
        let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let sql = self.one_of(SELECT, "message.id");
        self.rows(sql, vec![Arg::ids(&numbers)], read).await
    }

    /// A page of messages, newest first; `before` is the lowest `seq` of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn messages(
        &self,
        conversation: ConversationId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Message>, DbError> {
        let mut filter = Filter::default();
        filter
            .and("message.conversation = ?", [conversation.0.into()])
            .maybe("message.seq < ?", before);
        let (sql, args) = filter.page(SELECT, "ORDER BY message.seq DESC", limit);
        self.rows(sql, args, read).await
    }

    /// Whether the conversation has a picture of this album.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn has_album(&self, conversation: ConversationId, album: &str) -> Result<bool, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "message.conversation = ? AND message.album = ?",
            [conversation.0.into(), album.into()],
        );
        let (sql, args) = filter.page(SELECT, "", 1);
        Ok(self.row(sql, args, read).await?.is_some())
    }

    /// The newest inbound message with the provider's id, in whichever conversation of the chat it is.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn message_by_external(
        &self,
        channel: ChannelId,
        chat: &str,
        external_id: &str,
    ) -> Result<Option<Message>, DbError> {
        let mut filter = Filter::default();
        filter
            .and(
                "conversation.channel = ? AND conversation.external_chat = ?",
                [channel.0.into(), chat.into()],
            )
            .and(
                "message.direction = 'inbound' AND message.external_id IS NOT NULL",
                [],
            )
            .and("message.external_id = ?", [external_id.into()]);
        let (sql, args) = filter.page(SELECT_IN_CHAT, "ORDER BY message.id DESC", 1);
        self.row(sql, args, read).await
    }
}
