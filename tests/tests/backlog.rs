//! What there is no room for in memory waits in the database, and is taken up in its order.

use std::sync::Arc;

use serde_json::json;
use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox::engine::committer::Proposal;
use signalbox::engine::draft::Draft;
use signalbox::setup::Setup;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::{AttachmentId, EmployeeId};
use signalbox_crm::item::Item;
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::people::Actor;
use signalbox_crm::shard::ShardSet;
use signalbox_crm::time::Timestamp;
use signalbox_db::RunFilter;

const ROOM: usize = 20;
const RUNS: usize = 130;
const NOW: &str = "2026-03-02T09:00:00Z";

async fn host(database: Option<String>) -> App {
    let clock = Clock::starting_at(Timestamp::parse(NOW).unwrap());
    let options = AppOptions {
        database,
        worker_count: 1,
        backlog_max: ROOM,
        ..AppOptions::for_test(clock)
    };
    App::start(options).await.unwrap()
}

/// A deal, and a robot that is started by hand.
async fn set_up(app: &App) -> (Item, AttachmentId) {
    let title = json!({ "ru": "x", "en": "x" });
    let setup = json!({
        "zone": "UTC",
        "employee": [{ "key": "anna", "name": "Anna" }],
        "pipeline": [{ "key": "sales", "title": title, "stage": [{ "key": "new", "title": title }] }],
        "attachment": [{
            "title": "Tell", "robot": "notify", "manual": true,
            "params": { "to": ["anna"], "title": "x", "text": "x" },
        }],
    });
    let setup: Setup = serde_json::from_value(setup).unwrap();
    let names = setup.apply(&app.core).await.unwrap();
    let mut draft = Draft::new(&app.core, Actor::System);
    let new = NewItem {
        pipeline: names.pipeline("sales").unwrap(),
        stage: None,
        title: "x".to_owned(),
        assignee: None,
        contact: None,
        amount: None,
        source: None,
        fields: Default::default(),
    };
    let item = draft
        .rule(|rules, changes| create_item(rules, changes, new))
        .unwrap();
    draft.commit().await.unwrap();
    (item, names.attachments["Tell"])
}

/// Starts the robot so often, in one commit, while nothing runs.
async fn flood(app: &App, item: &Item, attachment: AttachmentId) {
    let mut proposal = Proposal::new(app.core.clock.now(), Actor::System);
    for _ in 0..RUNS {
        let fact = Fact::ManualRun { attachment, by: None };
        proposal.changes.happened(fact, Some(item.id));
    }
    proposal.items.push(Arc::new(item.clone()));
    app.core.submit(proposal).await.unwrap();
}

async fn check_left(app: &App) {
    assert_eq!(app.core.lanes.open_count(), ROOM);
    let left = app.core.db.unclaimed_runs(&ShardSet::ALL, 1000).await.unwrap();
    assert_eq!(left.len(), RUNS - ROOM);
}

/// Every run has run, in the order in which they were made.
async fn check_done(app: &App) {
    app.advance_to(app.core.clock.now()).await.unwrap();
    let all = RunFilter::default();
    assert_eq!(app.core.db.run_count(&all).await.unwrap(), RUNS as i64);
    let told = app
        .core
        .db
        .notifications(EmployeeId(1), false, None, 1000)
        .await
        .unwrap();
    let mut by: Vec<_> = told.iter().map(|told| (told.id, told.run)).collect();
    by.sort();
    assert!(by.is_sorted_by_key(|(_, run)| *run), "{by:?}");
    assert_eq!(by.len(), RUNS);
}

#[tokio::test]
async fn runs_beyond_the_backlog_wait_in_the_database_and_run_in_order() {
    let app = host(None).await;
    let (item, attachment) = set_up(&app).await;
    let held = app.core.lanes.hold();
    flood(&app, &item, attachment).await;
    check_left(&app).await;
    drop(held);
    check_done(&app).await;
    app.stop().await;
}

#[tokio::test]
async fn start_with_a_large_backlog_takes_up_as_much_as_there_is_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("backlog.db").display());
    let app = host(Some(database.clone())).await;
    let (item, attachment) = set_up(&app).await;
    // Nothing runs any more, as if the host were killed now.
    std::mem::forget(app.core.lanes.hold());
    flood(&app, &item, attachment).await;
    app.stop().await;
    let app = host(Some(database)).await;
    assert!(app.core.lanes.open_count() <= ROOM);
    check_done(&app).await;
    app.stop().await;
}
