//! `state`: what a robot remembers.

use serde_json::{Value, json};

use super::caller::Company;

#[tokio::test]
async fn what_a_run_sets_the_next_one_finds_in_its_own_space() {
    let company = Company::new().await;
    let run = company
        .calls(
            "state.get; item; last
            state.set; item; last; вчера
            state.get; item; last
            state.get; robot; last
            state.set; robot; last; всегда
            state.set; item; gone; x
            state.delete; item; gone
            state.delete; item; gone
            state.get; item; gone",
        )
        .await;
    assert_eq!(run.answers, "ok ok ok ok ok ok ok ok ok");
    let answers: Vec<&Value> = [1, 3, 4, 7, 8, 9].map(|line| run.answer(line)).into();
    let expected = [
        &json!(null),
        &json!("вчера"),
        &json!(null),
        &json!(true),
        &json!(false),
        &json!(null),
    ];
    assert_eq!(answers, expected);
    let effects = run.details["attempts"][0]["effects"].as_array().unwrap();
    assert!(
        effects.contains(&json!({"effect": "remembered", "owner": "robot:caller", "key": "last"})),
        "{effects:#?}"
    );
    // Another attachment of the same robot, on the same deal.
    let run = company
        .calls("state.get; item; last\nstate.get; robot; last")
        .await;
    assert_eq!((run.answer(1), run.answer(2)), (&json!(null), &json!("всегда")));
}

#[tokio::test]
async fn failed_run_remembers_nothing() {
    let company = Company::new().await;
    let run = company.calls("state.set; robot; last; сейчас\nno.such").await;
    assert_eq!(run.answers, "bad-script");
    let run = company.calls("state.get; robot; last").await;
    assert_eq!(run.answer(1), &json!(null));
}

#[tokio::test]
async fn memory_has_its_limits() {
    let company = Company::new().await;
    let long = "k".repeat(129);
    let script = format!(
        "state.set; item; ; 1
        state.set; item; {long}; 1
        state.get; item; {long}
        state.delete; item;
        state.fill; item; a; 65537
        state.fill; item; a; 65536"
    );
    let run = company.calls(&script).await;
    assert_eq!(run.answers, "invalid invalid invalid invalid invalid ok");
    // 15 texts of 64 KiB with their keys fit into 1 MiB, and what is replaced makes room.
    let fill = |key: u32| format!("state.fill; item; {key}; 65536\n");
    let script: String = (0..16).map(fill).collect();
    let full = company
        .calls(&(script + "state.fill; item; 0; 10\nstate.fill; item; 16; 65000\nstate.delete; item; 16\nstate.fill; item; 17; 65000"))
        .await;
    let answers: Vec<&str> = full.answers.split(' ').collect();
    assert_eq!(answers[..15], ["ok"; 15]);
    assert_eq!(answers[15..], ["limit.state", "ok", "ok", "ok", "ok"]);
}

#[tokio::test]
async fn full_memory_of_earlier_runs_counts() {
    let company = Company::new().await;
    let fill = |key: u32| format!("state.fill; robot; {key}; 10\n");
    for hundred in 0..2 {
        let script: String = (hundred * 100..hundred * 100 + 100).map(fill).collect();
        let run = company.calls(&script).await;
        assert_eq!(run.answers, ["ok"; 100].join(" "));
    }
    let held = company
        .api
        .app
        .core
        .db
        .state_extent(&signalbox_crm::remembering::StateOwner::Robot(
            "caller".to_owned(),
        ))
        .await
        .unwrap();
    assert_eq!(
        (held.key_count, held.byte_count),
        (200, 2000 + 10 + 90 * 2 + 100 * 3)
    );
}
