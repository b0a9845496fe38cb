//! How long after its moment the robot runs, and in which order.

use maud::{Markup, html};
use signalbox_crm::pipeline::FieldType;

use super::Sheet;
use super::params::select;
use crate::console::item_fields::label;

/// Instants that every item has.
const INSTANTS: [&str; 3] = ["created-at", "stage-entered-at", "last-contact-at"];

pub(super) fn part(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    let kinds = ["now", "delay", "relative", "at"];
    html! {
        fieldset #timing {
            legend { (words.t("entry-field-timing")) }
            p.quiet { (words.t("rule-at-once")) }
            (sheet.field("timing-kind", &words.t("form-run"), &sheet.select("timing", &kinds, "timing", true)))
            @match sheet.typed("timing") {
                "delay" => (delay(sheet)),
                "relative" => (relative(sheet)),
                "at" => (sheet.field("at", &words.t("form-at"), &html! {
                    input type="datetime-local" name="at" value=(sheet.typed("at"));
                })),
                _ => {},
            }
            (sheet.why("timing"))
            (sheet.field("window", &words.t("entry-field-window"), &sheet.select("window", &["any", "working"], "window", false)))
            (sheet.field("mode", &words.t("entry-field-mode"), &sheet.select("mode", &["parallel", "after-previous"], "mode", false)))
        }
    }
}

fn count_and_unit(sheet: &Sheet<'_>, name: &str) -> Markup {
    let words = sheet.visitor.words;
    let count = format!("{name}.count");
    html! {
        label {
            span { (words.t("form-count")) }
            input.short name=(count) value=(sheet.typed(&count)) inputmode="numeric";
        }
        label {
            span { (words.t("form-unit")) }
            (sheet.select(&format!("{name}.unit"), &["m", "h", "d", "s"], "unit", false))
        }
    }
}

fn delay(sheet: &Sheet<'_>) -> Markup {
    html! {
        div.row.field {
            (count_and_unit(sheet, "delay"))
            label {
                input type="checkbox" name="delay.working" value="true" checked[sheet.typed("delay.working") == "true"];
                " " (sheet.visitor.words.t("form-working"))
            }
        }
    }
}

fn relative(sheet: &Sheet<'_>) -> Markup {
    let (visitor, words) = (sheet.visitor, sheet.visitor.words);
    let custom = visitor.directory.fields.values();
    let custom = custom.filter(|field| field.field_type == FieldType::Instant);
    let all = INSTANTS.into_iter().chain(custom.map(|field| field.key.as_str()));
    let fields: Vec<_> = all.map(|key| (key.to_owned(), label(visitor, key))).collect();
    html! {
        div.row.field {
            (count_and_unit(sheet, "relative"))
            label {
                span { (words.t("form-side")) }
                (sheet.select("relative.side", &["before", "after"], "side", false))
            }
            label {
                span { (words.t("form-field")) }
                (select(sheet, "relative.field", fields))
            }
        }
    }
}
