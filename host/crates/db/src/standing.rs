//! How a database stands: what waits, what has failed lately, how large it is. Cheap enough to be asked every second.

use std::fmt;

use signalbox_crm::time::Timestamp;

use crate::dialect::{Arg, Fields};
use crate::error::DbError;
use crate::open::Db;

/// Counting ends here: a partial index gives so many rows in some 5 ms.
pub const COUNT_MAX: u32 = 100_000;

/// What waits and what has failed. Each count ends at [`COUNT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Runs that may start now.
    pub available_count: u32,
    /// Runs that wait for their time, failed ones with another attempt among them.
    pub timed_count: u32,
    /// Failed runs that wait for their next attempt.
    pub retryable_count: u32,
    /// Runs that wait for another run.
    pub after_previous_count: u32,
    /// Runs that were discarded since the instant that was asked for.
    pub discarded_count: u32,
    /// When the oldest run that may start was due.
    pub available_since: Option<Timestamp>,
    /// When the next run that waits for its time is due.
    pub next_due_at: Option<Timestamp>,
    /// Client messages that wait to be sent.
    pub outbox_count: u32,
    /// When the first of them is due.
    pub outbox_due_at: Option<Timestamp>,
    /// Client messages that were given up since the instant that was asked for.
    pub dead_count: u32,
    /// Requests of robots that wait to be sent.
    pub request_count: u32,
    /// When the first of them is due.
    pub request_due_at: Option<Timestamp>,
    /// Requests that were given up since the instant that was asked for.
    pub dead_request_count: u32,
    /// Webhooks that are stored and not processed.
    pub inbound_count: u32,
    /// When the first of them came.
    pub inbound_since: Option<Timestamp>,
    /// Webhooks that were given up, and that nobody has dealt with.
    pub inbound_failed_count: u32,
}

/// The database itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage {
    /// SQLite or PostgreSQL.
    pub is_postgres: bool,
    /// In bytes.
    pub size_bytes: u64,
    /// SQLite: what was committed and is not in the file yet, in bytes; none for a database in memory.
    pub wal_bytes: Option<u64>,
    /// PostgreSQL: for how many seconds the oldest transaction is open, of those that this user may see.
    pub oldest_transaction_s: Option<u64>,
}

/// A session of PostgreSQL that holds what a commit waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// Of its server process.
    pub pid: i64,
    /// What the session calls itself.
    pub application: String,
    /// In the words of `pg_stat_activity`; empty where this user may not see it.
    pub state: String,
    /// How long its transaction is open, in seconds.
    pub open_s: Option<u64>,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {} (`{}`, {})", self.pid, self.application, self.state)?;
        match self.open_s {
            Some(age) => write!(f, ", whose transaction is open for {age} s"),
            None => Ok(()),
        }
    }
}

// Every condition is that of a partial index, word for word.
const STANDING: &str = "SELECT
    (SELECT COUNT(*) FROM (SELECT 1 FROM run WHERE state = 'available' LIMIT $1) AS counted),
    (SELECT COUNT(*) FROM (
        SELECT 1 FROM run WHERE state IN ('scheduled', 'retryable') AND due_at IS NOT NULL LIMIT $1) AS counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM run WHERE state = 'retryable' LIMIT $1) AS counted),
    (SELECT COUNT(*) FROM (
        SELECT 1 FROM run WHERE after IS NOT NULL AND state = 'scheduled' LIMIT $1) AS counted),
    (SELECT COUNT(*) FROM (
        SELECT 1 FROM run WHERE state = 'discarded' AND finished_at >= $2 LIMIT $1) AS counted),
    (SELECT due_at FROM run WHERE state = 'available' ORDER BY id LIMIT 1),
    (SELECT MIN(due_at) FROM run WHERE state IN ('scheduled', 'retryable') AND due_at IS NOT NULL),
    (SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE state = 'pending' LIMIT $1) AS counted),
    (SELECT MIN(due_at) FROM delivery WHERE state = 'pending'),
    (SELECT COUNT(*) FROM (
        SELECT 1 FROM delivery WHERE state = 'dead' AND finished_at >= $2 LIMIT $1) AS counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM http_request WHERE state = 'pending' LIMIT $1) AS counted),
    (SELECT MIN(due_at) FROM http_request WHERE state = 'pending'),
    (SELECT COUNT(*) FROM (
        SELECT 1 FROM http_request WHERE state = 'dead' AND finished_at >= $2 LIMIT $1) AS counted),
    (SELECT COUNT(*) FROM (SELECT 1 FROM inbound WHERE state = 'received' LIMIT $1) AS counted),
    (SELECT received_at FROM inbound WHERE state = 'received' ORDER BY id LIMIT 1),
    (SELECT COUNT(*) FROM (SELECT 1 FROM inbound WHERE state = 'failed' LIMIT $1) AS counted)";

