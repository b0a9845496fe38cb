//! A company with a deal, and the robot that calls whatever it is told to.

use serde_json::{Value, json};
use signalbox_sandbox::{Limits, Replay, RunFile};
use signalbox_tests::robots::CALLER;

use crate::api::harness::{Answer, Api, Sales};

/// One call of each function, with arguments that are well formed.
pub(in crate::api) const EVERY_FUNCTION: &str = "clock.now
random.number
params.get; script
log.log; hello
state.get; item; beat
state.set; item; beat; 1
state.delete; item; beat
timers.set; beat; 2026-03-03T09:00:00Z; again
timers.cancel; beat
items.get; deal:1
items.find; pipeline:1; -; -; -; -; -; -; 10
fields.get; deal:1; title
fields.get-all; deal:1
fields.set; deal:1; note=text:a
stages.move; deal:1; stage:1; yes
stages.missing-fields; deal:1; stage:1
assignment.assign; deal:1; employee:1
assignment.assign-from-list; deal:1; employee:1; even; yes
item-creation.create; pipeline:1; -; New
item-creation.copy; deal:1; pipeline:1
activities.create; deal:1; todo
activities.get; activity:1
activities.list-open; deal:1
activities.complete; activity:1
activities.cancel; activity:1
activities.reschedule; activity:1; +1d
timeline.add-comment; deal:1; hello
notifications.send; employee:1; hello; hello
employees.get; employee:1
calendar.is-working; 2026-03-03T09:00:00Z
calendar.add-working; 2026-03-03T09:00:00Z; 3600
contacts.get; contact:1
contacts.find-by-phone; +7 987 654-32-10
contacts.find-by-email; anna@example.com
contact-editing.create; Anna
contact-editing.update; contact:1; Anna
conversations.get; conversation:1
conversations.of-item; deal:1
conversations.messages; conversation:1; -; 10
messaging.reply; conversation:1; hello
outbound-http.send; post; https://api.example.com/; hello
outbound-http.get-answer
conversation-control.close; conversation:1";

const TOKEN: (&str, &str) = ("x-telegram-bot-api-secret-token", "s3cret-Token_1");

/// A deal with a client, one of somebody else, and the robot.
pub(in crate::api) struct Company {
    pub(in crate::api) api: Api,
    pub(in crate::api) sales: Sales,
    pub(in crate::api) client: String,
    pub(in crate::api) deal: String,
    pub(in crate::api) other: String,
    pub(in crate::api) anna: String,
    robot: &'static str,
    /// For its requests; those that it names where nothing stands here.
    http_hosts: Option<&'static [&'static str]>,
}

/// What the robot was told.
pub(in crate::api) struct Called {
    /// `ok` or a code for each line, or the failure's code.
    pub(in crate::api) answers: String,
    pub(in crate::api) details: Value,
    calls: Vec<Value>,
}

impl Called {
    /// All host calls, as they are recorded.
    pub(in crate::api) fn calls(&self) -> &[Value] {
        &self.calls
    }

    /// What the call of this line, from 1, has answered.
    #[track_caller]
    pub(in crate::api) fn answer(&self, line: usize) -> &Value {
        // The first call reads the script.
        let answer = &self.calls[line]["answer"];
        match answer.get("ok") {
            Some(ok) => ok,
            None => answer,
        }
    }
}

impl Company {
    pub(in crate::api) async fn new() -> Company {
        Company::with(CALLER).await
    }

    /// With this component as the robot.
    pub(in crate::api) async fn with(component: &[u8]) -> Company {
        let company = Company::of_robot("caller", None).await;
        let wasm = [("content-type", "application/wasm")];
        company
            .api
            .as_admin("POST", "/robots", &wasm, component)
            .await
            .ok(201);
        company
    }

