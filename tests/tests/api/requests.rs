//! Requests of robots to services outside, over a real connection: what leaves, what comes back, who may look.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use signalbox::app::AppOptions;
use signalbox::clock::Clock;
use signalbox_crm::time::Timestamp;
use signalbox_crm::web_host::WebHost;
use signalbox_tests::robots::CALLER;
use tokio::net::TcpListener;

use super::harness::{Api, NOW, Sales};

const SECRET: &str = "sh0p-t0ken-value";

/// A service, the statuses that it answers in turn, and the keys that it saw.
#[derive(Clone, Default)]
struct Shop {
    statuses: Arc<Mutex<Vec<u16>>>,
    seen: Arc<Mutex<Vec<(String, String, Bytes)>>>,
}

impl Shop {
    async fn start(statuses: &[u16]) -> (Shop, String) {
        let shop = Shop::default();
        *shop.statuses.lock().unwrap() = statuses.iter().rev().copied().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(order).with_state(shop.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (shop, url)
    }

    fn keys(&self) -> Vec<String> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .map(|(key, ..)| key.clone())
            .collect()
    }
}

async fn order(State(shop): State<Shop>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let text = |name: &str| {
        headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
            .to_owned()
    };
    let (key, authorization) = (text("idempotency-key"), text("authorization"));
    shop.seen.lock().unwrap().push((key, authorization.clone(), body));
    let status = shop.statuses.lock().unwrap().pop().unwrap_or(200);
    (
        StatusCode::from_u16(status).unwrap(),
        format!("thanks for {authorization}"),
    )
}

/// A deal, and a robot that asks the shop and, when it is answered, reads the answer.
struct Company {
    api: Api,
    sales: Sales,
    deal: String,
    attachment: String,
}

impl Company {
    async fn new(shop: &str, call: &str) -> Company {
        let private: WebHost = shop.parse().unwrap();
        let api = Api::start_with(AppOptions {
            private_hosts: Arc::from([private]),
            ..AppOptions::for_test(Clock::starting_at(Timestamp::parse(NOW).unwrap()))
        })
        .await;
        let sales = api.sales().await;
        let wasm = [("content-type", "application/wasm")];
        api.as_admin("POST", "/robots", &wasm, CALLER).await.ok(201);
        let secret = json!({"value": SECRET, "hosts": [shop]});
        api.as_admin("PUT", "/secrets/shop", &[], secret.to_string())
            .await
            .ok(200);
        let mut deal = sales.deal("Tractor");
        deal["amount"] = json!("1500.00 RUB");
        let deal = api.create("/items", deal).await;
        let body = json!({
            "title": "Ask", "robot": "caller", "moment": {"kind": "manual"}, "attempts_max": 1,
            "params": {"script": format!("outbound-http.get-answer\n{call}")}, "http_hosts": [shop],
        });
        let attachment = api.create("/attachments", body).await;
        Company {
            api,
            sales,
            deal,
            attachment,
        }
    }

    async fn start(&self) {
        let path = format!("/attachments/{}/run", self.attachment);
        self.api.post(&path, json!({"item": self.deal})).await.ok(202);
        self.api.app.core.lanes.idle().await;
    }

    /// Lets the requests go that are due, and what follows from their answers.
    async fn send(&self) {
        let held = self.api.app.core.lanes.hold();
        self.api.app.requester.send_due().await.unwrap();
        drop(held);
        self.api.app.core.lanes.idle().await;
    }

    async fn pass(&self, seconds: u64) {
        let until = self
            .api
            .app
            .core
            .clock
            .now()
            .plus(std::time::Duration::from_secs(seconds))
            .unwrap();
        self.api.app.advance_to(until).await.unwrap();
    }

    async fn request(&self, number: usize) -> Value {
        let list = self.api.get("/requests").await.ok(200);
        let items = list["items"].as_array().unwrap();
        items[items.len() - number].clone()
    }

