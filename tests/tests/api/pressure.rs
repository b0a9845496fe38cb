//! Too much work: what makes more of it is refused with 429, and everything else goes on.

use serde_json::json;
use signalbox::app::AppOptions;
use signalbox::clock::Clock;
use signalbox_crm::people::Role;
use signalbox_crm::time::Timestamp;

use super::harness::{Api, NOW};

/// A host in which two tasks may wait.
async fn small() -> Api {
    let clock = Clock::starting_at(Timestamp::parse(NOW).unwrap());
    let options = AppOptions::for_test(clock);
    Api::start_with(AppOptions {
        backlog_max: 2,
        ..options
    })
    .await
}

#[tokio::test]
async fn full_backlog_refuses_more_work_and_nothing_else_until_it_is_worked_off() {
    let api = small().await;
    let sales = api.sales().await;
    let notify = json!({
        "title": "Tell", "robot": "notify", "moment": {"kind": "stage", "stage": sales.new},
        "grants": ["notifications"], "params": {"to": ["role:assignee"], "title": "New"},
        "is_enabled": true,
    });
    let attachment = api.create("/attachments", notify).await;
    let form = json!({
        "key": "form", "title": "Form", "provider": "generic", "inbound_secret": "s3cret-Token_1",
        "outbound_secret": "x-secret-of-ours", "base_url": "http://127.0.0.1:9",
    });
    api.create("/channels", form).await;
    let held = api.app.core.lanes.hold();
    for title in ["One", "Two"] {
        api.create("/items", sales.deal(title)).await;
    }
    let refused = api.post("/items", sales.deal("Three")).await;
    assert_eq!(refused.headers["retry-after"], "5");
    let problem = refused.refused(429, "busy");
    assert_eq!(problem["detail"], "2 runs and messages wait, 2 may: try again");
    let hook = api.send("POST", "/hooks/form", &[], "{}").await;
    assert_eq!(hook.headers["retry-after"], "5");
    hook.refused(429, "busy");
    // Who may not do it at all is told so.
    let viewer = api.token(Role::Integrator, None).await;
    let bearer = format!("Bearer {viewer}");
    let headers = [("authorization", bearer.as_str())];
    api.send("POST", "/api/v1/items", &headers, sales.deal("Three").to_string())
        .await
        .refused(403, "forbidden");

    let runs = api.get("/runs").await.ok(200);
    let first = runs["items"][1]["id"].as_str().unwrap();
    let shown = api.get(&format!("/runs/{first}")).await.ok(200);
    assert_eq!(shown["waits"], "waits for its turn at a worker");
    let status = api.get("/status").await.ok(200);
    assert_eq!(status["problems"][0]["code"], "backlog-full", "{status:#}");
    assert_eq!(
        status["lanes"]["waiting"],
        json!([{"attachment": attachment, "title": "Tell", "robot": "notify", "run_count": 2, "held_by": null}])
    );
    // Who reads what came makes no work: it gets as far as looking for the notification.
    api.post("/notifications/notification:999/read", json!({}))
        .await
        .refused(404, "not-found");
    api.post(&format!("/runs/{first}/cancel"), json!({}))
        .await
        .ok(200);
    let title = json!({"ru": "Сервис", "en": "Service"});
    let service = json!({"key": "service", "title": title, "item_kind": "deal"});
    api.create("/pipelines", service).await;

    drop(held);
    api.app.core.lanes.idle().await;
    api.create("/items", sales.deal("Three")).await;
}

#[tokio::test]
async fn run_beyond_the_limit_of_its_attachment_waits_and_says_why() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let notify = json!({
        "title": "Tell", "robot": "notify", "moment": {"kind": "stage", "stage": sales.new},
        "params": {"to": ["role:assignee"], "title": "New"}, "concurrency_max": 1,
    });
    let attachment = api.create("/attachments", notify).await;
    let lanes = &api.app.core.lanes;
    let held = lanes.hold();
    for title in ["One", "Two", "Three"] {
        api.create("/items", sales.deal(title)).await;
    }
    drop(held);
    // The first of them is under way until this test says so.
    let (lane, first) = lanes.take().await;
    let runs = api.get("/runs").await.ok(200);
    let path = format!("/runs/{}", runs["items"][0]["id"].as_str().unwrap());
    let why = format!("{attachment} runs 1 at a time, which is its limit");
    assert_eq!(api.get(&path).await.ok(200)["waits"], why);
    let status = api.get("/status").await.ok(200);
    assert_eq!(status["lanes"]["waiting"][0]["held_by"], why, "{status:#}");
    // A limit that is lifted lets them go on.
    api.change(
        "PATCH",
        &format!("/attachments/{attachment}"),
        1,
        json!({"concurrency_max": 0}),
    )
    .await
    .ok(200);
    lanes.done(lane.clone(), &first);
    lanes.push([(lane, first)]);
    lanes.idle().await;
    let runs = api.get("/runs?state=available").await.ok(200);
    assert_eq!(runs["items"], json!([]));
}
