//! Dry runs: what a robot would do is what it then does, and nothing of it is there before.

use std::path::PathBuf;

use serde_json::{Value, json};
use signalbox::app::AppOptions;
use signalbox::clock::Clock;
use signalbox_crm::people::Role;
use signalbox_crm::time::Timestamp;

use super::harness::{Answer, Api, NOW, Sales};

struct Company {
    api: Api,
    sales: Sales,
    anna: String,
    boris: String,
    deal: String,
    folder: tempfile::TempDir,
}

impl Company {
    /// Two people, and a deal in the first stage that may go on.
    async fn new() -> Company {
        let folder = tempfile::tempdir().unwrap();
        let mut options = AppOptions::for_test(Clock::starting_at(Timestamp::parse(NOW).unwrap()));
        options.database = Some(format!("sqlite:{}", folder.path().join("crm.db").display()));
        let api = Api::start_with(options).await;
        let sales = api.sales().await;
        let spec =
            json!({"zone": "Europe/Moscow", "weekly": [{"days": ["mon-fri"], "hours": ["09:00-18:00"]}]});
        api.create("/calendars", json!({"key": "office", "spec": spec}))
            .await;
        let person = |name: &str| json!({"name": name, "role": "operator"});
        let anna = api.create("/employees", person("Anna")).await;
        let boris = api.create("/employees", person("Boris")).await;
        let contact = json!({"name": "Ivan Kuznetsov", "phones": ["8 (987) 654-32-10"]});
        let contact = api.create("/contacts", contact).await;
        let mut deal = sales.deal("A trailer");
        deal["amount"] = json!("1500.00 RUB");
        deal["assignee"] = json!(anna);
        deal["contact"] = json!(contact);
        let deal = api.create("/items", deal).await;
        Company {
            api,
            sales,
            anna,
            boris,
            deal,
            folder,
        }
    }

    fn robot(&self, robot: &str, params: Value) -> Value {
        let moment = json!({"kind": "stage", "stage": self.sales.offer});
        json!({"title": format!("The {robot}"), "robot": robot, "moment": moment, "params": params})
    }

    fn notify(&self) -> Value {
        self.robot(
            "notify",
            json!({"to": [self.anna], "title": "New: {=Document:TITLE}"}),
        )
    }

    async fn attach(&self, attachment: Value) -> String {
        self.api.create("/attachments", attachment).await
    }

    async fn try_with(&self, attachment: &str, body: Value) -> Answer {
        let path = format!("/attachments/{attachment}/dry-run");
        self.api.post(&path, body).await
    }

    async fn dry(&self, attachment: &str) -> Value {
        self.try_with(attachment, json!({"item": self.deal}))
            .await
            .ok(200)
    }

    async fn unsaved(&self, attachment: Value) -> Answer {
        let body = json!({"attachment": attachment, "item": self.deal});
        self.api.post("/attachments/dry-run", body).await
    }

    /// The whole database.
    async fn bytes(&self, name: &str) -> Vec<u8> {
        let copy: PathBuf = self.folder.path().join(name);
        let source = self.folder.path().join("crm.db");
        signalbox_db::copy_sqlite(&source, &copy).await.unwrap();
        std::fs::read(copy).unwrap()
    }

    async fn move_on(&self) {
        let item = self.api.get(&format!("/items/{}", self.deal)).await.ok(200);
        let version = item["version"].as_i64().unwrap();
        let body = json!({"stage": self.sales.offer});
        let path = format!("/items/{}/move", self.deal);
        self.api.change("POST", &path, version, body).await.ok(200);
        self.api.app.core.lanes.idle().await;
    }

    /// The only run of the deal with its record.
    async fn run(&self) -> Value {
        let runs = self.api.get(&format!("/items/{}/runs", self.deal)).await.ok(200);
        let runs = runs["items"].as_array().unwrap().clone();
        assert_eq!(runs.len(), 1, "{runs:#?}");
        let id = runs[0]["id"].as_str().unwrap();
        self.api.get(&format!("/runs/{id}")).await.ok(200)
    }
}

