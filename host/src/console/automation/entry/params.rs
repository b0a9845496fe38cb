//! The robot's own parameters: an input for each type, and how it is read.

use maud::{Markup, html};
use serde_json::{Map, Value, json};
use signalbox_crm::pipeline::CORE_FIELDS;
use signalbox_crm::robot::{Param, ParamType, Placeholders};

use super::Sheet;
use crate::automation::EntryView;
use crate::console::form::Form;
use crate::console::item_fields::{instant_of, label, money_text};
use crate::console::visitor::Visitor;

/// Whether the parameter holds several values.
pub(super) fn is_multiple(param: &Param) -> bool {
    param.multiple || param.param_type == ParamType::Users
}

/// Whether people choose from a list.
pub(super) fn has_choices(param: &Param) -> bool {
    matches!(
        param.param_type,
        ParamType::Select
            | ParamType::User
            | ParamType::Users
            | ParamType::Stage
            | ParamType::Pipeline
            | ParamType::Field
            | ParamType::Channel
            | ParamType::Secret
    )
}

/// Values and their names.
fn choices(visitor: &Visitor, param: &Param) -> Vec<(String, String)> {
    let (words, directory) = (visitor.words, &visitor.directory);
    match param.param_type {
        ParamType::Select => param
            .options
            .iter()
            .map(|option| (option.key.clone(), words.of(&option.title).to_owned()))
            .collect(),
        ParamType::User | ParamType::Users => people(visitor),
        ParamType::Stage => directory
            .stages
            .values()
            .map(|stage| {
                let pipeline = directory.pipelines.get(&stage.pipeline);
                let pipeline = pipeline
                    .map(|pipeline| words.of(&pipeline.title))
                    .unwrap_or_default();
                (
                    stage.id.to_string(),
                    format!("{pipeline}: {}", words.of(&stage.title)),
                )
            })
            .collect(),
        ParamType::Pipeline => directory
            .pipelines
            .values()
            .map(|pipeline| (pipeline.id.to_string(), words.of(&pipeline.title).to_owned()))
            .collect(),
        ParamType::Field => fields(visitor),
        ParamType::Channel => directory
            .channels
            .values()
            .map(|channel| (channel.id.to_string(), channel.title.clone()))
            .collect(),
        ParamType::Secret => directory
            .secrets
            .keys()
            .map(|name| (name.clone(), name.clone()))
            .collect(),
        _ => Vec::new(),
    }
}

/// Employees, behind the roles that stand for one.
pub(super) fn people(visitor: &Visitor) -> Vec<(String, String)> {
    let words = visitor.words;
    let roles = [("role:assignee", "role-assignee"), ("role:head", "role-head")];
    let roles = roles.map(|(value, key)| (value.to_owned(), words.t(key).into_owned()));
    let people = visitor
        .directory
        .employees
        .values()
        .filter(|person| person.is_active);
    let people = people.map(|person| (person.id.to_string(), person.name.clone()));
    roles.into_iter().chain(people).collect()
}

/// Fields of items: those that all have, then custom ones.
pub(super) fn fields(visitor: &Visitor) -> Vec<(String, String)> {
    let custom = visitor.directory.fields.keys().map(String::as_str);
    let all = CORE_FIELDS.into_iter().chain(custom);
    all.map(|key| (key.to_owned(), label(visitor, key))).collect()
}

/// The robot's part of the form.
pub(super) fn part(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    let params: &[Param] = sheet.manifest.map_or(&[], |manifest| manifest.param.as_slice());
    let has_texts = params
        .iter()
        .any(|param| param.placeholders == Placeholders::Text);
    html! {
        fieldset {
            legend { (words.t("form-params")) }
            @if has_texts { (placeholders(sheet.visitor)) }
            @for param in params { (field(sheet, param)) }
            @if params.is_empty() { p.quiet { (words.t("form-no-params")) } }
            (unknown(sheet))
        }
    }
}

