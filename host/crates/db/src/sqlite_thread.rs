//! The connection that commits to a SQLite file, on a thread of its own.
//!
//! A transaction goes there and comes back once. Through the driver of the readers each statement's result wakes the
//! task that waits for it, which costs more than most statements of a commit take. And here the rows of a step are
//! bound one by one: SQLite has no way to a server to save, and to take columns out of JSON costs as much as to insert
//! them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::types::ToSqlOutput;
use rusqlite::{CachedStatement, Connection, OpenFlags, Statement, ToSql};
use tokio::sync::oneshot;

use crate::apply::{BEGIN, check_count};
use crate::batch::Committed;
use crate::commit::{Returns, Step};
use crate::dialect::Arg;
use crate::encode::{Row, Value};
use crate::error::DbError;

/// The name of the thread that commits to a SQLite file. Linux keeps 15 bytes of it.
pub const COMMITTING_THREAD: &str = "signalbox-db";
/// The texts of this crate's writes are about as many.
const STATEMENTS_KEPT: usize = 128;

/// The thread. When it is dropped, the transaction that is under way ends first.
pub(crate) struct SqliteThread {
    /// None when it is being dropped.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

struct Job {
    steps: Vec<Step>,
    done: oneshot::Sender<Result<Committed, DbError>>,
}

impl SqliteThread {
    /// Opens a file that is there. The pragmas are those of every connection that writes.
    ///
    /// # Errors
    /// `Unavailable` and the like: the file cannot be opened.
    pub(crate) fn open(path: &Path, pragmas: &str, busy_timeout: Duration) -> Result<Self, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(busy_timeout)?;
        connection.execute_batch(pragmas)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        let (jobs, queue) = mpsc::channel::<Job>();
        let work = move || {
            let mut writer = Writer {
                connection,
                texts: HashMap::new(),
            };
            for Job { steps, done } in queue {
                // Who asked may have gone away; what is stored is stored.
                let _ = done.send(writer.transaction(&steps));
            }
        };
        let thread = thread::Builder::new()
            .name(COMMITTING_THREAD.to_owned())
            .spawn(work)
            .map_err(|error| DbError::Unavailable(sqlx::Error::Io(error)))?;
        Ok(SqliteThread {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Runs the steps in one transaction; on an error nothing of them remains. It goes on when nobody waits any more.
    ///
    /// # Errors
    /// As a commit's.
    pub(crate) async fn transaction(&self, steps: Vec<Step>) -> Result<Committed, DbError> {
        let (done, answer) = oneshot::channel();
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(Job { steps, done }));
        match (sent, answer.await) {
            (Some(Ok(())), Ok(result)) => result,
            _ => Err(DbError::Unavailable(sqlx::Error::WorkerCrashed)),
        }
    }
}

impl Drop for SqliteThread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It has panicked, or has ended: nothing of it goes on either way.
            let _ = thread.join();
        }
    }
}

/// A table of rows in a statement, see [`crate::dialect::over_rows`].
const TABLE_OF_ROWS: &str = "\nFROM jsonb_each($1) AS r\n";
const COLUMN_OF_ROW: &str = "r.value ->> ";

struct Writer {
    connection: Connection,
    /// By the address of the step's text.
    texts: HashMap<*const u8, Text>,
}

/// A statement for one row at a time, if it is about rows.
struct Text {
    sql: String,
    /// What each place of the statement is bound to, once it was prepared.
    places: Vec<Place>,
}

/// What a place is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `$1`: an argument of the step, from 0.
    Arg(usize),
    /// `@0`: a column of the row, from 0.
    Column(usize),
}

/// What a step did.
#[derive(Default)]
struct Touched {
    count: u64,
    ids: Vec<i64>,
}

