//! Robots through the API: install, attach, run, and read why.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use minisign::KeyPair;
use serde_json::{Value, json};
use signalbox::bundled::BUNDLED;
use signalbox::trust::Trust;
use signalbox_build::embed_manifest;
use signalbox_sandbox::inspect::inspect;
use signalbox_tests::robots::{CALLER, CALLER_BARE, WARN_LARGE_DEAL};

use super::harness::Api;

fn notify(stage: &str, employee: &str) -> Value {
    json!({
        "title": "Tell the boss",
        "robot": "notify",
        "moment": {"kind": "stage", "stage": stage},
        "params": {"to": [employee], "title": "New deal", "text": "{=Document:TITLE}"},
    })
}

#[tokio::test]
async fn attached_robot_runs_and_its_record_can_be_read() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let boss = api
        .create("/employees", json!({"name": "Anna", "role": "admin"}))
        .await;
    let attachment = api.post("/attachments", notify(&sales.new, &boss)).await.ok(201);
    assert_eq!(attachment["version"], 1, "{attachment:#}");
    assert_eq!(attachment["not_granted"], json!([]));
    let deal = api.create("/items", sales.deal("Tractor")).await;
    api.app.core.lanes.idle().await;

    let runs = api.get(&format!("/items/{deal}/runs")).await.ok(200);
    let run = &runs["items"][0];
    assert_eq!(run["state"], "completed", "{run:#}");
    assert_eq!(
        (&run["title"], &run["cause"]),
        (&json!("Tell the boss"), &json!("stage-entered"))
    );
    let details = api
        .get(&format!("/runs/{}", run["id"].as_str().unwrap()))
        .await
        .ok(200);
    let attempt = &details["attempts"][0];
    assert_eq!(attempt["verdict"]["verdict"], "done", "{attempt:#}");
    assert!(attempt["fuel"].as_u64().unwrap() > 0);
    assert!(!attempt["calls"].as_array().unwrap().is_empty());
    assert!(!attempt["effects"].as_array().unwrap().is_empty());

    let unread = format!("/notifications?employee={boss}&unread=true");
    let told = api.get(&unread).await.ok(200);
    assert_eq!(
        (&told["items"][0]["item"], &told["items"][0]["text"]),
        (&json!(deal), &json!("Tractor"))
    );
    let id = told["items"][0]["id"].as_str().unwrap();
    let read = api
        .post(&format!("/notifications/{id}/read"), json!({}))
        .await
        .ok(200);
    assert!(read["read_at"].is_string());
    assert_eq!(api.get(&unread).await.ok(200)["items"], json!([]));
}

#[tokio::test]
async fn attachment_is_checked_changed_started_and_removed() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let boss = api
        .create("/employees", json!({"name": "Anna", "role": "admin"}))
        .await;
    let with = |key: &str, value: Value| {
        let mut body = notify(&sales.new, &boss);
        body[key] = value;
        body
    };
    api.post("/attachments", with("robot", json!("nobody")))
        .await
        .refused(404, "not-found");
    let problem = api.post("/attachments", with("digest", json!("abc"))).await;
    assert_eq!(
        problem.refused(404, "not-found")["detail"],
        "no version of robot `notify` has the digest `abc`; `signalbox robot list --all` lists them"
    );
    api.post("/attachments", with("params", json!({"to": [boss], "colour": 1})))
        .await
        .refused(422, "invalid");
    api.post("/attachments", with("grants", json!(["messaging"])))
        .await
        .refused(422, "invalid");
    let moment = json!({"kind": "stage", "stage": sales.new, "colour": 1});
    api.post("/attachments", with("moment", moment))
        .await
        .refused(400, "unknown-field");

    let id = api.create("/attachments", notify(&sales.offer, &boss)).await;
    let path = format!("/attachments/{id}");
    api.change("PATCH", &path, 1, json!({"attempts_max": 26}))
        .await
        .refused(422, "invalid");
    api.change("PATCH", &path, 1, json!({"backoff_base_s": 7200}))
        .await
        .refused(422, "invalid");
    let changed = api
        .change("PATCH", &path, 1, json!({"title": "Tell Anna", "grants": []}))
        .await
        .ok(200);
    assert_eq!(
        (&changed["title"], &changed["version"]),
        (&json!("Tell Anna"), &json!(2))
    );
    assert_ne!(changed["not_granted"], json!([]));

    let deal = api.create("/items", sales.deal("Deal")).await;
    let started = api
        .post(&format!("{path}/run"), json!({"item": deal}))
        .await
        .ok(202);
    api.app.core.lanes.idle().await;
    let run = started["runs"][0]["id"].as_str().unwrap().to_owned();
    let details = api.get(&format!("/runs/{run}")).await.ok(200);
    assert_eq!(details["event"]["fact"]["kind"], "manual-run", "{details:#}");
    assert_eq!(
        details["run"]["state"], "discarded",
        "without the grant the robot is denied: {details:#}"
    );

    api.change("PATCH", &path, 2, json!({"grants": ["notifications"]}))
        .await
        .ok(200);
    let retried = api.post(&format!("/runs/{run}/retry"), json!({})).await.ok(200);
    assert_eq!(retried["state"], "retryable");
    api.app.advance_to(api.app.core.clock.now()).await.unwrap();
    assert_eq!(
        api.get(&format!("/runs/{run}")).await.ok(200)["run"]["state"],
        "completed"
    );
    api.post(&format!("/runs/{run}/retry"), json!({}))
        .await
        .refused(409, "conflict");
    api.post(&format!("/runs/{run}/cancel"), json!({}))
        .await
        .refused(409, "conflict");

    assert_eq!(api.change("DELETE", &path, 3, json!({})).await.status, 204);
    api.get(&path).await.refused(404, "not-found");
}

