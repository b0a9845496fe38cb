//! Every property of every body, replaced by what nobody expects: never a failure of the host, and what is refused
//! is refused whole.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::harness::{Answer, Api};

/// Values that break a parser, a range or a column somewhere.
fn nasty() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(4_294_967_296_i64),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e308),
        json!([]),
        json!({}),
        json!([[[]]]),
        json!("я".repeat(70_000)),
    ];
    let texts = [
        "",
        " ",
        "\u{fffd}\u{202e}\u{feff}",
        "'; DROP item; --",
        "9999999-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "-009999-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "99999999999999999999999999.99 RUB",
        "92233720368547758.07 RUB",
        "-0.001 RUB",
        "1e9 RUB",
        "NaN",
        "deal:9223372036854775808",
        "deal:-1",
        "stage:0",
        "P9999999999D",
        "0 0 31 2 *",
        "../../etc/passwd",
    ];
    values.extend(texts.map(Value::from));
    values
}

/// The places of a body, as JSON pointers: every property and every element of a list, at every depth.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, inner)| (key.clone(), inner)).collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(n, inner)| (n.to_string(), inner))
            .collect(),
        _ => Vec::new(),
    };
    for (key, inner) in inner {
        let place = format!("{at}/{key}");
        places(inner, &place, found);
        found.push(place);
    }
}

/// The objects of a body, as JSON pointers.
fn objects(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    places(value, "", &mut found);
    found.push(String::new());
    found.retain(|place| value.pointer(place).is_some_and(Value::is_object));
    found
}

/// Routes that create something, with a body that each of them takes. `$` in a key is made unique.
async fn bodies(api: &Api) -> Vec<(String, Value)> {
    let sales = api.sales().await;
    let boss = api
        .create("/employees", json!({"name": "Anna", "role": "admin"}))
        .await;
    let deal = api.create("/items", sales.deal("Deal")).await;
    let spec = json!({
        "zone": "Europe/Moscow", "weekly": [{"days": ["mon-fri"], "hours": ["09:00-18:00"]}],
        "holidays": ["2026-05-01"], "exceptions": [{"date": "2026-05-02", "hours": ["10:00-14:00"]}],
    });
    api.create("/calendars", json!({"key": "office", "spec": spec}))
        .await;
    let title = json!({"ru": "Имя", "en": "Name"});
    let notify = |moment: Value| {
        json!({
            "title": "Tell", "robot": "notify", "moment": moment, "sort": 10, "attempts_max": 3, "is_enabled": false,
            "timing": {"kind": "delay", "seconds": 60}, "grants": ["notifications"], "mode": "parallel",
            "params": {"to": [boss], "title": "New", "text": "{=Document:TITLE}"},
        })
    };
    let cron = json!({"kind": "schedule", "cron": "0 9 * * MON", "zone": "Europe/Moscow",
        "items": {"pipeline": sales.pipeline, "max": 10}});
    vec![
        (
            "/items".to_owned(),
            json!({"pipeline": sales.pipeline, "stage": sales.new, "title": "Deal", "amount": "10.00 RUB",
                "assignee": boss, "source": "site", "fields": {}}),
        ),
        (
            "/contacts".to_owned(),
            json!({"name": "Ivan", "phones": ["+79876543210"], "emails": ["a@b.ru"], "assignee": boss}),
        ),
        (
            "/activities".to_owned(),
            json!({"item": deal, "kind": "call", "title": "Call", "description": "x", "assignee": boss,
                "deadline": "2026-03-03T09:00:00Z", "duration_s": 600, "reminders_min": [15]}),
        ),
        (
            "/employees".to_owned(),
            json!({"name": "Boris", "role": "operator", "email": "boris$@example.com", "head": boss}),
        ),
        (
            "/pipelines".to_owned(),
            json!({"key": "p$", "title": title, "item_kind": "deal", "activity_working_days_max": 5}),
        ),
        (
            format!("/pipelines/{}/stages", sales.pipeline),
            json!({"key": "s$", "title": title, "kind": "open", "sort": 70, "required_fields": ["amount"],
                "requires_reason": false}),
        ),
        (
            "/fields".to_owned(),
            json!({"key": "f$", "title": title, "field_type": "select", "options": ["a", "b"]}),
        ),
        ("/calendars".to_owned(), json!({"key": "c$", "spec": spec})),
        (
            "/channels".to_owned(),
            json!({"key": "ch$", "title": "Site", "provider": "telegram", "inbound_secret": "s3cret-Token_1",
                "outbound_secret": "123:ABC", "base_url": "http://127.0.0.1:9", "opens_item_in": sales.pipeline,
                "default_assignee": boss}),
        ),
        (
            "/attachments".to_owned(),
            notify(json!({"kind": "stage", "stage": sales.new})),
        ),
        ("/attachments".to_owned(), notify(cron)),
        (
            "/tokens".to_owned(),
            json!({"name": "sync", "role": "auditor", "expires_at": "2026-04-01T00:00:00Z"}),
        ),
        (format!("/items/{deal}/comments"), json!({"text": "Hello"})),
    ]
}

