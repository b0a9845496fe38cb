//! Hosts that share a PostgreSQL database: who is there, who works on which shard, and who has lost its place.
//!
//! A host has a number, which no other host had or will have, a lease by the database's clock, and shards. Its number
//! is the fence: a commit writes the mark of its host (`host_mark`), and whoever takes a place away makes that mark
//! void first, which waits for a commit that is under way. These statements have a connection of their own, so that a
//! busy committer never delays a lease.

mod membership;

use std::collections::BTreeMap;
use std::time::Duration;

use signalbox_crm::shard::{SHARD_COUNT, ShardSet};
use signalbox_crm::time::Timestamp;
use sqlx::Row;
use sqlx::postgres::{PgListener, PgRow};

use self::membership::{CHANNEL, tell};
pub(crate) use self::membership::{Membership, NewHost, lock_place};
use crate::dialect::Fields;
use crate::error::DbError;
use crate::open::{Db, Pools};

/// How long a host keeps its place without a sign of life.
pub const LEASE: Duration = Duration::from_secs(10);

const RESERVE: &str = "INSERT INTO id_mark (kind, high)
SELECT r.kind, r.size FROM unnest(CAST($1 AS TEXT[]), CAST($2 AS BIGINT[])) AS r (kind, size) ORDER BY r.kind
ON CONFLICT (kind) DO UPDATE SET high = id_mark.high + excluded.high
RETURNING kind, high";
const HOSTS: &str = "SELECT host.id, host.name, host.release, host.started_at,
    host.lease_until - (SELECT signalbox_now_1()), COUNT(shard.id)
FROM host
LEFT JOIN shard ON shard.host = host.id
GROUP BY host.id
ORDER BY host.id";

/// A host, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRow {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its release.
    pub release: String,
    /// When it came, by the database's clock.
    pub started_at: Timestamp,
    /// How long its lease stands without another sign of life, in microseconds; less than 0 when it is over.
    pub lease_us: i64,
    /// How many shards it works on.
    pub shard_count: i64,
}

/// How a host stands among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The shards that it works on.
    pub shards: ShardSet,
    /// How many hosts there are, with this one.
    pub host_count: usize,
    /// How many shards each of them shall have.
    pub share: usize,
    /// The version of the set-up.
    pub directory_version: i64,
}

/// Wakes a host when another one says that there is something to look for.
pub struct Listener {
    listener: PgListener,
}

impl Listener {
    /// Waits for a word of a host; none when the connection was lost for a while, and words with it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn heard(&mut self) -> Result<Option<String>, DbError> {
        let heard = self.listener.try_recv().await?;
        Ok(heard.map(|word| word.payload().to_owned()))
    }
}

impl Db {
    /// The number of this host, until it loses its place. 1 on SQLite.
    pub fn host(&self) -> i64 {
        match &self.shared.pools {
            Pools::Sqlite { .. } => 1,
            Pools::Postgres { place, .. } => place.host(),
        }
    }

    /// Whether other hosts may work with this database at the same time.
    pub fn is_shared(&self) -> bool {
        match &self.shared.pools {
            Pools::Sqlite { .. } => false,
            Pools::Postgres { place, .. } => !place.is_alone,
        }
    }

    /// A sign of life of this host. SQLite has one host, with all shards.
    ///
    /// # Errors
    /// `Ousted` when another host has taken its place, `Unavailable`.
    pub async fn renew_lease(&self) -> Result<Standing, DbError> {
        match &self.shared.pools {
            Pools::Sqlite { .. } => Ok(Standing {
                shards: ShardSet::ALL,
                host_count: 1,
                share: usize::from(SHARD_COUNT),
                directory_version: 0,
            }),
            Pools::Postgres { place, .. } => {
                let mut membership = place.membership.lock().await;
                membership.renew(place.host()).await
            }
        }
    }

    /// Takes a new place after `Ousted`: this host has no shards then, and nothing of what it had.
    ///
    /// # Errors
    /// `Locked`, `Unavailable`.
    pub async fn rejoin(&self) -> Result<i64, DbError> {
        match &self.shared.pools {
            Pools::Sqlite { .. } => Ok(1),
            Pools::Postgres { place, writer, .. } => {
                // Whoever commits meanwhile has the old number, or waits.
                let mut writer = writer.lock().await;
                let mut membership = place.membership.lock().await;
                let (host, session) = membership.join(&writer.options).await?;
                writer.take_place(host, session);
                place.set_host(host);
                Ok(host)
            }
        }
    }

    /// Tells all hosts something, in at most 8,000 bytes each: on a connection of its own, as often as the caller likes,
    /// and not within a commit.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn tell_others(&self, words: &[String]) -> Result<(), DbError> {
        let Pools::Postgres { place, .. } = &self.shared.pools else {
            return Ok(());
        };
        let mut membership = place.membership.lock().await;
        let mut connection = membership.connection().await?;
        for word in words {
            tell(&mut connection, word).await?;
        }
        membership.connection = Some(connection);
        Ok(())
    }

    /// Hears what other hosts tell; none on SQLite.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn listen(&self) -> Result<Option<Listener>, DbError> {
        let Pools::Postgres { readers, .. } = &self.shared.pools else {
            return Ok(None);
        };
        let mut listener = PgListener::connect_with(readers).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(Listener { listener }))
    }

    /// The hosts that work with this database; none on SQLite.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn hosts(&self) -> Result<Vec<HostRow>, DbError> {
        if !self.is_postgres() {
            return Ok(Vec::new());
        }
        self.rows(HOSTS, vec![], |fields: &mut Fields<'_>| {
            Ok(HostRow {
                id: fields.int()?,
                name: fields.text()?,
                release: fields.text()?,
                started_at: fields.instant()?,
                lease_us: fields.int()?,
                shard_count: fields.int()?,
            })
        })
        .await
    }

    /// Numbers for this host alone: of each kind of id as many as are asked for, by the first of them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn reserve_ids(
        &self,
        counts: &[(&'static str, i64)],
    ) -> Result<BTreeMap<String, i64>, DbError> {
        let Pools::Postgres { place, .. } = &self.shared.pools else {
            return Err(DbError::Unsupported(
                "SQLite has one host, which needs no numbers for itself",
            ));
        };
        let (kinds, sizes): (Vec<&str>, Vec<i64>) = counts.iter().copied().unzip();
        let mut membership = place.membership.lock().await;
        let mut connection = membership.connection().await?;
        let rows = sqlx::query(RESERVE)
            .bind(kinds)
            .bind(sizes)
            .fetch_all(&mut connection)
            .await?;
        membership.connection = Some(connection);
        let first = |row: &PgRow| {
            let kind: String = row.try_get(0)?;
            let count = counts
                .iter()
                .find(|(of, _)| *of == kind)
                .map_or(0, |(_, count)| *count);
            Ok((kind, row.try_get::<i64, _>(1)? - count + 1))
        };
        rows.iter().map(first).collect()
    }

    /// Gives this host's place back before it stops; what it has is free for the others at once, who are told so.
    ///
    /// # Errors
    /// `Unavailable`: the others take it when the lease is over.
    pub async fn leave(&self, word: &str) -> Result<(), DbError> {
        match &self.shared.pools {
            Pools::Sqlite { .. } => Ok(()),
            Pools::Postgres { place, .. } => place.membership.lock().await.leave(place.host(), word).await,
        }
    }
}
