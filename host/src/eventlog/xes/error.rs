//! What can be wrong with a log, and where.

use std::io;

/// A log that cannot be read: file, line and reason.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", place(file, *line))]
pub struct XesError {
    /// The file as it was named.
    pub file: String,
    /// The line of the XML (after decompression), counted from 1; 0 when the file could not be opened.
    pub line: u64,
    /// What is wrong.
    pub problem: Problem,
}

/// The reason why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The operating system refused.
    #[error("the file cannot be read: {0}")]
    Unreadable(io::Error),
    /// The gzip data is damaged.
    #[error("the gzip data is broken: {0}")]
    BrokenGzip(String),
    /// The gzip data ends before its end mark.
    #[error("the gzip data ends too early: the file is not complete")]
    TruncatedGzip,
    /// The XML ends inside an element.
    #[error("the file ends inside <{element}>: it is not complete")]
    Truncated {
        /// The innermost element that is open.
        element: String,
    },
    /// The XML breaks a rule of XML.
    #[error("malformed XML: {0}")]
    MalformedXml(String),
    /// The bytes are not UTF-8.
    #[error("the text is not UTF-8: {0}")]
    NotUtf8(String),
    /// The XML declaration names another encoding.
    #[error("encoding `{0}` is not supported, only UTF-8")]
    Encoding(String),
    /// A document type is refused, because it can define entities that grow without end.
    #[error("a document type (<!DOCTYPE>) is refused: an XES log has none")]
    DocumentType,
    /// The file holds no element.
    #[error("not an XES log: the file holds no element")]
    Empty,
    /// The root element is another one.
    #[error("not an XES log: the root element is <{root}>, not <log>")]
    NotXes {
        /// The name of the root element.
        root: String,
    },
    /// Text where the format has none.
    #[error("text `{0}` between elements: XES keeps everything in attributes")]
    StrayText(String),
    /// An element where the format does not have it.
    #[error("<{element}> is not allowed here")]
    Misplaced {
        /// The name of the element.
        element: String,
    },
    /// An attribute element without `key` or `value`.
    #[error("<{element} key=\"{key}\"> has no `{missing}`")]
    Incomplete {
        /// The type of the attribute.
        element: String,
        /// Its key, empty when the key is what is missing.
        key: String,
        /// `key` or `value`.
        missing: &'static str,
    },
    /// A value that is not of its type.
    #[error("attribute `{key}`: `{value}` is not a value of type {kind}: {reason}")]
    BadValue {
        /// The key of the attribute.
        key: String,
        /// The value, shortened.
        value: String,
        /// The XES type.
        kind: &'static str,
        /// Why it is refused.
        reason: String,
    },
    /// A standard attribute of another type than the standard's.
    #[error("attribute `{key}` is a {found}, not a {wanted}")]
    WrongType {
        /// The key of the attribute.
        key: &'static str,
        /// The type in the log.
        found: &'static str,
        /// The type in the standard.
        wanted: &'static str,
    },
    /// A case without `concept:name`.
    #[error("the case has no name (`concept:name`)")]
    NoCaseName,
    /// An event without `concept:name`.
    #[error("the event has no activity (`concept:name`)")]
    NoActivity,
    /// An event without `time:timestamp`.
    #[error("the event has no time (`time:timestamp`)")]
    NoTimestamp,
    /// A limit of [`super::limits`].
    #[error("too much: more than {limit} {what}")]
    TooMuch {
        /// What is limited.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

impl From<quick_xml::Error> for Problem {
    fn from(error: quick_xml::Error) -> Self {
        match error {
            quick_xml::Error::Io(shared) => match std::sync::Arc::try_unwrap(shared) {
                Ok(error) => error.into(),
                Err(shared) => Self::Unreadable(io::Error::new(shared.kind(), shared.to_string())),
            },
            quick_xml::Error::Encoding(error) => Self::NotUtf8(error.to_string()),
            other => Self::MalformedXml(other.to_string()),
        }
    }
}

/// The source wraps its own problems in an I/O error on their way through the XML parser.
impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(problem) => problem,
            Err(error) => Self::Unreadable(error),
        }
    }
}

fn place(file: &str, line: u64) -> String {
    if line == 0 {
        file.to_owned()
    } else {
        format!("{file}, line {line}")
    }
}
