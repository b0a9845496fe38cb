//! Runs whose reads are changed by others all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use signalbox::app::{App, AppOptions, robot_version};
use signalbox::clock::Clock;
use signalbox::engine::committer::Proposal;
use signalbox::engine::core::SharedCore;
use signalbox::engine::draft::{Draft, DraftError};
use signalbox::setup::{Names, Setup};
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::editing::{ItemPatch, edit_item};
use signalbox_crm::event::Fact;
use signalbox_crm::ids::ItemId;
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::people::Actor;
use signalbox_crm::run::{RunState, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_db::RunFilter;
use signalbox_sandbox::inspect::inspect;
use signalbox_tests::robots::HOSTILE;

/// A host with one deal and the hostile robot, which does `act` when it is started by hand.
struct Contest {
    app: App,
    names: Names,
    item: ItemId,
}

impl Contest {
    async fn new(act: &str) -> Contest {
        let clock = Clock::starting_at(Timestamp::parse("2026-03-02T09:00:00Z").unwrap());
        let app = App::start(AppOptions::for_test(clock)).await.unwrap();
        let mut proposal = Proposal::new(app.core.clock.now(), Actor::System);
        let version = robot_version(inspect(HOSTILE).unwrap(), proposal.at, false);
        let install = DirectoryChange::Robot(version, Some(Arc::new(HOSTILE.to_vec())));
        proposal.changes.directory.push(install);
        app.core.submit(proposal).await.unwrap();
        let names = setup(act).apply(&app.core).await.unwrap();
        let mut draft = Draft::new(&app.core, Actor::System);
        let new = NewItem {
            pipeline: names.pipeline("sales").unwrap(),
            stage: None,
            title: "0".to_owned(),
            assignee: None,
            contact: None,
            amount: None,
            source: None,
            fields: Default::default(),
        };
        let item = draft
            .rule(|rules, changes| create_item(rules, changes, new))
            .unwrap()
            .id;
        draft.commit().await.unwrap();
        Contest { app, names, item }
    }

    /// Has read nothing that could be changed meanwhile.
    async fn start_robot(&self) {
        let core = &self.app.core;
        let mut proposal = Proposal::new(core.clock.now(), Actor::System);
        let fact = Fact::ManualRun {
            attachment: self.names.attachments["Robot"],
            by: None,
        };
        proposal.changes.happened(fact, Some(self.item));
        let item = core.db.item(self.item.number).await.unwrap().unwrap();
        proposal.items.push(Arc::new(item));
        core.submit(proposal).await.unwrap();
    }

    /// Starts the robot on a deal that is edited all the time: the run's end, and how many edits there were.
    async fn fought_out(&self) -> (RunState, Vec<Verdict>, u32) {
        let end = Arc::new(AtomicBool::new(false));
        let core = Arc::clone(&self.app.core);
        let editing = tokio::spawn(edit_until(core, self.item, Arc::clone(&end)));
        self.start_robot().await;
        let (state, verdicts) = self.ended().await;
        end.store(true, Ordering::Relaxed);
        (state, verdicts, editing.await.unwrap())
    }

    /// The state and the verdicts of the only run.
    async fn ended(&self) -> (RunState, Vec<Verdict>) {
        self.app.core.lanes.idle().await;
        let db = &self.app.core.db;
        let runs = db.runs(&RunFilter::default(), None, 10).await.unwrap();
        assert_eq!(runs.len(), 1);
        let attempts = db.attempts(runs[0].run.id, 10).await.unwrap();
        let verdicts = attempts.into_iter().map(|attempt| attempt.verdict);
        (runs[0].run.state, verdicts.collect())
    }
}

fn setup(act: &str) -> Setup {
    let title = json!({ "ru": "x", "en": "x" });
    let setup = json!({
        "zone": "UTC",
        "pipeline": [{ "key": "sales", "title": title, "stage": [{ "key": "new", "title": title }] }],
        "attachment": [{ "title": "Robot", "robot": "hostile", "manual": true, "params": { "act": act } }],
    });
    serde_json::from_value(setup).unwrap()
}

/// Gives the deal another title, and another one, until it is told to end; returns how often.
async fn edit_until(core: SharedCore, item: ItemId, end: Arc<AtomicBool>) -> u32 {
    let mut count = 0;
    while !end.load(Ordering::Relaxed) {
        let mut draft = Draft::new(&core, Actor::System);
        let row = draft.item(item).await.unwrap();
        let patch = ItemPatch {
            title: Some(format!("{}", count + 1)),
            ..ItemPatch::default()
        };
        draft
            .rule(|rules, changes| edit_item(rules, changes, row, patch))
            .unwrap();
        match draft.commit().await {
            Ok(_) => count += 1,
            Err(DraftError::Commit(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    count
}

/// Without the turn, no execution would ever be free of conflicts: the robot reads for longer than the next edit takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_on_a_deal_that_is_edited_all_the_time_ends_in_its_turn() {
    let contest = Contest::new("read-often").await;
    let (state, verdicts, edit_count) = contest.fought_out().await;
    assert_eq!(state, RunState::Completed, "{verdicts:?}");
    assert!(matches!(&verdicts[..], [Verdict::Done { .. }]), "{verdicts:?}");
    assert!(edit_count > 3, "{edit_count} edits are no contest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failure_on_what_has_changed_is_a_conflict_and_no_attempt() {
    // Every execution ends in a refusal, because it reads more often than it may.
    let contest = Contest::new("read-too-often").await;
    let (state, verdicts, _) = contest.fought_out().await;
    assert_eq!(state, RunState::Discarded);
    assert!(
        matches!(&verdicts[..], [Verdict::Failed { code, .. }] if code == "limit.calls"),
        "one attempt, in its turn: {verdicts:?}"
    );
}

#[tokio::test]
async fn nobody_commits_before_a_turn_is_over_and_the_turn_commits_at_once() {
    let contest = Contest::new("behave").await;
    let core = &contest.app.core;
    let turn = core.turn().await.unwrap();
    let mut before = core.records.seq();
    let proposal = || Proposal {
        meta: vec![("key".to_owned(), "value".to_owned())],
        ..Proposal::new(core.clock.now(), Actor::System)
    };
    let waiting = tokio::spawn({
        let (core, proposal) = (Arc::clone(core), proposal());
        async move { core.submit(proposal).await }
    });
    for _ in 0..3 {
        let receipt = turn.submit(core, proposal()).await.unwrap();
        assert_eq!(receipt.seq, before + 1, "nothing came between");
        before = receipt.seq;
    }
    assert!(!waiting.is_finished());
    drop(turn);
    assert_eq!(waiting.await.unwrap().unwrap().seq, before + 1);
}
