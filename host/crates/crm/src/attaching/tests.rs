use expect_test::{Expect, expect};
use serde_json::json;

use super::*;
use crate::fixture::{World, attachment, manifest, params, robot};

/// Changes an attachment that may be saved, and shows the answer.
fn check(change: impl FnOnce(&mut Attachment), expected: Expect) {
    let world = World::new();
    let mut attachment = attachment(1);
    change(&mut attachment);
    let answer = match check_attachment(&attachment, &world.directory) {
        Ok(()) => "ok".to_owned(),
        Err(rejection) => format!("{}: {rejection}", rejection.code.as_str()),
    };
    expected.assert_eq(&answer);
}

fn moment(value: serde_json::Value) -> impl FnOnce(&mut Attachment) {
    move |a| a.moment = serde_json::from_value(value).expect("a moment")
}

fn timing(value: serde_json::Value) -> impl FnOnce(&mut Attachment) {
    move |a| a.timing = serde_json::from_value(value).expect("a timing")
}

#[test]
fn an_attachment_with_all_in_order_is_saved() {
    check(|_| (), expect!["ok"]);
    check(|a| a.grants.clear(), expect!["ok"]);
    check(|a| a.attempts_max = 25, expect!["ok"]);
}

#[test]
fn title_and_attempts_have_limits() {
    check(
        |a| a.title = " ".to_owned(),
        expect!["invalid: the title is empty"],
    );
    check(
        |a| a.title = "x".repeat(201),
        expect!["invalid: the title has 201 characters, more than 200"],
    );
    check(
        |a| a.attempts_max = 0,
        expect!["invalid: attempts_max is 0, not 1 to 25"],
    );
    check(
        |a| a.attempts_max = 26,
        expect!["invalid: attempts_max is 26, not 1 to 25"],
    );
    check(
        |a| a.backoff_base_s = 0,
        expect!["invalid: backoff_base_s is 0, not 1 to 86400"],
    );
    check(
        |a| a.backoff_max_s = 86_401,
        expect!["invalid: backoff_max_s is 86401, not 1 to 86400"],
    );
    check(
        |a| (a.backoff_base_s, a.backoff_max_s) = (60, 30),
        expect!["invalid: backoff_base_s is 60, more than backoff_max_s, which is 30"],
    );
    check(
        |a| (a.backoff_base_s, a.backoff_max_s) = (86_400, 86_400),
        expect!["ok"],
    );
    check(
        |a| a.concurrency_max = 1_001,
        expect!["invalid: concurrency_max is 1001, not 1 to 1000, or 0 for none"],
    );
    check(|a| a.concurrency_max = 1_000, expect!["ok"]);
    check(
        |a| a.rate_per_minute = 60_001,
        expect!["invalid: rate_per_minute is 60001, not 1 to 60000, or 0 for none"],
    );
    check(|a| a.rate_per_minute = 60_000, expect!["ok"]);
}

#[test]
fn the_robot_and_its_version_exist() {
    check(
        |a| a.robot = "ghost".to_owned(),
        expect!["not-found: robot `ghost` is not installed"],
    );
    check(
        |a| a.digest = "d-old".to_owned(),
        expect!["not-found: no version of robot `notify` has the digest `d-old`"],
    );
    check(
        |a| a.digest = "d-move".to_owned(),
        expect!["invalid: the digest `d-move` is a version of robot `move-stage`, not of `notify`"],
    );
}

#[test]
fn the_moment_is_one_of_the_manifest() {
    let mut world = World::new();
    let manifest = manifest(json!({"id": "narrow", "causes": ["stage-entered"]}));
    world.set(crate::directory::DirectoryChange::Robot(
        robot("d-narrow", manifest),
        None,
    ));
    for (value, word) in [
        (json!({"kind": "manual"}), "a start by hand"),
        (
            json!({"kind": "schedule", "cron": "0 9 * * *", "zone": "UTC"}),
            "a schedule",
        ),
        (
            json!({"kind": "event", "event": "message-received"}),
            "message-received",
        ),
        (json!({"kind": "event", "event": "item-changed"}), "item-changed"),
    ] {
        let mut attachment = attachment(1);
        attachment.robot = "narrow".to_owned();
        attachment.digest = "d-narrow".to_owned();
        moment(value)(&mut attachment);
        let refused = check_attachment(&attachment, &world.directory).expect_err(word);
        assert_eq!(
            refused.message.english(),
            format!("robot `narrow` cannot be attached to {word}; it takes a stage")
        );
    }
}

#[test]
fn places_of_the_moment_exist() {
    check(
        moment(json!({"kind": "stage", "stage": "stage:99"})),
        expect!["no-such-stage: `stage:99` does not exist"],
    );
    check(
        moment(json!({"kind": "event", "event": "item-changed", "pipeline": "pipeline:9"})),
        expect!["not-found: `pipeline:9` does not exist"],
    );
    check(
        moment(
            json!({"kind": "event", "event": "item-changed", "pipeline": "pipeline:1", "stage": "stage:11"}),
        ),
        expect!["no-such-stage: stage `fresh` does not belong to pipeline `sales`"],
    );
    check(
        moment(json!({"kind": "event", "event": "message-received", "channel": "channel:9"})),
        expect!["not-found: `channel:9` does not exist"],
    );
}

