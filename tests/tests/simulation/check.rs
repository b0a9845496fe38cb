//! What must hold when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use signalbox_crm::activity::ActivityState;
use signalbox_crm::conversation::Direction;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::ConversationId;
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::timer::{DeliveryState, InboundState};
use signalbox_db::{
    ActivityFilter, ConversationFilter, Db, DeliveryFilter, EventFilter, ItemFilter, ItemPage, RunFilter,
};

use super::company::{RATE_PER_MINUTE, RATED};
use super::people::chat_of;
use super::receiver::Inbox;
use super::sometimes::Sometimes;
use super::world::World;

/// More than any simulation makes of anything.
pub(super) const ALL: u32 = 100_000;

/// What is in the history with its value before.
const FIELDS: [&str; 4] = ["stage", "assignee", "source", "meeting-at"];

/// Compares what is stored with what was promised.
pub(super) async fn check(world: &World, db: &Db) {
    for audited in db.audit().await.unwrap() {
        if audited.broken_count > 0 {
            world.problem(format!("audit: {}: {:?}", audited.name, audited.examples));
        }
    }
    let late = world.observed().late_attempt_count;
    if late > 0 {
        world.problem(format!(
            "{late} attempts after the last start, which had nothing to do"
        ));
    }
    rate(world);
    runs(world, db).await;
    events(world, db).await;
    deals(world, db).await;
    activities(world, db).await;
    clients(world, db).await;
    deliveries(world, db).await;
    super::requests::check(world, db).await;
}

/// Runs of an attachment with a rate start no more often than it says. A start that nobody had to wait for is not
/// stored, so each host may begin a new row of them; and where the clock went back, nothing can be counted.
fn rate(world: &World) {
    if world.tally.counts().contains_key(&Sometimes::ClockBackwards) {
        return;
    }
    let observed = world.observed();
    let mut starts = observed.rated_starts.clone();
    starts.sort_unstable();
    let Some(first) = starts.first() else { return };
    let pause = Duration::from_secs(60) / RATE_PER_MINUTE;
    for (place, start) in starts.iter().enumerate() {
        let slots = start.since(*first).as_micros() / pause.as_micros();
        let most = usize::try_from(slots)
            .unwrap_or(usize::MAX)
            .saturating_add(observed.life_count);
        if place > most {
            let count = place + 1;
            world.problem(format!(
                "rate: {count} runs of `{RATED}` had started at {start}, the first at {first}"
            ));
            return;
        }
    }
}

/// Every acknowledged run is there, and none is left without a reason.
async fn runs(world: &World, db: &Db) {
    let found = db.runs(&RunFilter::default(), None, ALL).await.unwrap();
    let mut known = world.ledger().runs.clone();
    for run in found.iter().map(|found| &found.run) {
        known.remove(&run.id);
        let waits_for_field = run.state == RunState::Scheduled && run.reason == Some(Reason::WaitingForField);
        if !run.state.is_final() && !waits_for_field {
            world.problem(format!("stuck: {} is {:?}: {:?}", run.id, run.state, run.reason));
        }
    }
    if !known.is_empty() {
        world.problem(format!("lost: acknowledged runs {known:?}"));
    }
}

async fn events(world: &World, db: &Db) {
    let mut known = world.ledger().events.clone();
    let mut ticks = BTreeSet::new();
    for event in db.events(&EventFilter::default(), None, ALL).await.unwrap() {
        known.remove(&event.id);
        if let Fact::ScheduleTicked { attachment, due_at } = event.fact
            && !ticks.insert((attachment, due_at, event.item))
        {
            world.problem(format!(
                "tick twice: {attachment} at {due_at} for {:?}",
                event.item
            ));
        }
    }
    if !known.is_empty() {
        world.problem(format!("lost: acknowledged events {known:?}"));
    }
}

