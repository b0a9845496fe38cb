//! Each check: a mapping as text, and what is wrong with it.

use super::{Language, Mapping, Meaning, Moves, UnknownActivities};

const GOOD: &str = r#"
time_zone = "Europe/Amsterdam"
ignore = ["NOISE", { activity = "W_Call", transition = "SUSPEND" }]

[pipeline]
key = "loans"
title = { ru = "Заявки", en = "Loans" }

[[stage]]
key = "new"
kind = "open"
title = { ru = "Новая", en = "New" }
entered_by = ["SUBMITTED"]

[[stage]]
key = "won"
kind = "won"
title = { ru = "Успех", en = "Won" }
entered_by = ["APPROVED", { activity = "CHECK", transition = "complete" }]

[[stage]]
key = "lost"
kind = "lost"
title = { ru = "Отказ", en = "Lost" }
entered_by = ["DECLINED"]

[[activity]]
name = "W_Call"
kind = "call"
title = { ru = "Звонок", en = "Call" }

[deal]
title = { ru = "Заявка {id}", en = "Loan {id}" }
amount = { attribute = "AMOUNT", currency = "EUR" }

[employees]
name = { ru = "Сотрудник {resource}", en = "Employee {resource}" }
software = ["112"]
head = "1"
head_of = { "2" = "3" }
"#;

/// The message for the good mapping with one text replaced.
fn refused(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "`{from}` is not in the good mapping");
    Mapping::parse("m.toml", &GOOD.replacen(from, to, 1))
        .unwrap_err()
        .to_string()
}

#[test]
fn mapping_gives_events_their_meaning() {
    let mapping = Mapping::parse("m.toml", GOOD).unwrap();
    let meaning = |activity, lifecycle| mapping.meaning(activity, lifecycle);
    assert_eq!(meaning("SUBMITTED", "anything"), Some(Meaning::Enters(0)));
    assert_eq!(meaning("CHECK", "complete"), Some(Meaning::Enters(1)));
    assert_eq!(meaning("CHECK", "start"), None);
    assert_eq!(meaning("NOISE", "complete"), Some(Meaning::Ignored));
    assert_eq!(meaning("W_Call", "schedule"), Some(Meaning::Plans(0)));
    assert_eq!(meaning("W_Call", "start"), Some(Meaning::Starts(0)));
    assert_eq!(meaning("W_Call", "complete"), Some(Meaning::Completes(0)));
    assert_eq!(meaning("W_Call", "suspend"), Some(Meaning::Ignored));
    assert_eq!(meaning("W_Call", "resume"), None);
    assert_eq!(mapping.unknown_activities, UnknownActivities::Refuse);
    assert_eq!(
        (mapping.pipeline.backward, mapping.pipeline.reopen),
        (Moves::Follow, Moves::Ignore)
    );
    assert_eq!(mapping.deal.title.text(Language::Ru), "Заявка {id}");
    assert_eq!(mapping.time_zone.iana_name(), Some("Europe/Amsterdam"));
}

#[test]
fn heads_are_the_default_but_for_exceptions() {
    let employees = Mapping::parse("m.toml", GOOD).unwrap().employees;
    assert_eq!(employees.head_for("7"), Some("1"));
    assert_eq!(employees.head_for("2"), Some("3"));
    assert_eq!(employees.head_for("1"), None);
}

#[test]
fn committed_mapping_of_the_example_is_good() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/bpic2012/mapping.toml");
    let mapping = Mapping::load(path.as_ref()).unwrap();
    assert_eq!((mapping.stages.len(), mapping.activities.len()), (9, 7));
}

