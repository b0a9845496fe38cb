//! A host that starts on much work is ready before it has done it.
//!
//! `SIGNALBOX_BACKLOG=20000` for as much as a host takes in.

use std::time::{Duration, Instant};

use serde_json::json;
use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox::engine::draft::Draft;
use signalbox::setup::{Names, Setup};
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::people::Actor;
use signalbox_crm::run::RunState;
use signalbox_db::{Db, OpenOptions, RunFilter};

use super::host::{Host, Place};
use super::{DRAIN_MAX, variable};
use crate::cli::program::binary;

/// Runs that wait.
const BACKLOG: usize = 2_000;
/// Deals in one commit.
const CHUNK: usize = 200;
/// Each is killed as soon as it is ready.
const STARTS: usize = 5;
/// What a run takes at most on a machine that is busy with other things.
const RUN_MAX: Duration = Duration::from_millis(10);

fn setup() -> Setup {
    let title = json!({ "ru": "x", "en": "x" });
    let setup = json!({
        "zone": "UTC",
        "employee": [{ "key": "anna", "name": "Anna" }],
        "pipeline": [{ "key": "sales", "title": title, "stage": [{ "key": "new", "title": title }] }],
        "attachment": [{
            "title": "told", "robot": "notify", "stage": "sales/new",
            "params": { "to": ["role:assignee"], "title": "new" },
        }],
    });
    serde_json::from_value(setup).unwrap()
}

fn deal(names: &Names) -> NewItem {
    NewItem {
        pipeline: names.pipeline("sales").unwrap(),
        stage: None,
        title: "Deal".to_owned(),
        assignee: Some(names.employee("anna").unwrap()),
        contact: None,
        amount: None,
        source: None,
        fields: Default::default(),
    }
}

/// Leaves so many runs to the next host.
async fn leave(place: &Place, count: usize) {
    let options = AppOptions {
        database: Some(place.database.clone()),
        backlog_max: usize::MAX,
        ..AppOptions::for_test(Clock::System)
    };
    let app = App::start(options).await.unwrap();
    let names = setup().apply(&app.core).await.unwrap();
    let held = app.core.lanes.hold();
    for begin in (0..count).step_by(CHUNK) {
        let mut draft = Draft::new(&app.core, Actor::System);
        for _ in begin..count.min(begin + CHUNK) {
            let new = deal(&names);
            draft
                .rule(|rules, changes| create_item(rules, changes, new))
                .unwrap();
        }
        draft.commit().await.unwrap();
    }
    // No worker comes to its turn before it is ended: there is one thread.
    drop(held);
    app.stop().await;
}

async fn available(place: &Place) -> i64 {
    let db = Db::open_to_read(&place.database).await.unwrap();
    let state = Some(RunState::Available);
    let filter = RunFilter {
        state,
        ..RunFilter::default()
    };
    let count = db.run_count(&filter).await.unwrap();
    db.close().await;
    count
}

#[tokio::test]
async fn host_that_was_killed_is_ready_while_much_waits() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sqlite(folder.path());
    let count = variable("SIGNALBOX_BACKLOG").map_or(BACKLOG, |count| count as usize);
    leave(&place, count).await;
    // It may have to be built first.
    binary();
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let mut host = Host::start(&place).await;
        let elapsed = begun.elapsed().as_millis();
        host.kill();
        times.push((elapsed, available(&place).await));
    }
    println!("ready after so many ms with so many runs that wait: {times:?}");
    assert!(
        times.iter().all(|(_, left)| *left > 0),
        "the work was done too soon to show anything"
    );

    // Whatever was left by five hosts that were killed is done once.
    let host = Host::start(&place).await;
    let deadline = Instant::now() + DRAIN_MAX + RUN_MAX * count as u32;
    while available(&place).await > 0 {
        assert!(Instant::now() < deadline, "the host does not come to rest");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    host.end();
    let db = Db::open(&place.database, &OpenOptions::default()).await.unwrap();
    let state = Some(RunState::Completed);
    let filter = RunFilter {
        state,
        ..RunFilter::default()
    };
    assert_eq!(db.run_count(&filter).await.unwrap() as usize, count);
    for check in db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
    db.close().await;
}
