//! Tokens: shown once, ended by time or by hand.

use serde_json::json;
use signalbox_crm::time::Timestamp;

use super::harness::Api;

#[tokio::test]
async fn token_works_until_it_is_revoked() {
    let api = Api::start().await;
    let made = api
        .post("/tokens", json!({"name": "CRM sync", "role": "auditor"}))
        .await
        .ok(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("sbx_") && secret.len() == 47, "{secret}");
    let bearer = format!("Bearer {secret}");
    let items = async || {
        api.send("GET", "/api/v1/items", &[("authorization", &bearer)], "")
            .await
    };
    items().await.ok(200);
    let listed = api.get("/tokens").await.ok(200).to_string();
    assert!(
        listed.contains("CRM sync") && !listed.contains(secret),
        "{listed}"
    );
    let path = format!("/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(api.as_admin("DELETE", &path, &[], "").await.status, 204);
    let refused = items().await;
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    refused.refused(401, "unauthorized");
    assert_eq!(api.as_admin("DELETE", &path, &[], "").await.status, 204);
}

#[tokio::test]
async fn token_ends_at_its_instant() {
    let api = Api::start().await;
    let token = |end: &str| json!({"name": "trial", "role": "auditor", "expires_at": end});
    api.post("/tokens", token("2026-03-02T11:20:00Z"))
        .await
        .refused(422, "invalid");
    let made = api.post("/tokens", token("2026-03-02T12:00:00Z")).await.ok(201);
    let bearer = format!("Bearer {}", made["secret"].as_str().unwrap());
    let items = async || {
        api.send("GET", "/api/v1/items", &[("authorization", &bearer)], "")
            .await
    };
    items().await.ok(200);
    api.app
        .core
        .clock
        .advance_to(Timestamp::parse("2026-03-02T12:00:00Z").unwrap());
    items().await.refused(401, "unauthorized");
}

#[tokio::test]
async fn malformed_authorization_is_refused() {
    let api = Api::start().await;
    let wrong = format!("Bearer {}x", api.admin);
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "sbx_abc",
        "Bearer sbx_\u{e9}",
        &wrong,
    ] {
        api.send("GET", "/api/v1/items", &[("authorization", header)], "")
            .await
            .refused(401, "unauthorized");
    }
}
