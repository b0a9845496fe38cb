//! The audit finds what it says it finds.

use signalbox_crm::activity::ActivityState;
use signalbox_crm::conversation::Direction;
use signalbox_crm::event::{Event, Fact};
use signalbox_crm::ids::{ActivityId, EventId, PipelineId, RunId, StageId, TimerId};
use signalbox_crm::notification::{HistoryEntry, TimelineEntry};
use signalbox_crm::run::{Attempt, Failures, Reason, Run, RunState, Verdict};
use signalbox_crm::timer::{DeliveryState, Timer, TimerKind};
use signalbox_db::{Batch, Db};

use super::place::Place;
use super::samples::*;
use super::setup::whole;

/// Every kind of id that the samples use, and its mark.
const MARKS: [&str; 19] = [
    "item",
    "contact",
    "activity",
    "conversation",
    "message",
    "notification",
    "timer",
    "delivery",
    "inbound",
    "event",
    "run",
    "employee",
    "pipeline",
    "stage",
    "channel",
    "calendar",
    "attachment",
    "token",
    "bulk",
];

fn entered(id: i64, item: i64) -> Event {
    let fact = Fact::StageEntered {
        pipeline: PipelineId(1),
        stage: StageId(1),
        from: None,
    };
    Event {
        fact,
        item: Some(deal(item)),
        ..event(id)
    }
}

fn history(run: i64, item: i64) -> HistoryEntry {
    HistoryEntry {
        subject: deal(item).to_string(),
        at: at(0),
        actor: "robot".to_owned(),
        run: Some(RunId(run)),
        what: "title".to_owned(),
        before: None,
        after: None,
    }
}

/// Of a person, about the first item.
fn noted(what: &str, after: Option<&str>) -> HistoryEntry {
    HistoryEntry {
        run: None,
        what: what.to_owned(),
        after: after.map(str::to_owned),
        ..history(0, 1)
    }
}

fn done(run: i64, number: u32) -> Attempt {
    let effects =
        r#"[{"effect":"changed"},{"effect":"notified"},{"effect":"replied"},{"effect":"commented"}]"#;
    let summary = String::new();
    Attempt {
        effects: effects.to_owned(),
        ..attempt(run, number, Verdict::Done { summary })
    }
}

/// An item that entered a stage, a completed run of the robot that is attached there, and what the run made.
fn sound() -> Batch {
    let mut batch = batch();
    batch.directory = whole();
    batch.directory_version = 1;
    batch.items_new = vec![item(1)];
    batch.events = vec![entered(1, 1)];
    batch.runs = vec![Run {
        attempt_count: 1,
        failures: Failures::default(),
        ..run(1, RunState::Completed)
    }];
    batch.attempts = vec![done(1, 1)];
    batch.history = vec![history(1, 1), noted("activity-planned", None)];
    batch.activities_new = vec![activity(1, 1, 5)];
    batch.timers = vec![timer(1, 1)];
    batch.conversations_new = vec![conversation(1, "chat")];
    batch.conversations_new[0].message_count = 2;
    batch.messages_new = vec![message(1, 1, 1, "a"), message(2, 1, 2, "b")];
    batch.messages_new[0].direction = Direction::Outbound;
    batch.messages_new[0].run = Some(RunId(1));
    batch.notifications = vec![notification(1, None)];
    batch.notifications[0].run = Some(RunId(1));
    batch.timeline = vec![TimelineEntry {
        item: batch.items_new[0].id,
        at: at(1),
        kind: "comment".to_owned(),
        text: "Comment".to_owned(),
        actor: "robot".to_owned(),
        run: Some(RunId(1)),
    }];
    batch.deliveries = vec![delivery(1)];
    batch.inbound = vec![inbound(1, "1")];
    batch.id_marks = MARKS.map(|kind| (kind, 1000)).to_vec();
    batch
}

fn timer(id: i64, activity: i64) -> Timer {
    Timer {
        id: TimerId(id),
        due_at: at(5),
        kind: TimerKind::Overdue,
        activity: ActivityId(activity),
        item: deal(1),
        deadline_at: at(5),
    }
}

async fn open(place: &Place) -> Db {
    let db = place.open().await;
    db.commit(&sound()).await.unwrap();
    db
}

