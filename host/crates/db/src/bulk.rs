//! Bulk changes.

use signalbox_crm::bulk::{Bulk, BulkState};
use signalbox_crm::ids::BulkId;

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

const ROW_BYTES: usize = 512;

const INSERT: Sql = over_rows!(
    "INSERT INTO bulk (
    id, version, state, body
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), r.value ->> 2, r.value ->> 3",
    ""
);

/// Columns: those of the row, the version that it must still have. Whoever comes second changes none of the items.
const UPDATE: Sql = over_rows!(
    "UPDATE bulk
SET
    version = CAST(r.value ->> 1 AS BIGINT), state = r.value ->> 2, body = r.value ->> 3",
    "WHERE bulk.id = CAST(r.value ->> 0 AS BIGINT)
AND bulk.version = CAST(r.value ->> 4 AS BIGINT)
AND bulk.state = 'open'"
);

const SELECT: &str = "SELECT bulk.body\nFROM bulk";

fn read(fields: &mut Fields<'_>) -> Result<Bulk, DbError> {
    let body = fields.text()?;
    serde_json::from_str(&body).map_err(|_| DbError::bad_row("bulk change", &body))
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.bulks.is_empty() {
        let mut rows = Rows::with_capacity(batch.bulks.len(), ROW_BYTES);
        for (was, bulk) in &batch.bulks {
            write(&mut rows, bulk).int(*was);
        }
        steps.push(Step::of_each(UPDATE, rows, "bulk"));
    }
    if !batch.bulks_new.is_empty() {
        let mut rows = Rows::with_capacity(batch.bulks_new.len(), ROW_BYTES);
        for bulk in &batch.bulks_new {
            write(&mut rows, bulk);
        }
        steps.push(Step::of_each(INSERT, rows, "bulk"));
    }
}

fn write<'r>(rows: &'r mut Rows, bulk: &Bulk) -> &'r mut Rows {
    // A value of our own has no key that is not text.
    let body = serde_json::to_string(bulk).unwrap_or_default();
    rows.row()
        .int(bulk.id.0)
        .int(bulk.version)
        .word(bulk.state.as_str())
        .text(&body)
}

impl Db {
    /// The bulk change.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn bulk(&self, id: BulkId) -> Result<Option<Bulk>, DbError> {
        let mut filter = Filter::default();
        filter.and("bulk.id = ?", [id.0.into()]);
        let (sql, args) = filter.page(SELECT, "", 1);
        self.row(sql, args, read).await
    }

    /// A page of bulk changes, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn bulks(&self, before: Option<BulkId>, limit: u32) -> Result<Vec<Bulk>, DbError> {
        let mut filter = Filter::default();
        filter.maybe("bulk.id < ?", before.map(|id| id.0));
        let (sql, args) = filter.page(SELECT, "ORDER BY bulk.id DESC", limit);
        self.rows(sql, args, read).await
    }

    /// Bulk changes that go on, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn open_bulks(&self, limit: u32) -> Result<Vec<Bulk>, DbError> {
        let mut filter = Filter::default();
        filter.and("bulk.state = 'open'", []);
        debug_assert_eq!(BulkState::Open.as_str(), "open");
        let (sql, args) = filter.page(SELECT, "ORDER BY bulk.id", limit);
        self.rows(sql, args, read).await
    }
}
