//! Drafts of automations: two people on one, publishing as a whole, history and the way back.

use serde_json::{Value, json};
use signalbox_crm::ids::EmployeeId;
use signalbox_crm::people::Role;

use super::harness::{Answer, Api, Sales};

/// A company with a pipeline, two people who may configure, and one robot in force.
struct Company {
    api: Api,
    sales: Sales,
    anna: String,
    boris: String,
    /// Its draft.
    draft: String,
    attachment: String,
}

impl Company {
    async fn new() -> Company {
        let api = Api::start().await;
        let sales = api.sales().await;
        let (anna, boris) = (person(&api, "Anna").await, person(&api, "Boris").await);
        let robot = json!({
            "title": "Tell", "robot": "notify", "moment": {"kind": "stage", "stage": sales.new},
            "params": {"to": ["role:assignee"], "title": "x"},
        });
        let attachment = api.create("/attachments", robot).await;
        let draft = format!("/automation/{}/draft", sales.pipeline);
        Company {
            api,
            sales,
            anna,
            boris,
            draft,
            attachment,
        }
    }

    async fn ask(&self, who: &str, method: &str, path: &str, version: i64, body: Value) -> Answer {
        let headers = [("authorization", who), ("if-match", &format!("\"{version}\""))];
        let path = format!("/api/v1{path}");
        self.api.send(method, &path, &headers, body.to_string()).await
    }

    /// Anna changes the draft.
    async fn edit(&self, version: i64, change: Value) -> Value {
        self.ask(&self.anna, "PATCH", &self.draft, version, change)
            .await
            .ok(200)
    }

    async fn publish(&self, version: i64, comment: &str) -> Answer {
        let path = format!("{}/publish", self.draft);
        self.ask(&self.anna, "POST", &path, version, json!({"comment": comment}))
            .await
    }

    fn adding(&self, title: &str) -> Value {
        json!({
            "kind": "add", "robot": "notify", "moment": {"kind": "stage", "stage": self.sales.offer},
            "set": {"title": title, "params": {"to": ["role:assignee"], "title": "x"}},
        })
    }

