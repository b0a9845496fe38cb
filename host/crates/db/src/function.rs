//! The steps of a commit as one call of a function, for PostgreSQL.
//!
//! A statement that is awaited is a way to the server and back, and a commit has a dozen of them. A session makes a
//! temporary function of each combination of steps that occurs. A call of it is a transaction by itself, and one way.

use std::collections::HashMap;
use std::fmt::Write;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row};

use crate::apply::Failed;
use crate::batch::Committed;
use crate::commit::{Returns, Step};
use crate::dialect::{Arg, bind_all};
use crate::error::DbError;
use crate::script::renumber;

/// Steps of one function. A longer list is a change of the set-up, and goes statement by statement.
const STEPS_MAX: usize = 24;
/// PostgreSQL manual, appendix "Limits": function arguments. A set-up of a few steps may have more.
const ARGS_MAX: usize = 100;
/// Functions of one session. Runs and people make a few dozen combinations of steps.
const FUNCTIONS_MAX: usize = 200;
/// The state of our own error: a step touched another number of rows than it must. The message is the table.
const WRONG_COUNT: &str = "SB001";
/// Not allowed to: the database's owner took the right to temporary objects away.
const NOT_ALLOWED: &str = "42501";

/// The functions of one session, as the calls of them.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    /// By the addresses of the steps' texts, which are constants.
    calls: HashMap<Vec<usize>, String>,
    is_not_allowed: bool,
}

impl Functions {
    /// The call for these steps; none where they must go one by one.
    pub(crate) async fn call_of(
        &mut self,
        connection: &mut PgConnection,
        steps: &[Step],
    ) -> Result<Option<String>, sqlx::Error> {
        if steps.len() > STEPS_MAX || arg_count(steps) > ARGS_MAX || self.is_not_allowed {
            return Ok(None);
        }
        let key: Vec<usize> = steps
            .iter()
            .map(|step| step.sql.postgres.as_ptr().addr())
            .collect();
        if let Some(call) = self.calls.get(&key) {
            return Ok(Some(call.clone()));
        }
        if self.calls.len() == FUNCTIONS_MAX {
            return Ok(None);
        }
        let name = format!("pg_temp.signalbox_commit_{}", self.calls.len());
        let text = AssertSqlSafe(definition(&name, steps));
        if let Err(error) = sqlx::raw_sql(text).execute(&mut *connection).await {
            self.is_not_allowed = code_of(&error).as_deref() == Some(NOT_ALLOWED);
            return if self.is_not_allowed { Ok(None) } else { Err(error) };
        }
        let call = call(&name, steps);
        self.calls.insert(key, call.clone());
        Ok(Some(call))
    }
}

/// One transaction, with COMMIT. `committed` is what it reports, if it turns out to be committed.
pub(crate) async fn run(
    connection: &mut PgConnection,
    call: String,
    mut steps: Vec<Step>,
    committed: &mut Committed,
) -> Result<(), Failed> {
    let args: Vec<Arg> = steps
        .iter_mut()
        .flat_map(|step| std::mem::take(&mut step.args))
        .collect();
    let counts = steps.iter().filter_map(|step| step.expected);
    let counts = counts.map(|(count, _)| Arg::Int(i64::try_from(count).unwrap_or(i64::MAX)));
    let query = bind_all!(sqlx::query(AssertSqlSafe(call)), args.into_iter().chain(counts));
    // Not `fetch_one`, which is content with the row: it comes before COMMIT.
    match query.fetch_all(connection).await {
        Ok(rows) => Ok(rows.iter().try_for_each(|row| add_ids(row, &steps, committed))?),
        Err(error) => Err(failed(error, &steps)),
    }
}

/// The ids that each step returned: one column a step.
fn add_ids(row: &PgRow, steps: &[Step], committed: &mut Committed) -> Result<(), sqlx::Error> {
    let returning = steps.iter().filter(|step| step.returns != Returns::Nothing);
    for (column, step) in returning.enumerate() {
        let ids: Option<Vec<i64>> = row.try_get(column)?;
        committed.add(step.returns, ids.unwrap_or_default());
    }
    Ok(())
}

