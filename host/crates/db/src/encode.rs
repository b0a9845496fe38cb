//! The rows of a set-based statement, as one JSON array of arrays.

use std::borrow::Cow;
use std::fmt::Write;

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

/// Writes rows straight into one buffer: a tree of JSON values would cost more than the statement.
#[derive(Debug)]
pub(crate) struct Rows {
    json: String,
    count: u64,
    is_first_column: bool,
}

impl Rows {
    pub(crate) fn with_capacity(rows: usize, row_bytes: usize) -> Self {
        let mut json = String::with_capacity(rows * row_bytes + 2);
        json.push('[');
        Rows {
            json,
            count: 0,
            is_first_column: true,
        }
    }

    /// Begins a row.
    pub(crate) fn row(&mut self) -> &mut Self {
        self.json.push_str(if self.count == 0 { "[" } else { "],[" });
        self.count += 1;
        self.is_first_column = true;
        self
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn finish(mut self) -> String {
        self.json.push_str(if self.count == 0 { "]" } else { "]]" });
        self.json
    }

    fn comma(&mut self) {
        if !self.is_first_column {
            self.json.push(',');
        }
        self.is_first_column = false;
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.comma();
        self.json.push_str("null");
        self
    }

    pub(crate) fn int(&mut self, value: i64) -> &mut Self {
        self.comma();
        write!(self.json, "{value}").expect("writing into a String cannot fail");
        self
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

    /// A word of ours, which needs no escapes.
    pub(crate) fn word(&mut self, value: &str) -> &mut Self {
        debug_assert!(value.bytes().all(needs_no_escape), "`{value}` needs escapes");
        self.comma();
        self.json.push('"');
        self.json.push_str(value);
        self.json.push('"');
        self
    }

    pub(crate) fn maybe_word(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.word(value),
            None => self.null(),
        }
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.comma();
        self.json.push('"');
        let mut plain_from = 0;
        for (at, byte) in value.bytes().enumerate() {
            if needs_no_escape(byte) {
                continue;
            }
            self.json.push_str(&value[plain_from..at]);
            plain_from = at + 1;
            match byte {
                b'"' => self.json.push_str("\\\""),
                b'\\' => self.json.push_str("\\\\"),
                b'\n' => self.json.push_str("\\n"),
                0 => self.json.push('\u{fffd}'),
                control => write!(self.json, "\\u{control:04x}").expect("writing into a String cannot fail"),
            }
        }
        self.json.push_str(&value[plain_from..]);
        self.json.push('"');
        self
    }

    pub(crate) fn maybe_text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// A value as JSON text in a column.
    pub(crate) fn json<T: serde::Serialize>(&mut self, value: &T) -> &mut Self {
        let text = serde_json::to_string(value).expect("our entities have string keys and finite shapes");
        self.text(&text)
    }
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
        let value: serde_json::Value = serde_json::from_str(&rows.finish()).expect("valid JSON");
        assert_eq!(value, serde_json::json!([[-5, null, 1], texts]));
    }

    #[test]
    fn nul_becomes_the_replacement_character() {
        let mut rows = Rows::with_capacity(1, 16);
        rows.row().text("a\0b");
        assert_eq!(rows.finish(), "[[\"a\u{fffd}b\"]]");
    }

    #[test]
    fn no_rows_are_an_empty_array() {
        assert_eq!(Rows::with_capacity(0, 0).finish(), "[]");
    }
}
