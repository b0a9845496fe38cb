//! One search for everything: ids, titles, clients by name or e-mail address, and phones in any spelling.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::html;
use serde::Deserialize;
use signalbox_crm::contact::{Contact, PointKind};
use signalbox_crm::email::Email;
use signalbox_crm::ids::{ContactId, ItemId, RunId};
use signalbox_crm::item::Item;
use signalbox_crm::phone::PhoneQuery;
use signalbox_db::{ItemFilter, ItemPage};
use url::form_urlencoded;

use super::Console;
use super::format::{contact_path, item_path, money};
use super::page::{Page, Section};
use super::paging::{Paged, after, fetch, pager};
use super::visitor::{Allowed, Visitor};
use crate::http::caller::ReadClients;
use crate::http::problem::Problem;

/// Finds of each kind on a page.
const ROWS: usize = 20;
/// Clients with a phone that fits, or the e-mail address: who looks for more writes more of it.
const POINTS_MAX: u32 = 20;
/// Leads and deals of a client that was found; the client's page has all.
const ITEMS_MAX: u32 = 5;
/// What the cursors are for.
const ITEMS: &str = "console-found-items";
const CLIENTS: &str = "console-found-clients";
/// The longest text that is looked for, in characters.
const TEXT_CHARS_MAX: usize = 200;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/search", get(search))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    items: Option<String>,
    clients: Option<String>,
}

impl Asked {
    /// The address with another part of the lists.
    fn link(&self, items: &str, clients: &str) -> String {
        let pairs = [("q", self.q.as_str()), ("items", items), ("clients", clients)];
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        format!("/search?{query}")
    }
}

async fn search(visitor: Allowed<ReadClients>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let text: String = asked.q.trim().chars().take(TEXT_CHARS_MAX).collect();
    if let Some(path) = by_id(&visitor, &text).await? {
        return Ok(Redirect::to(&path).into_response());
    }
    let words = visitor.words;
    let (at_items, at_clients) = (
        asked.items.as_deref().unwrap_or_default(),
        asked.clients.as_deref().unwrap_or_default(),
    );
    let (clients, found) = match text.is_empty() {
        true => (
            Paged::of(CLIENTS, ROWS, Vec::new(), |_| 0),
            Paged::of(ITEMS, ROWS, Vec::new(), |_| 0),
        ),
        false => (
            contacts(&visitor, &text, at_clients).await?,
            items(&visitor, &text, at_items).await?,
        ),
    };
    let (contacts, items) = (&clients.rows, &found.rows);
    let next_items = found.next.as_deref().map(|next| asked.link(next, at_clients));
    let next_clients = clients.next.as_deref().map(|next| asked.link(at_items, next));
    let first_items = (!at_items.is_empty()).then(|| asked.link("", at_clients));
    let first_clients = (!at_clients.is_empty()).then(|| asked.link(at_items, ""));
    let title = words.f("search-title", &[("text", text.as_str().into())]);
    let body = html! {
        h1 { (title) }
        @if contacts.is_empty() && items.is_empty() {
            p.panel.empty { (words.t("search-nothing")) }
        }
        @if !items.is_empty() {
            section.panel {
                h2 { (words.t("search-items")) }
                ul { @for item in items {
                    li {
                        a href=(item_path(item.id)) { (item.title) } " " span.quiet { (item.id) }
                        @if let Some(amount) = &item.amount { " " (money(amount, words.0)) }
                        @if let Some(stage) = visitor.directory.stages.get(&item.stage) { " " span.chip { (words.of(&stage.title)) } }
                    }
                } }
                (pager(words, first_items.as_deref(), next_items.as_deref()))
            }
        }
        @if !contacts.is_empty() {
            section.panel {
                h2 { (words.t("search-clients")) }
                ul { @for (contact, items) in contacts {
                    li {
                        a href=(contact_path(contact.id)) { strong { (contact.name) } } " "
                        span.quiet { @for point in &contact.points { (point.raw) " " } }
                        @if !items.is_empty() {
                            ul { @for item in items { li { a href=(item_path(item.id)) { (item.title) } " " span.quiet { (item.id) } } } }
                        }
                    }
                } }
                (pager(words, first_clients.as_deref(), next_clients.as_deref()))
            }
        }
    };
    Ok(Page::new(&visitor, Section::None, title.clone())
        .body(body)
        .into_response())
}

/// `deal:17`, `17`, `contact:2` and `run:5` lead straight to it, if it is there.
async fn by_id(visitor: &Visitor, text: &str) -> Result<Option<String>, Problem> {
    let db = &visitor.console.app.core.db;
    if let Ok(run) = text.parse::<RunId>() {
        return Ok(db.run(run).await?.map(|_| format!("/runs/{}", run.0)));
    }
    if let Ok(id) = text.parse::<ContactId>() {
        return Ok(db.contact(id).await?.map(|_| contact_path(id)));
    }
    let number = text.parse::<ItemId>().map(|id| id.number).ok();
    let Some(number) = number.or_else(|| text.parse().ok()) else {
        return Ok(None);
    };
    Ok(db.item(number).await?.map(|item| item_path(item.id)))
}

async fn items(visitor: &Visitor, text: &str, at: &str) -> Result<Paged<Item>, Problem> {
    let filter = ItemFilter {
        title: Some(text.to_owned()),
        ..ItemFilter::default()
    };
    let db = &visitor.console.app.core.db;
    let page = ItemPage::Raised(after(ITEMS, Some(at))?);
    let found = db.items(&filter, page, fetch(ROWS)).await?;
    Ok(Paged::of(ITEMS, ROWS, found, |last| {
        (last.raised_at, last.id.number)
    }))
}

/// Clients by name, phone or e-mail address, each with its leads and deals. Those with the phone or address stand on the first page.
async fn contacts(visitor: &Visitor, text: &str, at: &str) -> Result<Paged<(Contact, Vec<Item>)>, Problem> {
    let db = &visitor.console.app.core.db;
    let is_first = at.is_empty();
    let by_point = match (Email::parse(text), PhoneQuery::parse(text)) {
        (Ok(email), _) if is_first => db.contacts_at(PointKind::Email, email.key(), POINTS_MAX).await?,
        (_, Ok(query)) if is_first => db.contacts_by_phone(&query, POINTS_MAX).await?,
        _ => Vec::new(),
    };
    let named = db
        .contacts(Some(text), after(CLIENTS, Some(at))?, fetch(ROWS))
        .await?;
    let named = Paged::of(CLIENTS, ROWS, named, |last| last.id);
    let mut known = BTreeSet::new();
    let all = by_point.into_iter().chain(named.rows);
    let found: Vec<Contact> = all.filter(|contact| known.insert(contact.id)).collect();
    let mut rows = Vec::with_capacity(found.len());
    for contact in found {
        let filter = ItemFilter {
            contact: Some(contact.id),
            ..ItemFilter::default()
        };
        let items = db.items(&filter, ItemPage::Raised(None), ITEMS_MAX).await?;
        rows.push((contact, items));
    }
    Ok(Paged {
        rows,
        next: named.next,
    })
}
