//! The robots designer: the automation of a pipeline as columns of robots, its draft, and the way into force.
//!
//! Everything is drawn from the draft (`crate::automation`), which shows what is in force until somebody begins one.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use signalbox_crm::automation::AutomationId;
use signalbox_crm::ids::PipelineId;

use super::Console;
use super::format::{actor, instant};
use super::page::{Page, Section};
use super::visitor::{Allowed, Visitor};
use crate::automation::{AutomationSummary, DraftView, draft, overview};
use crate::engine::changes::Topic;
use crate::http::caller::{Configure, Read};
use crate::http::problem::Problem;

mod acting;
mod card;
mod catalogue;
mod counts;
mod design;
mod difference;
mod entry;
mod here;
mod history;
mod publishing;
mod wording;

pub(super) use difference::lines;
pub(super) use wording::reference_text;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/automation", get(list))
        .route("/automation/{id}", get(design::page))
        .route("/automation/{id}/edit", post(acting::edit))
        .route("/automation/{id}/add", get(catalogue::page).post(catalogue::add))
        .route(
            "/automation/{id}/entries/{entry}",
            get(entry::page).post(entry::save),
        )
        .route("/automation/{id}/here", get(here::page).post(here::start))
        .route("/automation/{id}/history", get(history::page))
        .route("/automation/{id}/history/{number}", post(history::restore))
        .route("/automation/{id}/publish", post(publishing::publish))
        .route("/automation/{id}/discard", post(publishing::discard))
        .route("/automation/{id}/rebase", post(publishing::rebase))
}

/// The automation that a path names: a pipeline's number, or `general`.
fn chosen(visitor: &Visitor, text: &str) -> Result<AutomationId, Problem> {
    let number = text.parse::<i64>().ok();
    let id = match number {
        Some(number) => AutomationId::Pipeline(PipelineId(number)),
        None => text.parse().map_err(|_| Problem::not_found(text))?,
    };
    id.check(&visitor.directory)?;
    Ok(id)
}

/// Where its designer is.
pub(super) fn path_of(id: AutomationId) -> String {
    match id {
        AutomationId::General => "/automation/general".to_owned(),
        AutomationId::Pipeline(id) => format!("/automation/{}", id.0),
    }
}

/// As people call it.
pub(super) fn title_of(visitor: &Visitor, id: AutomationId) -> String {
    let pipeline = match id {
        AutomationId::General => None,
        AutomationId::Pipeline(id) => visitor.directory.pipelines.get(&id),
    };
    match pipeline {
        Some(pipeline) => visitor.words.of(&pipeline.title).to_owned(),
        None => visitor.words.t("automation-general").into_owned(),
    }
}

/// The draft as it is now.
fn draft_of(visitor: &Visitor, id: AutomationId) -> Result<DraftView, Problem> {
    Ok(draft(&visitor.console.app.core, id)?)
}

async fn list(visitor: Allowed<Read>) -> Response {
    let words = visitor.words;
    let body = html! {
        h1 { (words.t("nav-automation")) }
        p.quiet { (words.t("automation-intro")) }
        div.columns {
            @for summary in overview(&visitor.directory) { (panel(&visitor, &summary)) }
        }
        @if visitor.directory.pipelines.is_empty() {
            section.panel.empty {
                p { (words.t("board-no-pipeline")) }
                p { (words.t("board-no-pipeline-next")) }
                @if visitor.may::<Configure>() {
                    p { a.button.primary href="/settings/pipelines#new" { (words.t("board-no-pipeline-go")) } }
                }
            }
        }
    };
    Page::new(&visitor, Section::Automation, words.t("nav-automation"))
        .watches([Topic::SetUp])
        .body(body)
        .into_response()
}

fn panel(visitor: &Visitor, summary: &AutomationSummary) -> Markup {
    let words = visitor.words;
    html! {
        section.panel data-key=(summary.automation) {
            h2 { a href=(path_of(summary.automation)) { (title_of(visitor, summary.automation)) } }
            p { (words.n("automation-entries", i64::try_from(summary.entry_count).unwrap_or(i64::MAX))) }
            @if let Some(draft) = &summary.draft {
                p {
                    span.chip.chip-warn { (words.t("automation-has-draft")) } " "
                    span.quiet { (actor(&draft.changed_by, visitor)) ", " (instant(draft.changed_at, visitor)) }
                }
            }
        }
    }
}
