//! The run journal: filter, live tail, one failed run, and executing one or many once more.

use serde_json::{Value, json};
use signalbox_crm::people::Role;
use signalbox_tests::robots::FLAKY;

use super::driver::Browsers;
use super::stage::{Person, Stage};
use crate::console::runs::install;

#[tokio::test(flavor = "multi_thread")]
async fn failed_runs_are_found_understood_and_executed_once_more() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    let core = &stage.site.app.core;
    let boris = stage
        .site
        .create("/employees", json!({"name": "Boris", "role": "operator"}))
        .await;
    install(&stage.site, FLAKY).await;
    let attachment = json!({
        "title": "Try luck", "robot": "flaky", "moment": {"kind": "stage", "stage": sales.new},
        "params": {"failures": 1}, "attempts_max": 1,
    });
    stage.site.create("/attachments", attachment).await;
    let deal = async |title: &str| {
        let mut deal = sales.deal(title);
        deal["assignee"] = json!(boris);
        stage.site.create("/items", deal).await;
        core.lanes.idle().await;
    };
    let completed = async || {
        let found = stage
            .site
            .api("GET", "/runs?state=completed", None, Value::Null)
            .await;
        found["items"].as_array().map(Vec::len)
    };
    let catches_up = async || {
        stage.site.app.advance_to(core.clock.now()).await.unwrap();
        core.lanes.idle().await;
    };
    for title in ["Pool", "Garden"] {
        deal(title).await;
    }
    let browser = browsers.open(1280, "en").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Admin, "Anna", "/runs").await;
    anna.is_live().await;
    // The list follows what happens, until it is held.
    deal("Roof").await;
    anna.sees("tr[data-key='run:3']").await;
    anna.clicks("#tail").await;
    anna.reads("Updates are paused.").await;
    deal("Fence").await;
    assert_eq!(
        anna.value("document.querySelectorAll('table.runs tbody tr').length")
            .await,
        json!(3)
    );
    anna.clicks("#tail").await;
    anna.sees("tr[data-key='run:4']").await;
    // The filter stands in the address.
    anna.clicks("select[name=state] option[value=discarded]").await;
    anna.holds(
        "it is in the address",
        "location.search.includes('state=discarded')",
    )
    .await;
    anna.sees("tr[data-key='run:1']").await;
    anna.pictures("journal").await;
    anna.clicks("tr[data-key='run:1'] a").await;
    for text in ["no-luck", "not in this attempt", "Fuel", "items.get"] {
        anna.reads(text).await;
    }
    anna.pictures("journal-failed").await;
    // Why, and once more.
    anna.clicks("a[href*='/explain']").await;
    anna.sees("ol.points li").await;
    anna.back().await.unwrap();
    anna.is_live().await;
    anna.clicks("form[action$='/runs/1/retry'] button").await;
    anna.reads("By hand: ").await;
    catches_up().await;
    anna.reads("Attempt 2").await;
    anna.holds(
        "it is done",
        "document.querySelector('.actions form[action$=\"/retry\"]') === null",
    )
    .await;
    assert_eq!(completed().await, Some(1));
    // The others together: first how many there are.
    anna.goto(&stage.url("/runs?state=discarded&code=no-luck"))
        .await
        .unwrap();
    anna.clicks("a[href^='/runs/retry']").await;
    anna.reads("3 runs fit the filter").await;
    assert_eq!(completed().await, Some(1));
    anna.pictures("journal-retry").await;
    anna.clicks("form[action^='/runs/retry'] button").await;
    anna.reads("3 runs are executed once more").await;
    catches_up().await;
    assert_eq!(completed().await, Some(4));
}
