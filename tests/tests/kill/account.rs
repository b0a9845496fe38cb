//! The account in the end: what the database holds against what the clients know.

use std::collections::{BTreeMap, BTreeSet};

use signalbox_crm::conversation::{Direction, Message};
use signalbox_crm::http_request::RequestState;
use signalbox_crm::ids::{ConversationId, ItemId, NotificationId, RunId};
use signalbox_crm::run::RunState;
use signalbox_crm::timer::DeliveryState;
use signalbox_db::{
    ActivityFilter, ConversationFilter, Db, DeliveryFilter, ItemFilter, ItemPage, OpenOptions, RequestFilter,
    RunFilter,
};

use super::load::Ledger;
use super::receiver::Receiver;
use super::sales::{ACTIVITIES_PER_DEAL, ASKED_ONE_IN, NOTIFICATIONS_PER_DEAL, RUNS_PER_DEAL, Sales};

const PAGE: u32 = 1000;

/// What was found.
pub(super) struct Found {
    pub(super) runs: usize,
    pub(super) deliveries: usize,
    pub(super) orders: usize,
}

/// Compares everything, and audits.
pub(super) async fn check(database: &str, sales: &Sales, ledger: &Ledger, receiver: &Receiver) -> Found {
    let db = Db::open(database, &OpenOptions::default()).await.unwrap();
    for check in db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
    assert_eq!(db.check(true).await.unwrap().problems, Vec::<String>::new());
    deals(&db, sales, ledger).await;
    let runs = runs(&db, ledger).await;
    told(&db, sales, ledger).await;
    let answers = messages(&db, ledger).await;
    assert_eq!(receiver.answers(), answers, "each answer arrived, and no other");
    let deliveries = deliveries(&db, answers.len(), receiver).await;
    let orders = orders(&db, ledger, receiver).await;
    db.close().await;
    Found {
        runs,
        deliveries,
        orders,
    }
}

/// Every acknowledged deal is there once, where the robots have brought it, and no other.
async fn deals(db: &Db, sales: &Sales, ledger: &Ledger) {
    let mut found = BTreeMap::new();
    let mut last = None;
    loop {
        let page = db
            .items(&ItemFilter::default(), ItemPage::Number(last), PAGE)
            .await
            .unwrap();
        let Some(end) = page.last() else { break };
        last = Some(end.id.number);
        for item in page {
            assert_eq!(item.stage.to_string(), sales.offer, "{item:?}");
            assert_eq!(item.stage_entry, 3, "{item:?}");
            let doubled = found.insert(item.title.clone(), item.id.to_string());
            assert_eq!(doubled, None, "{} is there twice", item.title);
        }
    }
    let known: BTreeMap<_, _> = ledger.deals.iter().cloned().collect();
    assert_eq!(found, known);
    for (_, id) in &ledger.deals {
        let filter = ActivityFilter {
            item: Some(number(id)),
            ..ActivityFilter::default()
        };
        let planned = db.activities(&filter, None, PAGE).await.unwrap();
        let titles: BTreeSet<_> = planned.iter().map(|activity| &activity.title[..]).collect();
        assert_eq!(
            (planned.len(), titles),
            (ACTIVITIES_PER_DEAL, BTreeSet::from(["offer", "work"])),
            "{id}"
        );
    }
}

fn number(id: &str) -> i64 {
    id.parse::<ItemId>().unwrap().number
}

/// Whether a robot asks a service about the deal, and gets an answer.
fn is_asked(number: i64) -> bool {
    number % ASKED_ONE_IN == 0
}

/// Every deal has its runs and every message one, all completed, and there is no other.
async fn runs(db: &Db, ledger: &Ledger) -> usize {
    let mut by_item: BTreeMap<Option<i64>, usize> = BTreeMap::new();
    let mut last: Option<RunId> = None;
    loop {
        let page = db.runs(&RunFilter::default(), last, PAGE).await.unwrap();
        let Some(end) = page.last() else { break };
        last = Some(end.run.id);
        for found in page {
            assert_eq!(found.run.state, RunState::Completed, "{found:?}");
            *by_item.entry(found.run.item.map(|item| item.number)).or_default() += 1;
        }
    }
    let mut known: BTreeMap<Option<i64>, usize> = BTreeMap::new();
    for (_, id) in &ledger.deals {
        let number = number(id);
        known.insert(Some(number), RUNS_PER_DEAL + usize::from(is_asked(number)));
    }
    if !ledger.messages.is_empty() {
        known.insert(None, ledger.messages.len());
    }
    assert_eq!(by_item, known);
    by_item.values().sum()
}

