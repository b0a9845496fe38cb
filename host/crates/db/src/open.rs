//! Opening a database.

use std::cmp::Ordering;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicBool};
use std::time::Duration;

use sqlx::{PgPool, SqlitePool};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::error::DbError;
use crate::gate::Gate;
use crate::migrate;
use crate::postgres::{self, Place, PostgresWriter};
use crate::sqlite::{self, SqliteWriter};

/// How long closing waits for a PostgreSQL server: for a commit under way, and for sessions to end.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// When a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// With each commit: what was committed survives a power loss. PostgreSQL: its own configuration decides.
    #[default]
    Full,
    /// SQLite: at checkpoints, so that a power loss may take the last commits, never the rest. PostgreSQL: as `Full`.
    Normal,
    /// Never: for rehearsals and tests.
    Off,
}

/// How to open a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// When a commit waits for the disk.
    pub synchronous: Synchronous,
    /// Connections for reads. Range: 1 to 64.
    pub readers: u32,
    /// The database may grow to this size and no further (SQLite only); a commit beyond it is refused as `Full`.
    pub size_bytes_max: Option<u64>,
    /// Makes a new SQLite file where there is none.
    pub create: bool,
    /// What operators call this host (PostgreSQL only).
    pub name: String,
    /// No other host may work with the database at the same time. Always so with SQLite. Who lets others in must
    /// keep its lease ([`Db::renew_lease`]).
    pub is_alone: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions {
            synchronous: Synchronous::Full,
            readers: 4,
            size_bytes_max: None,
            create: true,
            name: String::new(),
            is_alone: true,
        }
    }
}

/// An open database. Clones share it.
#[derive(Clone)]
pub struct Db {
    pub(crate) shared: Arc<Shared>,
    /// Only simulations have one.
    pub(crate) gate: Option<Arc<dyn Gate>>,
}

pub(crate) struct Shared {
    pub(crate) pools: Pools,
}

/// The connections: many to read, one to commit.
#[expect(clippy::large_enum_variant, reason = "there is one for each open database")]
pub(crate) enum Pools {
    Sqlite {
        readers: SqlitePool,
        writer: Mutex<SqliteWriter>,
    },
    Postgres {
        readers: PgPool,
        /// This host among others.
        place: Place,
        /// Set when the database closes: a transaction that waits for its outcome gives up.
        closing: Arc<AtomicBool>,
        writer: Mutex<PostgresWriter>,
    },
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.is_postgres() { "postgres" } else { "sqlite" };
        f.debug_tuple("Db").field(&name).finish()
    }
}

/// The path of an SQLite database; none for the address of PostgreSQL.
fn sqlite_path(url: &str) -> Result<Option<&Path>, DbError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return match path.is_empty() {
            true => Err(DbError::BadUrl(url.to_owned())),
            false => Ok(Some(path.as_ref())),
        };
    }
    match url.starts_with("postgres://") || url.starts_with("postgresql://") {
        true => Ok(None),
        false => Err(DbError::BadUrl(url.to_owned())),
    }
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://...` and brings its schema up to date.
    ///
    /// # Errors
    /// `BadUrl`, `Place`, `NotADatabase`, `OldSqlite`, `Locked` when another process has it open, `TooNew` when a
    /// newer release used it, `Unavailable`.
    pub async fn open(url: &str, options: &OpenOptions) -> Result<Db, DbError> {
        let pools = match sqlite_path(url)? {
            Some(path) => sqlite::open_file(path, options).await?,
            None => postgres::open(url, options).await?,
        };
        Ok(Db::of(pools))
    }

    /// Opens a database only to read it, also while a host works with it. Commits are refused as `Unavailable`.
    ///
    /// # Errors
    /// As `open`; `TooOld` where it was not brought up to date, and never `Locked`.
    pub async fn open_to_read(url: &str) -> Result<Db, DbError> {
        let db = match sqlite_path(url)? {
            Some(path) => Db::of(sqlite::open_to_read(path).await?),
            None => Db::of(postgres::open_to_read(url).await?),
        };
        db.check_version().await?;
        Ok(db)
    }

    async fn check_version(&self) -> Result<(), DbError> {
        let found = match self.row(migrate::SELECT, vec![], |fields| fields.int()).await {
            // There is no such table.
            Err(DbError::Statement(_)) => 0,
            found => found?.unwrap_or(0),
        };
        let known = migrate::VERSION;
        match found.cmp(&known) {
            Ordering::Less => Err(DbError::TooOld { found, known }),
            Ordering::Greater => Err(DbError::TooNew { found, known }),
            Ordering::Equal => Ok(()),
        }
    }

    /// A new SQLite database in memory, for tests: gone when the last clone is dropped.
    ///
    /// # Errors
    /// `OldSqlite`.
    pub async fn open_in_memory() -> Result<Db, DbError> {
        Ok(Db::of(sqlite::open_in_memory().await?))
    }

    fn of(pools: Pools) -> Db {
        Db {
            shared: Arc::new(Shared { pools }),
            gate: None,
        }
    }

    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.shared.pools, Pools::Postgres { .. })
    }

    /// Waits for a running commit, closes all connections and frees the database for another process. Does not wait
    /// for a PostgreSQL server that hangs: what was on its way is then as after a cut connection.
    /// Calls afterwards fail as `Unavailable`.
    pub async fn close(&self) {
        match &self.shared.pools {
            Pools::Sqlite { readers, writer } => {
                let mut writer = writer.lock().await;
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres {
                readers,
                closing,
                writer,
                ..
            } => {
                closing.store(true, atomic::Ordering::Relaxed);
                let closed = async {
                    let mut writer = writer.lock().await;
                    readers.close().await;
                    writer.close().await;
                };
                // A server that hangs ends the sessions when it goes on.
                let _ = timeout(CLOSE_MAX, closed).await;
            }
        }
    }
}
