//! The bar of a draft: what is not published yet, and the ways on: publish, take over, throw away.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::json;
use signalbox_crm::attachment::Attachment;
use signalbox_crm::automation::{AutomationId, COMMENT_CHARS_MAX, DifferenceKind};

use super::design::{again, noted};
use super::difference::{field_title, lines};
use super::here::after_publishing;
use super::{chosen, path_of};
use crate::automation::DraftView;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::{actor, instant};
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::Configure;
use crate::http::problem::{Problem, ProblemBody};

/// The bar; nothing while nobody has begun a draft.
pub(super) fn bar(visitor: &Visitor, draft: &DraftView) -> Markup {
    if draft.version == 0 {
        return html! {};
    }
    let words = visitor.words;
    let count = i64::try_from(draft.difference.entries.len()).unwrap_or(i64::MAX);
    let list: Vec<&Attachment> = draft.entries.iter().map(|entry| &entry.attachment).collect();
    html! {
        section.panel.draft-bar data-key="draft" aria-label=(words.t("draft-label")) {
            p {
                strong { (words.n("draft-changes", count)) } " "
                span.quiet { (actor(&draft.changed_by, visitor)) ", " (instant(draft.changed_at, visitor)) }
            }
            @if count > 0 {
                details data-key="difference" {
                    summary { (words.t("draft-difference")) }
                    (lines(visitor, &draft.difference, &list))
                }
            }
            (removed(visitor, draft))
            @if draft.is_stale {
                div.notice.notice-warn { p { (words.t("draft-stale")) } }
            }
            (problems(visitor, draft))
            @if visitor.may::<Configure>() { (ways(visitor, draft)) }
        }
    }
}

/// What was taken out can come back until it is published.
fn removed(visitor: &Visitor, draft: &DraftView) -> Markup {
    let all = draft.difference.entries.iter();
    let gone: Vec<_> = all
        .filter(|entry| entry.kind == DifferenceKind::Removed)
        .collect();
    if gone.is_empty() || !visitor.may::<Configure>() {
        return html! {};
    }
    let words = visitor.words;
    html! {
        ul.removed {
            @for entry in gone {
                li {
                    form.row method="post" action={ (path_of(draft.automation)) "/edit" } {
                        input type="hidden" name="version" value=(draft.version);
                        input type="hidden" name="entry" value=(entry.entry);
                        span { (words.f("draft-removed", &[("title", entry.title.as_str().into())])) }
                        button.link name="do" value="restore" { (words.t("entry-restore")) }
                    }
                }
            }
        }
    }
}

/// What keeps the draft from being published, each with the way to its form.
fn problems(visitor: &Visitor, draft: &DraftView) -> Markup {
    if draft.problems.is_empty() {
        return html! {};
    }
    let words = visitor.words;
    let of = |id| draft.entries.iter().find(|entry| entry.attachment.id == id);
    html! {
        div.notice.notice-warn {
            p { (words.t("draft-unfinished")) }
            ul {
                @for problem in &draft.problems {
                    @let entry = of(problem.entry).map(|entry| &entry.attachment);
                    li {
                        a href={ (path_of(draft.automation)) "/entries/" (problem.entry.0) "#" (problem.field) } { (problem.title) }
                        ": " (field_title(visitor, &problem.field, entry))
                    }
                }
            }
        }
    }
}

fn ways(visitor: &Visitor, draft: &DraftView) -> Markup {
    let (words, path) = (visitor.words, path_of(draft.automation));
    let is_ready = draft.problems.is_empty() && !draft.is_stale && !draft.difference.is_empty();
    let version = html! { input type="hidden" name="version" value=(draft.version); };
    html! {
        div.row {
            @if draft.is_stale {
                form method="post" action={ (path) "/rebase" } { (version) button.primary { (words.t("draft-rebase")) } }
            }
            form.row method="post" action={ (path) "/publish" } {
                (version)
                input name="comment" maxlength=(COMMENT_CHARS_MAX) aria-label=(words.t("draft-comment")) placeholder=(words.t("draft-comment"));
                button.primary disabled[!is_ready] { (words.t("draft-publish")) }
            }
            form method="post" action={ (path) "/discard" } data-confirm=(words.t("draft-discard-sure")) {
                (version)
                button.danger { (words.t("draft-discard")) }
            }
        }
    }
}

/// Why the API says no, in the person's language where the code says it all.
pub(super) fn told(visitor: &Visitor, problem: &ProblemBody) -> String {
    let words = visitor.words;
    match problem.code {
        "stale-version" => words.t("draft-changed-meanwhile").into_owned(),
        "stale-draft" => words.t("draft-stale").into_owned(),
        "unfinished" => words.t("draft-unfinished").into_owned(),
        _ => words.say(&problem.detail),
    }
}

/// Sends the person on, or shows the page again with what was refused.
async fn answer<T>(
    visitor: &Visitor,
    id: AutomationId,
    asked: Result<T, Refused>,
    done: &str,
) -> Result<Response, Problem> {
    match asked {
        Ok(_) => Ok(Redirect::to(&format!("{}?done={done}", path_of(id))).into_response()),
        Err(Refused(problem)) => again(visitor, id, &problem).await,
    }
}

pub(super) async fn publish(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let body = json!({"comment": form.get("comment").unwrap_or_default().trim()});
    let path = format!("/automation/{id}/draft/publish");
    let asked = visitor
        .ask(Ask::post(&path, body).seen(form.number("version")?))
        .await;
    match asked {
        Ok(published) => Ok(Redirect::to(&after_publishing(&visitor, id, &published).await).into_response()),
        Err(Refused(problem)) => again(&visitor, id, &problem).await,
    }
}

pub(super) async fn discard(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let path = format!("/automation/{id}/draft");
    let asked = visitor
        .ask(Ask::delete(&path).seen(form.number("version")?))
        .await;
    answer(&visitor, id, asked, "discarded").await
}

pub(super) async fn rebase(
    visitor: Allowed<Configure>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let path = format!("/automation/{id}/draft/rebase");
    let asked = visitor
        .ask(Ask::post(&path, json!({})).seen(form.number("version")?))
        .await;
    if let Ok(told) = &asked
        && let Some(page) = noted(&visitor, id, told).await?
    {
        return Ok(page);
    }
    answer(&visitor, id, asked, "rebased").await
}
