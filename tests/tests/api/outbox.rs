//! Deliveries: what leaves the house, how it is known again, and when it is forgotten.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::harness::Api;

/// A messenger that says yes to one message: its address, and the message as it arrived.
async fn messenger() -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let arrived = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
        }
        let body = r#"{"ok":true,"result":{"message_id":4711}}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    });
    (at, arrived)
}

const TOKEN: (&str, &str) = ("x-telegram-bot-api-secret-token", "s3cret-Token_1");

async fn connect(api: &Api, at: SocketAddr) {
    let sales = api.sales().await;
    let channel = json!({
        "key": "tg",
        "title": "Telegram",
        "provider": "telegram",
        "inbound_secret": TOKEN.1,
        "outbound_secret": "123:ABC",
        "base_url": format!("http://{at}"),
        "opens_item_in": sales.pipeline,
    });
    api.post("/channels", channel).await.ok(201);
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

/// Answers the only conversation.
async fn answer(api: &Api) -> (String, Value) {
    let open = api.get("/conversations?open=true").await.ok(200);
    let path = format!(
        "/conversations/{}/messages",
        open["items"][0]["id"].as_str().unwrap()
    );
    let sent = api.post(&path, json!({"text": "Добрый день"})).await.ok(201);
    (path, sent)
}

#[tokio::test]
async fn delivered_message_has_the_receivers_id_and_a_key_of_this_database() {
    let api = Api::start().await;
    let (at, arrived) = messenger().await;
    connect(&api, at).await;
    write(&api, 1).await;
    let (path, sent) = answer(&api).await;
    let pending = api.get("/deliveries").await.ok(200)["items"][0].clone();
    let installation = api.app.core.records.directory().installation.clone();
    assert_eq!(installation.len(), 16, "{installation}");
    let key = format!("{installation}:{}", sent["id"].as_str().unwrap());
    assert_eq!(pending["idempotency_key"], json!(key));
    assert!(!key.contains('.'), "{key}");

    api.app.deliverer.send_due().await.unwrap();
    assert!(arrived.await.unwrap().contains("\"chat_id\":777"));
    let done = api.get("/deliveries").await.ok(200)["items"][0].clone();
    assert_eq!(
        (&done["state"], &done["attempt_count"]),
        (&json!("delivered"), &json!(1))
    );
    let messages = api.get(&path).await.ok(200);
    let id = sent["id"].as_str().unwrap().parse().unwrap();
    let stored = api.app.core.db.message(id).await.unwrap().unwrap();
    assert_eq!(stored.external_id.as_deref(), Some("4711"), "{messages:#}");
    assert_eq!(stored.version, 2);
}

#[tokio::test]
async fn what_has_served_is_forgotten_and_a_webhook_is_known_until_then() {
    let api = Api::start().await;
    let (at, arrived) = messenger().await;
    connect(&api, at).await;
    write(&api, 1).await;
    answer(&api).await;
    api.app.deliverer.send_due().await.unwrap();
    arrived.await.unwrap();
    let create = async || {
        let body = json!({"name": "Ivan"}).to_string();
        let made = api
            .as_admin("POST", "/contacts", &[("idempotency-key", "k1")], body)
            .await;
        made.ok(201)["id"].clone()
    };
    let first = create().await;
    let begin = api.app.core.clock.now();
    let later = async |days: u64| {
        let now = begin.plus(Duration::from_secs(days * 24 * 3600 + 1)).unwrap();
        api.app.core.clock.advance_to(now);
        api.app.janitor.clean().await.unwrap()
    };
    assert_eq!(later(0).await, 0);
    assert_eq!(create().await, first);
    assert_eq!(later(1).await, 1, "the key");
    assert_ne!(create().await, first);
    assert_eq!(later(29).await, 1, "the second key");
    write(&api, 1).await;
    let count = async || {
        api.get("/conversations").await.ok(200)["items"][0]["message_count"]
            .as_i64()
            .unwrap()
    };
    assert_eq!(count().await, 2, "the webhook came again and is known");
    assert_eq!(later(30).await, 1, "the webhook");
    assert_eq!(later(90).await, 1, "the delivery");
    assert_eq!(api.get("/deliveries").await.ok(200)["items"], json!([]));
    assert_eq!(count().await, 2, "messages stay");
}