    /// With a robot that ships with the host, and these hosts for its requests.
    pub(in crate::api) async fn with_bundled(
        robot: &'static str,
        http_hosts: &'static [&'static str],
    ) -> Company {
        Company::of_robot(robot, Some(http_hosts)).await
    }

    async fn of_robot(robot: &'static str, http_hosts: Option<&'static [&'static str]>) -> Company {
        let api = Api::start().await;
        let sales = api.sales().await;
        for (key, kind, options) in [
            ("note", "text", json!([])),
            ("size", "number", json!([])),
            ("tags", "many", json!([])),
            ("at", "instant", json!([])),
            ("choice", "select", json!(["first", "second"])),
        ] {
            let title = json!({"ru": key, "en": key});
            let field = json!({"key": key, "title": title, "field_type": kind, "options": options});
            api.post("/fields", field).await.ok(201);
        }
        let hours = json!([{"days": ["mon-fri"], "hours": ["09:00-18:00"]}]);
        let zone = json!({"key": "office", "spec": {"zone": "UTC", "weekly": hours}});
        api.create("/calendars", zone).await;
        let anna = api
            .create("/employees", json!({"name": "Anna", "role": "admin"}))
            .await;
        let contact = |name: &str| json!({"name": name, "phones": ["+7 987 654-32-10"]});
        let client = api.create("/contacts", contact("Иван")).await;
        let stranger = api.create("/contacts", contact("Пётр")).await;
        let secret = json!({"value": "sh0p-t0ken-value", "hosts": ["api.example.com"]});
        api.as_admin("PUT", "/secrets/shop", &[], secret.to_string())
            .await
            .ok(200);
        let mut deal = sales.deal("Tractor");
        deal["contact"] = json!(client);
        let deal = api.create("/items", deal).await;
        let mut other = sales.deal("Somebody else's");
        other["contact"] = json!(stranger);
        let other = api.create("/items", other).await;
        Company {
            api,
            sales,
            client,
            deal,
            other,
            anna,
            robot,
            http_hosts,
        }
    }

    /// Lets the robot do this on the deal, with all grants and the narrowest scope.
    pub(in crate::api) async fn calls(&self, script: &str) -> Called {
        self.calls_with(json!({}), script).await
    }

    /// Likewise, with these grants.
    pub(in crate::api) async fn calls_granted(&self, grants: &Value, script: &str) -> Called {
        self.calls_with(json!({"grants": grants}), script).await
    }

    /// Likewise, with this scope.
    pub(in crate::api) async fn calls_in(&self, scope: &str, script: &str) -> Called {
        self.calls_with(json!({"scope": scope}), script).await
    }

    /// Likewise, with these fields of the attachment.
    pub(in crate::api) async fn calls_with(&self, attached: Value, script: &str) -> Called {
        let mut body = json!({
            "title": "Caller", "robot": self.robot, "moment": {"kind": "manual"},
            "params": {"script": script}, "attempts_max": 1,
        });
        for (key, value) in attached.as_object().unwrap() {
            body[key] = value.clone();
        }
        let attachment = self.api.create("/attachments", body).await;
        let path = format!("/attachments/{attachment}/run");
        let started = self.api.post(&path, json!({"item": self.deal})).await.ok(202);
        self.api.app.core.lanes.idle().await;
        self.called(started["runs"][0]["id"].as_str().unwrap()).await
    }

    /// The robot is attached to messages of clients, and one comes. What it was told.
    pub(in crate::api) async fn calls_on_message(&self, scope: &str, script: &str) -> Called {
        let channel = json!({
            "key": "tg", "title": "Telegram", "provider": "telegram", "inbound_secret": TOKEN.1,
            "outbound_secret": "123:ABC", "base_url": "http://127.0.0.1:9", "opens_item_in": self.sales.pipeline,
        });
        self.api.post("/channels", channel).await.ok(201);
        let mut body = json!({
            "title": "Caller", "robot": self.robot, "moment": {"kind": "event", "event": "message-received"},
            "params": {"script": script}, "attempts_max": 1, "scope": scope,
        });
        if let Some(hosts) = self.http_hosts {
            body["http_hosts"] = json!(hosts);
        }
        let attachment = self.api.create("/attachments", body).await;
        assert_eq!(self.message(1, "Сколько стоит?").await.status, 200);
        self.api.app.core.lanes.idle().await;
        let runs = self
            .api
            .get(&format!("/runs?attachment={attachment}"))
            .await
            .ok(200);
        // The first one: it may have set a wake-up, which is a run of its own.
        let run = runs["items"].as_array().unwrap().last().unwrap();
        self.called(run["id"].as_str().unwrap()).await
    }

    /// A client writes to the channel.
    pub(in crate::api) async fn message(&self, number: i64, text: &str) -> Answer {
        let client = json!({"id": 777, "is_bot": false, "first_name": "Мария"});
        let chat = json!({"id": 777, "type": "private", "first_name": "Мария"});
        let message = json!({
            "message_id": number, "date": 1_772_450_000, "from": client, "chat": chat, "text": text,
        });
        let update = json!({"update_id": number, "message": message});
        self.api
            .send("POST", "/hooks/tg", &[TOKEN], update.to_string())
            .await
    }

    async fn called(&self, run: &str) -> Called {
        self.replays_alike(run).await;
        let details = self.api.get(&format!("/runs/{run}")).await.ok(200);
        let attempt = &details["attempts"][0];
        let verdict = &attempt["verdict"];
        let words = verdict["summary"].as_str().or(verdict["code"].as_str());
        Called {
            answers: words.unwrap_or_else(|| panic!("{details:#}")).to_owned(),
            calls: attempt["calls"].as_array().unwrap().clone(),
            details,
        }
    }

    /// Every run that was executed can be replayed, and goes the same way.
    async fn replays_alike(&self, run: &str) {
        let file = self.run_file(run, false).await;
        let replay = self.replay(&file).await;
        assert!(replay.difference.is_none() && !replay.is_log_other, "{replay:#?}");
        assert_eq!(replay.fuel, file.fuel, "{run}");
        assert_eq!(replay.verdict, file.verdict, "{run}");
    }

    /// The run in one file.
    pub(super) async fn run_file(&self, run: &str, is_masked: bool) -> RunFile {
        let path = format!("/runs/{run}/file?masked={is_masked}");
        let file = self.api.get(&path).await.ok(200);
        RunFile::parse(&file.to_string()).unwrap()
    }

    /// What its component does on the record.
    pub(super) async fn replay(&self, file: &RunFile) -> Replay {
        let robots = &self.api.app.robots;
        let robot = robots.get(&self.api.app.core.db, &file.digest).await.unwrap();
        let replayed = robots.sandbox().replay(&robot, file, Limits::default()).await;
        replayed.unwrap()
    }

    /// The deal as it is stored.
    pub(in crate::api) async fn deal(&self) -> Value {
        self.api.get(&format!("/items/{}", self.deal)).await.ok(200)
    }
}