/// Ids that are given anew each time.
fn without_new_ids(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(|c: char| !c.is_alphanumeric() && c != ':' && c != '-') {
        match word.split_once(':') {
            Some(("activity" | "message" | "notification" | "request" | "run" | "event", rest)) => {
                let tail = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '-');
                out.push_str("ID");
                out.push_str(tail);
            }
            _ => out.push_str(word),
        }
    }
    out
}

/// Kind, target, what, before and after of the effects of a record.
fn recorded(effects: &Value) -> Vec<[String; 5]> {
    let mut all = Vec::new();
    for effect in effects.as_array().unwrap() {
        let word = |key: &str| match &effect[key] {
            Value::Null => "-".to_owned(),
            Value::String(text) => without_new_ids(text),
            other => other.to_string(),
        };
        let kind = word("effect");
        let (target, what) = match kind.as_str() {
            "changed" => ("subject", "what"),
            "notified" => ("employee", "title"),
            "assigned-from-list" => ("item", "-"),
            "commented" => ("item", "-"),
            "remembered" | "forgotten" => ("owner", "key"),
            "wake-up-set" => ("-", "key"),
            other => panic!("{other}"),
        };
        let [before, after] = ["before", "after"].map(word);
        all.push([kind, word(target), word(what), before, after]);
    }
    all
}

/// The same of a dry run, as far as a record has it.
fn foreseen(effects: &Value) -> Vec<[String; 5]> {
    let mut all = Vec::new();
    for effect in effects.as_array().unwrap() {
        let word = |key: &str| effect[key].as_str().map_or("-".to_owned(), without_new_ids);
        let none = || "-".to_owned();
        let [kind, target, what, before, after] = ["kind", "target", "what", "before", "after"].map(word);
        all.push(match kind.as_str() {
            "changed" => [kind, target, what, before, after],
            "notified" | "remembered" | "forgotten" => [kind, target, what, none(), none()],
            "wake-up-set" => [kind, none(), what, none(), none()],
            _ => [kind, target, none(), none(), none()],
        });
    }
    all
}

fn calls(record: &Value) -> Vec<String> {
    let calls = record["calls"].as_array().unwrap().iter();
    let call = |call: &Value| format!("{}.{}{}", call["interface"], call["function"], call["args"]);
    calls.map(|one| without_new_ids(&call(one))).collect()
}

fn codes(tried: &Value) -> Vec<String> {
    let points = tried["points"].as_array().unwrap().iter();
    let word = |point: &Value| {
        format!(
            "{} {}",
            point["bearing"].as_str().unwrap(),
            point["code"].as_str().unwrap()
        )
    };
    points.map(word).collect()
}

