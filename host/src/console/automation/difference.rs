//! What differs between two lists of robots, in plain words.

use maud::{Markup, html};
use serde_json::Value;
use signalbox_crm::attachment::{Attachment, Moment, Timing};
use signalbox_crm::automation::{Difference, DifferenceKind, EntryDifference, FieldDifference, Moved};
use signalbox_crm::condition::Condition;

use super::wording::{condition_text, moment_text, reference_text, stage_title, timing_text};
use crate::console::visitor::Visitor;

/// The longest value that is shown, in characters; the form has the whole one.
const SHOWN_CHARS_MAX: usize = 200;

/// The differences, one line each; `list` has the attachments in their new form.
pub(in crate::console) fn lines(visitor: &Visitor, difference: &Difference, list: &[&Attachment]) -> Markup {
    html! {
        ul.difference {
            @for entry in &difference.entries {
                @let new = list.iter().copied().find(|one| one.id == entry.entry);
                li data-key=(entry.entry) { (line(visitor, entry, new)) }
            }
        }
    }
}

fn line(visitor: &Visitor, entry: &EntryDifference, new: Option<&Attachment>) -> Markup {
    let words = visitor.words;
    let (key, class) = match entry.kind {
        DifferenceKind::Added => ("difference-added", "chip chip-good"),
        DifferenceKind::Changed => ("difference-changed", "chip chip-info"),
        DifferenceKind::Moved => ("difference-moved", "chip chip-info"),
        DifferenceKind::Removed => ("difference-removed", "chip chip-bad"),
    };
    html! {
        span class=(class) { (words.t(key)) } " " strong { (entry.title) }
        @if entry.kind == DifferenceKind::Added {
            @if let Some(new) = new { " " span.quiet { (moment_text(visitor, &new.moment)) } }
        }
        @if let Some(moved) = &entry.moved { " " (moved_text(visitor, moved)) }
        @if !entry.fields.is_empty() {
            ul { @for field in &entry.fields { li { (field_line(visitor, field, new)) } } }
        }
    }
}

fn moved_text(visitor: &Visitor, moved: &Moved) -> String {
    let column = |text: &str| match text.parse() {
        Ok(stage) => stage_title(visitor, stage),
        Err(_) => visitor.words.t(&format!("column-{text}")).into_owned(),
    };
    let args = [
        ("from", column(&moved.from).into()),
        ("from_place", moved.from_place.to_string().into()),
        ("to", column(&moved.to).into()),
        ("to_place", moved.to_place.to_string().into()),
    ];
    visitor.words.f("difference-place", &args).into_owned()
}

fn field_line(visitor: &Visitor, field: &FieldDifference, new: Option<&Attachment>) -> Markup {
    html! {
        (field_title(visitor, &field.field, new)) ": "
        del { (value_text(visitor, &field.field, &field.before)) } " \u{2192} "
        ins { (value_text(visitor, &field.field, &field.after)) }
    }
}

/// The field's name for people; parameters have theirs in the robot's manifest.
pub(super) fn field_title(visitor: &Visitor, field: &str, of: Option<&Attachment>) -> String {
    let words = visitor.words;
    let Some(key) = field.strip_prefix("params.") else {
        return words
            .t(&format!("entry-field-{}", field.replace('_', "-")))
            .into_owned();
    };
    let version = of.and_then(|one| visitor.directory.robots.get(&one.digest));
    let param = version.and_then(|version| version.manifest.param(key));
    param.map_or_else(|| key.to_owned(), |param| words.of(&param.title).to_owned())
}

fn value_text(visitor: &Visitor, field: &str, value: &Value) -> String {
    let words = visitor.words;
    let read = |text: String| {
        if text.is_empty() {
            words.t("value-none").into_owned()
        } else {
            text
        }
    };
    let known = match field {
        "moment" => serde_json::from_value::<Moment>(value.clone())
            .ok()
            .map(|moment| moment_text(visitor, &moment)),
        "timing" => serde_json::from_value::<Timing>(value.clone())
            .ok()
            .map(|timing| timing_text(visitor, &timing)),
        "condition" => serde_json::from_value::<Condition>(value.clone())
            .ok()
            .map(|condition| condition_text(visitor, &condition)),
        _ => None,
    };
    let text = known.map_or_else(|| plain_text(visitor, value), read);
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn plain_text(visitor: &Visitor, value: &Value) -> String {
    let words = visitor.words;
    match value {
        Value::Null => words.t("value-none").into_owned(),
        Value::Bool(true) => words.t("field-yes").into_owned(),
        Value::Bool(false) => words.t("field-no").into_owned(),
        Value::String(text) => format!("\u{ab}{}\u{bb}", reference_text(visitor, text)),
        Value::Array(list) if list.is_empty() => words.t("value-none").into_owned(),
        Value::Array(list) => {
            let texts: Vec<String> = list.iter().map(|one| plain_text(visitor, one)).collect();
            texts.join(", ")
        }
        Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}
