//! The outbox: client messages on their way out.

use signalbox_crm::ids::{ChannelId, ConversationId, DeliveryId, MessageId, RunId};
use signalbox_crm::shard::ShardSet;
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::{Delivery, DeliveryState};

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql, by_word, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;
use crate::sharding;

const ROW_BYTES: usize = 320;
const STATES: [DeliveryState; 3] = [
    DeliveryState::Pending,
    DeliveryState::Delivered,
    DeliveryState::Dead,
];

const INSERT: Sql = over_rows!(
    "INSERT INTO delivery (
    id, channel, conversation, message, item, item_kind, run, external_chat, text, idempotency_key,
    state, attempt_count, due_at, started_at, last_error, created_at, finished_at, seq
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), CAST(r.value ->> 2 AS BIGINT),
    CAST(r.value ->> 3 AS BIGINT), CAST(r.value ->> 4 AS BIGINT), r.value ->> 5,
    CAST(r.value ->> 6 AS BIGINT), r.value ->> 7, r.value ->> 8, r.value ->> 9, r.value ->> 10,
    CAST(r.value ->> 11 AS BIGINT), CAST(r.value ->> 12 AS BIGINT), CAST(r.value ->> 13 AS BIGINT),
    r.value ->> 14, CAST(r.value ->> 15 AS BIGINT), CAST(r.value ->> 16 AS BIGINT),
    CAST(r.value ->> 17 AS BIGINT)",
    ""
);

const UPDATE: Sql = over_rows!(
    "UPDATE delivery
SET
    state = r.value ->> 1, attempt_count = CAST(r.value ->> 2 AS BIGINT), due_at = CAST(r.value ->> 3 AS BIGINT),
    started_at = CAST(r.value ->> 4 AS BIGINT), last_error = r.value ->> 5,
    finished_at = CAST(r.value ->> 6 AS BIGINT)",
    "WHERE delivery.id = CAST(r.value ->> 0 AS BIGINT)
AND delivery.state = 'pending'"
);

const AGAIN: Sql = over_rows!(
    "UPDATE delivery
SET
    state = 'pending', due_at = CAST(r.value ->> 1 AS BIGINT), started_at = NULL, finished_at = NULL",
    "WHERE delivery.id = CAST(r.value ->> 0 AS BIGINT)
AND delivery.state = 'dead'"
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str =
    "SELECT delivery.id, delivery.channel, delivery.conversation, delivery.message, delivery.item,
    delivery.item_kind, delivery.run, delivery.external_chat, delivery.text, delivery.idempotency_key,
    delivery.state, delivery.attempt_count, delivery.due_at, delivery.started_at, delivery.last_error,
    delivery.created_at, delivery.finished_at, delivery.seq
FROM delivery";

fn read(fields: &mut Fields<'_>) -> Result<Delivery, DbError> {
    Ok(Delivery {
        id: DeliveryId(fields.int()?),
        channel: ChannelId(fields.int()?),
        conversation: ConversationId(fields.int()?),
        message: MessageId(fields.int()?),
        item: fields.maybe_item()?,
        run: fields.maybe_int()?.map(RunId),
        external_chat: fields.text()?,
        text: fields.text()?,
        idempotency_key: fields.text()?,
        state: by_word("delivery state", &fields.text()?, &STATES, DeliveryState::as_str)?,
        attempt_count: fields.count()?,
        due_at: fields.instant()?,
        started_at: fields.maybe_instant()?,
        last_error: fields.maybe_text()?,
        created_at: fields.instant()?,
        finished_at: fields.maybe_instant()?,
        seq: fields.int()?,
    })
}

fn write(rows: &mut Rows, delivery: &Delivery) {
    rows.row()
        .int(delivery.id.0)
        .int(delivery.channel.0)
        .int(delivery.conversation.0)
        .int(delivery.message.0)
        .maybe_item(delivery.item)
        .maybe_int(delivery.run.map(|id| id.0))
        .text(&delivery.external_chat)
        .text(&delivery.text)
        .text(&delivery.idempotency_key)
        .word(delivery.state.as_str())
        .int(i64::from(delivery.attempt_count))
        .instant(delivery.due_at)
        .maybe_instant(delivery.started_at)
        .maybe_text(delivery.last_error.as_deref())
        .instant(delivery.created_at)
        .maybe_instant(delivery.finished_at)
        .int(delivery.seq);
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.deliveries.is_empty() {
        let mut rows = Rows::with_capacity(batch.deliveries.len(), ROW_BYTES);
        for delivery in &batch.deliveries {
            write(&mut rows, delivery);
        }
        steps.push(Step::of_each(INSERT, rows, "delivery"));
    }
    if !batch.deliveries_done.is_empty() {
        let mut rows = Rows::with_capacity(batch.deliveries_done.len(), 96);
        for delivery in &batch.deliveries_done {
            rows.row()
                .int(delivery.id.0)
                .word(delivery.state.as_str())
                .int(i64::from(delivery.attempt_count))
                .instant(delivery.due_at)
                .maybe_instant(delivery.started_at)
                .maybe_text(delivery.last_error.as_deref())
                .maybe_instant(delivery.finished_at);
        }
        steps.push(Step::of_each(UPDATE, rows, "delivery"));
    }
    if !batch.deliveries_again.is_empty() {
        let mut rows = Rows::with_capacity(batch.deliveries_again.len(), 32);
        for id in &batch.deliveries_again {
            rows.row().int(id.0).instant(batch.at);
        }
        steps.push(Step::of_rows(AGAIN, rows));
    }
}

/// Which deliveries a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Where they stand.
    pub state: Option<DeliveryState>,
    /// Of this channel.
    pub channel: Option<ChannelId>,
    /// Of this message.
    pub message: Option<MessageId>,
    /// Of this run.
    pub run: Option<RunId>,
    /// Delivered or given up then or later.
    pub finished_from: Option<Timestamp>,
    /// Delivered or given up before.
    pub finished_until: Option<Timestamp>,
}

