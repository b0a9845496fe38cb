use super::*;
use crate::directory::DirectoryChange;
use crate::fixture::{
    ANNA, BORIS, FRESH, GLEB, INTAKE, LOST, MEETING, NEW, OFFER, SALES, WON, World, at, deal, pipeline, stage,
};
use crate::ids::ItemKind;

const BACK: Reach = Reach {
    back: true,
    across: false,
};
const ACROSS: Reach = Reach {
    back: false,
    across: true,
};

fn standing_in(stage: StageId) -> Item {
    Item { stage, ..deal() }
}

fn go(world: &World, item: Item, to: StageId, reach: Reach) -> Result<(Moved, ChangeSet), Rejection> {
    let mut changes = ChangeSet::default();
    let moved = move_item(&world.rules(), &mut changes, item, to, reach)?;
    Ok((moved, changes))
}

fn refused(world: &World, item: Item, to: StageId, reach: Reach) -> (Code, String, Vec<String>) {
    let rejection = go(world, item, to, reach).expect_err("a refusal");
    (rejection.code, rejection.message.english(), rejection.fields)
}

#[test]
fn a_move_is_a_new_entry_with_its_event_and_history() {
    let world = World::new();
    let mut item = deal();
    item.fields
        .insert("meeting-at".to_owned(), FieldValue::Instant(world.now));
    let (moved, changes) = go(&world, item, MEETING, Reach::default()).expect("a move");
    let row = &changes.items[&7].row;
    assert_eq!(moved, Moved::Moved);
    assert_eq!(
        (row.stage, row.stage_entry, row.stage_entered_at),
        (MEETING, 2, world.now)
    );
    assert_eq!((row.version, changes.items[&7].base), (4, Some(3)));
    let fact = Fact::StageEntered {
        pipeline: SALES,
        stage: MEETING,
        from: Some(NEW),
    };
    assert_eq!(
        changes.facts.iter().map(|f| f.fact.clone()).collect::<Vec<_>>(),
        [fact]
    );
    let note = &changes.history[0];
    assert_eq!((note.actor.as_str(), note.what.as_str()), ("employee:1", "stage"));
    assert_eq!(
        (note.before.as_deref(), note.after.as_deref()),
        (Some("new"), Some("meeting"))
    );
}

#[test]
fn a_move_to_the_present_stage_changes_nothing() {
    let world = World::new();
    let (moved, changes) = go(&world, deal(), NEW, Reach::default()).expect("no move");
    assert_eq!((moved, changes), (Moved::AlreadyThere, ChangeSet::default()));
}

/// Rows 71 and 75 of the requirements trace.
#[test]
fn a_stage_whose_fields_are_empty_refuses_with_their_list() {
    let world = World::new();
    let (code, message, fields) = refused(&world, deal(), OFFER, Reach::default());
    assert_eq!(
        (code, fields),
        (Code::RequiredFields, vec!["amount".to_owned(), "form".to_owned()])
    );
    assert_eq!(
        message,
        "stage `offer` needs these fields of deal:7: amount, form"
    );
    let mut item = deal();
    item.amount = Some(Money::new("0", "RUB").expect("money"));
    item.fields
        .insert("form".to_owned(), FieldValue::Text(" ".to_owned()));
    assert_eq!(
        refused(&world, item, OFFER, Reach::default()).2,
        ["amount", "form"]
    );
}

#[test]
fn robots_are_refused_like_people_unless_an_admin_overrides_it() {
    let mut world = World::new();
    world.actor = crate::people::Actor::Robot {
        robot: "move-stage@1.0.0".to_owned(),
        run: crate::ids::RunId(5),
    };
    assert_eq!(
        refused(&world, deal(), OFFER, Reach::default()).0,
        Code::RequiredFields
    );
    world.overrides = true;
    let (_, changes) = go(&world, deal(), OFFER, Reach::default()).expect("an override");
    let note = changes
        .history
        .iter()
        .find(|h| h.what == "required-fields-overridden")
        .expect("a note");
    assert_eq!(note.after.as_deref(), Some("amount, form"));
    assert_eq!(note.run, Some(crate::ids::RunId(5)));
}

