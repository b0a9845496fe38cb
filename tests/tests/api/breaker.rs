//! A robot that fails on many items pauses, its admins know it, and it goes on when it works again.

use std::time::Duration;

use serde_json::{Value, json};
use signalbox::app::AppOptions;
use signalbox::clock::Clock;
use signalbox_crm::people::Role;
use signalbox_crm::time::Timestamp;
use signalbox_tests::robots::FLAKY;

use super::harness::{Api, NOW, Sales};

/// A company in which every deal meets a robot that fails.
struct Company {
    api: Api,
    options: AppOptions,
    sales: Sales,
    digest: String,
    anna: String,
    boris: String,
    attachment: String,
    _folder: tempfile::TempDir,
}

impl Company {
    async fn new() -> Company {
        let folder = tempfile::tempdir().unwrap();
        let mut options = AppOptions::for_test(Clock::starting_at(Timestamp::parse(NOW).unwrap()));
        options.database = Some(format!("sqlite:{}", folder.path().join("crm.db").display()));
        let api = Api::start_with(options.clone()).await;
        let sales = api.sales().await;
        let zone = json!({"key": "office", "spec": {"zone": "UTC", "weekly": [{"days": ["mon-fri"], "hours": ["09:00-18:00"]}]}});
        api.create("/calendars", zone).await;
        let anna = json!({"name": "Anna", "role": "admin"});
        let anna = api.create("/employees", anna).await;
        let boris = json!({"name": "Boris", "role": "operator"});
        let boris = api.create("/employees", boris).await;
        let wasm = [("content-type", "application/wasm")];
        let robot = api.as_admin("POST", "/robots", &wasm, FLAKY).await.ok(201);
        let attachment = json!({
            "title": "Flaky", "robot": "flaky", "moment": {"kind": "stage", "stage": sales.new},
            "params": {"failures": 99}, "attempts_max": 1,
        });
        let attachment = api.create("/attachments", attachment).await;
        Company {
            api,
            options,
            sales,
            digest: robot["digest"].as_str().unwrap().to_owned(),
            anna,
            boris,
            attachment,
            _folder: folder,
        }
    }

    /// Makes deals with these numbers, and lets their robots run.
    async fn deals(&self, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let mut deal = self.sales.deal(&format!("Deal {number}"));
            deal["assignee"] = json!(self.boris);
            self.api.create("/items", deal).await;
            self.api.app.core.lanes.idle().await;
        }
    }

    async fn restart(mut self) -> Company {
        self.api.app.stop().await;
        self.api = Api::start_with(self.options.clone()).await;
        self
    }

    /// So long after the beginning.
    async fn advance_to(&self, seconds: u64) {
        let at = Timestamp::parse(NOW).unwrap().plus(Duration::from_secs(seconds));
        self.api.app.advance_to(at.unwrap()).await.unwrap();
    }

    /// State, reason and time of the newest runs, newest first.
    async fn runs(&self, count: usize) -> Vec<(String, String, String)> {
        let runs = self.api.get(&format!("/runs?limit={count}")).await.ok(200);
        let word = |run: &Value, key: &str| run[key].as_str().unwrap_or("-").to_owned();
        let runs = runs["items"].as_array().unwrap().iter();
        runs.map(|run| (word(run, "state"), word(run, "reason"), word(run, "due_at")))
            .collect()
    }

    async fn pause(&self) -> Value {
        let robot = self.api.get(&format!("/robots/{}", self.digest)).await.ok(200);
        robot["pause"].clone()
    }

    /// The titles of what somebody has not read; it is read then.
    async fn told(&self, who: &str) -> Vec<String> {
        let unread = format!("/notifications?employee={who}&unread=true");
        let mut titles = Vec::new();
        for told in self.api.get(&unread).await.ok(200)["items"].as_array().unwrap() {
            titles.push(told["title"].as_str().unwrap().to_owned());
            let read = format!("/notifications/{}/read", told["id"].as_str().unwrap());
            self.api.post(&read, json!({})).await.ok(200);
        }
        titles
    }
}

