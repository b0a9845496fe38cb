use serde_json::json;

use super::*;
use crate::attachment::Timing;
use crate::directory::DirectoryChange;
use crate::event::FactKind;
use crate::fixture::{ANNA, FRESH, INTAKE, MEETING, NEW, OFFER, SALES, World, attachment, params, stage};
use crate::ids::EmployeeId;
use crate::pipeline::StageKind;
use crate::rejection::Code;
use crate::sentence::Sentence;

const SALES_AUTOMATION: AutomationId = AutomationId::Pipeline(SALES);
const INTAKE_AUTOMATION: AutomationId = AutomationId::Pipeline(INTAKE);

/// `notify` twice in the first stage, and once in the second.
fn company() -> World {
    let mut world = World::new();
    for (id, stage, sort) in [(1, NEW, 10), (2, NEW, 20), (3, MEETING, 10)] {
        put(
            &mut world,
            Attachment {
                moment: Moment::Stage { stage },
                sort,
                ..attachment(id)
            },
        );
    }
    world
}

/// As a commit does it: with the version that it makes.
fn commit(world: &mut World, changes: Vec<DirectoryChange>) {
    let before = world.directory.clone();
    for change in &changes {
        world.set(change.clone());
    }
    for version in recorded(
        &before,
        &world.directory.clone(),
        &changes,
        world.now,
        &world.actor,
    ) {
        world.set(DirectoryChange::AutomationVersion(Box::new(version)));
    }
    world.directory.version += 1;
}

fn put(world: &mut World, new: Attachment) {
    let version = world
        .directory
        .attachments
        .get(&new.id)
        .map_or(1, |old| old.version + 1);
    commit(
        world,
        vec![DirectoryChange::Attachment(Attachment { version, ..new })],
    );
}

fn begin(world: &World, automation: AutomationId) -> AutomationDraft {
    AutomationDraft::of(&world.directory, automation, world.now, &world.actor)
}

fn edited(world: &World, draft: AutomationDraft, change: serde_json::Value) -> Edited {
    let change: DraftEdit = serde_json::from_value(change).expect("an edit");
    edit(draft, &world.directory, &change, world.new_id()).expect("an edit that may be made")
}

fn refused(world: &World, draft: &AutomationDraft, change: serde_json::Value) -> String {
    let change: DraftEdit = serde_json::from_value(change).expect("an edit");
    let no = edit(draft.clone(), &world.directory, &change, world.new_id()).expect_err("refused");
    format!("{}: {no}", no.code.as_str())
}

fn store(world: &mut World, draft: AutomationDraft) -> AutomationDraft {
    let draft = draft.changed(&world.directory, world.now, &world.actor);
    commit(world, vec![DirectoryChange::Draft(Box::new(draft.clone()))]);
    draft
}

fn published(world: &mut World, draft: &AutomationDraft) -> Published {
    let published = publish(draft, &world.directory, "", world.now, &world.actor).expect("published");
    commit(world, published.changes.clone());
    published
}

fn texts(difference: &Difference) -> Vec<&str> {
    difference
        .entries
        .iter()
        .map(|entry| entry.text.as_str())
        .collect()
}

fn difference_of(world: &World, draft: &AutomationDraft) -> Vec<String> {
    let before = in_force(&world.directory, draft.automation);
    let difference = Difference::between(&before, &draft.entries, &world.directory);
    texts(&difference).into_iter().map(str::to_owned).collect()
}

#[test]
fn an_attachment_belongs_to_the_pipeline_of_its_moment_or_to_none() {
    let world = World::new();
    let of = |moment: serde_json::Value| {
        let moment: Moment = serde_json::from_value(moment).expect("a moment");
        AutomationId::of(&moment, &world.directory).to_string()
    };
    assert_eq!(of(json!({"kind": "stage", "stage": "stage:11"})), "pipeline:2");
    let event = |more: serde_json::Value| {
        let mut moment = json!({"kind": "event", "event": "item-created"});
        moment
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        moment
    };
    assert_eq!(of(event(json!({}))), "general");
    assert_eq!(of(event(json!({"stage": "stage:1"}))), "pipeline:1");
    assert_eq!(of(event(json!({"pipeline": "pipeline:2"}))), "pipeline:2");
    let tick =
        json!({"kind": "schedule", "cron": "0 9 * * *", "zone": "UTC", "items": {"pipeline": "pipeline:1"}});
    assert_eq!(of(tick), "pipeline:1");
    assert_eq!(of(json!({"kind": "manual"})), "general");
    for text in ["general", "pipeline:7"] {
        let id: AutomationId = text.parse().expect(text);
        assert_eq!(
            (id.to_string().as_str(), AutomationId::from_number(id.number())),
            (text, id)
        );
    }
    assert!("stage:1".parse::<AutomationId>().is_err());
}

