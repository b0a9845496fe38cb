//! SQLite: one connection that writes, a few that read, one process.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::sync::Mutex;

use crate::apply::{self, Failed};
use crate::batch::Committed;
use crate::commit::Step;
use crate::error::DbError;
use crate::migrate;
use crate::open::{OpenOptions, Pools, Synchronous};
use crate::sqlite_thread::SqliteThread;

/// The first release without the WAL-reset corruption (sqlite.org, "Release History", 3.51.3).
const VERSION_MIN: (u32, u32, u32) = (3, 51, 3);
const VERSION_MIN_TEXT: &str = "3.51.3";
/// Readers never block the writer in WAL mode; this only bridges a checkpoint.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The WAL is copied into the database after this many pages (16 MiB), within the commit that reaches it: no other
/// connection writes, so it never grows past that by much. A page that many commits write is copied once; 2,000 pages
/// cost a tenth more CPU time, 8,000 saved no more.
const CHECKPOINT_PAGES: &str = "4000";
/// The WAL file is cut back to this size, in bytes.
const WAL_BYTES_KEPT: &str = "67108864";
const PAGE_BYTES: u64 = 4096;

/// The connection that commits.
pub(crate) struct SqliteWriter {
    connection: Option<WriterConnection>,
    /// A transaction was begun and its end was not seen: the task was dropped with its tokio runtime.
    is_in_transaction: bool,
    /// Held as long as the database is open.
    lock: Option<Lock>,
}

/// A lock on a file until it is dropped.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child process that was forked a moment ago holds the file open until it executes.
        let _ = self.0.unlock();
    }
}

enum WriterConnection {
    Own(SqliteThread),
    /// A database in memory has one connection for everything.
    Shared(SqlitePool),
}

impl SqliteWriter {
    /// Runs the steps; on an error nothing of them remains.
    pub(crate) async fn transaction(&mut self, steps: Vec<Step>) -> Result<Committed, DbError> {
        let mut connection = match &mut self.connection {
            Some(WriterConnection::Own(thread)) => return thread.transaction(steps).await,
            Some(WriterConnection::Shared(pool)) => pool.acquire().await?,
            None => return Err(DbError::Unavailable(sqlx::Error::PoolClosed)),
        };
        if self.is_in_transaction {
            roll_back(&mut connection).await;
        }
        self.is_in_transaction = true;
        let mut committed = Committed::default();
        let result = apply::in_sqlite(&mut connection, steps, &mut committed).await;
        if result.is_err() {
            roll_back(&mut connection).await;
        }
        self.is_in_transaction = false;
        match result {
            Ok(()) => Ok(committed),
            Err(Failed::Before(error)) => Err(error),
            Err(Failed::DuringCommit(error)) => Err(error.into()),
        }
    }

    /// Waits for the last transaction. The file is consistent also without it.
    pub(crate) async fn close(&mut self) {
        if let Some(WriterConnection::Own(thread)) = self.connection.take() {
            // It closes its connection first, and so copies the WAL into the database.
            let closing = tokio::task::spawn_blocking(move || drop(thread));
            drop(closing.await);
        }
        self.lock = None;
    }
}

/// SQLite may have rolled back by itself (disk full); then this statement fails, which is as good.
async fn roll_back(connection: &mut SqliteConnection) {
    drop(sqlx::query("ROLLBACK").execute(connection).await);
}

pub(crate) async fn open_file(path: &Path, options: &OpenOptions) -> Result<Pools, DbError> {
    check_place(path, options)?;
    let lock = lock_beside(path)?;
    let connect = connect_options(options)
        .filename(path)
        .create_if_missing(options.create);
    let mut writer = connect
        .connect()
        .await
        .map_err(|error| at_path(path, error.into()))?;
    check_version(&mut writer).await?;
    migrate::sqlite(&mut writer)
        .await
        .map_err(|error| at_path(path, error))?;
    writer.close().await?;
    let thread = SqliteThread::open(path, &pragmas_of_writer(options), BUSY_TIMEOUT)
        .map_err(|error| at_path(path, error))?;
    let readers = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(options.readers.clamp(1, 64))
        .connect_with(connect.pragma("query_only", "ON"))
        .await?;
    Ok(Pools::Sqlite {
        readers,
        writer: Mutex::new(SqliteWriter {
            connection: Some(WriterConnection::Own(thread)),
            is_in_transaction: false,
            lock: Some(lock),
        }),
    })
}

