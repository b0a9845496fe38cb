//! Where the two databases meet: one SQL text, one way to pass arguments, one way to read columns.
//!
//! Column types, the same everywhere: ids, instants (microseconds since 1970 in UTC), counts and flags (0 or 1) are
//! 64-bit integers; words and JSON are text; only components are bytes.

use std::sync::Arc;

use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use signalbox_crm::ids::{ItemId, ItemKind};
use signalbox_crm::time::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};

use crate::encode::Rows;
use crate::error::DbError;
use crate::open::Db;

/// A statement in both dialects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl Sql {
    /// One text for both.
    pub(crate) const fn same(text: &'static str) -> Self {
        Sql {
            sqlite: text,
            postgres: text,
        }
    }
}

/// A statement over the rows of `$1`, a JSON array of arrays: between the two parts stands the table `r` with one
/// column `value`, from which `r.value ->> 0` takes the first column.
///
/// Differs because the function that unfolds a JSON array has another name. On SQLite it hands out binary JSON,
/// which `->>` need not parse again for each column. PostgreSQL takes every batch for a hundred rows and would rather
/// read a table, or all of an index, than look up so many; of the rows that pass a comparison it expects one in two
/// hundred, and so looks them up.
macro_rules! over_rows {
    ($before:expr, $after:expr) => {
        $crate::dialect::Sql {
            sqlite: concat!($before, "\nFROM jsonb_each($1) AS r\n", $after),
            postgres: concat!(
                $before,
                "\nFROM (
    SELECT value FROM jsonb_array_elements(CAST($1 AS jsonb)) WHERE jsonb_typeof(value) = 'array'
) AS r\n",
                $after
            ),
        }
    };
}
pub(crate) use over_rows;

/// Writes the two arms of a match over the open database; the body is the same text, compiled for each driver.
macro_rules! on_both {
    ($db:expr, |$pool:ident| $body:expr) => {
        match &$db.shared.pools {
            $crate::open::Pools::Sqlite { readers: $pool, .. } => $body,
            $crate::open::Pools::Postgres { readers: $pool, .. } => $body,
        }
    };
}
pub(crate) use on_both;

/// An argument of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    Int(i64),
    Text(String),
    MaybeText(Option<String>),
    /// A list as JSON.
    Json(String),
    /// The rows of a step; where they are not bound one by one they are JSON.
    Rows(Rows),
    Bytes(Arc<Vec<u8>>),
}

impl Arg {
    /// A list of ids, for [`Db::one_of`].
    pub(crate) fn ids(ids: &[i64]) -> Self {
        let list: Vec<String> = ids.iter().map(i64::to_string).collect();
        Arg::Json(format!("[{}]", list.join(",")))
    }
}

/// Binds all arguments, for whichever driver the query is.
macro_rules! bind_all {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                $crate::dialect::Arg::Int(value) => query.bind(value),
                $crate::dialect::Arg::Text(value) | $crate::dialect::Arg::Json(value) => query.bind(value),
                $crate::dialect::Arg::Rows(rows) => query.bind(rows.json()),
                $crate::dialect::Arg::MaybeText(value) => query.bind(value),
                $crate::dialect::Arg::Bytes(value) => query.bind(value.as_slice()),
            };
        }
        query
    }};
}
pub(crate) use bind_all;

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Arg::Int(value)
    }
}

impl From<u32> for Arg {
    fn from(value: u32) -> Self {
        Arg::Int(i64::from(value))
    }
}

impl From<Timestamp> for Arg {
    fn from(value: Timestamp) -> Self {
        Arg::Int(value.micros())
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Arg::Text(crate::encode::without_nul(value).into_owned())
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Arg::from(value.as_str())
    }
}

/// A row of either driver.
pub(crate) trait Columns {
    fn int_at(&self, index: usize) -> Result<Option<i64>, sqlx::Error>;
    fn text_at(&self, index: usize) -> Result<Option<String>, sqlx::Error>;
    fn bytes_at(&self, index: usize) -> Result<Vec<u8>, sqlx::Error>;
}

macro_rules! columns {
    ($($row:ty),*) => {$(
        impl Columns for $row {
            fn int_at(&self, index: usize) -> Result<Option<i64>, sqlx::Error> {
                self.try_get(index)
            }

            fn text_at(&self, index: usize) -> Result<Option<String>, sqlx::Error> {
                self.try_get(index)
            }

            fn bytes_at(&self, index: usize) -> Result<Vec<u8>, sqlx::Error> {
                self.try_get(index)
            }
        }
    )*};
}
columns!(SqliteRow, PgRow);

/// Reads the columns of a row from left to right, in the order of the SELECT.
pub(crate) struct Fields<'r> {
    row: &'r dyn Columns,
    next: usize,
}

impl<'r> Fields<'r> {
    pub(crate) fn new(row: &'r dyn Columns) -> Self {
        Fields { row, next: 0 }
    }

