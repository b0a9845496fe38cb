//! Each check: a few events, and the steps that they make.

use std::fmt::Write as _;
use std::path::Path;

use super::{Builder, Plan, PlanError, Step, StepKind};
use crate::eventlog::mapping::{Language, Mapping};
use crate::eventlog::xes::{Attribute, Case, LogEvent, Reader, Value};

const MAPPING: &str = r#"
time_zone = "Europe/Amsterdam"
ignore = ["NOISE"]
pipeline = { key = "loans", title = { ru = "Заявки", en = "Loans" } }
deal = { title = { ru = "Заявка {id}", en = "Loan {id}" }, amount = { attribute = "AMOUNT", currency = "EUR" } }

[[stage]]
key = "new"
kind = "open"
title = { ru = "Новая", en = "New" }
entered_by = ["NEW"]

[[stage]]
key = "offer"
kind = "open"
title = { ru = "Предложение", en = "Offer" }
entered_by = ["OFFER"]

[[stage]]
key = "answer"
kind = "open"
title = { ru = "Ответ", en = "Answer" }
entered_by = ["ANSWER"]

[[stage]]
key = "won"
kind = "won"
title = { ru = "Успех", en = "Won" }
entered_by = ["APPROVED", "ACTIVATED"]

[[stage]]
key = "lost"
kind = "lost"
title = { ru = "Отказ", en = "Lost" }
entered_by = ["DECLINED"]

[[activity]]
name = "CALL"
kind = "call"
title = { ru = "Звонок", en = "Call" }

[employees]
name = { ru = "Сотрудник {resource}", en = "Employee {resource}" }
software = ["bot"]
head = "boss"
"#;

/// A case from lines such as `10 NEW`, `11 CALL schedule anna`: second, activity, transition, resource.
fn case(id: &str, events: &str) -> Case {
    let events = events
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(event)
        .collect();
    Case {
        id: id.to_owned(),
        attributes: vec![text("AMOUNT", "5000")],
        events,
        line: 7,
    }
}

fn event(line: &str) -> LogEvent {
    let mut words = line.split(' ');
    let second: i64 = words.next().unwrap().parse().unwrap();
    LogEvent {
        at: jiff::Timestamp::from_second(second).unwrap(),
        activity: words.next().unwrap().to_owned(),
        lifecycle: words.next().unwrap_or("complete").to_owned(),
        resource: words.next().map(str::to_owned),
        attributes: Vec::new(),
        line: 1,
    }
}

fn text(key: &str, value: &str) -> Attribute {
    Attribute {
        key: key.to_owned(),
        value: Value::Text(value.to_owned()),
        nested: Vec::new(),
    }
}

fn build(mapping: &str, cases: Vec<Case>) -> Result<Plan, PlanError> {
    let mapping = Mapping::parse("m.toml", mapping).unwrap();
    Plan::build(cases.into_iter().map(Ok), &mapping, Language::En)
}

fn shown(steps: &[Step]) -> String {
    let mut text = String::new();
    for Step { at, case, kind } in steps {
        let at = at.as_second();
        let who = |resource: &Option<std::sync::Arc<str>>| resource.as_deref().unwrap_or("-").to_owned();
        let what = match kind {
            StepKind::CaseOpened {
                title,
                stage_key,
                amount,
                assignee,
                ..
            } => {
                let amount = amount
                    .as_ref()
                    .map(|amount| format!("{} {}", amount.value, amount.currency));
                format!(
                    "opened `{title}` in {stage_key} {} by {}",
                    amount.unwrap_or_default(),
                    who(assignee)
                )
            }
            StepKind::StageEntered { stage_key, resource } => format!("-> {stage_key} by {}", who(resource)),
            StepKind::ActivityPlanned {
                activity,
                title,
                assignee,
                ..
            } => {
                format!("planned {activity} `{title}` by {}", who(assignee))
            }
            StepKind::ActivityCompleted { activity, resource } => {
                format!("completed {activity} by {}", who(resource))
            }
        };
        writeln!(text, "{at} {case} {what}").unwrap();
    }
    text
}