impl DeliveryFilter {
    fn conditions(&self) -> Filter {
        let mut conditions = Filter::default();
        conditions
            .maybe("delivery.state = ?", self.state.map(DeliveryState::as_str))
            .maybe("delivery.channel = ?", self.channel.map(|id| id.0))
            .maybe("delivery.message = ?", self.message.map(|id| id.0))
            .maybe("delivery.run = ?", self.run.map(|id| id.0))
            .maybe("delivery.finished_at >= ?", self.finished_from)
            .maybe("delivery.finished_at < ?", self.finished_until);
        conditions
    }
}

impl Db {
    /// Pending deliveries of these shards that are due, oldest first: of each conversation the first that is pending, and none of the
    /// channels `except`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn due_deliveries(
        &self,
        shards: &ShardSet,
        now: Timestamp,
        except: &[ChannelId],
        limit: u32,
    ) -> Result<Vec<Delivery>, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "delivery.state = 'pending' AND delivery.due_at <= ?",
            [now.into()],
        );
        sharding::deliveries(&mut filter, shards);
        filter.and(
            // By the places of their messages: ids of two hosts are in no order.
            "NOT EXISTS (SELECT 1 FROM delivery AS earlier \
             WHERE earlier.conversation = delivery.conversation AND earlier.state = 'pending' \
             AND earlier.seq < delivery.seq)",
            [],
        );
        // Differs because the function that unfolds a JSON array has another name. One text for any number of channels.
        let others = if self.is_postgres() {
            "delivery.channel <> ALL (ARRAY(SELECT CAST(value AS BIGINT) FROM jsonb_array_elements_text(CAST(? AS jsonb))))"
        } else {
            "delivery.channel NOT IN (SELECT value FROM json_each(?))"
        };
        if !except.is_empty() {
            let except: Vec<i64> = except.iter().map(|channel| channel.0).collect();
            filter.and(others, [Arg::ids(&except)]);
        }
        let (sql, args) = filter.page(SELECT, "ORDER BY delivery.due_at, delivery.id", limit);
        self.rows(sql, args, read).await
    }

    /// When a delivery of these shards is due that is not due at `now`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn next_delivery_after(
        &self,
        shards: &ShardSet,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, DbError> {
        let mut filter = Filter::default();
        sharding::deliveries(&mut filter, shards);
        filter.and("delivery.state = 'pending' AND delivery.due_at > ?", [now.into()]);
        let (sql, args) = filter.page("SELECT MIN(delivery.due_at)\nFROM delivery", "", 1);
        Ok(self
            .row(sql, args, |fields| fields.maybe_instant())
            .await?
            .flatten())
    }

    /// The delivery.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, DbError> {
        let mut filter = Filter::default();
        filter.and("delivery.id = ?", [id.0.into()]);
        let (sql, args) = filter.page(SELECT, "", 1);
        self.row(sql, args, read).await
    }

    /// A page of deliveries, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        before: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<Delivery>, DbError> {
        let mut conditions = filter.conditions();
        conditions.maybe("delivery.id < ?", before.map(|id| id.0));
        let (sql, args) = conditions.page(SELECT, "ORDER BY delivery.id DESC", limit);
        self.rows(sql, args, read).await
    }

    /// As `deliveries`, oldest first; `after` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn deliveries_in_order(
        &self,
        filter: &DeliveryFilter,
        after: Option<DeliveryId>,
        limit: u32,
    ) -> Result<Vec<Delivery>, DbError> {
        let mut conditions = filter.conditions();
        conditions.maybe("delivery.id > ?", after.map(|id| id.0));
        let (sql, args) = conditions.page(SELECT, "ORDER BY delivery.id", limit);
        self.rows(sql, args, read).await
    }

    /// How many deliveries fit the filter; at most `max` are counted.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn delivery_count(&self, filter: &DeliveryFilter, max: u32) -> Result<i64, DbError> {
        let (found, args) = filter.conditions().page("SELECT 1\nFROM delivery", "", max);
        let sql = format!("SELECT COUNT(*)\nFROM (\n{found}\n) AS found");
        Ok(self.row(sql, args, |fields| fields.int()).await?.unwrap_or(0))
    }
}
