//! When runs start: schedules, delays, dates and chains.

use super::*;

/// The only run when a deal enters the first stage.
fn only(attachment: Attachment, item: &Item) -> Run {
    let mut world = World::new();
    world.attach(attachment);
    let mut runs = runs(&world, &entered(NEW), Some(item));
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

#[test]
fn runs_of_a_tick_are_spread_over_the_time_that_the_schedule_names() {
    let every_day = |spread_s: u32| {
        let items = json!({"pipeline": SALES, "spread-s": spread_s});
        on_event(
            1,
            json!({"kind": "schedule", "cron": "0 9 * * *", "zone": "UTC", "items": items}),
        )
    };
    let tick = |attachment: Attachment, number: i64| {
        let mut world = World::new();
        let fact = Fact::ScheduleTicked {
            attachment: attachment.id,
            due_at: world.now,
        };
        world.attach(attachment);
        let item = Item {
            id: ItemId { number, ..deal().id },
            ..deal()
        };
        let run = runs(&world, &fixture::event(fact, Some(&item)), Some(&item)).remove(0);
        (run.state, run.due_at.expect("a time").since(world.now))
    };
    assert_eq!(tick(every_day(0), 1), (RunState::Available, Duration::ZERO));
    let spread: Vec<_> = (1..=50).map(|number| tick(every_day(600), number)).collect();
    assert!(
        spread
            .iter()
            .all(|(state, after)| *state == RunState::Scheduled && *after <= Duration::from_secs(600))
    );
    let late = spread
        .iter()
        .filter(|(_, after)| *after > Duration::from_secs(300));
    assert!((15..35).contains(&late.count()), "{spread:?}");
    assert_eq!(tick(every_day(600), 7), spread[6]);
    // A delay counts as well.
    let delayed = Attachment {
        timing: Timing::Delay {
            seconds: 60,
            working: false,
        },
        ..every_day(600)
    };
    assert_eq!(tick(delayed, 7).1, spread[6].1 + Duration::from_secs(60));
}

#[test]
fn a_delay_counts_working_time_where_it_should() {
    let plain = only(timed(json!({"kind": "delay", "seconds": 4 * 3600})), &deal());
    assert_eq!(
        (plain.state, plain.reason),
        (RunState::Scheduled, Some(Reason::Delay))
    );
    assert_eq!(plain.due_at, Some(at("2026-03-02T15:20:00Z")));
    let working = only(
        timed(json!({"kind": "delay", "seconds": 4 * 3600, "working": true})),
        &deal(),
    );
    assert_eq!(
        working.due_at,
        Some(at("2026-03-03T06:20:00Z")),
        "3:40 today, 0:20 tomorrow after 9:00"
    );
}

#[test]
fn a_date_field_gives_the_instant_and_an_empty_one_is_a_visible_wait() {
    let relative = timed(json!({"kind": "relative", "field": "meeting-at", "offset-s": -3600}));
    let mut item = deal();
    let waiting = only(relative.clone(), &item);
    assert_eq!(
        (waiting.state, waiting.reason, waiting.due_at),
        (RunState::Scheduled, Some(Reason::WaitingForField), None)
    );
    item.fields.insert(
        "meeting-at".to_owned(),
        FieldValue::Instant(at("2026-03-04T09:00:00Z")),
    );
    assert_eq!(only(relative, &item).due_at, Some(at("2026-03-04T08:00:00Z")));
}

#[test]
fn an_instant_that_has_passed_runs_now_or_is_skipped_with_the_instant() {
    let passed = timed(json!({"kind": "at", "at": "2026-03-01T09:00:00Z"}));
    let now = only(passed.clone(), &deal());
    assert_eq!(
        (now.state, now.due_at),
        (RunState::Available, Some(at(fixture::NOW)))
    );
    let skipped = only(
        Attachment {
            missed: Missed::Skip,
            ..passed
        },
        &deal(),
    );
    assert_eq!(
        (skipped.state, skipped.reason),
        (RunState::Cancelled, Some(Reason::Missed))
    );
    assert_eq!(
        skipped.detail.as_deref(),
        Some("it was due at 2026-03-01T09:00:00Z")
    );
}

#[test]
fn a_chain_waits_for_the_one_before() {
    let mut world = World::new();
    for id in 1..=3 {
        let mode = if id == 1 {
            Mode::Parallel
        } else {
            Mode::AfterPrevious
        };
        world.attach(Attachment {
            mode,
            ..attachment(id)
        });
    }
    let runs = runs(&world, &entered(NEW), Some(&deal()));
    assert_eq!((runs[0].state, runs[0].after), (RunState::Available, None));
    for (before, run) in runs.iter().zip(&runs[1..]) {
        assert_eq!(
            (run.state, run.reason),
            (RunState::Scheduled, Some(Reason::AfterPrevious))
        );
        assert_eq!((run.after, run.due_at), (Some(before.id), None));
    }
}

#[test]
fn a_chain_passes_over_what_was_skipped_and_stops_at_what_is_broken() {
    let chain = |first: Attachment| {
        let mut world = World::new();
        world.attach(first);
        for id in [2, 3] {
            world.attach(Attachment {
                mode: Mode::AfterPrevious,
                ..attachment(id)
            });
        }
        runs(&world, &entered(NEW), Some(&deal()))
    };
    let missed = Attachment {
        missed: Missed::Skip,
        ..timed(json!({"kind": "at", "at": "2026-03-01T09:00:00Z"}))
    };
    let after = chain(missed);
    assert_eq!(
        (after[1].state, after[2].after),
        (RunState::Available, Some(after[1].id))
    );
    let broken = Attachment {
        digest: "d-gone".to_owned(),
        ..attachment(1)
    };
    let after = chain(broken.clone());
    assert_eq!(after[0].reason, Some(Reason::Broken));
    assert_eq!(
        after[0].detail.as_deref(),
        Some("robot `notify` (d-gone) is not installed")
    );
    assert_eq!(
        (after[1].reason, after[2].reason),
        (Some(Reason::ChainStopped), Some(Reason::ChainStopped))
    );
    let after = chain(Attachment {
        on_error: OnError::Continue,
        ..broken
    });
    assert_eq!(after[1].state, RunState::Available);
}
