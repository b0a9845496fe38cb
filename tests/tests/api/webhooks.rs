//! Webhooks come in without a token, conversations are read and answered with one.

use serde_json::{Value, json};

use super::harness::{Answer, Api, Sales};

const TOKEN: (&str, &str) = ("x-telegram-bot-api-secret-token", "s3cret-Token_1");

async fn telegram(api: &Api) -> Sales {
    let sales = api.sales().await;
    let channel = json!({
        "key": "tg",
        "title": "Telegram",
        "provider": "telegram",
        "inbound_secret": TOKEN.1,
        "outbound_secret": "123:ABC",
        "base_url": "http://127.0.0.1:9",
        "opens_item_in": sales.pipeline,
    });
    let made = api.post("/channels", channel).await.ok(201);
    let shown = api.get("/channels").await.ok(200).to_string() + &made.to_string();
    assert!(!shown.contains(TOKEN.1) && !shown.contains("123:ABC"), "{shown}");
    sales
}

async fn hook(api: &Api, headers: &[(&str, &str)], body: &Value) -> Answer {
    api.send("POST", "/hooks/tg", headers, body.to_string()).await
}

fn message(update: i64, text: &str) -> Value {
    let client = json!({"id": 777, "is_bot": false, "first_name": "Иван"});
    let chat = json!({"id": 777, "type": "private", "first_name": "Иван"});
    json!({
        "update_id": update,
        "message": {"message_id": update, "date": 1_772_450_000, "from": client, "chat": chat, "text": text},
    })
}

#[tokio::test]
async fn client_who_writes_in_two_chats_at_once_is_one_contact_with_one_deal() {
    let api = Api::start().await;
    let sales = telegram(&api).await;
    let held = api.app.core.lanes.hold();
    for chat in [777, 778] {
        let mut update = message(chat, "Здравствуйте");
        update["message"]["chat"]["id"] = chat.into();
        assert_eq!(hook(&api, &[TOKEN], &update).await.ok(200), json!({}));
    }
    drop(held);
    api.app.core.lanes.idle().await;
    for list in [
        format!("/items?pipeline={}", sales.pipeline),
        "/contacts".to_owned(),
    ] {
        let found = api.get(&list).await.ok(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found:#}");
    }
    let open = api.get("/conversations?open=true").await.ok(200);
    assert_eq!(open["items"].as_array().unwrap().len(), 2, "{open:#}");
}

#[tokio::test]
async fn message_opens_a_conversation_that_a_person_answers_and_closes() {
    let api = Api::start().await;
    let sales = telegram(&api).await;
    for update in [
        message(1, "Здравствуйте"),
        message(1, "Здравствуйте"),
        message(2, "Сколько стоит?"),
    ] {
        assert_eq!(hook(&api, &[TOKEN], &update).await.ok(200), json!({}));
    }
    api.app.core.lanes.idle().await;
    let items = api
        .get(&format!("/items?pipeline={}", sales.pipeline))
        .await
        .ok(200);
    assert_eq!(items["items"].as_array().unwrap().len(), 1, "{items:#}");
    let open = api.get("/conversations?open=true").await.ok(200);
    assert_eq!(open["items"][0]["message_count"], 2, "{open:#}");
    let path = format!("/conversations/{}", open["items"][0]["id"].as_str().unwrap());
    api.post(&format!("{path}/messages"), json!({"text": " "}))
        .await
        .refused(422, "invalid");
    let sent = api
        .post(&format!("{path}/messages"), json!({"text": "Добрый день"}))
        .await
        .ok(201);
    let messages = api.get(&format!("{path}/messages")).await.ok(200);
    assert_eq!(
        (&messages["items"][0]["id"], &messages["items"][0]["seq"]),
        (&sent["id"], &json!(3))
    );
    let pending = api.get("/deliveries?state=pending").await.ok(200);
    assert_eq!(pending["items"][0]["message"], sent["id"]);
    let delivery = pending["items"][0]["id"].as_str().unwrap();
    api.post(&format!("/deliveries/{delivery}/retry"), json!({}))
        .await
        .refused(409, "conflict");
    let version = api.get(&path).await.ok(200)["version"].as_i64().unwrap();
    api.change("POST", &format!("{path}/close"), version, json!({}))
        .await
        .ok(200);
    api.change("POST", &format!("{path}/close"), version + 1, json!({}))
        .await
        .refused(409, "conflict");
}

#[tokio::test]
async fn forged_or_broken_webhook_is_refused_and_not_stored() {
    let api = Api::start().await;
    telegram(&api).await;
    hook(&api, &[], &message(1, "x"))
        .await
        .refused(401, "unauthorized");
    hook(&api, &[(TOKEN.0, "guess")], &message(1, "x"))
        .await
        .refused(401, "unauthorized");
    hook(&api, &[TOKEN], &json!({"no": "update"}))
        .await
        .refused(400, "bad-json");
    let large = message(1, &"x".repeat(1024 * 1024));
    hook(&api, &[TOKEN], &large).await.refused(413, "too-large");
    api.send("POST", "/hooks/other", &[TOKEN], "{}")
        .await
        .refused(404, "not-found");
    api.app.core.lanes.idle().await;
    assert_eq!(api.get("/conversations").await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn webhook_that_cannot_be_stored_is_to_be_sent_again() {
    let api = Api::start().await;
    telegram(&api).await;
    api.app.core.db.close().await;
    let refused = hook(&api, &[TOKEN], &message(1, "x")).await;
    assert_eq!(refused.headers["retry-after"], "1");
    refused.refused(503, "unavailable");
}