#[tokio::test]
async fn delayed_run_can_be_cancelled() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let boss = api
        .create("/employees", json!({"name": "Anna", "role": "admin"}))
        .await;
    let mut later = notify(&sales.new, &boss);
    later["timing"] = json!({"kind": "delay", "seconds": 60});
    api.create("/attachments", later).await;
    let deal = api.create("/items", sales.deal("Deal")).await;
    let runs = api
        .get(&format!("/runs?item={deal}&state=scheduled"))
        .await
        .ok(200);
    let run = runs["items"][0]["id"].as_str().unwrap();
    let cancelled = api.post(&format!("/runs/{run}/cancel"), json!({})).await.ok(200);
    assert_eq!(
        (&cancelled["state"], &cancelled["reason"]),
        (&json!("cancelled"), &json!("by-hand"))
    );
    assert!(
        cancelled["detail"].as_str().unwrap().contains("system"),
        "{cancelled:#}"
    );
}

/// A component with one more section is another version of the same robot.
fn other_version(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0, 2, 1, b'x']].concat()
}

#[tokio::test]
async fn robot_is_installed_once_and_becomes_current() {
    let api = Api::start().await;
    let (id, bytes) = BUNDLED.iter().find(|(id, _)| *id == "notify").unwrap();
    let known = api.as_admin("POST", "/robots", &[], bytes.to_vec()).await.ok(200);
    assert_eq!((&known["id"], &known["is_bundled"]), (&json!(id), &json!(true)));
    let made = api
        .as_admin("POST", "/robots", &[], other_version(bytes))
        .await
        .ok(201);
    assert_eq!(
        (&made["is_current"], &made["is_bundled"]),
        (&json!(true), &json!(false))
    );
    let old = format!("/robots/{}", known["digest"].as_str().unwrap());
    assert_eq!(api.get(&old).await.ok(200)["is_current"], false);
    let again = api
        .as_admin("POST", "/robots", &[], other_version(bytes))
        .await
        .ok(200);
    assert_eq!(again["digest"], made["digest"]);
}

#[tokio::test]
async fn host_that_wants_signatures_takes_robots_of_those_it_trusts_only() {
    let pair = || KeyPair::generate_unencrypted_keypair().unwrap();
    let (ours, theirs) = (pair(), pair());
    let api = Api::start_trusting(Trust::new(vec![ours.pk.clone()], true)).await;
    let (_, bytes) = BUNDLED.iter().find(|(id, _)| *id == "notify").unwrap();
    let robot = other_version(bytes);
    let install = async |signature: Option<String>| {
        let header = signature.map(|text| BASE64.encode(text));
        let headers: Vec<_> = header
            .iter()
            .map(|text| ("signalbox-signature", text.as_str()))
            .collect();
        api.as_admin("POST", "/robots", &headers, robot.clone()).await
    };
    let by = |pair: &KeyPair, bytes: &[u8]| {
        let signed = minisign::sign(None, &pair.sk, bytes, None, None);
        Some(signed.unwrap().into_string())
    };
    for refused in [
        None,
        by(&theirs, &robot),
        by(&ours, b"other"),
        Some("RW".to_owned()),
    ] {
        install(refused).await.refused(403, "denied");
    }
    let bad = [("signalbox-signature", "!")];
    let malformed = api.as_admin("POST", "/robots", &bad, robot.clone()).await;
    malformed.refused(422, "invalid");
    let made = install(by(&ours, &robot)).await.ok(201);
    let key = made["signed_by"].as_str().unwrap();
    assert_eq!(key.len(), 16, "{made}");
    assert!(made["is_current"].as_bool().unwrap(), "{made}");
    assert_eq!(install(by(&ours, &robot)).await.ok(200)["signed_by"], key);
}

