//! Fields of leads and deals in forms: labels, inputs, and what was typed as a change for the API.

use maud::{Markup, html};
use serde_json::{Map, Value, json};
use signalbox_crm::directory::Directory;
use signalbox_crm::pipeline::FieldType;
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::FieldValue;

use super::form::Form;
use super::visitor::Visitor;
use super::words::Words;
use crate::http::problem::{Problem, ProblemBody};
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;

/// What a form may change beside custom fields.
const CORE: [&str; 4] = ["title", "amount", "contact", "source"];

/// Whether a form can fill the field.
pub(super) fn is_known(directory: &Directory, field: &str) -> bool {
    CORE.contains(&field) || directory.fields.contains_key(field)
}

/// The field's name for people.
pub(super) fn label(visitor: &Visitor, field: &str) -> String {
    match visitor.directory.fields.get(field) {
        Some(custom) => visitor.words.of(&custom.title).to_owned(),
        None => visitor.words.t(&format!("field-{field}")).into_owned(),
    }
}

/// What is wrong with a field, if the problem names it.
pub(super) fn wrong(words: Words, problem: Option<&ProblemBody>, field: &str) -> Markup {
    let is_named = |problem: &&ProblemBody| problem.fields.iter().any(|known| is_same(known, field));
    let problem = problem
        .filter(is_named)
        .filter(|problem| problem.code != "required-fields");
    html! { @if let Some(problem) = problem { p.wrong { (words.say(&problem.detail)) } } }
}

/// The API names nested fields by their path: `fields.budget.value`.
fn is_same(named: &str, field: &str) -> bool {
    named == field
        || named
            .strip_prefix("fields.")
            .is_some_and(|rest| rest.split('.').next() == Some(field))
}

/// An input for the field: what was typed, else its value. Its name is `field.KEY`.
pub(super) fn input(
    visitor: &Visitor,
    field: &str,
    value: Option<&FieldValue>,
    typed: Option<&str>,
) -> Markup {
    let name = format!("field.{field}");
    let words = visitor.words;
    let custom = visitor.directory.fields.get(field);
    let shown = typed.map_or_else(
        || value.map(|value| text_of(value, visitor)).unwrap_or_default(),
        str::to_owned,
    );
    match custom.map(|custom| custom.field_type) {
        Some(FieldType::Flag) => html! {
            select name=(name) {
                option value="" { (words.t("field-empty")) }
                option value="true" selected[shown == "true"] { (words.t("field-yes")) }
                option value="false" selected[shown == "false"] { (words.t("field-no")) }
            }
        },
        Some(FieldType::Select) => html! {
            select name=(name) {
                option value="" { (words.t("field-empty")) }
                @for option in custom.iter().flat_map(|custom| &custom.options) {
                    option value=(option) selected[*option == shown] { (option) }
                }
            }
        },
        Some(FieldType::Number) => html! { input name=(name) value=(shown) inputmode="decimal"; },
        Some(FieldType::Instant) => html! { input type="datetime-local" name=(name) value=(shown); },
        Some(FieldType::Many) => html! { textarea name=(name) rows="3" { (shown) } },
        Some(FieldType::Money) => money(&name, &shown),
        Some(FieldType::Text | FieldType::File) => {
            html! { input name=(name) value=(shown) maxlength="10000"; }
        }
        None if field == "amount" => money(&name, &shown),
        None => html! { input name=(name) value=(shown) maxlength="500"; },
    }
}

fn money(name: &str, shown: &str) -> Markup {
    html! { input name=(name) value=(shown) placeholder="1500.00 RUB" inputmode="text"; }
}

/// As an input takes it.
fn text_of(value: &FieldValue, visitor: &Visitor) -> String {
    match value {
        FieldValue::Instant(at) => at.zoned(&visitor.zone).strftime("%Y-%m-%dT%H:%M").to_string(),
        FieldValue::Many(many) => many.join("\n"),
        FieldValue::Text(_) | FieldValue::Number(_) | FieldValue::Flag(_) | FieldValue::Money(_) => {
            value.to_string()
        }
    }
}

