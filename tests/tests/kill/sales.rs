//! What the host is set up for: a pipeline with chains of robots, one of which asks a service, and two channels that
//! answer.

use std::net::SocketAddr;

use serde_json::{Value, json};
use signalbox_crm::ids::EmployeeId;
use signalbox_tests::robots::ASKER;

use super::client;
use super::host::Host;

pub(super) const TELEGRAM_SECRET: &str = "s3cret-Token_1";
/// 32 bytes in base64.
pub(super) const GENERIC_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The robots that are attached.
pub(super) const ROBOTS: [&str; 5] = ["notify", "create-activity", "move-stage", "auto-reply", "asker"];

/// Runs, notifications and activities of every deal that was created and moved to `work`, without the run of an answer.
pub(super) const RUNS_PER_DEAL: usize = 7;
pub(super) const NOTIFICATIONS_PER_DEAL: usize = 3;
pub(super) const ACTIVITIES_PER_DEAL: usize = 2;

/// Of so many deals a robot asks about one, by its number: no service gets more requests than the pace of the host.
pub(super) const ASKED_ONE_IN: i64 = 4;

/// What the clients need to know.
pub(super) struct Sales {
    pub(super) token: String,
    pub(super) pipeline: String,
    pub(super) work: String,
    pub(super) offer: String,
    pub(super) anna: EmployeeId,
}

struct Setup {
    at: SocketAddr,
    token: String,
}

impl Setup {
    async fn create(&self, path: &str, body: Value) -> String {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str())];
        let path = format!("/api/v1{path}");
        let made = client::send(self.at, "POST", &path, &headers, &body.to_string()).await;
        let made = made.expect("an answer");
        assert_eq!(made.status, 201, "{path}: {:#}", made.body);
        made.body["id"].as_str().unwrap().to_owned()
    }

    async fn install(&self, robot: &[u8]) {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/wasm"),
        ];
        let made = client::send(self.at, "POST", "/api/v1/robots", &headers, robot).await;
        let made = made.expect("an answer");
        assert_eq!(made.status, 201, "{:#}", made.body);
    }

    async fn attach(&self, robot: &str, moment: Value, more: Value, params: Value) {
        let mut body = json!({ "title": robot, "robot": robot, "moment": moment, "params": params });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        self.create("/attachments", body).await;
    }
}