#[tokio::test]
async fn robot_that_is_there_is_known_as_signed_from_then_on() {
    let pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let api = Api::start_trusting(Trust::new(vec![pair.pk.clone()], false)).await;
    let (_, bytes) = BUNDLED.iter().find(|(id, _)| *id == "notify").unwrap();
    let robot = other_version(bytes);
    let made = api.as_admin("POST", "/robots", &[], robot.clone()).await.ok(201);
    assert_eq!(made["signed_by"], json!(null));
    let signed = minisign::sign(None, &pair.sk, robot.as_slice(), None, None);
    let header = BASE64.encode(signed.unwrap().into_string());
    let headers = [("signalbox-signature", header.as_str())];
    let known = api
        .as_admin("POST", "/robots", &headers, robot.clone())
        .await
        .ok(200);
    assert!(known["signed_by"].is_string(), "{known}");
    let unsigned_again = api.as_admin("POST", "/robots", &[], robot).await.ok(200);
    assert_eq!(unsigned_again["signed_by"], known["signed_by"]);
}

#[tokio::test]
async fn robot_is_heard_before_it_is_attached() {
    let api = Api::start().await;
    let attach = |robot: &str, params: Value| json!({"title": "Rule", "robot": robot, "moment": {"kind": "manual"}, "params": params});
    let script = |text: &str| attach("script", json!({"script": text}));
    let refused = api
        .post("/attachments", script("const a = 1;\nconst b = = 2;"))
        .await;
    let problem = refused.refused(422, "invalid");
    assert_eq!(problem["fields"], json!(["script"]), "{problem}");
    let words = "`script`: SyntaxError: unexpected token '=', primary expression at line 2, col 11";
    assert_eq!(problem["detail"], words);
    // It stops before it asks for anything: no item has to be there, and a loop that follows does not matter.
    let fine = script("const item = items.get(invocation.item); while (true) {}");
    let attachment = api.create("/attachments", fine).await;
    let path = format!("/attachments/{attachment}");
    let broken = json!({"params": {"script": "return done("}});
    api.change("PATCH", &path, 1, broken)
        .await
        .refused(422, "invalid");
    api.change("PATCH", &path, 1, json!({"title": "Renamed"}))
        .await
        .ok(200);
    // A loop that comes first ends at the limits of a run, and says nothing of the parameters.
    api.create("/attachments", script("while (true) {}")).await;
    // So it is for every robot: this one wants one of two fields.
    let refused = api.post("/attachments", attach("reassign", json!({}))).await;
    let problem = refused.refused(422, "invalid");
    assert!(
        problem["fields"].as_array().unwrap().contains(&json!("employee")),
        "{problem}"
    );
}

/// The robot `warn-large-deal` as it would be if it could do everything.
pub(crate) fn greedy() -> Vec<u8> {
    let manifest = |component: &[u8]| serde_json::to_value(inspect(component).unwrap().manifest).unwrap();
    let (modest, mut greedy) = (manifest(WARN_LARGE_DEAL), manifest(CALLER));
    for key in ["id", "param"] {
        greedy[key] = modest[key].clone();
    }
    greedy["version"] = json!("2.0.0");
    embed_manifest(CALLER_BARE, &greedy.to_string())
}

