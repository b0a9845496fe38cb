//! A run that kills the host is found, and no other is blamed; a host that is killed blames nobody.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;
use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox::engine::draft::Draft;
use signalbox::engine::inflight::{DEATHS_MAX, Inflight};
use signalbox::setup::Setup;
use signalbox_crm::ids::{EmployeeId, RunId};
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::people::Actor;
use signalbox_crm::run::{Reason, Run, RunState, Verdict};
use signalbox_db::{Db, OpenOptions};

use crate::cli::program::command;

/// SIGABRT.
const ABORTED: i32 = 6;

/// A database with one deal, and two runs of it that are available.
struct Crm {
    folder: tempfile::TempDir,
    /// Of `notify`.
    poison: RunId,
    /// Of `create-activity`.
    other: RunId,
    anna: EmployeeId,
}

fn setup() -> Setup {
    let title = json!({ "ru": "x", "en": "x" });
    let attachment = |robot: &str, params| json!({ "title": robot, "robot": robot, "stage": "sales/new", "params": params });
    let setup = json!({
        "zone": "UTC",
        "employee": [{ "key": "anna", "name": "Anna", "role": "admin" }],
        "pipeline": [{ "key": "sales", "title": title, "stage": [{ "key": "new", "title": title }] }],
        "attachment": [
            attachment("notify", json!({ "to": ["role:assignee"], "title": "new" })),
            attachment("create-activity", json!({ "kind": "todo", "title": "call", "deadline": "+1h" })),
        ],
    });
    serde_json::from_value(setup).unwrap()
}

impl Crm {
    async fn new() -> Crm {
        let folder = tempfile::tempdir().unwrap();
        let mut options = AppOptions::for_test(Clock::System);
        options.database = Some(url(folder.path()));
        let app = App::start(options).await.unwrap();
        let names = setup().apply(&app.core).await.unwrap();
        let held = app.core.lanes.hold();
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
        let receipt = draft.commit().await.unwrap();
        let run_of = |title| {
            let runs = receipt.runs.iter();
            let mut runs = runs.filter(|run| run.attachment == names.attachments[title]);
            runs.next().unwrap().id
        };
        let (poison, other) = (run_of("notify"), run_of("create-activity"));
        // No worker comes to its turn before it is ended: there is one thread.
        drop(held);
        app.stop().await;
        let anna = names.employee("anna").unwrap();
        Crm {
            folder,
            poison,
            other,
            anna,
        }
    }

    fn inflight(&self) -> PathBuf {
        self.folder.path().join("crm.db.inflight")
    }

    /// The program, which dies when it is about to run `notify`.
    fn poisoned(&self) -> Child {
        let mut command = serve(self.folder.path());
        command.env("FAILPOINT_ABORT_ROBOT", "notify").spawn().unwrap()
    }

    /// A run, and the codes of its failed attempts.
    async fn ended(&self, run: RunId) -> (Run, Vec<String>) {
        let db = Db::open(&url(self.folder.path()), &OpenOptions::default())
            .await
            .unwrap();
        let found = db.run(run).await.unwrap().unwrap().run;
        let codes = db.attempts(run, 10).await.unwrap().into_iter();
        let codes = codes.filter_map(|attempt| match attempt.verdict {
            Verdict::Failed { code, .. } => Some(code),
            Verdict::Done { .. } | Verdict::Skipped { .. } => None,
        });
        let codes = codes.collect();
        db.close().await;
        (found, codes)
    }
}

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("crm.db").display())
}

fn serve(folder: &Path) -> Command {
    let mut command = command(folder);
    command
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--cache-dir",
            "cache",
            "--json",
        ])
        .args(["--database", &url(folder)])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Failpoints are not in a release.
#[cfg(debug_assertions)]
#[tokio::test]
async fn run_that_kills_the_host_is_discarded_and_no_other_is_blamed() {
    let crm = Crm::new().await;
    // Beside others, then three times alone.
    for death in 0..=DEATHS_MAX {
        let status = crm.poisoned().wait().unwrap();
        assert_eq!(status.signal(), Some(ABORTED), "death {death}");
    }
    work(&crm).await;
    let (poison, codes) = crm.ended(crm.poison).await;
    assert_eq!(
        (poison.state, poison.reason),
        (RunState::Discarded, Some(Reason::Quarantined))
    );
    assert_eq!(codes, ["host-crash"]);
    let (other, codes) = crm.ended(crm.other).await;
    assert_eq!((other.state, codes.len()), (RunState::Completed, 0));
    let db = Db::open(&url(crm.folder.path()), &OpenOptions::default())
        .await
        .unwrap();
    let told = db.notifications(crm.anna, false, None, 10).await.unwrap();
    let titles: Vec<&str> = told.iter().map(|told| told.title.as_str()).collect();
    let title = format!("Запуск {} отброшен: от него падает сервер", crm.poison);
    assert_eq!(titles, [title.as_str()]);
    for check in db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
}

/// Starts a host in this process, and ends it when all is done.
async fn work(crm: &Crm) {
    let mut options = AppOptions::for_test(Clock::System);
    options.database = Some(url(crm.folder.path()));
    options.inflight = Some(crm.inflight());
    let app = App::start(options).await.unwrap();
    app.core.lanes.idle().await;
    app.stop().await;
}

#[tokio::test]
async fn runs_that_were_at_work_in_a_host_that_was_killed_are_blamed_for_nothing() {
    let crm = Crm::new().await;
    // They are together in the first host, and the others die before it is their turn.
    let inflight = Inflight::open(Some(&crm.inflight()));
    std::mem::forget(inflight.enter(0, crm.poison).await);
    std::mem::forget(inflight.enter(1, crm.other).await);
    drop(inflight);
    for _ in 0..DEATHS_MAX + 1 {
        drop(Inflight::open(Some(&crm.inflight())));
    }
    work(&crm).await;
    for run in [crm.poison, crm.other] {
        let (run, codes) = crm.ended(run).await;
        assert_eq!(
            (run.state, run.attempt_count, codes.len()),
            (RunState::Completed, 1, 0)
        );
    }
    let inflight = Inflight::open(Some(&crm.inflight()));
    assert!(inflight.suspects().is_empty());
}

#[tokio::test]
async fn run_that_was_alone_at_fewer_deaths_is_executed_again_and_acquitted() {
    let crm = Crm::new().await;
    for _ in 0..DEATHS_MAX {
        let inflight = Inflight::open(Some(&crm.inflight()));
        std::mem::forget(inflight.enter(0, crm.poison).await);
    }
    let inflight = Inflight::open(Some(&crm.inflight()));
    assert_eq!(inflight.death_count(crm.poison), DEATHS_MAX - 1);
    drop(inflight);
    work(&crm).await;
    for run in [crm.poison, crm.other] {
        let (run, codes) = crm.ended(run).await;
        assert_eq!((run.state, run.attempt_count), (RunState::Completed, 1));
        assert!(codes.is_empty(), "{codes:?}");
    }
    let inflight = Inflight::open(Some(&crm.inflight()));
    assert_eq!(inflight.death_count(crm.poison), 0);
}