fn field(sheet: &Sheet<'_>, param: &Param) -> Markup {
    let words = sheet.visitor.words;
    let name = format!("params.{}", param.key);
    let title = html! {
        (words.of(&param.title))
        @if param.required { " " span.required { "(" (words.t("form-required-mark")) ")" } }
    };
    let is_list = has_choices(param) && is_multiple(param);
    html! {
        div.field.field-wrong[sheet.is_wrong(&name)] id=(name) {
            @if is_list {
                fieldset.plain { legend { (title) } (input(sheet, param)) }
            } @else {
                label { span { (title) } (input(sheet, param)) }
            }
            @if let Some(help) = &param.help { p.quiet { (words.of(help)) } }
            @if let Some(hint) = hint(param) { p.quiet { (words.t(hint)) } }
            (sheet.why(&name))
        }
    }
}

/// How values of the type are written.
fn hint(param: &Param) -> Option<&'static str> {
    match param.param_type {
        ParamType::Duration => Some("hint-duration"),
        ParamType::Money => Some("hint-money"),
        ParamType::Deadline => Some("hint-deadline"),
        _ if is_multiple(param) && !has_choices(param) => Some("hint-lines"),
        _ => None,
    }
}

fn input(sheet: &Sheet<'_>, param: &Param) -> Markup {
    let name = format!("param.{}", param.key);
    let words = sheet.visitor.words;
    let typed = sheet.typed(&name);
    let takes = param.placeholders == Placeholders::Text;
    if has_choices(param) {
        let choices = choices(sheet.visitor, param);
        return match is_multiple(param) {
            true => checks(sheet, &name, &choices),
            false => select(sheet, &name, choices),
        };
    }
    if is_multiple(param) || matches!(param.param_type, ParamType::Text | ParamType::Template) {
        return html! { textarea name=(name) rows="4" maxlength="10000" data-placeholders[takes] { (typed) } };
    }
    let kind = match param.param_type {
        ParamType::Bool => {
            return html! {
                input type="hidden" name=(name) value="false";
                input type="checkbox" name=(name) value="true" checked[typed == "true"];
                " " (words.t("field-yes"))
            };
        }
        ParamType::Date => "date",
        ParamType::Datetime => "datetime-local",
        ParamType::Time => "time",
        ParamType::Phone => "tel",
        _ => "text",
    };
    let digits = matches!(param.param_type, ParamType::Int | ParamType::Double);
    html! {
        input type=(kind) name=(name) value=(typed) maxlength="10000" inputmode=[digits.then_some("decimal")] data-placeholders[takes];
    }
}

/// One of several. What is chosen and not there any more is shown, and named as wrong.
pub(super) fn select(sheet: &Sheet<'_>, name: &str, choices: Vec<(String, String)>) -> Markup {
    let typed = sheet.typed(name);
    let is_known = typed.is_empty() || choices.iter().any(|(value, _)| value == typed);
    html! {
        select name=(name) {
            option value="" { (sheet.visitor.words.t("field-empty")) }
            @if !is_known { option value=(typed) selected { (typed) } }
            @for (value, title) in &choices { option value=(value) selected[value == typed] { (title) } }
        }
    }
}

/// Any of several.
pub(super) fn checks(sheet: &Sheet<'_>, name: &str, choices: &[(String, String)]) -> Markup {
    let chosen: Vec<&str> = sheet.form.all(name).collect();
    let lost = chosen.iter().filter(|text| !text.is_empty());
    let lost = lost.filter(|text| !choices.iter().any(|(value, _)| value == *text));
    html! {
        div.choices {
            @for value in lost { label { input type="checkbox" name=(name) value=(value) checked; " " (value) } }
            @for (value, title) in choices {
                label { input type="checkbox" name=(name) value=(value) checked[chosen.contains(&value.as_str())]; " " (title) }
            }
        }
    }
}

