//! One search for everything: ids, titles, clients by name, and phones in any spelling.

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::html;
use serde::Deserialize;
use signalbox_crm::contact::Contact;
use signalbox_crm::ids::{ContactId, ItemId, RunId};
use signalbox_crm::item::Item;
use signalbox_crm::phone::PhoneQuery;
use signalbox_db::{ItemFilter, ItemPage};

use super::Console;
use super::format::{item_path, money};
use super::page::{Page, Section};
use super::visitor::{Allowed, Visitor};
use crate::http::caller::ReadClients;
use crate::http::problem::Problem;

/// Finds of each kind that are shown: who looks for more writes more.
const FOUND_MAX: u32 = 20;
/// The longest text that is looked for, in characters.
const TEXT_CHARS_MAX: usize = 200;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/search", get(search))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

async fn search(visitor: Allowed<ReadClients>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let text: String = asked.q.trim().chars().take(TEXT_CHARS_MAX).collect();
    if let Some(path) = by_id(&visitor, &text).await? {
        return Ok(Redirect::to(&path).into_response());
    }
    let words = visitor.words;
    let (contacts, items) = match text.is_empty() {
        true => (Vec::new(), Vec::new()),
        false => (contacts(&visitor, &text).await?, items(&visitor, &text).await?),
    };
    let title = words.f("search-title", &[("text", text.as_str().into())]);
    let body = html! {
        h1 { (title) }
        @if contacts.is_empty() && items.is_empty() {
            p.panel.empty { (words.t("search-nothing")) }
        }
        @if !items.is_empty() {
            section.panel {
                h2 { (words.t("search-items")) }
                ul { @for item in &items {
                    li {
                        a href=(item_path(item.id)) { (item.title) } " " span.quiet { (item.id) }
                        @if let Some(amount) = &item.amount { " " (money(amount, words.0)) }
                        @if let Some(stage) = visitor.directory.stages.get(&item.stage) { " " span.chip { (words.of(&stage.title)) } }
                    }
                } }
            }
        }
        @if !contacts.is_empty() {
            section.panel {
                h2 { (words.t("search-clients")) }
                ul { @for (contact, items) in &contacts {
                    li {
                        strong { (contact.name) } " "
                        span.quiet { @for point in &contact.points { (point.raw) " " } }
                        @if !items.is_empty() {
                            ul { @for item in items { li { a href=(item_path(item.id)) { (item.title) } " " span.quiet { (item.id) } } } }
                        }
                    }
                } }
            }
        }
    };
    Ok(Page::new(&visitor, Section::None, title.clone())
        .body(body)
        .into_response())
}

/// `deal:17`, `17` and `run:5` lead straight to it, if it is there.
async fn by_id(visitor: &Visitor, text: &str) -> Result<Option<String>, Problem> {
    let db = &visitor.console.app.core.db;
    if let Ok(run) = text.parse::<RunId>() {
        return Ok(db.run(run).await?.map(|_| format!("/runs/{}", run.0)));
    }
    let number = text.parse::<ItemId>().map(|id| id.number).ok();
    let Some(number) = number.or_else(|| text.parse().ok()) else {
        return Ok(None);
    };
    Ok(db.item(number).await?.map(|item| item_path(item.id)))
}

async fn items(visitor: &Visitor, text: &str) -> Result<Vec<Item>, Problem> {
    let filter = ItemFilter {
        title: Some(text.to_owned()),
        ..ItemFilter::default()
    };
    let db = &visitor.console.app.core.db;
    Ok(db.items(&filter, ItemPage::Raised(None), FOUND_MAX).await?)
}

/// Clients by name or phone, each with its leads and deals.
async fn contacts(visitor: &Visitor, text: &str) -> Result<Vec<(Contact, Vec<Item>)>, Problem> {
    let db = &visitor.console.app.core.db;
    let mut found = match PhoneQuery::parse(text) {
        Ok(query) => db.contacts_by_phone(&query, FOUND_MAX).await?,
        Err(_) => Vec::new(),
    };
    let named = db.contacts(Some(text), None, FOUND_MAX).await?;
    let known: Vec<ContactId> = found.iter().map(|contact| contact.id).collect();
    found.extend(named.into_iter().filter(|contact| !known.contains(&contact.id)));
    let mut with_items = Vec::with_capacity(found.len());
    for contact in found {
        let filter = ItemFilter {
            contact: Some(contact.id),
            ..ItemFilter::default()
        };
        let items = db.items(&filter, ItemPage::Raised(None), FOUND_MAX).await?;
        with_items.push((contact, items));
    }
    Ok(with_items)
}
