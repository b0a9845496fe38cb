//! What could not be processed or sent waits for a person, who sees it and repeats it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::http::{Request, Response};
use serde_json::{Value, json};
use signalbox::app::{AppOptions, Grounds};
use signalbox::channels::send::Sender;
use signalbox::clock::Clock;
use signalbox::exchange::{Received, Receiver};
use signalbox_crm::time::Timestamp;

use signalbox_db::{Batch, Committed, DbError, Fault, Gate, Passage};

use super::harness::{Api, NOW};

const TOKEN: (&str, &str) = ("x-telegram-bot-api-secret-token", "s3cret-Token_1");

/// Refuses so many commits that store a message of a client.
struct Refuses(AtomicU32);

impl Gate for Refuses {
    fn before_read<'a>(&'a self, _: &'a str) -> Passage<'a> {
        Box::pin(async { Ok(()) })
    }

    fn after_read<'a>(&'a self, _: &'a str) -> Passage<'a> {
        Box::pin(async { Ok(()) })
    }

    fn before_commit<'a>(&'a self, batch: &'a mut Batch) -> Passage<'a> {
        Box::pin(async {
            let left = self.0.load(Ordering::SeqCst);
            if batch.messages_new.is_empty() || left == 0 {
                return Ok(());
            }
            self.0.store(left - 1, Ordering::SeqCst);
            Err(Fault::Conflict)
        })
    }

    fn after_commit<'a>(&'a self, _: &'a Batch, _: &'a Result<Committed, DbError>) -> Passage<'a> {
        Box::pin(async { Ok(()) })
    }
}

/// Panics at the first request, and takes the others.
struct PanicsOnce(AtomicU32);

impl Receiver for PanicsOnce {
    fn receive(&self, _: Request<Vec<u8>>) -> Received<'_> {
        let count = self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            assert!(count > 0, "on purpose");
            let body = format!(r#"{{"ok":true,"result":{{"message_id":{count}}}}}"#);
            Ok(Response::new(body.into_bytes()))
        })
    }
}

/// A host with a Telegram channel, which refuses so many messages of clients and panics at the first that leaves.
async fn host(refused_count: u32) -> (Api, Arc<PanicsOnce>) {
    let options = AppOptions::for_test(Clock::starting_at(Timestamp::parse(NOW).unwrap()));
    let mut grounds = Grounds::new(&options).await.unwrap();
    let receiver = Arc::new(PanicsOnce(AtomicU32::new(0)));
    let refuses = Arc::new(Refuses(AtomicU32::new(refused_count)));
    grounds.db = grounds.db.behind(refuses);
    grounds.sender = Sender::simulated(Arc::clone(&receiver) as _).unwrap();
    let api = Api::start_on(grounds, options).await;
    let sales = api.sales().await;
    let channel = json!({
        "key": "tg", "title": "Telegram", "provider": "telegram", "inbound_secret": TOKEN.1,
        "outbound_secret": "123:ABC", "base_url": "http://127.0.0.1:9", "opens_item_in": sales.pipeline,
    });
    api.post("/channels", channel).await.ok(201);
    (api, receiver)
}

async fn write(api: &Api, update: i64) {
    let client = json!({"id": 777, "is_bot": false, "first_name": "Иван"});
    let chat = json!({"id": 777, "type": "private"});
    let message = json!({
        "message_id": update, "date": 1_772_450_000, "from": client, "chat": chat, "text": "Здравствуйте",
    });
    let body = json!({"update_id": update, "message": message});
    api.send("POST", "/hooks/tg", &[TOKEN], body.to_string())
        .await
        .ok(200);
    api.app.core.lanes.idle().await;
}

async fn problems(api: &Api) -> Vec<Value> {
    let status = api.get("/status").await.ok(200);
    let problems = status["problems"].as_array().unwrap().iter();
    problems.map(|problem| problem["code"].clone()).collect()
}

