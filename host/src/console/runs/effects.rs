//! What a run changed, in words.

use maud::{Markup, html};
use serde_json::Value;

use super::telling::{cut, linked, text};
use crate::console::item::{changed_name, changed_value};
use crate::console::visitor::Visitor;

/// One effect, with links to what it concerns.
pub(super) fn draw(visitor: &Visitor, effect: &Value) -> Markup {
    let words = visitor.words;
    let of = |key: &str| linked(visitor, text(effect, key));
    let kind = text(effect, "effect");
    let label = html! { span.chip { (words.t(&format!("effect-{kind}"))) } " " };
    match kind {
        "changed" => html! { (label) (changed(visitor, effect)) },
        "notified" => html! { (label) (of("employee")) ": " (text(effect, "title")) },
        "commented" => html! { (label) (of("item")) ": " (cut(text(effect, "text"))) },
        "replied" => html! { (label) (text(effect, "conversation")) ", " (text(effect, "message")) },
        "assigned-from-list" => html! { (label) (of("item")) },
        "requested" => html! { (label) code { (text(effect, "method")) " " (text(effect, "to")) } },
        "remembered" | "forgotten" => html! { (label) (of("owner")) ": " code { (text(effect, "key")) } },
        "wake-up-set" => {
            html! { (label) code { (text(effect, "key")) } ", " (super::telling::at(visitor, &effect["at"])) }
        }
        "wake-up-cancelled" => html! { (label) code { (text(effect, "key")) } },
        _ => html! { code { (cut(&effect.to_string())) } },
    }
}

/// `deal:17, Stage: New -> Offer`.
fn changed(visitor: &Visitor, effect: &Value) -> Markup {
    let what = text(effect, "what");
    html! { (linked(visitor, text(effect, "subject"))) ", " (changed_name(visitor, what)) (difference(visitor, what, effect)) }
}

/// `: New -> Offer`; nothing where no values stand.
fn difference(visitor: &Visitor, what: &str, effect: &Value) -> Markup {
    let has_values = effect["before"].is_string() || effect["after"].is_string();
    let value = |key: &str| value(visitor, what, &effect[key]);
    html! { @if has_values { ": " del { (value("before")) } " \u{2192} " ins { (value("after")) } } }
}

fn value(visitor: &Visitor, what: &str, value: &Value) -> String {
    match value.as_str() {
        Some(value) => cut(&changed_value(visitor, what, value)),
        None => visitor.words.t("field-empty").into_owned(),
    }
}

/// One effect of a trial, which would be.
pub(in crate::console) fn would(visitor: &Visitor, effect: &Value) -> Markup {
    let (words, what) = (visitor.words, text(effect, "what"));
    let kind = text(effect, "kind");
    html! {
        span.chip { (words.t(&format!("try-effect-{kind}"))) } " " (linked(visitor, text(effect, "target")))
        @if kind == "changed" {
            ", " (changed_name(visitor, what)) (difference(visitor, what, effect))
        } @else {
            @if !what.is_empty() { ", " (what) }
            @if effect["after"].is_string() { ": " (value(visitor, what, &effect["after"])) }
        }
    }
}
