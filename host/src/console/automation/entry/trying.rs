//! "Try on deal N": what the robot would do, with what stands in the form and is not saved yet.

use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::attachment::Attachment;
use signalbox_crm::automation::EntryPatch;
use signalbox_crm::ids::{AttachmentId, ItemId, ItemKind};
use signalbox_crm::run::Verdict;
use signalbox_crm::sentence::Sentence;

use super::Sheet;
use crate::automation::EntryView;
use crate::console::explain::draw_points;
use crate::console::form::Form;
use crate::console::format::{instant, item_path};
use crate::console::runs::would;
use crate::console::visitor::Visitor;
use crate::engine::dry_run::{Ask, DryRun, Executed, Subject, dry_run};
use crate::http::problem::Problem;

/// The part of the form: on which deal or lead.
pub(super) fn part(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    html! {
        fieldset #try {
            legend { (words.t("try-title")) }
            p.quiet { (words.t("try-help")) }
            div.row {
                label {
                    span { (words.t("try-item")) }
                    input name="try" value=(sheet.typed("try")) placeholder="17" maxlength="40";
                }
                label {
                    input type="checkbox" name="regardless" value="true" checked[sheet.typed("regardless") == "true"];
                    " " (words.t("try-regardless"))
                }
                button name="do" value="try" { (words.t("try-go")) }
            }
        }
    }
}

/// `17` is a deal in a pipeline of deals; `lead:4` says it all.
async fn item_of(visitor: &Visitor, text: &str) -> Result<Option<ItemId>, Problem> {
    let text = text.trim().trim_start_matches('#');
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(id) = text.parse::<ItemId>() {
        return Ok(Some(id));
    }
    let number: i64 = text.parse().map_err(|_| Problem::not_found(text))?;
    let found = visitor.console.app.core.db.item(number).await?;
    let missing = ItemId {
        kind: ItemKind::Deal,
        number,
    };
    found
        .map(|item| Some(item.id))
        .ok_or_else(|| Problem::not_found(missing))
}

/// Tries the robot with the patch of the form, and stores nothing.
pub(super) async fn try_out(
    visitor: &Visitor,
    entry: &EntryView,
    form: &Form,
    patch: Value,
) -> Result<Markup, Problem> {
    let item = item_of(visitor, form.get("try").unwrap_or_default()).await?;
    let mut attachment: Attachment = entry.attachment.clone();
    let patch: EntryPatch = serde_json::from_value(patch)
        .map_err(|error| Problem::invalid("form", Sentence::plain(error.to_string())))?;
    patch.apply(&mut attachment);
    if !visitor.directory.attachments.contains_key(&attachment.id) {
        attachment.id = AttachmentId(0);
    }
    let app = &visitor.console.app;
    let ask = Ask {
        regardless: form.get("regardless") == Some("true"),
        by: Some(visitor.me.id),
        ..Ask::new(Subject::Unsaved(Box::new(attachment)), item)
    };
    let tried = dry_run(&app.core, &app.robots, ask).await?;
    Ok(draw(visitor, &tried))
}

fn draw(visitor: &Visitor, tried: &DryRun) -> Markup {
    let words = visitor.words;
    let points: Vec<Value> = tried.points.iter().map(|point| json!(point)).collect();
    html! {
        section.panel.tried #tried aria-label=(words.t("try-title")) {
            h2 {
                @if tried.starts { (words.t("try-starts")) } @else { (words.t("try-starts-not")) }
                @if let Some(item) = tried.item { " " a href=(item_path(item)) { (item) } }
            }
            p.quiet { (words.t("try-nothing-stored")) " " (words.t("try-due")) " " (instant(tried.due_at, visitor)) }
            (draw_points(visitor, &points))
            @if let Some(verdict) = &tried.verdict { (ended(visitor, verdict)) }
            @if tried.verdict.is_some() {
                h3 { (words.t("try-effects")) }
                @if tried.effects.is_empty() { p.quiet { (words.t("try-effects-none")) } }
                ul.difference { @for effect in &tried.effects { li { (would(visitor, &json!(effect))) } } }
            }
            @if !tried.events.is_empty() {
                h3 { (words.t("try-then")) }
                ul {
                    @for event in &tried.events {
                        @for started in &event.starts { li { (started.title) " (" (started.robot) ")" } }
                    }
                    @for cancelled in &tried.cancels { li { (words.f("try-cancels", &[("title", cancelled.title.as_str().into())])) } }
                }
            }
            @if let Some(executed) = &tried.execution { (details(visitor, executed)) }
        }
    }
}

fn ended(visitor: &Visitor, verdict: &Verdict) -> Markup {
    let words = visitor.words;
    match verdict {
        Verdict::Done { summary } => html! {
            div.notice.notice-good { p { (words.t("try-done")) } p { (summary) } }
        },
        Verdict::Skipped { summary } => html! {
            div.notice { p { (words.t("try-skipped")) } p { (summary) } }
        },
        Verdict::Failed { code, message, .. } => html! {
            div.notice.notice-bad { p { (words.t("try-failed")) } p { code { (code) } " " (message) } }
        },
    }
}

fn details(visitor: &Visitor, executed: &Executed) -> Markup {
    let words = visitor.words;
    let pretty = |json: &str| {
        let value: Value = serde_json::from_str(json).unwrap_or_default();
        serde_json::to_string_pretty(&value).unwrap_or_default()
    };
    html! {
        @for what in &executed.denied { p.wrong { (words.f("try-denied", &[("what", what.as_str().into())])) } }
        details {
            summary { (words.t("try-calls")) }
            pre { (pretty(executed.calls.get())) }
        }
        details {
            summary { (words.t("try-logs")) }
            pre { (pretty(executed.logs.get())) }
        }
    }
}