#[tokio::test]
async fn version_that_asks_for_more_waits_and_the_old_one_goes_on() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let boss = api
        .create("/employees", json!({"name": "Anna", "role": "admin"}))
        .await;
    let install = async |component: Vec<u8>| api.as_admin("POST", "/robots", &[], component).await.ok(201);
    let old = install(WARN_LARGE_DEAL.to_vec()).await;
    let attach = |granted: &Value| {
        json!({
            "title": "Large", "robot": "warn-large-deal", "moment": {"kind": "stage", "stage": sales.new},
            "params": {"threshold": 100, "to": [boss]}, "grants": granted,
        })
    };
    let asked = json!(["items", "notifications"]);
    let whole = api.create("/attachments", attach(&asked)).await;
    let narrow = api.create("/attachments", attach(&json!(["items"]))).await;
    let new = install(greedy()).await;
    let update = async |body: Value| api.post("/robots/warn-large-deal/update", body).await;
    let attachment = async |id: &str| api.get(&format!("/attachments/{id}")).await.ok(200);

    for body in [json!({}), json!({"approve": ["contacts"]})] {
        let waits = update(body).await.ok(200);
        assert_eq!(waits["robot"], "warn-large-deal@2.0.0");
        for outcome in waits["attachments"].as_array().unwrap() {
            assert_eq!(outcome["state"], "waits", "{outcome}");
            let asks = outcome["asks"].as_array().unwrap();
            let more: Vec<&str> = asks
                .iter()
                .map(|one| one["interface"].as_str().unwrap())
                .collect();
            assert!(
                more.contains(&"messaging") && !more.contains(&"items"),
                "{outcome}"
            );
            assert!(asks[0]["reason"]["ru"].is_string(), "{outcome}");
        }
        assert_eq!(attachment(&whole).await["digest"], old["digest"]);
    }
    update(json!({"approve": ["secrets"]}))
        .await
        .refused(422, "invalid");
    api.post("/robots/nobody/update", json!({}))
        .await
        .refused(404, "not-found");

    let interfaces = new["manifest"]["permission"].as_array().unwrap();
    let all: Vec<&Value> = interfaces.iter().map(|one| &one["interface"]).collect();
    // The interface alone does not open the web: each new host is a question of its own.
    let hosts = json!(["api.example.com"]);
    let waits = update(json!({"approve": all})).await.ok(200);
    for outcome in waits["attachments"].as_array().unwrap() {
        assert_eq!(
            (&outcome["state"], &outcome["asks_hosts"]),
            (&json!("waits"), &hosts),
            "{outcome}"
        );
    }
    assert_eq!(attachment(&whole).await["digest"], old["digest"]);
    update(json!({"approve": all, "approve_hosts": ["evil.example.org"]}))
        .await
        .refused(422, "invalid");
    let approved = json!({"approve": all, "approve_hosts": hosts});
    let mut look = approved.clone();
    look["dry_run"] = json!(true);
    let looked = update(look).await.ok(200);
    assert_eq!(looked["attachments"][0]["state"], "updated", "{looked}");
    assert_eq!(attachment(&whole).await["digest"], old["digest"], "only a look");
    update(approved).await.ok(200);
    for id in [&whole, &narrow] {
        assert_eq!(attachment(id).await["digest"], new["digest"]);
        assert_eq!(attachment(id).await["http_hosts"], hosts);
    }
    let kept = attachment(&narrow).await;
    assert_eq!(
        kept["not_granted"],
        json!(["notifications"]),
        "what was withheld stays so"
    );
    let again = update(json!({})).await.ok(200);
    assert_eq!(again["attachments"], json!([]), "there is nothing left to do");

    // A version that asks for less is taken without a question, and its attachments lose what it does not need.
    let path = format!("/robots/{}/update", old["digest"].as_str().unwrap());
    let back = api.post(&path, json!({})).await.ok(200);
    assert_eq!(back["attachments"][0]["state"], "updated");
    let back = attachment(&whole).await;
    assert_eq!(
        (&back["grants"], &back["http_hosts"]),
        (&asked, &json!(null)),
        "none is left out"
    );
}

