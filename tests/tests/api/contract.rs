//! The interfaces of the contract, called by a real component in the production host: what is stored, what is refused,
//! what a scope keeps out of sight.

pub(super) mod caller;
mod clients;
mod creation;
mod finding;
pub(super) mod golden;
mod grants;
mod memory;
mod replay;

use serde_json::json;

use caller::Company;

#[tokio::test]
async fn fields_are_read_set_and_emptied_with_their_types() {
    let company = Company::new().await;
    let run = company
        .calls(
            "fields.get; $item; title,amount,note,tags,closed
            fields.set; $item; note=text:перезвонить; amount=money:1500.50 RUB; tags=many:a,b; at=instant:2026-03-02T09:00:00Z
            fields.get; $item; note,amount,tags
            fields.set; $item; tags=; title=text:Новое имя
            fields.get-all; $item
            items.get; $item",
        )
        .await;
    assert_eq!(run.answers, "invalid ok ok ok ok ok");
    let note = json!([
        {"key": "note", "value": {"Text": "перезвонить"}},
        {"key": "amount", "value": {"Money": {"amount": "1500.50", "currency": "RUB"}}},
        {"key": "tags", "value": {"Many": ["a", "b"]}},
    ]);
    assert_eq!(run.answer(3), &note, "a robot reads what it has written");
    let left = json!([
        {"key": "at", "value": {"Instant": "2026-03-02T09:00:00Z"}},
        {"key": "note", "value": {"Text": "перезвонить"}},
    ]);
    assert_eq!(run.answer(5), &left);
    assert_eq!(run.answer(6)["title"], "Новое имя");
    let stored = company.deal().await;
    assert_eq!(stored["title"], "Новое имя");
    assert_eq!(stored["version"], 2, "one commit");
}

#[tokio::test]
async fn fields_that_cannot_be_are_refused_and_nothing_is_stored_of_a_failed_run() {
    let company = Company::new().await;
    let run = company
        .calls(
            "fields.set; $item; colour=text:red
            fields.set; $item; note=flag:yes
            fields.set; $item; note=endless:1
            fields.set; $item; size=endless:1
            fields.set; $item; note=address:Baker Street
            fields.set; $item; stage=text:stage:1
            fields.set; $item; title=
            fields.set; $item; amount=money:5 rubles
            fields.set; $item; at=instant:tomorrow
            fields.set; $item; choice=text:third
            fields.set; $item; note=text:a; note=text:b
            fields.set; $item
            fields.get; $item
            fields.set; $item; contact=text:contact:999
            fields.set; deal:999; note=text:a
            fields.set; nonsense; note=text:a",
        )
        .await;
    let refused = "invalid ".repeat(13) + "denied denied invalid";
    assert_eq!(run.answers, refused);
    assert_eq!(company.deal().await["version"], 1);
    let run = company.calls("fields.set; $item; note=text:a\nno.such").await;
    assert_eq!(run.answers, "bad-script");
    assert_eq!(company.deal().await["version"], 1, "all or nothing");
}

#[tokio::test]
async fn robot_learns_which_fields_a_stage_wants() {
    let company = Company::new().await;
    let (offer, lost) = (&company.sales.offer, &company.sales.lost);
    let script = format!(
        "stages.missing-fields; $item; {offer}
        stages.move; $item; {offer}; no
        fields.set; $item; amount=money:10 RUB
        stages.missing-fields; $item; {offer}
        stages.move; $item; {lost}; no
        fields.set; $item; lost-reason=text:too dear
        stages.move; $item; {lost}; no
        stages.missing-fields; $item; stage:999"
    );
    let run = company.calls(&script).await;
    assert_eq!(
        run.answers,
        "ok required-fields ok ok required-fields ok ok no-such-stage"
    );
    assert_eq!(run.answer(1), &json!(["amount"]));
    assert_eq!(run.answer(4), &json!([]));
    assert_eq!(company.deal().await["stage"], *lost);
}

