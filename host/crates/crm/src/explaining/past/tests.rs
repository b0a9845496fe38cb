use expect_test::{Expect, expect};

use super::*;
use crate::attachment::CancelOn;
use crate::fixture::{NEW, OFFER, SALES, World, at, attachment, deal, event};
use crate::ids::{AttachmentId, ItemId};
use crate::run::{Failures, Reason, Verdict};

const MORNING: &str = "2026-03-02T08:00:00Z";
const NOON: &str = "2026-03-02T12:00:00Z";
const LATER: &str = "2026-03-02T13:00:00Z";

/// An entry into a stage.
fn entered(number: i64, stage: StageId, when: &str) -> Event {
    let fact = Fact::StageEntered {
        pipeline: SALES,
        stage,
        from: None,
    };
    Event {
        id: EventId(number),
        at: at(when),
        ..event(fact, Some(&deal()))
    }
}

fn run(event: &Event, state: RunState, reason: Option<Reason>) -> PastRun {
    let run = Run {
        id: RunId(event.id.0 + 100),
        event: event.id,
        attachment: AttachmentId(1),
        item: Some(deal().id),
        stage_entry: Some(1),
        cancel_on: CancelOn::LeaveStage,
        state,
        reason,
        detail: None,
        due_at: Some(at(LATER)),
        after: None,
        timer_key: None,
        attempt_count: 0,
        failures: Failures::default(),
        created_at: event.at,
        finished_at: state.is_final().then(|| at(LATER)),
    };
    PastRun {
        run,
        event: event.clone(),
        last: None,
        is_running: false,
        waits: None,
        denied: Vec::new(),
    }
}

fn attempted(mut found: PastRun, verdict: Verdict) -> PastRun {
    found.run.attempt_count = 2;
    found.last = Some(Attempt {
        run: found.run.id,
        number: 2,
        robot: "notify@1.0.0".to_owned(),
        digest: "d-notify".to_owned(),
        verdict,
        started_at: at(NOON),
        ended_at: at(NOON),
        duration_us: 1,
        fuel: 1,
        memory_bytes: 1,
        calls: "[]".to_owned(),
        effects: "[]".to_owned(),
        logs: "[]".to_owned(),
    });
    found
}

fn moved(when: &str) -> HistoryEntry {
    HistoryEntry {
        subject: ItemId::to_string(&deal().id),
        at: at(when),
        actor: "employee:1".to_owned(),
        run: None,
        what: "stage".to_owned(),
        before: Some("new".to_owned()),
        after: Some("offer".to_owned()),
    }
}

fn check(
    change: impl Fn(&mut Attachment),
    more: impl FnOnce(&mut Past<'_>, &dyn Fn(&Past<'_>)),
    expected: Expect,
) {
    let mut world = World::new();
    let mut attachment = attachment(1);
    change(&mut attachment);
    world.attach(attachment.clone());
    let item = deal();
    let mut past = Past {
        directory: &world.directory,
        attachment: &attachment,
        attached_at: Some(at(MORNING)),
        switches: &[],
        item: &item,
        events: &[],
        moves: &[],
        runs: &[],
        pause_until: None,
        now: at(LATER),
    };
    more(&mut past, &|past| {
        let standing = standing(past);
        let state = serde_json::to_value(standing.state).expect("a word");
        let mut text = format!(
            "{} {}\n",
            state.as_str().unwrap_or_default(),
            standing.because.code.as_str()
        );
        for point in explain(past) {
            text.push_str(&format!(
                "{:?} {}: {}\n",
                point.bearing,
                point.code.as_str(),
                point.text
            ));
        }
        expected.assert_eq(&text);
    });
}