const SQLITE_FILE: &str = "SELECT file FROM pragma_database_list() WHERE name = 'main'";
const POSTGRES_OLDEST: &str = "SELECT CAST(EXTRACT(EPOCH FROM MAX(clock_timestamp() - xact_start)) AS BIGINT)
FROM pg_stat_activity
WHERE datname = current_database()
AND pid <> pg_backend_pid()";
// Asking who blocks whom stops the locks of the server for a moment: only sessions that wait are asked about.
const POSTGRES_BLOCKER: &str = "SELECT CAST(other.pid AS BIGINT), COALESCE(other.application_name, ''),
    COALESCE(other.state, ''), CAST(EXTRACT(EPOCH FROM clock_timestamp() - other.xact_start) AS BIGINT)
FROM (
    SELECT unnest(pg_blocking_pids(pid)) AS pid
    FROM pg_stat_activity
    WHERE datname = current_database()
    AND application_name = 'signalbox'
    AND wait_event_type = 'Lock'
) AS held
JOIN pg_stat_activity AS other ON other.pid = held.pid
ORDER BY other.xact_start
LIMIT 1";

fn read(fields: &mut Fields<'_>) -> Result<Standing, DbError> {
    Ok(Standing {
        available_count: fields.count()?,
        timed_count: fields.count()?,
        retryable_count: fields.count()?,
        after_previous_count: fields.count()?,
        discarded_count: fields.count()?,
        available_since: fields.maybe_instant()?,
        next_due_at: fields.maybe_instant()?,
        outbox_count: fields.count()?,
        outbox_due_at: fields.maybe_instant()?,
        dead_count: fields.count()?,
        request_count: fields.count()?,
        request_due_at: fields.maybe_instant()?,
        dead_request_count: fields.count()?,
        inbound_count: fields.count()?,
        inbound_since: fields.maybe_instant()?,
        inbound_failed_count: fields.count()?,
    })
}

fn blocker(fields: &mut Fields<'_>) -> Result<Blocker, DbError> {
    Ok(Blocker {
        pid: fields.int()?,
        application: fields.text()?,
        state: fields.text()?,
        open_s: fields.maybe_int()?.and_then(|age| u64::try_from(age).ok()),
    })
}

impl Db {
    /// Who holds what a commit of this user waits for; none when nobody does, and always none for SQLite.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn blocker(&self) -> Result<Option<Blocker>, DbError> {
        match self.is_postgres() {
            true => self.row(POSTGRES_BLOCKER, vec![], blocker).await,
            false => Ok(None),
        }
    }

    /// What waits, and what has failed since `since`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn standing(&self, since: Timestamp) -> Result<Standing, DbError> {
        let args = vec![Arg::from(COUNT_MAX), Arg::from(since)];
        Ok(self.row(STANDING, args, read).await?.unwrap_or_default())
    }

    /// How large the database is, and what keeps it from shrinking.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn storage(&self) -> Result<Storage, DbError> {
        let is_postgres = self.is_postgres();
        // Differs because each database has its own way to be held up.
        let (wal_bytes, oldest_transaction_s) = if is_postgres {
            let oldest = self
                .row(POSTGRES_OLDEST, vec![], |fields| fields.maybe_int())
                .await?;
            (None, oldest.flatten().and_then(|age| u64::try_from(age).ok()))
        } else {
            let file = self.row(SQLITE_FILE, vec![], |fields| fields.text()).await?;
            (file.and_then(|file| wal_bytes(&file)), None)
        };
        Ok(Storage {
            is_postgres,
            size_bytes: self.size_bytes().await?,
            wal_bytes,
            oldest_transaction_s,
        })
    }
}

/// The size of the log beside the file; none for a database in memory.
fn wal_bytes(file: &str) -> Option<u64> {
    if file.is_empty() {
        return None;
    }
    let log = std::fs::metadata(format!("{file}-wal"));
    Some(log.map_or(0, |log| log.len()))
}