/// Sends bodies and notes what should not be.
struct Prober<'a> {
    api: &'a Api,
    count: u32,
    wrong: Vec<String>,
}

impl Prober<'_> {
    async fn send(&mut self, path: &str, body: &Value) -> Answer {
        self.count += 1;
        let body = body.to_string().replace('$', &self.count.to_string());
        let before = self.api.app.core.records.seq();
        let answer = self.api.as_admin("POST", path, &[], &body).await;
        let is_stored = self.api.app.core.records.seq() != before;
        let shown: String = body.chars().take(300).collect();
        if answer.status >= 500 || (answer.status >= 400 && is_stored) {
            let stored = if is_stored { " and was stored" } else { "" };
            self.wrong.push(format!(
                "{path} {shown}\n    {}{stored}: {}",
                answer.status, answer.body
            ));
        }
        answer
    }
}

#[tokio::test]
async fn no_value_makes_the_host_fail_and_what_is_refused_is_not_stored() {
    let api = Api::start().await;
    let bodies = bodies(&api).await;
    let mut prober = Prober {
        api: &api,
        count: 0,
        wrong: Vec::new(),
    };
    for (path, body) in &bodies {
        let made = prober.send(path, body).await;
        assert_eq!(made.status, 201, "{path}: {:#}", made.body);
        let mut all = Vec::new();
        places(body, "", &mut all);
        for place in all {
            for value in nasty() {
                let mut broken = body.clone();
                *broken.pointer_mut(&place).expect("a place of the body") = value;
                prober.send(path, &broken).await;
            }
        }
    }
    assert!(prober.count > 1500, "only {} requests", prober.count);
    assert!(
        prober.wrong.is_empty(),
        "{} wrong answers:\n{}",
        prober.wrong.len(),
        prober.wrong.join("\n")
    );
    // Whatever was accepted can be read again.
    api.app.core.lanes.idle().await;
    api.app.core.db.load_directory().await.unwrap();
    for (path, _) in &bodies {
        if !path.ends_with("/comments") {
            api.get(&format!("{path}?limit=200")).await.ok(200);
        }
    }
    api.get("/runs").await.ok(200);
}

