//! The set-up as one file: out of the host, and into it after a look at what would change.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde_json::Value;
use signalbox_crm::automation::{AutomationId, Difference};

use super::tabs;
use crate::console::Console;
use crate::console::asking::{Ask, Refused};
use crate::console::automation::{lines, path_of};
use crate::console::form::Form;
use crate::console::page::{Page, Section};
use crate::console::runs::{list, text};
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::Configure;
use crate::http::problem::ProblemBody;

/// The largest form: a file of a megabyte, which the API takes, with each byte as three characters.
const FORM_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/settings/file", get(show).post(take))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

async fn show(visitor: Allowed<Configure>) -> Response {
    draw(&visitor, &html! {}, "", None).into_response()
}

/// Shows what the file would change; takes it in, when that was seen.
async fn take(visitor: Allowed<Configure>, form: Form) -> Response {
    let file = form.get("file").unwrap_or_default();
    let is_meant = form.get("do") == Some("take");
    let replaces = form.get("replace_drafts") == Some("on");
    let path = format!("/setup/import?preview={}&replace_drafts={replaces}", !is_meant);
    match visitor.ask(Ask::post_file(&path, file.to_owned())).await {
        Ok(view) if is_meant => draw(&visitor, &taken(&visitor, &view), "", None).into_response(),
        Ok(view) => draw(&visitor, &preview(&visitor, &view, file), file, None).into_response(),
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, draw(&visitor, &html! {}, file, Some(&problem))).into_response()
        }
    }
}

fn draw<'v>(visitor: &'v Visitor, result: &Markup, file: &str, problem: Option<&ProblemBody>) -> Page<'v> {
    let words = visitor.words;
    // Of this moment: the page is also the answer to the form that has just taken a file in.
    let directory = visitor.console.app.core.records.directory();
    let body = html! {
        (tabs(visitor, "file"))
        @if let Some(problem) = problem {
            section.notice.notice-bad role="alert" { p { (words.t("file-refused")) } pre { (words.say(&problem.detail)) } }
        }
        (result)
        div.columns {
            section.panel {
                h2 { (words.t("file-out")) }
                p { (words.t("file-out-about")) }
                p { a.button.primary href="/api/v1/setup/export" download="signalbox.toml" { (words.t("file-out-go")) } }
                @if !directory.pipelines.is_empty() {
                    h3 { (words.t("file-out-one")) }
                    ul { @for pipeline in directory.pipelines.values() {
                        li {
                            a href={ "/api/v1/setup/export?pipeline=" (pipeline.id) } download={ (pipeline.key) ".toml" } {
                                (words.of(&pipeline.title))
                            }
                        }
                    } }
                }
            }
            section.panel.drop #take data-failed=(words.t("file-not-text")) {
                h2 { (words.t("file-in")) }
                p { (words.t("file-in-about")) }
                form.stack method="post" action="/settings/file" {
                    label hidden { span { (words.t("file-choose")) } input #chosen type="file" accept=".toml,text/plain"; }
                    label { span { (words.t("file-text")) }
                        textarea name="file" required rows="8" spellcheck="false" { (file) }
                    }
                    button { (words.t("file-look")) }
                }
                p.wrong role="alert" {}
            }
        }
    };
    Page::new(visitor, Section::Settings, words.t("settings-file"))
        .with(Some("automation"), Some("setup_file"))
        .body(body)
}

/// What would change, and the button that takes it in.
fn preview(visitor: &Visitor, view: &Value, file: &str) -> Markup {
    let words = visitor.words;
    let is_empty = list(&view["things"]).is_empty() && list(&view["automations"]).is_empty();
    html! {
        section.panel #preview tabindex="-1" aria-label=(words.t("file-preview")) {
            h2 { (words.t("file-preview")) }
            @if is_empty { p { (words.t("file-nothing")) } }
            (changes(visitor, view))
            @if !is_empty {
                form.stack method="post" action="/settings/file" {
                    textarea name="file" hidden { (file) }
                    @if has_drafts(visitor, view) {
                        label { input type="checkbox" name="replace_drafts"; " " (words.t("file-replace-drafts")) }
                    }
                    div.row {
                        button.primary name="do" value="take" { (words.t("file-take")) }
                        a.button href="/settings/file" { (words.t("runs-retry-not")) }
                    }
                }
            }
        }
    }
}

/// Whether drafts that somebody has begun are in the way.
fn has_drafts(visitor: &Visitor, view: &Value) -> bool {
    let drafts = &visitor.directory.drafts;
    automations(view).any(|(id, _)| drafts.contains_key(&id))
}

fn taken(visitor: &Visitor, view: &Value) -> Markup {
    let words = visitor.words;
    html! {
        section.notice.notice-good role="status" { p { (words.t("file-taken")) } }
        section.panel {
            (changes(visitor, view))
            @for (id, one) in automations(view) {
                p { a.button href=(path_of(id)) { (words.f("file-publish", &[("name", text(one, "name").into())])) } }
            }
        }
    }
}

fn automations(view: &Value) -> impl Iterator<Item = (AutomationId, &Value)> {
    let all = list(&view["automations"]).iter();
    all.filter_map(|one| Some((text(one, "automation").parse().ok()?, one)))
}

fn changes(visitor: &Visitor, view: &Value) -> Markup {
    let words = visitor.words;
    html! {
        @for note in list(&view["notes"]) { p.notice.notice-warn lang="en" { (note.as_str().unwrap_or_default()) } }
        ul.difference {
            @for thing in list(&view["things"]) {
                li {
                    @if thing["is_changed"] == true { span.chip.chip-info { (words.t("difference-changed")) } }
                    @else { span.chip.chip-good { (words.t("difference-added")) } }
                    " " (words.t(&format!("file-kind-{}", text(thing, "kind")))) " " strong { (text(thing, "name")) }
                }
            }
        }
        @for (_, one) in automations(view) {
            h3 { (words.f("file-draft", &[("name", text(one, "name").into())])) }
            @if let Ok(difference) = serde_json::from_value::<Difference>(one["difference"].clone()) {
                (lines(visitor, &difference, &[]))
            }
            @if !list(&one["problems"]).is_empty() {
                div.notice.notice-warn {
                    p { (words.t("draft-unfinished")) }
                    ul { @for problem in list(&one["problems"]) {
                        li {
                            (text(problem, "title")) ", " code { (text(problem, "field")) } ": "
                            span lang="en" { (text(problem, "message")) }
                        }
                    } }
                }
            }
        }
    }
}
