//! Brings the schema up to date. Migrations only grow: a released file is never edited.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use crate::error::DbError;

struct Migration {
    version: i64,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: [Migration; 1] = [Migration {
    version: 1,
    sqlite: include_str!("../migrations/sqlite/0001_initial.sql"),
    postgres: include_str!("../migrations/postgres/0001_initial.sql"),
}];

/// The newest version that this release knows.
pub(crate) const VERSION: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

/// "signalmi" as bytes; advisory locks are per database.
const MIGRATION_LOCK: i64 = 0x7369_676e_616c_6d69;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY NOT NULL)";
pub(crate) const SELECT: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_version";

/// Each migration is one transaction; both databases roll back changes of the schema.
macro_rules! migrate {
    ($name:ident, $connection:ty, $dialect:ident) => {
        pub(crate) async fn $name(connection: &mut $connection) -> Result<(), DbError> {
            sqlx::query(CREATE).execute(&mut *connection).await?;
            let row = sqlx::query(SELECT).fetch_one(&mut *connection).await?;
            let found: i64 = row.try_get(0)?;
            if found > VERSION {
                return Err(DbError::TooNew {
                    found,
                    known: VERSION,
                });
            }
            for migration in MIGRATIONS
                .iter()
                .filter(|migration| migration.version > found)
            {
                let mut transaction = connection.begin().await?;
                sqlx::raw_sql(migration.$dialect)
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query("INSERT INTO schema_version (version) VALUES ($1)")
                    .bind(migration.version)
                    .execute(&mut *transaction)
                    .await?;
                transaction.commit().await?;
            }
            Ok(())
        }
    };
}

migrate!(sqlite, SqliteConnection, sqlite);
migrate!(postgres_locked, PgConnection, postgres);

/// Hosts may start at the same time: one migrates, the others wait and find it done. Those that are at work go on; a
/// migration leaves everything in place that the release before it uses.
pub(crate) async fn postgres(connection: &mut PgConnection) -> Result<(), DbError> {
    // Mostly there is nothing to do. An error says that there is no such table.
    let found = sqlx::query(SELECT).fetch_one(&mut *connection).await;
    if found.is_ok_and(|row| row.try_get(0).is_ok_and(|version: i64| version == VERSION)) {
        return Ok(());
    }
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut *connection)
        .await?;
    let migrated = postgres_locked(connection).await;
    sqlx::query("SELECT pg_advisory_unlock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut *connection)
        .await?;
    migrated
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions;
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;

    #[tokio::test]
    async fn database_of_a_newer_release_is_refused() {
        let mut connection = SqliteConnectOptions::new()
            .in_memory(true)
            .connect()
            .await
            .unwrap();
        sqlite(&mut connection).await.unwrap();
        sqlite(&mut connection).await.unwrap();
        sqlx::query("INSERT INTO schema_version (version) VALUES (7)")
            .execute(&mut connection)
            .await
            .unwrap();
        let error = sqlite(&mut connection).await.unwrap_err();
        assert!(
            matches!(
                error,
                DbError::TooNew {
                    found: 7,
                    known: VERSION
                }
            ),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn migration_that_fails_leaves_nothing() {
        let mut connection = SqliteConnectOptions::new()
            .in_memory(true)
            .connect()
            .await
            .unwrap();
        // The last but one table of the migration is in the way.
        sqlx::query("CREATE TABLE run (id INTEGER)")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlite(&mut connection).await.unwrap_err();
        sqlx::query("DROP TABLE run")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlite(&mut connection).await.unwrap();
    }
}
