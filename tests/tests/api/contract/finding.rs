//! `items.find` and the searches of `contacts`.

use serde_json::{Value, json};

use super::caller::Company;

fn ids(found: &Value) -> Vec<&str> {
    let found = found.as_array().unwrap_or_else(|| panic!("{found:#}"));
    found.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn search_goes_page_by_page_and_sees_what_the_run_has_changed() {
    let company = Company::new().await;
    let (new, offer, anna) = (&company.sales.new, &company.sales.offer, &company.anna);
    for number in 3..=5 {
        let deal = company.sales.deal(&format!("Deal {number}"));
        company.api.create("/items", deal).await;
    }
    let script = format!(
        "items.find; -; {new}; -; -; -; -; -; 2
        items.find; -; {new}; -; -; -; -; deal:2; 2
        items.find; -; {new}; -; -; -; -; deal:4; 2
        assignment.assign; deal:4; {anna}
        items.find; -; -; {anna}; -; -; -; -; 10
        fields.set; deal:2; amount=money:5 RUB
        stages.move; deal:2; {offer}; no
        items.find; -; {new}; -; -; -; -; -; 2
        items.find; -; {offer}; -; -; yes; -; -; 2
        item-creation.create; {}; {new}; Новая
        items.find; -; {new}; -; -; -; 2026-03-02T11:20:01Z; deal:4; 10
        items.find; -; {new}; -; -; -; 2026-03-02T11:20:00Z; -; 10
        items.find; -; {new}; -; -; no; -; -; 10",
        company.sales.pipeline
    );
    let run = company.calls_in("all", &script).await;
    assert_eq!(run.answers, "ok ok ok ok ok ok ok ok ok ok ok ok ok");
    for (line, expected) in [
        (1, &["deal:1", "deal:2"][..]),
        (2, &["deal:3", "deal:4"]),
        (3, &["deal:5"]),
        (5, &["deal:4"]),
        (8, &["deal:1", "deal:3"]),
        (9, &["deal:2"]),
        (11, &["deal:5", "deal:6"]),
        (12, &[]),
        (13, &[]),
    ] {
        assert_eq!(ids(run.answer(line)), expected, "line {line}");
    }
}

#[tokio::test]
async fn scope_decides_what_is_found() {
    let company = Company::new().await;
    let title = json!({"ru": "Сервис", "en": "Service"});
    let service = json!({"key": "service", "title": title, "item_kind": "deal"});
    let service = company.api.create("/pipelines", service).await;
    let stage = json!({"key": "new", "title": title, "kind": "open"});
    company
        .api
        .create(&format!("/pipelines/{service}/stages"), stage)
        .await;
    let client = &company.client;
    let foreign = json!({"pipeline": service, "title": "Repair", "contact": client});
    company.api.create("/items", foreign).await;
    let script = format!(
        "items.find; {service}; -; -; -; -; -; -; 10
        items.find; -; -; -; {client}; -; -; -; 10
        contacts.find-by-phone; 8 987 6543210
        contacts.find-by-email; nobody@example.com"
    );
    let run = company.calls_in("item", &script).await;
    assert_eq!(run.answers, "denied denied denied denied");
    let run = company.calls_in("pipeline", &script).await;
    assert_eq!(run.answers, "denied ok denied denied");
    assert_eq!(ids(run.answer(2)), [company.deal.as_str()]);
    let run = company.calls_in("all", &script).await;
    assert_eq!(run.answers, "ok ok ok ok");
    assert_eq!(ids(run.answer(1)), ["deal:3"]);
    assert_eq!(ids(run.answer(2)), ["deal:1", "deal:3"]);
    assert_eq!(ids(run.answer(3)), ["contact:1", "contact:2"]);
    assert_eq!(ids(run.answer(4)), [""; 0]);
}

#[tokio::test]
async fn search_for_everything_or_nonsense_is_refused() {
    let company = Company::new().await;
    let run = company
        .calls_in(
            "all",
            "items.find; -; -; -; -; -; -; -; 10
            items.find; -; -; -; -; yes; 2026-03-02T00:00:00Z; -; 10
            items.find; pipeline:1; -; -; -; -; -; -; 0
            items.find; pipeline:1; -; -; -; -; -; -; 101
            items.find; pipeline:1; -; -; -; -; yesterday; -; 10
            items.find; deal:1; -; -; -; -; -; -; 10
            items.find; pipeline:1; -; -; -; -; -; contact:1; 10
            items.find; pipeline:999; -; -; -; -; -; -; 10
            contacts.find-by-phone; call me
            contacts.find-by-email; at home",
        )
        .await;
    let refused = "invalid ".repeat(7) + "ok invalid invalid";
    assert_eq!(run.answers, refused);
    assert_eq!(run.answer(8), &json!([]));
}