pub(crate) async fn sound_database_passes_the_audit(place: &Place) {
    let db = open(place).await;
    let mut later = batch();
    later.items_new = vec![item(2)];
    later.events = vec![entered(2, 2)];
    later.runs = vec![run_of(2, 2, RunState::Available)];
    db.commit(&later).await.unwrap();
    for check in db.audit().await.unwrap() {
        assert_eq!(check.examples, Vec::<String>::new(), "{check:?}");
        assert_eq!(check.broken_count, 0, "{check:?}");
        let may_be_idle = [
            "failed-changes-nothing",
            "tagged-notification-once",
            "waits-for-a-run",
            "chain-goes-on",
            "delivered-after-attempt",
            "assignee-in-history",
            "bulk-once",
        ];
        assert!(
            check.checked_count > 0 || may_be_idle.contains(&check.name),
            "{check:?}"
        );
    }
}

/// A run of attachment 1 for this event.
fn run_of(id: i64, event: i64, state: RunState) -> Run {
    Run {
        event: EventId(event),
        attachment: signalbox_crm::ids::AttachmentId(1),
        item: Some(deal(1)),
        ..run(id, state)
    }
}

type Plant = (&'static str, &'static str, fn(&mut Batch));

/// What breaks each promise: the check, the id that it must name, the rows.
const PLANTS: &[Plant] = &[
    ("run-has-event", "run:100", |b| {
        b.runs.push(run_of(100, 999, RunState::Available));
    }),
    ("stage-entry-has-runs", "event:101", |b| {
        b.events.push(entered(101, 1));
    }),
    ("stage-entries-counted", "deal:1", |_| {}),
    ("completed-once", "run:102", |b| {
        b.runs.push(run(102, RunState::Completed));
    }),
    ("completed-once", "run:103", |b| {
        let attempt_count = 2;
        b.runs.push(Run {
            attempt_count,
            ..run(103, RunState::Completed)
        });
        b.attempts.extend([done(103, 1), done(103, 2)]);
    }),
    ("change-once", "run:103", |_| {}),
    ("notification-once", "run:103", |_| {}),
    ("comment-once", "run:103", |_| {}),
    ("reply-once", "run:103", |_| {}),
    ("only-completed-commit", "run:104", |b| {
        b.runs.push(run(104, RunState::Available));
        b.attempts.push(done(104, 1));
    }),
    ("attempts-counted", "run:104", |_| {}),
    ("waits-for-a-run", "run:105", |b| {
        b.runs.push(waiting(105, 999));
    }),
    ("chain-goes-on", "run:106", |b| {
        b.runs.push(waiting(106, 1));
    }),
    ("left-stage-cancels", "run:107", |b| {
        b.items_new.push(item_at(7, 2));
        b.runs.push(Run {
            item: Some(deal(7)),
            ..run(107, RunState::Scheduled)
        });
    }),
    ("run-has-item", "run:108", |b| {
        b.runs.push(Run {
            item: Some(deal(999)),
            ..run(108, RunState::Available)
        });
    }),
    ("event-has-root", "event:109", |b| {
        b.events.push(Event {
            root: EventId(999),
            ..event(109)
        });
    }),
    ("event-has-item", "event:110", |b| {
        b.events.push(Event {
            item: Some(deal(999)),
            ..event(110)
        });
    }),
    ("failed-changes-nothing", "run:111", |b| {
        b.runs.push(run(111, RunState::Discarded));
        let verdict = Verdict::Failed {
            code: "trap".to_owned(),
            message: String::new(),
            retryable: false,
        };
        b.attempts.push(Attempt {
            verdict,
            ..done(111, 1)
        });
    }),
    ("effect-has-commit", "run:112", |b| {
        b.runs.push(run(112, RunState::Discarded));
        b.history.push(history(112, 1));
    }),
    ("change-once", "run:112", |_| {}),
    ("tagged-notification-once", "run:113", |b| {
        let mut stray = notification(113, Some("tag"));
        stray.run = Some(RunId(113));
        b.notifications.push(stray);
    }),
    ("activity-has-item", "activity:114", |b| {
        b.activities_new.push(activity(114, 999, 5));
    }),
    ("timer-has-activity", "timer:115", |b| {
        let mut closed = activity(115, 1, 5);
        closed.state = ActivityState::Completed;
        closed.finished_at = Some(at(1));
        b.activities_new.push(closed);
        b.timers.push(timer(115, 115));
    }),
    ("messages-counted", "conversation:116", |b| {
        let mut missing = conversation(116, "other");
        missing.message_count = 1;
        b.conversations_new.push(missing);
    }),
    ("message-has-conversation", "message:117", |b| {
        b.messages_new.push(message(117, 999, 1, "x"));
    }),
    ("delivery-has-message", "delivery:118", |b| {
        b.deliveries.push(delivery(118));
    }),
    ("delivery-once", "message:1", |b| {
        let mut second = delivery(119);
        second.message = signalbox_crm::ids::MessageId(1);
        b.deliveries.push(second);
    }),
    ("delivered-after-attempt", "delivery:120", |b| {
        let mut unsent = delivery(120);
        unsent.state = DeliveryState::Delivered;
        unsent.finished_at = Some(at(1));
        b.deliveries.push(unsent);
    }),
    ("not-before-due", "run:121", |b| {
        b.runs.push(Run {
            attempt_count: 1,
            due_at: Some(at(99)),
            ..run(121, RunState::Completed)
        });
        b.attempts.push(done(121, 1));
    }),
    ("bulk-once", "deal:1", |b| {
        for id in [122, 123] {
            b.events.push(Event {
                fact: Fact::BulkRun {
                    attachment: signalbox_crm::ids::AttachmentId(1),
                    by: None,
                    bulk: signalbox_crm::ids::BulkId(1),
                },
                item: Some(deal(1)),
                ..event(id)
            });
        }
    }),
    ("moves-in-history", "deal:1", |b| {
        b.history.push(noted("stage", Some("won")));
    }),
    ("versions-counted", "deal:1", |b| {
        for run in [124, 125] {
            b.history.push(HistoryEntry {
                run: Some(RunId(run)),
                ..noted("assignee", None)
            });
        }
    }),
    ("assignee-in-history", "deal:1", |b| {
        b.history.push(HistoryEntry {
            before: Some("employee:999".to_owned()),
            ..noted("assignee", Some("employee:1"))
        });
    }),
    ("activities-in-history", "deal:1", |b| {
        b.activities_new.push(activity(126, 1, 5));
    }),
    ("activity-changes-in-history", "activity:127", |b| {
        let mut closed = activity(127, 1, 5);
        closed.state = ActivityState::Completed;
        closed.finished_at = Some(at(1));
        b.activities_new.push(closed);
    }),
    ("ids-below-marks", "inbound", |b| {
        b.inbound.push(inbound(1001, "above"));
    }),
];

