//! Pipelines, and a new one with the stages that suit most companies.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde_json::json;
use signalbox_crm::ids::{ItemKind, PipelineId};
use signalbox_crm::pipeline::StageKind;
use signalbox_crm::value::LocalText;

use super::{notice, tabs};
use crate::console::Console;
use crate::console::asking::{Ask, Refused};
use crate::console::board::section_path;
use crate::console::form::Form;
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::Configure;
use crate::http::problem::ProblemBody;
use crate::setup::stages::{key_of, ready, stages};

/// The stages that a form has, by kind, with the names of their fields.
pub(super) const STAGE_KINDS: [(StageKind, &str); 3] = [
    (StageKind::Open, "open"),
    (StageKind::Won, "won"),
    (StageKind::Lost, "lost"),
];

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/settings/pipelines", get(list).post(create))
}

/// Where a pipeline is set up.
pub(super) fn pipeline_path(id: PipelineId) -> String {
    format!("/settings/pipelines/{}", id.0)
}

/// Both titles that a form has.
pub(super) fn titles_of(form: &Form) -> LocalText {
    let typed = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let (ru, en) = (typed("ru"), typed("en"));
    // One of them stands for both: most companies use one language.
    LocalText {
        ru: if ru.is_empty() { en.clone() } else { ru.clone() },
        en: if en.is_empty() { ru } else { en },
    }
}

/// The fields of both titles.
pub(super) fn title_inputs(visitor: &Visitor, ru: &str, en: &str) -> Markup {
    let words = visitor.words;
    html! {
        label { span { (words.t("setup-title-ru")) } input name="ru" value=(ru) maxlength="250" lang="ru"; }
        label { span { (words.t("setup-title-en")) } input name="en" value=(en) maxlength="250" lang="en"; }
    }
}

async fn list(visitor: Allowed<Configure>, form: Form) -> Response {
    draw(&visitor, &form, None).into_response()
}

async fn create(visitor: Allowed<Configure>, form: Form) -> Response {
    let title = titles_of(&form);
    let typed: Vec<_> = STAGE_KINDS
        .iter()
        .map(|(kind, name)| (*kind, form.get(name).unwrap_or_default()))
        .collect();
    let is_taken = |key: &str| visitor.directory.pipelines.values().any(|one| one.key == key);
    let key = form.filled("key").map(str::to_owned);
    let body = json!({
        "key": key.unwrap_or_else(|| key_of(&title, "pipeline", is_taken)),
        "title": title,
        "item_kind": kind_of(&form),
        "stages": stages(typed),
    });
    match visitor.ask(Ask::post("/pipelines", body)).await {
        Ok(made) => {
            let id = made["id"].as_str().and_then(|id| id.parse().ok());
            Redirect::to(&id.map_or_else(|| "/settings/pipelines".to_owned(), pipeline_path)).into_response()
        }
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, draw(&visitor, &form, Some(&problem))).into_response()
        }
    }
}

/// Deals, unless the form says leads.
fn kind_of(form: &Form) -> ItemKind {
    match form.get("kind") {
        Some("lead") => ItemKind::Lead,
        _ => ItemKind::Deal,
    }
}

fn draw<'v>(visitor: &'v Visitor, form: &Form, problem: Option<&ProblemBody>) -> Page<'v> {
    let words = visitor.words;
    let directory = &visitor.directory;
    let body = html! {
        (tabs(visitor, "pipelines"))
        @if directory.pipelines.is_empty() { p.panel.empty { (words.t("pipelines-none")) } }
        @else { div.scroll { table {
            caption.sr { (words.t("settings-pipelines")) }
            thead { tr {
                th scope="col" { (words.t("setup-title")) } th scope="col" { (words.t("pipelines-kind")) }
                th.number scope="col" { (words.t("pipelines-stages")) } th scope="col" { (words.t("pipelines-goto")) }
            } }
            tbody { @for pipeline in directory.pipelines.values() {
                tr data-key=(pipeline.id) {
                    td { a href=(pipeline_path(pipeline.id)) { (words.of(&pipeline.title)) } " " code.quiet { (pipeline.key) } }
                    td { (words.t(&format!("pipelines-of-{}", pipeline.item_kind.as_str()))) }
                    td.number { (directory.stages_of(pipeline.id).len()) }
                    td {
                        a href={ (section_path(pipeline.item_kind)) "?pipeline=" (pipeline.id) } { (words.t("automation-board")) } " "
                        a href={ "/automation/" (pipeline.id.0) } { (words.t("nav-automation")) }
                    }
                }
            } }
        } } }
        (new(visitor, form, problem))
    };
    Page::new(visitor, Section::Settings, words.t("settings-pipelines"))
        .watches([Topic::SetUp])
        .body(body)
}

/// The form of a new pipeline, with stages that most companies can begin with.
fn new(visitor: &Visitor, form: &Form, problem: Option<&ProblemBody>) -> Markup {
    let words = visitor.words;
    let kind = kind_of(form);
    let typed = |name: &str| form.get(name).unwrap_or_default();
    html! {
        section.panel #new {
            h2 { (words.t("pipelines-new")) }
            nav.tabs aria-label=(words.t("pipelines-kind")) {
                @for one in [ItemKind::Deal, ItemKind::Lead] {
                    a href={ "?kind=" (one.as_str()) "#new" } aria-current=[(one == kind).then_some("true")] {
                        (words.t(&format!("pipelines-of-{}", one.as_str())))
                    }
                }
            }
            (notice(words, problem))
            form.stack method="post" action="/settings/pipelines" {
                input type="hidden" name="kind" value=(kind.as_str());
                (title_inputs(visitor, typed("ru"), typed("en")))
                label { span { (words.t("setup-key-made")) } input name="key" value=(typed("key")) pattern="[a-z0-9-]*" maxlength="64"; }
                p.quiet { (words.t("pipelines-stages-about")) }
                @for (of, name) in STAGE_KINDS {
                    label { span { (words.t(&format!("pipelines-lines-{name}"))) }
                        textarea name=(name) rows="4" { (form.get(name).unwrap_or(ready(kind, of))) }
                    }
                }
                button.primary { (words.t("board-no-pipeline-go")) }
            }
        }
    }
}