    async fn titles(&self) -> Vec<String> {
        let path = format!("/automation/{}", self.sales.pipeline);
        let found = self.api.get(&path).await.ok(200);
        let entries = found["entries"].as_array().unwrap().clone();
        entries
            .iter()
            .map(|one| one["title"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn versions(&self) -> Vec<Value> {
        let path = format!("/automation/{}/versions", self.sales.pipeline);
        let found = self.api.get(&path).await.ok(200);
        found["items"].as_array().unwrap().clone()
    }
}

async fn person(api: &Api, name: &str) -> String {
    let id = api
        .create("/employees", json!({"name": name, "role": "editor"}))
        .await;
    let id: EmployeeId = id.parse().unwrap();
    format!("Bearer {}", api.token(Role::Editor, Some(id)).await)
}

fn version(edited: &Value) -> i64 {
    edited["draft"]["version"].as_i64().unwrap()
}

#[tokio::test]
async fn draft_is_shared_and_whoever_comes_second_reads_it_again() {
    let company = Company::new().await;
    let before = company.api.get(&company.draft).await;
    assert_eq!(before.headers["etag"], "\"0\"");
    let first = company.edit(0, company.adding("First")).await;
    assert_eq!(first["draft"]["changed_by"], "employee:1");
    // Boris has seen no draft: he would not know of Anna's.
    let second = company.adding("Second");
    let stale = company
        .ask(&company.boris, "PATCH", &company.draft, 0, second.clone())
        .await;
    let stale = stale.refused(412, "stale-version");
    assert_eq!(stale["version"], first["draft"]["version"]);
    assert!(
        stale["detail"].as_str().unwrap().contains("by employee:1"),
        "{stale:#}"
    );
    let answer = company
        .ask(&company.boris, "PATCH", &company.draft, version(&first), second)
        .await;
    assert_eq!(
        answer.headers["etag"],
        format!("\"{}\"", answer.body["draft"]["version"])
    );
    let both = answer.ok(200);
    let added: Vec<&str> = both["draft"]["difference"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        added,
        [
            "adds `First` (robot `notify`) to stage `offer`",
            "adds `Second` (robot `notify`) to stage `offer`"
        ]
    );
    assert_eq!(both["draft"]["changed_by"], "employee:2");
    // Nothing of it is in force, and nothing is in the history.
    assert_eq!(
        (company.titles().await, company.versions().await.len()),
        (vec!["Tell".to_owned()], 1)
    );
    let thrown = company
        .ask(&company.anna, "DELETE", &company.draft, version(&both), json!({}))
        .await;
    thrown.ok(204);
    assert_eq!(company.api.get(&company.draft).await.body["version"], 0);
    let gone = company.publish(version(&both), "").await;
    gone.refused(412, "stale-version");
    let none = company
        .ask(
            &company.anna,
            "POST",
            &format!("{}/rebase", company.draft),
            0,
            json!({}),
        )
        .await;
    none.refused(404, "not-found");
}

#[tokio::test]
async fn unfinished_draft_is_kept_and_refused_as_a_whole_with_every_problem() {
    let company = Company::new().await;
    let mut add = company.adding("Half");
    add["set"]["params"] = json!({"to": ["employee:99"]});
    let half = company.edit(0, add).await;
    let id = half["made"][0].as_str().unwrap().to_owned();
    let change = json!({"kind": "change", "entry": company.attachment, "set": {"attempts_max": 0}});
    let draft = company.edit(version(&half), change).await;
    let problems = draft["draft"]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 3, "{problems:#?}");
    let refused = company
        .publish(version(&draft), "")
        .await
        .refused(422, "unfinished");
    let fields: Vec<&str> = refused["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f.as_str().unwrap())
        .collect();
    let expected = [
        format!("{} attempts_max", company.attachment),
        format!("{id} params.to"),
        format!("{id} params.title"),
    ];
    assert_eq!(fields, expected.each_ref().map(String::as_str));
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.contains(&format!(
            "`Half` ({id}), params.to: `to`: `employee:99` does not exist"
        )),
        "{detail}"
    );
    assert_eq!(company.titles().await, ["Tell"]);
    // It is all there still.
    let kept = company.api.get(&company.draft).await.ok(200);
    assert_eq!(kept["entries"][1]["params"], json!({"to": ["employee:99"]}));
    for (wrong, code) in [
        (
            json!({"kind": "change", "entry": id, "set": {"attempts_max": "four"}}),
            "invalid",
        ),
        (
            json!({"kind": "change", "entry": id, "set": {"colour": "red"}}),
            "invalid",
        ),
        (json!({"kind": "paint", "entry": id}), "invalid"),
        (json!({"kind": "remove", "entry": "stage:1"}), "invalid"),
    ] {
        let answer = company
            .ask(
                &company.anna,
                "PATCH",
                &company.draft,
                version(&draft),
                wrong.clone(),
            )
            .await;
        assert!((400..=422).contains(&answer.status), "{wrong}: {:#}", answer.body);
        assert!(
            ["invalid", "unknown-field"].contains(&answer.body["code"].as_str().unwrap()),
            "{code}: {:#}",
            answer.body
        );
    }
}

#[tokio::test]
async fn draft_comes_into_force_as_a_whole_and_what_stays_keeps_its_runs() {
    let company = Company::new().await;
    let api = &company.api;
    // A run that waits for an hour.
    let delay = json!({"timing": {"kind": "delay", "seconds": 3600}});
    api.change("PATCH", &format!("/attachments/{}", company.attachment), 1, delay)
        .await
        .ok(200);
    let deal = api.create("/items", company.sales.deal("Deal")).await;
    let draft = company.edit(0, company.adding("Second")).await;
    let change = json!({"kind": "change", "entry": company.attachment, "set": {"title": "Told"}});
    let draft = company.edit(version(&draft), change).await;
    let published = company.publish(version(&draft), "Tell twice").await.ok(200);
    assert_eq!(published["version"]["number"], 3);
    assert_eq!(published["difference"]["entries"].as_array().unwrap().len(), 2);
    assert_eq!(company.titles().await, ["Told", "Second"]);
    let second = draft["draft"]["entries"][1]["id"].as_str().unwrap();
    let found = api.get(&format!("/attachments/{second}")).await.ok(200);
    assert_eq!(
        (&found["version"], &found["grants"]),
        (&json!(1), &json!(["notifications"]))
    );
    let versions = company.versions().await;
    let told: Vec<_> = versions
        .iter()
        .map(|one| {
            (
                one["number"].clone(),
                one["origin"].clone(),
                one["by_name"].clone(),
                one["comment"].clone(),
            )
        })
        .collect();
    let direct = |number: i64| (json!(number), json!("direct"), Value::Null, json!(""));
    let by_anna = (json!(3), json!("published"), json!("Anna"), json!("Tell twice"));
    assert_eq!(told, [by_anna, direct(2), direct(1)]);
    assert_eq!(
        versions[0]["counts"],
        json!({"added": 1, "changed": 1, "removed": 0})
    );
    let history = api
        .app
        .core
        .db
        .history(&company.sales.pipeline, None, 10)
        .await
        .unwrap();
    let noted: Vec<_> = history
        .iter()
        .map(|row| (row.entry.what.as_str(), row.entry.after.as_deref()))
        .collect();
    assert_eq!(
        noted[0],
        ("published", Some("version 3: Tell twice")),
        "{noted:?}"
    );
    assert_eq!(history[0].entry.actor, "employee:1");
    let runs = api.get(&format!("/items/{deal}/runs")).await.ok(200);
    assert_eq!(runs["items"][0]["state"], "scheduled", "{runs:#}");
    assert_eq!(runs["items"][0]["attachment"], company.attachment);
    // There is nothing any more to be published.
    company.publish(0, "").await.refused(404, "not-found");
}

#[tokio::test]
async fn stale_draft_is_refused_with_who_and_what_and_published_after_a_rebase() {
    let company = Company::new().await;
    let change = json!({"kind": "change", "entry": company.attachment, "set": {"title": "Mine"}});
    let draft = company.edit(0, change).await;
    let path = format!("/attachments/{}", company.attachment);
    let theirs = json!({"title": "Theirs", "attempts_max": 7});
    company
        .ask(&company.boris, "PATCH", &path, 1, theirs)
        .await
        .ok(200);
    let refused = company
        .publish(version(&draft), "")
        .await
        .refused(409, "stale-draft");
    let detail = refused["detail"].as_str().unwrap();
    for words in [
        "version 2 by employee:2",
        "attempts_max from 4 to 7; title from `Tell` to `Theirs`",
    ] {
        assert!(detail.contains(words), "{detail}");
    }
    assert_eq!(company.api.get(&company.draft).await.body["is_stale"], true);
    let path = format!("{}/rebase", company.draft);
    let rebased = company
        .ask(&company.anna, "POST", &path, version(&draft), json!({}))
        .await
        .ok(200);
    let conflicts = rebased["conflicts"].as_array().unwrap();
    assert_eq!(
        (conflicts.len(), &conflicts[0]["field"], &conflicts[0]["theirs"]),
        (1, &json!("title"), &json!("Theirs"))
    );
    company.publish(version(&rebased), "").await.ok(200);
    let found = company
        .api
        .get(&format!("/attachments/{}", company.attachment))
        .await
        .ok(200);
    assert_eq!(
        (&found["title"], &found["attempts_max"]),
        (&json!("Mine"), &json!(7))
    );
}

#[tokio::test]
async fn history_is_shown_compared_and_brought_back() {
    let company = Company::new().await;
    let automation = format!("/automation/{}", company.sales.pipeline);
    let draft = company
        .edit(0, json!({"kind": "remove", "entry": company.attachment}))
        .await;
    let draft = company.edit(version(&draft), company.adding("New")).await;
    company.publish(version(&draft), "").await.ok(200);
    assert_eq!(company.titles().await, ["New"]);
    let first = company.api.get(&format!("{automation}/versions/1")).await.ok(200);
    assert_eq!(
        (&first["entries"][0]["title"], &first["is_in_force"]),
        (&json!("Tell"), &json!(false))
    );
    let differs = company
        .api
        .get(&format!("{automation}/versions/1/difference"))
        .await
        .ok(200);
    let kinds: Vec<_> = differs["difference"]["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert_eq!(
        (kinds, &differs["to"]),
        (vec![&json!("added"), &json!("removed")], &json!(2))
    );
    let from_nothing = company
        .api
        .get(&format!("{automation}/versions/2/difference?to=0"))
        .await
        .ok(200);
    assert_eq!(from_nothing["difference"]["entries"][0]["kind"], "removed");
    // The way back: a draft first. Boris's work would be lost, so his version is asked for.
    let others = company
        .ask(
            &company.boris,
            "PATCH",
            &company.draft,
            0,
            company.adding("Third"),
        )
        .await
        .ok(200);
    let restore = format!("{automation}/versions/1/restore");
    company
        .ask(&company.anna, "POST", &restore, 0, json!({}))
        .await
        .refused(412, "stale-version");
    let restored = company
        .ask(&company.anna, "POST", &restore, version(&others), json!({}))
        .await
        .ok(200);
    company.publish(version(&restored), "Back").await.ok(200);
    assert_eq!(company.titles().await, ["Tell"]);
    // It was gone, and its runs with it: it is new.
    assert_ne!(restored["made"][0], json!(company.attachment));
    assert_eq!(company.versions().await.len(), 3);
    for path in [
        "/versions/9",
        "/versions/0",
        "/versions/x",
        "/versions/9/difference",
        "/versions/1/difference?to=9",
    ] {
        company
            .api
            .get(&format!("{automation}{path}"))
            .await
            .refused(404, "not-found");
    }
    company
        .api
        .get("/automation/pipeline:99")
        .await
        .refused(404, "not-found");
    company
        .api
        .get("/automation/stage:1/draft")
        .await
        .refused(404, "not-found");
    let list = company.api.get("/automation").await.ok(200);
    let names: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["name"], &one["number"]))
        .collect();
    assert_eq!(
        names,
        [(&json!("sales"), &json!(3)), (&json!("general"), &json!(0))]
    );
}