/// Anna was told the same number of times about each deal.
async fn told(db: &Db, sales: &Sales, ledger: &Ledger) {
    let mut by_text: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut count = 0;
    let mut last: Option<NotificationId> = None;
    loop {
        let page = db.notifications(sales.anna, false, last, PAGE).await.unwrap();
        let Some(end) = page.last() else { break };
        last = Some(end.id);
        count += page.len();
        for found in page {
            by_text.entry(found.text).or_default().insert(found.title);
        }
    }
    assert_eq!(count, ledger.deals.len() * NOTIFICATIONS_PER_DEAL);
    for (title, _) in &ledger.deals {
        assert_eq!(by_text[title].len(), NOTIFICATIONS_PER_DEAL, "{title}");
    }
}

/// Every acknowledged message is stored once and answered once; returns the answers, as chat and text.
async fn messages(db: &Db, ledger: &Ledger) -> BTreeSet<(String, String)> {
    let mut stored = Vec::new();
    let mut answers = Vec::new();
    let mut chats = BTreeSet::new();
    let mut last = None;
    loop {
        let page = db
            .conversations(&ConversationFilter::default(), last, PAGE)
            .await
            .unwrap();
        let Some(end) = page.last() else { break };
        last = Some(end.id);
        for conversation in page {
            let chat = conversation.external_chat.clone();
            assert!(chats.insert(chat.clone()), "{chat} has two conversations");
            for message in said_in(db, conversation.id).await {
                match message.direction {
                    Direction::Inbound => {
                        stored.push((chat.clone(), message.external_id.unwrap(), message.text))
                    }
                    Direction::Outbound => answers.push((chat.clone(), message.text)),
                }
            }
        }
    }
    let known = ledger.messages.iter();
    let mut known: Vec<_> = known
        .map(|m| (m.chat.clone(), m.external_id.clone(), m.text.clone()))
        .collect();
    known.sort();
    stored.sort();
    assert_eq!(stored, known);
    let count = answers.len();
    let expected: BTreeSet<_> = known
        .into_iter()
        .map(|(chat, _, text)| (chat, format!("re {text}")))
        .collect();
    let answers: BTreeSet<_> = answers.into_iter().collect();
    assert_eq!((answers.len(), &answers), (count, &expected));
    answers
}

async fn said_in(db: &Db, conversation: ConversationId) -> Vec<Message> {
    let mut said: Vec<Message> = Vec::new();
    loop {
        let before = said.last().map(|message| message.seq);
        let page = db.messages(conversation, before, PAGE).await.unwrap();
        if page.is_empty() {
            return said;
        }
        said.extend(page);
    }
}

/// Every answer has one delivery, which arrived, where the channel has keys under its own.
async fn deliveries(db: &Db, answer_count: usize, receiver: &Receiver) -> usize {
    let arrived = receiver.keys();
    let mut keys = BTreeSet::new();
    let mut count = 0;
    let mut last = None;
    loop {
        let page = db
            .deliveries(&DeliveryFilter::default(), last, PAGE)
            .await
            .unwrap();
        let Some(end) = page.last() else { break };
        last = Some(end.id);
        count += page.len();
        for delivery in page {
            assert_eq!(delivery.state, DeliveryState::Delivered, "{delivery:?}");
            if delivery.external_chat.starts_with("chat-") {
                assert!(arrived.contains(&delivery.idempotency_key), "{delivery:?}");
                keys.insert(delivery.idempotency_key);
            }
        }
    }
    assert_eq!(arrived, keys);
    assert_eq!(count, answer_count);
    count
}

/// About every deal whose turn it is a service was asked under one key, and what it said is stored.
async fn orders(db: &Db, ledger: &Ledger, receiver: &Receiver) -> usize {
    let mut came = receiver.orders();
    let mut asked = BTreeSet::new();
    let mut last = None;
    loop {
        let page = db.requests(&RequestFilter::default(), last, PAGE).await.unwrap();
        let Some(end) = page.last() else { break };
        last = Some(end.id);
        for request in page {
            assert_eq!(request.state, RequestState::Answered, "{request:?}");
            let order = came.remove(&request.idempotency_key).expect("it came");
            let run = request.chain.run.expect("a robot asks").to_string();
            assert_eq!(order.bodies, BTreeSet::from([run]), "{request:?}");
            let said = &request.response.as_ref().expect("an answer").body;
            assert!(order.answers.contains(said), "{request:?}: {order:?}");
            let item = request.item.expect("it is about a deal").number;
            assert!(asked.insert(item), "asked twice: {request:?}");
        }
    }
    assert!(came.is_empty(), "nobody asked: {came:?}");
    let deals = ledger.deals.iter().map(|(_, id)| number(id));
    assert_eq!(asked, deals.filter(|number| is_asked(*number)).collect());
    asked.len()
}