#[test]
fn every_commit_that_changes_attachments_makes_a_version_of_each_automation_concerned() {
    let mut world = company();
    assert_eq!(number_of(&world.directory, SALES_AUTOMATION), 3);
    assert_eq!(number_of(&world.directory, INTAKE_AUTOMATION), 0);
    // From one pipeline to the other: both change.
    let before = world.directory.clone();
    let moved = Attachment {
        moment: Moment::Stage { stage: FRESH },
        version: 2,
        ..attachment(3)
    };
    let changes = vec![DirectoryChange::Attachment(moved)];
    world.set(changes[0].clone());
    let versions = recorded(&before, &world.directory, &changes, world.now, &world.actor);
    let told: Vec<_> = versions
        .iter()
        .map(|one| (one.automation, one.number, one.counts, one.attachments.len()))
        .collect();
    let (gone, came) = (
        Counts {
            removed: 1,
            ..Counts::default()
        },
        Counts {
            added: 1,
            ..Counts::default()
        },
    );
    assert_eq!(
        told,
        [(SALES_AUTOMATION, 4, gone, 2), (INTAKE_AUTOMATION, 1, came, 1)]
    );
    assert_eq!(
        (versions[0].by.as_str(), versions[0].origin),
        ("employee:1", Origin::Direct)
    );
    // What changes no attachment makes none.
    let other = vec![DirectoryChange::DraftRemoved(SALES_AUTOMATION)];
    assert_eq!(recorded(&before, &before, &other, world.now, &world.actor), []);
}

#[test]
fn draft_is_edited_piece_by_piece_and_compared_in_words() {
    let world = company();
    let draft = begin(&world, SALES_AUTOMATION);
    assert_eq!(
        (draft.version, draft.base_number, difference_of(&world, &draft)),
        (0, 3, vec![])
    );
    let add = json!({"kind": "add", "robot": "notify", "moment": {"kind": "stage", "stage": "stage:1"},
        "set": {"title": "Tell"}, "before": "attachment:2"});
    let edit = edited(&world, draft, add);
    let new = edit.made[0];
    let change = json!({"kind": "change", "entry": "attachment:1",
        "set": {"timing": {"kind": "delay", "seconds": 60}, "params": {"to": ["employee:1"]}}});
    let draft = edited(&world, edit.draft, change).draft;
    let draft = edited(
        &world,
        draft,
        json!({"kind": "move", "entry": "attachment:2", "stage": "stage:2"}),
    )
    .draft;
    let draft = edited(&world, draft, json!({"kind": "remove", "entry": "attachment:3"})).draft;
    assert_eq!(
        difference_of(&world, &draft),
        [
            "changes `A1`: params.to from [\"role:assignee\"] to [\"employee:1\"]; timing from at once to after 60 s",
            "adds `Tell` (robot `notify`) to stage `new`",
            "changes `A2`: moves from stage `new` to place 1 in stage `meeting`",
            "removes `A3` (robot `notify`) from stage `meeting`",
        ]
    );
    assert_eq!(draft.entry(new).expect("the new one").grants, ["notifications"]);
    let draft = edited(&world, draft, json!({"kind": "restore", "entry": "attachment:3"})).draft;
    let draft = edited(&world, draft, json!({"kind": "restore", "entry": "attachment:1"})).draft;
    let draft = edited(&world, draft, json!({"kind": "restore", "entry": "attachment:2"})).draft;
    let draft = edited(&world, draft, json!({"kind": "remove", "entry": new})).draft;
    assert_eq!(difference_of(&world, &draft), Vec::<String>::new());
}

#[test]
fn only_what_was_carried_is_moved_when_the_order_changes() {
    let mut world = company();
    for id in 4..=6 {
        put(
            &mut world,
            Attachment {
                sort: i32::try_from(id).expect("small") * 10,
                ..attachment(id)
            },
        );
    }
    let draft = begin(&world, SALES_AUTOMATION);
    let draft = edited(
        &world,
        draft,
        json!({"kind": "move", "entry": "attachment:5", "before": "attachment:1"}),
    )
    .draft;
    assert_eq!(
        difference_of(&world, &draft),
        ["changes `A5`: moves from place 4 to place 1 in stage `new`"]
    );
    let draft = store(&mut world, draft);
    published(&mut world, &draft);
    let order: Vec<i64> = world
        .directory
        .attachments_of(NEW)
        .iter()
        .map(|one| one.id.0)
        .collect();
    assert_eq!(order, [5, 1, 2, 4, 6]);
}

