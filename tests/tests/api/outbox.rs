//! Deliveries: what leaves the house, how it is known again, and when it is forgotten.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use signalbox::engine::committer::Proposal;
use signalbox_crm::people::Actor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;

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

/// What a receiver does with a message.
#[derive(Clone, Copy)]
enum Does {
    Takes,
    /// This status, and these header lines.
    Answers(&'static str),
    /// Reads it and hangs up.
    HangsUp,
    /// Takes it after the other receiver has had so many.
    WaitsFor(usize),
}

/// A receiver that does one thing after the other and then takes all, and the texts that it has read.
async fn receiver(
    does: Vec<Does>,
    other: watch::Receiver<Vec<String>>,
) -> (SocketAddr, watch::Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (read, texts) = watch::channel(Vec::new());
    tokio::spawn(async move {
        let mut does = does.into_iter();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            let (_, body) = std::str::from_utf8(&request)
                .unwrap()
                .split_once("\r\n\r\n")
                .unwrap();
            let body: Value = serde_json::from_str(body).unwrap();
            read.send_modify(|texts| texts.push(body["text"].as_str().unwrap().to_owned()));
            let status = match does.next().unwrap_or(Does::Takes) {
                Does::Takes => "200 OK",
                Does::Answers(status) => status,
                Does::HangsUp => continue,
                Does::WaitsFor(count) => {
                    other
                        .clone()
                        .wait_for(|texts| texts.len() >= count)
                        .await
                        .unwrap();
                    "200 OK"
                }
            };
            let body = r#"{"ok":true,"result":{"message_id":1}}"#;
            let body = if status.starts_with("200") { body } else { "" };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (at, texts)
}

/// A second bot.
async fn connect_another(api: &Api, at: SocketAddr) {
    let channel = json!({
        "key": "tg2", "title": "Telegram 2", "provider": "telegram", "inbound_secret": TOKEN.1,
        "outbound_secret": "456:DEF", "base_url": format!("http://{at}"), "per_second": 1000,
    });
    let made = api.post("/channels", channel).await.ok(201);
    assert_eq!(made["deduplicates"], false, "{made:#}");
}

async fn write_to(api: &Api, hook: &str, chat: i64) -> String {
    let client = json!({"id": chat, "is_bot": false, "first_name": "Иван"});
    let message = json!({
        "message_id": chat, "date": 1_772_450_000, "from": client, "chat": {"id": chat, "type": "private"}, "text": "?",
    });
    let body = json!({"update_id": chat, "message": message});
    api.send("POST", hook, &[TOKEN], body.to_string()).await.ok(200);
    api.app.core.lanes.idle().await;
    let open = api.get("/conversations?open=true").await.ok(200);
    // Newest first.
    open["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn say(api: &Api, conversation: &str, text: &str) {
    let path = format!("/conversations/{conversation}/messages");
    api.post(&path, json!({"text": text})).await.ok(201);
}

fn nobody() -> watch::Receiver<Vec<String>> {
    watch::channel(Vec::new()).1
}

async fn pass(api: &Api, seconds: u64) {
    let now = api.app.core.clock.now();
    api.app
        .core
        .clock
        .advance_to(now.plus(Duration::from_secs(seconds)).unwrap());
    api.app.deliverer.send_due().await.unwrap();
}

#[tokio::test]
async fn messages_of_a_conversation_keep_their_order_when_one_is_tried_again() {
    let api = Api::start().await;
    let (at, texts) = receiver(vec![Does::Answers("503 Busy")], nobody()).await;
    connect(&api, at).await;
    let talk = write_to(&api, "/hooks/tg", 777).await;
    say(&api, &talk, "first").await;
    say(&api, &talk, "second").await;
    api.app.deliverer.send_due().await.unwrap();
    assert_eq!(*texts.borrow(), ["first"]);
    for _ in 0..4 {
        pass(&api, 1).await;
    }
    assert_eq!(*texts.borrow(), ["first", "first", "second"]);
}

#[tokio::test]
async fn slow_receiver_holds_up_no_other() {
    let api = Api::start().await;
    let (fast_at, fast) = receiver(vec![], nobody()).await;
    let (slow_at, slow) = receiver(vec![Does::WaitsFor(2)], fast.clone()).await;
    connect(&api, slow_at).await;
    connect_another(&api, fast_at).await;
    let to_slow = write_to(&api, "/hooks/tg", 777).await;
    say(&api, &to_slow, "slow").await;
    let to_fast = write_to(&api, "/hooks/tg2", 778).await;
    say(&api, &to_fast, "one").await;
    say(&api, &to_fast, "two").await;
    // The clock stands still: the second message goes when the flow to its receiver allows it.
    let deliverer = std::sync::Arc::clone(&api.app.deliverer);
    let clock = api.app.core.clock.clone();
    let mut one = fast.clone();
    tokio::join!(deliverer.send_due(), async {
        one.wait_for(|texts| !texts.is_empty()).await.unwrap();
        clock.advance_to(clock.now().plus(Duration::from_secs(1)).unwrap());
    })
    .0
    .unwrap();
    pass(&api, 1).await;
    assert_eq!((fast.borrow().len(), slow.borrow().len()), (2, 1));
}

#[tokio::test]
async fn receiver_that_asks_to_wait_is_asked_nothing_meanwhile() {
    let api = Api::start().await;
    let busy = "429 Too Many Requests\r\nretry-after: 30";
    let (at, texts) = receiver(vec![Does::Answers(busy)], nobody()).await;
    connect(&api, at).await;
    for chat in [777, 778] {
        let talk = write_to(&api, "/hooks/tg", chat).await;
        say(&api, &talk, "hello").await;
    }
    api.app.deliverer.send_due().await.unwrap();
    pass(&api, 29).await;
    assert_eq!(texts.borrow().len(), 1);
    pass(&api, 2).await;
    pass(&api, 1).await;
    assert_eq!(texts.borrow().len(), 3);
}

#[tokio::test]
async fn message_whose_fate_is_not_known_is_sent_again_or_given_up_as_the_channel_says() {
    let api = Api::start().await;
    let (at, texts) = receiver(vec![Does::HangsUp; 4], nobody()).await;
    connect(&api, at).await;
    let talk = write_to(&api, "/hooks/tg", 777).await;
    say(&api, &talk, "at least once").await;
    api.app.deliverer.send_due().await.unwrap();
    let first = async || api.get("/deliveries").await.ok(200)["items"][0].clone();
    assert_eq!(first().await["state"], "pending");

    let channel = api.get("/channels").await.ok(200)["items"][0].clone();
    let path = format!("/channels/{}", channel["id"].as_str().unwrap());
    let once = json!({"guarantee": "at-most-once"});
    api.change("PATCH", &path, 1, once).await.ok(200);
    api.change("PATCH", &path, 2, json!({"per_second": 0}))
        .await
        .refused(422, "invalid");
    pass(&api, 60).await;
    let dead = first().await;
    assert_eq!(dead["state"], "dead", "{dead:#}");
    assert!(
        dead["last_error"]
            .as_str()
            .unwrap()
            .contains("perhaps the client has it"),
        "{dead:#}"
    );

    // A host that ended between the request and its mark.
    say(&api, &talk, "on its way").await;
    let id = first().await["id"].as_str().unwrap().parse().unwrap();
    let mut delivery = api.app.core.db.delivery(id).await.unwrap().unwrap();
    delivery.started_at = Some(delivery.created_at);
    let mut proposal = Proposal::new(api.app.core.clock.now(), Actor::System);
    proposal.changes.deliveries_done.push(delivery);
    api.app.core.submit(proposal).await.unwrap();
    let sent = texts.borrow().len();
    pass(&api, 60).await;
    let dead = first().await;
    assert_eq!(
        (&dead["state"], texts.borrow().len()),
        (&json!("dead"), sent),
        "{dead:#}"
    );
}
