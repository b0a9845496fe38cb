use expect_test::{Expect, expect};

use super::*;
use crate::directory::DirectoryChange;
use crate::fixture::{
    ANNA, BORIS, GLEB, INTAKE, SALES, VERA, World, calendar, channel, employee, field, pipeline, stage,
};
use crate::ids::{CalendarId, ChannelId, ItemKind, PipelineId, StageId};
use crate::people::Absence;

fn show(answer: Result<(), Rejection>, expected: Expect) {
    let answer = match answer {
        Ok(()) => "ok".to_owned(),
        Err(rejection) => format!("{}: {rejection}", rejection.code.as_str()),
    };
    expected.assert_eq(&answer);
}

#[test]
fn an_e_mail_belongs_to_one_employee_however_it_is_written() {
    let world = World::new();
    let mut new = employee(EmployeeId(9), "Ева", None);
    show(check_employee(&world.directory, &new), expect!["ok"]);
    new.email = Some("E2@Example.com".to_owned());
    show(
        check_employee(&world.directory, &new),
        expect!["conflict: the e-mail `E2@Example.com` is taken by employee:2 already"],
    );
    let own = employee(BORIS, "Борис", Some(ANNA));
    show(check_employee(&world.directory, &own), expect!["ok"]);
    new.email = Some("nobody".to_owned());
    assert!(check_employee(&world.directory, &new).is_err());
}

#[test]
fn heads_exist_and_never_lead_back() {
    let world = World::new();
    let led_by = |id, head| check_employee(&world.directory, &employee(id, "X", Some(head)));
    show(led_by(VERA, BORIS), expect!["ok"]);
    show(
        led_by(VERA, VERA),
        expect!["rule-violated: employee:3 (X) would lead himself"],
    );
    show(
        led_by(ANNA, BORIS),
        expect!["rule-violated: employee:1 (X) would lead himself"],
    );
    show(
        led_by(ANNA, GLEB),
        expect!["rule-violated: employee:1 (X) would lead himself"],
    );
    show(
        led_by(VERA, EmployeeId(77)),
        expect!["not-found: `employee:77` does not exist"],
    );
}

#[test]
fn an_employee_has_a_name_and_absences_that_end() {
    let world = World::new();
    show(
        check_employee(&world.directory, &employee(VERA, " ", None)),
        expect!["invalid: the name has 1 characters, not 1 to 250"],
    );
    let mut vera = employee(VERA, "Вера", None);
    vera.absences = vec![Absence {
        from: world.now,
        until: world.now,
    }];
    assert!(check_employee(&world.directory, &vera).is_err());
    vera.absences.clear();
    vera.calendar = Some(CalendarId(8));
    show(
        check_employee(&world.directory, &vera),
        expect!["not-found: `calendar:8` does not exist"],
    );
}

#[test]
fn keys_are_plain_and_unique() {
    let world = World::new();
    let key = |key: &str| check_pipeline(&world.directory, &pipeline(PipelineId(9), key, ItemKind::Deal));
    for good in ["a", "second-line", "2026", &"x".repeat(64)] {
        key(good).expect(good);
    }
    for bad in ["", "Sales", "a b", "a_b", "воронка", &"x".repeat(65)] {
        assert!(key(bad).is_err(), "{bad}");
    }
    show(
        key("sales"),
        expect!["conflict: the key `sales` is taken by pipeline:1 already"],
    );
    let own = pipeline(SALES, "sales", ItemKind::Deal);
    show(check_pipeline(&world.directory, &own), expect!["ok"]);
}

#[test]
fn a_pipeline_keeps_its_kind_of_item() {
    let world = World::new();
    let turned = pipeline(SALES, "sales", ItemKind::Lead);
    show(
        check_pipeline(&world.directory, &turned),
        expect!["conflict: pipeline `sales` holds items of kind `deal`"],
    );
    let mut slow = pipeline(SALES, "sales", ItemKind::Deal);
    slow.activity_working_days_max = Some(367);
    show(
        check_pipeline(&world.directory, &slow),
        expect!["invalid: activity_working_days_max is 367, more than 366"],
    );
}

