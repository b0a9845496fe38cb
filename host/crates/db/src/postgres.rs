//! PostgreSQL: one connection that writes and holds the lock, a pool that reads.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool, Row};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::apply::{self, Failed};
use crate::batch::Committed;
use crate::commit::Step;
use crate::dialect::{Arg, Sql};
use crate::error::DbError;
use crate::function::{self, Functions};
use crate::migrate;
use crate::open::{OpenOptions, Pools, Synchronous};

/// One host for each database: the session lock that its writer holds ("signalbo" as bytes; advisory locks are
/// per database). It stands until hosts share a database by shard leases.
const HOST_LOCK: i64 = 0x7369_676e_616c_626f;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the session of a host that was killed may keep the lock: the server notices a closed connection when it
/// has finished the statement.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// Pause between two attempts to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(50);

/// Each transaction leaves a mark of its own: when the connection breaks during COMMIT, the mark tells what became of
/// it, and after any break it tells whether another host has worked here meanwhile.
const PUT_MARK: &str = "INSERT INTO meta (key, value) VALUES ('last-commit', $1)
ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const SELECT_MARK: &str = "SELECT value FROM meta WHERE key = 'last-commit'";
const SELECT_HOST: &str = "SELECT CAST(gen_random_uuid() AS TEXT)";

/// A connection, and what its session knows.
struct Session {
    connection: PgConnection,
    functions: Functions,
}

impl From<PgConnection> for Session {
    fn from(connection: PgConnection) -> Self {
        Session {
            connection,
            functions: Functions::default(),
        }
    }
}

impl Session {
    /// One transaction, as few ways to the server as can be. An error leaves it rolled back, or the connection broken.
    async fn transaction(&mut self, steps: Vec<Step>, committed: &mut Committed) -> Result<(), Failed> {
        let Session {
            connection,
            functions,
        } = self;
        match functions.call_of(connection, &steps).await? {
            Some(call) => function::run(connection, call, steps, committed).await,
            None => apply::in_postgres(connection, steps, committed).await,
        }
    }

    /// Whether the connection is alive and outside of a transaction.
    async fn is_alive(&mut self) -> bool {
        sqlx::query("ROLLBACK")
            .execute(&mut self.connection)
            .await
            .is_ok()
    }
}

/// The connection that commits.
pub(crate) struct PostgresWriter {
    options: PgConnectOptions,
    session: Option<Session>,
    /// A transaction was begun and its end was not seen: the task was dropped with its tokio runtime.
    is_in_transaction: bool,
    is_closed: bool,
    /// Set before `close` waits for the writer: nobody waits for an outcome any more.
    closing: Arc<AtomicBool>,
    /// This opening of the database; with `count` it makes marks.
    host: String,
    count: u64,
    /// The mark of the last transaction, by this host or the one before it.
    mark: Option<String>,
}

impl PostgresWriter {
    /// Runs the steps; on an error nothing of them remains. When the connection breaks during COMMIT, this waits until
    /// the server says what became of the transaction; `OutcomeUnknown` only when the database is closed meanwhile.
    pub(crate) async fn transaction(&mut self, mut steps: Vec<Step>) -> Result<Committed, DbError> {
        if self.is_closed {
            return Err(DbError::Unavailable(sqlx::Error::PoolClosed));
        }
        if self.is_in_transaction {
            self.session = None;
        }
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.reconnect().await?.into(),
        };
        self.count += 1;
        let mark = format!("{}-{}", self.host, self.count);
        steps.push(Step::new(Sql::same(PUT_MARK), vec![Arg::Text(mark.clone())]));
        self.is_in_transaction = true;
        let mut committed = Committed::default();
        let result = session.transaction(steps, &mut committed).await;
        self.is_in_transaction = false;
        let failed = match result {
            Ok(()) => {
                self.session = Some(session);
                self.mark = Some(mark);
                return Ok(committed);
            }
            Err(failed) => failed,
        };
        // A connection that cannot roll back is dropped, and the server rolls back; the next commit connects anew.
        let is_alive = session.is_alive().await;
        if is_alive {
            self.session = Some(session);
        }
        match failed {
            Failed::Before(error) => Err(error),
            Failed::DuringCommit(error) if is_alive => Err(error.into()),
            Failed::DuringCommit(error) => self.settle(mark, error).await.map(|()| committed),
        }
    }

    /// What became of a transaction whose COMMIT was not answered. The session lock is free only when the server has
    /// ended the old session, so what is read under it is final.
    async fn settle(&mut self, mark: String, error: sqlx::Error) -> Result<(), DbError> {
        loop {
            if self.closing.load(Ordering::Relaxed) {
                return Err(DbError::OutcomeUnknown(error));
            }
            if let Ok(mut connection) = connect_writer(&self.options).await
                && let Ok(found) = read_mark(&mut connection).await
            {
                self.session = Some(connection.into());
                if found.as_deref() == Some(mark.as_str()) {
                    self.mark = Some(mark);
                    return Ok(());
                }
                return Err(DbError::Unavailable(error));
            }
            tokio::time::sleep(CONNECT_PAUSE).await;
        }
    }

    /// Connects again. When another host has committed meanwhile, this one must not go on: what it has in memory is old.
    async fn reconnect(&self) -> Result<PgConnection, DbError> {
        let mut connection = match connect_writer(&self.options).await {
            // Our own old session may still have it.
            Err(DbError::Locked(_)) => return Err(DbError::Unavailable(sqlx::Error::PoolTimedOut)),
            other => other?,
        };
        if read_mark(&mut connection).await? != self.mark {
            return Err(locked(&self.options));
        }
        Ok(connection)
    }

    pub(crate) async fn close(&mut self) {
        self.is_closed = true;
        if let Some(session) = self.session.take() {
            // The server ends the session either way.
            drop(session.connection.close().await);
        }
    }
}