/// COMMIT is a part of the call. An error on a connection that stays open has rolled back; what the last words of one
/// that ends mean is not known, whether the server has said any or not.
fn failed(error: sqlx::Error, steps: &[Step]) -> Failed {
    if code_of(&error).as_deref() == Some(WRONG_COUNT) {
        let message = error.as_database_error().map(|e| e.message().to_owned());
        let mut tables = steps.iter().filter_map(|step| step.expected);
        let table = tables.find(|(_, table)| message.as_deref() == Some(*table));
        return Failed::Before(DbError::Conflict(table.map_or("row", |(_, table)| table)));
    }
    Failed::DuringCommit(error)
}

fn code_of(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// The function: its arguments are those of all steps, then the counts of those that have one.
fn definition(name: &str, steps: &[Step]) -> String {
    let types = steps.iter().flat_map(|step| step.args.iter().map(type_of));
    let counts = steps.iter().filter(|step| step.expected.is_some());
    let types: Vec<&str> = types.chain(counts.map(|_| "bigint")).collect();
    let mut body = String::new();
    let (mut arg_count, mut id_count) = (0, 0);
    let mut count = steps.iter().map(|step| step.args.len()).sum::<usize>();
    for step in steps {
        let mut sql = String::new();
        renumber(step.sql.postgres, arg_count, &mut sql);
        arg_count += step.args.len();
        if step.returns == Returns::Nothing {
            let _ = write!(body, "{sql};\nGET DIAGNOSTICS touched = ROW_COUNT;\n");
        } else {
            let _ = writeln!(
                body,
                "WITH step (id) AS ({sql})\nSELECT COALESCE(array_agg(id), '{{}}') INTO ids_{id_count} FROM step;\n\
                 touched := cardinality(ids_{id_count});"
            );
            id_count += 1;
        }
        if let Some((_, table)) = step.expected {
            count += 1;
            let _ = writeln!(
                body,
                "IF touched <> ${count} THEN RAISE EXCEPTION USING ERRCODE = '{WRONG_COUNT}', MESSAGE = '{table}'; \
                 END IF;"
            );
        }
    }
    let outs: Vec<String> = (0..id_count.max(1))
        .map(|n| format!("OUT ids_{n} bigint[]"))
        .collect();
    let ins = types.iter().map(|kind| (*kind).to_owned());
    let params: Vec<String> = ins.chain(outs).collect();
    format!(
        "CREATE FUNCTION {name}({}) LANGUAGE plpgsql AS $signalbox$\n#variable_conflict use_column\n\
         DECLARE touched bigint;\nBEGIN\n{body}END\n$signalbox$",
        params.join(", ")
    )
}

/// What the function takes: the arguments of all steps, and their counts.
fn arg_count(steps: &[Step]) -> usize {
    let args: usize = steps.iter().map(|step| step.args.len()).sum();
    let counts = steps.iter().filter(|step| step.expected.is_some()).count();
    args + counts
}

fn call(name: &str, steps: &[Step]) -> String {
    let places: Vec<String> = (1..=arg_count(steps)).map(|n| format!("${n}")).collect();
    format!("SELECT * FROM {name}({})", places.join(", "))
}

fn type_of(arg: &Arg) -> &'static str {
    match arg {
        Arg::Int(_) => "bigint",
        Arg::Text(_) | Arg::MaybeText(_) | Arg::Json(_) | Arg::Rows(_) => "text",
        Arg::Bytes(_) => "bytea",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Sql;

    #[test]
    fn function_takes_the_arguments_of_all_steps_and_then_the_counts() {
        let step = |sql, args| Step::new(Sql::same(sql), args);
        let steps = [
            Step {
                expected: Some((2, "run")),
                ..step("A $1", vec![Arg::Json("[]".to_owned())])
            },
            step("B $1, $2", vec![Arg::Int(1), Arg::MaybeText(None)]).returning(Returns::Changed),
        ];
        let text = definition("pg_temp.f", &steps);
        assert!(
            text.starts_with("CREATE FUNCTION pg_temp.f(text, bigint, text, bigint, OUT ids_0 bigint[])"),
            "{text}"
        );
        assert!(text.contains("A $1;\n") && text.contains("(B $2, $3)"), "{text}");
        assert!(
            text.contains("IF touched <> $4 THEN") && text.contains("MESSAGE = 'run'"),
            "{text}"
        );
        assert_eq!(
            call("pg_temp.f", &steps),
            "SELECT * FROM pg_temp.f($1, $2, $3, $4)"
        );
    }
}
