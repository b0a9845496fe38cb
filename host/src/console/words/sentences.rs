//! What the rules and the API say, in the person's language.
//!
//! The rules say an English template with values (`signalbox_crm::sentence`). English needs nothing more. Russian stands
//! in `ru/sentences.ftl`, in the syntax of the other words, for its plural forms: the key of a sentence is its template
//! in lower case with hyphens, so that the file reads as pairs. A test compares the file with the templates in the code.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use signalbox_crm::account::Language;
use signalbox_crm::sentence::{Sentence, Value};

use super::Words;

const RUSSIAN: &str = include_str!("ru/sentences.ftl");

static RU: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| super::bundle_of("ru", std::iter::once(RUSSIAN)));

/// The whole numbers that a double holds exactly have up to so many digits.
const DIGITS_MAX: usize = 15;

impl Words {
    /// A sentence of the rules or the API. What has no translation is told in English, and found by a test.
    pub(in crate::console) fn say(self, sentence: &Sentence) -> String {
        match self.0 {
            Language::En => sentence.english(),
            Language::Ru => self.translated(sentence).unwrap_or_else(|| {
                tracing::error!("The console has no Russian for `{}`", sentence.template());
                sentence.english()
            }),
        }
    }

    fn translated(self, sentence: &Sentence) -> Option<String> {
        let pattern = RU.get_message(&key_of(sentence.template()))?.value()?;
        let mut args = FluentArgs::with_capacity(sentence.values().len());
        for (name, value) in sentence.values() {
            args.set(
                *name,
                match value {
                    Value::Text(text) => number_or_text(text),
                    Value::Said(inner) => self.say(inner).into(),
                },
            );
        }
        Some(
            RU.format_pattern(pattern, Some(&args), &mut Vec::new())
                .into_owned(),
        )
    }
}

/// A whole number chooses the plural form; everything else is shown as it is.
fn number_or_text(text: &str) -> FluentValue<'_> {
    let number = text.parse::<i64>().ok();
    match number.filter(|number| text.len() <= DIGITS_MAX && number.to_string() == text) {
        Some(number) => number.into(),
        None => text.into(),
    }
}

/// `the title has {count} characters` is found under `the-title-has-count-characters`.
fn key_of(template: &str) -> String {
    let words = template.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
