//! What the robot may do, and what happens when things do not go as planned.

use maud::{Markup, html};

use super::Sheet;
use super::params::{checks, fields, people};
use super::reading::{CHOICES, NUMBERS};

/// Permissions that the robot asks for, each with its reason.
pub(super) fn permissions(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    let Some(manifest) = sheet.manifest else {
        let grants = sheet.entry.attachment.grants.iter();
        return html! { @for grant in grants { input type="hidden" name="grants" value=(grant); } };
    };
    let asks = |interface: &str| manifest.permission.iter().any(|one| one.interface == interface);
    let notifies = ["notifications", "assignment", "activities"]
        .into_iter()
        .any(asks);
    html! {
        fieldset #grants {
            legend { (words.t("entry-field-grants")) }
            @if manifest.permission.is_empty() { p.quiet { (words.t("form-no-permissions")) } }
            @for permission in &manifest.permission {
                @let is_granted = sheet.form.all("grants").any(|one| one == permission.interface);
                div.field {
                    label {
                        input type="checkbox" name="grants" value=(permission.interface) checked[is_granted];
                        " " (words.t(&format!("interface-{}", permission.interface)))
                    }
                    p.quiet { (words.of(&permission.reason)) }
                }
            }
            (sheet.why("grants"))
            @if !manifest.http_hosts.is_empty() {
                (sheet.field("http_hosts", &words.t("entry-field-http-hosts"), &html! {
                    textarea name="http_hosts" rows="2" { (sheet.typed("http_hosts")) }
                }))
            }
            @if asks("fields") { (narrow(sheet, "grant_fields", "entry-field-grant-fields", &fields(sheet.visitor))) }
            @if notifies { (narrow(sheet, "grant_audience", "entry-field-grant-audience", &people(sheet.visitor))) }
        }
    }
}

/// A list that narrows a permission; nothing chosen: everything.
fn narrow(sheet: &Sheet<'_>, name: &str, key: &str, choices: &[(String, String)]) -> Markup {
    let words = sheet.visitor.words;
    html! {
        details id=(name) open[sheet.is_wrong(name)] {
            summary { (words.t(key)) }
            p.quiet { (words.t("form-narrow")) }
            (checks(sheet, name, choices))
            (sheet.why(name))
        }
    }
}

/// The rest: what seldom changes.
pub(super) fn part(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    let own: Vec<&(&str, &[&str])> = CHOICES
        .iter()
        .filter(|(name, _)| !matches!(*name, "window" | "mode"))
        .collect();
    let is_open = NUMBERS.iter().any(|name| sheet.is_wrong(name));
    html! {
        label.field {
            input type="hidden" name="is_enabled" value="false";
            input type="checkbox" name="is_enabled" value="true" checked[sheet.typed("is_enabled") == "true"];
            " " (words.t("entry-field-is-enabled"))
        }
        (newer(sheet))
        details.panel open[is_open] {
            summary { (words.t("form-more")) }
            p.quiet { (words.t("rule-leaving")) }
            div.columns {
                @for (name, choices) in own {
                    (sheet.field(name, &words.t(&format!("entry-field-{}", name.replace('_', "-"))),
                        &sheet.select(name, choices, &name.replace('_', "-"), false)))
                }
                @for name in NUMBERS {
                    (sheet.field(name, &words.t(&format!("entry-field-{}", name.replace('_', "-"))), &html! {
                        input name=(name) value=(sheet.typed(name)) inputmode="numeric";
                    }))
                }
            }
            label {
                input type="checkbox" name="overrides_required_fields" value="true"
                    checked[sheet.typed("overrides_required_fields") == "true"];
                " " (words.t("entry-field-overrides-required-fields"))
            }
        }
    }
}

/// The newer version of the robot, if there is one.
fn newer(sheet: &Sheet<'_>) -> Markup {
    let attachment = &sheet.entry.attachment;
    let current = sheet.visitor.directory.current_robot(&attachment.robot);
    let current = current.filter(|current| current.digest != attachment.digest);
    html! {
        @if let Some(current) = current {
            label.field {
                input type="checkbox" name="digest" value=(current.digest) checked[sheet.typed("digest") == current.digest];
                " " (sheet.visitor.words.f("form-newer", &[("robot", current.manifest.label().into())]))
            }
        }
    }
}
