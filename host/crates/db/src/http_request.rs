//! The outbox: requests of robots to services outside, and their answers.

use signalbox_crm::event::Origin;
use signalbox_crm::http_request::{HttpRequest, RequestState};
use signalbox_crm::ids::{AttachmentId, EventId, ItemId, RequestId, RunId};
use signalbox_crm::shard::ShardSet;
use signalbox_crm::time::Timestamp;

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql, by_word, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;
use crate::sharding;

const ROW_BYTES: usize = 640;
const STATES: [RequestState; 3] = [RequestState::Pending, RequestState::Answered, RequestState::Dead];

const INSERT: Sql = over_rows!(
    "INSERT INTO http_request (
    id, attachment, run, root, depth, item, item_kind, stage_entry, origin, shard, asked, idempotency_key,
    state, attempt_count, due_at, last_error, response, created_at, finished_at
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), CAST(r.value ->> 2 AS BIGINT),
    CAST(r.value ->> 3 AS BIGINT), CAST(r.value ->> 4 AS BIGINT), CAST(r.value ->> 5 AS BIGINT), r.value ->> 6,
    CAST(r.value ->> 7 AS BIGINT), r.value ->> 8, CAST(r.value ->> 9 AS BIGINT), r.value ->> 10, r.value ->> 11,
    r.value ->> 12, CAST(r.value ->> 13 AS BIGINT), CAST(r.value ->> 14 AS BIGINT), r.value ->> 15, r.value ->> 16,
    CAST(r.value ->> 17 AS BIGINT), CAST(r.value ->> 18 AS BIGINT)",
    ""
);

const UPDATE: Sql = over_rows!(
    "UPDATE http_request
SET
    state = r.value ->> 1, attempt_count = CAST(r.value ->> 2 AS BIGINT), due_at = CAST(r.value ->> 3 AS BIGINT),
    last_error = r.value ->> 4, response = r.value ->> 5, finished_at = CAST(r.value ->> 6 AS BIGINT)",
    "WHERE http_request.id = CAST(r.value ->> 0 AS BIGINT)
AND http_request.state = 'pending'"
);

const AGAIN: Sql = over_rows!(
    "UPDATE http_request
SET
    state = 'pending', attempt_count = 0, due_at = CAST(r.value ->> 1 AS BIGINT), response = NULL, finished_at = NULL",
    "WHERE http_request.id = CAST(r.value ->> 0 AS BIGINT)
AND http_request.state <> 'pending'"
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str = "SELECT http_request.id, http_request.attachment, http_request.run, http_request.root,
    http_request.depth, http_request.item, http_request.item_kind, http_request.stage_entry, http_request.origin,
    http_request.asked, http_request.idempotency_key, http_request.state, http_request.attempt_count,
    http_request.due_at, http_request.last_error, http_request.response, http_request.created_at,
    http_request.finished_at
FROM http_request";

fn read(fields: &mut Fields<'_>) -> Result<HttpRequest, DbError> {
    Ok(HttpRequest {
        id: RequestId(fields.int()?),
        attachment: AttachmentId(fields.int()?),
        chain: Origin {
            run: fields.maybe_int()?.map(RunId),
            root: fields.maybe_int()?.map(EventId),
            depth: fields.count()?,
        },
        item: fields.maybe_item()?,
        stage_entry: fields.maybe_int()?,
        origin: fields.text()?,
        asked: fields.json("request")?,
        idempotency_key: fields.text()?,
        state: by_word("request state", &fields.text()?, &STATES, RequestState::as_str)?,
        attempt_count: fields.count()?,
        due_at: fields.instant()?,
        last_error: fields.maybe_text()?,
        response: fields.maybe_json("response")?,
        created_at: fields.instant()?,
        finished_at: fields.maybe_instant()?,
    })
}

fn write(rows: &mut Rows, request: &HttpRequest) {
    rows.row()
        .int(request.id.0)
        .int(request.attachment.0)
        .maybe_int(request.chain.run.map(|id| id.0))
        .maybe_int(request.chain.root.map(|id| id.0))
        .int(i64::from(request.chain.depth))
        .maybe_item(request.item)
        .maybe_int(request.stage_entry)
        .text(&request.origin)
        .int(i64::from(request.shard()))
        .json_of(&request.asked)
        .text(&request.idempotency_key);
    end(rows, request)
        .instant(request.created_at)
        .maybe_instant(request.finished_at);
}

/// The columns in which the insert and the update agree.
fn end<'r>(rows: &'r mut Rows, request: &HttpRequest) -> &'r mut Rows {
    let rows = rows
        .word(request.state.as_str())
        .int(i64::from(request.attempt_count))
        .instant(request.due_at)
        .maybe_text(request.last_error.as_deref());
    match &request.response {
        Some(response) => rows.json_of(response),
        None => rows.null(),
    }
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.requests.is_empty() {
        let mut rows = Rows::with_capacity(batch.requests.len(), ROW_BYTES);
        for request in &batch.requests {
            write(&mut rows, request);
        }
        steps.push(Step::of_each(INSERT, rows, "http_request"));
    }
    if !batch.requests_done.is_empty() {
        let mut rows = Rows::with_capacity(batch.requests_done.len(), ROW_BYTES);
        for request in &batch.requests_done {
            rows.row().int(request.id.0);
            end(&mut rows, request).maybe_instant(request.finished_at);
        }
        steps.push(Step::of_each(UPDATE, rows, "http_request"));
    }
    if !batch.requests_again.is_empty() {
        let mut rows = Rows::with_capacity(batch.requests_again.len(), 32);
        for id in &batch.requests_again {
            rows.row().int(id.0).instant(batch.at);
        }
        steps.push(Step::of_rows(AGAIN, rows));
    }
}

