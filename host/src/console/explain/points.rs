//! Points of an explanation or a dry run, in the person's language.

use fluent_bundle::FluentValue;
use maud::{Markup, html};
use serde_json::Value;
use signalbox_crm::time::Timestamp;

use super::{linked, text};
use crate::console::automation::reference_text;
use crate::console::format::{actor, plain_instant};
use crate::console::item::{changed_name, changed_value};
use crate::console::visitor::Visitor;

/// The names of all values that points have. Texts choose by `none` where a point has not that value.
const NAMES: [&str; 32] = [
    "after",
    "at",
    "attachment",
    "attached_at",
    "attempt",
    "by",
    "code",
    "detail",
    "due_at",
    "event",
    "field",
    "found",
    "from",
    "group",
    "kind",
    "message",
    "next_at",
    "op",
    "per_minute",
    "reason",
    "robot",
    "run",
    "since",
    "stage",
    "stands_in",
    "summary",
    "title",
    "to",
    "until",
    "wanted",
    "what",
    "why",
];

/// All points in their order.
pub(in crate::console) fn points(visitor: &Visitor, points: &[Value]) -> Markup {
    html! { ol.points { @for one in points { li { (bearing(visitor, one)) " " (point(visitor, one)) } } } }
}

/// What a point means, as sign and word.
fn bearing(visitor: &Visitor, point: &Value) -> Markup {
    let word = text(point, "bearing");
    let (class, sign) = match word {
        "for" => ("chip chip-good", "+"),
        "against" => ("chip chip-bad", "\u{2212}"),
        "waits" => ("chip chip-warn", "\u{2026}"),
        _ => ("chip chip-info", "~"),
    };
    html! {
        span class=(class) title=(visitor.words.t(&format!("bearing-{word}"))) {
            span aria-hidden="true" { (sign) }
            span.sr { (visitor.words.t(&format!("bearing-{word}"))) }
        }
    }
}

/// One point as a sentence, with a link to its run.
pub(super) fn point(visitor: &Visitor, point: &Value) -> Markup {
    let values = &point["values"];
    let args = NAMES.map(|name| {
        let given = values[name].as_str();
        let shown = match (name, given) {
            // A test for empty or filled wants nothing.
            ("wanted", None) => String::new(),
            (_, None) => "none".to_owned(),
            (_, Some(value)) => shown(visitor, name, value),
        };
        (name, FluentValue::from(shown))
    });
    html! {
        (visitor.words.f(&format!("point-{}", text(point, "code")), &args))
        @if let Some(run) = values["run"].as_str() { " (" (linked(visitor, run)) ")" }
    }
}

/// A value as people read it.
fn shown(visitor: &Visitor, name: &str, value: &str) -> String {
    let words = visitor.words;
    match name {
        "stage" | "stands_in" | "from" | "to" => changed_value(visitor, "stage", value),
        "at" | "attached_at" | "due_at" | "next_at" | "since" | "until" => {
            let parsed = Timestamp::parse(value);
            parsed.map_or_else(|_| value.to_owned(), |at| plain_instant(at, visitor))
        }
        "reason" => words.t(&format!("run-reason-{value}")).into_owned(),
        "kind" => words.t(&format!("run-cause-{value}")).into_owned(),
        "op" => words.t(&format!("op-{value}")).into_owned(),
        "field" => changed_name(visitor, value),
        "wanted" | "found" => reference_text(visitor, value),
        "by" => actor(value, visitor),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use signalbox_crm::account::Language;
    use signalbox_crm::explaining::PointCode;

    use super::*;
    use crate::console::words::Words;

    /// Each code has its text, and no text has a value that no point gives.
    #[test]
    fn every_code_is_a_sentence_with_and_without_its_values() {
        for language in Language::ALL {
            for given in ["none", "value"] {
                let args = NAMES.map(|name| (name, FluentValue::from(given)));
                for code in PointCode::ALL {
                    let key = format!("point-{}", code.as_str());
                    let said = Words(language).f(&key, &args);
                    assert!(said != key && !said.contains("{$"), "{language:?} {key}: {said}");
                }
            }
        }
    }
}
