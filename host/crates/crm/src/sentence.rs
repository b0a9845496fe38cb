//! What is said to people: an English template with its values, so that it can be said in other languages too.
//!
//! As gettext does it: the English sentence stands in the code and is the key of its translations, which the console has
//! (`host/src/console/words/sentences.rs`). A message is deliberately no `Display`: formatted into another text it could
//! not be translated any more. It goes into other messages as a value.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt;

use serde::{Serialize, Serializer};

/// A sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    template: &'static str,
    values: Vec<(&'static str, Value)>,
}

/// What stands in a sentence in place of a `{name}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// The same in all languages: names, ids, numbers, what somebody typed.
    Text(String),
    /// Has translations of its own.
    Said(Sentence),
}

impl<T: fmt::Display + ?Sized> From<&T> for Value {
    fn from(value: &T) -> Self {
        Value::Text(value.to_string())
    }
}

impl From<&Sentence> for Value {
    fn from(message: &Sentence) -> Self {
        Value::Said(message.clone())
    }
}

/// Makes a message: `said!("{id} has {count} parts, more than {max}", id, count = parts.len(), max = PARTS_MAX)`.
///
/// Names in the template and values must fit each other, or it does not compile. Names are lower-case.
#[macro_export]
macro_rules! said {
    ($template:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {{
        const _: () = {
            fn _fits() -> String {
                format!($template $(, $name = "")*)
            }
        };
        $crate::sentence::Sentence::new($template, vec![$((stringify!($name), $crate::said!(@ $name $($value)?))),*])
    }};
    (@ $name:ident) => { $crate::sentence::Value::from(&$name) };
    (@ $name:ident $value:expr) => { $crate::sentence::Value::from(&$value) };
}

/// Marks a text without values as one that is translated where it becomes a message (`Sentence::fixed`).
#[macro_export]
macro_rules! template {
    ($template:literal) => {
        $template
    };
}

/// Lets errors be shown, and told, as their function `said` says.
macro_rules! shown_as_said {
    ($($error:ty),*) => {$(
        impl std::fmt::Display for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.said().english())
            }
        }

        impl std::error::Error for $error {}

        impl From<$error> for $crate::sentence::Sentence {
            fn from(error: $error) -> Self {
                error.said()
            }
        }
    )*};
}
pub(crate) use shown_as_said;

impl Sentence {
    /// For `said!`, which checks that names and values fit.
    #[doc(hidden)]
    pub fn new(template: &'static str, values: Vec<(&'static str, Value)>) -> Self {
        Sentence { template, values }
    }

    /// A text that `template!` has marked.
    pub fn fixed(template: &'static str) -> Self {
        Sentence::new(template, Vec::new())
    }

    /// Words that stay as they are: those of a robot, and what only robots and programs read.
    pub fn plain(words: impl Into<String>) -> Self {
        said!("{words}", words = words.into())
    }

    /// Several sentences as one; nothing for none.
    pub fn joined(sentences: impl IntoIterator<Item = Sentence>) -> Self {
        let whole = sentences
            .into_iter()
            .reduce(|first, next| said!("{first}; {next}", first, next));
        whole.unwrap_or_else(|| Sentence::plain(""))
    }

    /// Several things as a list; nothing for none.
    pub fn listed(things: impl IntoIterator<Item = Sentence>) -> Self {
        let whole = things
            .into_iter()
            .reduce(|one, other| said!("{one}, {other}", one, other));
        whole.unwrap_or_else(|| Sentence::plain(""))
    }

    /// The English sentence with `{name}` where values stand.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// What stands in place of the names.
    pub fn values(&self) -> &[(&'static str, Value)] {
        &self.values
    }

    /// The whole sentence in English, as the API says it.
    pub fn english(&self) -> String {
        let mut text = String::new();
        let mut rest = self.template;
        while let Some((before, (name, after))) = next_name(rest) {
            text.push_str(before);
            match self.values.iter().find(|(known, _)| *known == name) {
                Some((_, Value::Text(value))) => text.push_str(value),
                Some((_, Value::Said(message))) => text.push_str(&message.english()),
                None => unreachable!("`said!` does not compile without a value for `{name}`"),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }
}

/// What is before the next `{name}`, the name, and what is behind it.
fn next_name(template: &str) -> Option<(&str, (&str, &str))> {
    let (before, rest) = template.split_once('{')?;
    Some((before, rest.split_once('}')?))
}

impl From<Infallible> for Sentence {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Serialize for Sentence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.english())
    }
}

thread_local! {
    static REFUSED: RefCell<Option<Sentence>> = const { RefCell::new(None) };
}

/// An error for serde, which carries texts only: the message waits until `refused_as` asks for it.
pub fn refuse<E: serde::de::Error>(message: impl Into<Sentence>) -> E {
    let message = message.into();
    let text = message.english();
    REFUSED.set(Some(message));
    E::custom(text)
}

/// The message behind an error of serde that this thread has just met; its words alone, where serde itself says them.
pub fn refused_as(text: &str) -> Sentence {
    let last = REFUSED.take().filter(|message| message.english() == text);
    last.unwrap_or_else(|| Sentence::plain(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_place_of_their_names() {
        let why = said!("it has {count} parts, more than {max}", count = 7, max = 3);
        let id = crate::ids::StageId(4);
        let whole = said!("`{id}`: {why}", id, why);
        assert_eq!(whole.english(), "`stage:4`: it has 7 parts, more than 3");
        assert_eq!(
            Sentence::plain("{braces} stay").english(),
            "{braces} stay",
            "values are not read as templates"
        );
        let both = Sentence::joined([whole, Sentence::fixed("and more")]);
        assert_eq!(
            serde_json::to_string(&both).unwrap(),
            r#""`stage:4`: it has 7 parts, more than 3; and more""#
        );
        assert_eq!(Sentence::joined([]).english(), "");
    }

    #[test]
    fn message_is_found_behind_an_error_of_serde_once() {
        let error: serde_json::Error = refuse(said!("`{value}` is nothing", value = "x"));
        assert_eq!(refused_as(&error.to_string()).template(), "`{value}` is nothing");
        assert_eq!(refused_as(&error.to_string()), Sentence::plain("`x` is nothing"));
    }
}
