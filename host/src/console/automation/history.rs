//! Everything that was in force: versions, the difference of two, and the way back.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::json;
use signalbox_crm::attachment::Attachment;
use signalbox_crm::automation::{AutomationId, Origin};

use super::difference::lines;
use super::publishing::told;
use super::{chosen, draft_of, path_of, title_of};
use crate::automation::{VersionView, VersionsDifference, difference, version, versions};
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::{actor, instant};
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::{Configure, Read};
use crate::http::problem::Problem;
use signalbox_crm::said;

/// Versions on a page.
const PAGE: usize = 30;

pub(super) async fn page(
    visitor: Allowed<Read>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let compared = compared(&visitor, id, &form).await?;
    Ok(draw(&visitor, id, &form, &compared).await?.into_response())
}

/// The two versions that the address names, side by side.
async fn compared(visitor: &Visitor, id: AutomationId, form: &Form) -> Result<Markup, Problem> {
    let Some(from) = form.filled("from") else {
        return Ok(html! {});
    };
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
    let missing = |text: &str| {
        Problem::not_found_because(said!(
            "`version {number} of {id}` does not exist",
            number = text,
            id
        ))
    };
    let from = number(from).ok_or_else(|| missing(from))?;
    let to = match form.filled("to") {
        Some(text) => Some(number(text).ok_or_else(|| missing(text))?),
        None => None,
    };
    let core = &visitor.console.app.core;
    let found = difference(core, id, from, to).await?;
    let list: Vec<Attachment> = match to {
        Some(0) => Vec::new(),
        Some(to) => {
            let whole = version(core, id, to).await?;
            whole.entries.into_iter().map(|entry| entry.attachment).collect()
        }
        None => signalbox_crm::automation::in_force(&visitor.directory, id),
    };
    Ok(side_by_side(visitor, &found, &list))
}

fn side_by_side(visitor: &Visitor, found: &VersionsDifference, list: &[Attachment]) -> Markup {
    let words = visitor.words;
    let list: Vec<&Attachment> = list.iter().collect();
    let args = [
        ("from", found.from.to_string().into()),
        ("to", found.to.to_string().into()),
    ];
    html! {
        section.panel #difference {
            h2 { (words.f("history-difference", &args)) }
            @if found.difference.is_empty() { p.quiet { (words.t("history-same")) } }
            (lines(visitor, &found.difference, &list))
        }
    }
}

async fn draw<'v>(
    visitor: &'v Visitor,
    id: AutomationId,
    form: &Form,
    notice: &Markup,
) -> Result<Page<'v>, Problem> {
    let words = visitor.words;
    let before = form.filled("before").and_then(|text| text.parse::<i64>().ok());
    let fetch = u32::try_from(PAGE + 1).unwrap_or(u32::MAX);
    let mut found = versions(&visitor.console.app.core, id, before, fetch).await?;
    let has_more = found.len() > PAGE;
    found.truncate(PAGE);
    let last = found.last().map(|version| version.number).filter(|_| has_more);
    let draft = draft_of(visitor, id)?;
    let title = words.f("history-title", &[("name", title_of(visitor, id).into())]);
    let path = path_of(id);
    let body = html! {
        header.row.spread {
            h1 { (title) }
            a.button href=(path) { (words.t("form-back")) }
        }
        (notice)
        @if found.is_empty() {
            section.panel.empty { p { (words.t("history-empty")) } a href=(path) { (words.t("history-empty-next")) } }
        } @else {
            div.scroll { table {
                thead { tr {
                    th scope="col" { (words.t("history-number")) }
                    th scope="col" { (words.t("history-when")) }
                    th scope="col" { (words.t("history-who")) }
                    th scope="col" { (words.t("history-what")) }
                    th scope="col" { (words.t("history-ways")) }
                } }
                tbody { @for version in &found { (row(visitor, version, draft.version)) } }
            } }
        }
        nav.row {
            @if before.is_some() { a.button href={ (path) "/history" } { (words.t("page-first")) } }
            @if let Some(last) = last { a.button href={ (path) "/history?before=" (last) } { (words.t("page-next")) } }
        }
    };
    Ok(Page::new(visitor, Section::Automation, title.clone())
        .watches([Topic::SetUp])
        .with(Some("automation"), None)
        .body(body))
}

fn row(visitor: &Visitor, version: &VersionView, draft: i64) -> Markup {
    let (words, number, counts) = (visitor.words, version.number, &version.counts);
    let path = path_of(version.automation);
    let args = [
        ("added", counts.added.to_string().into()),
        ("changed", counts.changed.to_string().into()),
        ("removed", counts.removed.to_string().into()),
    ];
    let sure = (draft > 0).then(|| words.t("history-restore-sure"));
    html! {
        tr data-key=(number) {
            td.number { (number) }
            td { (instant(version.at, visitor)) @if version.is_in_force { " " span.chip.chip-good { (words.t("history-in-force")) } } }
            td { (version.by_name.clone().unwrap_or_else(|| actor(&version.by, visitor))) }
            td {
                @if !version.comment.is_empty() { p { (version.comment) } }
                p.quiet {
                    (words.f("history-counts", &args))
                    @if version.origin == Origin::Direct { ", " (words.t("history-direct")) }
                }
            }
            td {
                div.row {
                    a href={ (path) "/history?from=" (number - 1) "&to=" (number) "#difference" } { (words.t("history-compare")) }
                    @if !version.is_in_force {
                        a href={ (path) "/history?from=" (number) "#difference" } { (words.t("history-compare-now")) }
                        @if visitor.may::<Configure>() {
                            form method="post" action={ (path) "/history/" (number) } data-confirm=[sure] {
                                input type="hidden" name="version" value=(draft);
                                button.link { (words.t("history-restore")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Makes the draft an old version; it comes into force when it is published.
pub(super) async fn restore(
    visitor: Allowed<Configure>,
    Path((id, number)): Path<(String, i64)>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let path = format!("/automation/{id}/versions/{number}/restore");
    let asked = visitor
        .ask(Ask::post(&path, json!({})).seen(form.number("version")?))
        .await;
    match asked {
        Ok(_) => Ok(Redirect::to(&format!("{}?done=restored", path_of(id))).into_response()),
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let notice = html! { div.notice.notice-bad role="alert" { (told(&visitor, &problem)) } };
            let page = draw(&visitor, id, &Form::default(), &notice).await?;
            Ok((status, page).into_response())
        }
    }
}
