//! What operators ask of a database.

use std::path::Path;

use sqlx::Row;

use crate::dialect::Fields;
use crate::error::DbError;
use crate::migrate;
use crate::open::{Db, Pools};

/// The answer of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// The version of the schema.
    pub schema_version: i64,
    /// What is broken, in the database's words; empty when all is well.
    pub problems: Vec<String>,
}

const QUICK_CHECK: &str = "PRAGMA quick_check(20)";
const INTEGRITY_CHECK: &str = "PRAGMA integrity_check(20)";
const SQLITE_SIZE: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
const POSTGRES_SIZE: &str = "SELECT pg_database_size(current_database())";
const VACUUM_INTO: &str = "VACUUM INTO $1";

const SQLITE_COLUMNS: &str = "SELECT t.name || '.' || c.name || ' ' || REPLACE(c.type, 'BIGINT', 'INTEGER') || CASE c.\"notnull\" OR c.pk WHEN 0 THEN '' ELSE ' NOT NULL' END
FROM pragma_table_list() AS t
JOIN pragma_table_info(t.name) AS c
WHERE t.schema = 'main'
AND t.type = 'table'
AND t.name NOT LIKE 'sqlite_%'
ORDER BY t.name, c.cid";
const POSTGRES_COLUMNS: &str = "SELECT table_name || '.' || column_name || ' '
    || CASE data_type WHEN 'bigint' THEN 'INTEGER' WHEN 'text' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB' ELSE data_type END
    || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
FROM information_schema.columns
WHERE table_schema = current_schema()
ORDER BY table_name, ordinal_position";

fn number(fields: &mut Fields<'_>) -> Result<i64, DbError> {
    fields.int()
}

fn text(fields: &mut Fields<'_>) -> Result<String, DbError> {
    fields.text()
}

impl Db {
    /// Looks for damage. The full check of SQLite reads every index and takes its time; the quick one does not
    /// compare indexes with tables. PostgreSQL: only that it answers; `pg_amcheck` looks for damage there.
    ///
    /// # Errors
    /// `Unavailable`, `NotADatabase`.
    pub async fn check(&self, is_full: bool) -> Result<CheckReport, DbError> {
        let version = self.row(migrate::SELECT, vec![], number).await?;
        let mut problems = Vec::new();
        if !self.is_postgres() {
            let sql = if is_full { INTEGRITY_CHECK } else { QUICK_CHECK };
            problems = self.rows(sql, vec![], text).await?;
            problems.retain(|line| line != "ok");
        }
        Ok(CheckReport {
            schema_version: version.unwrap_or(0),
            problems,
        })
    }

    /// Writes a consistent copy into a new file while work goes on (SQLite only).
    ///
    /// # Errors
    /// `Place` when the file exists, `Full`, `Unsupported` on PostgreSQL.
    pub async fn backup(&self, path: &Path) -> Result<(), DbError> {
        let Pools::Sqlite { readers, .. } = &self.shared.pools else {
            return Err(DbError::Unsupported("use pg_dump to copy a PostgreSQL database"));
        };
        let wrong = |problem: &str| DbError::Place {
            path: path.to_owned(),
            problem: problem.to_owned(),
        };
        if path.exists() {
            return Err(wrong("a file with this name exists"));
        }
        let target = path.to_str().ok_or_else(|| wrong("the name is not UTF-8"))?;
        let mut connection = readers.acquire().await?;
        let is_reader: bool = sqlx::query("PRAGMA query_only")
            .fetch_one(&mut *connection)
            .await?
            .try_get(0)?;
        sqlx::query("PRAGMA query_only = OFF")
            .execute(&mut *connection)
            .await?;
        let copied = sqlx::query(VACUUM_INTO)
            .bind(target)
            .execute(&mut *connection)
            .await;
        if is_reader {
            sqlx::query("PRAGMA query_only = ON")
                .execute(&mut *connection)
                .await?;
        }
        copied?;
        Ok(())
    }

    /// How large the database is, in bytes.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn size_bytes(&self) -> Result<u64, DbError> {
        // Differs because each database counts in its own way.
        let sql = if self.is_postgres() {
            POSTGRES_SIZE
        } else {
            SQLITE_SIZE
        };
        let size = self.row(sql, vec![], number).await?.unwrap_or(0);
        Ok(u64::try_from(size).unwrap_or(0))
    }

    /// Every column as `table.column TYPE`, in SQLite's words for types: the same for both databases.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn schema_columns(&self) -> Result<Vec<String>, DbError> {
        // Differs because each database describes itself in its own tables.
        let sql = if self.is_postgres() {
            POSTGRES_COLUMNS
        } else {
            SQLITE_COLUMNS
        };
        let mut columns = self.rows(sql, vec![], text).await?;
        columns.sort();
        Ok(columns)
    }
}