#[test]
fn what_cannot_be_edited_is_refused_by_name() {
    let world = company();
    let draft = begin(&world, SALES_AUTOMATION);
    for (change, words) in [
        (
            json!({"kind": "remove", "entry": "attachment:9"}),
            "not-found: `attachment:9 in the draft of pipeline:1`",
        ),
        (
            json!({"kind": "restore", "entry": "attachment:9"}),
            "not-found: attachment:9 was not in force",
        ),
        (
            json!({"kind": "move", "entry": "attachment:1", "stage": "stage:11"}),
            "no-such-stage: stage `fresh`",
        ),
        (
            json!({"kind": "move", "entry": "attachment:1", "stage": "stage:99"}),
            "no-such-stage: `stage:99`",
        ),
        (
            json!({"kind": "move", "entry": "attachment:1", "before": "attachment:9"}),
            "not-found",
        ),
        (
            json!({"kind": "add", "robot": "none", "moment": {"kind": "manual"}}),
            "not-found: robot `none`",
        ),
        (
            json!({"kind": "add", "robot": "notify", "digest": "d-move", "moment": {"kind": "manual"}}),
            "not-found: robot `notify` with the digest `d-move`",
        ),
        (
            json!({"kind": "copy", "entry": "attachment:9"}),
            "not-found: `attachment:9`",
        ),
        (
            json!({"kind": "copy-from", "from": "pipeline:1"}),
            "invalid: pipeline:1 is the automation of this draft",
        ),
        (
            json!({"kind": "copy-from", "from": "pipeline:9"}),
            "not-found: `pipeline:9`",
        ),
        (
            json!({"kind": "copy-from", "from": "pipeline:2", "stages": {"stage:1": "stage:2"}}),
            "invalid: stages: stage `new`",
        ),
    ] {
        let told = refused(&world, &draft, change.clone());
        assert!(told.starts_with(words), "{change}: {told}");
    }
    let large = json!({"kind": "change", "entry": "attachment:1", "set": {"params": {"to": "x".repeat(DRAFT_BYTES_MAX)}}});
    assert!(refused(&world, &draft, large).starts_with("conflict: the draft has"));
}

#[test]
fn unfinished_entries_are_kept_and_publishing_names_every_one() {
    let mut world = company();
    let add = json!({"kind": "add", "robot": "notify", "moment": {"kind": "stage", "stage": "stage:1"},
        "set": {"title": " ", "attempts_max": 99}});
    let draft = edited(&world, begin(&world, SALES_AUTOMATION), add).draft;
    let wrong = json!({"kind": "change", "entry": "attachment:2", "set": {"params": {"to": ["employee:99"], "x": 1}}});
    let draft = edited(&world, draft, wrong).draft;
    let manual = json!({"kind": "change", "entry": "attachment:3", "set": {"moment": {"kind": "manual"}}});
    let draft = edited(&world, draft, manual).draft;
    let draft = store(&mut world, draft);
    let told = publish(&draft, &world.directory, "", world.now, &world.actor).expect_err("unfinished");
    let Refused::Unfinished(problems) = told else {
        panic!("{told:?}")
    };
    let told: Vec<String> = problems
        .iter()
        .map(|one| format!("{} {}: {}", one.title, one.field, one.message.english()))
        .collect();
    assert_eq!(
        told,
        [
            "A3 moment: the moment belongs to `general`, and this is the automation of `sales`",
            "A2 params.x: robot `notify` has no parameter `x` (it has `to`)",
            "A2 params.to: `to`: `employee:99` does not exist",
            "  title: the title is empty",
            "  attempts_max: attempts_max is 99, not 1 to 25",
            "  params.to: `to` is required",
        ]
    );
}

#[test]
fn what_is_broken_and_in_force_does_not_hold_up_the_rest() {
    let mut world = company();
    put(
        &mut world,
        Attachment {
            robot: "gone".to_owned(),
            digest: "d-gone".to_owned(),
            ..attachment(4)
        },
    );
    let draft = begin(&world, SALES_AUTOMATION);
    let draft = edited(&world, draft, json!({"kind": "remove", "entry": "attachment:1"})).draft;
    let draft = store(&mut world, draft);
    let broken = draft.entry(AttachmentId(4)).expect("still there");
    assert_eq!(
        entry_problems(broken, SALES_AUTOMATION, &world.directory).len(),
        1
    );
    published(&mut world, &draft);
    assert!(world.directory.attachments.contains_key(&AttachmentId(4)));
}