#[test]
fn malformed_files_are_named_with_line_and_field() {
    let error = refused("key = \"loans\"", "key = \"loans\"\ncolour = \"red\"");
    assert!(
        error.starts_with("mapping m.toml: TOML parse error at line 7"),
        "{error}"
    );
    assert!(error.contains("unknown field `colour`"), "{error}");
    let error = refused("kind = \"won\"", "kind = \"done\"");
    assert!(
        error.contains("line 17") && error.contains("unknown variant `done`"),
        "{error}"
    );
    let error = refused("Europe/Amsterdam", "Europe/Atlantis");
    assert!(
        error.contains("line 2") && error.contains("Europe/Atlantis"),
        "{error}"
    );
    let error = refused("[\"SUBMITTED\"]", "[17]");
    assert!(
        error.contains("line 13") && error.contains("expected an activity's name"),
        "{error}"
    );
    let error = refused("transition = \"complete\" }", "transitions = \"complete\" }");
    assert!(error.contains("unknown field `transitions`"), "{error}");
    let error = Mapping::load("/nowhere/m.toml".as_ref()).unwrap_err().to_string();
    assert_eq!(error, "mapping /nowhere/m.toml cannot be read");
}

#[test]
fn stages_must_make_a_pipeline() {
    assert_eq!(
        refused("key = \"lost\"", "key = \"new\""),
        "mapping m.toml: stage `new` stands twice in the file"
    );
    assert_eq!(
        refused("kind = \"won\"", "kind = \"open\""),
        "mapping m.toml: the pipeline has no stage of kind `won`"
    );
    assert_eq!(
        refused("key = \"won\"", "key = \"Won!\""),
        "mapping m.toml: stage `Won!`: a key is 1 to 64 of a-z, 0-9, `_` and `-`"
    );
    assert_eq!(
        refused("entered_by = [\"DECLINED\"]", "entered_by = []"),
        "mapping m.toml: stage `lost` is never entered: `entered_by` is empty"
    );
    assert_eq!(
        refused("ru = \"Успех\"", "ru = \" \""),
        "mapping m.toml: the title of stage `won` is empty in `ru`"
    );
    assert_eq!(
        refused("kind = \"open\"", "kind = \"lost\""),
        "mapping m.toml: 2 problems\n  the first stage, `new`, is not `open`: deals are created in it\n  \
         the pipeline has no stage of kind `open`"
    );
}

#[test]
fn an_event_has_one_meaning() {
    assert_eq!(
        refused("\"APPROVED\"", "\"SUBMITTED\""),
        "mapping m.toml: activity `SUBMITTED` is mapped twice: by stage `new` and by stage `won`"
    );
    assert_eq!(
        refused("\"NOISE\"", "\"CHECK\""),
        "mapping m.toml: activity `CHECK` (transition `complete`) is mapped twice: by `ignore` and by stage `won`"
    );
    assert_eq!(
        refused("\"SUSPEND\"", "\"START\""),
        "mapping m.toml: activity `W_Call` (transition `start`) is mapped twice: by `ignore` and by `start` of \
         activity `W_Call`"
    );
    assert_eq!(
        refused("kind = \"call\"", "kind = \"call\"\nstart = \"Complete\""),
        "mapping m.toml: activity `W_Call` (transition `complete`) is mapped twice: by `start` of activity `W_Call` \
         and by `complete` of activity `W_Call`"
    );
}

#[test]
fn deals_and_employees_must_be_tellable() {
    assert_eq!(
        refused("Loan {id}", "Loan"),
        "mapping m.toml: the title of a deal in `en` is `Loan`, without `{id}`"
    );
    assert_eq!(
        refused("Сотрудник {resource}", "Сотрудник"),
        "mapping m.toml: the name of an employee in `ru` is `Сотрудник`, without `{resource}`"
    );
    assert_eq!(
        refused("\"EUR\"", "\"euro\""),
        "mapping m.toml: currency `euro` is not a code of three letters such as `EUR`"
    );
    assert_eq!(
        refused("head = \"1\"", "head = \"112\""),
        "mapping m.toml: resource `112` is a head and `software` at once"
    );
    assert_eq!(
        refused("\"2\" = \"3\"", "\"2\" = \"2\""),
        "mapping m.toml: resource `2` is, over others, head of itself"
    );
    assert_eq!(
        refused("\"2\" = \"3\"", "\"1\" = \"3\""),
        "mapping m.toml: resource `1` is, over others, head of itself"
    );
}
