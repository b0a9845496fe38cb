//! Runs the steps of a commit in one transaction.
//!
//! BEGIN, COMMIT and ROLLBACK are plain statements: SQLite ends a transaction by itself when the disk is full, and
//! the driver's own count of transactions does not follow that.

use sqlx::Row;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

use crate::batch::Committed;
use crate::commit::{Returns, Step};
use crate::dialect::{Sql, bind_all};
use crate::error::DbError;
use crate::open::{Db, Pools};
use crate::script;

/// Differs because SQLite must take the write lock at once (a read lock cannot wait for it later), and PostgreSQL
/// has no such word.
pub(crate) const BEGIN: Sql = Sql {
    sqlite: "BEGIN IMMEDIATE",
    postgres: "BEGIN",
};

/// Where a transaction failed.
#[derive(Debug)]
pub(crate) enum Failed {
    Before(DbError),
    DuringCommit(sqlx::Error),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Failed::Before(error.into())
    }
}

impl From<DbError> for Failed {
    fn from(error: DbError) -> Self {
        Failed::Before(error)
    }
}

/// Compares what a step touched with what it must touch.
pub(crate) fn check_count(expected: Option<(u64, &'static str)>, touched: u64) -> Result<(), DbError> {
    match expected {
        Some((count, table)) if count != touched => Err(DbError::Conflict(table)),
        Some(_) | None => Ok(()),
    }
}

/// Writes the same two functions for each driver's connection.
macro_rules! transaction {
    ($name:ident, $run_step:ident, $connection:ty, $dialect:ident) => {
        /// One transaction up to COMMIT; after an error the caller rolls back. `committed` is what it
        /// reports, if it turns out to be committed.
        pub(crate) async fn $name(
            connection: &mut $connection,
            steps: Vec<Step>,
            committed: &mut Committed,
        ) -> Result<(), Failed> {
            sqlx::query(BEGIN.$dialect)
                .execute(&mut *connection)
                .await?;
            for step in steps {
                $run_step(connection, step, committed).await?;
            }
            let done = sqlx::query("COMMIT").execute(&mut *connection).await;
            done.map(drop).map_err(Failed::DuringCommit)
        }

        async fn $run_step(
            connection: &mut $connection,
            step: Step,
            committed: &mut Committed,
        ) -> Result<(), Failed> {
            let query = bind_all!(sqlx::query(step.sql.$dialect), step.args);
            if step.returns == Returns::Nothing {
                let done = query.execute(&mut *connection).await?;
                return Ok(check_count(step.expected, done.rows_affected())?);
            }
            let rows = query.fetch_all(&mut *connection).await?;
            let ids: Vec<i64> = rows
                .iter()
                .map(|row| row.try_get(0))
                .collect::<Result<_, _>>()?;
            check_count(step.expected, ids.len() as u64)?;
            committed.add(step.returns, ids);
            Ok(())
        }
    };
}

transaction!(one_by_one_in_sqlite, step_in_sqlite, SqliteConnection, sqlite);
transaction!(in_postgres, step_in_postgres, PgConnection, postgres);

/// One transaction up to COMMIT, with the same promises. What a run changes goes as one script; a long list of
/// steps, which is a change of the set-up, is not worth a script of its own in the cache of statements.
pub(crate) async fn in_sqlite(
    connection: &mut SqliteConnection,
    steps: Vec<Step>,
    committed: &mut Committed,
) -> Result<(), Failed> {
    if steps.len() > script::STEPS_MAX {
        return one_by_one_in_sqlite(connection, steps, committed).await;
    }
    script::run(connection, steps, committed).await
}

impl Db {
    pub(crate) async fn apply(&self, steps: Vec<Step>) -> Result<Committed, DbError> {
        match &self.shared.pools {
            Pools::Sqlite { writer, .. } => writer.lock().await.transaction(steps).await,
            Pools::Postgres { writer, .. } => writer.lock().await.transaction(steps).await,
        }
    }
}
