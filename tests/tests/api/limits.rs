//! Every limit of a run, reached by a robot in the production host: what stands in the record of the run.
//! The table is `host/docs/limits.md`; each of its rows with a code of a run has its case here.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::app::AppOptions;
use signalbox::clock::Clock;
use signalbox_build::embed_manifest;
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::Limits;
use signalbox_tests::robots::{CALLER, CALLER_BARE, HOSTILE};

use super::contract::caller::Company;
use super::harness::{Api, NOW};
use crate::hostile::inspection::manifest_of;
use crate::hostile::text;

/// A deal, and a robot that is started for it by hand.
struct Bench {
    api: Api,
    deal: String,
}

impl Bench {
    async fn with(options: AppOptions) -> Bench {
        let api = Api::start_with(options).await;
        let sales = api.sales().await;
        let anna = api
            .create("/employees", json!({"name": "Anna", "role": "admin"}))
            .await;
        let mut deal = sales.deal("Tractor");
        deal["assignee"] = json!(anna);
        let deal = api.create("/items", deal).await;
        Bench { api, deal }
    }

    async fn new() -> Bench {
        Bench::with(options()).await
    }

    async fn install(&self, component: Vec<u8>) -> String {
        let wasm = [("content-type", "application/wasm")];
        let made = self
            .api
            .as_admin("POST", "/robots", &wasm, component)
            .await
            .ok(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// The record of the only attempt.
    async fn attempt(&self, robot: &str, params: Value) -> Value {
        let body = json!({
            "title": "Bad", "robot": robot, "moment": {"kind": "manual"}, "params": params, "attempts_max": 1,
        });
        let attachment = self.api.create("/attachments", body).await;
        let path = format!("/attachments/{attachment}/run");
        let started = self.api.post(&path, json!({"item": self.deal})).await.ok(202);
        self.api.app.core.lanes.idle().await;
        let run = started["runs"][0]["id"].as_str().unwrap();
        let details = self.api.get(&format!("/runs/{run}")).await.ok(200);
        details["attempts"][0].clone()
    }

    /// It fails, and stores nothing; the code.
    async fn code(&self, robot: &str, params: Value) -> String {
        let attempt = self.attempt(robot, params).await;
        assert_eq!(attempt["verdict"]["verdict"], "failed", "{attempt:#}");
        assert_eq!(attempt["effects"], json!([]), "{attempt:#}");
        attempt["verdict"]["code"].as_str().unwrap().to_owned()
    }
}

fn options() -> AppOptions {
    AppOptions::for_test(Clock::starting_at(Timestamp::parse(NOW).unwrap()))
}

/// A line of a script so many times.
fn times(count: usize, line: &str) -> Value {
    json!({"script": format!("{line}\n").repeat(count)})
}

#[tokio::test]
async fn component_that_takes_too_much_has_its_code_in_the_record() {
    let bench = Bench::new().await;
    let hostile = bench.install(HOSTILE.to_vec()).await;
    for (act, code) in [
        ("loop-for-ever", "limit.cpu"),
        ("take-memory", "limit.memory"),
        ("recurse", "stack-overflow"),
        ("panic", "panic"),
        ("send-much", "limit.payload"),
        ("return-much", "limit.payload"),
        ("tell-time-for-ever", "limit.calls"),
        ("send-for-ever", "limit.notifications"),
    ] {
        assert_eq!(bench.code(&hostile, json!({"act": act})).await, code, "{act}");
    }
    let logged = bench.attempt(&hostile, json!({"act": "log-much"})).await;
    let lines = logged["logs"].as_array().unwrap();
    assert_eq!(lines.len(), 501, "500 lines, and one that counts the others");
    assert!(lines[500].to_string().contains("9500"), "{}", lines[500]);
    let table = text::robot("(table 50000 funcref)", "i32.const 0");
    let table = bench.install(table).await;
    assert_eq!(bench.code(&table, json!({})).await, "limit.table");
}

#[tokio::test]
async fn robot_that_asks_for_too_much_has_its_code_in_the_record() {
    let bench = Bench::new().await;
    let note = json!({"key": "note", "title": {"ru": "note", "en": "note"}, "field_type": "text"});
    bench.api.post("/fields", note).await.ok(201);
    let path = format!("/items/{}", bench.deal);
    let long = json!({"fields": {"note": {"type": "text", "value": "x".repeat(9_500)}}});
    bench.api.change("PATCH", &path, 1, long).await.ok(200);
    let caller = bench.install(CALLER.to_vec()).await;
    // Ten refusals are told to the robot; the next one ends the run.
    for (script, code) in [
        (times(450, "fields.get-all; $item"), "limit.payload"),
        (times(111, "timeline.add-comment; $item; x"), "limit.writes"),
        (
            times(21, "outbound-http.send; post; https://api.example.com/; hello"),
            "limit.requests",
        ),
        (
            times(27, "timers.set; beat; 2026-03-03T09:00:00Z; again"),
            "limit.timers",
        ),
    ] {
        assert_eq!(bench.code(&caller, script).await, code);
    }
    let keys = (0..30).map(|number| format!("state.fill; item; key{number}; 60000\n"));
    let script = json!({"script": keys.collect::<String>()});
    assert_eq!(bench.code(&caller, script).await, "limit.state");
}

#[tokio::test]
async fn messages_to_a_client_have_a_limit() {
    let company = Company::new().await;
    let script = "messaging.reply; $conversation; hello\n".repeat(14);
    let run = company.calls_on_message("item", &script).await;
    assert_eq!(run.answers, "limit.messages", "{:#}", run.details);
}

#[tokio::test]
async fn operators_limits_hold_and_manifests_lower_them() {
    let limits = Limits {
        cpu_max: Duration::from_millis(30),
        ..Limits::of_host(u64::MAX, Duration::from_secs(5), 4 << 20)
    };
    let bench = Bench::with(AppOptions {
        run_limits: limits,
        ..options()
    })
    .await;
    let hostile = bench.install(HOSTILE.to_vec()).await;
    let act = |act: &str| json!({"act": act});
    assert_eq!(bench.code(&hostile, act("loop-for-ever")).await, "limit.time");
    let attempt = bench.attempt(&hostile, act("take-memory")).await;
    let message = attempt["verdict"]["message"].as_str().unwrap();
    assert!(
        message.ends_with("bytes of memory, 4194304 are allowed"),
        "{message}"
    );
}

#[tokio::test]
async fn what_a_manifest_wishes_for_is_all_that_its_robot_gets() {
    for (limit, script, answers) in [
        ("writes", "timeline.add-comment; $item; x", "ok ok limit.writes"),
        (
            "notifications",
            "notifications.send; employee:1; a; b",
            "ok ok limit.notifications",
        ),
        (
            "timers",
            "timers.set; beat; 2026-03-03T09:00:00Z; again",
            "ok ok limit.timers",
        ),
        (
            "requests",
            "outbound-http.send; post; https://api.example.com/; hello",
            "ok ok limit.requests",
        ),
        ("host-calls", "items.get; $item", "ok limit.calls limit.calls"),
    ] {
        let wishes = json!({limit: 2});
        let manifest = manifest_of(CALLER, |json| json["limits"] = wishes);
        let company = Company::with(&embed_manifest(CALLER_BARE, &manifest)).await;
        let run = company.calls(&format!("{script}\n").repeat(3)).await;
        assert_eq!(run.answers, answers, "{limit}");
    }
    let manifest = manifest_of(CALLER, |json| json["limits"] = json!({"client-messages": 0}));
    let company = Company::with(&embed_manifest(CALLER_BARE, &manifest)).await;
    let run = company
        .calls_on_message("item", "messaging.reply; $conversation; hello")
        .await;
    assert_eq!(run.answers, "limit.messages");
}