/// What texts can hold; a click puts it where the cursor was.
fn placeholders(visitor: &Visitor) -> Markup {
    let words = visitor.words;
    let fields = fields(visitor).into_iter().filter(|(key, _)| key != "stage");
    let fields = fields.map(|(key, title)| {
        let name = if CORE_FIELDS.contains(&key.as_str()) {
            key.to_uppercase().replace('-', "_")
        } else {
            key
        };
        (format!("{{=Document:{name}}}"), title)
    });
    let others = [
        ("{=Document:STAGE}", words.t("field-stage")),
        ("{=Document:ID}", words.t("placeholder-id")),
        ("{=Contact:NAME}", words.t("placeholder-contact")),
        ("{=Responsible:NAME}", words.t("placeholder-responsible")),
        ("{=Event:text}", words.t("placeholder-text")),
        ("{=Run:now}", words.t("placeholder-now")),
    ];
    let others = others.map(|(text, title)| (text.to_owned(), title.into_owned()));
    html! {
        details data-key="placeholders" {
            summary { (words.t("form-placeholders")) }
            p.quiet { (words.t("form-placeholders-help")) }
            ul.chips.plain role="list" {
                @for (text, title) in others.into_iter().chain(fields) {
                    li { button type="button" data-insert=(text) title=(title) { code { (text) } " " (title) } }
                }
            }
        }
    }
}

/// Values that the robot's version does not know: shown, kept until somebody drops them.
fn unknown(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    let params = sheet.entry.attachment.params.iter();
    let lost = params.filter(|(key, _)| sheet.manifest.and_then(|manifest| manifest.param(key)).is_none());
    let lost: Vec<_> = lost.collect();
    html! {
        @if !lost.is_empty() {
            h3 { (words.t("form-unknown")) }
            @for (key, value) in lost {
                @let dropped = sheet.form.all("drop").any(|one| one == key);
                div.field id={ "params." (key) } {
                    p { code { (key) } ": " (value.as_str().map_or_else(|| value.to_string(), str::to_owned)) }
                    label { input type="checkbox" name="drop" value=(key) checked[dropped]; " " (words.t("form-drop")) }
                    (sheet.why(&format!("params.{key}")))
                }
            }
        }
    }
}

/// The parameters as the form has them. What does not fit its type stays the text that it is: the rules name it.
pub(super) fn read(visitor: &Visitor, entry: &EntryView, form: &Form) -> Value {
    let before = &entry.attachment.params;
    let version = visitor.directory.robots.get(&entry.attachment.digest);
    let mut params = Map::new();
    for (key, value) in before {
        let is_known = version.is_some_and(|version| version.manifest.param(key).is_some());
        if !is_known && !form.all("drop").any(|one| one == key) {
            params.insert(key.clone(), value.clone());
        }
    }
    for param in version.iter().flat_map(|version| &version.manifest.param) {
        let Some(value) = value(visitor, param, form) else {
            continue;
        };
        // A default that nobody has changed stays the robot's default, also in its next version.
        if before.contains_key(&param.key) || param.default.as_ref() != Some(&value) {
            params.insert(param.key.clone(), value);
        }
    }
    Value::Object(params)
}

fn value(visitor: &Visitor, param: &Param, form: &Form) -> Option<Value> {
    let name = format!("param.{}", param.key);
    if is_multiple(param) {
        let texts: Vec<&str> = match has_choices(param) {
            true => form.all(&name).collect(),
            false => form.get(&name).unwrap_or_default().lines().collect(),
        };
        let texts = texts.into_iter().map(str::trim).filter(|text| !text.is_empty());
        let values: Vec<Value> = texts.map(|text| one(visitor, param.param_type, text)).collect();
        return (!values.is_empty()).then_some(Value::Array(values));
    }
    let typed = form.get(&name)?;
    match typed.trim() {
        "" => None,
        _ if matches!(param.param_type, ParamType::Text | ParamType::Template) => Some(json!(typed)),
        text => Some(one(visitor, param.param_type, text)),
    }
}

fn one(visitor: &Visitor, kind: ParamType, text: &str) -> Value {
    match kind {
        ParamType::Bool => match text {
            "true" => json!(true),
            "false" => json!(false),
            _ => json!(text),
        },
        ParamType::Int => {
            let number = text.replace([' ', '\u{a0}'], "").parse::<i64>();
            number.map_or_else(|_| json!(text), |number| json!(number))
        }
        ParamType::Double => json!(text.replace([' ', '\u{a0}'], "").replace(',', ".")),
        ParamType::Duration => json!(text.replace(' ', "")),
        ParamType::Money => json!(money_text(text)),
        ParamType::Datetime => match instant_of(visitor, text) {
            Some(at) => json!(at),
            None => json!(text),
        },
        _ => json!(text),
    }
}
