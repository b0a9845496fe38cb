//! What robots remember from run to run.

use signalbox_crm::changes::Remembered;
use signalbox_crm::remembering::{Extent, StateOwner, bytes_of};

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

/// Bytes of an encoded entry, about.
const ROW_BYTES: usize = 128;

const PUT: Sql = over_rows!(
    "INSERT INTO state (
    owner, key, bytes, run, value
)
SELECT
    r.value ->> 0, r.value ->> 1, CAST(r.value ->> 2 AS BIGINT), CAST(r.value ->> 3 AS BIGINT),
    r.value ->> 4",
    "WHERE true
ON CONFLICT (owner, key) DO UPDATE SET bytes = excluded.bytes, run = excluded.run, value = excluded.value"
);

const DELETE: Sql = over_rows!(
    "DELETE FROM state
WHERE (owner, key) IN (
    SELECT r.value ->> 0, r.value ->> 1",
    ")"
);

/// What is kept under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The text.
    pub value: String,
    /// The run that has changed it last; 0 when it was none.
    pub run: i64,
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    let (mut put, mut gone) = (
        Rows::with_capacity(batch.state.len(), ROW_BYTES),
        Rows::with_capacity(0, 0),
    );
    for ((owner, key), Remembered { value, run }) in &batch.state {
        let owner = owner.to_string();
        match value {
            None => gone.row().text(&owner).text(key),
            Some(value) => put
                .row()
                .text(&owner)
                .text(key)
                .int(bytes_of(key, value))
                .maybe_int(run.map(|run| run.0))
                .text(value),
        };
    }
    for (sql, rows) in [(DELETE, gone), (PUT, put)] {
        if rows.count() > 0 {
            steps.push(Step::of_rows(sql, rows));
        }
    }
}

fn read(fields: &mut Fields<'_>) -> Result<Kept, DbError> {
    let run = fields.maybe_int()?.unwrap_or(0);
    let value = fields.text()?;
    Ok(Kept { value, run })
}

impl Db {
    /// What the owner remembers under the key.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn state(&self, owner: &StateOwner, key: &str) -> Result<Option<Kept>, DbError> {
        let (sql, args) = entry(owner, key).page("SELECT state.run, state.value\nFROM state", "", 1);
        self.row(sql, args, read).await
    }

    /// The bytes of what the owner remembers under the key.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn state_bytes(&self, owner: &StateOwner, key: &str) -> Result<Option<i64>, DbError> {
        let (sql, args) = entry(owner, key).page("SELECT state.bytes\nFROM state", "", 1);
        self.row(sql, args, |fields| fields.int()).await
    }

    /// How much the owner remembers.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn state_extent(&self, owner: &StateOwner) -> Result<Extent, DbError> {
        let mut filter = Filter::default();
        filter.and("state.owner = ?", [owner.to_string().into()]);
        let select = "SELECT COUNT(*), CAST(COALESCE(SUM(state.bytes), 0) AS BIGINT)\nFROM state";
        let (sql, args) = filter.page(select, "", 1);
        let read = |fields: &mut Fields<'_>| {
            Ok(Extent {
                key_count: fields.int()?,
                byte_count: fields.int()?,
            })
        };
        Ok(self.row(sql, args, read).await?.unwrap_or_default())
    }
}

fn entry(owner: &StateOwner, key: &str) -> Filter {
    let mut filter = Filter::default();
    filter.and(
        "state.owner = ? AND state.key = ?",
        [owner.to_string().into(), key.into()],
    );
    filter
}