#[test]
fn publishing_keeps_ids_and_versions_of_what_stays_and_makes_one_version() {
    let mut world = company();
    let add = json!({"kind": "add", "robot": "notify", "moment": {"kind": "stage", "stage": "stage:1"},
        "set": {"title": "Tell", "params": {"to": ["role:head"]}}});
    let edit = edited(&world, begin(&world, SALES_AUTOMATION), add);
    let draft = edited(
        &world,
        edit.draft,
        json!({"kind": "remove", "entry": "attachment:3"}),
    )
    .draft;
    let change = json!({"kind": "change", "entry": "attachment:2", "set": {"is_enabled": false}});
    let draft = edited(&world, draft, change).draft;
    let draft = store(&mut world, draft);
    let made = published(&mut world, &draft);
    assert_eq!(made.version.number, 4);
    assert_eq!(
        made.version.counts,
        Counts {
            added: 1,
            changed: 1,
            removed: 1
        }
    );
    let versions: Vec<(i64, i64)> = world
        .directory
        .attachments
        .values()
        .map(|one| (one.id.0, one.version))
        .collect();
    assert_eq!(versions, [(1, 1), (2, 2), (edit.made[0].0, 1)]);
    assert_eq!(number_of(&world.directory, SALES_AUTOMATION), 4);
    assert!(world.directory.drafts.is_empty());
    // Nothing to do any more.
    let again = AutomationDraft {
        version: 9,
        ..begin(&world, SALES_AUTOMATION)
    };
    let no = publish(&again, &world.directory, "", world.now, &world.actor);
    assert!(
        matches!(&no, Err(Refused::Rule(no)) if no.code == Code::Conflict),
        "{no:?}"
    );
    let long = "x".repeat(COMMENT_CHARS_MAX + 1);
    let no = publish(&again, &world.directory, &long, world.now, &world.actor);
    assert!(
        matches!(&no, Err(Refused::Rule(no)) if no.fields == ["comment"]),
        "{no:?}"
    );
}

#[test]
fn stale_draft_says_who_changed_what_and_takes_it_over() {
    let mut world = company();
    let draft = begin(&world, SALES_AUTOMATION);
    let change = json!({"kind": "change", "entry": "attachment:1",
        "set": {"title": "Mine", "timing": {"kind": "delay", "seconds": 60}}});
    let draft = edited(&world, draft, change).draft;
    let draft = edited(&world, draft, json!({"kind": "remove", "entry": "attachment:3"})).draft;
    let draft = store(&mut world, draft);
    world.actor = Actor::Employee(EmployeeId(2));
    put(
        &mut world,
        Attachment {
            timing: Timing::Delay {
                seconds: 90,
                working: false,
            },
            params: params(json!({"to": ["employee:2"]})),
            sort: 10,
            ..attachment(1)
        },
    );
    put(
        &mut world,
        Attachment {
            sort: 30,
            ..attachment(4)
        },
    );
    put(
        &mut world,
        Attachment {
            title: "Theirs".to_owned(),
            moment: Moment::Stage { stage: MEETING },
            sort: 10,
            ..attachment(3)
        },
    );
    commit(
        &mut world,
        vec![DirectoryChange::AttachmentRemoved(AttachmentId(2))],
    );

    let no = publish(&draft, &world.directory, "", world.now, &world.actor).expect_err("stale");
    let Refused::Stale {
        base_number,
        head,
        theirs,
    } = no
    else {
        panic!("{no:?}")
    };
    assert_eq!(
        (base_number, head.expect("a head").by.as_str()),
        (3, "employee:2")
    );
    assert_eq!(
        texts(&theirs),
        [
            "changes `A1`: params.to from [\"role:assignee\"] to [\"employee:2\"]; timing from at once to after 90 s",
            "changes `A3`: title from `A3` to `Theirs`",
            "adds `A4` (robot `notify`) to stage `new`",
            "removes `A2` (robot `notify`) from stage `new`",
        ]
    );
    let (rebased, conflicts) = rebase(&draft, &world.directory, world.new_id());
    let told: Vec<String> = conflicts.iter().map(|one| one.text.english()).collect();
    assert_eq!(
        told,
        [
            "others have changed timing of `Mine` too; the draft keeps its own",
            "others have changed `Theirs`, which the draft removes",
        ]
    );
    assert!(!rebased.is_stale(&world.directory));
    assert_eq!(
        difference_of(&world, &rebased),
        [
            "changes `A1`: timing from after 90 s to after 60 s; title from `A1` to `Mine`",
            "removes `Theirs` (robot `notify`) from stage `meeting`",
        ]
    );
    let rebased = store(&mut world, rebased);
    published(&mut world, &rebased);
}

