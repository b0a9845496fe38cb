//! The host goes away under an open page, and comes back with something new.

use serde_json::json;
use signalbox_crm::people::Role;

use super::driver::Browsers;
use super::stage::{Person, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn page_says_that_the_host_is_away_keeps_what_is_typed_and_catches_up() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let mut stage = Stage::start().await;
    let sales = stage.site.sales().await;
    stage.site.create("/items", sales.deal("Pool")).await;
    let browser = browsers.open(1280, "en").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Operator, "Anna", "/deals/1").await;
    anna.is_live().await;
    let note = "form[action$='/comments'] textarea";
    let typed = async || {
        anna.value(&format!("document.querySelector(\"{note}\").value"))
            .await
    };
    anna.types(note, "Wants a slide").await;
    stage.goes_away();
    anna.reads("The connection is lost. It is tried again by itself.")
        .await;
    anna.pictures("lost-server").await;
    // What is sent now would be lost with the page: it stays.
    anna.clicks("form[action$='/comments'] button").await;
    anna.holds(
        "it is said",
        "document.getElementById('status').textContent.startsWith('Nothing was sent')",
    )
    .await;
    assert_eq!(typed().await, json!("Wants a slide"));
    let renamed = json!({"title": "Pool house"});
    stage.site.api("PATCH", "/items/deal:1", Some(1), renamed).await;
    stage.comes_back().await;
    anna.reads("The connection is back.").await;
    anna.holds(
        "the change is shown",
        "document.querySelector('h1').innerText === 'Pool house'",
    )
    .await;
    assert_eq!(typed().await, json!("Wants a slide"));
    anna.clicks("form[action$='/comments'] button").await;
    anna.sees(".timeline li.note").await;
    let timeline = stage
        .site
        .api("GET", "/items/deal:1/timeline", None, json!(null))
        .await;
    let notes = timeline.to_string().matches("Wants a slide").count();
    assert_eq!(notes, 1, "{timeline:#}");
}
