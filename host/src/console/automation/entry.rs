//! The form of one robot, made from its manifest: what it does, when, whether, and what it may do.
//!
//! A draft keeps what is wrong or missing, so nothing that was typed is lost: it is saved, shown again, and named.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::automation::AutomationId;
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::robot::Manifest;
use signalbox_crm::sentence::Sentence;

use super::acting::ask_edit;
use super::difference::field_title;
use super::publishing::told;
use super::{chosen, draft_of, path_of};
use crate::automation::{DraftView, EntryView};
use crate::console::asking::Refused;
use crate::console::form::Form;
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::{Configure, Read};
use crate::http::problem::{Problem, ProblemBody};
use signalbox_crm::said;

mod conditions;
mod limits;
mod moment;
mod params;
mod reading;
mod timing;
mod trying;
mod typed;

/// A field that is wrong: `params.title`, and why.
type Wrong = (String, String);

/// What the parts of the form draw from.
struct Sheet<'a> {
    visitor: &'a Visitor,
    automation: AutomationId,
    entry: &'a EntryView,
    /// None when the robot's version is not installed any more.
    manifest: Option<&'a Manifest>,
    form: &'a Form,
    wrong: &'a [Wrong],
}

impl Sheet<'_> {
    /// What was typed under a name.
    fn typed(&self, name: &str) -> &str {
        self.form.get(name).unwrap_or_default()
    }

    /// A field with its label, and what is wrong with it.
    fn field(&self, field: &str, label: &str, input: &Markup) -> Markup {
        html! {
            div.field.field-wrong[self.is_wrong(field)] id=(field) {
                label { span { (label) } (input) }
                (self.why(field))
            }
        }
    }

    fn is_wrong(&self, field: &str) -> bool {
        self.wrong.iter().any(|(known, _)| known == field)
    }

    /// What is wrong with a field.
    fn why(&self, field: &str) -> Markup {
        html! {
            @for (_, why) in self.wrong.iter().filter(|(known, _)| known == field) { p.wrong { (why) } }
        }
    }

    /// A choice of words; those of a set have keys of their own.
    fn select(&self, name: &str, choices: &[&str], set: &str, refreshes: bool) -> Markup {
        html! {
            select name=(name) data-refresh[refreshes] {
                @for choice in choices {
                    option value=(choice) selected[self.typed(name) == *choice] { (self.visitor.words.t(&format!("choice-{set}-{choice}"))) }
                }
            }
        }
    }
}

/// What is wrong with a field, beside it: there its name need not be repeated.
fn said_of(visitor: &Visitor, why: &Sentence) -> String {
    match why.template() {
        "`{param}` is required" | "the title is empty" => visitor.words.t("form-required").into_owned(),
        _ => visitor.words.say(why),
    }
}

/// The entry of a path.
fn find<'d>(draft: &'d DraftView, text: &str) -> Result<&'d EntryView, Problem> {
    let id = text.parse().ok().map(AttachmentId);
    let found = draft.entries.iter().find(|entry| Some(entry.attachment.id) == id);
    found.ok_or_else(|| {
        Problem::not_found_because(said!(
            "`attachment:{text} in the draft of {automation}` does not exist",
            text,
            automation = draft.automation
        ))
    })
}

/// What the rules say about the entry as it is kept.
fn problems_of(visitor: &Visitor, entry: &EntryView) -> Vec<Wrong> {
    let problems = entry.problems.iter();
    problems
        .map(|problem| (problem.field.clone(), said_of(visitor, &problem.message)))
        .collect()
}

