//! The elements of a log, one after another, with their lines.

use std::io::Read;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesStart, Event};

use super::error::{Problem, XesError};
use super::limits::{ATTRIBUTE_BYTES_MAX, ELEMENT_DEPTH_MAX};
use super::source::{Progress, Source};

/// Some programs begin a UTF-8 file with it.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What an element is, as far as XES has a name for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Log,
    Trace,
    Event,
    Attribute(Kind),
    /// The wrapper of a list's members in XES 1.0.
    Values,
    Other(String),
}

/// The type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Date,
    Int,
    Float,
    Boolean,
    Id,
    List,
    Container,
}

/// An opening tag.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) tag: Tag,
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) line: u64,
}

#[derive(Debug)]
pub(super) enum Token {
    Open(Element),
    Close,
    /// The proper end of the file: every element is closed.
    End,
}

/// The stream of elements of one file.
#[derive(Debug)]
pub(super) struct Markup {
    file: String,
    xml: quick_xml::Reader<Source>,
    buffer: Vec<u8>,
    open: Vec<Tag>,
    has_root: bool,
    line: u64,
}

impl Markup {
    pub(super) fn new(
        file: &str,
        read: impl Read + Send + 'static,
        progress: &Progress,
    ) -> Result<Self, XesError> {
        let source = Source::new(read, progress).map_err(|problem| XesError {
            file: file.to_owned(),
            line: 1,
            problem,
        })?;
        let mut xml = quick_xml::Reader::from_reader(source);
        xml.config_mut().expand_empty_elements = true;
        Ok(Self {
            file: file.to_owned(),
            xml,
            buffer: Vec::new(),
            open: Vec::new(),
            has_root: false,
            line: 1,
        })
    }

    /// The next opening or closing tag, or the end of the file.
    pub(super) fn next(&mut self) -> Result<Token, XesError> {
        loop {
            match self.read_token() {
                Ok(Some(token)) => return Ok(token),
                Ok(None) => {}
                Err(problem) => return Err(self.error_here(problem)),
            }
        }
    }

    /// Skips the rest of the element that was opened last.
    pub(super) fn skip(&mut self) -> Result<(), XesError> {
        let depth = self.open.len();
        while self.open.len() >= depth {
            self.next()?;
        }
        Ok(())
    }

    /// The count of bytes of XML read so far.
    pub(super) fn position(&self) -> u64 {
        self.xml.get_ref().position()
    }

    pub(super) fn error(&self, line: u64, problem: Problem) -> XesError {
        XesError {
            file: self.file.clone(),
            line,
            problem,
        }
    }

    /// The error for an element where the format does not have it.
    pub(super) fn misplaced(&self, line: u64, tag: &Tag) -> XesError {
        let element = tag.name().to_owned();
        self.error(line, Problem::Misplaced { element })
    }

    /// An error on the line where the last token began.
    pub(super) fn error_here(&self, problem: Problem) -> XesError {
        self.error(self.line, problem)
    }

    /// One token, or nothing where the file holds what does not matter.
    fn read_token(&mut self) -> Result<Option<Token>, Problem> {
        self.line = self.xml.get_ref().line();
        self.xml.get_mut().start_token();
        self.buffer.clear();
        match self.xml.read_event_into(&mut self.buffer)? {
            Event::Start(start) => {
                let element = element(&start, self.line)?;
                if self.open.len() >= ELEMENT_DEPTH_MAX {
                    let limit = ELEMENT_DEPTH_MAX as u64;
                    return Err(Problem::TooMuch {
                        what: "elements inside each other",
                        limit,
                    });
                }
                if self.open.is_empty() && self.has_root {
                    let reason = format!("<{}> follows the end of the root element", element.tag.name());
                    return Err(Problem::MalformedXml(reason));
                }
                self.has_root = true;
                self.open.push(element.tag.clone());
                Ok(Some(Token::Open(element)))
            }
            Event::End(_) => {
                self.open.pop();
                Ok(Some(Token::Close))
            }
            Event::Eof => match self.open.last() {
                Some(tag) => Err(Problem::Truncated {
                    element: tag.name().to_owned(),
                }),
                None => Ok(Some(Token::End)),
            },
            Event::Decl(declaration) => check_encoding(&declaration).map(|()| None),
            Event::DocType(_) => Err(Problem::DocumentType),
            Event::Text(text) if text.trim().is_empty() => Ok(None),
            Event::Text(text) if !self.has_root && &*text == BYTE_ORDER_MARK => Ok(None),
            Event::Text(text) => {
                let blank = &text[..text.len() - text.trim_start().len()];
                self.line += blank.matches('\n').count() as u64;
                Err(Problem::StrayText(shorten(&text)))
            }
            Event::CData(text) => Err(Problem::StrayText(shorten(&text))),
            Event::GeneralRef(name) => Err(Problem::StrayText(shorten(&format!("&{};", &*name)))),
            // `Empty` never comes: `expand_empty_elements` is set.
            Event::Comment(_) | Event::PI(_) | Event::Empty(_) => Ok(None),
        }
    }
}

impl Tag {
    /// The name as it is written in a log.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Log => "log",
            Self::Trace => "trace",
            Self::Event => "event",
            Self::Attribute(kind) => kind.name(),
            Self::Values => "values",
            Self::Other(name) => name,
        }
    }

    fn new(name: &str) -> Self {
        match name {
            "log" => Self::Log,
            "trace" => Self::Trace,
            "event" => Self::Event,
            "string" => Self::Attribute(Kind::String),
            "date" => Self::Attribute(Kind::Date),
            "int" => Self::Attribute(Kind::Int),
            "float" => Self::Attribute(Kind::Float),
            "boolean" => Self::Attribute(Kind::Boolean),
            "id" => Self::Attribute(Kind::Id),
            "list" => Self::Attribute(Kind::List),
            "container" => Self::Attribute(Kind::Container),
            "values" => Self::Values,
            other => Self::Other(shorten(other)),
        }
    }
}

impl Kind {
    /// The name as it is written in a log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Date => "date",
            Self::Int => "int",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Id => "id",
            Self::List => "list",
            Self::Container => "container",
        }
    }
}

/// The beginning of a text from outside, fit for a message.
pub(super) fn shorten(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    let text = text.trim();
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn element(start: &BytesStart<'_>, line: u64) -> Result<Element, Problem> {
    let tag = Tag::new(start.local_name().as_ref());
    let (mut key, mut value) = (None, None);
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| Problem::MalformedXml(error.to_string()))?;
        let slot = match attribute.key.as_ref() {
            "key" => &mut key,
            "value" => &mut value,
            _ => continue,
        };
        if attribute.value.len() > ATTRIBUTE_BYTES_MAX {
            return Err(Problem::TooMuch {
                what: "bytes in an attribute",
                limit: ATTRIBUTE_BYTES_MAX as u64,
            });
        }
        *slot = Some(attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned());
    }
    Ok(Element {
        tag,
        key,
        value,
        line,
    })
}

fn check_encoding(declaration: &BytesDecl<'_>) -> Result<(), Problem> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Err(error)) => Err(Problem::MalformedXml(error.to_string())),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => {
            Ok(())
        }
        Some(Ok(name)) => Err(Problem::Encoding(shorten(&name))),
    }
}
