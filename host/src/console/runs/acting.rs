//! What people do with runs: execute them once more, one or many, and cancel them.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde_json::{Value, json};

use super::filter::Asked;
use super::telling::{linked, list, text};
use crate::console::asking::{Ask, Refused};
use crate::console::page::{Page, Section};
use crate::console::visitor::Allowed;
use crate::http::caller::{Administer, Relieve, Work};

/// Runs of one request to the API: the most that it takes.
const PAGE: u32 = 200;
/// Requests of one click: 10,000 runs. Whoever has more clicks again.
const PAGES_MAX: u32 = 50;

/// Executes a run once more.
pub(super) async fn retry(visitor: Allowed<Work>, Path(number): Path<i64>) -> Result<Response, Refused> {
    visitor
        .ask(Ask::post(&format!("/runs/run:{number}/retry"), json!({})))
        .await?;
    Ok(Redirect::to(&format!("/runs/{number}")).into_response())
}

/// Cancels a run that has not run yet.
pub(super) async fn cancel(visitor: Allowed<Relieve>, Path(number): Path<i64>) -> Result<Response, Refused> {
    visitor
        .ask(Ask::post(&format!("/runs/run:{number}/cancel"), json!({})))
        .await?;
    Ok(Redirect::to(&format!("/runs/{number}")).into_response())
}

/// Says which runs would be executed once more, before anything is.
pub(super) async fn preview(
    visitor: Allowed<Administer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    let words = visitor.words;
    let mut body = asked.body(&visitor.zone, visitor.now)?;
    body.insert("dry_run".to_owned(), true.into());
    body.insert("limit".to_owned(), 1.into());
    let found = visitor.ask(Ask::post("/runs/retry", Value::Object(body))).await?;
    let count = found["matched_count"].as_i64().unwrap_or_default();
    let page = html! {
        section.panel {
            h1 { (words.t("runs-retry-title")) }
            @if count == 0 { p { (words.t("runs-none-fit")) } }
            @else {
                p {
                    (words.n("runs-retry-count", count))
                    @if found["has_more"] == true { " " (words.t("runs-retry-more")) }
                }
                p.quiet { (words.t("runs-retry-note")) }
                div.scroll { table {
                    thead { tr {
                        th scope="col" { (words.t("runs-attachment")) }
                        th scope="col" { (words.t("runs-reason")) }
                        th scope="col" { (words.t("runs-code")) }
                        th.number scope="col" { (words.t("runs-count")) }
                    } }
                    tbody {
                        @for group in list(&found["groups"]) {
                            tr {
                                td { (linked(&visitor, text(group, "attachment"))) }
                                td { @if let Some(reason) = group["reason"].as_str() { (words.t(&format!("run-reason-{reason}"))) } }
                                td { code { (text(group, "code")) } }
                                td.number { (group["count"]) }
                            }
                        }
                    }
                } }
            }
            div.row {
                @if count > 0 {
                    form method="post" action={ "/runs/retry" (asked.link(&[])) } { button.primary { (words.n("runs-retry-go", count)) } }
                }
                a.button href={ "/runs" (asked.link(&[])) } { (words.t("runs-retry-not")) }
            }
        }
    };
    Ok(Page::new(&visitor, Section::Runs, words.t("runs-retry-title"))
        .body(page)
        .into_response())
}

/// Makes the runs due that fit: those that fail again meanwhile are not met twice.
pub(super) async fn retry_all(
    visitor: Allowed<Administer>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    let mut body = asked.body(&visitor.zone, visitor.now)?;
    body.insert("limit".to_owned(), PAGE.into());
    let mut count = 0;
    for _ in 0..PAGES_MAX {
        let page = visitor
            .ask(Ask::post("/runs/retry", Value::Object(body.clone())))
            .await?;
        count += list(&page["runs"]).len();
        match &page["next"] {
            Value::String(next) => body.insert("after".to_owned(), next.as_str().into()),
            _ => break,
        };
    }
    let path = asked.link(&[
        ("state", ""),
        ("reason", ""),
        ("from", ""),
        ("until", ""),
        ("since", ""),
        ("retried", &count.to_string()),
    ]);
    Ok(Redirect::to(&format!("/runs{path}")).into_response())
}