#[tokio::test]
async fn dry_run_foresees_the_real_run_and_stores_nothing() {
    let script = "const item = items.get(invocation.item);\n\
                  activities.create(item.id, { kind: 'call', title: 'Call' });\n\
                  state.set('item', 'seen', item.title);\n\
                  log.info('here');\n\
                  timeline.addComment(item.id, `so it is: ${item.stage}`);\n\
                  return done('well');";
    for (robot, params) in [
        (
            "notify",
            json!({"to": ["role:assignee"], "title": "New: {=Document:TITLE}"}),
        ),
        ("create-activity", json!({"kind": "call", "title": "Call"})),
        ("move-stage", json!({"stage": "NEW", "allow-back": true})),
        ("reassign", json!({"employees": "BOTH", "distribution": "even"})),
        ("script", json!({ "script": script })),
    ] {
        let company = Company::new().await;
        let mut params = params;
        for (name, value) in [
            ("stage", json!(company.sales.new)),
            ("employees", json!([company.boris, company.anna])),
        ] {
            if params.get(name).is_some() {
                params[name] = value;
            }
        }
        let id = company.attach(company.robot(robot, params)).await;
        let before = company.bytes("before.db").await;
        let tried = company.dry(&id).await;
        assert_eq!(company.dry(&id).await["effects"], tried["effects"], "{robot}");
        assert!(
            before == company.bytes("after.db").await,
            "{robot} changed the database"
        );
        assert_eq!(tried["verdict"], "done", "{tried:#}");
        assert_eq!(tried["starts"], true, "{tried:#}");

        company.move_on().await;
        let real = company.run().await;
        let attempt = &real["attempts"][0];
        assert_eq!(attempt["verdict"]["verdict"], "done", "{attempt:#}");
        assert!(!recorded(&attempt["effects"]).is_empty(), "{attempt:#}");
        assert_eq!(
            foreseen(&tried["effects"]),
            recorded(&attempt["effects"]),
            "{robot}"
        );
        assert_eq!(calls(&tried["execution"]), calls(attempt), "{robot}");
        let messages = |logs: &Value| -> Vec<Value> {
            let logs = logs.as_array().unwrap().iter();
            logs.map(|line| line["message"].clone()).collect()
        };
        assert_eq!(messages(&tried["execution"]["logs"]), messages(&attempt["logs"]));
        assert_eq!(tried["verdict"], attempt["verdict"]["verdict"]);
        // No id was spent: the run, its event and what it made have the numbers behind those that were stored before.
        assert_eq!(real["run"]["id"], "run:1", "{robot}");
    }
}

#[tokio::test]
async fn dry_run_says_what_would_follow() {
    let company = Company::new().await;
    let move_on = company.robot(
        "move-stage",
        json!({"stage": company.sales.new, "allow-back": true}),
    );
    let move_on = company.attach(move_on).await;
    let mut next = company.notify();
    next["moment"]["stage"] = json!(company.sales.new);
    next["timing"] = json!({"kind": "delay", "seconds": 60});
    next["title"] = json!("Later");
    let next = company.attach(next).await;
    let mut waiting = company.notify();
    waiting["timing"] = json!({"kind": "delay", "seconds": 3600});
    waiting["title"] = json!("Waits");
    let waiting = company.attach(waiting).await;

    let tried = company.dry(&move_on).await;
    assert_eq!(
        codes(&tried),
        [
            "assumed enters-stage",
            "for attachment-on",
            "for at-once",
            "for unconditional"
        ]
    );
    assert_eq!(tried["cause"]["kind"], "stage-entered");
    assert_eq!(tried["cause"]["from"], company.sales.new);
    let event = &tried["events"][0];
    assert_eq!(
        (&event["kind"], &event["item"]),
        (&json!("stage-entered"), &json!(company.deal))
    );
    let start = &event["starts"][0];
    assert_eq!(start["attachment"], next);
    assert_eq!(
        (&start["state"], &start["reason"]),
        (&json!("scheduled"), &json!("delay"))
    );
    assert_eq!(start["due_at"], "2026-03-02T11:21:00Z");
    assert_eq!(tried["cancels"], json!([]), "nothing waits yet");

    // Now a run waits in the stage that the robot would leave.
    let body = json!({"is_enabled": false});
    let path = format!("/attachments/{move_on}");
    company.api.change("PATCH", &path, 1, body).await.ok(200);
    company.move_on().await;
    let tried = company.dry(&move_on).await;
    assert_eq!(codes(&tried)[..2], ["for in-stage", "assumed attachment-off"]);
    assert_eq!(tried["cancels"][0]["attachment"], waiting);
    assert_eq!(tried["cancels"][0]["run"], "run:1");
    let run = company.run().await;
    assert_eq!(run["run"]["state"], "scheduled", "it waits on");
}