/// Row 85 of the requirements trace.
#[test]
fn a_lost_stage_wants_a_reason_and_a_reopened_deal_forgets_it() {
    let world = World::new();
    assert_eq!(refused(&world, deal(), LOST, Reach::default()).2, ["lost-reason"]);
    let item = Item {
        lost_reason: Some("дорого".to_owned()),
        ..deal()
    };
    let (_, changes) = go(&world, item, LOST, Reach::default()).expect("a reason");
    let lost = changes.items[&7].row.clone();
    assert_eq!(
        (lost.closed_at, lost.lost_reason.as_deref()),
        (Some(world.now), Some("дорого"))
    );
    let (_, changes) = go(&world, lost, NEW, BACK).expect("reopened");
    let open = &changes.items[&7].row;
    assert_eq!((open.closed_at, &open.lost_reason), (None, &None));
    assert!(
        changes
            .history
            .iter()
            .any(|h| h.what == "lost-reason" && h.after.is_none())
    );
}

#[test]
fn back_needs_permission_and_a_jump_forward_does_not() {
    let world = World::new();
    let (code, message, _) = refused(&world, standing_in(MEETING), NEW, Reach::default());
    assert_eq!(code, Code::BackwardRefused);
    assert_eq!(
        message,
        "stage `new` lies before `meeting`, and the move may not go back"
    );
    go(&world, standing_in(MEETING), NEW, BACK).expect("may go back");
    let (_, changes) = go(&world, deal(), WON, Reach::default()).expect("a jump");
    assert_eq!(changes.items[&7].row.closed_at, Some(world.now));
    assert_eq!(changes.facts.len(), 1, "only the target is entered");
}

#[test]
fn stages_with_the_same_place_are_ordered_by_their_id() {
    let mut world = World::new();
    let mut twin = stage(StageId(8), SALES, "twin", StageKind::Open);
    twin.sort = 10;
    world.set(DirectoryChange::Stage(twin));
    go(&world, deal(), StageId(8), Reach::default()).expect("forward");
    assert_eq!(
        refused(&world, standing_in(StageId(8)), NEW, Reach::default()).0,
        Code::BackwardRefused
    );
}

#[test]
fn another_pipeline_needs_permission_and_the_same_kind_of_item() {
    let mut world = World::new();
    let repeat = PipelineId(3);
    world.set(DirectoryChange::Pipeline(pipeline(
        repeat,
        "repeat",
        ItemKind::Deal,
    )));
    world.set(DirectoryChange::Stage(stage(
        StageId(31),
        repeat,
        "call",
        StageKind::Open,
    )));
    let (code, message, _) = refused(&world, deal(), StageId(31), BACK);
    assert_eq!(
        (code, message.as_str()),
        (
            Code::NoSuchStage,
            "stage `call` does not belong to pipeline `sales`"
        )
    );
    let (_, changes) = go(&world, deal(), StageId(31), ACROSS).expect("across");
    assert_eq!(changes.items[&7].row.pipeline, repeat);
    let (code, message, _) = refused(&world, deal(), FRESH, ACROSS);
    assert_eq!(code, Code::NoSuchStage);
    assert_eq!(
        message,
        "pipeline `intake` holds items of kind `lead`, and deal:7 is none"
    );
    assert_eq!(
        refused(&world, deal(), StageId(99), ACROSS).1,
        "`stage:99` does not exist"
    );
}

fn new_deal() -> NewItem {
    NewItem {
        pipeline: SALES,
        stage: None,
        title: "Фасад".to_owned(),
        assignee: Some(BORIS),
        contact: None,
        amount: None,
        source: Some("site".to_owned()),
        fields: BTreeMap::new(),
    }
}

#[test]
fn a_new_deal_stands_in_the_first_stage_and_says_so() {
    let world = World::new();
    let mut changes = ChangeSet::default();
    let item = create_item(&world.rules(), &mut changes, new_deal()).expect("a deal");
    assert_eq!(
        (item.id.kind, item.stage, item.stage_entry),
        (ItemKind::Deal, NEW, 1)
    );
    assert_eq!(
        (changes.items[&item.id.number].row.version, item.created_at),
        (1, at(crate::fixture::NOW))
    );
    let kinds: Vec<_> = changes.facts.iter().map(|f| f.fact.kind().as_str()).collect();
    assert_eq!(kinds, ["item-created", "stage-entered"]);
    let lead = NewItem {
        pipeline: INTAKE,
        ..new_deal()
    };
    let lead = create_item(&world.rules(), &mut changes, lead).expect("a lead");
    assert_eq!((lead.id.kind, lead.stage), (ItemKind::Lead, FRESH));
}