#[tokio::test]
async fn robots_are_copied_to_a_pipeline_with_other_stages() {
    let company = Company::new().await;
    let title = json!({"ru": "x", "en": "x"});
    let leads = json!({"key": "leads", "title": title, "item_kind": "lead"});
    let leads = company.api.create("/pipelines", leads).await;
    let stage = json!({"key": "fresh", "title": title, "kind": "open"});
    let fresh = company
        .api
        .create(&format!("/pipelines/{leads}/stages"), stage)
        .await;
    let draft = company.edit(0, company.adding("Offer")).await;
    company.publish(version(&draft), "").await.ok(200);
    let path = format!("/automation/{leads}/draft");
    let copy = json!({"kind": "copy-from", "from": company.sales.pipeline});
    let copied = company.ask(&company.anna, "PATCH", &path, 0, copy).await.ok(200);
    assert_eq!(copied["draft"]["entries"][0]["moment"]["stage"], json!(fresh));
    assert_eq!(
        copied["notes"],
        json!([
            "stage `new` became stage `fresh`",
            "`Offer` was not copied: stage `offer` has no counterpart in `leads`"
        ])
    );
    company
        .ask(
            &company.anna,
            "POST",
            &format!("{path}/publish"),
            version(&copied),
            json!({}),
        )
        .await
        .ok(200);
    let found = company.api.get(&format!("/automation/{leads}")).await.ok(200);
    assert_eq!(
        (&found["number"], &found["entries"][0]["title"]),
        (&json!(1), &json!("Tell"))
    );
}