fn paused(due_at: &str) -> (String, String, String) {
    (
        "scheduled".to_owned(),
        "robot-paused".to_owned(),
        due_at.to_owned(),
    )
}

#[tokio::test]
async fn robot_that_fails_on_many_items_pauses_until_a_probe_works() {
    let company = Company::new().await;
    company.deals(0..15).await;
    assert_eq!(company.pause().await, Value::Null);
    company.deals(15..19).await;
    let first = paused("2026-03-02T11:20:30Z");
    assert_eq!(company.runs(3).await, vec![first; 3]);
    let pause = json!({"since": NOW, "probe_at": "2026-03-02T11:20:30Z", "failed_probe_count": 0});
    assert_eq!(company.pause().await, pause);
    assert_eq!(
        company.told(&company.anna).await,
        ["Робот flaky@0.1.0 приостановлен"]
    );
    assert_eq!(company.told(&company.boris).await, [""; 0]);
    let status = company.api.get("/status").await.ok(200);
    assert_eq!(
        status["robots"]["paused"][0]["robot"], "flaky@0.1.0",
        "{status:#}"
    );
    assert_eq!(status["problems"][0]["code"], "robot-paused", "{status:#}");

    let company = company.restart().await;
    assert_eq!(company.pause().await, pause);
    // One of the three is the probe and fails; the others wait twice as long.
    company.advance_to(60).await;
    let second = paused("2026-03-02T11:21:30Z");
    let runs = company.runs(3).await;
    assert_eq!(runs.iter().filter(|run| **run == second).count(), 2, "{runs:?}");
    assert_eq!(company.pause().await["failed_probe_count"], 1);
    assert_eq!(company.told(&company.anna).await, [""; 0]);

    let path = format!("/attachments/{}", company.attachment);
    let works = json!({"params": {"failures": 0}});
    company.api.change("PATCH", &path, 1, works).await.ok(200);
    company.deals(19..21).await;
    company.advance_to(90).await;
    let runs = company.runs(5).await;
    let completed = runs.iter().filter(|run| run.0 == "completed").count();
    assert_eq!((completed, company.pause().await), (4, Value::Null), "{runs:?}");
    assert_eq!(
        company.told(&company.anna).await,
        ["Робот flaky@0.1.0 снова работает"]
    );

    let company = company.restart().await;
    assert_eq!(company.pause().await, Value::Null);
}

#[tokio::test]
async fn admin_ends_the_pause_of_a_robot() {
    let company = Company::new().await;
    company.deals(0..17).await;
    assert_eq!(
        company.told(&company.anna).await,
        ["Робот flaky@0.1.0 приостановлен"]
    );
    let api = &company.api;
    let operator = api.token(Role::Operator, None).await;
    let bearer = format!("Bearer {operator}");
    api.send(
        "POST",
        "/api/v1/robots/flaky/resume",
        &[("authorization", &bearer)],
        "",
    )
    .await
    .refused(403, "forbidden");
    api.post("/robots/nobody/resume", json!({}))
        .await
        .refused(404, "not-found");
    let other = api.post("/robots/notify/resume", json!({})).await.ok(200);
    assert_eq!(other["resumed"], json!([]));

    let resumed = api.post("/robots/flaky/resume", json!({})).await.ok(200);
    assert_eq!(resumed["resumed"][0]["digest"], company.digest);
    company.advance_to(0).await;
    assert_eq!(
        company.runs(1).await[0].0,
        "discarded",
        "it ran at once, and failed"
    );
    assert_eq!(company.pause().await, Value::Null, "the count begins anew");
    assert_eq!(
        company.told(&company.anna).await,
        ["Робот flaky@0.1.0 снова работает"]
    );
    let label = api.post("/robots/flaky@0.1.0/resume", json!({})).await.ok(200);
    assert_eq!(label["resumed"], json!([]));
}
