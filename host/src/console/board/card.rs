//! One card, and what is known beside the items of a page.

use std::collections::HashMap;
use std::sync::Arc;

use maud::{Markup, html};
use signalbox_crm::ids::ContactId;
use signalbox_crm::item::Item;
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;
use signalbox_db::{Due, ItemDue, ItemWaits};

use crate::console::format::{instant, item_path, money, near_instant, person, span};
use crate::console::visitor::Visitor;
use crate::http::caller::Work;
use crate::http::problem::Problem;

/// What a page of items shows that does not stand in their rows.
#[derive(Default)]
pub(super) struct Beside {
    clients: HashMap<ContactId, String>,
    dues: HashMap<i64, ItemDue>,
    waits: HashMap<i64, Vec<ItemWaits>>,
    unanswered: HashMap<i64, Timestamp>,
}

impl Beside {
    /// Of these items.
    pub(super) async fn of(
        visitor: &Visitor,
        items: impl Iterator<Item = &Item> + Clone,
    ) -> Result<Self, Problem> {
        let db = &visitor.console.app.core.db;
        let numbers: Vec<i64> = items.clone().map(|item| item.id.number).collect();
        let mut contacts: Vec<ContactId> = items.filter_map(|item| item.contact).collect();
        contacts.sort_unstable();
        contacts.dedup();
        let mut beside = Beside::default();
        if numbers.is_empty() {
            return Ok(beside);
        }
        let clients = db.contacts_by_id(&contacts).await?;
        beside.clients = clients
            .into_iter()
            .map(|contact| (contact.id, contact.name))
            .collect();
        beside.dues = db
            .dues_of(&numbers)
            .await?
            .into_iter()
            .map(|due| (due.item, due))
            .collect();
        beside.unanswered = db.unanswered_of(&numbers).await?.into_iter().collect();
        for waits in db.waits_of(&numbers).await? {
            beside.waits.entry(waits.item).or_default().push(waits);
        }
        Ok(beside)
    }

    pub(super) fn client(&self, item: &Item) -> Option<&str> {
        self.clients.get(&item.contact?).map(String::as_str)
    }

    pub(super) fn due(&self, item: &Item) -> Option<&ItemDue> {
        self.dues.get(&item.id.number)
    }
}

/// The card.
pub(super) fn card(visitor: &Visitor, item: &Item, beside: &Beside) -> Markup {
    let words = visitor.words;
    let path = item_path(item.id);
    let age = span(visitor.now.since(item.stage_entered_at), words);
    html! {
        li.card data-key=(item.id) data-id=(item.id) data-version=(item.version) data-path=(path)
            tabindex=[visitor.may::<Work>().then_some("0")] aria-roledescription=(words.t("board-card")) {
            p.card-title {
                @if visitor.may::<Work>() {
                    input type="checkbox" form="bulk" name="item" value={ (item.id) "/" (item.version) }
                        aria-label=(words.f("board-choose", &[("title", item.title.as_str().into())]));
                }
                a href=(path) draggable="false" { (item.title) }
            }
            @if let Some(client) = beside.client(item) { p { (client) } }
            p.row.spread {
                @if let Some(amount) = &item.amount { strong { (money(amount, words.0)) } }
                span.quiet { (item.assignee.map_or_else(|| words.t("board-nobody").into_owned(), |id| person(&visitor.directory, id))) }
            }
            p.chips {
                span.chip title=(words.t("board-age")) { (age) }
                (due_chip(visitor, beside.due(item)))
                @if let Some(since) = beside.unanswered.get(&item.id.number) {
                    span.chip.chip-info { (words.f("board-unanswered", &[("span", span(visitor.now.since(*since), words).into())])) }
                }
                @for waits in beside.waits.get(&item.id.number).into_iter().flatten().take(2) { (wait_chip(visitor, waits)) }
            }
            @if visitor.may::<Work>() {
                a.move-link href={ (path) "/move?back=" (encoded(&visitor.at)) } { (words.t("board-move")) }
            }
        }
    }
}

/// For a query.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// When the next activity is due, in colour and words.
pub(super) fn due_chip(visitor: &Visitor, due: Option<&ItemDue>) -> Markup {
    let words = visitor.words;
    let Some(due) = due else {
        return html! { span.chip { (words.t("card-due-none")) } };
    };
    let (class, key) = match Due::of(due.next_at, visitor.now, visitor.tomorrow()) {
        Due::Overdue => ("chip chip-bad", "card-due-overdue"),
        Due::Today => ("chip chip-warn", "card-due-today"),
        Due::Planned => ("chip chip-good", "card-due-planned"),
    };
    html! {
        span class=(class) {
            (words.t(key)) " " (instant(due.next_at, visitor))
            @if due.count > 1 { " +" (due.count - 1) }
        }
    }
}

fn wait_chip(visitor: &Visitor, waits: &ItemWaits) -> Markup {
    let words = visitor.words;
    let attachment = visitor.directory.attachments.get(&waits.attachment);
    let title = attachment.map_or_else(
        || waits.attachment.to_string(),
        |found: &Arc<_>| found.title.clone(),
    );
    let when = waits.due_at.filter(|_| waits.state != RunState::Available);
    html! {
        span.chip.chip-warn.robot title=(title) {
            @match when {
                Some(at) => { (words.t("card-robot-waits-until")) " " (near_instant(at, visitor)) },
                None => (words.t("card-robot-waits")),
            }
        }
    }
}