    fn step(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    pub(crate) fn maybe_int(&mut self) -> Result<Option<i64>, DbError> {
        let index = self.step();
        Ok(self.row.int_at(index)?)
    }

    pub(crate) fn int(&mut self) -> Result<i64, DbError> {
        let found = self.maybe_int()?;
        found.ok_or_else(|| DbError::bad_row("number", "NULL"))
    }

    pub(crate) fn count(&mut self) -> Result<u32, DbError> {
        let value = self.int()?;
        u32::try_from(value).map_err(|_| DbError::bad_row("count", &value.to_string()))
    }

    pub(crate) fn size(&mut self) -> Result<u64, DbError> {
        let value = self.int()?;
        u64::try_from(value).map_err(|_| DbError::bad_row("size", &value.to_string()))
    }

    pub(crate) fn maybe_count(&mut self) -> Result<Option<u32>, DbError> {
        let value = self.maybe_int()?;
        Ok(value.and_then(|number| u32::try_from(number).ok()))
    }

    pub(crate) fn maybe_text(&mut self) -> Result<Option<String>, DbError> {
        let index = self.step();
        Ok(self.row.text_at(index)?)
    }

    pub(crate) fn text(&mut self) -> Result<String, DbError> {
        let found = self.maybe_text()?;
        found.ok_or_else(|| DbError::bad_row("text", "NULL"))
    }

    pub(crate) fn instant(&mut self) -> Result<Timestamp, DbError> {
        Ok(Timestamp::from_micros(self.int()?))
    }

    pub(crate) fn maybe_instant(&mut self) -> Result<Option<Timestamp>, DbError> {
        Ok(self.maybe_int()?.map(Timestamp::from_micros))
    }

    /// A word of one of our enums, as serde writes it.
    pub(crate) fn word<T>(&mut self, what: &'static str) -> Result<T, DbError>
    where
        T: for<'de> serde::Deserialize<'de>,
    {
        let text = self.text()?;
        from_word(what, &text)
    }

    pub(crate) fn maybe_word<T>(&mut self, what: &'static str) -> Result<Option<T>, DbError>
    where
        T: for<'de> serde::Deserialize<'de>,
    {
        self.maybe_text()?.map(|text| from_word(what, &text)).transpose()
    }

    pub(crate) fn json<T>(&mut self, what: &'static str) -> Result<T, DbError>
    where
        T: for<'de> serde::Deserialize<'de>,
    {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|_| DbError::bad_row(what, &text))
    }

    pub(crate) fn maybe_json<T>(&mut self, what: &'static str) -> Result<Option<T>, DbError>
    where
        T: for<'de> serde::Deserialize<'de>,
    {
        let read = |text: String| serde_json::from_str(&text).map_err(|_| DbError::bad_row(what, &text));
        self.maybe_text()?.map(read).transpose()
    }

    /// The two columns of an item: number and kind.
    pub(crate) fn maybe_item(&mut self) -> Result<Option<ItemId>, DbError> {
        let number = self.maybe_int()?;
        let kind: Option<ItemKind> = self.maybe_word("item kind")?;
        Ok(number.zip(kind).map(|(number, kind)| ItemId { kind, number }))
    }

    pub(crate) fn item(&mut self) -> Result<ItemId, DbError> {
        let found = self.maybe_item()?;
        found.ok_or_else(|| DbError::bad_row("item", "NULL"))
    }
}

fn from_word<T>(what: &'static str, text: &str) -> Result<T, DbError>
where
    T: for<'de> serde::Deserialize<'de>,
{
    let deserializer: StrDeserializer<'_, WordError> = text.into_deserializer();
    T::deserialize(deserializer).map_err(|_| DbError::bad_row(what, text))
}

/// Finds an enum's value by its word, for enums that serde does not know.
pub(crate) fn by_word<T: Copy>(
    what: &'static str,
    text: &str,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> Result<T, DbError> {
    all.iter()
        .copied()
        .find(|value| as_str(*value) == text)
        .ok_or_else(|| DbError::bad_row(what, text))
}

impl Db {
    /// Reads rows. The text is one of this crate's, or put together from its parts by a `Filter`.
    pub(crate) async fn rows<T>(
        &self,
        sql: impl Into<String>,
        args: Vec<Arg>,
        read: fn(&mut Fields<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let sql = sql.into();
        match &self.gate {
            None => self.rows_at_once(sql, args, read).await,
            Some(gate) => {
                gate.before_read(&sql).await?;
                let rows = self.rows_at_once(sql.clone(), args, read).await;
                gate.after_read(&sql).await?;
                rows
            }
        }
    }

    async fn rows_at_once<T>(
        &self,
        sql: String,
        args: Vec<Arg>,
        read: fn(&mut Fields<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let sql = AssertSqlSafe(sql);
        on_both!(self, |pool| {
            let rows = bind_all!(sqlx::query(sql), args).fetch_all(pool).await?;
            rows.iter().map(|row| read(&mut Fields::new(row))).collect()
        })
    }

    /// `select` for the rows whose `column` is one of the ids in `$1`.
    ///
    /// Differs because the function that unfolds a JSON array has another name, and because PostgreSQL takes `IN` for
    /// a join and reads the whole table.
    pub(crate) fn one_of(&self, select: &str, column: &str) -> String {
        let list = if self.is_postgres() {
            "= ANY (ARRAY(SELECT CAST(value AS BIGINT) FROM jsonb_array_elements_text(CAST($1 AS jsonb))))"
        } else {
            "IN (SELECT value FROM json_each($1))"
        };
        format!("{select}\nWHERE {column} {list}")
    }

    /// Reads the first row.
    pub(crate) async fn row<T>(
        &self,
        sql: impl Into<String>,
        args: Vec<Arg>,
        read: fn(&mut Fields<'_>) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        Ok(self.rows(sql, args, read).await?.into_iter().next())
    }
}