#[tokio::test]
async fn failed_runs_are_counted_and_repeated_by_a_filter() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let boss = api
        .create("/employees", json!({"name": "Anna", "role": "admin"}))
        .await;
    let mut mute = notify(&sales.new, &boss);
    mute["grants"] = json!([]);
    let mute = api.create("/attachments", mute).await;
    let mut nobody = notify(&sales.new, &boss);
    nobody["params"] = json!({"to": ["role:assignee"], "title": "Hello"});
    nobody["attempts_max"] = json!(1);
    let nobody = api.create("/attachments", nobody).await;
    for title in ["One", "Two", "Three"] {
        api.create("/items", sales.deal(title)).await;
    }
    api.app.core.lanes.idle().await;

    let preview = api
        .post("/runs/retry", json!({"dry_run": true, "limit": 2}))
        .await
        .ok(200);
    assert_eq!(
        (&preview["matched_count"], &preview["has_more"]),
        (&json!(6), &json!(false))
    );
    let groups = preview["groups"].as_array().unwrap().iter();
    let groups: Vec<_> = groups
        .map(|group| {
            (
                group["attachment"].clone(),
                group["reason"].clone(),
                group["code"].clone(),
            )
        })
        .collect();
    assert_eq!(
        groups,
        [
            (json!(mute), json!("denied"), json!("denied")),
            (json!(nobody), json!("attempts-used-up"), json!("no-candidate")),
        ]
    );
    assert_eq!(preview["runs"].as_array().unwrap().len(), 2);

    let path = format!("/attachments/{mute}");
    api.change("PATCH", &path, 1, json!({"grants": ["notifications"]}))
        .await
        .ok(200);
    let mut body = json!({"code": "denied", "limit": 2});
    let first = api.post("/runs/retry", body.clone()).await.ok(200);
    body["after"] = first["next"].clone();
    let last = api.post("/runs/retry", body).await.ok(200);
    assert_eq!(last["next"], json!(null));
    let ids: Vec<_> = [&first, &last]
        .into_iter()
        .flat_map(|page| page["runs"].as_array().unwrap())
        .map(|run| run["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
    api.app.advance_to(api.app.core.clock.now()).await.unwrap();
    for id in &ids {
        let details = api.get(&format!("/runs/{id}")).await.ok(200);
        assert_eq!(
            (&details["run"]["state"], &details["run"]["attempt_count"]),
            (&json!("completed"), &json!(2)),
            "{details:#}"
        );
        let history = api.app.core.db.history(id, None, 10).await.unwrap();
        assert_eq!(history[0].entry.what, "retried", "{history:?}");
    }
    let rest = api.post("/runs/retry", json!({"dry_run": true})).await.ok(200);
    assert_eq!(rest["matched_count"], json!(3));
    for (key, value) in [
        ("reason", json!("denied")),
        ("finished_from", json!("2030-01-01T00:00:00Z")),
        ("pipeline", json!("pipeline:999")),
        ("robot", json!("auto-reply")),
    ] {
        let mut none = json!({"dry_run": true});
        none[key] = value;
        let found = api.post("/runs/retry", none).await.ok(200);
        assert_eq!(found["matched_count"], json!(0), "{key}: {found:#}");
    }
    api.post("/runs/retry", json!({"state": "completed"}))
        .await
        .refused(422, "invalid");
    for check in api.app.core.db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
}

#[tokio::test]
async fn run_that_is_retried_has_all_of_its_attempts_again() {
    let api = Api::start().await;
    let sales = api.sales().await;
    let boss = api
        .create("/employees", json!({"name": "Anna", "role": "admin"}))
        .await;
    let mut nobody = notify(&sales.new, &boss);
    nobody["params"] = json!({"to": ["role:assignee"], "title": "Hello"});
    nobody["attempts_max"] = json!(2);
    api.create("/attachments", nobody).await;
    let deal = api.create("/items", sales.deal("Deal")).await;
    let hours = |count: u64| std::time::Duration::from_secs(count * 3_600);
    let pass = async |time| {
        let until = api.app.core.clock.now().plus(time).unwrap();
        api.app.advance_to(until).await.unwrap();
        let runs = api.get(&format!("/runs?item={deal}")).await.ok(200);
        let run = &runs["items"][0];
        (
            run["id"].as_str().unwrap().to_owned(),
            run["reason"].clone(),
            run["attempt_count"].clone(),
        )
    };
    let (id, reason, count) = pass(hours(12)).await;
    assert_eq!((reason, count), (json!("attempts-used-up"), json!(2)));
    api.post(&format!("/runs/{id}/retry"), json!({})).await.ok(200);
    let (_, reason, count) = pass(hours(0)).await;
    assert_eq!((reason, count), (json!("failed"), json!(3)));
    let (_, reason, count) = pass(hours(12)).await;
    assert_eq!((reason, count), (json!("attempts-used-up"), json!(4)));
}
