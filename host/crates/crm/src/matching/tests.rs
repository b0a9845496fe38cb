use serde_json::{Value, json};

use super::*;
use crate::fixture::{
    self, FRESH, LOST, MEETING, NEW, OFFER, SALES, TELEGRAM, WON, World, at, attachment, deal,
};
use crate::ids::{AttachmentId, ConversationId, EventId, ItemId, MessageId, StageId};

fn runs(world: &World, event: &Event, item: Option<&Item>) -> Vec<Run> {
    let mut guard = LoopGuard::default();
    runs_with(world, &mut guard, event, item)
}

fn runs_with(world: &World, guard: &mut LoopGuard, event: &Event, item: Option<&Item>) -> Vec<Run> {
    let mut matcher = Matcher {
        directory: &world.directory,
        now: world.now,
        new_id: world.new_id(),
        guard,
    };
    matcher.runs_for(event, item)
}

fn entered(stage: StageId) -> Event {
    let fact = Fact::StageEntered {
        pipeline: SALES,
        stage,
        from: None,
    };
    fixture::event(fact, Some(&deal()))
}

/// The only run when a deal enters the first stage.
fn only(attachment: Attachment, item: &Item) -> Run {
    let mut world = World::new();
    world.attach(attachment);
    let mut runs = runs(&world, &entered(NEW), Some(item));
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn timed(value: Value) -> Attachment {
    Attachment {
        timing: serde_json::from_value(value).expect("a timing"),
        ..attachment(1)
    }
}

fn on_event(id: i64, moment: Value) -> Attachment {
    Attachment {
        moment: serde_json::from_value(moment).expect("a moment"),
        ..attachment(id)
    }
}

fn short(runs: &[Run]) -> Vec<(i64, RunState, Option<Reason>)> {
    runs.iter()
        .map(|run| (run.attachment.0, run.state, run.reason))
        .collect()
}

#[test]
fn a_jump_over_stages_starts_the_robots_of_the_target_only() {
    let mut world = World::new();
    for (id, stage) in [(1, NEW), (2, MEETING), (3, OFFER), (4, WON)] {
        world.attach(Attachment {
            moment: Moment::Stage { stage },
            ..attachment(id)
        });
    }
    let item = Item {
        stage: WON,
        stage_entry: 2,
        ..deal()
    };
    let runs = runs(&world, &entered(WON), Some(&item));
    assert_eq!(short(&runs), [(4, RunState::Available, None)]);
    assert_eq!((runs[0].stage_entry, runs[0].due_at), (Some(2), Some(world.now)));
}

#[test]
fn runs_come_in_list_order_and_one_that_is_off_does_not_come() {
    let mut world = World::new();
    for (id, sort) in [(1, 30), (2, 10), (3, 20)] {
        world.attach(Attachment {
            sort,
            ..attachment(id)
        });
    }
    world.attach(Attachment {
        is_enabled: false,
        ..attachment(4)
    });
    let ids: Vec<_> = runs(&world, &entered(NEW), Some(&deal()))
        .iter()
        .map(|r| r.attachment.0)
        .collect();
    assert_eq!(ids, [2, 3, 1]);
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

fn trigger(id: i64, to: StageId) -> Attachment {
    Attachment {
        robot: MOVE_STAGE.to_owned(),
        digest: "d-move".to_owned(),
        params: fixture::params(json!({"stage": to.to_string()})),
        ..on_event(id, json!({"kind": "event", "event": "item-created"}))
    }
}

fn created(triggers: Vec<Attachment>, item: &Item) -> Vec<Run> {
    let mut world = World::new();
    triggers.into_iter().for_each(|t| world.attach(t));
    runs(
        &world,
        &fixture::event(Fact::ItemCreated { source: None }, Some(item)),
        Some(item),
    )
}

const LOST_TO_EARLIER: (i64, RunState, Option<Reason>) =
    (1, RunState::Cancelled, Some(Reason::EarlierStageWins));
const RUNS: fn(i64) -> (i64, RunState, Option<Reason>) = |id| (id, RunState::Available, None);

#[test]
fn of_two_triggers_the_earlier_stage_wins() {
    let runs = created(vec![trigger(1, OFFER), trigger(2, MEETING)], &deal());
    assert_eq!(short(&runs), [LOST_TO_EARLIER, RUNS(2)]);
    let why = "stage `offer` comes after `meeting`, to which attachment:2 moves";
    assert_eq!(runs[0].detail.as_deref(), Some(why));
}

#[test]
fn a_trigger_that_cannot_move_the_item_beats_nobody() {
    let test = json!({"any": [[{"field": "source", "op": "eq", "value": "site"}]]});
    let condition: crate::condition::Condition = serde_json::from_value(test).expect("a condition");
    for loser in [
        Attachment {
            condition,
            ..trigger(2, MEETING)
        },
        Attachment {
            digest: "d-gone".to_owned(),
            ..trigger(2, MEETING)
        },
        trigger(2, NEW),
        trigger(2, FRESH),
        trigger(2, StageId(99)),
    ] {
        let runs = created(vec![trigger(1, OFFER), loser], &deal());
        assert_eq!(short(&runs)[0], RUNS(1));
    }
    let item = Item {
        stage: MEETING,
        ..deal()
    };
    let runs = created(vec![trigger(1, OFFER), trigger(2, NEW)], &item);
    assert_eq!(
        short(&runs),
        [RUNS(1), RUNS(2)],
        "the one that lies behind is refused by its own move"
    );
    let mut back = trigger(2, NEW);
    back.params.insert("allow-back".to_owned(), json!(true));
    assert_eq!(
        short(&created(vec![trigger(1, OFFER), back], &item)),
        [LOST_TO_EARLIER, RUNS(2)]
    );
}

#[test]
fn robots_of_a_stage_that_move_the_item_are_no_triggers() {
    let mut world = World::new();
    for (id, to) in [(1, OFFER), (2, MEETING)] {
        world.attach(Attachment {
            moment: Moment::Stage { stage: NEW },
            ..trigger(id, to)
        });
    }
    assert_eq!(
        short(&runs(&world, &entered(NEW), Some(&deal()))),
        [RUNS(1), RUNS(2)]
    );
}

#[test]
fn filters_look_at_the_item_the_channel_and_the_changed_fields() {
    let message = Fact::MessageReceived {
        conversation: ConversationId(1),
        message: MessageId(1),
        channel: TELEGRAM,
        contact: None,
        text: String::new(),
        is_first: true,
        sent_at: at(fixture::NOW),
    };
    let changed = Fact::ItemChanged {
        fields: vec!["amount".to_owned()],
    };
    for (moment, fact, matches) in [
        (json!({"event": "message-received"}), &message, true),
        (json!({"event": "message-edited"}), &message, false),
        (
            json!({"event": "message-received", "channel": "channel:1"}),
            &message,
            true,
        ),
        (
            json!({"event": "message-received", "channel": "channel:2"}),
            &message,
            false,
        ),
        (
            json!({"event": "message-received", "pipeline": "pipeline:1", "stage": "stage:1"}),
            &message,
            true,
        ),
        (
            json!({"event": "message-received", "pipeline": "pipeline:2"}),
            &message,
            false,
        ),
        (json!({"event": "item-changed"}), &changed, true),
        (
            json!({"event": "item-changed", "fields": ["note", "amount"]}),
            &changed,
            true,
        ),
        (
            json!({"event": "item-changed", "fields": ["note"]}),
            &changed,
            false,
        ),
        (
            json!({"event": "item-changed", "stage": "stage:5"}),
            &changed,
            false,
        ),
    ] {
        let mut world = World::new();
        let mut whole = moment.clone();
        whole["kind"] = json!("event");
        world.attach(on_event(1, whole));
        let event = fixture::event(fact.clone(), Some(&deal()));
        assert_eq!(
            runs(&world, &event, Some(&deal())).len(),
            usize::from(matches),
            "{moment}"
        );
    }
}

#[test]
fn an_event_without_an_item_starts_a_run_that_nothing_cancels() {
    let mut world = World::new();
    world.attach(on_event(1, json!({"kind": "event", "event": "delivery-failed"})));
    let fact = Fact::DeliveryFailed {
        delivery: crate::ids::DeliveryId(1),
        error: "x".to_owned(),
    };
    let runs = runs(&world, &fixture::event(fact, None), None);
    assert_eq!(
        (runs[0].item, runs[0].stage_entry, runs[0].cancel_on),
        (None, None, CancelOn::Never)
    );
}

#[test]
fn wake_ups_and_starts_by_hand_start_their_attachment_at_once() {
    let mut world = World::new();
    world.attach(timed(json!({"kind": "delay", "seconds": 3600})));
    world.attach(Attachment {
        is_enabled: false,
        ..attachment(2)
    });
    let woken = |id| Fact::TimerFired {
        attachment: AttachmentId(id),
        key: "k".to_owned(),
        payload: String::new(),
        due_at: at(fixture::NOW),
    };
    let by_hand = Fact::ManualRun {
        attachment: AttachmentId(1),
        by: None,
    };
    for (fact, expected) in [
        (woken(1), vec![RUNS(1)]),
        (by_hand, vec![RUNS(1)]),
        (
            woken(2),
            vec![(2, RunState::Cancelled, Some(Reason::AttachmentOff))],
        ),
        (woken(9), vec![]),
    ] {
        let event = fixture::event(fact, Some(&deal()));
        assert_eq!(short(&runs(&world, &event, Some(&deal()))), expected);
    }
}

#[test]
fn robots_that_start_each_other_are_stopped_and_both_are_named() {
    let mut world = World::new();
    let mover = |id, stage, to| Attachment {
        moment: Moment::Stage { stage },
        ..trigger(id, to)
    };
    world.attach(mover(1, NEW, MEETING));
    world.attach(mover(2, MEETING, NEW));
    let mut guard = LoopGuard::default();
    let stopped = (0..20).find_map(|depth| {
        let stage = if depth % 2 == 0 { NEW } else { MEETING };
        let event = Event {
            id: EventId(50 + i64::from(depth)),
            depth,
            ..entered(stage)
        };
        let runs = runs_with(&world, &mut guard, &event, Some(&deal()));
        runs.into_iter().find(|run| run.state == RunState::Discarded)
    });
    let stopped = stopped.expect("stopped");
    assert_eq!(
        (stopped.reason, stopped.finished_at),
        (Some(Reason::LoopStopped), Some(world.now))
    );
    let names = "in the chain: attachment:1 (move-stage: A1), attachment:2 (move-stage: A2)";
    let detail = stopped.detail.expect("names");
    assert!(detail.ends_with(names), "{detail}");
}

#[test]
fn the_lost_stage_is_a_stage_like_any_other() {
    let mut world = World::new();
    world.attach(Attachment {
        moment: Moment::Stage { stage: LOST },
        ..attachment(1)
    });
    assert_eq!(runs(&world, &entered(LOST), Some(&deal())).len(), 1);
}