#[track_caller]
fn check(cases: Vec<Case>, expected: &str) -> Plan {
    let plan = build(MAPPING, cases).unwrap();
    let expected: Vec<_> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(shown(&plan.steps).lines().collect::<Vec<_>>(), expected);
    plan
}

#[test]
fn a_case_becomes_a_deal_that_moves() {
    let plan = check(
        vec![case(
            "1",
            "10 NEW complete bot\n 20 OFFER complete anna\n 30 NOISE\n 40 APPROVED complete ivan\n 40 ACTIVATED",
        )],
        "10 1 opened `Loan 1` in new 5000 EUR by -
         20 1 -> offer by anna
         40 1 -> won by ivan",
    );
    let names: Vec<_> = plan
        .employees
        .iter()
        .map(|employee| employee.name.as_str())
        .collect();
    assert_eq!(names, ["Employee anna", "Employee boss", "Employee ivan"]);
    assert_eq!(plan.employees[0].head.as_deref(), Some("boss"));
    assert_eq!(plan.employees[1].head, None);
    let summary = plan.summary;
    assert_eq!(
        (summary.event_count, summary.mapped_count, summary.ignored_count),
        (5, 4, 1)
    );
    assert_eq!(
        (summary.reentry_count, summary.employee_count, summary.step_count),
        (2, 3, 3)
    );
    assert_eq!(summary.first_at.map(jiff::Timestamp::as_second), Some(10));
    assert_eq!(summary.last_at.map(jiff::Timestamp::as_second), Some(40));
}

#[test]
fn steps_come_by_time_then_case_then_event() {
    check(
        vec![
            case("a", "20 NEW\n10 OFFER\n20 ANSWER"),
            case("b", "10 OFFER\n20 ANSWER"),
        ],
        "10 a opened `Loan a` in new 5000 EUR by -
         10 a -> offer by -
         10 b opened `Loan b` in new 5000 EUR by -
         10 b -> offer by -
         20 a -> new by -
         20 a -> answer by -
         20 b -> answer by -",
    );
}

#[test]
fn work_is_planned_and_completed_oldest_first() {
    let plan = check(
        vec![case(
            "1",
            "1 CALL schedule anna\n2 CALL start\n3 CALL schedule\n4 CALL complete ivan\n5 CALL\n6 CALL start\n7 CALL\n8 CALL",
        )],
        "1 1 opened `Loan 1` in new 5000 EUR by anna
         1 1 planned 0 `Call` by anna
         3 1 planned 1 `Call` by -
         4 1 completed 0 by ivan
         5 1 completed 1 by -
         6 1 planned 2 `Call` by -
         7 1 completed 2 by -
         8 1 planned 3 `Call` by -
         8 1 completed 3 by -",
    );
    let summary = plan.summary;
    assert_eq!(
        (
            summary.planned_count,
            summary.completed_count,
            summary.unplanned_work_count
        ),
        (4, 4, 2)
    );
}

#[test]
fn moves_go_back_while_open_and_stop_when_closed() {
    let plan = check(
        vec![case(
            "1",
            "1 OFFER\n2 ANSWER\n3 OFFER\n4 DECLINED\n5 OFFER\n6 APPROVED",
        )],
        "1 1 opened `Loan 1` in new 5000 EUR by -
         1 1 -> offer by -
         2 1 -> answer by -
         3 1 -> offer by -
         4 1 -> lost by -",
    );
    assert_eq!(
        (plan.summary.backward_count, plan.summary.refused_move_count),
        (1, 2)
    );
    assert_eq!(plan.summary.stage_entries["offer"], 2);
}

#[test]
fn mapping_can_turn_both_rules_around() {
    let mapping = MAPPING.replace(
        "en = \"Loans\" } }",
        "en = \"Loans\" }, backward = \"ignore\", reopen = \"follow\" }",
    );
    let plan = build(
        &mapping,
        vec![case("1", "1 ANSWER\n2 OFFER\n3 DECLINED\n4 OFFER")],
    )
    .unwrap();
    assert_eq!(plan.summary.refused_move_count, 1);
    let last = plan.steps.last().unwrap();
    assert_eq!((last.at.as_second(), plan.summary.stage_entries["offer"]), (4, 1));
}