async fn read_mark(connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
    let row = sqlx::query(SELECT_MARK).fetch_optional(connection).await?;
    row.map(|row| row.try_get(0)).transpose()
}

fn locked(options: &PgConnectOptions) -> DbError {
    DbError::Locked(options.get_database().unwrap_or("postgres").to_owned())
}

/// A host that is frozen inside a transaction must not keep its locks for ever.
///
/// The writer reaches rows by their keys only, a few at a time. The planner does not see that: it takes a batch for a
/// hundred rows and reads whole tables (in a rehearsal 64,770 of 64,839 scans of `item`).
const WRITER_SETTINGS: [(&str, &str); 6] = [
    ("idle_in_transaction_session_timeout", "10s"),
    ("statement_timeout", "60s"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

pub(crate) async fn open(url: &str, options: &OpenOptions) -> Result<Pools, DbError> {
    let connect = connect_options(url)?;
    let mut writer_options = connect.clone().options(WRITER_SETTINGS);
    if options.synchronous == Synchronous::Off {
        writer_options = writer_options.options([("synchronous_commit", "off")]);
    }
    let mut writer = first_writer(&writer_options).await?;
    migrate::postgres(&mut writer).await?;
    let mark = read_mark(&mut writer).await?;
    let host = sqlx::query(SELECT_HOST)
        .fetch_one(&mut writer)
        .await?
        .try_get(0)?;
    let closing = Arc::new(AtomicBool::new(false));
    let readers = readers(connect, options.readers).await?;
    Ok(Pools::Postgres {
        readers,
        closing: Arc::clone(&closing),
        writer: Mutex::new(PostgresWriter {
            options: writer_options,
            session: Some(writer.into()),
            is_in_transaction: false,
            is_closed: false,
            closing,
            host,
            count: 0,
            mark,
        }),
    })
}

async fn readers(connect: PgConnectOptions, count: u32) -> Result<PgPool, DbError> {
    let connect = connect.options([
        ("default_transaction_read_only", "on"),
        ("statement_timeout", "30s"),
    ]);
    let pool = PgPoolOptions::new()
        .min_connections(1)
        .max_connections(count.clamp(1, 64))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(connect)
        .await?;
    Ok(pool)
}

/// Only to read, beside a host that may be at work: nothing is locked or migrated.
pub(crate) async fn open_to_read(url: &str) -> Result<Pools, DbError> {
    let connect = connect_options(url)?;
    let closing = Arc::new(AtomicBool::new(false));
    Ok(Pools::Postgres {
        readers: readers(connect.clone(), 1).await?,
        closing: Arc::clone(&closing),
        writer: Mutex::new(PostgresWriter {
            options: connect,
            session: None,
            is_in_transaction: false,
            is_closed: true,
            closing,
            host: String::new(),
            count: 0,
            mark: None,
        }),
    })
}

fn connect_options(url: &str) -> Result<PgConnectOptions, DbError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| DbError::BadUrl(without_password(url)))?;
    Ok(options.application_name("signalbox"))
}

/// The first connection: a host that was killed a moment ago may still have the lock.
async fn first_writer(options: &PgConnectOptions) -> Result<PgConnection, DbError> {
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match connect_writer(options).await {
            Err(DbError::Locked(_)) if Instant::now() < deadline => {
                tokio::time::sleep(CONNECT_PAUSE).await;
            }
            other => return other,
        }
    }
}

async fn connect_writer(options: &PgConnectOptions) -> Result<PgConnection, DbError> {
    let mut connection = options.connect().await?;
    let row = sqlx::query("SELECT pg_try_advisory_lock($1)")
        .bind(HOST_LOCK)
        .fetch_one(&mut connection)
        .await?;
    if !row.try_get::<bool, _>(0)? {
        return Err(locked(options));
    }
    Ok(connection)
}

/// The address as it may be shown.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}")
}
