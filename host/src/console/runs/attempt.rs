//! One attempt of a run: how it ended, what it used, every host call with its answer, the log between them, and what it
//! changed.

use maud::{Markup, html};
use serde_json::Value;

use super::effects;
use super::telling::{at, cut, list, text, took, value};
use crate::console::visitor::Visitor;

/// Host calls that a page shows; the run file has all.
const CALLS_MAX: usize = 300;

/// Functions that only read, by interface; every other one may change something.
const READING: [(&str, &[&str]); 10] = [
    ("activities", &["get", "list-open"]),
    ("clock", &["now"]),
    ("contacts", &["get", "find-by-phone", "find-by-email"]),
    ("conversations", &["get", "of-item", "messages"]),
    ("fields", &["get", "get-all"]),
    ("items", &["get", "find"]),
    ("outbound-http", &["get-answer"]),
    ("params", &["get"]),
    ("stages", &["missing-fields"]),
    ("state", &["get"]),
];

/// Interfaces without any function that changes something.
const READING_ONLY: [&str; 3] = ["calendar", "employees", "random"];

/// The attempt; the last one is open.
pub(super) fn draw(visitor: &Visitor, attempt: &Value, is_last: bool) -> Markup {
    let words = visitor.words;
    let number = attempt["number"].to_string();
    let calls = list(&attempt["calls"]);
    let effects = list(&attempt["effects"]);
    html! {
        details.panel.attempt data-key={ "attempt-" (number) } open[is_last] {
            summary {
                h2 { (words.f("run-attempt", &[("number", number.as_str().into())])) }
                " " (verdict_chip(visitor, &attempt["verdict"]))
                " " span.quiet { (at(visitor, &attempt["started_at"])) }
            }
            (verdict(&attempt["verdict"]))
            dl.pairs {
                dt { (words.t("runs-robot")) } dd { (text(attempt, "robot")) " " code.digest { (short_digest(text(attempt, "digest"))) } }
                dt { (words.t("runs-took")) } dd { (took(visitor, &attempt["duration_us"])) }
                dt { (words.t("run-fuel")) } dd { (attempt["fuel"]) }
                dt { (words.t("run-memory")) } dd { (kibibytes(&attempt["memory_bytes"])) }
            }
            (denials(visitor, &attempt["denied"]))
            h3 { (words.t("run-effects")) }
            @if effects.is_empty() { p.quiet { (words.t("run-no-effect")) } }
            @else { ul.effects { @for effect in effects { li { (effects::draw(visitor, effect)) } } } }
            h3 { (words.n("run-calls", calls.len())) }
            (journal(visitor, calls, list(&attempt["logs"])))
        }
    }
}

/// A dry run, as one attempt that changed nothing.
pub(super) fn trial(visitor: &Visitor, tried: &Value) -> Markup {
    let (words, execution) = (visitor.words, &tried["execution"]);
    let calls = list(&execution["calls"]);
    html! {
        section.panel.attempt {
            p { (verdict_chip(visitor, tried)) }
            (verdict(tried))
            @if execution.is_object() {
                dl.pairs {
                    dt { (words.t("runs-took")) } dd { (took(visitor, &execution["duration_us"])) }
                    dt { (words.t("run-fuel")) } dd { (execution["fuel"]) }
                    dt { (words.t("run-memory")) } dd { (kibibytes(&execution["memory_bytes"])) }
                }
                (denials(visitor, &execution["denied"]))
                h2 { (words.n("run-calls", calls.len())) }
                (journal(visitor, calls, list(&execution["logs"])))
            }
        }
    }
}

/// `done`, `skipped` or `failed` in words.
pub(super) fn verdict_word(visitor: &Visitor, verdict: &Value) -> Markup {
    html! { (visitor.words.t(&format!("run-verdict-{}", text(verdict, "verdict")))) }
}

fn verdict_chip(visitor: &Visitor, verdict: &Value) -> Markup {
    let class = match text(verdict, "verdict") {
        "done" => "chip chip-good",
        "failed" => "chip chip-bad",
        _ => "chip",
    };
    html! { span class=(class) { (verdict_word(visitor, verdict)) } }
}

/// The robot's own words, or the failure with its backtrace.
fn verdict(verdict: &Value) -> Markup {
    html! {
        @if let Some(summary) = verdict["summary"].as_str().filter(|text| !text.is_empty()) { p { (cut(summary)) } }
        @if let Some(code) = verdict["code"].as_str() {
            p.notice.notice-bad { code { (code) } }
            pre.failure lang="en" { (cut(text(verdict, "message"))) }
        }
    }
}

fn denials(visitor: &Visitor, denied: &Value) -> Markup {
    let denied = list(denied);
    html! {
        @if !denied.is_empty() {
            div.notice.notice-warn {
                p { (visitor.words.t("run-denied")) }
                ul lang="en" { @for one in denied { li { (one.as_str().unwrap_or_default()) } } }
            }
        }
    }
}