#[test]
fn unknown_activities_are_refused_with_counts_or_counted() {
    let cases = || vec![case("1", "1 NEW\n2 LUNCH\n3 CALL suspend\n4 LUNCH")];
    assert_eq!(
        build(MAPPING, cases()).unwrap_err().to_string(),
        "the mapping does not name 2 of the log's activities:\n  `CALL` (transition `suspend`): 1 events\n  \
         `LUNCH` (transition `complete`): 2 events"
    );
    let plan = build(&format!("unknown_activities = \"ignore\"\n{MAPPING}"), cases()).unwrap();
    assert_eq!(
        plan.summary
            .unknown
            .iter()
            .map(|unknown| unknown.count)
            .sum::<u64>(),
        3
    );
    assert_eq!(plan.summary.mapped_count, 1);
}

#[test]
fn creation_time_is_an_attribute_but_never_after_the_first_event() {
    let mapping = MAPPING.replace(
        "currency = \"EUR\" } }",
        "currency = \"EUR\" }, created_at = \"REG\" }",
    );
    let dated = |second: i64| {
        let value = Value::Date(jiff::Timestamp::from_second(second).unwrap());
        let mut case = case("1", "10 NEW");
        case.attributes.push(Attribute {
            key: "REG".to_owned(),
            value,
            nested: Vec::new(),
        });
        case
    };
    for (reg, opened) in [(5, 5), (15, 10)] {
        let plan = build(&mapping, vec![dated(reg)]).unwrap();
        assert_eq!(plan.steps[0].at.as_second(), opened);
    }
    let error = build(&mapping, vec![case("1", "10 NEW")])
        .unwrap_err()
        .to_string();
    assert_eq!(error, "line 7: case `1` has no attribute `REG` of type date");
}

#[test]
fn cases_that_do_not_fit_are_refused_by_name() {
    let error = build(MAPPING, vec![case("1", "1 NEW"), case("1", "2 NEW")])
        .unwrap_err()
        .to_string();
    assert_eq!(error, "line 7: a second case is named `1`");
    let mut vague = case("1", "1 NEW");
    vague.attributes = vec![text("AMOUNT", "1e3")];
    let error = build(MAPPING, vec![vague]).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 7: case `1`: attribute `AMOUNT` is `1e3`, not a decimal number"
    );
    let plan = build(MAPPING, vec![case("1", "")]).unwrap();
    assert_eq!((plan.steps.len(), plan.summary.empty_case_count), (0, 1));
}

/// The real log, where it is at hand: the variable `SIGNALBOX_BPIC2012` names the file.
#[test]
fn real_log_becomes_a_plan() {
    let Ok(path) = std::env::var("SIGNALBOX_BPIC2012") else {
        println!("skipped: SIGNALBOX_BPIC2012 does not name the log");
        return;
    };
    let path = Path::new(&path);
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/bpic2012/mapping.toml");
    let mapping = Mapping::load(mapping.as_ref()).unwrap();
    let mut reader = Reader::open(path).unwrap();
    let progress = reader.progress();
    let mut builder = Builder::new(&mapping, Language::Ru);
    for case in reader.by_ref() {
        builder.add(case.unwrap()).unwrap();
    }
    let plan = builder.finish().unwrap();
    println!("{:#?}", plan.summary);
    assert_eq!(progress.bytes_read(), progress.bytes_total());
    let summary = plan.summary;
    assert_eq!((summary.case_count, summary.event_count), (13_087, 262_200));
    assert_eq!(summary.mapped_count + summary.ignored_count, 262_200);
    assert_eq!(summary.refused_move_count, 0);
    assert_eq!(
        (summary.stage_entries["won"], summary.stage_entries["declined"]),
        (2_246, 7_635)
    );
    assert_eq!(summary.stage_entries["cancelled"], 2_807);
    assert!(plan.steps.is_sorted_by_key(|step| step.at));
}