impl Writer {
    fn transaction(&mut self, steps: &[Step]) -> Result<Committed, DbError> {
        let result = self.begin_to_commit(steps);
        if result.is_err() && !self.connection.is_autocommit() {
            // When even this fails, the next BEGIN says so.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        result
    }

    fn begin_to_commit(&mut self, steps: &[Step]) -> Result<Committed, DbError> {
        self.connection.prepare_cached(BEGIN.sqlite)?.raw_execute()?;
        let mut committed = Committed::default();
        for step in steps {
            let Touched { count, ids } = self.run(step)?;
            check_count(step.expected, count)?;
            committed.add(step.returns, ids);
        }
        self.connection.prepare_cached("COMMIT")?.raw_execute()?;
        Ok(committed)
    }

    fn run(&mut self, step: &Step) -> Result<Touched, DbError> {
        let sql = step.sql.sqlite;
        let text = self.texts.entry(sql.as_ptr()).or_insert_with(|| Text::of(sql));
        let mut statement = self.connection.prepare_cached(&text.sql)?;
        if text.places.is_empty() {
            text.places = places(&statement);
        }
        let rows = step.args.iter().find_map(|arg| match arg {
            Arg::Rows(rows) => Some(rows),
            Arg::Int(_) | Arg::Text(_) | Arg::MaybeText(_) | Arg::Json(_) | Arg::Bytes(_) => None,
        });
        let mut touched = Touched::default();
        let Some(rows) = rows else {
            bind(&mut statement, &text.places, &step.args, None)?;
            touched.add(&mut statement, step.returns)?;
            return Ok(touched);
        };
        for row in rows.iter() {
            bind(&mut statement, &text.places, &step.args, Some(row))?;
            touched.add(&mut statement, step.returns)?;
        }
        Ok(touched)
    }
}

impl Text {
    fn of(sql: &str) -> Text {
        Text {
            sql: sql.replace(TABLE_OF_ROWS, "\n").replace(COLUMN_OF_ROW, "@"),
            places: Vec::new(),
        }
    }
}

impl Touched {
    /// Executes the statement.
    fn add(&mut self, statement: &mut CachedStatement<'_>, returns: Returns) -> Result<(), DbError> {
        match returns {
            Returns::Nothing => self.count += statement.raw_execute()? as u64,
            _ => {
                let mut rows = statement.raw_query();
                while let Some(row) = rows.next()? {
                    self.ids.push(row.get(0)?);
                    self.count += 1;
                }
            }
        }
        Ok(())
    }
}

/// SQLite counts places in the order of the text; the names say what they mean.
fn places(statement: &Statement<'_>) -> Vec<Place> {
    let place = |index| {
        let (kind, number) = statement.parameter_name(index)?.split_at_checked(1)?;
        let number: usize = number.parse().ok()?;
        match kind {
            "@" => Some(Place::Column(number)),
            _ => Some(Place::Arg(number.checked_sub(1)?)),
        }
    };
    (1..=statement.parameter_count())
        .map(|index| place(index).expect("the statements of this crate name `$1` or a column of a row"))
        .collect()
}

fn bind(
    statement: &mut CachedStatement<'_>,
    places: &[Place],
    args: &[Arg],
    row: Option<Row<'_>>,
) -> Result<(), DbError> {
    for (index, place) in (1..).zip(places) {
        match (place, row) {
            (Place::Column(column), Some(row)) => statement.raw_bind_parameter(index, row.value(*column))?,
            (Place::Column(_), None) => unreachable!("a statement over rows comes with rows"),
            (Place::Arg(number), _) => bind_arg(statement, index, &args[*number])?,
        }
    }
    Ok(())
}

fn bind_arg(statement: &mut CachedStatement<'_>, index: usize, arg: &Arg) -> Result<(), DbError> {
    match arg {
        Arg::Int(value) => statement.raw_bind_parameter(index, value)?,
        Arg::Text(value) | Arg::Json(value) => statement.raw_bind_parameter(index, value)?,
        Arg::MaybeText(value) => statement.raw_bind_parameter(index, value)?,
        Arg::Bytes(value) => statement.raw_bind_parameter(index, value.as_slice())?,
        Arg::Rows(_) => unreachable!("rows are bound one by one"),
    }
    Ok(())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Null => ToSqlOutput::from(rusqlite::types::Null),
            Value::Int(value) => ToSqlOutput::from(*value),
            Value::Text(value) => ToSqlOutput::from(*value),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Sql, over_rows};

    const PUT: Sql = over_rows!(
        "INSERT INTO thing (id, name)\nSELECT CAST(r.value ->> 0 AS BIGINT), r.value ->> 1",
        "WHERE r.value ->> 1 <> 'no'\nRETURNING id"
    );

    #[test]
    fn statement_over_rows_becomes_one_over_a_row() {
        assert_eq!(
            Text::of(PUT.sqlite).sql,
            "INSERT INTO thing (id, name)\nSELECT CAST(@0 AS BIGINT), @1\nWHERE @1 <> 'no'\nRETURNING id"
        );
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE thing (id INTEGER, name TEXT)")
            .unwrap();
        let statement = connection.prepare(&Text::of(PUT.sqlite).sql).unwrap();
        assert_eq!(places(&statement), [Place::Column(0), Place::Column(1)]);
        let statement = connection.prepare("SELECT $2, $1, @7").unwrap();
        assert_eq!(
            places(&statement),
            [Place::Arg(1), Place::Arg(0), Place::Column(7)]
        );
    }
}