#[tokio::test]
async fn robot_that_would_not_start_is_executed_only_when_somebody_wants_to_see_it() {
    let company = Company::new().await;
    let mut robot = company.notify();
    let cheap = json!([{"field": "amount", "op": "lt", "value": "1000"}]);
    robot["condition"] = json!({"any": [cheap, [{"field": "source", "op": "filled"}]]});
    robot["window"] = json!("working");
    let id = company.attach(robot).await;
    let tried = company.dry(&id).await;
    assert_eq!(tried["starts"], false);
    assert_eq!(
        (&tried["execution"], &tried["effects"]),
        (&json!(null), &json!([]))
    );
    assert!(tried.get("verdict").is_none());
    let tests: Vec<Value> = tried["points"].as_array().unwrap().clone();
    let test = tests.iter().find(|point| point["code"] == "test-false").unwrap();
    assert_eq!(test["values"]["found"], "1500.00 RUB");
    assert_eq!(test["values"]["wanted"], "1000");
    assert!(codes(&tried).contains(&"against condition-false".to_owned()));

    let body = json!({"item": company.deal, "regardless": true, "at": "2026-03-02T20:00:00+03:00"});
    let tried = company.try_with(&id, body).await.ok(200);
    assert_eq!(
        (&tried["starts"], &tried["verdict"]),
        (&json!(false), &json!("done"))
    );
    assert_eq!(tried["effects"][0]["kind"], "notified");
    assert_eq!(tried["effects"][0]["what"], "New: A trailer");
    assert_eq!(tried["at"], "2026-03-02T17:00:00Z");
    assert_eq!(tried["due_at"], "2026-03-03T06:00:00Z", "working time begins");
}

#[tokio::test]
async fn attachment_can_be_tried_before_it_is_saved() {
    let company = Company::new().await;
    let tried = company.unsaved(company.notify()).await.ok(200);
    assert_eq!(
        (&tried["attachment"], &tried["verdict"]),
        (&json!("attachment:new-1"), &json!("done"))
    );
    let list = company.api.get("/attachments").await.ok(200);
    assert_eq!(list["items"], json!([]));

    let mut wrong = company.notify();
    wrong["params"]["to"] = json!("nobody");
    company.unsaved(wrong).await.refused(422, "invalid");
    let mut unknown = company.notify();
    unknown["robot"] = json!("no-such-robot");
    company.unsaved(unknown).await.refused(404, "not-found");

    // One that exists is tried with other values, and stays as it is.
    let id = company.attach(company.notify()).await;
    let mut other = company.notify();
    other["params"]["title"] = json!("Other");
    let body = json!({"attachment": other, "replaces": id, "item": company.deal});
    let tried = company.api.post("/attachments/dry-run", body).await.ok(200);
    assert_eq!(tried["attachment"], id);
    assert_eq!(tried["effects"][0]["what"], "Other");
    let body = json!({"item": company.deal, "params": {"title": "Third"}});
    let tried = company.try_with(&id, body).await.ok(200);
    assert_eq!(tried["effects"][0]["what"], "Third");
    let stored = company.api.get(&format!("/attachments/{id}")).await.ok(200);
    assert_eq!(stored["params"]["title"], "New: {=Document:TITLE}");
}

#[tokio::test]
async fn what_cannot_be_tried_is_refused_by_name() {
    let company = Company::new().await;
    let id = company.attach(company.notify()).await;
    company.try_with(&id, json!({})).await.refused(422, "invalid");
    company
        .try_with(&id, json!({"item": "deal:999"}))
        .await
        .refused(404, "not-found");
    company
        .try_with(&id, json!({"item": "deal:x"}))
        .await
        .refused(422, "invalid");
    company
        .try_with("attachment:999", json!({"item": company.deal}))
        .await
        .refused(404, "not-found");
    company
        .try_with(&id, json!({"item": company.deal, "params": {"nonsense": 1}}))
        .await
        .refused(422, "invalid");
    company
        .try_with(&id, json!({"item": company.deal, "commit": true}))
        .await
        .refused(400, "unknown-field");
    let mut answering = company.notify();
    answering["moment"] = json!({"kind": "event", "event": "message-received"});
    let answering = company.attach(answering).await;
    company
        .try_with(&answering, json!({"item": company.deal}))
        .await
        .refused(422, "invalid");
    let again = company.api.post("/runs/run:999/dry-run", json!({})).await;
    again.refused(404, "not-found");
}