#[tokio::test]
async fn activities_are_planned_moved_done_and_called_off() {
    let company = Company::new().await;
    let run = company
        .calls(
            "activities.create; $item; call; Позвонить; -; +1d; 600
            activities.get; $1
            activities.reschedule; $1; +2d
            activities.complete; $1
            activities.complete; $1
            activities.create; $item; todo
            activities.cancel; $6
            activities.reschedule; $6; +1d
            activities.get; $6
            activities.create; $item; other
            activities.create; $item; call; -; -; -; 3600
            activities.get; activity:999
            activities.complete; deal:1
            items.get; $item",
        )
        .await;
    assert_eq!(
        run.answers,
        "ok ok ok ok conflict ok ok conflict ok invalid rule-violated not-found invalid ok"
    );
    assert_eq!(run.answer(2)["duration"], 600);
    assert_eq!(
        (&run.answer(9)["is_open"], &run.answer(9)["is_done"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(
        run.answer(14)["last_contact_at"],
        super::harness::NOW,
        "a call is a contact"
    );
    let stored = company
        .api
        .get(&format!("/activities?item={}", company.deal))
        .await
        .ok(200);
    let states: Vec<&str> = stored["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|activity| activity["state"].as_str().unwrap())
        .collect();
    assert_eq!(states.len(), 2, "{stored:#}");
    assert!(states.contains(&"completed") && states.contains(&"cancelled"));
}

#[tokio::test]
async fn comments_are_in_the_timeline_in_the_name_of_the_robot() {
    let company = Company::new().await;
    let script = format!(
        "timeline.add-comment; $item; Клиент просил счёт
        timeline.add-comment; $item; Второй
        timeline.add-comment; $item
        timeline.add-comment; {}; Чужая сделка",
        company.other
    );
    let run = company.calls(&script).await;
    assert_eq!(run.answers, "ok ok invalid denied");
    let path = format!("/items/{}/timeline", company.deal);
    let timeline = company.api.get(&path).await.ok(200);
    let texts: Vec<_> = timeline["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["text"].clone(), entry["actor"].clone()))
        .collect();
    assert_eq!(texts.len(), 2, "{timeline:#}");
    assert!(texts.contains(&(json!("Клиент просил счёт"), json!("robot:caller@0.1.0"))));
    assert_eq!(
        run.details["attempts"][0]["effects"][0],
        json!({"effect": "commented", "item": company.deal, "text": "Клиент просил счёт"})
    );
}

#[tokio::test]
async fn random_numbers_are_the_same_in_each_execution_of_a_run_and_differ_in_it() {
    let company = Company::new().await;
    let script =
        "random.number\nrandom.number\nclock.now\nlog.log; hello\nparams.get; script\nparams.get; colour";
    let first = company.calls(script).await;
    let second = company.calls(script).await;
    assert_eq!(first.answers, "ok ok ok ok ok ok");
    assert_ne!(first.answer(1), first.answer(2));
    assert_ne!(first.answer(1), second.answer(1), "another run");
}

#[tokio::test]
async fn hundred_rows_are_the_most_that_a_run_changes() {
    let company = Company::new().await;
    let script = "timeline.add-comment; $item; again\n".repeat(105);
    let run = company.calls(&script).await;
    let answers: Vec<&str> = run.answers.split(' ').collect();
    assert_eq!(answers.iter().filter(|answer| **answer == "ok").count(), 100);
    assert_eq!(answers[104], "limit.writes");
}

#[tokio::test]
async fn every_function_is_denied_without_its_grant() {
    let company = Company::new().await;
    let run = company.calls_granted(&json!([]), caller::EVERY_FUNCTION).await;
    for (line, answer) in caller::EVERY_FUNCTION.lines().zip(run.answers.split(' ')) {
        let function = line.trim().split(';').next().unwrap();
        let is_free = ["clock.", "random.", "params.", "log."]
            .iter()
            .any(|name| function.starts_with(name));
        assert_eq!(answer, if is_free { "ok" } else { "denied" }, "{function}");
    }
}
