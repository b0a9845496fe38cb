//! Triggers: robots of a stage that move an item there.

use super::*;

pub(super) fn trigger(id: i64, to: StageId) -> Attachment {
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