#[tokio::test]
async fn failure_shows_what_the_robot_did_before_it_and_no_effects() {
    let company = Company::new().await;
    let script = "timeline.addComment(invocation.item, 'before');\nconst x = null;\nx.y = 1;";
    let id = company
        .attach(company.robot("script", json!({ "script": script })))
        .await;
    let tried = company.dry(&id).await;
    assert_eq!(tried["verdict"], "failed", "{tried:#}");
    assert!(tried["message"].as_str().unwrap().contains("null"), "{tried:#}");
    let calls = tried["execution"]["calls"].as_array().unwrap();
    assert_eq!(calls.last().unwrap()["function"], "add-comment");
    assert_eq!((&tried["effects"], &tried["events"]), (&json!([]), &json!([])));
    let status = company.api.get("/status").await.ok(200);
    assert_eq!(
        status["problems"],
        json!([]),
        "nobody is told of a failure that was tried"
    );
}

#[tokio::test]
async fn run_is_tried_again_with_the_attachment_as_it_is_now() {
    let company = Company::new().await;
    let id = company.attach(company.notify()).await;
    company.move_on().await;
    let body = json!({"params": {"to": [company.boris], "title": "Newer"}});
    let path = format!("/attachments/{id}");
    company.api.change("PATCH", &path, 1, body).await.ok(200);
    let tried = company.api.post("/runs/run:1/dry-run", json!({})).await.ok(200);
    assert_eq!(codes(&tried)[0], "for event-happened");
    assert_eq!(tried["effects"][0]["what"], "Newer");
    assert_eq!(tried["effects"][0]["target"], company.boris);
    company.run().await;
}

#[tokio::test]
async fn integrator_sees_no_client_and_tries_only_what_is_attached() {
    let company = Company::new().await;
    let mut robot = company.notify();
    robot["params"]["title"] = json!("{=Document:TITLE} of {=Contact:NAME}");
    robot["condition"] = json!({"any": [[{"field": "title", "op": "filled"}]]});
    let id = company.attach(robot.clone()).await;
    let token = company.api.token(Role::Integrator, None).await;
    let bearer = format!("Bearer {token}");
    let send = async |path: &str, body: Value| {
        let headers = [("authorization", bearer.as_str())];
        company.api.send("POST", path, &headers, body.to_string()).await
    };
    let path = format!("/api/v1/attachments/{id}/dry-run");
    let tried = send(&path, json!({"item": company.deal})).await.ok(200);
    let text = tried.to_string();
    for personal in ["trailer", "Ivan", "Kuznetsov", "654"] {
        assert!(!text.contains(personal), "{personal}: {tried:#}");
    }
    assert_eq!(tried["verdict"], "done");
    assert!(
        company
            .dry(&id)
            .await
            .to_string()
            .contains("A trailer of Ivan Kuznetsov")
    );
    let body = json!({"attachment": robot, "item": company.deal});
    send("/api/v1/attachments/dry-run", body)
        .await
        .refused(403, "forbidden");
}

#[tokio::test]
async fn third_dry_run_at_once_is_to_come_again() {
    let company = Company::new().await;
    let id = company
        .attach(company.robot("script", json!({"script": "while (true) {}"})))
        .await;
    let body = json!({"item": company.deal});
    let (one, two, three) = tokio::join!(
        company.try_with(&id, body.clone()),
        company.try_with(&id, body.clone()),
        company.try_with(&id, body.clone()),
    );
    let mut answers = [one, two, three];
    answers.sort_by_key(|answer| answer.status);
    let statuses = answers.each_ref().map(|answer| answer.status);
    assert_eq!(statuses, [200, 200, 503]);
    assert_eq!(answers[0].body["verdict"], "failed");
    assert!(answers[0].body["code"].as_str().unwrap().starts_with("limit."));
    assert_eq!(answers[2].headers["retry-after"], "1");
    let next = company.unsaved(company.notify()).await;
    assert_eq!(next.ok(200)["verdict"], "done", "the places are free again");
}
