//! Opening a database.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{PgPool, SqlitePool};
use tokio::sync::Mutex;

use crate::error::DbError;
use crate::gate::Gate;
use crate::postgres::{self, PostgresWriter};
use crate::sqlite::{self, SqliteWriter};

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
}

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions {
            synchronous: Synchronous::Full,
            readers: 4,
            size_bytes_max: None,
            create: true,
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

impl Db {
    /// Opens `sqlite:PATH` or `postgres://...` and brings its schema up to date.
    ///
    /// # Errors
    /// `BadUrl`, `Place`, `NotADatabase`, `OldSqlite`, `Locked` when another process has it open, `TooNew` when a
    /// newer release used it, `Unavailable`.
    pub async fn open(url: &str, options: &OpenOptions) -> Result<Db, DbError> {
        let pools = if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(DbError::BadUrl(url.to_owned()));
            }
            sqlite::open_file(path.as_ref(), options).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            postgres::open(url, options).await?
        } else {
            return Err(DbError::BadUrl(url.to_owned()));
        };
        Ok(Db::of(pools))
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

    /// Waits for a running commit, closes all connections and frees the database for another process.
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
            } => {
                closing.store(true, Ordering::Relaxed);
                let mut writer = writer.lock().await;
                readers.close().await;
                writer.close().await;
            }
        }
    }
}
