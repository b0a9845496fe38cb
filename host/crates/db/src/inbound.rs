//! What providers sent, as it came.

use signalbox_crm::ids::{ChannelId, InboundId};
use signalbox_crm::shard::ShardSet;
use signalbox_crm::timer::{Inbound, InboundState};

use crate::batch::Batch;
use crate::commit::{Returns, Step};
use crate::dialect::{Fields, Sql, by_word, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;
use crate::sharding;

const ROW_BYTES: usize = 512;
const STATES: [InboundState; 4] = [
    InboundState::Received,
    InboundState::Processed,
    InboundState::Ignored,
    InboundState::Failed,
];

/// A provider that repeats itself is right to do so: the first copy counts.
const INSERT: Sql = over_rows!(
    "INSERT INTO inbound (
    id, channel, dedup_key, chat, body, received_at, state, note, shard, host
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), r.value ->> 2, r.value ->> 3,
    r.value ->> 4, CAST(r.value ->> 5 AS BIGINT), r.value ->> 6, r.value ->> 7,
    CAST(r.value ->> 8 AS BIGINT), CAST(r.value ->> 9 AS BIGINT)",
    "WHERE true
ON CONFLICT (channel, dedup_key) DO NOTHING
RETURNING id"
);

const UPDATE: Sql = over_rows!(
    "UPDATE inbound
SET state = r.value ->> 1, note = r.value ->> 2",
    "WHERE inbound.id = CAST(r.value ->> 0 AS BIGINT)
AND inbound.state = 'received'"
);

const AGAIN: Sql = over_rows!(
    "UPDATE inbound
SET state = 'received', note = NULL, host = NULL",
    "WHERE inbound.id = CAST(r.value ->> 0 AS BIGINT)
AND inbound.state = 'failed'
RETURNING id"
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str =
    "SELECT inbound.id, inbound.channel, inbound.dedup_key, inbound.chat, inbound.body, inbound.received_at,
    inbound.state, inbound.note
FROM inbound";

fn read(fields: &mut Fields<'_>) -> Result<Inbound, DbError> {
    Ok(Inbound {
        id: InboundId(fields.int()?),
        channel: ChannelId(fields.int()?),
        dedup_key: fields.text()?,
        chat: fields.maybe_text()?,
        body: fields.text()?,
        received_at: fields.instant()?,
        state: by_word("inbound state", &fields.text()?, &STATES, InboundState::as_str)?,
        note: fields.maybe_text()?,
    })
}

pub(crate) fn steps(batch: &Batch, host: i64, steps: &mut Vec<Step>) {
    if !batch.inbound.is_empty() {
        let mut rows = Rows::with_capacity(batch.inbound.len(), ROW_BYTES);
        for inbound in &batch.inbound {
            rows.row()
                .int(inbound.id.0)
                .int(inbound.channel.0)
                .text(&inbound.dedup_key)
                .maybe_text(inbound.chat.as_deref())
                .text(&inbound.body)
                .instant(inbound.received_at)
                .word(inbound.state.as_str())
                .maybe_text(inbound.note.as_deref())
                .int(i64::from(inbound.shard()))
                .maybe_int(batch.inbound_held.contains(&inbound.id).then_some(host));
        }
        steps.push(Step::of_rows(INSERT, rows).returning(Returns::Stored));
    }
    if !batch.inbound_done.is_empty() {
        let mut rows = Rows::with_capacity(batch.inbound_done.len(), 64);
        for done in &batch.inbound_done {
            rows.row()
                .int(done.id.0)
                .word(done.state.as_str())
                .maybe_text(done.note.as_deref());
        }
        steps.push(Step::of_each(UPDATE, rows, "inbound"));
    }
    if !batch.inbound_again.is_empty() {
        let mut rows = Rows::with_capacity(batch.inbound_again.len(), 16);
        for id in &batch.inbound_again {
            rows.row().int(id.0);
        }
        steps.push(Step::of_rows(AGAIN, rows).returning(Returns::Stored));
    }
}

impl Db {
    /// Raw events of these shards that wait to be processed and that no host has, in the order in which they came.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn unclaimed_inbound(&self, shards: &ShardSet, limit: u32) -> Result<Vec<Inbound>, DbError> {
        let mut filter = Filter::default();
        filter.and("inbound.state = 'received' AND inbound.host IS NULL", []);
        sharding::inbound(&mut filter, shards);
        let (sql, args) = filter.page(SELECT, "ORDER BY inbound.received_at, inbound.id", limit);
        self.rows(sql, args, read).await
    }

    /// A page of the raw events that were given up, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn failed_inbound(
        &self,
        before: Option<InboundId>,
        limit: u32,
    ) -> Result<Vec<Inbound>, DbError> {
        let mut filter = Filter::default();
        filter
            .and("inbound.state = 'failed'", [])
            .maybe("inbound.id < ?", before.map(|id| id.0));
        let (sql, args) = filter.page(SELECT, "ORDER BY inbound.id DESC", limit);
        self.rows(sql, args, read).await
    }

    /// The raw event.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn inbound(&self, id: InboundId) -> Result<Option<Inbound>, DbError> {
        let mut filter = Filter::default();
        filter.and("inbound.id = ?", [id.0.into()]);
        let (sql, args) = filter.page(SELECT, "", 1);
        self.row(sql, args, read).await
    }

    /// A page of a channel's raw events, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn inbound_page(
        &self,
        channel: Option<ChannelId>,
        before: Option<InboundId>,
        limit: u32,
    ) -> Result<Vec<Inbound>, DbError> {
        let mut filter = Filter::default();
        filter
            .maybe("inbound.channel = ?", channel.map(|id| id.0))
            .maybe("inbound.id < ?", before.map(|id| id.0));
        let (sql, args) = filter.page(SELECT, "ORDER BY inbound.id DESC", limit);
        self.rows(sql, args, read).await
    }
}
