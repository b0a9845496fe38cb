//! Runs of one deal that wait together are stored together, and each sees what those before it have done.

use std::sync::Arc;

use serde_json::{Value, json};
use signalbox::app::{App, AppOptions, robot_version};
use signalbox::clock::Clock;
use signalbox::engine::committer::{CommitError, Proposal};
use signalbox::engine::draft::Draft;
use signalbox::engine::recent::RecordKey;
use signalbox::setup::{Names, Setup};
use signalbox_crm::contact::Contact;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::editing::{ItemPatch, edit_item};
use signalbox_crm::ids::{ContactId, EmployeeId, IdKind, ItemId};
use signalbox_crm::item::Item;
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::people::Actor;
use signalbox_crm::run::{RunState, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_db::RunFilter;
use signalbox_sandbox::inspect::inspect;
use signalbox_tests::postgres::cluster;
use signalbox_tests::robots::HOSTILE;

struct Stage {
    app: App,
    names: Names,
}

impl Stage {
    /// A host whose deals start these robots when they come.
    async fn new(database: Option<String>, attachments: Vec<Value>) -> Stage {
        let clock = Clock::starting_at(Timestamp::parse("2026-03-02T09:00:00Z").unwrap());
        let options = AppOptions {
            database,
            ..AppOptions::for_test(clock)
        };
        let app = App::start(options).await.unwrap();
        let mut proposal = Proposal::new(app.core.clock.now(), Actor::System);
        let version = robot_version(inspect(HOSTILE).unwrap(), proposal.at, false);
        let install = DirectoryChange::Robot(version, Some(Arc::new(HOSTILE.to_vec())));
        proposal.changes.directory.push(install);
        app.core.submit(proposal).await.unwrap();
        let title = json!({ "ru": "x", "en": "x" });
        let stages = ["new", "won"].map(|key| json!({ "key": key, "title": title }));
        let setup = json!({
            "zone": "UTC",
            "employee": [{ "key": "anna", "name": "Anna" }, { "key": "boris", "name": "Boris" }],
            "pipeline": [{ "key": "sales", "title": title, "stage": stages }],
            "attachment": attachments,
        });
        let setup: Setup = serde_json::from_value(setup).unwrap();
        let names = setup.apply(&app.core).await.unwrap();
        Stage { app, names }
    }

    /// A deal of Anna's, after its robots; with the commits that this took.
    async fn deal(&self, title: &str) -> (Item, u64) {
        let core = &self.app.core;
        let before = core.records.seq();
        let mut draft = Draft::new(core, Actor::System);
        let new = NewItem {
            pipeline: self.names.pipeline("sales").unwrap(),
            stage: None,
            title: title.to_owned(),
            assignee: Some(self.names.employees["anna"]),
            contact: None,
            amount: None,
            source: None,
            fields: Default::default(),
        };
        let item = draft
            .rule(|rules, changes| create_item(rules, changes, new))
            .unwrap();
        draft.commit().await.unwrap();
        core.lanes.idle().await;
        let item = core.db.item(item.id.number).await.unwrap().unwrap();
        (item, core.records.seq() - before)
    }

    /// Titles of what a person was told, in order.
    async fn told(&self, who: &str) -> Vec<String> {
        let id: EmployeeId = self.names.employees[who];
        let told = self.app.core.db.notifications(id, false, None, 100).await;
        let mut told = told.unwrap();
        told.sort_by_key(|told| told.id);
        told.into_iter().map(|told| told.title).collect()
    }

    /// State and verdicts of the runs about a deal, in the order in which they were made.
    async fn runs(&self, item: ItemId) -> Vec<(RunState, Vec<Verdict>)> {
        let db = &self.app.core.db;
        let mut found = db.runs(&RunFilter::default(), None, 100).await.unwrap();
        found.retain(|found| found.run.item == Some(item));
        found.sort_by_key(|found| found.run.id);
        let mut runs = Vec::new();
        for found in found {
            let attempts = db.attempts(found.run.id, 10).await.unwrap();
            let verdicts = attempts.into_iter().map(|attempt| attempt.verdict);
            runs.push((found.run.state, verdicts.collect()));
        }
        runs
    }

    async fn end(self) {
        for check in self.app.core.db.audit().await.unwrap() {
            assert_eq!(check.broken_count, 0, "{check:?}");
        }
        self.app.stop().await;
    }
}

fn attachment(title: &str, robot: &str, params: Value) -> Value {
    json!({ "title": title, "robot": robot, "stage": "sales/new", "params": params })
}

fn tell(title: &str) -> Value {
    attachment(
        title,
        "notify",
        json!({ "to": ["role:assignee"], "title": title, "text": "x" }),
    )
}

fn give_to(who: &str) -> Value {
    attachment(
        who,
        "reassign",
        json!({ "employee": who, "distribution": "strict" }),
    )
}

fn plan(title: &str) -> Value {
    let params = json!({ "kind": "call", "title": title, "deadline": "+1d" });
    attachment(title, "create-activity", params)
}

/// What the hostile robot does is the deal's title.
fn hostile() -> Value {
    attachment("Hostile", "hostile", json!({ "act": "{=Document:TITLE}" }))
}

fn is_done((state, verdicts): &(RunState, Vec<Verdict>)) -> bool {
    *state == RunState::Completed && matches!(verdicts[..], [Verdict::Done { .. }])
}

async fn runs_are_one_commit(database: Option<String>) {
    let robots = vec![
        tell("first"),
        give_to("boris"),
        plan("Call"),
        tell("second"),
        give_to("anna"),
        tell("third"),
    ];
    let stage = Stage::new(database, robots).await;
    // Nobody knows yet what the robots cost.
    let (first, commit_count) = stage.deal("one").await;
    assert_eq!(commit_count, 7);
    let (item, commit_count) = stage.deal("two").await;
    assert_eq!(commit_count, 2, "the deal, and its six runs");
    for item in [&first, &item] {
        let runs = stage.runs(item.id).await;
        assert!(runs.len() == 6 && runs.iter().all(is_done), "{runs:?}");
        assert_eq!((item.assignee, item.version), (first.assignee, 3));
        let open = stage
            .app
            .core
            .db
            .open_activities(item.id.number, 9)
            .await
            .unwrap();
        let whose: Vec<_> = open.iter().map(|activity| activity.assignee).collect();
        assert_eq!(whose, [Some(stage.names.employees["boris"])]);
    }
    assert_eq!(stage.told("anna").await, ["first", "third", "first", "third"]);
    assert_eq!(stage.told("boris").await, ["second", "second"]);
    stage.end().await;
}

#[tokio::test]
async fn runs_of_a_deal_are_one_commit_and_see_each_other() {
    runs_are_one_commit(None).await;
    if let Some(cluster) = cluster() {
        runs_are_one_commit(Some(cluster.database("stacks"))).await;
    }
}

#[tokio::test]
async fn run_that_loops_or_fails_on_top_of_others_has_all_its_limits_and_harms_nobody() {
    let stage = Stage::new(None, vec![tell("before"), hostile(), tell("after")]).await;
    stage.deal("behave").await;
    assert_eq!(stage.deal("behave").await.1, 2);
    let codes = [
        ("loop-for-ever", "limit.cpu"),
        ("panic", "panic"),
        ("recurse", "stack-overflow"),
    ];
    for (act, expected) in codes {
        let (item, _) = stage.deal(act).await;
        let runs = stage.runs(item.id).await;
        assert!(is_done(&runs[0]) && is_done(&runs[2]), "{runs:?}");
        let (_, verdicts) = &runs[1];
        let is_expected =
            |verdict: &Verdict| matches!(verdict, Verdict::Failed { code, .. } if code == expected);
        assert!(
            verdicts.len() == 1 && is_expected(&verdicts[0]),
            "{act}: {verdicts:?}"
        );
    }
    assert_eq!(
        stage
            .told("anna")
            .await
            .iter()
            .filter(|title| *title != "Hello")
            .count(),
        10
    );
    stage.end().await;
}

/// Gives the deal a title, on top of a row that was read.
fn retitled(stage: &Stage, base: &Item, title: &str) -> (Proposal, Item) {
    let core = &stage.app.core;
    let mut draft = Draft::new(core, Actor::System);
    let patch = ItemPatch {
        title: Some(title.to_owned()),
        ..ItemPatch::default()
    };
    draft
        .rule(|rules, changes| edit_item(rules, changes, base.clone(), patch))
        .unwrap();
    let row = draft.changes.items[&base.id.number].row.clone();
    let mut proposal = draft.into_proposal();
    proposal.reads.push(RecordKey::Item(base.id));
    (proposal, row)
}

#[tokio::test]
async fn what_builds_upon_a_refused_proposal_is_refused_and_nothing_of_it_is_stored() {
    let stage = Stage::new(None, Vec::new()).await;
    let core = &stage.app.core;
    let (item, _) = stage.deal("0").await;
    let (stale, row) = retitled(&stage, &item, "stale");
    let (on_top, row) = retitled(&stage, &row, "on top");
    let (last, _) = retitled(&stage, &row, "last");
    let (other, row) = retitled(&stage, &item, "other");
    let (on_other, _) = retitled(&stage, &row, "on other");
    let seq = core.records.seq();
    let answers = core.submit_stack(vec![other, on_other]).await.unwrap();
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().is_ok_and(|stored| stored.seq == seq + 1))
    );
    let answers = core.submit_stack(vec![stale, on_top, last]).await.unwrap();
    assert!(
        matches!(
            answers[..],
            [
                Err(CommitError::Stale(_)),
                Err(CommitError::Unfounded),
                Err(CommitError::Unfounded)
            ]
        ),
        "{answers:?}"
    );
    let stored = core.db.item(item.id.number).await.unwrap().unwrap();
    assert_eq!(
        (stored.title.as_str(), stored.version),
        ("on other", item.version + 2)
    );
    stage.end().await;
}

#[tokio::test]
async fn run_does_not_read_what_was_written_below_and_no_draft_shows() {
    let stage = Stage::new(None, Vec::new()).await;
    let core = &stage.app.core;
    let (item, _) = stage.deal("0").await;
    let (mut below, row) = retitled(&stage, &item, "below");
    let (mut on_top, _) = retitled(&stage, &row, "on top");
    let id = ContactId(core.new_id(IdKind::Contact));
    below.changes.put_contact(Contact {
        id,
        name: "x".to_owned(),
        points: Vec::new(),
        assignee: None,
        created_at: core.clock.now(),
        version: 0,
    });
    let key = RecordKey::Contact(id);
    on_top.reads.push(key);
    let answers = core.submit_stack(vec![below, on_top]).await.unwrap();
    assert!(matches!(&answers[..], [Ok(_), Err(CommitError::Stale(stale))] if *stale == key));
    stage.end().await;
}
