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

/// Groups that the database refuses leave no trace in memory: what follows is stored as if they had not been.
#[tokio::test]
async fn host_goes_on_after_commits_that_found_no_room() {
    let dir = tempfile::tempdir().unwrap();
    let now = Timestamp::parse(NOW).unwrap();
    let mut options = AppOptions::for_test(Clock::starting_at(now));
    options.database = Some(format!("sqlite:{}", dir.path().join("full.db").display()));
    let api = Api::start_with(options.clone()).await;
    let sales = api.sales().await;
    let anna = api
        .create("/employees", json!({"name": "Anna", "role": "operator"}))
        .await;
    let boris = api
        .create("/employees", json!({"name": "Boris", "role": "operator"}))
        .await;
    let attachment = json!({
        "title": "In turn", "robot": "reassign", "moment": {"kind": "stage", "stage": sales.new},
        "params": {"employees": [anna, boris], "distribution": "even"},
    });
    api.create("/attachments", attachment).await;
    let size = api.app.core.db.size_bytes().await.unwrap();
    api.app.stop().await;

    options.open.size_bytes_max = Some(size + 400_000);
    let api = Api::start_with(options.clone()).await;
    let note = "x".repeat(200);
    let large = |number: usize| {
        let mut deal = sales.deal(&format!("Deal {number}"));
        deal["source"] = json!(note);
        deal
    };
    let mut stored = Vec::new();
    let mut refused_count = 0;
    for round in 0..400 {
        // Some at a time, so that they are one group.
        let (a, b, c) = tokio::join!(
            api.post("/items", large(round)),
            api.post("/items", large(round)),
            api.post("/items", large(round)),
        );
        for answer in [a, b, c] {
            match answer.status {
                201 => stored.push(answer.body["id"].as_str().unwrap().to_owned()),
                _ => {
                    refused_count += 1;
                    answer.refused(507, "storage-full");
                }
            }
        }
        if refused_count > 20 {
            break;
        }
    }
    assert!(
        refused_count > 20 && !stored.is_empty(),
        "the database never got full"
    );
    api.app.stop().await;

    // Room again: what was left goes on, and nobody's turn was lost.
    options.open.size_bytes_max = None;
    let api = Api::start_with(options).await;
    stored.push(api.create("/items", large(1000)).await);
    api.app.core.lanes.idle().await;
    let mut turns = Vec::new();
    for deal in &stored {
        let item = api.get(&format!("/items/{deal}")).await.ok(200);
        turns.push(item["assignee"].as_str().unwrap().to_owned());
    }
    let anna_count = turns.iter().filter(|name| **name == anna).count();
    let half = stored.len() / 2;
    assert!(
        (half..=half + 1).contains(&anna_count),
        "{anna_count} of {}",
        stored.len()
    );
    for check in api.app.core.db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
}
