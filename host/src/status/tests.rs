use signalbox_crm::ids::RunId;

use super::*;
use crate::engine::fair::Gate;

const NOW: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);

fn ago(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp::from_micros(NOW.micros() - seconds * 1_000_000))
}

fn lanes(open_count: usize) -> LaneFigures {
    LaneFigures {
        open_count,
        busy_count: 0,
        ready_count: 0,
        intake_count: 0,
        waiting: Vec::new(),
    }
}

fn flood() -> WaitingView {
    WaitingView {
        attachment: AttachmentId(7),
        title: Some("Flood".to_owned()),
        robot: Some("notify".to_owned()),
        run_count: 90,
        held_by: None,
    }
}

/// The codes of what is found, and the text of the first.
fn found(
    open_count: usize,
    waiting: &[WaitingView],
    standing: Standing,
    storage: Storage,
) -> (Vec<&'static str>, String) {
    let found = problems::find(&Seen {
        now: NOW,
        clock_step: None,
        lanes: &lanes(open_count),
        backlog_max: 100,
        standing: &standing,
        storage: &storage,
        storing: StoringNow::default(),
        commits_waiting: 0,
        waiting,
        paused: &[],
        denied: &[],
    });
    let text = found.first().map(|problem| problem.text.clone());
    (
        found.iter().map(|problem| problem.code).collect(),
        text.unwrap_or_default(),
    )
}

const WELL: Storage = Storage {
    is_postgres: false,
    size_bytes: 1,
    wal_bytes: Some(0),
    oldest_transaction_s: None,
};

#[test]
fn quiet_host_has_no_problem() {
    let standing = Standing {
        available_since: ago(59),
        next_due_at: ago(-3600),
        timed_count: 1,
        ..Standing::default()
    };
    assert_eq!(found(49, &[flood()], standing, WELL), (vec![], String::new()));
}

#[test]
fn flood_is_named_before_and_when_more_is_refused() {
    let (codes, text) = found(50, &[flood()], Standing::default(), WELL);
    assert_eq!(codes, ["backlog-large"]);
    assert_eq!(
        text,
        "50 runs and messages wait, more is refused at 100; most of attachment:7 (Flood): 90"
    );
    let held = WaitingView {
        held_by: Some(describe(&Gate::Robot("notify".to_owned()), 2).english()),
        ..flood()
    };
    let (codes, _) = found(100, &[held], Standing::default(), WELL);
    assert_eq!(codes, ["backlog-full", "robot-held"]);
}

#[test]
fn what_is_late_and_what_has_failed_is_said() {
    let standing = Standing {
        available_since: ago(10),
        next_due_at: ago(61),
        discarded_count: 2,
        outbox_count: 3,
        outbox_due_at: ago(601),
        dead_count: 1,
        request_count: 1,
        request_due_at: ago(600),
        dead_request_count: 2,
        inbound_count: 4,
        inbound_since: ago(60),
        ..Standing::default()
    };
    let (codes, text) = found(0, &[], standing, WELL);
    assert_eq!(text, "the oldest run that is due waits for 61 s");
    assert_eq!(
        codes,
        [
            "runs-late",
            "intake-late",
            "deliveries-late",
            "requests-late",
            "runs-discarded",
            "deliveries-dead",
            "requests-dead"
        ]
    );
}

#[test]
fn database_that_is_held_up_is_said() {
    let large = Storage {
        wal_bytes: Some(300 << 20),
        ..WELL
    };
    let old = Storage {
        oldest_transaction_s: Some(301),
        ..WELL
    };
    let text = |storage| found(0, &[], Standing::default(), storage).1;
    assert_eq!(text(large), "the log of SQLite has 300 MiB");
    assert_eq!(
        text(old),
        "a transaction of the PostgreSQL database is open for 301 s"
    );
}

#[test]
fn disk_that_is_full_and_commit_that_is_held_up_are_said() {
    let blocker = Blocker {
        pid: 7,
        application: "psql".to_owned(),
        state: "idle in transaction".to_owned(),
        open_s: Some(60),
    };
    let found = problems::find(&Seen {
        now: NOW,
        lanes: &lanes(0),
        backlog_max: 100,
        standing: &Standing::default(),
        storage: &WELL,
        storing: StoringNow {
            commit_s: Some(5),
            blocker: Some(blocker),
            is_full: true,
        },
        clock_step: None,
        commits_waiting: 3,
        waiting: &[],
        paused: &[],
        denied: &[],
    });
    let said: Vec<_> = found
        .iter()
        .map(|problem| (problem.code, problem.text.as_str()))
        .collect();
    let full = "the last change found no room: changes are refused, and work waits";
    let slow = "3 changes wait for the database; the commit under way takes 5 s, and waits for session 7 (`psql`, \
        idle in transaction), whose transaction is open for 60 s";
    assert_eq!(said, [("storage-full", full), ("commits-slow", slow)]);
}

#[test]
fn robot_that_pauses_is_said() {
    let paused = PausedView {
        digest: "d".to_owned(),
        robot: "notify@1.0.0".to_owned(),
        since: NOW,
        probe_at: NOW.plus(Duration::from_secs(30)).unwrap(),
        failed_probe_count: 0,
    };
    let found = problems::find(&Seen {
        now: NOW,
        clock_step: None,
        lanes: &lanes(0),
        backlog_max: 100,
        standing: &Standing::default(),
        storage: &WELL,
        storing: StoringNow::default(),
        commits_waiting: 0,
        waiting: &[],
        paused: &[paused],
        denied: &[],
    });
    let said: Vec<_> = found
        .iter()
        .map(|problem| (problem.code, problem.text.as_str()))
        .collect();
    let text = "robot notify@1.0.0 failed on many items and pauses since 2026-02-02T02:40:00Z; \
        one run tries at 2026-02-02T02:40:30Z";
    assert_eq!(said, [("robot-paused", text)]);
}

#[test]
fn attachment_that_is_denied_something_is_said() {
    let denied = Denied {
        version: 1,
        execution_count: 3,
        run: RunId(7),
        what: "fields.get: field `budget` is not granted".to_owned(),
    };
    let attachment: Attachment = serde_json::from_value(serde_json::json!({
        "id": "attachment:2", "title": "Report", "robot": "report", "digest": "d", "moment": {"kind": "manual"},
        "grants": [], "is_enabled": true,
    }))
    .unwrap();
    let found = problems::find(&Seen {
        now: NOW,
        clock_step: None,
        lanes: &lanes(0),
        backlog_max: 100,
        standing: &Standing::default(),
        storage: &WELL,
        storing: StoringNow::default(),
        commits_waiting: 0,
        waiting: &[],
        paused: &[],
        denied: &[(&attachment, denied)],
    });
    let said: Vec<_> = found
        .iter()
        .map(|problem| (problem.code, problem.text.as_str()))
        .collect();
    let text = "attachment:2 (Report) was denied something in 3 execution(s), last in run:7: \
        fields.get: field `budget` is not granted";
    assert_eq!(said, [("robot-denied", text)]);
}
