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

#[cfg(test)]
mod tests {
    use signalbox_crm::time::Timestamp;

    use super::*;
    use crate::batch::Batch;
    use crate::open::OpenOptions;

    const MIB: usize = 1 << 20;
    /// As `journal_size_limit` in `sqlite.rs`.
    const KEPT: u64 = 64 << 20;

    /// One commit of a mebibyte, always over the same row, and never with what it has.
    async fn write(db: &Db, number: usize) {
        let mut batch = Batch::new(Timestamp::from_micros(1));
        let letter = ["x", "y"][number % 2];
        batch.meta = vec![("large".to_owned(), letter.repeat(MIB))];
        db.commit(&batch).await.expect("stored");
    }

    async fn wal_bytes(db: &Db) -> u64 {
        let storage = db.storage().await.expect("storage");
        storage.wal_bytes.expect("SQLite in a file has a log")
    }

    /// What a backup tool does that reads for hours.
    #[tokio::test]
    async fn log_grows_while_a_reader_holds_it_and_shrinks_after() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("pinned.db").display());
        let db = Db::open(&url, &OpenOptions::default()).await.expect("opened");
        for number in 0..30 {
            write(&db, number).await;
        }
        let usual = wal_bytes(&db).await;
        let mut reader = db.snapshot().await.expect("a reader");
        reader
            .rows("SELECT COUNT(*) FROM meta", |fields| fields.int())
            .await
            .expect("rows");
        for number in 0..80 {
            write(&db, number).await;
        }
        let pinned = wal_bytes(&db).await;
        assert!(usual < KEPT / 2 && pinned > KEPT, "{usual} {pinned}");

        reader.end().await.expect("ended");
        for number in 0..3 {
            write(&db, number).await;
        }
        assert!(wal_bytes(&db).await <= KEPT);
        let problems = db.check(true).await.expect("checked").problems;
        assert_eq!(problems, Vec::<String>::new());
        db.close().await;
    }
}
