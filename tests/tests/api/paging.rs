//! Walking through lists.

use std::collections::BTreeSet;

use serde_json::Value;

use super::harness::Api;

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn walk_loses_and_doubles_nothing_while_rows_are_added_and_changed() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let mut wanted = BTreeSet::new();
    for n in 0..500 {
        wanted.insert(api.create("/items", sales.deal(&format!("Deal {n}"))).await);
    }
    let (mut seen, mut cursor, mut added) = (Vec::new(), String::new(), 0);
    loop {
        let page = api.get(&format!("/items?limit=37{cursor}")).await.ok(200);
        seen.extend(ids(&page));
        if added < 20 {
            api.create("/items", sales.deal("Added")).await;
            added += 1;
            let last = seen.last().unwrap();
            let path = format!("/items/{last}");
            api.change("PATCH", &path, 1, serde_json::json!({"title": "Changed"}))
                .await
                .ok(200);
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&after={next}"),
            None => break,
        }
    }
    let unique: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!(unique.len(), seen.len(), "a row came twice");
    assert!(wanted.is_subset(&unique), "a row was lost");
}

#[tokio::test]
async fn newest_first_walk_sees_each_row_once() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let deal = api.create("/items", sales.deal("Deal")).await;
    let path = format!("/items/{deal}/comments");
    for n in 0..7 {
        api.post(&path, serde_json::json!({"text": format!("{n}")}))
            .await
            .ok(201);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api
            .get(&format!("/items/{deal}/timeline?limit=3{cursor}"))
            .await
            .ok(200);
        let items = page["items"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|note| note["text"].as_str().unwrap().to_owned()));
        api.post(&path, serde_json::json!({"text": "later"}))
            .await
            .ok(201);
        match page["next"].as_str() {
            Some(next) => cursor = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["6", "5", "4", "3", "2", "1", "0"]);
}

#[tokio::test]
async fn page_that_ends_exactly_has_no_next() {
    let api = Api::start().await;
    let sales = api.sales().await;
    for _ in 0..4 {
        api.create("/items", sales.deal("Deal")).await;
    }
    let first = api.get("/items?limit=2").await.ok(200);
    let next = first["next"].as_str().unwrap();
    let second = api.get(&format!("/items?limit=2&after={next}")).await.ok(200);
    assert_eq!((ids(&second).len(), second["next"].is_null()), (2, true));
}

#[tokio::test]
async fn cursor_that_this_list_did_not_give_is_refused() {
    let api = Api::start().await;
    let sales = api.sales().await;
    for _ in 0..2 {
        api.create("/items", sales.deal("Deal")).await;
    }
    let next = api.get("/items?limit=1").await.ok(200)["next"]
        .as_str()
        .unwrap()
        .to_owned();
    for (list, cursor) in [
        ("runs", next.as_str()),
        ("items", "abc"),
        ("items", "%D0%AF"),
        ("items", ""),
    ] {
        let problem = api
            .get(&format!("/{list}?after={cursor}"))
            .await
            .refused(422, "invalid");
        assert_eq!(problem["fields"], serde_json::json!(["after"]), "{cursor}");
    }
}
