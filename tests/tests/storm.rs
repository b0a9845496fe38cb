//! Timers that are all due at the same instant: each fires once, and who comes meanwhile does not wait for them.
//!
//! `SIGNALBOX_TIMERS=100000 cargo test -p signalbox-tests --test main -- storm` for a long one.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox::engine::core::SharedCore;
use signalbox::engine::draft::Draft;
use signalbox::setup::{Names, Setup};
use signalbox_crm::breaker::Limits;
use signalbox_crm::ids::ItemId;
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::people::Actor;
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;
use signalbox_db::RunFilter;
use signalbox_tests::postgres::cluster;

const NOW: &str = "2026-03-02T11:20:00Z";
/// Deals in one commit.
const CHUNK: usize = 200;
/// Tasks that may wait in memory; time may make a tenth of that, and adds at most 1,000 at once.
const BACKLOG_MAX: usize = 1_000;
const IN_MEMORY_MAX: usize = BACKLOG_MAX / 10 + 1_000;

fn timer_count() -> usize {
    match std::env::var("SIGNALBOX_TIMERS") {
        Ok(text) => text.parse().expect("SIGNALBOX_TIMERS is a whole number"),
        Err(_) => 2_000,
    }
}

/// A pipeline whose deals have a timer in an hour, and one with a robot that acts at once.
fn setup() -> Setup {
    let title = json!({ "ru": "x", "en": "x" });
    let pipeline =
        |key: &str| json!({ "key": key, "title": title, "stage": [{ "key": "new", "title": title }] });
    let attachment = |stage: &str, delay: Option<&str>| {
        json!({
            "title": stage, "robot": "notify", "stage": stage, "delay": delay,
            "params": { "to": ["role:assignee"], "title": "x" },
        })
    };
    let setup = json!({
        "zone": "Europe/Moscow",
        "employee": [{ "key": "anna", "name": "Anna" }],
        "pipeline": [pipeline("later"), pipeline("live")],
        "attachment": [attachment("later/new", Some("1h")), attachment("live/new", None)],
    });
    serde_json::from_value(setup).unwrap()
}

/// Makes deals in one commit.
async fn create(core: &SharedCore, names: &Names, pipeline: &str, count: usize) -> Vec<ItemId> {
    let mut draft = Draft::new(core, Actor::System);
    let mut made = Vec::new();
    for _ in 0..count {
        let new = NewItem {
            pipeline: names.pipeline(pipeline).unwrap(),
            stage: None,
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
        made.push(item.id);
    }
    draft.commit().await.unwrap();
    made
}

/// While the storm lasts, makes live deals one after the other. Says how many runs of the storm ended between the
/// commit of each and the end of its run, and the most tasks that were in memory.
async fn watch(core: SharedCore, names: Names, storm_count: usize) -> (Vec<usize>, usize) {
    let mut attempts = core.attempts.subscribe();
    let (mut stormy, mut waits, mut in_memory) = (0, Vec::new(), 0);
    let mut live: Option<(ItemId, usize)> = None;
    while stormy < storm_count {
        let stored = attempts.recv().await.expect("the watcher keeps up");
        in_memory = in_memory.max(core.lanes.open_count());
        match live {
            Some((item, since)) if stored.item == Some(item) => {
                waits.push(stormy - since);
                live = None;
            }
            Some(_) | None => stormy += 1,
        }
        if live.is_none() && stormy > 0 {
            let item = create(&core, &names, "live", 1).await[0];
            live = Some((item, stormy));
        }
    }
    (waits, in_memory)
}

async fn storm(database: Option<String>) {
    let clock = Clock::starting_at(Timestamp::parse(NOW).unwrap());
    let app = App::start(AppOptions {
        database,
        backlog_max: BACKLOG_MAX,
        breaker: Limits::DEFAULT,
        ..AppOptions::for_test(clock.clone())
    })
    .await
    .unwrap();
    let names = setup().apply(&app.core).await.unwrap();
    let count = timer_count();
    for begin in (0..count).step_by(CHUNK) {
        create(&app.core, &names, "later", CHUNK.min(count - begin)).await;
    }
    let watching = tokio::spawn(watch(Arc::clone(&app.core), names, count));
    let hour = clock.now().plus(Duration::from_secs(3600)).unwrap();
    app.advance_to(hour).await.unwrap();
    let (waits, in_memory) = watching.await.unwrap();
    app.core.lanes.idle().await;

    for state in [RunState::Scheduled, RunState::Available, RunState::Discarded] {
        let state = Some(state);
        let filter = RunFilter {
            state,
            ..RunFilter::default()
        };
        assert_eq!(app.core.db.run_count(&filter).await.unwrap(), 0, "{state:?}");
    }
    let done = app.core.db.run_count(&RunFilter::default()).await.unwrap();
    assert!(done as usize > count, "{done}");
    for check in app.core.db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
    app.stop().await;
    let live_max = waits.iter().max().copied().unwrap_or(0);
    println!(
        "{count} timers, {} live runs waited for {live_max} at most, {in_memory} in memory",
        waits.len()
    );
    assert!(waits.len() > 10, "{waits:?}");
    // Those that had begun, and what ends while the live run does its work.
    assert!(live_max <= 200, "{waits:?}");
    assert!(in_memory <= IN_MEMORY_MAX + 1, "{in_memory}");
}

#[tokio::test]
async fn timers_of_one_instant_all_fire_once_and_hold_nobody_up() {
    storm(None).await;
}

#[tokio::test]
async fn timers_of_one_instant_all_fire_once_on_postgres() {
    if let Some(cluster) = cluster() {
        storm(Some(cluster.database("storm"))).await;
    }
}
