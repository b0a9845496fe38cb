//! Parts of a run in words: ids as links, instants, causes, states.

use std::time::Duration;

use maud::{Markup, html};
use serde_json::Value;
use signalbox_crm::ids::{AttachmentId, EmployeeId, ItemId, PipelineId, RunId, StageId};
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;

use crate::console::format::{instant, item_path, person};
use crate::console::item::state_chip;
use crate::console::visitor::Visitor;

/// The most of one value that a page shows, in characters. The run file has the whole.
const SHOWN_CHARS_MAX: usize = 2_000;

/// A text of a JSON object; empty when it is none.
pub(in crate::console) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// The elements of a JSON list; none when it is none.
pub(in crate::console) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// An instant of the API as a person reads it.
pub(in crate::console) fn at(visitor: &Visitor, value: &Value) -> Markup {
    let parsed = value.as_str().and_then(|text| Timestamp::parse(text).ok());
    html! { @if let Some(at) = parsed { (instant(at, visitor)) } }
}

/// Where a run's page is; `id` is `run:5`.
pub(in crate::console) fn run_path(id: &str) -> String {
    format!("/runs/{}", id.strip_prefix("run:").unwrap_or(id))
}

/// How long something took; `us` are microseconds.
pub(in crate::console) fn took(visitor: &Visitor, us: &Value) -> String {
    let Some(us) = us.as_u64() else {
        return String::new();
    };
    let words = visitor.words;
    match Duration::from_micros(us) {
        short if short < Duration::from_millis(10) => {
            let ms = format!("{}.{:02}", us / 1_000, us % 1_000 / 10);
            words.f("runs-ms", &[("count", ms.into())]).into_owned()
        }
        middle if middle < Duration::from_secs(10) => {
            let ms = middle.as_millis().to_string();
            words.f("runs-ms", &[("count", ms.into())]).into_owned()
        }
        long => {
            let seconds = long.as_secs().to_string();
            words.f("runs-seconds", &[("count", seconds.into())]).into_owned()
        }
    }
}

/// What an id names, as a link where it has a page. Texts that are no ids stay as they are.
pub(in crate::console) fn linked(visitor: &Visitor, text: &str) -> Markup {
    let (words, directory) = (visitor.words, &visitor.directory);
    if let Ok(id) = text.parse::<ItemId>() {
        return html! { a href=(item_path(id)) { (text) } };
    }
    if let Ok(id) = text.parse::<RunId>() {
        return html! { a href=(run_path(&id.to_string())) { (text) } };
    }
    if let Ok(id) = text.parse::<EmployeeId>() {
        return html! { (person(directory, id)) };
    }
    if let Some(stage) = text
        .parse()
        .ok()
        .and_then(|id: StageId| directory.stages.get(&id))
    {
        return html! { (words.of(&stage.title)) };
    }
    if let Some(pipeline) = text
        .parse()
        .ok()
        .and_then(|id: PipelineId| directory.pipelines.get(&id))
    {
        return html! { (words.of(&pipeline.title)) };
    }
    if let Some(known) = text
        .parse()
        .ok()
        .and_then(|id: AttachmentId| directory.attachments.get(&id))
    {
        return html! { a href={ "/runs?attachment=" (known.id) } { (known.title) } };
    }
    html! { (text) }
}

/// A value in one place: ids as links, texts as they are, all else as JSON; long ones are cut.
pub(super) fn value(visitor: &Visitor, value: &Value) -> Markup {
    match value {
        Value::Null => html! { span.quiet { (visitor.words.t("field-empty")) } },
        Value::String(text) => linked(visitor, &cut(text)),
        other => html! { code { (cut(&other.to_string())) } },
    }
}

/// The beginning of a long text.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// What started a run, in words.
pub(super) fn cause_kind(visitor: &Visitor, kind: &str) -> Markup {
    html! { (visitor.words.t(&format!("run-cause-{kind}"))) }
}

/// The state of a run, and why.
pub(super) fn state(visitor: &Visitor, run: &Value) -> Markup {
    let words = visitor.words;
    let word = text(run, "state");
    let known: Option<RunState> = serde_json::from_value(run["state"].clone()).ok();
    html! {
        span class=(known.map_or("chip", state_chip)) { (words.t(&format!("run-state-{word}"))) }
        @if let Some(reason) = run["reason"].as_str().filter(|reason| *reason != "by-hand" || word == "cancelled") {
            " " span.quiet { (words.t(&format!("run-reason-{reason}"))) }
        }
        @if matches!(known, Some(RunState::Scheduled | RunState::Retryable)) && run["due_at"].is_string() {
            " " (at(visitor, &run["due_at"]))
        }
    }
}
