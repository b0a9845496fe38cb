//! The condition: groups of tests. Rows come and go by submit buttons, so it works without JavaScript.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::pipeline::FieldType;

use super::params::{fields, people};
use super::{Sheet, Wrong};
use crate::console::form::Form;
use crate::console::item_fields::instant_of;
use crate::console::visitor::Visitor;

/// The largest number of a group or row in a form: more than a person reads.
const PLACE_MAX: usize = 99;

/// What a field holds, as far as comparisons go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    Instant,
    Select,
    Stage,
    Person,
}

/// The kind of a field.
pub(super) fn kind_of(visitor: &Visitor, field: &str) -> Kind {
    let custom = visitor.directory.fields.get(field).map(|field| field.field_type);
    match (field, custom) {
        (_, Some(FieldType::Number | FieldType::Money)) | ("amount", None) => Kind::Number,
        (_, Some(FieldType::Flag)) => Kind::Flag,
        (_, Some(FieldType::Instant)) => Kind::Instant,
        (_, Some(FieldType::Select)) => Kind::Select,
        ("stage", None) => Kind::Stage,
        ("assignee", None) => Kind::Person,
        ("last-contact-at" | "stage-entered-at" | "created-at", None) => Kind::Instant,
        _ => Kind::Text,
    }
}

/// Comparisons that make sense.
fn ops(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text => &["eq", "ne", "contains", "in", "filled", "empty"],
        Kind::Number => &["eq", "ne", "gt", "ge", "lt", "le", "filled", "empty"],
        Kind::Flag => &["eq", "filled", "empty"],
        Kind::Instant => &["gt", "ge", "lt", "le", "filled", "empty"],
        Kind::Select | Kind::Stage | Kind::Person => &["eq", "ne", "in", "filled", "empty"],
    }
}

/// A row as it was typed.
#[derive(Default)]
struct Row<'f> {
    field: &'f str,
    op: &'f str,
    value: &'f str,
}

/// Groups of rows with the numbers that they have in the form.
fn rows(form: &Form) -> BTreeMap<usize, BTreeMap<usize, Row<'_>>> {
    let mut groups: BTreeMap<usize, BTreeMap<usize, Row<'_>>> = BTreeMap::new();
    for (name, value) in &form.0 {
        let Some((group, row, part)) = place(name) else {
            continue;
        };
        let row = groups.entry(group).or_default().entry(row).or_default();
        match part {
            "field" => row.field = value,
            "op" => row.op = value,
            _ => row.value = value,
        }
    }
    groups
}

/// `test.0.1.field`: group, row and part.
fn place(name: &str) -> Option<(usize, usize, &str)> {
    let mut parts = name.strip_prefix("test.")?.split('.');
    let mut number = || parts.next()?.parse().ok().filter(|number| *number <= PLACE_MAX);
    let (group, row) = (number()?, number()?);
    Some((group, row, parts.next()?))
}

/// A button that changes the form and saves nothing: `add-group`, `add-test.0`, `drop-test.0.1`.
pub(super) fn step(form: &mut Form, step: &str) {
    let groups = rows(form);
    let next_group = groups.last_key_value().map_or(0, |(last, _)| last + 1);
    let new = |group: usize, row: usize| (format!("test.{group}.{row}.field"), String::new());
    if step == "add-group" && next_group <= PLACE_MAX {
        form.0.push(new(next_group, 0));
    } else if let Some(group) = step.strip_prefix("add-test.").and_then(|text| text.parse().ok()) {
        let last = groups.get(&group).and_then(|rows| rows.last_key_value());
        let next = last.map_or(0, |(last, _)| last + 1);
        if group <= PLACE_MAX && next <= PLACE_MAX {
            form.0.push(new(group, next));
        }
    } else if let Some(place) = step.strip_prefix("drop-test.") {
        let prefix = format!("test.{place}.");
        form.0.retain(|(name, _)| !name.starts_with(&prefix));
    }
}

pub(super) fn part(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    let groups = rows(sheet.form);
    html! {
        fieldset #condition {
            legend { (words.t("entry-field-condition")) }
            p.quiet { (words.t("rule-timing")) }
            @if groups.is_empty() { p { (words.t("form-condition-none")) } }
            @for (at, (group, rows)) in groups.iter().enumerate() {
                @if at > 0 { p { strong { (words.t("form-condition-or")) } } }
                div.group {
                    p.quiet { (words.t("form-condition-all")) }
                    @for (number, row) in rows { (draw(sheet, *group, *number, row)) }
                    button name="do" value={ "add-test." (group) } { (words.t("form-condition-add")) }
                }
            }
            button name="do" value="add-group" {
                @if groups.is_empty() { (words.t("form-condition-add")) } @else { (words.t("form-condition-add-group")) }
            }
            (sheet.why("condition"))
        }
    }
}