/// Only to read, beside a host that may be at work: nothing is created, locked or migrated.
pub(crate) async fn open_to_read(path: &Path) -> Result<Pools, DbError> {
    let options = OpenOptions {
        create: false,
        ..OpenOptions::default()
    };
    check_place(path, &options)?;
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("query_only", "ON");
    let readers = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(connect)
        .await
        .map_err(|error| at_path(path, error.into()))?;
    check_version(&mut *readers.acquire().await?).await?;
    Ok(Pools::Sqlite {
        readers,
        writer: Mutex::new(SqliteWriter {
            connection: None,
            is_in_transaction: false,
            lock: None,
        }),
    })
}

pub(crate) async fn open_in_memory() -> Result<Pools, DbError> {
    let options = OpenOptions {
        synchronous: Synchronous::Off,
        ..OpenOptions::default()
    };
    let readers = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(connect_options(&options).in_memory(true))
        .await?;
    let mut connection = readers.acquire().await?;
    check_version(&mut connection).await?;
    migrate::sqlite(&mut connection).await?;
    drop(connection);
    Ok(Pools::Sqlite {
        readers: readers.clone(),
        writer: Mutex::new(SqliteWriter {
            connection: Some(WriterConnection::Shared(readers)),
            is_in_transaction: false,
            lock: None,
        }),
    })
}

fn connect_options(options: &OpenOptions) -> SqliteConnectOptions {
    let synchronous = match options.synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
        Synchronous::Off => SqliteSynchronous::Off,
    };
    let connect = SqliteConnectOptions::new()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    pragmas(options)
        .into_iter()
        .fold(connect, |connect, (name, value)| connect.pragma(name, value))
}

fn pragmas(options: &OpenOptions) -> Vec<(&'static str, String)> {
    let mut pragmas = vec![
        ("temp_store", "MEMORY".to_owned()),
        ("wal_autocheckpoint", CHECKPOINT_PAGES.to_owned()),
        ("journal_size_limit", WAL_BYTES_KEPT.to_owned()),
    ];
    if let Some(bytes) = options.size_bytes_max {
        pragmas.push(("max_page_count", (bytes / PAGE_BYTES).max(1).to_string()));
    }
    pragmas
}

/// The same as statements. That the file has a WAL is written in it.
fn pragmas_of_writer(options: &OpenOptions) -> String {
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
        Synchronous::Off => "OFF",
    };
    let mut text = format!("PRAGMA foreign_keys = ON;\nPRAGMA synchronous = {synchronous};");
    for (name, value) in pragmas(options) {
        text.push_str(&format!("\nPRAGMA {name} = {value};"));
    }
    text
}

fn check_place(path: &Path, options: &OpenOptions) -> Result<(), DbError> {
    let wrong = |problem: &str| {
        Err(DbError::Place {
            path: path.to_owned(),
            problem: problem.to_owned(),
        })
    };
    if path.is_dir() {
        return wrong("it is a folder, not a file");
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    if !folder.is_dir() {
        return wrong("its folder does not exist");
    }
    match path.metadata() {
        Ok(found) if found.permissions().readonly() => wrong("it may not be written"),
        Ok(_) => Ok(()),
        Err(_) if options.create => Ok(()),
        Err(error) => wrong(&error.to_string()),
    }
}

/// Takes the lock that keeps a second process out: an exclusive lock on `PATH.lock`, freed by the system when this
/// process ends, however it ends.
fn lock_beside(path: &Path) -> Result<Lock, DbError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let beside = PathBuf::from(beside);
    let place = |error: std::io::Error| DbError::Place {
        path: beside.clone(),
        problem: error.to_string(),
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&beside)
        .map_err(place)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(DbError::Locked(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(place(error)),
    }
}

async fn check_version(connection: &mut SqliteConnection) -> Result<(), DbError> {
    let row = sqlx::query("SELECT sqlite_version()")
        .fetch_one(connection)
        .await?;
    let found: String = row.try_get(0)?;
    let mut parts = found.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < VERSION_MIN {
        return Err(DbError::OldSqlite {
            found,
            wanted: VERSION_MIN_TEXT,
        });
    }
    Ok(())
}

/// Names the file in what SQLite says about it.
fn at_path(path: &Path, error: DbError) -> DbError {
    match error {
        DbError::NotADatabase(_) => DbError::NotADatabase(path.display().to_string()),
        DbError::Unavailable(source) => DbError::Place {
            path: path.to_owned(),
            problem: source.to_string(),
        },
        other => other,
    }
}