#[tokio::test]
async fn property_that_does_not_exist_is_named_at_every_depth() {
    let api = Api::start().await;
    let bodies = bodies(&api).await;
    for (path, body) in &bodies {
        for place in objects(body) {
            let mut broken = body.clone();
            let object = broken.pointer_mut(&place).and_then(Value::as_object_mut);
            object
                .expect("an object of the body")
                .insert("colour".to_owned(), json!(1));
            let answer = api.post(path, broken).await;
            assert_eq!(answer.status / 100, 4, "{path} {place}: {:#}", answer.body);
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains("colour"), "{path} {place}: {detail}");
            if place.is_empty() {
                let problem = answer.refused(400, "unknown-field");
                assert_eq!(problem["fields"], json!(["colour"]), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn value_of_another_type_is_refused_by_the_name_of_its_property() {
    let api = Api::start().await;
    for (path, body) in &bodies(&api).await {
        for (key, value) in body.as_object().unwrap() {
            let mut broken = body.clone();
            broken[key] = if value.is_object() {
                json!(7)
            } else {
                json!({"x": 7})
            };
            let problem = api.post(path, broken).await.refused(422, "invalid");
            let named = problem["fields"].to_string();
            assert!(named.contains(key.as_str()), "{path} {key}: {problem:#}");
        }
    }
}

#[tokio::test]
async fn body_of_another_media_type_is_refused() {
    let api = Api::start().await;
    let body = json!({"name": "Ivan"}).to_string();
    for (media, status) in [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonp", 415),
        ("\u{e9}", 415),
    ] {
        let answer = api
            .as_admin("POST", "/contacts", &[("content-type", media)], &body)
            .await;
        assert_eq!(answer.status, status, "{media}: {:#}", answer.body);
        if status == 415 {
            answer.refused(415, "unsupported-media-type");
        }
    }
}

#[tokio::test]
async fn two_idempotency_keys_are_refused() {
    let api = Api::start().await;
    let keys = [("idempotency-key", "a"), ("idempotency-key", "b")];
    let body = json!({"name": "Ivan"}).to_string();
    let problem = api
        .as_admin("POST", "/contacts", &keys, body)
        .await
        .refused(422, "invalid");
    assert_eq!(problem["fields"], json!(["Idempotency-Key"]));
}

/// What an attacker writes who has read how cursors are made.
fn forged(list: &str, key: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json!([list, key]).to_string())
}

#[tokio::test]
async fn forged_cursor_is_refused_or_finds_nothing() {
    let api = Api::start().await;
    let (list, at) = ("activities", "2026-03-02T11:20:00Z");
    for (path, key, status) in [
        ("items", json!(i64::MAX), 200),
        ("items", json!(i64::MIN), 200),
        ("items", json!(1.5), 422),
        ("items", json!("1; DROP item"), 422),
        ("items", json!(null), 422),
        ("runs", json!("run:9223372036854775807"), 200),
        ("runs", json!("run:9223372036854775808"), 422),
        ("runs", json!("deal:1"), 422),
        ("robots", json!("\u{0}"), 200),
        (list, json!([at, "activity:1"]), 200),
        (list, json!(["9999999-01-01T00:00:00Z", "activity:1"]), 422),
        (list, json!([at]), 422),
    ] {
        let answer = api.get(&format!("/{path}?after={}", forged(path, &key))).await;
        assert_eq!(answer.status, status, "{path} {key}: {:#}", answer.body);
        if status == 422 {
            assert_eq!(answer.refused(422, "invalid")["fields"], json!(["after"]));
        }
    }
}

#[tokio::test]
async fn query_with_absurd_values_is_refused_by_name() {
    let api = Api::start().await;
    for (path, field) in [
        ("/items?limit=99999999999999999999", "limit"),
        ("/items?limit=1.5", "limit"),
        ("/items?limit=", "limit"),
        ("/items?contact=contact:-1", "contact"),
        ("/items?assignee=employee:9223372036854775808", "assignee"),
        ("/activities?due_before=9999999-01-01T00:00:00Z", "due_before"),
        ("/activities?due_before=2026-02-30T00:00:00Z", "due_before"),
    ] {
        let problem = api.get(path).await.refused(422, "invalid");
        assert_eq!(problem["fields"], json!([field]), "{problem:#}");
    }
    for path in ["/items?title=%FF%FE", "/items?title=a&title=b", "/items?%00=1"] {
        let answer = api.get(path).await;
        assert_eq!(answer.status / 100, 4, "{path}: {:#}", answer.body);
    }
}