#[test]
fn rebase_keeps_new_entries_revives_changed_ones_and_takes_over_the_order() {
    let mut world = company();
    let change = json!({"kind": "change", "entry": "attachment:3", "set": {"title": "Kept"}});
    let draft = edited(&world, begin(&world, SALES_AUTOMATION), change).draft;
    let add = json!({"kind": "add", "robot": "notify", "moment": {"kind": "stage", "stage": "stage:1"}});
    let edit = edited(&world, draft, add);
    let (draft, new) = (store(&mut world, edit.draft), edit.made[0]);
    commit(
        &mut world,
        vec![DirectoryChange::AttachmentRemoved(AttachmentId(3))],
    );
    put(
        &mut world,
        Attachment {
            sort: 5,
            ..attachment(2)
        },
    );
    let (rebased, conflicts) = rebase(&draft, &world.directory, world.new_id());
    assert_eq!(conflicts.len(), 1);
    let revived = conflicts[0].entry;
    assert_ne!(revived, AttachmentId(3));
    let ids: Vec<AttachmentId> = rebased.entries.iter().map(|one| one.id).collect();
    assert_eq!(ids, [AttachmentId(2), revived, AttachmentId(1), new]);
    assert_eq!(
        difference_of(&world, &rebased),
        [
            "adds `Kept` (robot `notify`) to stage `meeting`",
            "adds `` (robot `notify`) to stage `new`",
        ]
    );
}

#[test]
fn copies_find_stages_by_key_or_place_and_say_what_has_no_counterpart() {
    let mut world = company();
    put(
        &mut world,
        Attachment {
            moment: Moment::Stage { stage: OFFER },
            ..attachment(4)
        },
    );
    let mover = Attachment {
        robot: "move-stage".to_owned(),
        digest: "d-move".to_owned(),
        grants: vec!["stages".to_owned()],
        moment: Moment::Event {
            event: FactKind::MessageReceived,
            pipeline: Some(SALES),
            stage: Some(NEW),
            channel: None,
            fields: Vec::new(),
        },
        params: params(json!({"stage": "stage:2"})),
        ..attachment(5)
    };
    put(&mut world, mover);
    world.set(DirectoryChange::Stage(stage(
        StageId(12),
        INTAKE,
        "meeting",
        StageKind::Open,
    )));
    let edit = edited(
        &world,
        begin(&world, INTAKE_AUTOMATION),
        json!({"kind": "copy-from", "from": "pipeline:1"}),
    );
    let notes: Vec<String> = edit.notes.iter().map(Sentence::english).collect();
    assert_eq!(
        notes,
        [
            "stage `new` became stage `fresh`",
            "`A4` was not copied: stage `offer` has no counterpart in `intake`"
        ]
    );
    let copies: Vec<(String, Moment)> = edit
        .draft
        .entries
        .iter()
        .map(|one| (one.title.clone(), one.moment.clone()))
        .collect();
    let at = |id: i64| Moment::Stage { stage: StageId(id) };
    assert_eq!(
        copies[..2],
        [("A5".to_owned(), copies[0].1.clone()), ("A1".to_owned(), at(11))]
    );
    assert_eq!(
        copies[2..],
        [("A3".to_owned(), at(12)), ("A2".to_owned(), at(11))]
    );
    assert_eq!(edit.draft.entries[0].params, params(json!({"stage": "stage:12"})));
    assert_eq!(
        AutomationId::of(&copies[0].1, &world.directory),
        INTAKE_AUTOMATION
    );
    assert_eq!(edit.made.len(), 4);

    // By hand, and one by one.
    let given = json!({"kind": "copy-from", "from": "pipeline:1", "stages": {"stage:3": "stage:11"}});
    let edit = edited(&world, begin(&world, INTAKE_AUTOMATION), given);
    assert!(
        edit.draft.entries.iter().any(|one| one.title == "A4"),
        "{:?}",
        edit.notes
    );
    let one = json!({"kind": "copy", "entry": "attachment:4", "stage": "stage:12"});
    let edit = edited(&world, begin(&world, INTAKE_AUTOMATION), one);
    assert_eq!(edit.draft.entries[0].moment, at(12));
    let own = json!({"kind": "copy", "entry": "attachment:1", "before": "attachment:1"});
    let edit = edited(&world, begin(&world, SALES_AUTOMATION), own);
    assert_eq!(
        difference_of(&world, &edit.draft),
        ["adds `A1` (robot `notify`) to stage `new`"]
    );
    assert_eq!(ANNA, EmployeeId(1));
}
