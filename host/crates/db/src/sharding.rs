//! What belongs to which host: runs and raw events that a host has in memory carry its number.

use signalbox_crm::shard::{Shard, ShardSet};

use crate::batch::Batch;
use crate::commit::{Returns, Step};
use crate::dialect::{Arg, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

/// A run that has started or ended meanwhile, or that another host has, is not taken.
const CLAIM: Sql = over_rows!(
    "UPDATE run
SET host = CAST(r.value ->> 1 AS BIGINT)",
    "WHERE run.id = CAST(r.value ->> 0 AS BIGINT)
AND run.state = 'available'
AND run.host IS NULL
RETURNING id"
);

const CLAIM_INBOUND: Sql = over_rows!(
    "UPDATE inbound
SET host = CAST(r.value ->> 1 AS BIGINT)",
    "WHERE inbound.id = CAST(r.value ->> 0 AS BIGINT)
AND inbound.state = 'received'
AND inbound.host IS NULL
RETURNING id"
);

/// `$1` has a digit for each shard: 1 for those that go.
const RELEASE: Sql = Sql::same(
    "UPDATE run
SET host = NULL
WHERE run.state = 'available'
AND run.host = $2
AND substr($1, 1 + CAST(run.shard AS INTEGER), 1) = '1'",
);

const RELEASE_INBOUND: Sql = Sql::same(
    "UPDATE inbound
SET host = NULL
WHERE inbound.state = 'received'
AND inbound.host = $2
AND substr($1, 1 + CAST(inbound.shard AS INTEGER), 1) = '1'",
);

const RELEASE_SHARDS: Sql = Sql::same(
    "UPDATE shard
SET host = NULL
WHERE shard.host = $2
AND substr($1, 1 + CAST(shard.id AS INTEGER), 1) = '1'",
);

pub(crate) fn steps(batch: &Batch, host: i64, steps: &mut Vec<Step>) {
    let claims = batch.claims.iter().map(|run| run.0);
    claim(CLAIM, claims, host, Returns::Claimed, steps);
    let claims = batch.inbound_claims.iter().map(|inbound| inbound.0);
    claim(CLAIM_INBOUND, claims, host, Returns::InboundClaimed, steps);
    if let Some(shards) = &batch.released {
        for sql in [RELEASE, RELEASE_INBOUND, RELEASE_SHARDS] {
            steps.push(Step::new(sql, vec![digits(shards), Arg::Int(host)]));
        }
    }
}

fn claim(sql: Sql, ids: impl Iterator<Item = i64>, host: i64, returns: Returns, steps: &mut Vec<Step>) {
    let mut rows = Rows::with_capacity(16, 24);
    for id in ids {
        rows.row().int(id).int(host);
    }
    if rows.count() > 0 {
        steps.push(Step::of_rows(sql, rows).returning(returns));
    }
}

impl Db {
    /// Whether a host, perhaps one that is gone, has runs or raw events.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn has_held(&self) -> Result<bool, DbError> {
        let sql = "SELECT CAST(EXISTS (SELECT 1 FROM run WHERE state = 'available' AND host IS NOT NULL)
    OR EXISTS (SELECT 1 FROM inbound WHERE state = 'received' AND host IS NOT NULL) AS BIGINT)";
        Ok(self.row(sql, vec![], |fields| fields.int()).await? == Some(1))
    }
}

/// A digit for each shard.
fn digits(shards: &ShardSet) -> Arg {
    let digit = |shard| if shards.contains(shard) { '1' } else { '0' };
    Arg::Text((0..=Shard::MAX).map(digit).collect())
}

/// Only runs of these shards.
pub(crate) fn runs(filter: &mut Filter, shards: &ShardSet) {
    only(
        filter,
        "substr(?, 1 + CAST(run.shard AS INTEGER), 1) = '1'",
        shards,
    );
}

/// Only raw events of these shards.
pub(crate) fn inbound(filter: &mut Filter, shards: &ShardSet) {
    only(
        filter,
        "substr(?, 1 + CAST(inbound.shard AS INTEGER), 1) = '1'",
        shards,
    );
}

/// Only timers of these shards.
pub(crate) fn timers(filter: &mut Filter, shards: &ShardSet) {
    only(
        filter,
        "substr(?, 1 + CAST(timer.item & 255 AS INTEGER), 1) = '1'",
        shards,
    );
}

/// Only deliveries through channels of these shards: one host knows all that goes to a receiver.
pub(crate) fn deliveries(filter: &mut Filter, shards: &ShardSet) {
    only(
        filter,
        "substr(?, 1 + CAST(delivery.channel & 255 AS INTEGER), 1) = '1'",
        shards,
    );
}

/// Only requests to services of these shards: likewise.
pub(crate) fn requests(filter: &mut Filter, shards: &ShardSet) {
    only(
        filter,
        "substr(?, 1 + CAST(http_request.shard AS INTEGER), 1) = '1'",
        shards,
    );
}

fn only(filter: &mut Filter, condition: &'static str, shards: &ShardSet) {
    if *shards != ShardSet::ALL {
        filter.and(condition, [digits(shards)]);
    }
}
