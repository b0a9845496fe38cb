//! Runs that are replayed. That every run of these tests goes the same way again, `Company` shows each time.

use serde_json::{Value, json};
use signalbox_crm::people::Role;
use signalbox_crm::run::Verdict;
use signalbox_sandbox::{Difference, RunFile};

use super::caller::{Called, Company, EVERY_FUNCTION};

fn run_of(called: &Called) -> &str {
    called.details["run"]["id"].as_str().unwrap()
}

/// The record with another script in it: as a robot would go on that has been changed.
fn with_script(file: &RunFile, script: &str) -> RunFile {
    let mut value = serde_json::to_value(file).unwrap();
    value["calls"][0]["answer"] = json!({"ok": {"Text": script}});
    RunFile::parse(&value.to_string()).unwrap()
}

#[tokio::test]
async fn every_function_is_answered_from_the_record() {
    let company = Company::new().await;
    let called = company.calls(EVERY_FUNCTION).await;
    let before = company.deal().await;
    let file = company.run_file(run_of(&called), false).await;
    let replay = company.replay(&file).await;
    assert!(replay.difference.is_none());
    let told = |calls: &[signalbox_sandbox::HostCall]| -> Vec<(Value, Value)> {
        let value = |text: &str| serde_json::from_str(text).unwrap();
        calls
            .iter()
            .map(|call| (value(call.args.get()), value(call.answer.get())))
            .collect()
    };
    assert_eq!(told(&replay.calls), told(&file.calls));
    assert_eq!(company.deal().await, before, "a replay changes nothing");
}

#[tokio::test]
async fn first_change_that_is_another_is_shown_and_reads_may_come_otherwise() {
    let company = Company::new().await;
    let script = "items.get; $item
        fields.get; $item; title
        timeline.add-comment; $item; first
        timeline.add-comment; $item; second";
    let called = company.calls(script).await;
    let file = company.run_file(run_of(&called), false).await;

    let other_reads = "fields.get; $item; title
        items.get; $item
        timeline.add-comment; $item; first
        timeline.add-comment; $item; second";
    let replay = company.replay(&with_script(&file, other_reads)).await;
    assert!(replay.difference.is_none(), "{replay:#?}");

    let other_words = script.replace("second", "third");
    let replay = company.replay(&with_script(&file, &other_words)).await;
    let Some(Difference::Call { now, recorded }) = replay.difference else {
        panic!("{replay:#?}");
    };
    assert!(now.args.get().contains("third"), "{}", now.args);
    assert!(recorded.unwrap().args.get().contains("second"));

    let less = script.lines().take(3).collect::<Vec<_>>().join("\n");
    let replay = company.replay(&with_script(&file, &less)).await;
    let Some(Difference::Missing { recorded }) = replay.difference else {
        panic!("{replay:#?}");
    };
    assert!(recorded.args.get().contains("second"));

    let more = format!("{script}\nnotifications.send; employee:1; hello; hello");
    let replay = company.replay(&with_script(&file, &more)).await;
    let Some(Difference::Call { now, recorded: None }) = replay.difference else {
        panic!("{replay:#?}");
    };
    assert_eq!((&*now.interface, &*now.function), ("notifications", "send"));

    let unknown = format!("employees.get; employee:1\n{script}");
    let replay = company.replay(&with_script(&file, &unknown)).await;
    assert!(
        matches!(&replay.difference, Some(Difference::Call { now, .. }) if now.interface == "employees"),
        "{replay:#?}"
    );
}

#[tokio::test]
async fn failed_runs_fail_again_in_the_same_place() {
    let company = Company::new().await;
    let called = company.calls("timeline.add-comment; $item; a\nno.such").await;
    assert_eq!(called.answers, "bad-script");
    let file = company.run_file(run_of(&called), false).await;
    let healed = company
        .replay(&with_script(&file, "timeline.add-comment; $item; a"))
        .await;
    assert!(
        matches!(&healed.verdict, Verdict::Done { .. }) && healed.difference.is_none(),
        "the same component that ends well had been refused at its commit: {healed:#?}"
    );
}

#[tokio::test]
async fn record_without_clients_is_what_integrators_get_and_it_replays() {
    let company = Company::new().await;
    let called = company
        .calls("contacts.get; $contact\nmessaging.reply; conversation:1; Иван, добрый день\nitems.get; $item")
        .await;
    let run = run_of(&called).to_owned();
    let masked = company.run_file(&run, true).await;
    let replay = company.replay(&masked).await;
    assert!(masked.is_masked && replay.calls.len() > 1, "{replay:#?}");

    let token = company.api.token(Role::Integrator, None).await;
    for path in [format!("/runs/{run}/file"), format!("/runs/{run}")] {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let body = company
            .api
            .send("GET", &format!("/api/v1{path}"), &headers, "")
            .await;
        let text = body.ok(200).to_string();
        for personal in ["Иван", "987", "Tractor"] {
            assert!(!text.contains(personal), "{path}: {personal}: {text}");
        }
        assert!(text.contains("[masked 1]"), "{path}: {text}");
    }
}

#[tokio::test]
async fn runs_that_have_no_record_say_so() {
    let company = Company::new().await;
    let called = company.calls("clock.now").await;
    let run = run_of(&called);
    company
        .api
        .get("/runs/run:999/file")
        .await
        .refused(404, "not-found");
    company
        .api
        .get(&format!("/runs/{run}/file?attempt=2"))
        .await
        .refused(404, "not-found");
    company
        .api
        .get(&format!("/runs/{run}/file?attempt=x"))
        .await
        .refused(422, "invalid");
    company
        .api
        .get("/robots/0000/component")
        .await
        .refused(404, "not-found");
    for (text, why) in [
        ("", "no run file"),
        ("{}", "says `nothing`"),
        (
            r#"{"schema": "signalbox.run-file/2"}"#,
            "says `signalbox.run-file/2`",
        ),
        (r#"{"schema": "signalbox.run-file/1", "calls": 7}"#, "no run file"),
    ] {
        let error = RunFile::parse(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}
