//! Why robots ran or did not run for an item, over the API.

use serde_json::{Value, json};
use signalbox_crm::time::Timestamp;

use super::harness::{Api, Sales};

struct Company {
    api: Api,
    sales: Sales,
    anna: String,
    deal: String,
}

impl Company {
    async fn new() -> Company {
        let api = Api::start().await;
        let sales = api.sales().await;
        let anna = api
            .create("/employees", json!({"name": "Anna", "role": "operator"}))
            .await;
        let mut deal = sales.deal("A trailer");
        deal["amount"] = json!("1500.00 RUB");
        let deal = api.create("/items", deal).await;
        Company {
            api,
            sales,
            anna,
            deal,
        }
    }

    /// A robot that tells Anna, at this stage.
    async fn attach(&self, title: &str, stage: &str, more: Value) -> String {
        let mut robot = json!({
            "title": title, "robot": "notify", "moment": {"kind": "stage", "stage": stage},
            "params": {"to": [self.anna], "title": title},
        });
        for (key, value) in more.as_object().unwrap() {
            robot[key] = value.clone();
        }
        self.api.create("/attachments", robot).await
    }

    async fn move_to(&self, stage: &str) {
        let item = self.api.get(&format!("/items/{}", self.deal)).await.ok(200);
        let version = item["version"].as_i64().unwrap();
        let path = format!("/items/{}/move", self.deal);
        let body = json!({"stage": stage, "allow_back": true, "lost_reason": "too dear"});
        self.api.change("POST", &path, version, body).await.ok(200);
        self.api.app.core.lanes.idle().await;
    }

    async fn explain(&self, attachment: &str) -> Value {
        let path = format!("/items/{}/explain?attachment={attachment}", self.deal);
        self.api.get(&path).await.ok(200)
    }

    /// Attachment, state and code of each robot.
    async fn automation(&self) -> Vec<[String; 3]> {
        let path = format!("/items/{}/automation", self.deal);
        let answer = self.api.get(&path).await.ok(200);
        let robots = answer["robots"].as_array().unwrap().iter();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        robots
            .map(|robot| [&robot["title"], &robot["state"], &robot["because"]["code"]].map(word))
            .collect()
    }
}

fn codes(explained: &Value) -> Vec<&str> {
    let points = explained["points"].as_array().unwrap().iter();
    points.map(|point| point["code"].as_str().unwrap()).collect()
}

fn line(title: &str, state: &str, code: &str) -> [String; 3] {
    [title, state, code].map(str::to_owned)
}

#[tokio::test]
async fn each_robot_of_a_stage_has_one_of_four_states() {
    let company = Company::new().await;
    let offer = company.sales.offer.clone();
    let none = json!({});
    company.attach("Tells", &offer, none.clone()).await;
    let cheap = json!([[{"field": "amount", "op": "lt", "value": "1000"}]]);
    company
        .attach("Cheap ones", &offer, json!({"condition": {"any": cheap}}))
        .await;
    let delay = json!({"timing": {"kind": "delay", "seconds": 3600}});
    company.attach("Later", &offer, delay).await;
    let after = json!({"mode": "after-previous"});
    company.attach("After it", &offer, after).await;
    company
        .attach("Not granted", &offer, json!({"grants": [], "attempts_max": 1}))
        .await;
    company.attach("Off", &offer, json!({"is_enabled": false})).await;
    company
        .attach("Elsewhere", &company.sales.new, none.clone())
        .await;
    company.move_to(&offer).await;
    company.attach("Too late", &offer, none).await;
    assert_eq!(
        company.automation().await,
        [
            line("Tells", "ran", "run-completed"),
            line("Cheap ones", "did-not-start", "run-cancelled"),
            line("Later", "waits", "run-waits"),
            line("After it", "waits", "run-waits"),
            line("Not granted", "failed", "run-discarded"),
            line("Off", "did-not-start", "was-off"),
            line("Too late", "did-not-start", "before-attached"),
        ]
    );
}

