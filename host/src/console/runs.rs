//! The run journal: what robots did, when, why, and why not.
//!
//! Everything comes from the API, so that a role sees here what it sees there, and nothing more.

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde_json::Value;
use signalbox_crm::ids::AttachmentId;

use self::filter::{Asked, filter_bar};
use self::telling::{cause_kind, state};
use super::Console;
use super::asking::{Ask, Refused};
use super::page::{Page, Section};
use super::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::{Administer, Read};
use crate::http::problem::ProblemBody;

mod acting;
mod attempt;
mod detail;
mod effects;
mod filter;
mod telling;
mod trial;

pub(super) use self::effects::would;
pub(super) use self::telling::{at, linked, list, run_path, text};

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/runs", get(journal))
        .route("/runs/retry", get(acting::preview).post(acting::retry_all))
        .route("/runs/{number}", get(detail::show))
        .route("/runs/{number}/retry", post(acting::retry))
        .route("/runs/{number}/cancel", post(acting::cancel))
        .route("/runs/{number}/dry-run", post(trial::try_out))
}

async fn journal(visitor: Allowed<Read>, Query(asked): Query<Asked>) -> Result<Response, Refused> {
    let query = asked.query(&visitor.zone, visitor.now);
    let found = match query {
        Ok(query) => visitor.ask(Ask::get(&format!("/runs?{query}"))).await,
        Err(problem) => Err(problem.into()),
    };
    match found {
        Ok(page) => Ok(draw(&visitor, &asked, &page, None).into_response()),
        // What was typed stays, beside what is wrong with it.
        Err(Refused(problem)) if (400..500).contains(&problem.status) && asked.is_filtered() => {
            let status = axum::http::StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = draw(&visitor, &asked, &Value::Null, Some(&problem));
            Ok((status, page).into_response())
        }
        Err(refused) => Err(refused),
    }
}

fn draw<'v>(visitor: &'v Visitor, asked: &Asked, page: &Value, problem: Option<&ProblemBody>) -> Page<'v> {
    let words = visitor.words;
    let runs = list(&page["items"]);
    let body = html! {
        div.row.spread {
            h1 { (words.t("nav-runs")) }
            button #tail type="button" aria-pressed="false" hidden
                data-on=(words.t("runs-pause")) data-off=(words.t("runs-resume")) data-held=(words.t("runs-held")) {
                (words.t("runs-pause"))
            }
        }
        @if let Some(count) = asked.retried() { p.notice.notice-good role="status" { (words.n("runs-retried", count)) } }
        @if let Some(problem) = problem { p.notice.notice-bad role="alert" { (words.say(&problem.detail)) } }
        (filter_bar(visitor, asked, problem))
        @if asked.may_be_retried() && visitor.may::<Administer>() && !runs.is_empty() {
            p { a.button href={ "/runs/retry" (asked.link(&[("retried", "")])) } { (words.t("runs-retry-all")) } }
        }
        @if runs.is_empty() && problem.is_none() { (nothing(visitor, asked)) }
        @else if problem.is_none() {
            div.scroll { table.runs {
                caption.sr { (words.t("nav-runs")) }
                thead { tr {
                    th scope="col" { (words.t("runs-at")) }
                    th scope="col" { (words.t("runs-what")) }
                    th scope="col" { (words.t("runs-item")) }
                    th scope="col" { (words.t("runs-cause")) }
                    th scope="col" { (words.t("runs-state")) }
                    th.number scope="col" { (words.t("runs-attempts")) }
                    th.number scope="col" { (words.t("runs-took")) }
                    th.number scope="col" { (words.t("run-fuel")) }
                } }
                tbody { @for run in runs { (row(visitor, run)) } }
            } }
        }
        p.row {
            @if asked.after.is_some() { a.button href={ "/runs" (asked.link(&[])) } { (words.t("page-first")) } }
            @if let Some(next) = page["next"].as_str() {
                a.button href={ "/runs" (asked.link(&[("after", next)])) } { (words.t("page-next")) }
            }
        }
    };
    Page::new(visitor, Section::Runs, words.t("nav-runs"))
        .watches([Topic::Runs])
        .with(Some("runs"), Some("runs"))
        .wide()
        .body(body)
}

/// Nothing ran, or nothing fits.
fn nothing(visitor: &Visitor, asked: &Asked) -> Markup {
    let words = visitor.words;
    html! {
        section.panel.empty {
            @if asked.is_filtered() {
                p { (words.t("runs-none-fit")) }
                p { a.button href="/runs" { (words.t("board-show-all")) } }
            } @else {
                p { (words.t("runs-none")) }
                p { a.button href="/automation" { (words.t("runs-none-next")) } }
            }
        }
    }
}

fn row(visitor: &Visitor, run: &Value) -> Markup {
    let id = text(run, "id");
    html! {
        tr data-key=(id) {
            td { (telling::at(visitor, &run["created_at"])) }
            td {
                a href=(telling::run_path(id)) { (run["title"].as_str().unwrap_or(text(run, "attachment"))) }
                " " span.quiet { (text(run, "robot")) }
            }
            td { (linked(visitor, text(run, "item"))) }
            td { (cause_kind(visitor, text(run, "cause"))) }
            td { (state(visitor, run)) }
            td.number { (attempts(visitor, run)) }
            td.number { (telling::took(visitor, &run["duration_us"])) }
            td.number { @if let Some(fuel) = run["fuel"].as_u64() { (fuel) } }
        }
    }
}

/// `1/5`: how many of how many.
fn attempts(visitor: &Visitor, run: &Value) -> String {
    let count = run["attempt_count"].as_u64().unwrap_or_default();
    let id: Option<AttachmentId> = text(run, "attachment").parse().ok();
    let known = id.and_then(|id| visitor.directory.attachments.get(&id));
    match known {
        Some(attachment) => format!("{count}/{}", attachment.attempts_max),
        None => count.to_string(),
    }
}
