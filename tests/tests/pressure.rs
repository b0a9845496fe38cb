//! A host under pressure from outside: somebody holds its database up, or robots loop beside healthy ones.
//!
//! `SIGNALBOX_LOOPERS=200 cargo test -p signalbox-tests --test main -- pressure --nocapture` for so many robots that loop.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use signalbox::app::{App, AppOptions, robot_version};
use signalbox::clock::Clock;
use signalbox::engine::committer::Proposal;
use signalbox::engine::core::SharedCore;
use signalbox::engine::draft::Draft;
use signalbox::setup::{Names, Setup};
use signalbox::status::status;
use signalbox_build::embed_manifest;
use signalbox_crm::breaker::Limits;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::editing::{ItemPatch, edit_item};
use signalbox_crm::ids::ItemId;
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::people::Actor;
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::inspect::inspect;
use signalbox_tests::postgres::cluster;
use signalbox_tests::robots::HOSTILE_BARE;

use crate::hostile::inspection::manifest;

const NOW: &str = "2026-03-02T11:20:00Z";
/// Deals on which each robot loops.
const DEALS_PER_LOOPER: usize = 6;
/// Instructions of a run that loops: 60 ms of a core.
const FUEL: u64 = 60_000_000;
const WORKERS: u32 = 32;

fn looper_count() -> usize {
    match std::env::var("SIGNALBOX_LOOPERS") {
        Ok(text) => text.parse().expect("SIGNALBOX_LOOPERS is a whole number"),
        Err(_) => 20,
    }
}

fn stage(key: &str) -> Value {
    json!({ "key": key, "title": { "ru": "x", "en": "x" } })
}

/// A pipeline in which a healthy robot acts at once, and one with a stage for each robot that loops.
fn setup(looper_count: usize) -> Setup {
    let title = json!({ "ru": "x", "en": "x" });
    let pipeline = |key: &str, stages: Vec<Value>| json!({ "key": key, "title": title, "stage": stages });
    let mut loops: Vec<Value> = (0..looper_count)
        .map(|number| stage(&format!("s{number}")))
        .collect();
    loops.push(stage("end"));
    let mut attachments = vec![json!({
        "title": "healthy", "robot": "notify", "stage": "live/new",
        "params": { "to": ["role:assignee"], "title": "x" },
    })];
    attachments.extend((0..looper_count).map(|number| {
        json!({
            "title": format!("loop {number}"), "robot": format!("loop-{number}"), "stage": format!("loops/s{number}"),
            "params": { "act": "loop-for-ever" },
        })
    }));
    let setup = json!({
        "zone": "Europe/Moscow",
        "employee": [{ "key": "anna", "name": "Anna" }],
        "pipeline": [pipeline("live", vec![stage("new")]), pipeline("loops", loops)],
        "attachment": attachments,
    });
    serde_json::from_value(setup).unwrap()
}

/// A robot of its own for each number: nobody is spared because another one of the same robot was stopped.
async fn install(core: &SharedCore, looper_count: usize) {
    let mut proposal = Proposal::new(core.clock.now(), Actor::System);
    for number in 0..looper_count {
        let manifest = manifest(|json| {
            json["id"] = format!("loop-{number}").into();
            json["causes"] = json!(["stage-entered"]);
            json["limits"] = json!({ "fuel": FUEL });
        });
        let bytes = embed_manifest(HOSTILE_BARE, &manifest);
        let version = robot_version(inspect(&bytes).unwrap(), proposal.at, false);
        let change = DirectoryChange::Robot(version, Some(Arc::new(bytes)));
        proposal.changes.directory.push(change);
    }
    core.submit(proposal).await.unwrap();
}

async fn create(core: &SharedCore, names: &Names, pipeline: &str, stage: Option<&str>) -> ItemId {
    let mut draft = Draft::new(core, Actor::System);
    let new = NewItem {
        pipeline: names.pipeline(pipeline).unwrap(),
        stage: stage.map(|stage| names.stage(stage).unwrap()),
        title: "Deal".to_owned(),
        assignee: Some(names.employee("anna").unwrap()),
        contact: None,
        amount: None,
        source: None,
        fields: Default::default(),
    };
    let item = draft
        .rule(|rules, changes| create_item(rules, changes, new))
        .unwrap();
    draft.commit().await.unwrap();
    item.id
}

async fn end(app: App) {
    for check in app.core.db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
    app.stop().await;
}

