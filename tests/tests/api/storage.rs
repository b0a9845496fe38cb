//! What callers see when the database cannot store.

use serde_json::json;
use signalbox::app::AppOptions;
use signalbox::clock::Clock;
use signalbox_crm::time::Timestamp;

use super::harness::{Api, NOW};

#[tokio::test]
async fn full_disk_is_said_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let now = Timestamp::parse(NOW).unwrap();
    let mut options = AppOptions::for_test(Clock::starting_at(now));
    options.database = Some(format!("sqlite:{}", dir.path().join("full.db").display()));
    let api = Api::start_with(options.clone()).await;
    let sales = api.sales().await;
    let deal = api.create("/items", sales.deal("Deal")).await;
    let size = api.app.core.db.size_bytes().await.unwrap();
    api.app.stop().await;

    options.open.size_bytes_max = Some(size + 200_000);
    let api = Api::start_with(options).await;
    let comments = format!("/items/{deal}/comments");
    let text = "x".repeat(10_000);
    let mut stored = 0;
    let refused = loop {
        let answer = api.post(&comments, json!({"text": text})).await;
        if answer.status != 201 {
            break answer;
        }
        stored += 1;
        assert!(stored < 1000, "the database never got full");
    };
    refused.refused(507, "storage-full");
    let timeline = api
        .get(&format!("/items/{deal}/timeline?limit=200"))
        .await
        .ok(200);
    assert_eq!(timeline["items"].as_array().unwrap().len(), stored);
}

#[tokio::test]
async fn database_out_of_reach_is_a_503_with_retry_after() {
    let api = Api::start().await;
    let sales = api.sales().await;
    api.send("GET", "/ready", &[], "").await.ok(200);
    api.app.core.db.close().await;
    for answer in [
        api.post("/items", sales.deal("Deal")).await,
        api.get("/items").await,
        api.send("GET", "/ready", &[], "").await,
    ] {
        assert_eq!(answer.headers["retry-after"], "1");
        answer.refused(503, "unavailable");
    }
    api.send("GET", "/health", &[], "").await.ok(200);
}
