use expect_test::expect;
use serde_json::json;

use super::*;
use crate::contact::Contact;
use crate::event::{Event, Fact};
use crate::fixture::{self, World, at, contact, deal};
use crate::ids::{ContactId, ConversationId, MessageId};
use crate::item::Item;
use crate::value::FieldValue;

/// A robot with one parameter `p`.
fn form(param: Value) -> Manifest {
    let mut whole = json!({"key": "p", "title": {"ru": "", "en": ""}});
    for (key, value) in param.as_object().expect("an object") {
        whole[key] = value.clone();
    }
    fixture::manifest(json!({"param": [whole]}))
}

fn answer(param: Value, value: Value) -> Result<(), Rejection> {
    let world = World::new();
    check(
        &form(param),
        &fixture::params(json!({"p": value})),
        &world.directory,
    )
}

/// Every type, with values that fit and values that do not.
#[test]
fn every_type_takes_its_values_and_no_others() {
    for (kind, good, bad) in [
        ("bool", json!([true, false]), json!(["true", 1])),
        (
            "date",
            json!(["2026-03-09"]),
            json!(["2026-02-30", "09.03.2026", "2026-03-09T10:00", 5]),
        ),
        (
            "datetime",
            json!(["2026-03-09T10:00:00+03:00"]),
            json!(["2026-03-09", "now"]),
        ),
        ("double", json!([0.5, -3, "0.5"]), json!(["0,5", "NaN", true])),
        ("file", json!(["file:1"]), json!([1])),
        (
            "int",
            json!([0, -2147483648i64]),
            json!([2147483648i64, 1.5, "1"]),
        ),
        ("string", json!(["x"]), json!([1, {"a": 1}, ["x"]])),
        ("text", json!(["x\ny"]), json!([1])),
        (
            "user",
            json!(["employee:3", "role:assignee", "role:head"]),
            json!(["employee:99", "role:boss", "3"]),
        ),
        (
            "users",
            json!([["employee:3", "role:head"]]),
            json!(["employee:3", ["employee:99"], [3]]),
        ),
        (
            "money",
            json!(["1500.00 RUB", "-1 EUR", {"amount": "1500.00", "currency": "RUB"}]),
            json!(["1500", 1500, "1.001 RUB", "1 rub", {"amount": "1500.00"}, {"amount": "1", "currency": 5}]),
        ),
        (
            "duration",
            json!([60, "90s", "30m", "4h", "2d"]),
            json!(["4 h", "h", "+4h", "-4h", -1, "4w", "99999999d"]),
        ),
        ("deadline", json!(["+3d", "tomorrow 10:00"]), json!(["soon", 3])),
        ("time", json!(["9:30", "23:59"]), json!(["24:00", "930", "9:3"])),
        ("stage", json!(["stage:1"]), json!(["stage:99", "new", "deal:1"])),
        ("pipeline", json!(["pipeline:2"]), json!(["pipeline:9"])),
        (
            "field",
            json!(["amount", "note", "lost-reason"]),
            json!(["colour"]),
        ),
        ("queue", json!(["sales"]), json!([1])),
        ("channel", json!(["channel:1"]), json!(["channel:9"])),
        ("template", json!(["hello"]), json!([1])),
        (
            "url",
            json!(["https://example.com/a?b=1"]),
            json!(["example.com", "https://", "javascript:alert(1)", "http://a b"]),
        ),
        ("secret", json!(["key"]), json!([1, "other"])),
        ("phone", json!(["8(987) 654-32-10"]), json!(["call me"])),
        ("email", json!(["anna@example.com"]), json!(["anna"])),
    ] {
        for value in good.as_array().expect("a list") {
            answer(json!({"type": kind}), value.clone()).unwrap_or_else(|e| panic!("{kind} {value}: {e}"));
        }
        for value in bad.as_array().expect("a list") {
            let rejection =
                answer(json!({"type": kind}), value.clone()).expect_err(&format!("{kind} {value}"));
            assert_eq!(
                (rejection.code, rejection.fields),
                (Code::Invalid, vec!["p".to_owned()])
            );
        }
    }
}