/// The change that a form asks for: every `field.KEY` in it.
///
/// # Errors
/// `invalid`: a number or an instant that is none.
pub(super) fn patch_of(visitor: &Visitor, form: &Form) -> Result<Value, Problem> {
    let mut patch = Map::new();
    let mut fields = Map::new();
    for (name, typed) in &form.0 {
        let Some(field) = name.strip_prefix("field.") else {
            continue;
        };
        let typed = typed.trim();
        match visitor.directory.fields.get(field) {
            Some(custom) => {
                let value = match typed.is_empty() {
                    true => Value::Null,
                    false => custom_value(visitor, field, custom.field_type, typed)?,
                };
                fields.insert(field.to_owned(), value);
            }
            None if CORE.contains(&field) => {
                let value = match (field, typed.is_empty()) {
                    ("title", _) => json!(typed),
                    (_, true) => Value::Null,
                    ("amount", false) => json!(money_text(typed)),
                    (_, false) => json!(typed),
                };
                patch.insert(field.to_owned(), value);
            }
            None => {}
        }
    }
    if !fields.is_empty() {
        patch.insert("fields".to_owned(), Value::Object(fields));
    }
    Ok(Value::Object(patch))
}

fn custom_value(visitor: &Visitor, field: &str, kind: FieldType, typed: &str) -> Result<Value, Problem> {
    let invalid = |what: Sentence| Problem::invalid(field, said!("`{typed}` is no {what}", typed, what));
    Ok(match kind {
        FieldType::Text | FieldType::Select | FieldType::File => json!({ "type": "text", "value": typed }),
        FieldType::Number => {
            let number: f64 = typed
                .replace([' ', '\u{a0}'], "")
                .replace(',', ".")
                .parse()
                .map_err(|_| invalid(said!("number")))?;
            json!({ "type": "number", "value": number })
        }
        FieldType::Flag => json!({ "type": "flag", "value": typed == "true" }),
        FieldType::Instant => {
            let at = instant_of(visitor, typed).ok_or_else(|| invalid(said!("date and time")))?;
            json!({ "type": "instant", "value": at })
        }
        FieldType::Money => json!({ "type": "money", "value": money_text(typed) }),
        FieldType::Many => {
            let lines: Vec<&str> = typed
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect();
            json!({ "type": "many", "value": lines })
        }
    })
}

/// What a `datetime-local` input sends, in the person's zone.
pub(super) fn instant_of(visitor: &Visitor, typed: &str) -> Option<Timestamp> {
    let civil: jiff::civil::DateTime = typed.parse().ok()?;
    let zoned = civil.to_zoned(visitor.zone.clone()).ok()?;
    Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
}

/// `1 500,5` and `1500` become what the API takes: `1500.5 RUB`. What has a currency keeps it.
pub(super) fn money_text(typed: &str) -> String {
    let text = typed.trim();
    let has_currency = text.chars().last().is_some_and(char::is_alphabetic);
    let (amount, currency) = match has_currency {
        true => text.rsplit_once([' ', '\u{a0}']).unwrap_or((text, "")),
        false => (text, "RUB"),
    };
    let amount = amount.replace([' ', '\u{a0}'], "").replace(',', ".");
    format!("{amount} {}", currency.to_uppercase()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_taken_as_people_write_them() {
        for (typed, text) in [
            ("1500", "1500 RUB"),
            ("1 500,5", "1500.5 RUB"),
            ("1\u{a0}500.50 eur", "1500.50 EUR"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(money_text(typed), text);
        }
    }

    #[test]
    fn fields_are_known_by_the_path_that_the_api_names() {
        assert!(is_same("budget", "budget") && is_same("fields.budget.value", "budget"));
        assert!(!is_same("fields.budget2", "budget"));
    }
}
