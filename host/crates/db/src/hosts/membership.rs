//! The statements by which a host takes, keeps and gives back its place, on a connection of their own.

use std::time::{Duration, Instant};

use signalbox_crm::shard::{SHARD_COUNT, Shard, ShardSet};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions, Connection, Row};

use super::{LEASE, Standing};
use crate::error::DbError;
use crate::migrate;
use crate::postgres::connect_writer;

/// With a host's number, the session lock of its writer ("SBho" as bytes).
const PLACE_LOCK: i32 = 0x5342_686f;
/// One host joins or is removed at a time.
const JOIN_LOCK: i64 = 0x7369_676e_616c_6a6f;
/// What hosts tell each other: that there is something to look for.
pub(super) const CHANNEL: &str = "signalbox";

const JOIN: &str = "INSERT INTO host (id, name, release, started_at, lease_until, is_alone)
SELECT 1 + COALESCE(MAX(host_mark.host), 0), $1, $2, signalbox_now_1(), signalbox_now_1() + $3, $4
FROM host_mark
RETURNING id";
const ADD_MARK: &str = "INSERT INTO host_mark (host, last_commit, is_void) VALUES ($1, 0, 0)";
/// Whether the lease still stood; it is made longer only if so.
const RENEW: &str = "UPDATE host
SET lease_until = signalbox_now_1() + $2
WHERE id = $1 AND EXISTS (SELECT 1 FROM host_mark WHERE host_mark.host = $1 AND is_void = 0)
RETURNING id";
/// Whose time is over; one that another host is removing, or that is in the middle of a commit, is left for later.
const EXPIRED: &str = "SELECT host_mark.host
FROM host_mark
JOIN host ON host.id = host_mark.host
WHERE host_mark.is_void = 0 AND host.lease_until < signalbox_now_1()
FOR UPDATE OF host_mark SKIP LOCKED";
const OTHERS: &str = "SELECT id FROM host WHERE id <> $1 ORDER BY id";
/// Who has missed a sign of life, and the one before this host under its name: perhaps their processes are gone.
const SILENT: &str = "SELECT id FROM host
WHERE id <> $1 AND (lease_until < signalbox_now_1() + $2 OR name = (SELECT own.name FROM host AS own WHERE own.id = $1))
ORDER BY id";
/// What is left of the lease of a host that has missed a sign of life.
const SILENT_LEASE: Duration = Duration::from_secs(6);
/// How long the session of a host that was killed may stand: the server notices a closed connection when it has
/// finished the statement.
const SESSION_END_MAX: Duration = Duration::from_secs(2);
const SESSION_END_PAUSE: Duration = Duration::from_millis(50);
const VOID: &str = "UPDATE host_mark SET is_void = 1 WHERE host = $1 AND is_void = 0 RETURNING host";
const REMOVE: [&str; 4] = [
    "UPDATE run SET host = NULL WHERE state = 'available' AND host = $1",
    "UPDATE inbound SET host = NULL WHERE state = 'received' AND host = $1",
    "UPDATE shard SET host = NULL WHERE host = $1",
    "DELETE FROM host WHERE id = $1",
];
const TAKE: &str = "UPDATE shard SET host = $1
WHERE id IN (SELECT id FROM shard WHERE host IS NULL ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)";
const MINE: &str = "SELECT id FROM shard WHERE host = $1";
const STATE: &str = "SELECT
    (SELECT COUNT(*) FROM host),
    (SELECT COALESCE(MAX(meta.value), '0') FROM meta WHERE meta.key = 'directory-version')";

/// What a host has to say of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NewHost {
    pub(crate) name: String,
    pub(crate) release: String,
    pub(crate) is_alone: bool,
}

/// The connection for leases.
pub(crate) struct Membership {
    options: PgConnectOptions,
    pub(super) connection: Option<PgConnection>,
    new: NewHost,
}

fn lease_us(lease: Duration) -> i64 {
    i64::try_from(lease.as_micros()).unwrap_or(i64::MAX)
}

/// The writer's session lock: free only when the server has ended the session that had it.
pub(crate) async fn lock_place(connection: &mut PgConnection, host: i64) -> Result<bool, DbError> {
    let row = sqlx::query("SELECT pg_try_advisory_lock($1, $2)")
        .bind(PLACE_LOCK)
        .bind(place_number(host))
        .fetch_one(connection)
        .await?;
    Ok(row.try_get(0)?)
}

async fn unlock_place(connection: &mut PgConnection, host: i64) -> Result<(), DbError> {
    sqlx::query("SELECT pg_advisory_unlock($1, $2)")
        .bind(PLACE_LOCK)
        .bind(place_number(host))
        .execute(connection)
        .await?;
    Ok(())
}

/// Locks take 32 bits; after four thousand million starts, numbers repeat.
fn place_number(host: i64) -> i32 {
    (host & i64::from(i32::MAX)) as i32
}

impl Membership {
    pub(crate) fn new(options: PgConnectOptions, new: NewHost) -> Self {
        Membership {
            options,
            connection: None,
            new,
        }
    }