/// Every acknowledged deal is there once, and each change begins where the one before it ended.
async fn deals(world: &World, db: &Db) {
    let mut known = world.ledger().deals.clone();
    let items = db
        .items(&ItemFilter::default(), ItemPage::Number(None), ALL)
        .await
        .unwrap();
    let mut titles = BTreeSet::new();
    for item in &items {
        known.remove(&item.title);
        if item.title.starts_with("deal ") && !titles.insert(&item.title) {
            world.problem(format!("twice: a deal `{}`", item.title));
        }
        let history = db.history(&item.id.to_string(), None, ALL).await.unwrap();
        let mut values: BTreeMap<String, Option<String>> = BTreeMap::new();
        for noted in history.into_iter().rev() {
            let entry = noted.entry;
            if !FIELDS.contains(&entry.what.as_str()) {
                continue;
            }
            if let Some(last) = values.get(&entry.what)
                && *last != entry.before
            {
                world.problem(format!(
                    "lost update: {} of {} was {last:?}: {entry:?}",
                    entry.what, item.id
                ));
            }
            values.insert(entry.what, entry.after);
        }
    }
    known.retain(|_, id| id.is_some());
    if !known.is_empty() {
        world.problem(format!("lost: acknowledged deals {known:?}"));
    }
}

/// Everything that was due has become overdue.
async fn activities(world: &World, db: &Db) {
    let mut overdue = BTreeSet::new();
    for event in db.events(&EventFilter::default(), None, ALL).await.unwrap() {
        if let Fact::ActivityOverdue { activity } = event.fact {
            overdue.insert(activity);
        }
    }
    for activity in db
        .activities(&ActivityFilter::default(), None, ALL)
        .await
        .unwrap()
    {
        let is_past = activity.deadline_at <= world.now();
        if activity.state == ActivityState::Open && is_past && !overdue.contains(&activity.id) {
            world.problem(format!(
                "timer lost: nothing happened when {} was overdue",
                activity.id
            ));
        }
    }
}

/// Every accepted message is in its conversation once, and has one answer.
async fn clients(world: &World, db: &Db) {
    let webhooks = world.ledger().webhooks.clone();
    let inbound = db.inbound_page(None, None, ALL).await.unwrap();
    if inbound.len() != webhooks.len() {
        world.problem(format!(
            "{} webhooks are stored as {}",
            webhooks.len(),
            inbound.len()
        ));
    }
    for row in inbound.iter().filter(|row| row.state != InboundState::Processed) {
        world.problem(format!("stuck: {} is {:?}: {:?}", row.id, row.state, row.note));
    }
    let mut said: BTreeMap<(String, bool, String), u64> = BTreeMap::new();
    for conversation in db
        .conversations(&ConversationFilter::default(), None, ALL)
        .await
        .unwrap()
    {
        for said_here in messages(db, conversation.id, &conversation.external_chat).await {
            *said.entry(said_here).or_default() += 1;
        }
    }
    for webhook in webhooks {
        let (_, chat) = chat_of(webhook.chat);
        let inbound = (chat.clone(), true, webhook.text());
        let answer = (chat, false, format!("re {}", webhook.text()));
        for key in [inbound, answer] {
            let count = said.get(&key).copied().unwrap_or(0);
            if count != 1 {
                world.problem(format!("message: {key:?} is there {count} times"));
            }
        }
    }
}

async fn messages(db: &Db, id: ConversationId, chat: &str) -> Vec<(String, bool, String)> {
    let found = db.messages(id, None, ALL).await.unwrap();
    let row = |message: signalbox_crm::conversation::Message| {
        (
            chat.to_owned(),
            message.direction == Direction::Inbound,
            message.text,
        )
    };
    found.into_iter().map(row).collect()
}

/// What is delivered arrived, with one key at all times, and nothing else did.
async fn deliveries(world: &World, db: &Db) {
    let Inbox {
        messages,
        keys,
        refused,
        ..
    } = world.inbox().clone();
    for (id, keys) in &keys {
        if keys.len() != 1 {
            world.problem(format!("key changed: {id} came with {keys:?}"));
        }
    }
    let mut known = BTreeSet::new();
    for delivery in db
        .deliveries(&DeliveryFilter::default(), None, ALL)
        .await
        .unwrap()
    {
        let what = (delivery.external_chat.clone(), delivery.text.clone());
        let has_arrived = messages.contains_key(&what);
        match delivery.state {
            DeliveryState::Delivered if !has_arrived => {
                world.problem(format!("not delivered: {what:?} never arrived"));
            }
            DeliveryState::Dead if !refused.contains(&what) => {
                world.problem(format!("given up: {what:?}: {:?}", delivery.last_error));
            }
            DeliveryState::Pending => world.problem(format!("stuck: {} is pending", delivery.id)),
            DeliveryState::Delivered | DeliveryState::Dead => {}
        }
        known.insert(what);
    }
    for what in messages.keys().filter(|what| !known.contains(*what)) {
        world.problem(format!("nobody sent {what:?}"));
    }
}
