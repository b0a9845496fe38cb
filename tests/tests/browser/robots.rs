//! The robots page: a file is dropped, what it asks for is read, granted, refused, and taken back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use fantoccini::Client;
use serde_json::{Value, json};
use signalbox_build::embed_manifest;
use signalbox_crm::people::Role;
use signalbox_sandbox::inspect::inspect;
use signalbox_tests::robots::{WARN_LARGE_DEAL, WARN_LARGE_DEAL_BARE};

use super::driver::Browsers;
use super::stage::{Person, Stage};
use crate::api::robots::greedy;

/// Drops a file on a part of the page, as a person does who drags it out of a folder.
async fn drops(client: &Client, css: &str, component: &[u8]) {
    let script = "const [css, text] = arguments;
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const carried = new DataTransfer();
        carried.items.add(new File([bytes], 'robot.wasm', { type: 'application/wasm' }));
        const drop = new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true });
        document.querySelector(css).dispatchEvent(drop);";
    client.sees(css).await;
    client
        .execute(script, vec![json!(css), json!(BASE64.encode(component))])
        .await
        .unwrap();
}

/// Says that it asks for less than it imports.
fn lying() -> Vec<u8> {
    let mut manifest = serde_json::to_value(inspect(WARN_LARGE_DEAL).unwrap().manifest).unwrap();
    manifest["permission"].as_array_mut().unwrap().pop();
    embed_manifest(WARN_LARGE_DEAL_BARE, &manifest.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn robot_is_dropped_reviewed_limited_updated_and_switched_off() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    let read = async |path: &str| stage.site.api("GET", path, None, Value::Null).await;
    let browser = browsers.open(1280, "en").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Admin, "Anna", "/robots").await;
    // One that lies is refused, with what it says and what it does.
    drops(anna, "#install h2", &lying()).await;
    anna.reads(
        "the component imports `notifications`, but its manifest asks for no permission `notifications`",
    )
    .await;
    anna.pictures("robots-refused").await;
    let all = read("/robots").await.to_string();
    assert!(!all.contains("warn-large-deal"), "{all}");
    // An honest one is installed, and its page says what it may do.
    drops(anna, "#install h2", WARN_LARGE_DEAL).await;
    anna.reads("This robot is attached nowhere").await;
    anna.reads("To read the amount.").await;
    anna.reads("not signed").await;
    // Attached, but not allowed to notify.
    let add = format!("/automation/1/add?stage={}", sales.new);
    anna.goto(&stage.url(&add)).await.unwrap();
    anna.clicks("button[name=robot][value=warn-large-deal]").await;
    anna.reads("Added: Large deal").await;
    anna.goto(&stage.url("/automation/1/entries/1")).await.unwrap();
    anna.clicks("input[name=grants][value=notifications]").await;
    anna.pictures("robots-grants").await;
    anna.clicks("button[name=do][value=save]").await;
    anna.reads("Saved in the draft").await;
    anna.reads("Permissions not approved").await;
    anna.clicks("form[action$='/publish'] button").await;
    anna.reads("Published").await;
    let attachment = async || read("/attachments/attachment:1").await;
    let before = attachment().await;
    assert_eq!(before["grants"], json!(["items"]), "{before:#}");
    anna.goto(&stage.url("/robots/warn-large-deal")).await.unwrap();
    anna.holds(
        "what it was not granted",
        "[...document.querySelectorAll('tr[data-key=\"attachment:1\"] td')].some((cell) => cell.innerText.startsWith('notifies employees'))",
    )
    .await;
    // A version that asks for more waits, until somebody has read what it asks for and agrees.
    anna.goto(&stage.url("/robots")).await.unwrap();
    drops(anna, "#install h2", &greedy()).await;
    anna.clicks("a[href*='/update?digest=']").await;
    anna.reads("waits for approval; its version goes on").await;
    anna.reads("writes to clients").await;
    anna.pictures("robots-update").await;
    anna.clicks("form[action$='/update'] .primary").await;
    anna.reads("waits for approval; its version goes on").await;
    assert_eq!(attachment().await["digest"], before["digest"]);
    anna.value("document.querySelectorAll('form[action$=\"/update\"] input[type=checkbox]').forEach((box) => box.click())")
        .await;
    anna.clicks("form[action$='/update'] .primary").await;
    anna.sees("form[action$='/off']").await;
    let after = attachment().await;
    assert_ne!(after["digest"], before["digest"]);
    let granted = after["grants"].as_array().unwrap();
    assert!(granted.contains(&json!("messaging")), "{after:#}");
    anna.pictures("robots-page").await;
    // Off everywhere: asked first.
    anna.clicks("form[action$='/off'] button").await;
    assert!(
        anna.get_alert_text()
            .await
            .unwrap()
            .contains("wherever it is attached")
    );
    anna.dismiss_alert().await.unwrap();
    assert_eq!(attachment().await["is_enabled"], true);
    anna.clicks("form[action$='/off'] button").await;
    anna.accept_alert().await.unwrap();
    anna.holds(
        "it is off",
        "document.querySelector('form[action$=\"/off\"]') === null",
    )
    .await;
    assert_eq!(attachment().await["is_enabled"], false);
}
