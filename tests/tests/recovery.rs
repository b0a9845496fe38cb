//! What a host takes up at its start: each test stores what a crash between two commits leaves behind.

use std::path::Path;

use serde_json::json;
use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox::engine::draft::Draft;
use signalbox::setup::Setup;
use signalbox_crm::changes::RunChange;
use signalbox_crm::ids::RunId;
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::people::Actor;
use signalbox_crm::run::{Reason, Run, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Batch, Db, OpenOptions, RunFilter};

const NOW: &str = "2026-03-02T11:20:00Z";

/// A stage with a robot in an hour, and one that follows it and is cancelled by nothing.
fn setup() -> Setup {
    let title = json!({ "ru": "x", "en": "x" });
    let attachment = |key: &str, more: serde_json::Value| {
        let mut body = json!({
            "title": key, "robot": "notify", "stage": "sales/new",
            "params": { "to": ["role:assignee"], "title": key },
        });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    let setup = json!({
        "zone": "Europe/Moscow",
        "employee": [{ "key": "anna", "name": "Anna" }],
        "pipeline": [{ "key": "sales", "title": title, "stage": [{ "key": "new", "title": title }] }],
        "attachment": [
            attachment("late", json!({ "delay": "1h" })),
            attachment("next", json!({ "mode": "after-previous", "cancel_on": "never" })),
        ],
    });
    serde_json::from_value(setup).unwrap()
}

struct Crashed {
    options: AppOptions,
    url: String,
    clock: Clock,
    _folder: tempfile::TempDir,
}

impl Crashed {
    /// A host with one deal, which has ended.
    async fn new() -> Crashed {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::starting_at(Timestamp::parse(NOW).unwrap());
        let url = url_in(folder.path());
        let mut options = AppOptions::for_test(clock.clone());
        options.database = Some(url.clone());
        let app = App::start(options.clone()).await.unwrap();
        let names = setup().apply(&app.core).await.unwrap();
        let mut draft = Draft::new(&app.core, Actor::System);
        let new = NewItem {
            pipeline: names.pipeline("sales").unwrap(),
            stage: None,
            title: "Deal".to_owned(),
            assignee: Some(names.employee("anna").unwrap()),
            contact: None,
            amount: None,
            source: None,
            fields: Default::default(),
        };
        draft
            .rule(|rules, changes| create_item(rules, changes, new))
            .unwrap();
        draft.commit().await.unwrap();
        app.core.lanes.idle().await;
        app.stop().await;
        Crashed {
            options,
            url,
            clock,
            _folder: folder,
        }
    }

    /// Stores a change of the first run, past the host.
    async fn change_first(&self, to: RunState, reason: Option<Reason>) {
        let db = Db::open(&self.url, &OpenOptions::default()).await.unwrap();
        let mut batch = Batch::new(self.clock.now());
        let first = runs(&db).await[0].id;
        batch.run_changes.push(RunChange {
            run: first,
            from: vec![RunState::Scheduled],
            to,
            reason,
            detail: None,
            due_at: None,
        });
        let committed = db.commit(&batch).await.unwrap();
        assert_eq!(committed.changed, [first]);
        db.close().await;
    }

    /// Starts the host on it, lets it work, and gives the state and the count of attempts of each run.
    async fn restarted(&self) -> Vec<(RunState, u32)> {
        let app = App::start(self.options.clone()).await.unwrap();
        app.advance_to(self.clock.now()).await.unwrap();
        app.core.lanes.idle().await;
        let found = runs(&app.core.db).await;
        for check in app.core.db.audit().await.unwrap() {
            assert_eq!(check.broken_count, 0, "{check:?}");
        }
        app.stop().await;
        found.iter().map(|run| (run.state, run.attempt_count)).collect()
    }
}

fn url_in(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("crm.db").display())
}

/// In the order in which they were made.
async fn runs(db: &Db) -> Vec<Run> {
    let found = db.runs(&RunFilter::default(), None::<RunId>, 100).await.unwrap();
    found.into_iter().rev().map(|found| found.run).collect()
}

#[tokio::test]
async fn run_that_was_made_available_and_not_executed_runs_once() {
    let crashed = Crashed::new().await;
    crashed.change_first(RunState::Available, None).await;
    let done = vec![(RunState::Completed, 1), (RunState::Completed, 1)];
    assert_eq!(crashed.restarted().await, done);
    assert_eq!(crashed.restarted().await, done, "nothing runs again");
}

#[tokio::test]
async fn run_after_a_cancelled_one_goes_on_after_the_start() {
    let crashed = Crashed::new().await;
    crashed
        .change_first(RunState::Cancelled, Some(Reason::LeftStage))
        .await;
    let done = vec![(RunState::Cancelled, 0), (RunState::Completed, 1)];
    assert_eq!(crashed.restarted().await, done);
    assert_eq!(crashed.restarted().await, done, "nothing runs again");
}

#[tokio::test]
async fn delayed_run_and_the_one_after_it_wait_over_a_restart() {
    let crashed = Crashed::new().await;
    let waiting = vec![(RunState::Scheduled, 0), (RunState::Scheduled, 0)];
    assert_eq!(crashed.restarted().await, waiting);
    let hour = std::time::Duration::from_secs(3600);
    crashed.clock.advance_to(crashed.clock.now().plus(hour).unwrap());
    let done = vec![(RunState::Completed, 1), (RunState::Completed, 1)];
    assert_eq!(crashed.restarted().await, done);
}
