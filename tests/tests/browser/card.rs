//! The card of a deal: fields, activities, the client's words, and how its robots stand.

use serde_json::{Value, json};
use signalbox_crm::people::Role;
use signalbox_tests::robots::FLAKY;

use super::driver::Browsers;
use super::stage::{Person, Stage};
use crate::console::runs::install;

const SECRET: &str = "s3cret-Token_1";

/// Robots of the first stage that end in each of the four states.
async fn robots(stage: &Stage, new: &str) {
    install(&stage.site, FLAKY).await;
    let moment = json!({"kind": "stage", "stage": new});
    let tell = json!({"to": ["employee:1"], "title": "x"});
    let never = json!({"any": [[{"field": "amount", "op": "gt", "value": "1000000"}]]});
    for attachment in [
        json!({"title": "Ran", "robot": "notify", "moment": moment, "params": tell}),
        json!({"title": "Failed", "robot": "flaky", "moment": moment, "params": {"failures": 9}, "attempts_max": 1}),
        json!({"title": "Waits", "robot": "notify", "moment": moment, "params": tell, "timing": {"kind": "delay", "seconds": 3600}}),
        json!({"title": "Did not", "robot": "notify", "moment": moment, "params": tell, "condition": never}),
    ] {
        stage.site.create("/attachments", attachment).await;
    }
}

/// A client writes.
async fn writes(stage: &Stage, update: i64, text: &str) {
    let client = json!({"id": 777, "is_bot": false, "first_name": "Ivan"});
    let chat = json!({"id": 777, "type": "private", "first_name": "Ivan"});
    let body = json!({
        "update_id": update,
        "message": {"message_id": update, "date": 1_772_450_000, "from": client, "chat": chat, "text": text},
    });
    let headers = [("x-telegram-bot-api-secret-token", SECRET)];
    let answer = stage
        .site
        .guest()
        .send("POST", "/hooks/tg", &headers, body.to_string())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    stage.site.app.core.lanes.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deal_is_edited_planned_for_talked_about_and_its_robots_are_understood() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    let read = async |path: &str| stage.site.api("GET", path, None, Value::Null).await;
    robots(&stage, &sales.new).await;
    let channel = json!({
        "key": "tg", "title": "Telegram", "provider": "telegram", "inbound_secret": SECRET,
        "outbound_secret": "123:ABC", "base_url": "http://127.0.0.1:9", "opens_item_in": sales.pipeline,
    });
    stage.site.create("/channels", channel).await;
    writes(&stage, 1, "Good afternoon").await;
    let browser = browsers.open(1280, "en").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Operator, "Anna", "/deals/1").await;
    // Fields.
    anna.types("input[name='field.title']", "A pool for Ivan").await;
    anna.types("input[name='field.amount']", "250 000").await;
    anna.clicks("form[action$='/fields'] .primary").await;
    anna.holds(
        "the title is new",
        "document.querySelector('h1').innerText === 'A pool for Ivan'",
    )
    .await;
    assert_eq!(read("/items/deal:1").await["amount"], "250000.00 RUB");
    // An activity; the first number went to the attempt that failed.
    anna.clicks("details:has([data-key=plan]) summary").await;
    anna.clicks("[data-key=plan] option[value=call]").await;
    anna.types("[data-key=plan] input[name=title]", "Ask about the size")
        .await;
    anna.clicks("[data-key=plan] button").await;
    anna.sees("[data-key='activity:2'] form").await;
    assert_eq!(
        read("/activities/activity:2").await["title"],
        "Ask about the size"
    );
    anna.pictures("card").await;
    anna.clicks("[data-key='activity:2'] button").await;
    anna.holds("it is done", "document.querySelector('.activities li') === null")
        .await;
    assert_eq!(read("/activities/activity:2").await["state"], "completed");
    // What the client writes appears, and what is being typed to him stays.
    anna.goto(&stage.url("/deals/1?tab=talk")).await.unwrap();
    anna.is_live().await;
    anna.reads("Good afternoon").await;
    anna.types(".talk textarea", "Good afternoon, Ivan").await;
    writes(&stage, 2, "Are you there?").await;
    anna.reads("Are you there?").await;
    let typed = anna.value("document.querySelector('.talk textarea').value").await;
    assert_eq!(typed, json!("Good afternoon, Ivan"));
    anna.clicks(".talk form button").await;
    anna.sees(".messages li.out").await;
    anna.pictures("card-talk").await;
    let messages = read("/conversations/conversation:1/messages").await.to_string();
    assert!(messages.contains("Good afternoon, Ivan"), "{messages}");
    // The four states of robots.
    anna.clicks("a[href='?tab=automation']").await;
    for (title, class) in [
        ("Ran", "chip-good"),
        ("Failed", "chip-bad"),
        ("Waits", "chip-warn"),
    ] {
        anna.holds(
            title,
            &format!("[...document.querySelectorAll('.standings li')].some((line) => line.innerText.includes('{title}') && line.querySelector('.{class}'))"),
        )
        .await;
    }
    anna.clicks(".standings li:nth-child(4) a[href*='/explain']")
        .await;
    anna.reads("Did not").await;
    anna.sees("ol.points li").await;
    let told = read("/items/deal:1/explain?attachment=attachment:4").await;
    assert_eq!(told["standing"]["state"], "did-not-start", "{told:#}");
}
