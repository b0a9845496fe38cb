//! One client: how to reach them, their leads and deals, and what was talked.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use signalbox_crm::contact::{Contact, PointKind};
use signalbox_crm::conversation::Conversation;
use signalbox_crm::ids::ContactId;
use signalbox_crm::item::Item;
use signalbox_db::{ConversationFilter, ItemFilter, ItemPage};

use super::{inputs, written};
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::{contact_path, instant, item_path, money, person};
use crate::console::page::{Page, Section};
use crate::console::paging::{Paged, after, fetch, pager};
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::{ReadClients, Work};
use crate::http::problem::{Problem, ProblemBody};

/// Leads and deals of a page, and conversations.
const ROWS: usize = 20;
const ITEMS: &str = "console-client-items";
const TALKS: &str = "console-client-talks";

pub(super) async fn show(
    visitor: Allowed<ReadClients>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    Ok(draw(&visitor, ContactId(number), &form, None)
        .await?
        .into_response())
}

pub(super) async fn save(
    visitor: Allowed<Work>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    let id = ContactId(number);
    let asked = async {
        let path = format!("/contacts/{id}");
        let change = Ask::patch(&path, written(&form)).seen(form.number("version")?);
        visitor.ask(change).await
    };
    match asked.await {
        Ok(_) => Ok(Redirect::to(&contact_path(id)).into_response()),
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let page = draw(&visitor, id, &form, Some(&problem)).await?;
            Ok((status, page).into_response())
        }
    }
}

async fn draw<'v>(
    visitor: &'v Visitor,
    id: ContactId,
    form: &Form,
    problem: Option<&ProblemBody>,
) -> Result<Page<'v>, Problem> {
    let words = visitor.words;
    let db = &visitor.console.app.core.db;
    let contact = db.contact(id).await?.ok_or_else(|| Problem::not_found(id))?;
    let (at_items, at_talks) = (
        form.get("items").unwrap_or_default(),
        form.get("talks").unwrap_or_default(),
    );
    let filter = ItemFilter {
        contact: Some(id),
        ..ItemFilter::default()
    };
    let page = ItemPage::Raised(after(ITEMS, Some(at_items))?);
    let found = db.items(&filter, page, fetch(ROWS)).await?;
    let items = Paged::of(ITEMS, ROWS, found, |last| (last.raised_at, last.id.number));
    let filter = ConversationFilter {
        contact: Some(id),
        ..ConversationFilter::default()
    };
    let found = db
        .conversations(&filter, after(TALKS, Some(at_talks))?, fetch(ROWS))
        .await?;
    let talks = Paged::of(TALKS, ROWS, found, |last| last.id);
    let link = |items: &str, talks: &str| format!("{}?items={items}&talks={talks}", contact_path(id));
    let first_items = (!at_items.is_empty()).then(|| link("", at_talks));
    let first_talks = (!at_talks.is_empty()).then(|| link(at_items, ""));
    let next_items = items.next.as_deref().map(|next| link(next, at_talks));
    let next_talks = talks.next.as_deref().map(|next| link(at_items, next));
    let body = html! {
        p { a href="/contacts" { (words.t("nav-contacts")) } " / " (contact.id) }
        h1 { (contact.name) }
        div.columns {
            (about(visitor, &contact, form, problem))
            div {
                section.panel {
                    h2 { (words.t("contacts-items")) }
                    (list_of_items(visitor, &items.rows))
                    (pager(words, first_items.as_deref(), next_items.as_deref()))
                }
                section.panel {
                    h2 { (words.t("contacts-talks")) }
                    (list_of_talks(visitor, &talks.rows))
                    (pager(words, first_talks.as_deref(), next_talks.as_deref()))
                }
            }
        }
    };
    let shown = items.rows.iter().map(|item| Topic::Item(item.id));
    let talks = talks.rows.iter().map(|talk| Topic::Conversation(talk.id));
    let topics = shown.chain(talks).chain([Topic::Contact(id)]);
    Ok(Page::new(visitor, Section::Contacts, contact.name.clone())
        .watches(topics)
        .body(body))
}

fn about(visitor: &Visitor, contact: &Contact, form: &Form, problem: Option<&ProblemBody>) -> Markup {
    let words = visitor.words;
    let points = |kind: PointKind| -> Vec<&str> {
        let points = contact.points.iter().filter(|point| point.kind == kind);
        points.map(|point| point.raw.as_str()).collect()
    };
    let known = |name: &str| match (problem, name) {
        (Some(_), _) => form.get(name).unwrap_or_default().to_owned(),
        (None, "name") => contact.name.clone(),
        (None, "phones") => points(PointKind::Phone).join("\n"),
        (None, "emails") => points(PointKind::Email).join("\n"),
        (None, _) => contact.assignee.map(|id| id.to_string()).unwrap_or_default(),
    };
    html! {
        section.panel {
            h2 { (words.t("contacts-about")) }
            @if let Some(problem) = problem { p.notice.notice-bad role="alert" { (words.say(&problem.detail)) } }
            @if visitor.may::<Work>() {
                form.stack method="post" action=(contact_path(contact.id)) {
                    input type="hidden" name="version" value=(contact.version);
                    (inputs(visitor, &known))
                    button.primary { (words.t("item-save")) }
                }
            } @else {
                dl.pairs {
                    dt { (words.t("contacts-points")) }
                    dd { @for point in contact.points.iter().filter(|point| point.kind != PointKind::Handle) { (point.raw) " " } }
                    @if let Some(id) = contact.assignee { dt { (words.t("field-assignee")) } dd { (person(&visitor.directory, id)) } }
                }
            }
            @if !points(PointKind::Handle).is_empty() {
                p { (words.t("contacts-handles")) ": " (points(PointKind::Handle).join(", ")) }
            }
            p.quiet { (words.t("field-created-at")) ": " (instant(contact.created_at, visitor)) }
        }
    }
}

fn list_of_items(visitor: &Visitor, items: &[Item]) -> Markup {
    let words = visitor.words;
    html! {
        @if items.is_empty() { p.empty { (words.t("contacts-items-none")) } }
        ul { @for item in items {
            li data-key=(item.id) {
                a href=(item_path(item.id)) { (item.title) } " " span.quiet { (item.id) }
                @if let Some(amount) = &item.amount { " " (money(amount, words.0)) }
                @if let Some(stage) = visitor.directory.stages.get(&item.stage) { " " span.chip { (words.of(&stage.title)) } }
            }
        } }
    }
}

fn list_of_talks(visitor: &Visitor, talks: &[Conversation]) -> Markup {
    let words = visitor.words;
    let channel = |talk: &Conversation| {
        let channel = visitor.directory.channels.get(&talk.channel);
        channel.map_or_else(|| talk.channel.to_string(), |channel| channel.title.clone())
    };
    html! {
        @if talks.is_empty() { p.empty { (words.t("contacts-talks-none")) } }
        ul { @for talk in talks {
            li data-key=(talk.id) {
                @match talk.item {
                    Some(item) => a href={ (item_path(item)) "?tab=talk" } { (channel(talk)) },
                    None => (channel(talk)),
                }
                " " (instant(talk.opened_at, visitor)) ", " (words.n("contacts-messages", talk.message_count))
                @if talk.closed_at.is_some() { " " span.chip { (words.t("talk-closed")) } }
                @if let Some(at) = talk.last_inbound_at { " " span.quiet { (words.t("contacts-last")) " " (instant(at, visitor)) } }
            }
        } }
    }
}
