//! What a command answers, and how it is printed.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table};
use serde_json::{Map, Value};

use super::exit::{Exit, Failure};

/// What a command answers: the same for people and for programs.
#[derive(Debug)]
pub struct Answer {
    /// Such as `signalbox.run.list/1`. The number grows when a field changes its meaning or goes.
    schema: &'static str,
    data: Map<String, Value>,
    text: String,
    exit: Exit,
}

impl Answer {
    /// An answer with a text for people and no data yet.
    pub fn new(schema: &'static str, text: impl Into<String>) -> Self {
        Answer {
            schema,
            data: Map::new(),
            text: text.into(),
            exit: Exit::Ok,
        }
    }

    /// Nothing, because everything was said while the command ran.
    pub fn silent() -> Self {
        Answer::new("", "")
    }

    /// Adds a field for programs.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// Adds all fields of an object.
    pub fn with_all(mut self, object: Value) -> Self {
        if let Value::Object(fields) = object {
            self.data.extend(fields);
        }
        self
    }

    /// Ends with another code than 0.
    pub fn ending(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Prints it. A reader that has gone away is no failure.
    pub(crate) fn print(self, is_json: bool) -> ExitCode {
        let has_json = is_json && !self.schema.is_empty();
        let text = if has_json { self.json() } else { self.text };
        match write_stdout(&text) {
            Ok(()) => self.exit.into(),
            Err(error) => Failure::new(Exit::Failed, error).print(is_json),
        }
    }

    fn json(&self) -> String {
        let mut object = Map::new();
        object.insert("schema".to_owned(), self.schema.into());
        object.extend(self.data.clone());
        format!("{:#}\n", Value::Object(object))
    }
}

/// Writes to stdout and ends the line. A reader that has gone away is no failure.
///
/// # Errors
/// Any other failure of stdout, such as a full disk behind a redirection.
pub(crate) fn write_stdout(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(end.as_bytes()))
        .and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes to stderr; when that is gone, there is nobody left to tell.
pub(crate) fn write_stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A table with a head, without lines: it can be cut and sorted with the usual tools.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head.map(str::to_uppercase));
    for row in rows {
        table.add_row(row.map(|cell| cell.replace(['\n', '\r', '\t'], " ")));
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines
        .map(|line| line.strip_prefix(' ').map_or(line.clone(), str::to_owned) + "\n")
        .collect()
}

/// A field of an API answer as text; `-` where there is none.
pub(crate) fn field(value: &Value, path: &str) -> String {
    let found = path.split('.').try_fold(value, |at, key| at.get(key));
    match found {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_no_lines_and_no_trailing_spaces() {
        let rows = [
            ["1".to_owned(), "two\nlines".to_owned()],
            ["long one".to_owned(), String::new()],
        ];
        assert_eq!(
            table(["id", "title"], rows),
            "ID        TITLE\n1         two lines\nlong one\n"
        );
    }

    #[test]
    fn field_walks_into_objects() {
        let value = serde_json::json!({"a": {"b": "x", "n": 3}, "z": null});
        assert_eq!(
            [
                field(&value, "a.b"),
                field(&value, "a.n"),
                field(&value, "z"),
                field(&value, "q.r")
            ],
            ["x", "3", "-", "-"]
        );
    }
}