#[tokio::test]
async fn webhook_that_cannot_be_processed_is_given_up_and_repeated_by_a_person() {
    let (api, _) = host(20).await;
    write(&api, 1).await;
    let failed = api.get("/inbound/failed").await.ok(200)["items"][0].clone();
    let note = failed["note"].as_str().unwrap();
    assert!(
        note.starts_with("20 times: ") && note.contains("`simulated`"),
        "{note}"
    );
    assert!(failed["body"].as_str().unwrap().contains("Здравствуйте"));
    assert_eq!(problems(&api).await, ["intake-dead"]);
    // The chat goes on meanwhile.
    write(&api, 2).await;
    let talk = api.get("/conversations?open=true").await.ok(200)["items"][0].clone();
    assert_eq!(talk["message_count"], 1, "{talk:#}");

    let path = format!("/inbound/{}/retry", failed["id"].as_str().unwrap());
    api.post(&path, json!({})).await.ok(200);
    let now = api.app.core.clock.now();
    api.app.advance_to(now).await.unwrap();
    let talk = api.get("/conversations?open=true").await.ok(200)["items"][0].clone();
    assert_eq!(talk["message_count"], 2, "{talk:#}");
    api.post(&path, json!({})).await.refused(409, "conflict");
    assert_eq!(problems(&api).await, [""; 0]);
    assert_eq!(api.get("/inbound/failed").await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn delivery_that_panics_frees_its_place_and_is_tried_again() {
    let (api, receiver) = host(0).await;
    write(&api, 1).await;
    let open = api.get("/conversations?open=true").await.ok(200);
    let path = format!(
        "/conversations/{}/messages",
        open["items"][0]["id"].as_str().unwrap()
    );
    api.post(&path, json!({"text": "Добрый день"})).await.ok(201);
    api.app.deliverer.send_due().await.unwrap();
    let pending = api.get("/deliveries").await.ok(200)["items"][0].clone();
    assert_eq!(
        (&pending["state"], &pending["attempt_count"]),
        (&json!("pending"), &json!(1))
    );
    assert!(
        pending["last_error"]
            .as_str()
            .unwrap()
            .starts_with("the host panicked"),
        "{pending:#}"
    );
    let clock = &api.app.core.clock;
    clock.advance_to(clock.now().plus(Duration::from_secs(60)).unwrap());
    api.app.deliverer.send_due().await.unwrap();
    let done = api.get("/deliveries").await.ok(200)["items"][0].clone();
    assert_eq!(done["state"], "delivered", "{done:#}");
    assert_eq!(receiver.0.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn messages_that_were_given_up_are_counted_and_sent_again_together() {
    let (api, _) = host(0).await;
    write(&api, 1).await;
    let open = api.get("/conversations?open=true").await.ok(200);
    let path = format!(
        "/conversations/{}/messages",
        open["items"][0]["id"].as_str().unwrap()
    );
    for text in ["Один", "Два", "Три"] {
        api.post(&path, json!({"text": text})).await.ok(201);
    }
    let db = &api.app.core.db;
    let pending = db.deliveries(&Default::default(), None, 10).await.unwrap();
    let mut batch = Batch::new(api.app.core.clock.now());
    for mut delivery in pending {
        delivery.state = signalbox_crm::timer::DeliveryState::Dead;
        delivery.finished_at = Some(batch.at);
        batch.deliveries_done.push(delivery);
    }
    db.commit(&batch).await.unwrap();
    assert_eq!(problems(&api).await, ["deliveries-dead"]);

    let preview = json!({"dry_run": true, "limit": 2, "finished_from": NOW});
    let preview = api.post("/deliveries/retry", preview).await.ok(200);
    assert_eq!(preview["matched_count"], 3);
    assert_eq!(preview["deliveries"].as_array().unwrap().len(), 2);
    let none = json!({"finished_until": NOW});
    let none = api.post("/deliveries/retry", none).await.ok(200);
    assert_eq!(none["deliveries"], json!([]));
    let first = api.post("/deliveries/retry", json!({"limit": 2})).await.ok(200);
    let rest = json!({"limit": 2, "after": first["next"]});
    let rest = api.post("/deliveries/retry", rest).await.ok(200);
    assert_eq!(
        (rest["deliveries"].as_array().unwrap().len(), &rest["next"]),
        (1, &Value::Null)
    );
    let again = api.get("/deliveries?state=pending").await.ok(200);
    assert_eq!(again["items"].as_array().unwrap().len(), 3);
    assert_eq!(problems(&api).await, [""; 0]);
}