/// Calls and log lines in the order in which they happened.
fn journal(visitor: &Visitor, calls: &[Value], logs: &[Value]) -> Markup {
    let words = visitor.words;
    let shown = calls.len().min(CALLS_MAX);
    let before = |index: usize| {
        logs.iter()
            .filter(move |line| line["after_call"].as_u64() == u64::try_from(index).ok())
    };
    html! {
        ol.calls {
            @for (index, call) in calls.iter().take(shown).enumerate() {
                @for line in before(index) { (log_line(line)) }
                (draw_call(visitor, call))
            }
            @if shown == calls.len() { @for line in before(shown) { (log_line(line)) } }
        }
        @if shown < calls.len() { p.quiet { (words.n("run-calls-more", calls.len() - shown)) } }
    }
}

fn log_line(line: &Value) -> Markup {
    let level = text(line, "level");
    let class = match level {
        "error" => "chip chip-bad",
        "warn" => "chip chip-warn",
        _ => "chip",
    };
    html! { li.log { span class=(class) { (level) } " " span.text { (cut(text(line, "message"))) } } }
}

fn draw_call(visitor: &Visitor, call: &Value) -> Markup {
    let words = visitor.words;
    let (interface, function) = (text(call, "interface"), text(call, "function"));
    let answer = &call["answer"];
    let has_changed = !is_reading(interface, function) && answer.get("ok").is_some();
    html! {
        li.call {
            p {
                code { (interface) "." (function) } " "
                @if has_changed { span.chip.chip-info { (words.t("run-call-changed")) } }
                @else if is_reading(interface, function) { span.chip { (words.t("run-call-read")) } }
                @if answer.get("err").is_some() { " " span.chip.chip-bad { (words.t("run-call-refused")) } }
            }
            dl.pairs {
                dt { (words.t("run-call-args")) }
                dd { @for (index, arg) in list(&call["args"]).iter().enumerate() { @if index > 0 { ", " } (value(visitor, arg)) } }
                dt { (words.t("run-call-answer")) }
                dd {
                    @if let Some(error) = answer.get("err") { code { (text(error, "code")) } " " span lang="en" { (cut(text(error, "message"))) } }
                    @else if answer.get("ok").is_some_and(Value::is_null) { (words.t("run-call-ok")) }
                    @else if let Some(ok) = answer.get("ok") { (value(visitor, ok)) }
                    @else { (words.t("run-call-open")) }
                }
            }
        }
    }
}

fn is_reading(interface: &str, function: &str) -> bool {
    let mut known = READING.iter().filter(|(name, _)| *name == interface);
    READING_ONLY.contains(&interface) || known.any(|(_, functions)| functions.contains(&function))
}

/// The beginning of a digest, enough to compare by eye.
pub(in crate::console) fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// `64 KiB`.
fn kibibytes(bytes: &Value) -> String {
    let bytes = bytes.as_u64().unwrap_or_default();
    format!("{} KiB", bytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// The interfaces of the contract with their functions.
    fn contract() -> BTreeMap<String, Vec<String>> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        let mut interfaces: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let mut last = String::new();
            for line in text.lines() {
                if let Some(name) = line.strip_prefix("interface ") {
                    name.trim_end_matches(['{', ' ']).clone_into(&mut last);
                }
                if let Some((name, _)) = line.trim().split_once(": func(") {
                    interfaces.entry(last.clone()).or_default().push(name.to_owned());
                }
            }
        }
        interfaces
    }

    /// A new function of the contract is not taken for one that changes something without a thought.
    #[test]
    fn every_function_of_the_contract_reads_or_changes() {
        let contract = contract();
        for (interface, functions) in READING {
            for function in functions {
                assert!(
                    contract[interface].iter().any(|known| known == function),
                    "{interface}.{function}"
                );
            }
        }
        let is_called = |interface: &str| !["entry", "log"].contains(&interface);
        let called = contract.iter().filter(|(interface, _)| is_called(interface));
        let changing: Vec<String> = called
            .flat_map(|(interface, functions)| {
                let functions = functions
                    .iter()
                    .filter(|function| !is_reading(interface, function));
                functions.map(move |function| format!("{interface}.{function}"))
            })
            .collect();
        let expected = "activities.create activities.complete activities.cancel activities.reschedule \
             assignment.assign assignment.assign-from-list contact-editing.create contact-editing.update \
             conversation-control.close fields.set item-creation.create item-creation.copy messaging.reply \
             notifications.send outbound-http.send stages.move state.set state.delete timeline.add-comment \
             timers.set timers.cancel";
        assert_eq!(changing.join(" "), expected);
    }
}
