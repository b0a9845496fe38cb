//! Copies of an SQLite file that a host may be working with.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::error::DbError;
use crate::migrate;

/// Another process's checkpoint may hold the file for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
const VACUUM_INTO: &str = "VACUUM INTO $1";

/// Writes a consistent copy of the SQLite file `source` into the new file `target`, while a host works with it or
/// not: in WAL mode a reader sees one commit and disturbs no writer. The copy is on the disk when this returns.
///
/// # Errors
/// `Place` when `source` does not exist or `target` does, `NotADatabase`, `Full`, `Unavailable`. Nothing remains of
/// `target` then.
pub async fn copy_sqlite(source: &Path, target: &Path) -> Result<(), DbError> {
    let wrong = |path: &Path, problem: &str| DbError::Place {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    if !source.is_file() {
        return Err(wrong(source, "there is no such file"));
    }
    if target.exists() {
        return Err(wrong(target, "a file with this name exists"));
    }
    let name = target
        .to_str()
        .ok_or_else(|| wrong(target, "the name is not UTF-8"))?;
    let copied = vacuum_into(source, name).await;
    if copied.is_err() {
        // What is there is a part of a copy; it may also not have been made at all.
        drop(std::fs::remove_file(target));
    }
    copied.map_err(|error| match error {
        DbError::NotADatabase(_) | DbError::Statement(_) => {
            DbError::NotADatabase(source.display().to_string())
        }
        other => other,
    })?;
    let file = std::fs::File::open(target).and_then(|file| file.sync_all());
    file.map_err(|error| wrong(target, &error.to_string()))
}

async fn vacuum_into(source: &Path, target: &str) -> Result<(), DbError> {
    let options = SqliteConnectOptions::new()
        .filename(source)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT);
    let mut connection = options.connect().await?;
    // Fails for a file of another program.
    sqlx::query(migrate::SELECT).fetch_one(&mut connection).await?;
    sqlx::query(VACUUM_INTO)
        .bind(target)
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}
