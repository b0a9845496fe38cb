//! What has served goes: once a day, in small commits between which everybody else has a turn.

use std::sync::Arc;
use std::time::Duration;

use signalbox_crm::people::Actor;
use signalbox_db::{Expiring, Expiry};

use crate::engine::committer::{CommitError, Proposal};
use crate::engine::core::SharedCore;

/// Rows of one commit: a few milliseconds, as long as a large group of runs takes.
const ROWS_PER_COMMIT: u32 = 1000;
/// From the end of one round to the next.
const PAUSE: Duration = DAY;
/// Pause after an error of the database.
const ERROR_PAUSE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long rows are kept that have served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Answers that are repeated for the same `Idempotency-Key`. Default a day, as the documentation of the API says.
    pub idempotency_keys: Duration,
    /// Raw webhooks with the keys by which a repeated one is known: longer than any provider repeats one (Telegram: a
    /// day; Standard Webhooks recommends a bit more than a day). Default 30 days.
    pub inbound: Duration,
    /// Deliveries and requests that are over; one that failed can be sent again so long. Default 90 days.
    pub deliveries: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Retention::of(24, 30, 90)
    }
}

impl Retention {
    /// From the units of the configuration.
    pub fn of(idempotency_hours: u32, inbound_days: u32, deliveries_days: u32) -> Self {
        Retention {
            idempotency_keys: HOUR * idempotency_hours,
            inbound: DAY * inbound_days,
            deliveries: DAY * deliveries_days,
        }
    }

    fn of_kind(&self, what: Expiring) -> Duration {
        match what {
            Expiring::IdempotencyKeys => self.idempotency_keys,
            Expiring::Inbound => self.inbound,
            Expiring::Deliveries | Expiring::Requests => self.deliveries,
        }
    }
}

/// Deletes what has served.
pub struct Janitor {
    core: SharedCore,
    keep: Retention,
}

impl Janitor {
    /// Keeps rows so long.
    pub fn new(core: SharedCore, keep: Retention) -> Self {
        Janitor { core, keep }
    }

    /// Cleans at start and once a day, for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            let pause = match self.clean().await {
                Ok(0) => PAUSE,
                Ok(count) => {
                    tracing::info!(count, "{count} rows that have served were deleted");
                    PAUSE
                }
                Err(error) => {
                    tracing::error!(error = %error, "Rows that have served cannot be deleted: {error}");
                    ERROR_PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Deletes all that is older than it is kept, and says how many rows that were.
    ///
    /// # Errors
    /// The database; what was deleted until then is gone.
    pub async fn clean(&self) -> Result<u64, CommitError> {
        let mut count = 0;
        if !self.core.shards.owns(0) {
            // Another host does it for all.
            return Ok(count);
        }
        for what in Expiring::ALL {
            count += self.clean_kind(what).await?;
        }
        Ok(count)
    }

    async fn clean_kind(&self, what: Expiring) -> Result<u64, CommitError> {
        let now = self.core.clock.now();
        let Some(before) = now.minus(self.keep.of_kind(what)) else {
            return Ok(0);
        };
        let mut count = 0;
        loop {
            let mut proposal = Proposal::new(now, Actor::System);
            proposal.expired.push(Expiry {
                what,
                before,
                max: ROWS_PER_COMMIT,
            });
            let deleted = self.core.submit(proposal).await?.committed.expired_count;
            count += deleted;
            if deleted < u64::from(ROWS_PER_COMMIT) {
                return Ok(count);
            }
        }
    }
}