/// What a unique index guards cannot be planted through it.
const GUARDED: [&str; 3] = ["run-once", "conversation-once", "inbound-once"];

fn waiting(id: i64, after: i64) -> Run {
    Run {
        after: Some(RunId(after)),
        reason: Some(Reason::AfterPrevious),
        ..run(id, RunState::Scheduled)
    }
}

fn item_at(number: i64, stage_entry: i64) -> signalbox_crm::item::Item {
    signalbox_crm::item::Item {
        stage_entry,
        ..item(number)
    }
}

/// The page for operators.
const PAGE: &str = include_str!("../../../host/docs/audit.md");

pub(crate) async fn every_check_of_the_audit_is_on_its_page(place: &Place) {
    let db = place.open().await;
    let audited = db.audit().await.unwrap();
    for (number, check) in (1..).zip(&audited) {
        let row = format!("| {number} | `{}` | {} |", check.name, check.promise);
        assert!(PAGE.contains(&row), "host/docs/audit.md does not have: {row}");
    }
    let rows = PAGE
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("| `"));
    assert_eq!(
        rows.count(),
        audited.len(),
        "host/docs/audit.md has checks that are none"
    );
}

pub(crate) async fn audit_names_what_breaks_each_promise(place: &Place) {
    let db = open(place).await;
    let mut planted = Vec::new();
    for (name, id, plant) in PLANTS {
        let mut rows = batch();
        plant(&mut rows);
        db.commit(&rows).await.unwrap();
        let audited = db.audit().await.unwrap();
        let found = audited.iter().find(|check| check.name == *name).expect(name);
        assert!(found.examples.contains(&(*id).to_owned()), "{id}: {found:?}");
        assert!(found.broken_count > 0 && found.checked_count > 0, "{found:?}");
        planted.push(*name);
    }
    planted.extend(GUARDED);
    for check in db.audit().await.unwrap() {
        assert!(planted.contains(&check.name), "nothing breaks {}", check.name);
    }
}
