//! `item-creation`.

use serde_json::json;
use signalbox_db::ItemFilter;

use super::caller::Company;

#[tokio::test]
async fn made_item_is_the_robots_own_and_stored_with_the_run() {
    let company = Company::new().await;
    let (pipeline, anna, client) = (&company.sales.pipeline, &company.anna, &company.client);
    let script = format!(
        "item-creation.create; {pipeline}; -; Второй трактор; {anna}; {client}; 99.90 RUB; repeat; note=text:как первый
        fields.set; $1; note=text:как первый, но новее
        items.get; $1
        item-creation.copy; $1; {pipeline}; {}
        timeline.add-comment; $4; копия",
        company.sales.offer
    );
    let run = company.calls(&script).await;
    assert_eq!(run.answers, "ok ok ok ok ok");
    let made = run.answer(1).as_str().unwrap();
    let stored = company.api.get(&format!("/items/{made}")).await.ok(200);
    assert_eq!(
        (&stored["title"], &stored["contact"], &stored["source"]),
        (&json!("Второй трактор"), &json!(client), &json!("repeat"))
    );
    let copy = run.answer(4).as_str().unwrap();
    let copy = company.api.get(&format!("/items/{copy}")).await.ok(200);
    assert_eq!(
        (&copy["stage"], &copy["title"], &copy["assignee"]),
        (
            &json!(company.sales.offer),
            &json!("Второй трактор"),
            &json!(anna)
        )
    );
    assert_eq!(
        copy["fields"]["note"]["value"], "как первый, но новее",
        "{copy:#}"
    );
}

#[tokio::test]
async fn items_that_cannot_be_are_refused() {
    let company = Company::new().await;
    let (pipeline, offer, other) = (&company.sales.pipeline, &company.sales.offer, &company.other);
    let script = format!(
        "item-creation.create; pipeline:999; -; X
        item-creation.create; {pipeline}; {offer}; X
        item-creation.create; {pipeline}; stage:999; X
        item-creation.create; {pipeline}; -
        item-creation.create; {pipeline}; -; X; employee:999
        item-creation.create; {pipeline}; -; X; -; contact:2
        item-creation.create; {pipeline}; -; X; -; -; 1,5 RUB
        item-creation.create; {pipeline}; -; X; -; -; -; -; note=flag:yes
        item-creation.create; {pipeline}; -; X; -; -; -; -; note=text:a; note=text:b
        item-creation.copy; {other}; {pipeline}
        item-creation.copy; $item; {pipeline}; {offer}"
    );
    let run = company.calls(&script).await;
    assert_eq!(
        run.answers,
        "denied required-fields no-such-stage invalid not-found denied invalid invalid invalid denied \
         required-fields"
    );
    let items = company.api.get("/items").await.ok(200);
    assert_eq!(items["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn scope_decides_in_which_pipeline_items_are_made() {
    let company = Company::new().await;
    let title = json!({"ru": "Сервис", "en": "Service"});
    let service = json!({"key": "service", "title": title, "item_kind": "deal"});
    let service = company.api.create("/pipelines", service).await;
    let stage = json!({"key": "new", "title": title, "kind": "open"});
    company
        .api
        .create(&format!("/pipelines/{service}/stages"), stage)
        .await;
    let script = format!("item-creation.copy; $item; {service}\nitem-creation.create; {service}; -; X");
    for (scope, answers) in [
        ("item", "denied denied"),
        ("pipeline", "denied denied"),
        ("all", "ok ok"),
    ] {
        assert_eq!(company.calls_in(scope, &script).await.answers, answers, "{scope}");
    }
}

#[tokio::test]
async fn robot_that_makes_items_which_start_it_again_is_stopped() {
    let company = Company::new().await;
    let pipeline = &company.sales.pipeline;
    let script = format!("item-creation.copy; $item; {pipeline}\n").repeat(3);
    let attached = json!({
        "title": "Rabbits", "robot": "caller", "moment": {"kind": "stage", "stage": company.sales.new},
        "params": {"script": script}, "attempts_max": 1,
    });
    company.api.create("/attachments", attached).await;
    company
        .api
        .create("/items", company.sales.deal("First of many"))
        .await;
    company.api.app.core.lanes.idle().await;
    let db = &company.api.app.core.db;
    let count = db.item_count(&ItemFilter::default()).await.unwrap();
    // Two deals were there, and one came; each of 200 runs of its chain makes three more.
    assert_eq!(count, 2 + 1 + 200 * 3);
    let stopped = company.api.get("/runs?state=discarded&limit=1").await.ok(200);
    assert_eq!(stopped["items"][0]["reason"], "loop-stopped", "{stopped:#}");
    let told = company
        .api
        .get(&format!("/notifications?employee={}&unread=true", company.anna))
        .await
        .ok(200);
    assert_eq!(told["items"].as_array().unwrap().len(), 1, "{told:#}");
}
