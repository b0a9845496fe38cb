//! A streaming reader of IEEE 1849-2016 (XES) event logs, plain or in gzip.
//!
//! One case is in memory at a time. What comes from outside is bounded: see [`limits`].
//! Extensions, globals, classifiers and attributes of the log itself are skipped.

mod attribute;
mod error;
pub mod limits;
mod markup;
mod source;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jiff::Timestamp;

pub use attribute::{Attribute, Value};
pub use error::{Problem, XesError};
pub use source::Progress;

use markup::{Element, Markup, Tag, Token};

/// One case (`trace`) of the log: everything that happened to one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The case's `concept:name`; the format does not promise that it is unique.
    pub id: String,
    /// The attributes of the case itself, `concept:name` included, in file order.
    pub attributes: Vec<Attribute>,
    /// The events in file order, which need not be the order of time.
    pub events: Vec<LogEvent>,
    /// The line on which the case begins, counted from 1.
    pub line: u64,
}

/// One event of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEvent {
    /// What happened: the event's `concept:name`.
    pub activity: String,
    /// The event's `lifecycle:transition` in lower case; `complete` where the log does not say.
    pub lifecycle: String,
    /// Who did it: the event's `org:resource`, when the log knows.
    pub resource: Option<String>,
    /// When it happened: the event's `time:timestamp`.
    pub at: Timestamp,
    /// Every attribute of the event, those above included, in file order.
    pub attributes: Vec<Attribute>,
    /// The line on which the event begins, counted from 1.
    pub line: u64,
}

/// Reads the cases of a log one after another.
///
/// The iterator ends after the first error. The end of the file is checked too: a truncated file ends with an error,
/// never with a short log.
#[derive(Debug)]
pub struct Reader {
    markup: Markup,
    progress: Progress,
    done: bool,
}

impl Reader {
    /// Opens a log. That it is in gzip is seen from its first bytes, not from its name.
    ///
    /// # Errors
    /// The file cannot be opened, or is not an XES log.
    pub fn open(path: &Path) -> Result<Self, XesError> {
        let name = path.display().to_string();
        let unopened = |error| XesError {
            file: name.clone(),
            line: 0,
            problem: Problem::Unreadable(error),
        };
        let file = File::open(path).map_err(unopened)?;
        let bytes_total = file.metadata().map_err(unopened)?.len();
        Self::from_read(&name, file, bytes_total)
    }

    /// Reads a log from any source of `bytes_total` bytes; `name` stands for the file in errors.
    ///
    /// # Errors
    /// The source is not an XES log.
    pub fn from_read(
        name: &str,
        read: impl Read + Send + 'static,
        bytes_total: u64,
    ) -> Result<Self, XesError> {
        let progress = Progress::new(bytes_total);
        let mut markup = Markup::new(name, read, &progress)?;
        match markup.next()? {
            Token::Open(Element { tag: Tag::Log, .. }) => Ok(Self {
                markup,
                progress,
                done: false,
            }),
            Token::Open(root) => Err(markup.error(
                root.line,
                Problem::NotXes {
                    root: root.tag.name().to_owned(),
                },
            )),
            Token::Close | Token::End => Err(markup.error_here(Problem::Empty)),
        }
    }

    /// How far the reading is; the answer stays connected to the reader and can be asked from another thread.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn next_case(&mut self) -> Result<Option<Case>, XesError> {
        loop {
            let Element { tag, line, .. } = match self.markup.next()? {
                Token::Open(element) => element,
                Token::Close => continue,
                Token::End => return Ok(None),
            };
            match tag {
                Tag::Trace => return self.read_case(line).map(Some),
                Tag::Event | Tag::Log => return Err(self.markup.misplaced(line, &tag)),
                Tag::Attribute(_) | Tag::Values | Tag::Other(_) => self.markup.skip()?,
            }
        }
    }

    fn read_case(&mut self, line: u64) -> Result<Case, XesError> {
        let started_at_byte = self.markup.position();
        let mut attributes = Vec::new();
        let mut attribute_count = 0;
        let mut events = Vec::new();
        while let Token::Open(element) = self.markup.next()? {
            match element.tag {
                Tag::Event => events.push(self.read_event(element.line)?),
                Tag::Attribute(_) => {
                    attributes.push(attribute::read(&mut self.markup, element, &mut attribute_count)?);
                }
                Tag::Log | Tag::Trace => return Err(self.markup.misplaced(element.line, &element.tag)),
                Tag::Values | Tag::Other(_) => self.markup.skip()?,
            }
            check_size(events.len(), self.markup.position() - started_at_byte)
                .map_err(|problem| self.markup.error(line, problem))?;
        }
        let id = text(&attributes, "concept:name")
            .and_then(|name| name.ok_or(Problem::NoCaseName))
            .map_err(|problem| self.markup.error(line, problem))?;
        Ok(Case {
            id,
            attributes,
            events,
            line,
        })
    }

    fn read_event(&mut self, line: u64) -> Result<LogEvent, XesError> {
        let mut attributes = Vec::with_capacity(4);
        let mut attribute_count = 0;
        while let Token::Open(element) = self.markup.next()? {
            match element.tag {
                Tag::Attribute(_) => {
                    attributes.push(attribute::read(&mut self.markup, element, &mut attribute_count)?);
                }
                Tag::Log | Tag::Trace | Tag::Event => {
                    return Err(self.markup.misplaced(element.line, &element.tag));
                }
                Tag::Values | Tag::Other(_) => self.markup.skip()?,
            }
        }
        event(attributes, line).map_err(|problem| self.markup.error(line, problem))
    }
}

impl Iterator for Reader {
    type Item = Result<Case, XesError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let item = self.next_case().transpose();
        self.done = !matches!(item, Some(Ok(_)));
        item
    }
}

fn check_size(event_count: usize, bytes: u64) -> Result<(), Problem> {
    if event_count > limits::EVENTS_PER_CASE_MAX {
        let limit = limits::EVENTS_PER_CASE_MAX as u64;
        return Err(Problem::TooMuch {
            what: "events in a case",
            limit,
        });
    }
    if bytes > limits::CASE_BYTES_MAX {
        return Err(Problem::TooMuch {
            what: "bytes in a case",
            limit: limits::CASE_BYTES_MAX,
        });
    }
    Ok(())
}

fn event(attributes: Vec<Attribute>, line: u64) -> Result<LogEvent, Problem> {
    Ok(LogEvent {
        activity: text(&attributes, "concept:name")?.ok_or(Problem::NoActivity)?,
        lifecycle: text(&attributes, "lifecycle:transition")?
            .map_or_else(|| "complete".to_owned(), |transition| transition.to_lowercase()),
        resource: text(&attributes, "org:resource")?,
        at: instant(&attributes)?,
        attributes,
        line,
    })
}

fn text(attributes: &[Attribute], key: &'static str) -> Result<Option<String>, Problem> {
    match Attribute::find(attributes, key) {
        None => Ok(None),
        Some(Value::Text(text) | Value::Id(text)) => Ok(Some(text.clone())),
        Some(other) => Err(Problem::WrongType {
            key,
            found: other.type_name(),
            wanted: "string",
        }),
    }
}

fn instant(attributes: &[Attribute]) -> Result<Timestamp, Problem> {
    match Attribute::find(attributes, "time:timestamp") {
        None => Err(Problem::NoTimestamp),
        Some(Value::Date(at)) => Ok(*at),
        Some(other) => Err(Problem::WrongType {
            key: "time:timestamp",
            found: other.type_name(),
            wanted: "date",
        }),
    }
}
