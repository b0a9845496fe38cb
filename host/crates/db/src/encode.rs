//! The rows of a step: as one JSON array of arrays for a set-based statement, or bound one by one.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use signalbox_crm::ids::ItemId;
use signalbox_crm::time::Timestamp;

/// U+0000 as U+FFFD: PostgreSQL keeps no NUL in text (manual, "JSON Types" and "Character Types").
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// About as many columns as a row has, and as many bytes as JSON needs for one beside its text.
const COLUMNS: usize = 16;
const CELL_BYTES: usize = 6;

/// Rows on their way into a statement, with all texts in one buffer.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    cells: Vec<Cell>,
    texts: String,
    /// Where each row begins in `cells`.
    starts: Vec<usize>,
}

#[derive(Debug, Clone)]
enum Cell {
    Null,
    Int(i64),
    Text(Range<usize>),
}

/// The value of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'r> {
    Null,
    Int(i64),
    Text(&'r str),
}

impl Rows {
    pub(crate) fn with_capacity(rows: usize, row_bytes: usize) -> Self {
        Rows {
            cells: Vec::with_capacity(rows * COLUMNS),
            texts: String::with_capacity(rows * row_bytes),
            starts: Vec::with_capacity(rows),
        }
    }

    /// Begins a row.
    pub(crate) fn row(&mut self) -> &mut Self {
        self.starts.push(self.cells.len());
        self
    }

    pub(crate) fn count(&self) -> u64 {
        self.starts.len() as u64
    }

    /// The rows, each with its columns.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let ends = self.starts.iter().skip(1).copied().chain([self.cells.len()]);
        self.starts.iter().zip(ends).map(|(start, end)| Row {
            cells: &self.cells[*start..end],
            texts: &self.texts,
        })
    }

    /// A JSON array of arrays. Written straight into one buffer: a tree of values would cost more than the statement.
    pub(crate) fn json(&self) -> String {
        let mut json = String::with_capacity(self.texts.len() + self.cells.len() * CELL_BYTES + 2);
        json.push('[');
        for (number, row) in self.iter().enumerate() {
            json.push_str(if number == 0 { "[" } else { ",[" });
            for column in 0..row.cells.len() {
                if column > 0 {
                    json.push(',');
                }
                push_json(&mut json, row.value(column));
            }
            json.push(']');
        }
        json.push(']');
        json
    }

    fn push(&mut self, cell: Cell) -> &mut Self {
        self.cells.push(cell);
        self
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.push(Cell::Null)
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        self.push(Cell::Int(value))
    }

    pub(crate) fn maybe_int(&mut self, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.int(value),
            None => self.null(),
        }
    }

    /// Counts above the range of the column are kept at its largest value.
    pub(crate) fn size(&mut self, value: u64) -> &mut Self {
        self.int(i64::try_from(value).unwrap_or(i64::MAX))
    }

    pub(crate) fn flag(&mut self, value: bool) -> &mut Self {
        self.int(i64::from(value))
    }

    pub(crate) fn instant(&mut self, value: Timestamp) -> &mut Self {
        self.int(value.micros())
    }

    pub(crate) fn maybe_instant(&mut self, value: Option<Timestamp>) -> &mut Self {
        self.maybe_int(value.map(Timestamp::micros))
    }

    pub(crate) fn item(&mut self, value: ItemId) -> &mut Self {
        self.int(value.number).word(value.kind.as_str())
    }

    pub(crate) fn maybe_item(&mut self, value: Option<ItemId>) -> &mut Self {
        match value {
            Some(item) => self.item(item),
            None => self.null().null(),
        }
    }

    /// A word of ours.
    pub(crate) fn word(&mut self, value: &str) -> &mut Self {
        let start = self.texts.len();
        self.texts.push_str(value);
        self.push(Cell::Text(start..self.texts.len()))
    }

    pub(crate) fn maybe_word(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.word(value),
            None => self.null(),
        }
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.word(&without_nul(value))
    }

    pub(crate) fn maybe_text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// A value as JSON text in a column.
    pub(crate) fn json_of<T: serde::Serialize>(&mut self, value: &T) -> &mut Self {
        let text = serde_json::to_string(value).expect("our entities have string keys and finite shapes");
        self.text(&text)
    }
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'r> {
    cells: &'r [Cell],
    texts: &'r str,
}

impl<'r> Row<'r> {
    /// The value of the column with this number, from 0.
    ///
    /// # Panics
    /// If there is no such column: statements name only what their rows have.
    pub(crate) fn value(self, column: usize) -> Value<'r> {
        match &self.cells[column] {
            Cell::Null => Value::Null,
            Cell::Int(value) => Value::Int(*value),
            Cell::Text(range) => Value::Text(&self.texts[range.clone()]),
        }
    }
}

fn push_json(json: &mut String, value: Value<'_>) {
    match value {
        Value::Null => json.push_str("null"),
        Value::Int(value) => write!(json, "{value}").expect("writing into a String cannot fail"),
        Value::Text(value) => push_json_text(json, value),
    }
}

fn push_json_text(json: &mut String, value: &str) {
    json.push('"');
    let mut plain_from = 0;
    for (at, byte) in value.bytes().enumerate() {
        if needs_no_escape(byte) {
            continue;
        }
        json.push_str(&value[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => json.push_str("\\\""),
            b'\\' => json.push_str("\\\\"),
            b'\n' => json.push_str("\\n"),
            control => write!(json, "\\u{control:04x}").expect("writing into a String cannot fail"),
        }
    }
    json.push_str(&value[plain_from..]);
    json.push('"');
}

fn needs_no_escape(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_back_as_written() {
        let texts = [
            "",
            "a\"b\\c",
            "line\nbreak\ttab\u{1}",
            "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}",
            "\u{1f600}",
        ];
        let mut rows = Rows::with_capacity(2, 16);
        rows.row().int(-5).null().flag(true);
        rows.row();
        for text in texts {
            rows.text(text);
        }
        let value: serde_json::Value = serde_json::from_str(&rows.json()).expect("valid JSON");
        assert_eq!(value, serde_json::json!([[-5, null, 1], texts]));
    }

    #[test]
    fn values_are_as_given() {
        let mut rows = Rows::with_capacity(2, 16);
        rows.row().text("one").null();
        rows.row().int(2).word("two");
        let values: Vec<_> = rows.iter().map(|row| [row.value(0), row.value(1)]).collect();
        let expected = [
            [Value::Text("one"), Value::Null],
            [Value::Int(2), Value::Text("two")],
        ];
        assert_eq!(values, expected);
    }

    #[test]
    fn nul_becomes_the_replacement_character() {
        let mut rows = Rows::with_capacity(1, 16);
        rows.row().text("a\0b");
        assert_eq!(rows.json(), "[[\"a\u{fffd}b\"]]");
    }

    #[test]
    fn no_rows_are_an_empty_array() {
        assert_eq!(Rows::with_capacity(0, 0).json(), "[]");
    }
}