    /// The runs, the oldest first, each with all that it did.
    async fn runs(&self) -> Vec<Value> {
        let list = self
            .api
            .get(&format!("/runs?attachment={}", self.attachment))
            .await
            .ok(200);
        let mut runs = Vec::new();
        for run in list["items"].as_array().unwrap().iter().rev() {
            let path = format!("/runs/{}", run["id"].as_str().unwrap());
            runs.push(self.api.get(&path).await.ok(200));
        }
        runs
    }
}

fn ask(url: &str) -> String {
    format!("outbound-http.send; post; {url}/orders; {{}}; shop; hello")
}

#[tokio::test]
async fn request_leaves_after_the_commit_and_its_answer_starts_the_robot_again() {
    let (shop, url) = Shop::start(&[200]).await;
    let company = Company::new(&url, &ask(&url)).await;
    company.start().await;
    assert!(shop.keys().is_empty(), "nothing leaves while a robot runs");
    assert_eq!(company.request(1).await["state"], "pending");
    company.send().await;
    let seen = shop.seen.lock().unwrap()[0].clone();
    assert_eq!(
        (seen.1, seen.2),
        (format!("Bearer {SECRET}"), Bytes::from("hello"))
    );
    let request = company.request(1).await;
    assert_eq!(
        (&request["state"], &request["response"]["status"]),
        (&json!("answered"), &json!(200))
    );
    assert_eq!(request["response"]["body"], "thanks for Bearer [secret]");
    let runs = company.runs().await;
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0]["attempts"][0]["effects"][0]["effect"], "requested");
    let answer = &runs[1]["attempts"][0]["calls"][1];
    assert_eq!(
        (&answer["interface"], &answer["function"]),
        (&json!("outbound-http"), &json!("get-answer"))
    );
    assert_eq!(answer["answer"]["ok"]["request"], request["id"]);
    assert_eq!(answer["answer"]["ok"]["payload"], "{}");
    assert_eq!(
        answer["answer"]["ok"]["response"]["body"],
        "thanks for Bearer [secret]"
    );
    for shown in [&json!(runs), &request, &company.api.get("/secrets").await.body] {
        assert!(!shown.to_string().contains(SECRET), "{shown:#}");
    }
}

#[tokio::test]
async fn service_that_fails_is_asked_again_with_the_same_key_and_never_twice_when_it_answered() {
    let (shop, url) = Shop::start(&[503, 429, 200]).await;
    let company = Company::new(&url, &ask(&url)).await;
    company.start().await;
    for _ in 0..5 {
        company.send().await;
        company.pass(30).await;
    }
    let keys = shop.keys();
    // The robot asks again each time that it is answered.
    let first: Vec<&String> = keys.iter().filter(|key| **key == keys[0]).collect();
    assert_eq!(first.len(), 3, "{keys:?}");
    assert_eq!(company.request(1).await["attempt_count"], 3);
}

#[tokio::test]
async fn answer_that_comes_when_the_deal_has_left_the_stage_starts_nothing() {
    let (_shop, url) = Shop::start(&[200]).await;
    let company = Company::new(&url, &ask(&url)).await;
    company.start().await;
    let path = format!("/items/{}/move", company.deal);
    let stage = json!({"stage": company.sales.offer});
    company.api.change("POST", &path, 1, stage).await.ok(200);
    company.send().await;
    let runs = company.runs().await;
    assert_eq!(
        (&runs[1]["run"]["state"], &runs[1]["run"]["reason"]),
        (&json!("cancelled"), &json!("left-stage"))
    );
    assert_eq!(company.request(1).await["state"], "answered");
}

#[tokio::test]
async fn robots_that_are_answered_and_ask_again_are_stopped_as_a_loop() {
    let (shop, url) = Shop::start(&[]).await;
    let company = Company::new(&url, &ask(&url)).await;
    company.start().await;
    let mut count = 0;
    while company.request(1).await["id"] != Value::Null && count < 100 {
        company.send().await;
        company.pass(1).await;
        count += 1;
        if company.runs().await.last().unwrap()["run"]["reason"] == "loop-stopped" {
            break;
        }
    }
    let last = company.runs().await.pop().unwrap();
    assert_eq!(
        (&last["run"]["state"], &last["run"]["reason"]),
        (&json!("discarded"), &json!("loop-stopped"))
    );
    assert!(shop.keys().len() < 100, "{}", shop.keys().len());
}

