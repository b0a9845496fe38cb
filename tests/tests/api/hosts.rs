//! Two hosts on one PostgreSQL: what one has done holds for the other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signalbox::app::AppOptions;
use signalbox::clock::Clock;
use signalbox_db::OpenOptions;
use signalbox_tests::postgres;

use super::harness::{Api, Sales};

/// What one host has done is seen by the other within this time on a busy machine; mostly in some 20 ms.
const SEEN_MAX: Duration = Duration::from_secs(20);
const TOKEN: (&str, &str) = ("x-telegram-bot-api-secret-token", "s3cret-Token_1");

async fn host(database: &str, name: &str) -> Api {
    let options = AppOptions {
        database: Some(database.to_owned()),
        open: OpenOptions {
            is_alone: false,
            name: name.to_owned(),
            ..OpenOptions::default()
        },
        ..AppOptions::for_test(Clock::System)
    };
    Api::start_with(options).await
}

/// Two hosts, each with half of the work.
async fn two(database: &str) -> Option<[Api; 2]> {
    let database = postgres::cluster()?.database(database);
    let hosts = [host(&database, "first").await, host(&database, "second").await];
    for api in &hosts {
        until("each has half of the shards", async || {
            let shards = api.app.core.shards.owned();
            (shards.len() == 128).then_some(())
        })
        .await;
    }
    Some(hosts)
}