#[tokio::test]
async fn deal_that_left_says_who_moved_it_and_comes_back_anew() {
    let company = Company::new().await;
    let offer = company.sales.offer.clone();
    let delay = json!({"timing": {"kind": "delay", "seconds": 3600}});
    let id = company.attach("Later", &offer, delay).await;
    let explained = company.explain(&id).await;
    assert_eq!(codes(&explained), ["attachment-on", "never-entered"]);
    assert_eq!(explained["standing"]["state"], "did-not-start");

    company.move_to(&offer).await;
    let explained = company.explain(&id).await;
    assert_eq!(codes(&explained), ["attachment-on", "entered-stage", "run-waits"]);
    assert_eq!(explained["standing"]["until"], "2026-03-02T12:20:00Z");
    let waits = &explained["points"][2]["values"];
    assert_eq!(
        (&waits["reason"], &waits["run"]),
        (&json!("delay"), &json!("run:1"))
    );

    company.move_to(&company.sales.lost).await;
    let explained = company.explain(&id).await;
    assert_eq!(
        codes(&explained),
        ["attachment-on", "entered-stage", "run-cancelled"]
    );
    let cancelled = &explained["points"][2]["values"];
    assert_eq!(cancelled["reason"], "left-stage");
    assert_eq!(
        [&cancelled["from"], &cancelled["to"], &cancelled["by"]],
        ["offer", "lost", "system"]
    );

    company.move_to(&offer).await;
    let at = Timestamp::parse("2026-03-02T13:00:00Z").unwrap();
    company.api.app.advance_to(at).await.unwrap();
    let explained = company.explain(&id).await;
    assert_eq!(
        codes(&explained)[1..],
        ["entered-stage", "run-cancelled", "entered-stage", "run-completed"]
    );
    assert_eq!(explained["standing"]["state"], "ran");
}

#[tokio::test]
async fn robots_that_are_started_otherwise_are_explained_too() {
    let company = Company::new().await;
    let manual = json!({"moment": {"kind": "manual"}});
    let manual = company.attach("By hand", &company.sales.new, manual).await;
    assert_eq!(
        codes(&company.explain(&manual).await),
        ["attachment-on", "by-hand"]
    );
    let body = json!({"item": company.deal});
    let path = format!("/attachments/{manual}/run");
    company.api.post(&path, body).await.ok(202);
    company.api.app.core.lanes.idle().await;
    let explained = company.explain(&manual).await;
    assert_eq!(
        codes(&explained),
        ["attachment-on", "event-happened", "run-completed"]
    );

    let changed = json!({"moment": {"kind": "event", "event": "item-changed", "fields": ["amount"]}});
    let changed = company.attach("Changed", &company.sales.new, changed).await;
    assert_eq!(codes(&company.explain(&changed).await)[1], "event-never-happened");
    let title = json!({"title": "Another"});
    let path = format!("/items/{}", company.deal);
    company.api.change("PATCH", &path, 1, title).await.ok(200);
    assert_eq!(codes(&company.explain(&changed).await)[1], "moment-does-not-fit");
    let amount = json!({"amount": "9.00 RUB"});
    company.api.change("PATCH", &path, 2, amount).await.ok(200);
    company.api.app.core.lanes.idle().await;
    let explained = company.explain(&changed).await;
    assert_eq!(codes(&explained)[1..], ["event-happened", "run-completed"]);
}

#[tokio::test]
async fn what_does_not_exist_is_not_explained() {
    let company = Company::new().await;
    let id = company.attach("Tells", &company.sales.offer, json!({})).await;
    let get = async |path: &str| company.api.get(path).await;
    get(&format!("/items/deal:999/explain?attachment={id}"))
        .await
        .refused(404, "not-found");
    get(&format!(
        "/items/{}/explain?attachment=attachment:999",
        company.deal
    ))
    .await
    .refused(404, "not-found");
    assert_eq!(
        get(&format!("/items/{}/explain", company.deal)).await.status / 100,
        4
    );
    get("/items/deal:999/automation").await.refused(404, "not-found");
    // A lead with the number of a deal is nothing.
    let lead = company.deal.replace("deal", "lead");
    get(&format!("/items/{lead}/automation"))
        .await
        .refused(404, "not-found");
}