#[test]
fn filters_that_could_never_match_are_refused() {
    check(
        moment(json!({"kind": "event", "event": "item-changed", "fields": ["amount", "note"]})),
        expect!["ok"],
    );
    check(
        moment(json!({"kind": "event", "event": "item-changed", "fields": ["amount", "colour"]})),
        expect!["invalid: there is no field `colour`"],
    );
    check(
        moment(json!({"kind": "event", "event": "item-created", "fields": ["amount"]})),
        expect!["invalid: the event `item-created` has no fields: use `item-changed`"],
    );
    check(
        moment(json!({"kind": "event", "event": "activity-overdue", "channel": "channel:1"})),
        expect!["invalid: the event `activity-overdue` has no channel, so channel:1 would never match"],
    );
    check(
        moment(json!({"kind": "event", "event": "timer-fired"})),
        expect!["invalid: the event `timer-fired` starts its own attachment only"],
    );
}

#[test]
fn schedules_are_read_and_bounded() {
    let schedule = |cron: &str, max: u32| {
        moment(json!({"kind": "schedule", "cron": cron, "zone": "Europe/Moscow",
            "items": {"pipeline": "pipeline:1", "max": max}}))
    };
    check(schedule("0 9 * * MON-FRI", 1000), expect!["ok"]);
    check(
        schedule("0 9 * * MON-FRI", 0),
        expect!["invalid: items.max is 0, not 1 to 1000"],
    );
    check(
        schedule("0 9 * * MON-FRI", 1001),
        expect!["invalid: items.max is 1001, not 1 to 1000"],
    );
    let spread = |seconds: u32| {
        moment(json!({"kind": "schedule", "cron": "0 9 * * *", "zone": "UTC",
            "items": {"pipeline": "pipeline:1", "spread-s": seconds}}))
    };
    check(spread(86_400), expect!["ok"]);
    check(
        spread(86_401),
        expect!["invalid: items.spread-s is 86401, not 1 to 86400, or 0 for none"],
    );
    check(
        schedule("0 9 *", 1),
        expect![
            "invalid: `0 9 *` has 3 fields, not 5 (minute, hour, day of month, month, day of week) or 6 (seconds first)"
        ],
    );
    check(
        moment(json!({"kind": "schedule", "cron": "0 9 * * *", "zone": "Moon/Base"})),
        expect!["invalid: `Moon/Base` is not the IANA name of a time zone such as `Europe/Moscow`"],
    );
}

#[test]
fn delays_are_between_a_second_and_a_year() {
    check(timing(json!({"kind": "delay", "seconds": 1})), expect!["ok"]);
    check(
        timing(json!({"kind": "delay", "seconds": 366 * 86_400})),
        expect!["ok"],
    );
    check(
        timing(json!({"kind": "delay", "seconds": 0})),
        expect!["invalid: the delay in seconds is 0, not 1 to 31622400"],
    );
    check(
        timing(json!({"kind": "delay", "seconds": 366 * 86_400 + 1})),
        expect!["invalid: the delay in seconds is 31622401, not 1 to 31622400"],
    );
}

#[test]
fn only_instants_can_be_waited_for() {
    let relative = |field: &str, offset_s: i64| {
        timing(json!({"kind": "relative", "field": field, "offset-s": offset_s}))
    };
    check(relative("meeting-at", -3600), expect!["ok"]);
    check(relative("last-contact-at", 0), expect!["ok"]);
    check(
        relative("note", 0),
        expect!["invalid: field `note` holds no instant"],
    );
    check(
        relative("amount", 0),
        expect!["invalid: field `amount` holds no instant"],
    );
    check(
        relative("colour", 0),
        expect!["invalid: there is no field `colour`"],
    );
    check(
        relative("meeting-at", i64::MIN),
        expect!["invalid: the offset is -9223372036854775808 s, more than 31622400 s"],
    );
}

#[test]
fn conditions_name_fields_that_exist() {
    let condition = |field: &str| {
        let value = json!({"any": [[{"field": field, "op": "filled"}]]});
        move |a: &mut Attachment| a.condition = serde_json::from_value(value).expect("a condition")
    };
    check(condition("vip"), expect!["ok"]);
    check(
        condition("colour"),
        expect!["invalid: there is no field `colour`"],
    );
    check(
        |a| a.condition.any = vec![Vec::new(); 51],
        expect!["invalid: 51 groups of the condition, more than 50"],
    );
}

#[test]
fn grants_are_among_the_permissions_of_the_manifest() {
    check(
        |a| a.grants = vec!["notifications".to_owned(), "stages".to_owned()],
        expect!["invalid: robot `notify` does not ask for `stages`"],
    );
}

#[test]
fn parameters_fit_the_form() {
    check(
        |a| a.params = params(json!({"to": ["employee:99"], "colour": 1})),
        expect![
            "invalid: robot `notify` has no parameter `colour` (it has `to`); `to`: `employee:99` does not exist"
        ],
    );
    check(|a| a.params.clear(), expect!["invalid: `to` is required"]);
}