async fn until<T>(what: &str, found: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + SEEN_MAX;
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(Instant::now() < deadline, "it does not come to pass: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sets the first host up, and waits until the second knows it.
async fn sales(hosts: &[Api; 2]) -> Sales {
    let sales = hosts[0].sales().await;
    knows(&hosts[1], &format!("/pipelines/{}", sales.pipeline)).await;
    sales
}

async fn knows(api: &Api, path: &str) {
    until(path, async || (api.get(path).await.status == 200).then_some(())).await;
}

async fn list(api: &Api, path: &str) -> Vec<Value> {
    let page = api.get(path).await.ok(200);
    page["items"].as_array().unwrap().clone()
}

async fn audited(hosts: [Api; 2]) {
    for check in hosts[0].app.core.db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
    for api in hosts {
        api.app.stop().await;
    }
}

/// Waits until nothing is open any more. In the order in which a run goes, so that none is overlooked on its way.
async fn at_rest(api: &Api) {
    until("nothing is open any more", async || {
        for state in ["scheduled", "retryable", "available"] {
            let open = list(api, &format!("/runs?state={state}&limit=1")).await;
            if !open.is_empty() {
                return None;
            }
        }
        Some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_hosts_change_one_deal_and_neither_loses_a_change() {
    let Some(hosts) = two("hosts_change").await else {
        return;
    };
    let sales = sales(&hosts).await;
    let deal = hosts[0].post("/items", sales.deal("0")).await.ok(201);
    let path = format!("/items/{}", deal["id"].as_str().unwrap());
    let mut version = deal["version"].as_i64().unwrap();
    for number in 1..=6_usize {
        let (api, other) = (&hosts[number % 2], &hosts[(number + 1) % 2]);
        let body = json!({ "title": number.to_string() });
        // Who comes with an old version is told so, by whichever host.
        if number > 1 {
            let late = other.change("PATCH", &path, version - 1, body.clone()).await;
            assert_eq!(late.status, 412, "{:#}", late.body);
        }
        let changed = api.change("PATCH", &path, version, body).await.ok(200);
        version = changed["version"].as_i64().unwrap();
        assert_eq!(other.get(&path).await.ok(200)["title"], number.to_string());
    }
    audited(hosts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_in_a_queue_are_fair_over_both_hosts() {
    const PEOPLE: usize = 3;
    const DEALS: usize = 24;
    let Some(hosts) = two("hosts_turns").await else {
        return;
    };
    let sales = sales(&hosts).await;
    let mut people = Vec::new();
    for name in ["Anna", "Boris", "Vera"] {
        let employee = json!({ "name": name, "role": "operator" });
        people.push(hosts[0].create("/employees", employee).await);
    }
    let attachment = json!({
        "title": "Spread", "robot": "reassign", "moment": { "kind": "stage", "stage": sales.new },
        "params": { "employees": people, "distribution": "even" },
    });
    let attachment = hosts[0].create("/attachments", attachment).await;
    knows(&hosts[1], &format!("/attachments/{attachment}")).await;
    let made = (0..DEALS).map(|number| {
        let api = &hosts[number % 2];
        api.post("/items", sales.deal(&number.to_string()))
    });
    for answer in futures_util::future::join_all(made).await {
        answer.ok(201);
    }
    at_rest(&hosts[0]).await;
    let mut counts = BTreeMap::new();
    for deal in list(
        &hosts[1],
        &format!("/items?pipeline={}&limit=100", sales.pipeline),
    )
    .await
    {
        *counts
            .entry(deal["assignee"].as_str().map(str::to_owned))
            .or_insert(0) += 1;
    }
    let fair = people
        .iter()
        .map(|person| (Some(person.clone()), DEALS / PEOPLE))
        .collect();
    assert_eq!(counts, fair);
    audited(hosts).await;
}

fn message(client: i64, chat: i64, number: i64) -> Value {
    let from = json!({ "id": client, "is_bot": false, "first_name": "Ivan" });
    let chat = json!({ "id": chat, "type": "private", "first_name": "Ivan" });
    json!({
        "update_id": number,
        "message": {
            "message_id": number, "date": 1_772_450_000, "from": from, "chat": chat, "text": number.to_string(),
        },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_who_writes_to_both_hosts_is_one_contact_and_messages_keep_their_order() {
    const CLIENTS: i64 = 12;
    const MESSAGES: i64 = 4;
    let Some(hosts) = two("hosts_messages").await else {
        return;
    };
    let sales = sales(&hosts).await;
    let channel = json!({
        "key": "tg", "title": "Telegram", "provider": "telegram", "inbound_secret": TOKEN.1,
        "outbound_secret": "123:ABC", "base_url": "http://127.0.0.1:9", "opens_item_in": sales.pipeline,
    });
    let channel = hosts[0].create("/channels", channel).await;
    knows(&hosts[1], &format!("/channels/{channel}")).await;
    // Two chats of each client at once, and each message of a chat to the other host.
    let chats = (0..CLIENTS * 2).map(|number| {
        let hosts = &hosts;
        async move {
            let (client, chat) = (1_000 + number / 2, 10_000 + number);
            for place in 0..MESSAGES {
                let update = message(client, chat, number * MESSAGES + place + 1);
                let api = &hosts[usize::try_from(number + place).unwrap() % 2];
                let answer = api.send("POST", "/hooks/tg", &[TOKEN], update.to_string()).await;
                answer.ok(200);
            }
        }
    });
    futures_util::future::join_all(chats).await;
    let total = CLIENTS * 2 * MESSAGES;
    let conversations = until("all messages are processed", async || {
        let open = list(&hosts[0], "/conversations?open=true&limit=100").await;
        let count: i64 = open.iter().filter_map(|c| c["message_count"].as_i64()).sum();
        (count == total).then_some(open)
    })
    .await;
    for conversation in &conversations {
        let id = conversation["id"].as_str().unwrap();
        let messages = list(&hosts[1], &format!("/conversations/{id}/messages?limit=100")).await;
        let mut texts: Vec<i64> = messages
            .iter()
            .map(|m| m["text"].as_str().unwrap().parse().unwrap())
            .collect();
        // The list has the newest first, or the oldest.
        if texts.first() > texts.last() {
            texts.reverse();
        }
        assert!(texts.is_sorted(), "{id}: {texts:?}");
    }
    assert_eq!(conversations.len() as i64, CLIENTS * 2);
    let contacts = list(&hosts[0], "/contacts?limit=100").await;
    assert_eq!(contacts.len() as i64, CLIENTS, "{contacts:#?}");
    let deals = list(
        &hosts[1],
        &format!("/items?pipeline={}&limit=100", sales.pipeline),
    )
    .await;
    assert_eq!(deals.len() as i64, CLIENTS);
    audited(hosts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_that_stops_leaves_its_work_to_the_other() {
    let Some(hosts) = two("hosts_leave").await else {
        return;
    };
    let sales = sales(&hosts).await;
    let anna = hosts[0]
        .create("/employees", json!({ "name": "Anna", "role": "operator" }))
        .await;
    let attachment = json!({
        "title": "Tell", "robot": "notify", "moment": { "kind": "stage", "stage": sales.new },
        "timing": { "kind": "delay", "seconds": 2 },
        "params": { "to": [anna], "title": "x", "text": "x" },
    });
    hosts[0].create("/attachments", attachment).await;
    for number in 0..20 {
        hosts[0]
            .post("/items", sales.deal(&number.to_string()))
            .await
            .ok(201);
    }
    let [first, second] = hosts;
    let status = second.get("/status").await.ok(200);
    let names: Vec<_> = status["hosts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|host| &host["name"])
        .collect();
    assert_eq!(names, ["first", "second"], "{status:#}");
    first.app.stop().await;
    at_rest(&second).await;
    let runs = list(&second, "/runs?limit=100").await;
    let done = runs.iter().filter(|run| run["state"] == "completed");
    assert_eq!(done.count(), 20, "{:#?}", runs.first());
    assert_eq!(second.app.core.shards.owned().len(), 256);
    for check in second.app.core.db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
    second.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_hosts_change_one_draft_and_neither_loses_a_change() {
    let Some(hosts) = two("hosts_draft").await else {
        return;
    };
    let sales = sales(&hosts).await;
    let path = format!("/automation/{}/draft", sales.pipeline);
    let mut version = 0;
    for number in 1..=6_usize {
        let (api, other) = (&hosts[number % 2], &hosts[(number + 1) % 2]);
        let add = json!({
            "kind": "add", "robot": "notify", "moment": { "kind": "stage", "stage": sales.new },
            "set": { "title": number.to_string(), "params": { "to": ["role:assignee"], "title": "x" } },
        });
        let made = api.change("PATCH", &path, version, add.clone()).await.ok(200);
        // Who has not seen it is told so, by whichever host.
        let late = other.change("PATCH", &path, version, add).await;
        assert_eq!(late.status, 412, "{:#}", late.body);
        version = made["draft"]["version"].as_i64().unwrap();
    }
    let publish = format!("{path}/publish");
    let published = hosts[0]
        .change("POST", &publish, version, json!({}))
        .await
        .ok(200);
    assert_eq!(published["version"]["counts"]["added"], 6);
    // It comes into force once.
    let again = hosts[1].change("POST", &publish, version, json!({})).await;
    assert_eq!(again.status, 412, "{:#}", again.body);
    let automation = format!("/automation/{}", sales.pipeline);
    until("the other host knows it", async || {
        let found = hosts[1].get(&automation).await.ok(200);
        (found["number"] == 1 && found["entries"].as_array().unwrap().len() == 6).then_some(())
    })
    .await;
    audited(hosts).await;
}