#[test]
fn a_choice_is_one_of_the_options() {
    let option = |key: &str| json!({"key": key, "title": {"ru": "", "en": ""}});
    let select = json!({"type": "select", "options": [option("even"), option("strict")]});
    answer(select.clone(), json!("even")).expect("an option");
    let rejection = answer(select, json!("random")).expect_err("no option");
    expect!["`p`: `random` is not one of even, strict"].assert_eq(&rejection.message.english());
}

#[test]
fn several_values_are_each_of_the_type() {
    let ints = json!({"type": "int", "multiple": true});
    answer(ints.clone(), json!([1, 2])).expect("numbers");
    let rejection = answer(ints, json!([1, "2"])).expect_err("a text");
    expect![[r#"`p`: `2` is not a whole number of 32 bits"#]].assert_eq(&rejection.message.english());
    let many = json!({"type": "string", "multiple": true});
    answer(many.clone(), json!(vec!["x"; 200])).expect("200");
    assert_eq!(
        answer(many, json!(vec!["x"; 201])).expect_err("201").code,
        Code::Invalid
    );
    let stages = json!({"type": "stage", "multiple": true});
    assert!(answer(stages, json!(["stage:1", "stage:99"])).is_err());
}

#[test]
fn a_text_has_a_longest_length() {
    answer(json!({"type": "text"}), json!("x".repeat(TEXT_CHARS_MAX))).expect("the longest");
    answer(json!({"type": "text"}), json!("x".repeat(TEXT_CHARS_MAX + 1))).expect_err("longer");
}

#[test]
fn what_is_left_empty_is_the_default_or_missing() {
    for empty in [json!(null), json!(""), json!("  "), json!([])] {
        let rejection =
            answer(json!({"type": "text", "required": true}), empty.clone()).expect_err("required");
        assert_eq!(rejection.message.english(), "`p` is required");
        answer(json!({"type": "text"}), empty.clone()).expect("optional");
        answer(json!({"type": "text", "required": true, "default": "x"}), empty).expect("a default");
    }
}

#[test]
fn all_mistakes_are_named_at_once() {
    let world = World::new();
    let params = fixture::params(json!({"p": 1, "q": 2}));
    let rejection = check(&form(json!({"type": "text"})), &params, &world.directory).expect_err("two");
    assert_eq!(rejection.fields, ["q", "p"]);
    expect!["robot `notify` has no parameter `q` (it has `p`); `p`: `1` is not a text"]
        .assert_eq(&rejection.message.english());
}

#[test]
fn values_are_known_beforehand_unless_a_placeholder_is_among_them() {
    let form = |placeholders: &str| form(json!({"type": "text", "placeholders": placeholders}));
    let told = |manifest: &Manifest, value: Value| plain(manifest, &fixture::params(json!({"p": value})));
    let text = |text: &str| Some(vec![("p".to_owned(), ParamValue::Text(text.to_owned()))]);
    assert_eq!(told(&form("text"), json!("hello")), text("hello"));
    assert_eq!(told(&form("text"), json!("hello {=Document:TITLE}")), None);
    assert_eq!(told(&form("none"), json!("f({=1})")), text("f({=1})"));
    assert_eq!(told(&form("none"), json!(7)), None, "it does not fit");
    assert_eq!(told(&form("none"), json!("")), Some(vec![]), "nothing is given");
}

/// A client who knows how placeholders are written.
fn hostile() -> Contact {
    Contact {
        id: ContactId(9),
        name: "{=Document:TITLE}".to_owned(),
        ..contact()
    }
}

fn said(text: &str) -> Event {
    let fact = Fact::MessageReceived {
        conversation: ConversationId(1),
        message: MessageId(1),
        channel: ChannelId(1),
        contact: None,
        text: text.to_owned(),
        is_first: true,
        sent_at: at(fixture::NOW),
    };
    fixture::event(fact, None)
}

fn expanded(text: &str, item: Option<&Item>, contact: Option<&Contact>) -> String {
    let world = World::new();
    let event = said("{=Contact:NAME}");
    expand(
        text,
        Shown {
            directory: &world.directory,
            item,
            contact,
            event: &event,
            now: world.now,
        },
    )
}

#[test]
fn placeholders_show_the_item_its_client_and_the_event() {
    let mut item = deal();
    item.amount = Some(Money::new("1500", "RUB").expect("money"));
    item.fields
        .insert("meeting-at".to_owned(), FieldValue::Instant(at(fixture::NOW)));
    let show = |text: &str| expanded(text, Some(&item), Some(&contact()));
    for (text, shown) in [
        ("{=Document:TITLE} / {=Document:ID}", "Фасад / deal:7"),
        ("{=Document:AMOUNT}", "1500.00 RUB"),
        ("{=Document:STAGE}", "new"),
        (
            "{=Document:MEETING_AT} {=Document:meeting-at}",
            "2026-03-02T11:20:00Z 2026-03-02T11:20:00Z",
        ),
        ("{=Contact:NAME}, {=Responsible:NAME}", "Иван, Борис"),
        ("{=Run:now}", "2026-03-02T11:20:00Z"),
        ("[{=Document:SOURCE}] is empty", "[] is empty"),
    ] {
        assert_eq!(show(text), shown, "{text}");
    }
    assert_eq!(expanded("[{=Document:TITLE}{=Contact:NAME}]", None, None), "[]");
}

#[test]
fn an_unknown_or_broken_placeholder_stays_as_it_is() {
    for text in [
        "{=Document:COLOUR}",
        "{=Nobody:NAME}",
        "{=Document}",
        "{=Document:TITLE",
        "{=}",
        "{ =Run:now}",
        "{{=x}",
    ] {
        assert_eq!(expanded(text, Some(&deal()), None), text);
    }
}

#[test]
fn what_a_client_wrote_is_never_expanded() {
    let show = |text: &str| expanded(text, Some(&deal()), Some(&hostile()));
    assert_eq!(show("{=Event:text}"), "{=Contact:NAME}");
    assert_eq!(show("{=Contact:NAME}"), "{=Document:TITLE}");
    assert_eq!(show("{={=Contact:NAME}}"), "{={=Contact:NAME}}");
    assert_eq!(
        show("{=Contact:NAME}{=Run:now}"),
        "{=Document:TITLE}2026-03-02T11:20:00Z"
    );
}

#[test]
fn an_expanded_text_has_the_same_limit() {
    let long = Contact {
        name: "x".repeat(2_000),
        ..contact()
    };
    assert_eq!(
        expanded(&"{=Contact:NAME}".repeat(10), None, Some(&long))
            .chars()
            .count(),
        TEXT_CHARS_MAX
    );
}

#[test]
fn robots_get_typed_values_and_only_texts_that_ask_for_it_are_expanded() {
    let world = World::new();
    let (item, event) = (deal(), said("x"));
    let shown = Shown {
        directory: &world.directory,
        item: Some(&item),
        contact: None,
        event: &event,
        now: world.now,
    };
    let title = json!({"ru": "", "en": ""});
    let manifest = fixture::manifest(json!({"param": [
        {"key": "delay", "type": "duration", "title": title, "default": "4h"},
        {"key": "plain", "type": "text", "title": title},
        {"key": "shown", "type": "text", "title": title, "placeholders": "text"},
        {"key": "many", "type": "int", "title": title, "multiple": true},
        {"key": "left", "type": "text", "title": title},
    ]}));
    let params = fixture::params(json!({"plain": "{=Run:now}", "shown": "{=Document:ID}", "many": [1, 2]}));
    let values = resolve(&manifest, &params, shown).expect("values");
    let text = |text: &str| ParamValue::Text(text.to_owned());
    let many = ParamValue::Many(vec!["1".to_owned(), "2".to_owned()]);
    let expected = [
        ("delay", ParamValue::Seconds(14_400)),
        ("plain", text("{=Run:now}")),
        ("shown", text("deal:7")),
        ("many", many),
    ];
    assert_eq!(values, expected.map(|(key, value)| (key.to_owned(), value)));
    let wrong =
        resolve(&manifest, &fixture::params(json!({"delay": "soon"})), shown).expect_err("an old value");
    expect!["parameter `delay`: `soon` is not a duration such as `4h`"].assert_eq(&wrong.message.english());
}
