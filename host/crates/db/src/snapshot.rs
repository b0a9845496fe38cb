//! The database as it was at one instant, for statements that belong together.

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Postgres, Sqlite};

use crate::dialect::Fields;
use crate::error::DbError;
use crate::open::{Db, Pools};

/// Differs because only PostgreSQL has levels of isolation; SQLite's read transactions see one state by themselves.
const BEGIN_POSTGRES: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Whole tables are read, and that takes as long as it takes.
const NO_TIMEOUT: &str = "SET LOCAL statement_timeout = 0";

/// A read transaction. The database keeps what others write meanwhile beside it until the end.
pub(crate) enum Snapshot {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Snapshot {
    /// Reads rows.
    pub(crate) async fn rows<T>(
        &mut self,
        sql: impl Into<String>,
        read: fn(&mut Fields<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let query = AssertSqlSafe(sql.into());
        match self {
            Snapshot::Sqlite(connection) => {
                let rows = sqlx::query(query).fetch_all(&mut **connection).await?;
                rows.iter().map(|row| read(&mut Fields::new(row))).collect()
            }
            Snapshot::Postgres(connection) => {
                let rows = sqlx::query(query).fetch_all(&mut **connection).await?;
                rows.iter().map(|row| read(&mut Fields::new(row))).collect()
            }
        }
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), DbError> {
        let done = match self {
            Snapshot::Sqlite(connection) => sqlx::query(sql).execute(&mut **connection).await.map(drop),
            Snapshot::Postgres(connection) => sqlx::query(sql).execute(&mut **connection).await.map(drop),
        };
        Ok(done?)
    }

    /// Ends the transaction; call it also after an error.
    pub(crate) async fn end(mut self) -> Result<(), DbError> {
        self.execute("ROLLBACK").await
    }
}

impl Db {
    /// Begins a read transaction.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, DbError> {
        match &self.shared.pools {
            Pools::Sqlite { readers, .. } => {
                let mut snapshot = Snapshot::Sqlite(readers.acquire().await?);
                snapshot.execute("BEGIN").await?;
                Ok(snapshot)
            }
            Pools::Postgres { readers, .. } => {
                let mut snapshot = Snapshot::Postgres(readers.acquire().await?);
                snapshot.execute(BEGIN_POSTGRES).await?;
                snapshot.execute(NO_TIMEOUT).await?;
                Ok(snapshot)
            }
        }
    }
}
