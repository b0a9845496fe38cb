use super::*;
use crate::attachment::CancelOn;
use crate::fixture::at;
use crate::ids::{AttachmentId, EventId, ItemKind};
use crate::run::{Failures, RunState};

const NOON: &str = "2026-03-02T12:00:00Z";

fn run(id: i64, item: Option<i64>) -> Run {
    Run {
        id: RunId(id),
        event: EventId(1),
        attachment: AttachmentId(1),
        item: item.map(|number| ItemId {
            kind: ItemKind::Deal,
            number,
        }),
        stage_entry: None,
        cancel_on: CancelOn::Never,
        state: RunState::Available,
        reason: None,
        detail: None,
        due_at: None,
        after: None,
        timer_key: None,
        attempt_count: 0,
        failures: Failures::default(),
        created_at: at(NOON),
        finished_at: None,
    }
}

/// Notes a failed attempt for each item; true when the last one opens it, and none before.
fn opens(breaker: &mut Breaker, items: impl IntoIterator<Item = i64>) -> bool {
    let mut has_opened = false;
    for item in items {
        assert!(!has_opened, "opened before item {item}");
        has_opened = breaker.note(&run(item, Some(item)), Outcome::Failed, at(NOON));
    }
    has_opened
}

/// One that has just opened, and may be probed at 12:00:30.
fn open() -> Breaker {
    let mut breaker = Breaker::default();
    assert!(opens(&mut breaker, 1..=16));
    breaker
}

#[test]
fn sixteen_of_twenty_failures_on_five_items_open_it() {
    let mut breaker = open();
    let until = Some(at("2026-03-02T12:00:30Z"));
    assert_eq!(breaker.ask(RunId(99), at(NOON)), until);
    let of_five = (0..16).map(|count| count % 5);
    assert!(opens(&mut Breaker::default(), of_five));
}

#[test]
fn few_bad_items_do_not_open_it_however_often_they_are_tried() {
    let of_four = (0..200).map(|count| count % 4);
    assert!(!opens(&mut Breaker::default(), of_four));
}

#[test]
fn robot_that_does_a_quarter_of_its_work_goes_on() {
    let mut breaker = Breaker::default();
    for id in 0..200 {
        let outcome = match id % 4 {
            0 => Outcome::Worked,
            _ => Outcome::Failed,
        };
        assert!(!breaker.note(&run(id, Some(id)), outcome, at(NOON)));
    }
    assert_eq!(breaker.ask(RunId(99), at(NOON)), None);
}

#[test]
fn runs_without_an_item_count_one_by_one() {
    let mut breaker = Breaker::default();
    let mut noted = |id| breaker.note(&run(id, None), Outcome::Failed, at(NOON));
    assert!((1..16).all(|id| !noted(id)) && noted(16));
}

#[test]
fn refusals_of_rules_and_failures_of_the_host_count_for_nothing() {
    let of = |code: &str| {
        Outcome::from(&Verdict::Failed {
            code: code.to_owned(),
            message: String::new(),
            retryable: true,
        })
    };
    for code in [
        "denied",
        "no-candidate",
        "window-closed",
        "required-fields",
        "conflict",
        "host",
        "broken",
    ] {
        assert_eq!(of(code), Outcome::Neither, "{code}");
    }
    for code in ["trap", "panic", "limit.cpu", "limit.calls", "no-luck"] {
        assert_eq!(of(code), Outcome::Failed, "{code}");
    }
    let mut breaker = Breaker::default();
    for id in 0..100 {
        assert!(!breaker.note(&run(id, Some(id)), Outcome::Neither, at(NOON)));
    }
}

#[test]
fn one_probe_after_the_pause_and_the_others_ask_again() {
    let mut breaker = open();
    let due = at("2026-03-02T12:00:30Z");
    assert_eq!(breaker.ask(RunId(1), due), None);
    let soon = due.plus(PROBE_WAIT);
    assert_eq!(breaker.ask(RunId(2), due), soon);
    assert_eq!(
        breaker.ask(RunId(1), due),
        None,
        "after a conflict it starts again"
    );
    // An attempt that began before the pause.
    assert!(!breaker.note(&run(3, Some(3)), Outcome::Worked, due));
    assert!(breaker.note(&run(1, Some(1)), Outcome::Worked, due));
    assert_eq!((breaker.pause(), breaker.ask(RunId(2), due)), (None, None));
    assert!(!opens(&mut breaker, 1..=15), "the count begins anew");
}

#[test]
fn pause_doubles_with_each_failed_probe_up_to_an_hour() {
    let mut breaker = open();
    let mut seconds = Vec::new();
    for _ in 0..9 {
        let now = breaker.pause().expect("open").probe_at;
        assert_eq!(breaker.ask(RunId(1), now), None);
        assert!(breaker.note(&run(1, Some(1)), Outcome::Failed, now));
        seconds.push(breaker.pause().expect("open").probe_at.since(now).as_secs());
    }
    assert_eq!(seconds, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]);
    let pause = breaker.pause().expect("open");
    assert_eq!((pause.since, pause.failed_probe_count), (at(NOON), 9));
}

#[test]
fn probe_that_says_nothing_makes_room_for_the_next() {
    let mut breaker = open();
    let due = at("2026-03-02T12:00:30Z");
    assert_eq!(breaker.ask(RunId(1), due), None);
    assert!(!breaker.note(&run(1, Some(1)), Outcome::Neither, due));
    assert_eq!(breaker.ask(RunId(2), due), None);
    breaker.left(RunId(1));
    assert!(breaker.ask(RunId(3), due).is_some());
    breaker.left(RunId(2));
    assert_eq!(breaker.ask(RunId(3), due), None);
}

#[test]
fn pause_is_the_same_after_a_restart_and_ends_by_hand() {
    let pause = open().pause().expect("open");
    let stored = serde_json::to_string(&pause).expect("plain values");
    let mut breaker = Breaker::new(
        Limits::DEFAULT,
        serde_json::from_str(&stored).expect("as written"),
    );
    assert_eq!(breaker.ask(RunId(1), at(NOON)), Some(pause.probe_at));
    assert!(breaker.close());
    assert_eq!(breaker.ask(RunId(1), at(NOON)), None);
    assert!(!breaker.close());
}

#[test]
fn a_probe_that_fails_is_asked_for_by_few_however_many_wait() {
    let pause = Pause {
        since: at(NOON),
        probe_at: at("2026-03-02T12:00:30Z"),
        failed_probe_count: 0,
    };
    let mut breaker = Breaker::new(Limits::DEFAULT, Some(pause));
    let told = |breaker: &mut Breaker, now: Timestamp, near: Timestamp| {
        let answers: Vec<_> = (100..1_100)
            .filter_map(|id| breaker.ask(RunId(id), now))
            .collect();
        let near_count = answers.iter().filter(|until| **until == near).count();
        let far = now.plus(PAUSE.max).expect("a time");
        let far_count = answers.iter().filter(|until| **until == far).count();
        (near_count, far_count)
    };
    assert_eq!(told(&mut breaker, at(NOON), pause.probe_at), (16, 984));
    assert_eq!(breaker.ask(RunId(1), pause.probe_at), None);
    let soon = pause.probe_at.plus(PROBE_WAIT).expect("a time");
    assert_eq!(told(&mut breaker, pause.probe_at, soon), (16, 984));
    assert!(breaker.note(&run(1, Some(1)), Outcome::Failed, pause.probe_at));
    let next = breaker.pause().expect("a pause").probe_at;
    assert_eq!(told(&mut breaker, pause.probe_at, next), (16, 984));
}
