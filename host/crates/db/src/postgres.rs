//! PostgreSQL: one connection that writes, one for the host's lease, a pool that reads.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool, Row};
use tokio::sync::Mutex;

use crate::apply::{self, Failed};
use crate::batch::Committed;
use crate::commit::Step;
use crate::error::DbError;
use crate::function::{self, Functions};
use crate::guard;
use crate::hosts::{Membership, NewHost, lock_place};
use crate::open::{OpenOptions, Pools, Synchronous};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause between two attempts to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(50);

/// Each transaction leaves a mark of its own: when the connection breaks during COMMIT, the mark tells what became of
/// it.
const SELECT_MARK: &str = "SELECT last_commit, is_void FROM host_mark WHERE host = $1";

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
    pub(crate) options: PgConnectOptions,
    session: Option<Session>,
    /// A transaction was begun and its end was not seen: the task was dropped with its tokio runtime.
    is_in_transaction: bool,
    is_closed: bool,
    /// Set before `close` waits for the writer: nobody waits for an outcome any more.
    closing: Arc<AtomicBool>,
    /// The number of this host.
    host: i64,
    /// The mark of the last transaction.
    mark: i64,
}

/// This host among those that share the database.
pub(crate) struct Place {
    host: AtomicI64,
    pub(crate) is_alone: bool,
    pub(crate) membership: Mutex<Membership>,
}

impl Place {
    pub(crate) fn host(&self) -> i64 {
        self.host.load(Ordering::Relaxed)
    }

    pub(crate) fn set_host(&self, host: i64) {
        self.host.store(host, Ordering::Relaxed);
    }
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
        self.mark += 1;
        if let Some(first) = steps.first_mut() {
            guard::fill_in(first, self.host, self.mark);
        }
        self.is_in_transaction = true;
        let mut committed = Committed::default();
        let result = session.transaction(steps, &mut committed).await;
        self.is_in_transaction = false;
        let failed = match result {
            Ok(()) => {
                self.session = Some(session);
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
            Failed::DuringCommit(error) => self.settle(error).await.map(|()| committed),
        }
    }

    /// What became of a transaction whose COMMIT was not answered. The session lock is free only when the server has
    /// ended the old session, so what is read under it is final. Another host that takes this one's place leaves the
    /// mark as it was.
    async fn settle(&mut self, error: sqlx::Error) -> Result<(), DbError> {
        loop {
            if self.closing.load(Ordering::Relaxed) {
                return Err(DbError::OutcomeUnknown(error));
            }
            if let Ok(mut connection) = connect_writer(&self.options, self.host).await
                && let Ok((mark, _)) = read_mark(&mut connection, self.host).await
            {
                self.session = Some(connection.into());
                return match mark == self.mark {
                    true => Ok(()),
                    false => Err(DbError::Unavailable(error)),
                };
            }
            tokio::time::sleep(CONNECT_PAUSE).await;
        }
    }

    /// Connects again. When another host has taken the place of this one, the guard of the next transaction says so.
    async fn reconnect(&self) -> Result<PgConnection, DbError> {
        match connect_writer(&self.options, self.host).await {
            // Our own old session may still have it.
            Err(DbError::Locked(_)) => Err(DbError::Unavailable(sqlx::Error::PoolTimedOut)),
            other => other,
        }
    }

    /// Goes on as the host with this number, whose lock the session has.
    pub(crate) fn take_place(&mut self, host: i64, session: PgConnection) {
        self.session = Some(session.into());
        self.host = host;
        self.mark = 0;
    }

    pub(crate) async fn close(&mut self) {
        self.is_closed = true;
        if let Some(session) = self.session.take() {
            // The server ends the session either way.
            drop(session.connection.close().await);
        }
    }
}

/// The host's last mark, and whether the host has lost its place.
async fn read_mark(connection: &mut PgConnection, host: i64) -> Result<(i64, bool), sqlx::Error> {
    let row = sqlx::query(SELECT_MARK).bind(host).fetch_one(connection).await?;
    Ok((row.try_get(0)?, row.try_get::<i64, _>(1)? == 1))
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
    let new = NewHost {
        name: options.name.clone(),
        release: env!("CARGO_PKG_VERSION").to_owned(),
        is_alone: options.is_alone,
    };
    let mut membership = Membership::new(connect.clone(), new);
    membership.migrate().await?;
    let (host, writer) = membership.join(&writer_options).await?;
    let closing = Arc::new(AtomicBool::new(false));
    let readers = readers(connect, options.readers).await?;
    Ok(Pools::Postgres {
        readers,
        closing: Arc::clone(&closing),
        place: Place {
            host: AtomicI64::new(host),
            is_alone: options.is_alone,
            membership: Mutex::new(membership),
        },
        writer: Mutex::new(PostgresWriter {
            options: writer_options,
            session: Some(writer.into()),
            is_in_transaction: false,
            is_closed: false,
            closing,
            host,
            mark: 0,
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
        place: Place {
            host: AtomicI64::new(0),
            is_alone: true,
            membership: Mutex::new(Membership::new(connect.clone(), NewHost::default())),
        },
        writer: Mutex::new(PostgresWriter {
            options: connect,
            session: None,
            is_in_transaction: false,
            is_closed: true,
            closing,
            host: 0,
            mark: 0,
        }),
    })
}

fn connect_options(url: &str) -> Result<PgConnectOptions, DbError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| DbError::BadUrl(without_password(url)))?;
    Ok(options.application_name("signalbox"))
}

pub(crate) async fn connect_writer(options: &PgConnectOptions, host: i64) -> Result<PgConnection, DbError> {
    let mut connection = options.connect().await?;
    match lock_place(&mut connection, host).await? {
        true => Ok(connection),
        false => Err(DbError::Locked(
            options.get_database().unwrap_or("postgres").to_owned(),
        )),
    }
}

/// The address as it may be shown.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}")
}
