//! PostgreSQL: one connection that writes and holds the lock, a pool that reads.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::sync::Mutex;

use crate::apply::{self, Failed};
use crate::batch::Committed;
use crate::commit::Step;
use crate::error::DbError;
use crate::migrate;
use crate::open::{OpenOptions, Pools};

/// One host for each database: the session lock that its writer holds ("signalbo" as bytes; advisory locks are
/// per database). It stands until hosts share a database by shard leases.
const HOST_LOCK: i64 = 0x7369_676e_616c_626f;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// The connection that commits.
pub(crate) struct PostgresWriter {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// A transaction was begun and its end was not seen: the task was dropped with its tokio runtime.
    is_in_transaction: bool,
    is_closed: bool,
}

impl PostgresWriter {
    /// Runs the steps; on an error nothing of them remains, but for `OutcomeUnknown`.
    pub(crate) async fn transaction(&mut self, steps: Vec<Step>) -> Result<Committed, DbError> {
        if self.is_closed {
            return Err(DbError::Unavailable(sqlx::Error::PoolClosed));
        }
        if self.is_in_transaction {
            self.connection = None;
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect_writer(&self.options).await?,
        };
        self.is_in_transaction = true;
        let result = apply::in_postgres(&mut connection, steps).await;
        self.is_in_transaction = false;
        let failed = match result {
            Ok(committed) => {
                self.connection = Some(connection);
                return Ok(committed);
            }
            Err(failed) => failed,
        };
        // A connection that cannot roll back is dropped, and the server rolls back; the next commit connects anew.
        if sqlx::query("ROLLBACK").execute(&mut connection).await.is_ok() {
            self.connection = Some(connection);
        }
        Err(match failed {
            Failed::Before(error) => error,
            Failed::DuringCommit(error) if error.as_database_error().is_some() => error.into(),
            Failed::DuringCommit(error) => DbError::OutcomeUnknown(error),
        })
    }

    pub(crate) async fn close(&mut self) {
        self.is_closed = true;
        if let Some(connection) = self.connection.take() {
            // The server ends the session either way.
            drop(connection.close().await);
        }
    }
}

pub(crate) async fn open(url: &str, options: &OpenOptions) -> Result<Pools, DbError> {
    let connect = PgConnectOptions::from_str(url)
        .map_err(|_| DbError::BadUrl(without_password(url)))?
        .application_name("signalbox");
    // A host that is frozen inside a transaction must not keep its locks for ever.
    let writer_options = connect.clone().options([
        ("idle_in_transaction_session_timeout", "10s"),
        ("statement_timeout", "60s"),
    ]);
    let mut writer = connect_writer(&writer_options).await?;
    migrate::postgres(&mut writer).await?;
    let readers = PgPoolOptions::new()
        .min_connections(1)
        .max_connections(options.readers.clamp(1, 64))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(connect.options([
            ("default_transaction_read_only", "on"),
            ("statement_timeout", "30s"),
        ]))
        .await?;
    Ok(Pools::Postgres {
        readers,
        writer: Mutex::new(PostgresWriter {
            options: writer_options,
            connection: Some(writer),
            is_in_transaction: false,
            is_closed: false,
        }),
    })
}

async fn connect_writer(options: &PgConnectOptions) -> Result<PgConnection, DbError> {
    let mut connection = options.connect().await?;
    let row = sqlx::query("SELECT pg_try_advisory_lock($1)")
        .bind(HOST_LOCK)
        .fetch_one(&mut connection)
        .await?;
    if !row.try_get::<bool, _>(0)? {
        return Err(DbError::Locked(
            options.get_database().unwrap_or("postgres").to_owned(),
        ));
    }
    Ok(connection)
}

/// The address as it may be shown.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}")
}
