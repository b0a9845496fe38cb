//! Typed attributes of events and cases.

use jiff::Timestamp;

use super::error::{Problem, XesError};
use super::limits::ATTRIBUTES_PER_ELEMENT_MAX;
use super::markup::{Element, Kind, Markup, Tag, Token, shorten};

/// One attribute: key, typed value, and the attributes of the attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The key as written, with the prefix of its extension.
    pub key: String,
    /// The value in its XES type.
    pub value: Value,
    /// Attributes that describe this one.
    pub nested: Vec<Attribute>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `string`
    Text(String),
    /// `date`, with its offset taken away: XES dates are instants.
    Date(Timestamp),
    /// `int`
    Int(i64),
    /// `float`
    Float(f64),
    /// `boolean`
    Bool(bool),
    /// `id`
    Id(String),
    /// `list` or `container`: the members, in file order.
    List(Vec<Attribute>),
}

impl Attribute {
    /// The value under `key`, nested attributes left out. The first one counts.
    pub fn find<'a>(attributes: &'a [Self], key: &str) -> Option<&'a Value> {
        attributes
            .iter()
            .find(|attribute| attribute.key == key)
            .map(|attribute| &attribute.value)
    }
}

impl Value {
    /// The name of the type as XES writes it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => Kind::String.name(),
            Self::Date(_) => Kind::Date.name(),
            Self::Int(_) => Kind::Int.name(),
            Self::Float(_) => Kind::Float.name(),
            Self::Bool(_) => Kind::Boolean.name(),
            Self::Id(_) => Kind::Id.name(),
            Self::List(_) => Kind::List.name(),
        }
    }
}

/// Reads the attribute whose opening tag is `element`, up to its closing tag.
///
/// `count` is the number of attributes of the event or case so far. The depth of the recursion is bounded by
/// [`super::limits::ELEMENT_DEPTH_MAX`].
pub(super) fn read(markup: &mut Markup, element: Element, count: &mut usize) -> Result<Attribute, XesError> {
    let line = element.line;
    *count += 1;
    if *count > ATTRIBUTES_PER_ELEMENT_MAX {
        let limit = ATTRIBUTES_PER_ELEMENT_MAX as u64;
        return Err(markup.error(
            line,
            Problem::TooMuch {
                what: "attributes in an event or case",
                limit,
            },
        ));
    }
    let (key, value) = parts(element).map_err(|problem| markup.error(line, problem))?;
    let mut nested = Vec::new();
    read_nested(markup, &mut nested, count)?;
    let value = match value {
        Value::List(_) => Value::List(std::mem::take(&mut nested)),
        value => value,
    };
    Ok(Attribute { key, value, nested })
}

fn read_nested(markup: &mut Markup, into: &mut Vec<Attribute>, count: &mut usize) -> Result<(), XesError> {
    while let Token::Open(element) = markup.next()? {
        match element.tag {
            Tag::Attribute(_) => into.push(read(markup, element, count)?),
            Tag::Values => read_nested(markup, into, count)?,
            Tag::Log | Tag::Trace | Tag::Event => {
                return Err(markup.misplaced(element.line, &element.tag));
            }
            Tag::Other(_) => markup.skip()?,
        }
    }
    Ok(())
}

fn parts(element: Element) -> Result<(String, Value), Problem> {
    let Tag::Attribute(kind) = element.tag else {
        return Err(Problem::Misplaced {
            element: element.tag.name().to_owned(),
        });
    };
    let missing = |key: &str, missing| Problem::Incomplete {
        element: kind.name().to_owned(),
        key: shorten(key),
        missing,
    };
    let key = element.key.ok_or_else(|| missing("", "key"))?;
    if let Kind::List | Kind::Container = kind {
        return Ok((key, Value::List(Vec::new())));
    }
    let value = element.value.ok_or_else(|| missing(&key, "value"))?;
    let value = typed(kind, &key, value)?;
    Ok((key, value))
}

fn typed(kind: Kind, key: &str, value: String) -> Result<Value, Problem> {
    let parsed = match kind {
        Kind::String => return Ok(Value::Text(value)),
        Kind::Id => return Ok(Value::Id(value)),
        Kind::Date => value
            .parse()
            .map(Value::Date)
            .map_err(|error: jiff::Error| error.to_string()),
        Kind::Int => value.parse().map(Value::Int).map_err(|error| error.to_string()),
        Kind::Float => float(&value).map(Value::Float),
        Kind::Boolean => boolean(&value).map(Value::Bool),
        Kind::List | Kind::Container => return Ok(Value::List(Vec::new())),
    };
    parsed.map_err(|reason| Problem::BadValue {
        key: shorten(key),
        value: shorten(&value),
        kind: kind.name(),
        reason,
    })
}

/// The lexical forms of `xs:double`; Rust's parser takes a few more, which do no harm.
fn float(value: &str) -> Result<f64, String> {
    match value {
        "INF" => Ok(f64::INFINITY),
        "-INF" => Ok(f64::NEG_INFINITY),
        _ => value
            .parse()
            .map_err(|error: std::num::ParseFloatError| error.to_string()),
    }
}

/// The lexical forms of `xs:boolean`.
fn boolean(value: &str) -> Result<bool, String> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("expected `true` or `false`".to_owned()),
    }
}
