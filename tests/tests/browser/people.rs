//! Settings, calendar, search and the bell: somebody is invited, works, and is shown out.

use serde_json::{Value, json};
use signalbox_crm::people::Role;

use super::driver::Browsers;
use super::stage::{Person, Stage};
use crate::console::harness::PASSWORD;

#[tokio::test(flavor = "multi_thread")]
async fn person_is_invited_finds_a_client_hears_the_bell_and_is_shown_out() {
    let Some(mut browsers) = Browsers::new(2).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    let read = async |path: &str| stage.site.api("GET", path, None, Value::Null).await;
    let (first, second) = (browsers.open(1280, "en").await, browsers.open(1280, "ru").await);
    let (anna, boris) = (&first.client, &second.client);
    stage.enter(&first, Role::Admin, "Anna", "/settings").await;
    anna.types("input[name=name]", "Boris").await;
    anna.types("input[name=email]", "boris@example.com").await;
    anna.clicks("form[action='/settings'] .primary").await;
    anna.clicks("form[action$='/invite'] button").await;
    let link = anna.sees("main code").await.text().await.unwrap();
    let path = format!("/{}", link.splitn(4, '/').last().unwrap_or_default());
    let path = if link.starts_with('/') { link.clone() } else { path };
    // In, in the language of his browser.
    boris.goto(&stage.url(&path)).await.unwrap();
    boris.types("input[name=password]", PASSWORD).await;
    boris.clicks(".door .primary").await;
    boris.sees("#board").await;
    let people = read("/employees").await;
    let people = people["items"].as_array().unwrap();
    let own = people.iter().find(|person| person["name"] == "Boris").unwrap()["id"]
        .as_str()
        .unwrap();
    // A client is found by a phone in another spelling; what is planned stands in the calendar.
    let client = json!({"name": "Ivan Petrov", "phones": ["+7 912 345-67-89"]});
    stage.site.create("/contacts", client).await;
    boris.types("#search", "8 (912) 3456789").await;
    boris.presses("\u{e007}").await;
    boris.reads("Ivan Petrov").await;
    boris.goto(&stage.url("/calendar")).await.unwrap();
    boris.is_live().await;
    let tell = json!({
        "title": "Tell", "robot": "notify", "moment": {"kind": "stage", "stage": sales.new},
        "params": {"to": ["role:assignee"], "title": "A deal for you"},
    });
    stage.site.create("/attachments", tell).await;
    let mut deal = sales.deal("Pool");
    deal["assignee"] = json!(own);
    stage.site.create("/items", deal).await;
    let call =
        json!({"item": "deal:1", "kind": "call", "title": "Call Ivan", "deadline": "2026-03-04T12:00:00Z"});
    stage.site.create("/activities", call).await;
    stage.site.app.core.lanes.idle().await;
    boris.reads("Call Ivan").await;
    boris.sees(".bell .chip").await;
    boris.pictures("calendar").await;
    boris.clicks(".bell").await;
    boris.reads("A deal for you").await;
    boris.clicks("form[action='/bell/read'] button").await;
    boris
        .holds("all is read", "document.querySelector('.bell .chip') === null")
        .await;
    // Another role, at once; then the end of his sessions.
    let page = format!("/settings/people/{}", own.trim_start_matches("employee:"));
    anna.goto(&stage.url(&page)).await.unwrap();
    anna.clicks("select[name=role] option[value=auditor]").await;
    anna.clicks(&format!("form[action='{page}'] .primary")).await;
    anna.sees(&format!("tr[data-key='{own}']")).await;
    assert_eq!(read(&format!("/employees/{own}")).await["role"], "auditor");
    boris.goto(&stage.url("/deals/1")).await.unwrap();
    boris
        .holds(
            "he reads only",
            "document.querySelector('form[action$=\"/fields\"]') === null",
        )
        .await;
    anna.goto(&stage.url(&page)).await.unwrap();
    anna.pictures("person").await;
    anna.clicks("form[action$='/sign-out'][action^='/settings'] button")
        .await;
    anna.reads("Not signed in anywhere.").await;
    boris.refresh().await.unwrap();
    boris.sees(".door input[name=password]").await;
    // A token is shown once.
    anna.goto(&stage.url("/settings/tokens")).await.unwrap();
    anna.types("input[name=name]", "Site").await;
    anna.clicks("form[action='/settings/tokens'] .primary").await;
    anna.reads("sbx_").await;
    let tokens = read("/tokens").await.to_string();
    assert!(tokens.contains("Site") && !tokens.contains("sbx_"), "{tokens}");
    anna.goto(&stage.url("/settings/tokens")).await.unwrap();
    anna.reads("Site").await;
    assert_eq!(
        anna.value("document.body.innerText.includes('sbx_')").await,
        json!(false)
    );
    anna.goto(&stage.url(&format!("/settings/audit?subject={own}")))
        .await
        .unwrap();
    for text in ["Invited", "Signed in", "role"] {
        anna.reads(text).await;
    }
    anna.pictures("audit").await;
}
