use serde_json::{Value, json};

use super::*;
use crate::fixture::{
    self, FRESH, LOST, MEETING, NEW, OFFER, SALES, TELEGRAM, WON, World, at, attachment, deal,
};
use crate::ids::{AttachmentId, ConversationId, EventId, ItemId, MessageId, StageId};

mod times;
mod triggers;

use triggers::trigger;

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

const RUNS: fn(i64) -> (i64, RunState, Option<Reason>) = |id| (id, RunState::Available, None);

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