#[tokio::test]
async fn draft_and_history_outlive_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let now = signalbox_crm::time::Timestamp::parse(super::harness::NOW).unwrap();
    let mut options = signalbox::app::AppOptions::for_test(signalbox::clock::Clock::starting_at(now));
    options.database = Some(format!("sqlite:{}", folder.path().join("crm.db").display()));
    let api = Api::start_with(options.clone()).await;
    let sales = api.sales().await;
    let path = format!("/automation/{}/draft", sales.pipeline);
    let add = json!({"kind": "add", "robot": "notify", "moment": {"kind": "stage", "stage": sales.new}});
    let made = api.change("PATCH", &path, 0, add).await.ok(200);
    api.app.stop().await;
    let api = Api::start_with(options).await;
    let kept = api.get(&path).await.ok(200);
    assert_eq!(kept["entries"], made["draft"]["entries"]);
    let params = json!({"kind": "change", "entry": made["made"][0], "set": {"params": {"to": ["role:head"], "title": "x"}}});
    let made = api.change("PATCH", &path, version(&made), params).await.ok(200);
    let publish = format!("{path}/publish");
    let published = api
        .change("POST", &publish, version(&made), json!({}))
        .await
        .ok(200);
    assert_eq!(published["version"]["number"], 1);
}

#[tokio::test]
async fn robots_run_for_the_deals_that_are_already_here_when_asked() {
    let company = Company::new().await;
    let api = &company.api;
    for number in 0..7 {
        api.create("/items", company.sales.deal(&format!("Deal {number}")))
            .await;
    }
    api.app.core.lanes.idle().await;
    let add = json!({
        "kind": "add", "robot": "notify", "moment": {"kind": "stage", "stage": company.sales.new},
        "set": {"title": "Late", "params": {"to": ["role:assignee"], "title": "x"}},
    });
    let draft = company.edit(0, add).await;
    let late = draft["made"][0].clone();
    let here = format!("/automation/{}/here", company.sales.pipeline);
    // What is in a draft only cannot be started.
    let body = json!({ "attachments": [late] });
    api.post(&here, body.clone()).await.refused(404, "not-found");
    company.publish(version(&draft), "").await.ok(200);
    let preview = api.post(&format!("{here}/preview"), body.clone()).await.ok(200);
    assert_eq!(
        (&preview["item_count"], &preview["run_count"]),
        (&json!(7), &json!(7))
    );
    assert_eq!(preview["stages"][0]["items"].as_array().unwrap().len(), 5);
    assert_eq!(preview["stages"][0]["items"][0]["title"], "Deal 0");
    let editor = company.ask(&company.anna, "POST", &here, 0, body.clone()).await;
    editor.refused(403, "forbidden");
    let key = [("idempotency-key", "once")];
    let made = api.as_admin("POST", &here, &key, body.to_string()).await.ok(201);
    assert_eq!(made["matched_count"], 7);
    assert_eq!(
        api.as_admin("POST", &here, &key, body.to_string()).await.ok(201)["id"],
        made["id"]
    );
    while api.app.bulks.step().await.unwrap() != signalbox::engine::bulk::Step::Idle {
        api.app.core.lanes.idle().await;
    }
    let done = api
        .get(&format!("/bulk/{}", made["id"].as_str().unwrap()))
        .await
        .ok(200);
    assert_eq!(
        (&done["state"], &done["changed_count"], &done["seen_count"]),
        (&json!("done"), &json!(7), &json!(7))
    );
    let late = late.as_str().unwrap();
    let runs = api.get(&format!("/runs?attachment={late}")).await.ok(200);
    assert_eq!(runs["items"].as_array().unwrap().len(), 7, "{runs:#}");

    for (path, body, status, code) in [
        ("general", json!({ "attachments": [late] }), 422, "invalid"),
        (
            company.sales.pipeline.as_str(),
            json!({ "attachments": [] }),
            422,
            "invalid",
        ),
        (
            company.sales.pipeline.as_str(),
            json!({ "attachments": ["attachment:99"] }),
            404,
            "not-found",
        ),
        ("pipeline:99", json!({ "attachments": [late] }), 404, "not-found"),
    ] {
        let path = format!("/automation/{path}/here/preview");
        api.post(&path, body).await.refused(status, code);
    }
}