#[test]
fn a_stage_wants_fields_that_exist() {
    let world = World::new();
    let mut new = stage(StageId(9), SALES, "paid", StageKind::Open);
    new.required_fields = vec!["amount".to_owned(), "form".to_owned()];
    show(check_stage(&world.directory, &new), expect!["ok"]);
    new.required_fields.push("colour".to_owned());
    show(
        check_stage(&world.directory, &new),
        expect!["invalid: there is no field `colour`"],
    );
}

#[test]
fn a_stage_key_is_unique_in_its_pipeline_only() {
    let world = World::new();
    let new = |pipeline, key| stage(StageId(9), pipeline, key, StageKind::Open);
    show(
        check_stage(&world.directory, &new(SALES, "won")),
        expect!["conflict: the key `won` is taken by stage:4 already"],
    );
    show(check_stage(&world.directory, &new(INTAKE, "won")), expect!["ok"]);
    show(
        check_stage(
            &world.directory,
            &stage(StageId(4), INTAKE, "won", StageKind::Won),
        ),
        expect!["conflict: stage `won` cannot move from pipeline:1 to pipeline `intake`"],
    );
    let mut open = new(SALES, "paid");
    open.requires_reason = true;
    show(
        check_stage(&world.directory, &open),
        expect!["invalid: stage `paid` is not lost and cannot require a reason"],
    );
}

#[test]
fn a_custom_field_is_not_a_core_field_and_keeps_its_type() {
    let world = World::new();
    let check = |field: FieldDef| check_field(&world.directory, &field);
    show(check(field("colour", FieldType::Text)), expect!["ok"]);
    for core in CORE_FIELDS {
        assert!(check(field(core, FieldType::Text)).is_err(), "{core}");
    }
    show(
        check(field("note", FieldType::Number)),
        expect!["conflict: field `note` holds values of type Text"],
    );
    show(
        check(field("colour", FieldType::Select)),
        expect!["invalid: field `colour`: a select has options, and no other field does"],
    );
    let mut twice = field("colour", FieldType::Select);
    twice.options = vec!["red".to_owned(), "red".to_owned()];
    show(
        check(twice),
        expect!["conflict: the key `red` is taken by colour already"],
    );
}

#[test]
fn a_channel_opens_items_where_they_can_stand() {
    let mut world = World::new();
    let mut new = channel(ChannelId(9), "site");
    new.opens_item_in = Some(SALES);
    new.default_assignee = Some(BORIS);
    show(check_channel(&world.directory, &new), expect!["ok"]);
    new.default_assignee = Some(GLEB);
    assert!(check_channel(&world.directory, &new).is_err());
    new.default_assignee = None;
    world.set(DirectoryChange::Pipeline(pipeline(
        PipelineId(3),
        "empty",
        ItemKind::Deal,
    )));
    new.opens_item_in = Some(PipelineId(3));
    show(
        check_channel(&world.directory, &new),
        expect!["no-such-stage: pipeline `empty` has no stage"],
    );
    show(
        check_channel(&world.directory, &channel(ChannelId(9), "form")),
        expect!["conflict: the key `form` is taken by channel:2 already"],
    );
}

#[test]
fn exactly_one_calendar_is_the_default() {
    let mut world = World::new();
    let mut second = calendar(2, "shop");
    show(
        check_calendar(&world.directory, &second),
        expect!["conflict: calendar `office` is the default already"],
    );
    second.is_default = false;
    show(check_calendar(&world.directory, &second), expect!["ok"]);
    world.set(DirectoryChange::Calendar(second));
    let mut office = calendar(1, "office");
    office.is_default = false;
    show(
        check_calendar(&world.directory, &office),
        expect!["conflict: without `office` there is no default calendar"],
    );
    for changed in default_calendar(&world.directory, CalendarId(2)).expect("it exists") {
        world.set(DirectoryChange::Calendar(changed));
    }
    let defaults = world.directory.calendars.values().filter(|(c, _)| c.is_default);
    assert_eq!(defaults.map(|(c, _)| c.id).collect::<Vec<_>>(), [CalendarId(2)]);
}