#[tokio::test]
async fn hosts_that_nobody_granted_are_denied_and_so_are_secrets_for_others() {
    let (shop, url) = Shop::start(&[]).await;
    let company = Company::new(&url, &ask("https://evil.example.org")).await;
    company.start().await;
    let call = &company.runs().await[0]["attempts"][0]["calls"][2];
    assert_eq!(call["answer"]["err"]["code"], "denied");
    assert_eq!(
        call["answer"]["err"]["message"],
        format!(
            "https://evil.example.org is not among the hosts of {}",
            company.attachment
        )
    );
    let hosts = json!({"http_hosts": [url, "evil.example.org"]});
    let path = format!("/attachments/{}", company.attachment);
    company.api.change("PATCH", &path, 1, hosts).await.ok(200);
    company.start().await;
    let call = &company.runs().await[1]["attempts"][0]["calls"][2];
    assert_eq!(
        call["answer"]["err"]["message"],
        "https://evil.example.org is not among the hosts of secret `shop`"
    );
    company.send().await;
    assert!(shop.keys().is_empty());
}

#[tokio::test]
async fn request_that_is_over_is_sent_again_by_a_person_with_the_same_key() {
    let (shop, url) = Shop::start(&[404, 200]).await;
    let company = Company::new(&url, &ask(&url)).await;
    company.start().await;
    let id = company.request(1).await["id"].as_str().unwrap().to_owned();
    let retry = format!("/requests/{id}/retry");
    company.api.post(&retry, json!({})).await.refused(409, "conflict");
    company.send().await;
    assert_eq!(company.request(1).await["response"]["status"], 404);
    company.api.post(&retry, json!({})).await.ok(200);
    for _ in 0..3 {
        company.send().await;
        company.pass(1).await;
    }
    assert_eq!(company.request(1).await["response"]["status"], 200);
    let keys = shop.keys();
    assert_eq!(keys.iter().filter(|key| **key == keys[0]).count(), 2, "{keys:?}");
    company
        .api
        .post("/requests/request:999/retry", json!({}))
        .await
        .refused(404, "not-found");
}

#[tokio::test]
async fn secrets_are_kept_changed_and_forgotten_without_being_shown() {
    let api = Api::start().await;
    let put = async |name: &str, body: Value| {
        api.as_admin("PUT", &format!("/secrets/{name}"), &[], body.to_string())
            .await
    };
    put("key", json!({"value": SECRET})).await.refused(422, "invalid");
    put("key", json!({"hosts": ["api.example.com"]}))
        .await
        .refused(422, "invalid");
    put("key", json!({"value": "short", "hosts": ["api.example.com"]}))
        .await
        .refused(422, "invalid");
    put("key", json!({"value": SECRET, "hosts": ["*"]}))
        .await
        .refused(422, "invalid");
    put("BigKey", json!({"value": SECRET, "hosts": ["api.example.com"]}))
        .await
        .refused(422, "invalid");
    let kept = put("key", json!({"value": SECRET, "hosts": ["api.example.com"]}))
        .await
        .ok(200);
    assert_eq!(
        kept,
        json!({"name": "key", "hosts": ["api.example.com"], "version": 1})
    );
    let kept = put("key", json!({"hosts": ["*.example.com"]})).await.ok(200);
    assert_eq!(kept["version"], 2);
    put("key", json!({"value": "an0ther-value"})).await.ok(200);
    let history = api.app.core.db.history("secret:key", None, 100).await.unwrap();
    let history = format!("{history:?}");
    assert!(history.contains("*.example.com"), "{history}");
    assert!(
        !history.contains(SECRET) && !history.contains("an0ther"),
        "{history}"
    );
    api.as_admin("DELETE", "/secrets/key", &[], "").await.ok(204);
    api.as_admin("DELETE", "/secrets/key", &[], "")
        .await
        .refused(404, "not-found");
}