fn draw(sheet: &Sheet<'_>, group: usize, number: usize, row: &Row<'_>) -> Markup {
    let words = sheet.visitor.words;
    let name = format!("test.{group}.{number}");
    let kind = kind_of(sheet.visitor, row.field);
    let fields = fields(sheet.visitor);
    let is_known = row.field.is_empty() || fields.iter().any(|(key, _)| key == row.field);
    let ops = ops(kind);
    let is_odd = !row.op.is_empty() && !ops.contains(&row.op);
    let has_value = !matches!(row.op, "filled" | "empty");
    html! {
        div.test-row {
            label {
                span { (words.t("form-field")) }
                select name={ (name) ".field" } data-refresh {
                    option value="" { (words.t("form-choose")) }
                    @if !is_known { option value=(row.field) selected { (row.field) } }
                    @for (key, title) in &fields { option value=(key) selected[key == row.field] { (title) } }
                }
            }
            @if !row.field.is_empty() {
                label {
                    span { (words.t("form-op")) }
                    select name={ (name) ".op" } data-refresh {
                        @if is_odd { option value=(row.op) selected { (row.op) } }
                        @for op in ops { option value=(op) selected[*op == row.op] { (words.t(&format!("op-{op}"))) } }
                    }
                }
                @if has_value {
                    label { span { (words.t("form-value")) } (value(sheet, &format!("{name}.value"), kind, row)) }
                }
            }
            button name="do" value={ "drop-" (name) } { (words.t("form-condition-drop")) }
        }
    }
}

fn value(sheet: &Sheet<'_>, name: &str, kind: Kind, row: &Row<'_>) -> Markup {
    let (visitor, words) = (sheet.visitor, sheet.visitor.words);
    let choices: Vec<(String, String)> = match kind {
        _ if row.op == "in" => Vec::new(),
        Kind::Flag => vec![
            ("true".to_owned(), words.t("field-yes").into_owned()),
            ("false".to_owned(), words.t("field-no").into_owned()),
        ],
        Kind::Select => {
            let field = visitor.directory.fields.get(row.field);
            let options = field.iter().flat_map(|field| field.options.clone());
            options.map(|option| (option.clone(), option)).collect()
        }
        Kind::Stage => {
            let stages = visitor.directory.stages.values();
            stages
                .map(|stage| (stage.id.to_string(), words.of(&stage.title).to_owned()))
                .collect()
        }
        Kind::Person => {
            let people = people(visitor).into_iter();
            people.filter(|(id, _)| !id.starts_with("role:")).collect()
        }
        Kind::Text | Kind::Number | Kind::Instant => Vec::new(),
    };
    if choices.is_empty() {
        let input = if kind == Kind::Instant {
            "datetime-local"
        } else {
            "text"
        };
        return html! { input type=(input) name=(name) value=(row.value) maxlength="1000"; };
    }
    let is_known = row.value.is_empty() || choices.iter().any(|(value, _)| value == row.value);
    html! {
        select name=(name) {
            @if !is_known { option value=(row.value) selected { (row.value) } }
            @for (value, title) in &choices { option value=(value) selected[value == row.value] { (title) } }
        }
    }
}

/// The condition that the form asks for. Rows without a field are not there.
pub(super) fn read(visitor: &Visitor, form: &Form, wrong: &mut Vec<Wrong>) -> Value {
    let mut any = Vec::new();
    for rows in rows(form).into_values() {
        let mut tests = Vec::new();
        for row in rows.into_values().filter(|row| !row.field.trim().is_empty()) {
            let kind = kind_of(visitor, row.field);
            let op = if row.op.is_empty() { ops(kind)[0] } else { row.op };
            let mut value = row.value.trim().to_owned();
            if matches!(op, "filled" | "empty") {
                value.clear();
            } else if kind == Kind::Instant {
                match instant_of(visitor, &value) {
                    Some(at) => value = at.to_string(),
                    None => wrong.push(("condition".to_owned(), "form-instant".to_owned())),
                }
            }
            let is_known = [
                "eq", "ne", "gt", "ge", "lt", "le", "in", "contains", "empty", "filled",
            ]
            .contains(&op);
            if !is_known {
                wrong.push(("condition".to_owned(), "form-choice".to_owned()));
            }
            tests.push(json!({"field": row.field, "op": op, "value": value}));
        }
        if !tests.is_empty() {
            any.push(tests);
        }
    }
    json!({ "any": any })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(names: &[&str]) -> Form {
        let pairs = names.iter().map(|name| ((*name).to_owned(), "x".to_owned()));
        Form(pairs.collect())
    }

    #[test]
    fn rows_come_and_go_by_their_numbers() {
        let mut form = form(&[
            "title",
            "test.0.0.field",
            "test.0.3.op",
            "test.x.0.field",
            "test.100.0.field",
        ]);
        let count = |form: &Form| rows(form).values().map(BTreeMap::len).collect::<Vec<_>>();
        assert_eq!(count(&form), [2]);
        step(&mut form, "add-test.0");
        step(&mut form, "add-group");
        assert_eq!(count(&form), [3, 1]);
        step(&mut form, "drop-test.0.3");
        step(&mut form, "add-test.100");
        step(&mut form, "add-test.x");
        step(&mut form, "nonsense");
        assert_eq!(count(&form), [2, 1]);
        assert_eq!(form.get("title"), Some("x"));
    }
}
