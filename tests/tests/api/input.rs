//! Bad input of every kind: refused by name, with a stable code, and nothing is changed.

use serde_json::{Value, json};
use signalbox_sandbox::inspect::COMPONENT_BYTES_MAX;

use super::harness::Api;

#[tokio::test]
async fn body_is_refused_by_name() {
    let api = Api::start().await;
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(1024 * 1024));
    for (body, status, code, fields) in [
        ("{", 400, "bad-json", json!(null)),
        ("[1", 400, "bad-json", json!(null)),
        (r#"{"name":"A"} x"#, 400, "bad-json", json!(null)),
        (r#"{"name":"A\u0000B"}"#, 400, "bad-json", json!(null)),
        ("{\"name\":\"\u{0}\"}", 400, "bad-json", json!(null)),
        (large.as_str(), 413, "too-large", json!(null)),
        (
            r#"{"name":"A","colour":1}"#,
            400,
            "unknown-field",
            json!(["colour"]),
        ),
        (r#"{"name":5}"#, 422, "invalid", json!(["name"])),
        (
            r#"{"name":"A","phones":["+79876543210",7]}"#,
            422,
            "invalid",
            json!(["phones[1]"]),
        ),
        (
            r#"{"name":"A","phones":["abc"]}"#,
            422,
            "invalid",
            json!(["phones"]),
        ),
        (
            r#"{"name":"A","assignee":"deal:1"}"#,
            422,
            "invalid",
            json!(["assignee"]),
        ),
        (r#"["A"]"#, 400, "bad-json", json!(null)),
        ("", 422, "invalid", json!(null)),
    ] {
        let problem = api
            .as_admin("POST", "/contacts", &[], body.to_owned())
            .await
            .refused(status, code);
        assert_eq!(problem["fields"], fields, "{problem:#}");
    }
    let contacts = api.get("/contacts").await.ok(200);
    assert_eq!(contacts["items"], json!([]));
}

#[tokio::test]
async fn body_that_is_nested_too_deep_is_refused() {
    let api = Api::start().await;
    let deep = format!(
        r#"{{"params":{{"to":{}{}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    api.as_admin("POST", "/attachments", &[], deep)
        .await
        .refused(400, "bad-json");
}

#[tokio::test]
async fn body_that_is_not_utf8_is_refused() {
    let api = Api::start().await;
    let body = b"{\"name\":\"\xff\"}".to_vec();
    let answer = api.as_admin("POST", "/contacts", &[], body).await;
    assert_eq!(answer.status / 100, 4, "{:#}", answer.body);
}

#[tokio::test]
async fn query_is_refused_by_name() {
    let api = Api::start().await;
    for (path, status, code) in [
        ("/items?colour=red", 400, "unknown-field"),
        ("/items?limit=0", 422, "invalid"),
        ("/items?limit=201", 422, "invalid"),
        ("/items?limit=many", 422, "invalid"),
        ("/items?limit=-1", 422, "invalid"),
        ("/items?stage=pipeline:1", 422, "invalid"),
        ("/items?kind=parcel", 422, "invalid"),
        ("/items?open=maybe", 422, "invalid"),
        ("/items?title=%00", 422, "invalid"),
        ("/contacts?phone=call-me", 422, "invalid"),
        ("/contacts?email=nobody", 422, "invalid"),
        ("/contacts?email=a@b.ru&name=x", 422, "invalid"),
        ("/activities?due_before=tomorrow", 422, "invalid"),
        ("/notifications", 422, "invalid"),
        ("/deliveries?state=lost", 422, "invalid"),
    ] {
        api.get(path).await.refused(status, code);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let api = Api::start().await;
    for path in [
        "/items/deal:999",
        "/items/stage:1",
        "/items/deal:0",
        "/items/deal:99999999999999999999",
        "/items/%00",
        "/items/deal:999/history",
        "/pipelines/pipeline:9",
        "/pipelines/pipeline:9/stages",
        "/contacts/contact:9",
        "/runs/run:9",
        "/robots/abc",
        "/nothing",
        "/items/deal:1/nothing",
    ] {
        api.get(path).await.refused(404, "not-found");
    }
    api.send("GET", "/nothing", &[], "")
        .await
        .refused(404, "not-found");
    let answer = api.as_admin("DELETE", "/items", &[], "").await;
    assert!(answer.headers["allow"].contains("POST"), "{:?}", answer.headers);
    answer.refused(405, "method-not-allowed");
}

#[tokio::test]
async fn write_needs_the_version_that_it_is_based_on() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let deal = api.create("/items", sales.deal("Deal")).await;
    let path = format!("/items/{deal}");
    let patch = |title: &str| json!({"title": title});
    api.as_admin("PATCH", &path, &[], patch("A").to_string())
        .await
        .refused(428, "precondition-required");
    for wrong in ["3", "\"x\"", "W/\"1\"", ""] {
        api.as_admin("PATCH", &path, &[("if-match", wrong)], patch("A").to_string())
            .await
            .refused(422, "invalid");
    }
    let first = api.change("PATCH", &path, 1, patch("A")).await;
    assert_eq!(first.headers["etag"], "\"2\"");
    assert_eq!(first.ok(200)["version"], 2);
    let stale = api
        .change("PATCH", &path, 1, patch("B"))
        .await
        .refused(412, "stale-version");
    assert_eq!(stale["version"], 2);
    api.as_admin("PATCH", &path, &[("if-match", "*")], patch("C").to_string())
        .await
        .ok(200);
    let read = api.get(&path).await;
    assert_eq!(read.headers["etag"], "\"3\"");
    assert_eq!(read.ok(200)["title"], "C");
    for (method, path) in [
        ("POST", format!("{path}/move")),
        ("POST", format!("{path}/assign")),
        ("PATCH", format!("/pipelines/{}", sales.pipeline)),
        ("PATCH", format!("/stages/{}", sales.new)),
    ] {
        let body = json!({"stage": sales.offer, "employee": "employee:1"});
        api.as_admin(method, &path, &[], body.to_string())
            .await
            .refused(428, "precondition-required");
    }
}

#[tokio::test]
async fn of_two_writers_on_one_version_one_wins() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let deal = api.create("/items", sales.deal("Deal")).await;
    let path = format!("/items/{deal}");
    let write = |title: &'static str| api.change("PATCH", &path, 1, json!({"title": title}));
    let (a, b, c) = tokio::join!(write("A"), write("B"), write("C"));
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412]);
}

#[tokio::test]
async fn rules_speak_through_problems() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let deal = api.create("/items", sales.deal("Deal")).await;
    let go = async |version, body: Value| {
        api.change("POST", &format!("/items/{deal}/move"), version, body)
            .await
    };
    let problem = go(1, json!({"stage": sales.offer}))
        .await
        .refused(422, "required-fields");
    assert_eq!(problem["fields"], json!(["amount"]));
    go(1, json!({"stage": "stage:99"}))
        .await
        .refused(422, "no-such-stage");
    go(1, json!({"stage": sales.lost}))
        .await
        .refused(422, "required-fields");
    let patch = json!({"amount": "1500.00 RUB"});
    api.change("PATCH", &format!("/items/{deal}"), 1, patch)
        .await
        .ok(200);
    go(2, json!({"stage": sales.offer})).await.ok(200);
    go(3, json!({"stage": sales.new}))
        .await
        .refused(409, "backward-refused");
    go(3, json!({"stage": sales.new, "allow_back": true}))
        .await
        .ok(200);
    let lost = go(4, json!({"stage": sales.lost, "lost_reason": "price"}))
        .await
        .ok(200);
    assert_eq!(
        (&lost["lost_reason"], &lost["version"]),
        (&json!("price"), &json!(5))
    );
    assert!(lost["closed_at"].is_string());
    let title = json!({"ru": "x", "en": "x"});
    let again = json!({"key": "sales", "title": title, "item_kind": "deal"});
    api.post("/pipelines", again).await.refused(409, "conflict");
}

#[tokio::test]
async fn file_that_is_not_a_robot_is_refused_with_a_sentence() {
    let api = Api::start().await;
    for (bytes, sentence) in [
        (&b""[..], "the file is empty"),
        (b"(component)", "WebAssembly text"),
        (b"PK\x03\x04", "this is not WebAssembly"),
        (b"\0asm\x01\0\0\0", "this is a core module"),
    ] {
        let problem = api
            .as_admin("POST", "/robots", &[], bytes.to_vec())
            .await
            .refused(422, "invalid");
        assert!(
            problem["detail"].as_str().unwrap().contains(sentence),
            "{problem:#}"
        );
    }
    let large = vec![0_u8; COMPONENT_BYTES_MAX + 1];
    let problem = api
        .as_admin("POST", "/robots", &[], large)
        .await
        .refused(413, "too-large");
    assert_eq!(
        problem["detail"],
        "the file is too large: a robot has at most 50331648 bytes"
    );
}