#[test]
fn a_new_item_obeys_the_rules_of_a_moved_one() {
    let world = World::new();
    let fields = BTreeMap::from([("colour".to_owned(), FieldValue::Flag(true))]);
    for (new, code) in [
        (
            NewItem {
                stage: Some(OFFER),
                ..new_deal()
            },
            Code::RequiredFields,
        ),
        (
            NewItem {
                stage: Some(FRESH),
                ..new_deal()
            },
            Code::NoSuchStage,
        ),
        (
            NewItem {
                pipeline: PipelineId(9),
                ..new_deal()
            },
            Code::NotFound,
        ),
        (
            NewItem {
                assignee: Some(EmployeeId(99)),
                ..new_deal()
            },
            Code::NotFound,
        ),
        (
            NewItem {
                assignee: Some(GLEB),
                ..new_deal()
            },
            Code::RuleViolated,
        ),
        (
            NewItem {
                title: " ".to_owned(),
                ..new_deal()
            },
            Code::Invalid,
        ),
        (
            NewItem {
                title: "x".repeat(251),
                ..new_deal()
            },
            Code::Invalid,
        ),
        (
            NewItem {
                source: Some("x".repeat(251)),
                ..new_deal()
            },
            Code::Invalid,
        ),
        (NewItem { fields, ..new_deal() }, Code::Invalid),
    ] {
        let mut changes = ChangeSet::default();
        let shown = format!("{new:?}");
        let rejection = create_item(&world.rules(), &mut changes, new).expect_err(&shown);
        assert_eq!((rejection.code, changes), (code, ChangeSet::default()), "{shown}");
    }
}

#[test]
fn an_override_at_creation_is_in_the_history_too() {
    let mut world = World::new();
    world.overrides = true;
    world.actor = crate::people::Actor::Employee(ANNA);
    let mut changes = ChangeSet::default();
    let new = NewItem {
        stage: Some(MEETING),
        ..new_deal()
    };
    create_item(&world.rules(), &mut changes, new).expect("an override");
    let notes: Vec<_> = changes.history.iter().map(|h| h.what.as_str()).collect();
    assert_eq!(notes, ["created", "required-fields-overridden"]);
}

#[test]
fn a_copy_has_the_fields_of_its_original_and_a_history_of_its_own() {
    let world = World::new();
    let original = Item {
        assignee: Some(EmployeeId(999)),
        fields: BTreeMap::from([
            ("note".to_owned(), FieldValue::Text("a".to_owned())),
            ("gone".to_owned(), FieldValue::Flag(true)),
        ]),
        ..deal()
    };
    let mut changes = ChangeSet::default();
    let copy = copy_item(
        &world.rules(),
        &mut changes,
        original.clone(),
        original.pipeline,
        None,
    )
    .expect("a copy");
    assert_eq!((copy.title, copy.contact), (original.title, original.contact));
    assert_eq!(
        (copy.assignee, copy.stage_entry),
        (None, 1),
        "who is unknown is not in charge"
    );
    assert_eq!(copy.fields.keys().collect::<Vec<_>>(), ["note"]);
    assert_ne!(copy.id, original.id);
    assert_eq!(changes.items.len(), 1);
}

#[test]
fn missing_fields_are_those_for_which_a_move_would_be_refused() {
    let world = World::new();
    let missing = |stage| missing_for(&world.rules(), &deal(), stage);
    assert_eq!(missing(OFFER), Ok(vec!["amount".to_owned(), "form".to_owned()]));
    assert_eq!(missing(NEW), Ok(Vec::new()));
    assert_eq!(
        missing(StageId(999)).expect_err("a refusal").code,
        Code::NoSuchStage
    );
}