#[test]
fn an_item_that_was_there_before_the_robot_was_attached() {
    let events = [entered(1, NEW, "2026-03-02T07:00:00Z")];
    check(
        |_| {},
        |past, see| {
            see(&Past {
                events: &events,
                ..*past
            })
        },
        expect![[r#"
            did-not-start before-attached
            For attachment-on: attachment:1 is switched on
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T07:00:00Z
            Against before-attached: deal:7 was there before the robot was attached (2026-03-02T08:00:00Z): robots do not start for what has been
        "#]],
    );
}

#[test]
fn an_item_that_is_elsewhere_has_never_entered() {
    let events = [entered(1, NEW, NOON)];
    check(
        |attachment| attachment.moment = Moment::Stage { stage: OFFER },
        |past, see| {
            see(&Past {
                events: &events,
                ..*past
            })
        },
        expect![[r#"
            did-not-start never-entered
            For attachment-on: attachment:1 is switched on
            Against never-entered: deal:7 has not entered stage `offer`: it stands in stage `new`
        "#]],
    );
}

#[test]
fn a_switch_that_was_off_then_is_told() {
    let events = [entered(1, NEW, NOON)];
    let switches = [
        Switched {
            at: at("2026-03-02T11:00:00Z"),
            is_on: false,
        },
        Switched {
            at: at("2026-03-02T12:30:00Z"),
            is_on: true,
        },
    ];
    check(
        |_| {},
        |past, see| {
            see(&Past {
                events: &events,
                switches: &switches,
                ..*past
            })
        },
        expect![[r#"
            did-not-start was-off
            For attachment-on: attachment:1 is switched on
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T12:00:00Z
            Against was-off: attachment:1 was switched off then
        "#]],
    );
    check(
        |attachment| {
            attachment.is_enabled = false;
            attachment.digest = "gone".to_owned();
        },
        |past, see| {
            see(&Past {
                events: &events,
                ..*past
            })
        },
        expect![[r#"
            did-not-start was-off
            Against attachment-off: attachment:1 is switched off
            Against robot-missing: robot `notify` (gone) is not installed
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T12:00:00Z
            Against was-off: attachment:1 was switched off then
        "#]],
    );
}

#[test]
fn a_run_that_was_cancelled_says_who_moved_the_item() {
    let events = [entered(1, NEW, NOON)];
    let runs = [run(&events[0], RunState::Cancelled, Some(Reason::LeftStage))];
    let moves = [moved("2026-03-02T13:30:00Z"), moved(LATER), moved(MORNING)];
    check(
        |_| {},
        |past, see| {
            see(&Past {
                events: &events,
                runs: &runs,
                moves: &moves,
                ..*past
            })
        },
        expect![[r#"
            did-not-start run-cancelled
            For attachment-on: attachment:1 is switched on
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T12:00:00Z
            Against run-cancelled: run:101 was cancelled at 2026-03-02T13:00:00Z (left-stage): employee:1 moved deal:7 from `new` to `offer`
        "#]],
    );
}

#[test]
fn each_entry_has_its_run_and_the_newest_counts() {
    let events = [entered(2, NEW, "2026-03-02T12:30:00Z"), entered(1, NEW, NOON)];
    let mut waits = run(&events[0], RunState::Scheduled, Some(Reason::AfterPrevious));
    waits.run.after = Some(RunId(7));
    waits.run.due_at = None;
    let done = attempted(
        run(&events[1], RunState::Completed, None),
        Verdict::Done {
            summary: "told Anna".to_owned(),
        },
    );
    let runs = [waits, done];
    check(
        |_| {},
        |past, see| {
            see(&Past {
                events: &events,
                runs: &runs,
                ..*past
            })
        },
        expect![[r#"
            waits run-waits
            For attachment-on: attachment:1 is switched on
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T12:00:00Z
            For run-completed: run:101 did its work at 2026-03-02T13:00:00Z: told Anna
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T12:30:00Z
            Waits run-waits: run:102 waits for run:7
        "#]],
    );
}

#[test]
fn failures_are_told_with_their_codes() {
    let events = [
        entered(3, NEW, NOON),
        entered(2, NEW, NOON),
        entered(1, NEW, NOON),
    ];
    let trap = || Verdict::Failed {
        code: "trap".to_owned(),
        message: "unreachable".to_owned(),
        retryable: true,
    };
    let mut denied = attempted(run(&events[2], RunState::Discarded, Some(Reason::Denied)), trap());
    denied.denied.push("notifications.send: no grant".to_owned());
    let mut looped = run(&events[1], RunState::Discarded, Some(Reason::LoopStopped));
    looped.run.detail = Some("limit on depth; in the chain: attachment:1".to_owned());
    let tried = attempted(run(&events[0], RunState::Retryable, Some(Reason::Failed)), trap());
    let runs = [tried, looped, denied];
    check(
        |_| {},
        |past, see| {
            see(&Past {
                events: &events,
                runs: &runs,
                ..*past
            })
        },
        expect![[r#"
            waits run-failed
            For attachment-on: attachment:1 is switched on
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T12:00:00Z
            Against run-discarded: run:101 was given up at 2026-03-02T13:00:00Z (denied): trap: unreachable
            Against run-denied: run:101 was denied notifications.send: no grant
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T12:00:00Z
            Against run-discarded: run:102 was given up at 2026-03-02T13:00:00Z (loop-stopped): limit on depth; in the chain: attachment:1
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T12:00:00Z
            Waits run-failed: run:103 failed (trap: unreachable) and is tried again at 2026-03-02T13:00:00Z
        "#]],
    );
    let newest_is_given_up = [runs[2].clone()];
    check(
        |_| {},
        |past, see| {
            see(&Past {
                events: &events[2..],
                runs: &newest_is_given_up,
                ..*past
            });
        },
        expect![[r#"
            failed run-discarded
            For attachment-on: attachment:1 is switched on
            For entered-stage: deal:7 entered stage `new` at 2026-03-02T12:00:00Z
            Against run-discarded: run:101 was given up at 2026-03-02T13:00:00Z (denied): trap: unreachable
            Against run-denied: run:101 was denied notifications.send: no grant
        "#]],
    );
}

#[test]
fn events_that_the_filter_stops_or_that_never_came() {
    let to_item_changed = |attachment: &mut Attachment| {
        attachment.moment = Moment::Event {
            event: FactKind::ItemChanged,
            pipeline: None,
            stage: None,
            channel: None,
            fields: vec!["amount".to_owned()],
        };
    };
    check(
        to_item_changed,
        |past, see| see(past),
        expect![[r#"
        did-not-start event-never-happened
        For attachment-on: attachment:1 is switched on
        Against event-never-happened: no `item-changed` has happened to deal:7
    "#]],
    );
    let changed = |fields: &[&str]| {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        event(Fact::ItemChanged { fields }, Some(&deal()))
    };
    let events = [changed(&["title"])];
    check(
        to_item_changed,
        |past, see| {
            see(&Past {
                events: &events,
                ..*past
            })
        },
        expect![[r#"
            did-not-start moment-does-not-fit
            For attachment-on: attachment:1 is switched on
            Against moment-does-not-fit: its filter does not let `item-changed` of deal:7 through
        "#]],
    );
    let events = [changed(&["amount"])];
    let mut ready = run(&events[0], RunState::Available, None);
    ready.waits = Some("2 before it for deal:7".to_owned());
    let runs = [ready];
    check(
        to_item_changed,
        |past, see| {
            see(&Past {
                events: &events,
                runs: &runs,
                ..*past
            })
        },
        expect![[r#"
            waits run-ready
            For attachment-on: attachment:1 is switched on
            For event-happened: `item-changed` happened to deal:7 at 2026-03-02T11:20:00Z
            Waits run-ready: run:150 may start: 2 before it for deal:7
        "#]],
    );
}

#[test]
fn robots_without_a_moment_of_the_item_say_what_starts_them() {
    check(
        |attachment| attachment.moment = Moment::Manual,
        |past, see| see(past),
        expect![[r#"
            did-not-start by-hand
            For attachment-on: attachment:1 is switched on
            Against by-hand: it starts only by hand, and nobody has started it
        "#]],
    );
    let by_hand = event(
        Fact::ManualRun {
            attachment: AttachmentId(1),
            by: None,
        },
        Some(&deal()),
    );
    let runs = [run(&by_hand, RunState::Cancelled, Some(Reason::ConditionFalse))];
    check(
        |attachment| attachment.moment = Moment::Manual,
        |past, see| see(&Past { runs: &runs, ..*past }),
        expect![[r#"
            did-not-start run-cancelled
            For attachment-on: attachment:1 is switched on
            For event-happened: `manual-run` happened to deal:7 at 2026-03-02T11:20:00Z
            Against run-cancelled: run:150 was cancelled at 2026-03-02T13:00:00Z (condition-false)
        "#]],
    );
}