/// Which requests a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Where they stand.
    pub state: Option<RequestState>,
    /// Of this attachment.
    pub attachment: Option<AttachmentId>,
    /// Of this run.
    pub run: Option<RunId>,
    /// About this item.
    pub item: Option<ItemId>,
}

impl Db {
    /// Pending requests of these shards that are due, oldest first, to none of the origins `except`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn due_requests(
        &self,
        shards: &ShardSet,
        now: Timestamp,
        except: &[String],
        limit: u32,
    ) -> Result<Vec<HttpRequest>, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "http_request.state = 'pending' AND http_request.due_at <= ?",
            [now.into()],
        );
        sharding::requests(&mut filter, shards);
        // Differs because the function that unfolds a JSON array has another name. One text for any number of origins.
        let others = if self.is_postgres() {
            "http_request.origin <> ALL (ARRAY(SELECT jsonb_array_elements_text(CAST(? AS jsonb))))"
        } else {
            "http_request.origin NOT IN (SELECT value FROM json_each(?))"
        };
        if !except.is_empty() {
            let except = serde_json::to_string(except).expect("a list of texts is JSON");
            filter.and(others, [Arg::Json(except)]);
        }
        let (sql, args) = filter.page(SELECT, "ORDER BY http_request.due_at, http_request.id", limit);
        self.rows(sql, args, read).await
    }

    /// When a request of these shards is due that is not due at `now`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn next_request_after(
        &self,
        shards: &ShardSet,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, DbError> {
        let mut filter = Filter::default();
        sharding::requests(&mut filter, shards);
        filter.and(
            "http_request.state = 'pending' AND http_request.due_at > ?",
            [now.into()],
        );
        let (sql, args) = filter.page("SELECT MIN(http_request.due_at)\nFROM http_request", "", 1);
        Ok(self
            .row(sql, args, |fields| fields.maybe_instant())
            .await?
            .flatten())
    }

    /// The request.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn request(&self, id: RequestId) -> Result<Option<HttpRequest>, DbError> {
        let mut filter = Filter::default();
        filter.and("http_request.id = ?", [id.0.into()]);
        let (sql, args) = filter.page(SELECT, "", 1);
        self.row(sql, args, read).await
    }

    /// A page of requests, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn requests(
        &self,
        asked: &RequestFilter,
        before: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<HttpRequest>, DbError> {
        let mut filter = Filter::default();
        filter
            .maybe("http_request.state = ?", asked.state.map(RequestState::as_str))
            .maybe("http_request.attachment = ?", asked.attachment.map(|id| id.0))
            .maybe("http_request.run = ?", asked.run.map(|id| id.0))
            .maybe("http_request.item = ?", asked.item.map(|id| id.number))
            .maybe("http_request.id < ?", before.map(|id| id.0));
        let (sql, args) = filter.page(SELECT, "ORDER BY http_request.id DESC", limit);
        self.rows(sql, args, read).await
    }
}