/// Sets the host up. `new` tells and asks, however soon the deal leaves; `work` tells, plans, and after a second moves on; `offer` plans and tells after a
/// second, whatever happens to the deal.
pub(super) async fn set_up(host: &Host, receiver: SocketAddr) -> Sales {
    let token = host.token.clone().expect("the first start prints a token");
    let setup = Setup {
        at: host.address(),
        token: token.clone(),
    };
    let title = json!({ "ru": "x", "en": "x" });
    let pipeline = json!({ "key": "sales", "title": title, "item_kind": "deal" });
    let pipeline = setup.create("/pipelines", pipeline).await;
    let stages = format!("/pipelines/{pipeline}/stages");
    let stage = |key: &str, sort: i64| json!({ "key": key, "title": title, "kind": "open", "sort": sort });
    let new = setup.create(&stages, stage("new", 1)).await;
    let work = setup.create(&stages, stage("work", 2)).await;
    let offer = setup.create(&stages, stage("offer", 3)).await;
    let anna = setup
        .create("/employees", json!({ "name": "Anna", "role": "operator" }))
        .await;

    let entry = |stage: &str| json!({ "kind": "stage", "stage": stage });
    let tell = |title: &str| json!({ "to": [anna], "title": title, "text": "{=Document:TITLE}" });
    let plan = |title: &str| json!({ "kind": "todo", "title": title, "deadline": "+3d" });
    let second = json!({ "kind": "delay", "seconds": 1 });
    let next = json!({ "mode": "after-previous", "sort": 2 });
    let last = json!({ "mode": "after-previous", "sort": 3, "timing": second });
    let late = json!({ "timing": second, "cancel_on": "never" });
    let stays = json!({ "cancel_on": "never" });
    let none = json!({});
    setup
        .attach("notify", entry(&new), stays.clone(), tell("new"))
        .await;
    setup.install(ASKER).await;
    let service = format!("http://{}", host.service);
    let mut asks = stays;
    asks["http_hosts"] = json!([service]);
    let ask = json!({ "url": format!("{service}/orders"), "one-in": ASKED_ONE_IN });
    setup.attach("asker", entry(&new), asks, ask).await;
    setup
        .attach("notify", entry(&work), none.clone(), tell("work"))
        .await;
    setup
        .attach("create-activity", entry(&work), next, plan("work"))
        .await;
    setup
        .attach("move-stage", entry(&work), last, json!({ "stage": offer }))
        .await;
    setup
        .attach("create-activity", entry(&offer), none.clone(), plan("offer"))
        .await;
    setup.attach("notify", entry(&offer), late, tell("offer")).await;

    let base = format!("http://{receiver}");
    let telegram = json!({
        "key": "tg", "title": "Telegram", "provider": "telegram", "inbound_secret": TELEGRAM_SECRET,
        "outbound_secret": "123:ABC", "base_url": base,
    });
    let site = json!({
        "key": "site", "title": "Site", "provider": "generic", "inbound_secret": GENERIC_SECRET,
        "outbound_secret": GENERIC_SECRET, "base_url": base,
    });
    setup.create("/channels", telegram).await;
    setup.create("/channels", site).await;
    let written = json!({ "kind": "event", "event": "message-received" });
    let answer = json!({ "text": "re {=Event:text}", "when": "always" });
    setup.attach("auto-reply", written, none, answer).await;
    Sales {
        token,
        pipeline,
        work,
        offer,
        anna: anna.parse().unwrap(),
    }
}

impl Sales {
    /// One request of an employee; none when no whole answer came.
    pub(super) async fn ask(
        &self,
        at: SocketAddr,
        method: &str,
        path: &str,
        header: (&str, &str),
        body: &Value,
    ) -> Option<client::Answer> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), header];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        client::send(at, method, &format!("/api/v1{path}"), &headers, &body).await
    }

    /// The codes of what `status` says is wrong.
    pub(super) async fn problems(&self, at: SocketAddr) -> Vec<String> {
        let status = self
            .ask(at, "GET", "/status", ("x-none", "x"), &Value::Null)
            .await;
        let status = status.expect("the host answers");
        assert_eq!(status.status, 200, "{:#}", status.body);
        let problems = status.body["problems"].as_array().unwrap().iter();
        problems
            .map(|problem| problem["code"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The start of each list that is not empty. The host has to answer.
    async fn filled(&self, at: SocketAddr, lists: impl IntoIterator<Item = String>) -> Vec<String> {
        let mut filled = Vec::new();
        for list in lists {
            let page = self.ask(at, "GET", &list, ("x-none", "x"), &Value::Null).await;
            let page = page.expect("the host answers");
            assert_eq!(page.status, 200, "{list}: {:#}", page.body);
            let first = page.body["items"].get(0);
            filled.extend(first.map(|first| format!("{list}: {first}")));
        }
        filled
    }

    /// What is still open, with the first of each kind.
    pub(super) async fn open_lists(&self, at: SocketAddr) -> Vec<String> {
        let lists = [
            "/runs?state=available&limit=1",
            "/runs?state=scheduled&limit=1",
            "/runs?state=retryable&limit=1",
            "/deliveries?state=pending&limit=1",
            "/requests?state=pending&limit=1",
        ];
        self.filled(at, lists.map(str::to_owned)).await
    }

    /// How many of the robots have completed a run.
    pub(super) async fn has_run_count(&self, at: SocketAddr) -> usize {
        let list = |robot| format!("/runs?state=completed&robot={robot}&limit=1");
        self.filled(at, ROBOTS.map(list)).await.len()
    }
}
