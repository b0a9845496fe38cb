//! Rows that have served, and go after a while: in bounded numbers, so that no commit waits long behind them.

use signalbox_crm::time::Timestamp;

use crate::batch::Batch;
use crate::commit::{Returns, Step};
use crate::dialect::Sql;

/// What goes after a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiring {
    /// Answers that are repeated for the same key: the key may be used again then.
    IdempotencyKeys,
    /// Raw events that were dealt with, with the keys by which a repeated one is known.
    Inbound,
    /// Deliveries that were delivered or given up. Their messages stay.
    Deliveries,
    /// Requests to services outside that are over.
    Requests,
}

impl Expiring {
    /// Every kind.
    pub const ALL: [Expiring; 4] = [
        Expiring::IdempotencyKeys,
        Expiring::Inbound,
        Expiring::Deliveries,
        Expiring::Requests,
    ];
}

/// Deletes the oldest rows of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// Which rows.
    pub what: Expiring,
    /// Only those that were done before this instant.
    pub before: Timestamp,
    /// At most so many.
    pub max: u32,
}

const DELETE_IDEMPOTENCY: Sql = Sql::same(
    "DELETE FROM idempotency
WHERE key IN (
    SELECT idempotency.key
    FROM idempotency
    WHERE idempotency.at < $1
    ORDER BY idempotency.at
    LIMIT $2
)
RETURNING CAST(1 AS BIGINT)",
);

const DELETE_INBOUND: Sql = Sql::same(
    "DELETE FROM inbound
WHERE id IN (
    SELECT inbound.id
    FROM inbound
    WHERE inbound.state <> 'received'
    AND inbound.received_at < $1
    ORDER BY inbound.received_at
    LIMIT $2
)
RETURNING CAST(1 AS BIGINT)",
);

const DELETE_DELIVERIES: Sql = Sql::same(
    "DELETE FROM delivery
WHERE id IN (
    SELECT delivery.id
    FROM delivery
    WHERE delivery.finished_at < $1
    ORDER BY delivery.finished_at
    LIMIT $2
)
RETURNING CAST(1 AS BIGINT)",
);

const DELETE_REQUESTS: Sql = Sql::same(
    "DELETE FROM http_request
WHERE id IN (
    SELECT http_request.id
    FROM http_request
    WHERE http_request.finished_at < $1
    ORDER BY http_request.finished_at
    LIMIT $2
)
RETURNING CAST(1 AS BIGINT)",
);

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    steps.extend(batch.expired.iter().map(|expiry| {
        let sql = match expiry.what {
            Expiring::IdempotencyKeys => DELETE_IDEMPOTENCY,
            Expiring::Inbound => DELETE_INBOUND,
            Expiring::Deliveries => DELETE_DELIVERIES,
            Expiring::Requests => DELETE_REQUESTS,
        };
        let args = vec![expiry.before.micros().into(), i64::from(expiry.max).into()];
        Step::new(sql, args).returning(Returns::Expired)
    }));
}
