//! A request that is sent twice acts once.

use serde_json::json;
use signalbox_crm::people::Role;

use super::harness::{Answer, Api};

async fn create(api: &Api, key: &str, body: serde_json::Value) -> Answer {
    api.as_admin("POST", "/contacts", &[("idempotency-key", key)], body.to_string())
        .await
}

#[tokio::test]
async fn same_key_and_body_get_the_same_answer() {
    let api = Api::start().await;
    let first = create(&api, "k1", json!({"name": "Ivan"})).await;
    let second = create(&api, "k1", json!({"name": "Ivan"})).await;
    assert_eq!((first.status, &first.body), (201, &second.body));
    assert_eq!(
        (second.status, &second.headers["etag"]),
        (201, &first.headers["etag"])
    );
    let third = create(&api, "k2", json!({"name": "Ivan"})).await.ok(201);
    assert_ne!(third["id"], first.body["id"]);
    let contacts = api.get("/contacts").await.ok(200);
    assert_eq!(contacts["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn same_key_with_another_body_or_route_is_refused() {
    let api = Api::start().await;
    create(&api, "k1", json!({"name": "Ivan"})).await.ok(201);
    create(&api, "k1", json!({"name": "Pyotr"}))
        .await
        .refused(422, "invalid");
    let body = json!({"name": "Ivan"}).to_string();
    let other = api
        .as_admin("POST", "/employees", &[("idempotency-key", "k1")], body)
        .await;
    assert_eq!(other.status, 422);
    create(&api, &"k".repeat(201), json!({"name": "Ivan"}))
        .await
        .refused(422, "invalid");
    create(&api, " ", json!({"name": "Ivan"}))
        .await
        .refused(422, "invalid");
}

#[tokio::test]
async fn key_of_another_token_is_another_key() {
    let api = Api::start().await;
    let first = create(&api, "k1", json!({"name": "Ivan"})).await.ok(201);
    let bearer = format!("Bearer {}", api.token(Role::Operator, None).await);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k1")];
    let second = api
        .send(
            "POST",
            "/api/v1/contacts",
            &headers,
            json!({"name": "Ivan"}).to_string(),
        )
        .await
        .ok(201);
    assert_ne!(second["id"], first["id"]);
}

#[tokio::test]
async fn duplicates_in_flight_create_once() {
    let api = Api::start().await;
    let one = || create(&api, "k1", json!({"name": "Ivan"}));
    let answers = tokio::join!(one(), one(), one(), one(), one(), one(), one(), one());
    let (a, b, c, d, e, f, g, h) = answers;
    let bodies = [a, b, c, d, e, f, g, h].map(|answer| answer.ok(201));
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
    let contacts = api.get("/contacts").await.ok(200);
    assert_eq!(contacts["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn refused_request_may_be_corrected_under_its_key() {
    let api = Api::start().await;
    create(&api, "k1", json!({"name": ""}))
        .await
        .refused(422, "invalid");
    create(&api, "k1", json!({"name": "Ivan"})).await.ok(201);
}

#[tokio::test]
async fn secret_of_a_token_is_not_repeated() {
    let api = Api::start().await;
    let body = json!({"name": "sync", "role": "auditor"}).to_string();
    let make = async || {
        api.as_admin("POST", "/tokens", &[("idempotency-key", "t")], body.clone())
            .await
            .ok(201)
    };
    let (first, second) = (make().await, make().await);
    assert_eq!(first["id"], second["id"]);
    assert!(
        first["secret"].is_string() && second["secret"].is_null(),
        "{second:#}"
    );
}