/// Makes healthy deals one after the other while others loop. Says how many attempts of others ended while each was made
/// and had its run.
async fn watch(core: SharedCore, names: Names, loop_count: usize) -> Vec<usize> {
    let mut attempts = core.attempts.subscribe();
    let (mut looped, mut waits) = (0, Vec::new());
    let mut live: Option<(ItemId, usize)> = None;
    while looped < loop_count {
        let stored = attempts.recv().await.expect("the watcher keeps up");
        match live {
            Some((item, since)) if stored.item == Some(item) => {
                waits.push(looped - since);
                live = None;
            }
            Some(_) | None => looped += 1,
        }
        // By then it is known what robots that loop cost.
        if live.is_none() && looped > WORKERS as usize {
            let item = create(&core, &names, "live", None).await;
            live = Some((item, looped));
        }
    }
    waits
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthy_robots_wait_for_a_few_attempts_of_those_that_loop() {
    let count = looper_count();
    let app = App::start(AppOptions {
        // They are not to be spared.
        breaker: Limits {
            attempts: 1_000,
            failed_min: 1_000,
            items_min: 1_000,
        },
        worker_count: WORKERS,
        ..AppOptions::for_test(Clock::starting_at(Timestamp::parse(NOW).unwrap()))
    })
    .await
    .unwrap();
    install(&app.core, count).await;
    let names = setup(count).apply(&app.core).await.unwrap();
    for digest in app.core.records.directory().robots.keys() {
        app.robots.get(&app.core.db, digest).await.unwrap();
    }
    let held = app.core.lanes.hold();
    for _ in 0..DEALS_PER_LOOPER {
        for number in 0..count {
            create(&app.core, &names, "loops", Some(&format!("loops/s{number}"))).await;
        }
    }
    let watching = tokio::spawn(watch(Arc::clone(&app.core), names, count * DEALS_PER_LOOPER));
    tokio::task::yield_now().await;
    drop(held);
    let mut waits = watching.await.unwrap();
    app.core.lanes.idle().await;
    end(app).await;

    waits.sort_unstable();
    let p99 = waits[waits.len() * 99 / 100];
    println!(
        "{count} robots loop {DEALS_PER_LOOPER} times, {} healthy runs waited for {p99} attempts (p99), {:?} at most",
        waits.len(),
        waits.last()
    );
    assert!(waits.len() > 20, "{waits:?}");
    // Those at work when it comes, and no queue of theirs.
    assert!(p99 <= 8, "{waits:?}");
}

/// What `status` says of a kind of problem.
async fn problem(app: &App, code: &str) -> Option<String> {
    let status = status(&app.core, &app.robots).await.unwrap();
    let status = serde_json::to_value(status).unwrap();
    let mut problems = status["problems"].as_array().unwrap().iter();
    let found = problems.find(|problem| problem["code"] == code);
    found.map(|problem| problem["text"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn commit_that_another_session_holds_up_waits_says_so_and_goes_on() {
    let Some(cluster) = cluster() else { return };
    let clock = Clock::starting_at(Timestamp::parse(NOW).unwrap());
    let mut options = AppOptions::for_test(clock.clone());
    options.database = Some(cluster.database("held"));
    let app = App::start(options).await.unwrap();
    let names = setup(0).apply(&app.core).await.unwrap();
    let deal = create(&app.core, &names, "live", None).await;
    app.core.lanes.idle().await;

    // A session that has only read, and stays there: nobody waits for it, and it is seen.
    let mut idle = cluster.session("held");
    idle.execute("BEGIN; TABLE meta");
    create(&app.core, &names, "live", None).await;
    app.core.lanes.idle().await;
    let storage = app.core.db.storage().await.unwrap();
    assert!(storage.oldest_transaction_s.is_some(), "{storage:?}");
    idle.execute("COMMIT");

    let mut other = cluster.session("held");
    other.execute("BEGIN; TABLE item FOR UPDATE");
    let core = Arc::clone(&app.core);
    let edited = tokio::spawn(async move {
        let mut draft = Draft::new(&core, Actor::System);
        let item = draft.item(deal).await.unwrap();
        let patch = ItemPatch {
            title: Some("Renamed".to_owned()),
            ..ItemPatch::default()
        };
        draft
            .rule(|rules, changes| edit_item(rules, changes, item, patch))
            .unwrap();
        draft.commit().await.map(drop)
    });
    while app.core.storing.since().is_none() {
        tokio::task::yield_now().await;
    }
    clock.advance_to(clock.now().plus(Duration::from_secs(6)).unwrap());
    // The server may need a moment until it counts the session among those that wait.
    let told = loop {
        match problem(&app, "commits-slow").await {
            Some(told) if told.contains("waits for session") => break told,
            Some(_) | None => assert!(!edited.is_finished()),
        }
    };
    for part in [
        "the commit under way takes 6 s, and waits for session ",
        "(`psql`, idle in transaction), whose transaction is open for ",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!edited.is_finished());
    other.execute("COMMIT");
    edited.await.unwrap().unwrap();
    assert_eq!(problem(&app, "commits-slow").await, None);
    create(&app.core, &names, "live", None).await;
    app.core.lanes.idle().await;
    end(app).await;
}
