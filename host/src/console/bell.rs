//! One's own notifications.

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::html;
use serde::Deserialize;
use serde_json::json;
use signalbox_crm::ids::NotificationId;

use super::Console;
use super::asking::{Ask, Refused};
use super::form::Form;
use super::format::{date, instant, item_path};
use super::page::{Page, Section};
use super::paging::{Paged, after, fetch, pager};
use super::visitor::Allowed;
use crate::http::caller::{ReadClients, Relieve};
use crate::http::problem::Problem;

/// Notifications of a page.
const ROWS: usize = 50;
const LIST: &str = "console-bell";

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/bell", get(list))
        .route("/bell/read", post(read))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    after: Option<String>,
}

async fn list(visitor: Allowed<ReadClients>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let words = visitor.words;
    let after: Option<NotificationId> = after(LIST, asked.after.as_deref())?;
    let db = &visitor.console.app.core.db;
    let found = db.notifications(visitor.me.id, false, after, fetch(ROWS)).await?;
    let Paged { rows: found, next } = Paged::of(LIST, ROWS, found, |last| last.id);
    let next = next.map(|next| format!("/bell?after={next}"));
    let has_unread = found.iter().any(|notification| notification.read_at.is_none());
    let may_read = visitor.may::<Relieve>();
    let day = |index: usize| date(found[index].created_at, &visitor.zone, words.0);
    let body = html! {
        div.row.spread {
            h1 { (words.t("bell-title")) }
            @if has_unread && may_read {
                form method="post" action="/bell/read" {
                    @for notification in found.iter().filter(|notification| notification.read_at.is_none()) {
                        input type="hidden" name="id" value=(notification.id);
                    }
                    button { (words.t("bell-read-all")) }
                }
            }
        }
        @if found.is_empty() { p.panel.empty { (words.t("bell-empty")) } }
        @for (index, notification) in found.iter().enumerate() {
            @if index == 0 || day(index) != day(index - 1) { h2 { (day(index)) } }
            article.panel data-key=(notification.id) {
                div.row.spread {
                    h3 {
                        @if notification.read_at.is_none() { span.chip.chip-info { (words.t("bell-new")) } " " }
                        (notification.title)
                    }
                    (instant(notification.created_at, &visitor))
                }
                p.text { (notification.text) }
                p.row {
                    @if let Some(item) = notification.item { a href=(item_path(item)) { (item) } }
                    @if let Some(run) = notification.run { a href={ "/runs/" (run.0) } { (run) } }
                    @if notification.read_at.is_none() && may_read {
                        form method="post" action="/bell/read" {
                            input type="hidden" name="id" value=(notification.id);
                            button { (words.t("bell-read")) }
                        }
                    }
                }
            }
        }
        (pager(words, after.is_some().then_some("/bell"), next.as_deref()))
    };
    Ok(Page::new(&visitor, Section::None, words.t("bell-title"))
        .watches([])
        .with(Some("item"), None)
        .body(body)
        .into_response())
}

async fn read(visitor: Allowed<Relieve>, form: Form) -> Result<Response, Refused> {
    for id in form.all("id").take(ROWS) {
        visitor
            .ask(Ask::post(&format!("/notifications/{id}/read"), json!({})))
            .await?;
    }
    Ok(Redirect::to("/bell").into_response())
}