pub(super) async fn page(
    visitor: Allowed<Read>,
    Path((id, entry)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let draft = draft_of(&visitor, chosen(&visitor, &id)?)?;
    let entry = find(&draft, &entry)?;
    let form = typed::form_of(&visitor, entry);
    // What was only just added is not wrong yet: it says what is required, and the designer says that it waits.
    let wrong = match entry.attachment.params.is_empty() {
        true => Vec::new(),
        false => problems_of(&visitor, entry),
    };
    Ok(draw(&visitor, &draft, entry, &form, &wrong, &html! {}).into_response())
}

pub(super) async fn save(
    visitor: Allowed<Configure>,
    Path((id, number)): Path<(String, String)>,
    mut form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let draft = draft_of(&visitor, id)?;
    let entry = find(&draft, &number)?;
    let step = form.get("do").unwrap_or("save").to_owned();
    if step != "save" && step != "try" {
        conditions::step(&mut form, &step);
        return Ok(draw(&visitor, &draft, entry, &form, &[], &html! {}).into_response());
    }
    let patch = match reading::patch_of(&visitor, entry, &form) {
        Ok(patch) => patch,
        Err(wrong) => {
            let wrong: Vec<Wrong> = wrong
                .into_iter()
                .map(|(field, key)| (field, visitor.words.t(&key).into_owned()))
                .collect();
            let page = draw(&visitor, &draft, entry, &form, &wrong, &html! {});
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    if step == "try" {
        return try_out(&visitor, &draft, entry, &form, patch).await;
    }
    let change = json!({"kind": "change", "entry": entry.attachment.id, "set": patch});
    let asked = ask_edit(&visitor, id, form.number("version")?, change).await;
    let draft = draft_of(&visitor, id)?;
    let entry = find(&draft, &number)?;
    match asked {
        Ok(_) if entry.problems.is_empty() => {
            Ok(Redirect::to(&format!("{}?done=saved", path_of(id))).into_response())
        }
        Ok(_) => {
            let notice =
                html! { div.notice.notice-warn { p { (visitor.words.t("form-saved-unfinished")) } } };
            let page = draw(
                &visitor,
                &draft,
                entry,
                &form,
                &problems_of(&visitor, entry),
                &notice,
            );
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let notice = html! { div.notice.notice-bad role="alert" { p { (told(&visitor, &problem)) } } };
            Ok((status, draw(&visitor, &draft, entry, &form, &[], &notice)).into_response())
        }
    }
}

/// Shows what the robot would do; what stands in the form is not saved.
async fn try_out(
    visitor: &Visitor,
    draft: &DraftView,
    entry: &EntryView,
    form: &Form,
    patch: Value,
) -> Result<Response, Problem> {
    match trying::try_out(visitor, entry, form, patch).await {
        Ok(tried) => Ok(draw(visitor, draft, entry, form, &[], &tried).into_response()),
        Err(problem) => {
            let problem = ProblemBody::from(problem);
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let notice = html! { div.notice.notice-bad role="alert" { p { (told(visitor, &problem)) } } };
            Ok((status, draw(visitor, draft, entry, form, &[], &notice)).into_response())
        }
    }
}

fn draw<'v>(
    visitor: &'v Visitor,
    draft: &DraftView,
    entry: &EntryView,
    form: &Form,
    wrong: &[Wrong],
    notice: &Markup,
) -> Page<'v> {
    let words = visitor.words;
    let version = visitor.directory.robots.get(&entry.attachment.digest);
    let sheet = Sheet {
        visitor,
        automation: draft.automation,
        entry,
        manifest: version.map(|version| &version.manifest),
        form,
        wrong,
    };
    let path = path_of(draft.automation);
    let may = visitor.may::<Configure>();
    let buttons = html! {
        div.row {
            @if may { button.primary name="do" value="save" { (words.t("form-save")) } }
            a.button href=(path) { (words.t("form-back")) }
        }
    };
    let body = html! {
        h1 { (entry.attachment.title) }
        (about(&sheet))
        (notice)
        (summary(&sheet))
        form.robot-form method="post" action={ (path) "/entries/" (entry.attachment.id.0) } {
            fieldset.plain disabled[!may] {
                input type="hidden" name="version" value=(draft.version);
                (buttons)
                button hidden name="do" value="refresh" {}
                (sheet.field("title", &words.t("entry-field-title"), &html! {
                    input name="title" value=(sheet.typed("title")) maxlength="200" required;
                }))
                (params::part(&sheet))
                (moment::part(&sheet))
                (timing::part(&sheet))
                (conditions::part(&sheet))
                (limits::permissions(&sheet))
                (limits::part(&sheet))
                @if may { (trying::part(&sheet)) }
            }
            (buttons)
        }
    };
    Page::new(visitor, Section::Automation, entry.attachment.title.clone())
        .with(Some("automation"), Some("automation"))
        .body(body)
}

/// Which robot it is, and whether there is a newer one.
fn about(sheet: &Sheet<'_>) -> Markup {
    let words = sheet.visitor.words;
    html! {
        @match sheet.manifest {
            Some(manifest) => p.quiet { (words.of(&manifest.name)) " " (manifest.label()) ". " (words.of(&manifest.description)) },
            None => div.notice.notice-bad { (words.f("form-robot-missing", &[("robot", sheet.entry.attachment.robot.as_str().into())])) },
        }
    }
}

/// Everything that is wrong, with links.
fn summary(sheet: &Sheet<'_>) -> Markup {
    if sheet.wrong.is_empty() {
        return html! {};
    }
    html! {
        div.notice.notice-bad role="alert" {
            p { (sheet.visitor.words.t("form-wrong")) }
            ul {
                @for (field, why) in sheet.wrong {
                    li {
                        a href={ "#" (field) } { (field_title(sheet.visitor, field, Some(&sheet.entry.attachment))) }
                        ": " (why)
                    }
                }
            }
        }
    }
}
