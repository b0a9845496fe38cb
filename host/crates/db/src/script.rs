//! The steps of a commit as one text of several statements, for SQLite.
//!
//! A connection to SQLite is a thread of its own, and every statement that is awaited is a way there and back: 20 to
//! 40 microseconds of CPU time, more than most statements of a small commit take. A script goes there once. Only
//! COMMIT goes by itself, after the counts of all steps were compared.

use std::fmt::Write;

use futures_util::stream::{Stream, TryStreamExt};
use sqlx::sqlite::{SqliteConnection, SqliteQueryResult, SqliteRow};
use sqlx::{AssertSqlSafe, Either, Executor, Row};

use crate::apply::{BEGIN, Failed, check_count};
use crate::batch::Committed;
use crate::commit::{Returns, Step};
use crate::dialect::bind_all;

/// Steps of one script. Each combination of steps that occurs has its prepared statements in the driver's cache of
/// 100 texts; runs and people make a few dozen combinations of up to 20 steps.
pub(crate) const STEPS_MAX: usize = 24;
/// About what a step's text has.
const STEP_BYTES: usize = 700;

/// One transaction up to COMMIT; after an error the caller rolls back. `committed` is what it reports, if it turns out
/// to be committed.
pub(crate) async fn run(
    connection: &mut SqliteConnection,
    mut steps: Vec<Step>,
    committed: &mut Committed,
) -> Result<(), Failed> {
    let text = text_of(&steps);
    let args = steps.iter_mut().flat_map(|step| std::mem::take(&mut step.args));
    let query = bind_all!(sqlx::query(AssertSqlSafe(text)), args);
    let mut results = (&mut *connection).fetch_many(query);
    // The first result is that of BEGIN.
    result(&mut results).await?;
    for step in &steps {
        let (touched, ids) = result(&mut results).await?;
        let touched = match step.returns {
            Returns::Nothing => touched,
            _ => ids.len() as u64,
        };
        check_count(step.expected, touched)?;
        committed.add(step.returns, ids);
    }
    drop(results);
    let done = sqlx::query("COMMIT").execute(&mut *connection).await;
    done.map(drop).map_err(Failed::DuringCommit)
}

/// The next statement's count of touched rows and the ids that it returned.
async fn result(
    results: &mut (impl Stream<Item = sqlx::Result<Either<SqliteQueryResult, SqliteRow>>> + Unpin),
) -> Result<(u64, Vec<i64>), Failed> {
    let mut ids = Vec::new();
    while let Some(result) = results.try_next().await? {
        match result {
            Either::Left(done) => return Ok((done.rows_affected(), ids)),
            Either::Right(row) => ids.push(row.try_get(0)?),
        }
    }
    // Every statement has a result, unless the connection's thread has gone.
    Err(Failed::Before(sqlx::Error::WorkerCrashed.into()))
}

/// BEGIN and the steps, with the arguments numbered through.
fn text_of(steps: &[Step]) -> String {
    let mut text = String::with_capacity(steps.len() * STEP_BYTES);
    text.push_str(BEGIN.sqlite);
    let mut arg_count = 0;
    for step in steps {
        text.push_str(";\n");
        renumber(step.sql.sqlite, arg_count, &mut text);
        arg_count += step.args.len();
    }
    text
}

/// Writes a statement whose `$1` is the argument after `before` others. No literal of ours has a dollar sign.
pub(crate) fn renumber(sql: &str, before: usize, text: &mut String) {
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = part[..digits].parse().expect("a `$` begins an argument's number");
        write!(text, "${}", before + number).expect("writing into a String cannot fail");
        text.push_str(&part[digits..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Arg, Sql};

    #[test]
    fn arguments_are_numbered_through() {
        let step = |sql, args: i64| Step::new(Sql::same(sql), (0..args).map(Arg::Int).collect());
        let steps = [step("A $1, $2", 2), step("B", 0), step("C $1\nD $1", 1)];
        assert_eq!(text_of(&steps), "BEGIN IMMEDIATE;\nA $1, $2;\nB;\nC $3\nD $3");
    }
}