    /// The connection; a broken one is replaced at the next call.
    pub(super) async fn connection(&mut self) -> Result<PgConnection, DbError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => Ok(self.options.connect().await?),
        }
    }

    /// Brings the schema up to date.
    pub(crate) async fn migrate(&mut self) -> Result<(), DbError> {
        let mut connection = self.connection().await?;
        migrate::postgres(&mut connection).await?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Takes a place, and the places of hosts whose process is gone.
    ///
    /// # Errors
    /// `Locked` where a host has the database for itself, or this one wants to and there are others.
    pub(crate) async fn join(&mut self, writer: &PgConnectOptions) -> Result<(i64, PgConnection), DbError> {
        let deadline = Instant::now() + SESSION_END_MAX;
        loop {
            match self.join_once(writer).await {
                Err(DbError::Locked(_)) if Instant::now() < deadline => {
                    tokio::time::sleep(SESSION_END_PAUSE).await;
                }
                done => return done,
            }
        }
    }

    async fn join_once(&mut self, writer: &PgConnectOptions) -> Result<(i64, PgConnection), DbError> {
        let mut connection = self.connection().await?;
        let mut transaction = connection.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(JOIN_LOCK)
            .execute(&mut *transaction)
            .await?;
        let others = sqlx::query(OTHERS)
            .bind(0_i64)
            .fetch_all(&mut *transaction)
            .await?;
        remove_gone(&mut transaction, others).await?;
        let row = sqlx::query("SELECT COUNT(*), COALESCE(MAX(is_alone), 0) FROM host")
            .fetch_one(&mut *transaction)
            .await?;
        let (others, is_taken): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if is_taken == 1 || (self.new.is_alone && others > 0) {
            let database = self.options.get_database().unwrap_or("postgres");
            return Err(DbError::Locked(database.to_owned()));
        }
        let row = sqlx::query(JOIN)
            .bind(&self.new.name)
            .bind(&self.new.release)
            .bind(lease_us(LEASE))
            .bind(i64::from(self.new.is_alone))
            .fetch_one(&mut *transaction)
            .await?;
        let host = row.try_get(0)?;
        // Before anybody sees the new host: one without a session is taken for gone.
        let writer = connect_writer(writer, host).await?;
        sqlx::query(ADD_MARK)
            .bind(host)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.connection = Some(connection);
        Ok((host, writer))
    }

    /// A sign of life: makes the lease longer, removes hosts whose lease is over, takes shards that nobody has up to
    /// this host's share.
    ///
    /// # Errors
    /// `Ousted`, `Unavailable`.
    pub(super) async fn renew(&mut self, host: i64) -> Result<Standing, DbError> {
        let mut connection = self.connection().await?;
        let renewed = sqlx::query(RENEW)
            .bind(host)
            .bind(lease_us(LEASE))
            .fetch_optional(&mut connection)
            .await?;
        if renewed.is_none() {
            self.connection = Some(connection);
            return Err(DbError::Ousted);
        }
        let silent = sqlx::query(SILENT)
            .bind(host)
            .bind(lease_us(SILENT_LEASE))
            .fetch_all(&mut connection)
            .await?;
        if !silent.is_empty() {
            let mut transaction = connection.begin().await?;
            remove_gone(&mut transaction, silent).await?;
            transaction.commit().await?;
        }
        remove_expired(&mut connection).await?;
        let row = sqlx::query(STATE).fetch_one(&mut connection).await?;
        let (host_count, version): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        let mut shards = shards_of(&mut connection, host).await?;
        let host_count = usize::try_from(host_count).unwrap_or(1).max(1);
        let share = share(host_count);
        if shards.len() < share {
            sqlx::query(TAKE)
                .bind(host)
                .bind(i64::try_from(share - shards.len()).unwrap_or(i64::MAX))
                .execute(&mut connection)
                .await?;
            shards = shards_of(&mut connection, host).await?;
        }
        self.connection = Some(connection);
        Ok(Standing {
            shards,
            host_count,
            share,
            directory_version: version.parse().unwrap_or(0),
        })
    }

    /// Gives the place back, with everything that this host has, and says `word` to the others.
    pub(super) async fn leave(&mut self, host: i64, word: &str) -> Result<(), DbError> {
        let mut connection = self.connection().await?;
        let mut transaction = connection.begin().await?;
        remove(&mut transaction, host).await?;
        transaction.commit().await?;
        tell(&mut connection, word).await?;
        drop(connection.close().await);
        Ok(())
    }
}

/// The share of each of so many hosts.
fn share(host_count: usize) -> usize {
    usize::from(SHARD_COUNT).div_ceil(host_count)
}

async fn shards_of(connection: &mut PgConnection, host: i64) -> Result<ShardSet, DbError> {
    let rows = sqlx::query(MINE).bind(host).fetch_all(connection).await?;
    let shard = |row: &PgRow| Ok(Shard::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default());
    rows.iter().map(shard).collect()
}

async fn remove_expired(connection: &mut PgConnection) -> Result<(), DbError> {
    let mut transaction = connection.begin().await?;
    let rows = sqlx::query(EXPIRED).fetch_all(&mut *transaction).await?;
    for row in rows {
        remove(&mut transaction, row.try_get(0)?).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Removes hosts whose writer has no session any more. One that is only about to connect again will find that it has
/// lost its place, and take a new one.
async fn remove_gone(connection: &mut PgConnection, others: Vec<PgRow>) -> Result<(), DbError> {
    for row in others {
        let host = row.try_get(0)?;
        if lock_place(connection, host).await? {
            let removed = remove(connection, host).await;
            unlock_place(connection, host).await?;
            removed?;
        }
    }
    Ok(())
}

/// First the mark, so that no commit of that host comes after; one that is under way is waited for.
async fn remove(connection: &mut PgConnection, host: i64) -> Result<(), DbError> {
    sqlx::query(VOID).bind(host).execute(&mut *connection).await?;
    for sql in REMOVE {
        sqlx::query(sql).bind(host).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Outside of every transaction that has data: the server lets one such transaction end at a time.
pub(super) async fn tell(connection: &mut PgConnection, word: &str) -> Result<(), DbError> {
    sqlx::query("SELECT pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(word)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_all_hosts_together_are_all_shards() {
        for hosts in 1..=64 {
            let share = share(hosts);
            assert!(share * hosts >= 256 && (share - 1) * hosts < 256, "{hosts}");
        }
    }
}
