//! Clients and activities.

use serde_json::json;

use super::harness::Api;

#[tokio::test]
async fn client_is_found_however_the_phone_is_written() {
    let api = Api::start().await;
    let client = json!({"name": "Иван Семёнов", "phones": ["8(987) 654-32-10"], "emails": ["Ivan@Mail.RU"]});
    let id = api.create("/contacts", client).await;
    let queries = [
        "phone=%2B79876543210",
        "phone=(987)%20654-32-10",
        "phone=654-32-10",
        "email=ivan@mail.ru",
    ];
    for query in queries.into_iter().chain(["name=%D1%81%D0%B5%D0%BC%D0%B5%D0%BD"]) {
        let found = api.get(&format!("/contacts?{query}")).await.ok(200);
        assert_eq!(found["items"][0]["id"], json!(id), "{query}");
    }
    let patch = json!({"phones": [], "name": "Ivan"});
    let changed = api
        .change("PATCH", &format!("/contacts/{id}"), 1, patch)
        .await
        .ok(200);
    assert_eq!(
        (&changed["points"].as_array().unwrap().len(), &changed["version"]),
        (&1, &json!(2))
    );
}

#[tokio::test]
async fn activity_lives_from_plan_to_done() {
    let api = Api::start().await;
    let zone = json!({"zone": "Europe/Moscow", "weekly": [{"days": ["mon-fri"], "hours": ["09:00-18:00"]}]});
    let calendar = api
        .post("/calendars", json!({"key": "office", "spec": zone}))
        .await
        .ok(201);
    assert_eq!(calendar["is_default"], true);
    let sales = api.sales().await;
    let deal = api.create("/items", sales.deal("Deal")).await;
    let call = json!({"item": deal, "kind": "call", "deadline": "+1d", "reminders_min": [15]});
    let id = api.create("/activities", call).await;
    let path = format!("/activities/{id}");
    let moved = api
        .change("PATCH", &path, 1, json!({"deadline": "2026-03-05T10:00:00Z"}))
        .await
        .ok(200);
    assert_eq!(moved["deadline_at"], "2026-03-05T10:00:00Z");
    let listed = api
        .get(&format!(
            "/activities?item={deal}&state=open&due_before=2026-03-06T00:00:00Z"
        ))
        .await
        .ok(200);
    assert_eq!(listed["items"][0]["id"], json!(id));
    let done = api
        .change("POST", &format!("{path}/complete"), 2, json!({}))
        .await
        .ok(200);
    assert_eq!(done["state"], "completed");
    api.change("POST", &format!("{path}/cancel"), 3, json!({}))
        .await
        .refused(409, "conflict");
    let history = api
        .get(&format!("/items/{deal}/history"))
        .await
        .ok(200)
        .to_string();
    assert!(
        history.contains("activity-planned") && history.contains("created"),
        "{history}"
    );
}

#[tokio::test]
async fn pipeline_is_made_with_its_stages_or_not_at_all() {
    let api = Api::start().await;
    let stage = |key: &str, wants: &str| json!({"key": key, "title": {"ru": key, "en": key}, "kind": "open", "required_fields": [wants]});
    let pipeline = |second: &str, wants: &str| {
        json!({
            "key": "p", "title": {"ru": "p", "en": "p"}, "item_kind": "deal",
            "stages": [stage("a", "amount"), stage(second, wants)],
        })
    };
    api.post("/pipelines", pipeline("a", "amount")).await.ok(409);
    let refused = api.post("/pipelines", pipeline("b", "colour")).await.ok(422);
    assert_eq!(refused["fields"], json!(["colour"]));
    assert_eq!(api.get("/pipelines").await.ok(200)["items"], json!([]));
    let id = api.create("/pipelines", pipeline("b", "amount")).await;
    let found = api.get(&format!("/pipelines/{id}/stages")).await.ok(200);
    let places: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| [&one["key"], &one["sort"]])
        .collect();
    assert_eq!(json!(places), json!([["a", 10], ["b", 20]]));
}
