//! What holds for every page: axe finds nothing, nothing runs out of a telephone's window, no script fails.

use std::path::Path;

use serde_json::{Value, json};
use signalbox_crm::people::Role;

use super::driver::{Browser, Browsers};
use super::stage::{Person, Stage};

/// Each page that a signed-in administrator reaches.
const PAGES: &[&str] = &[
    "/deals",
    "/deals?view=list",
    "/deals/1",
    "/deals/1?tab=talk",
    "/deals/1?tab=automation",
    "/deals/1/move",
    "/leads",
    "/contacts",
    "/contacts/1",
    "/calendar?assignee=",
    "/automation",
    "/automation/1",
    "/automation/1/add?stage=1",
    "/automation/1/history",
    "/automation/general",
    "/robots",
    "/robots/notify",
    "/runs",
    "/runs/1",
    "/deals/1/explain?attachment=attachment:1",
    "/settings",
    "/settings/pipelines",
    "/settings/pipelines/1",
    "/settings/fields",
    "/settings/file",
    "/settings/tokens",
    "/settings/audit",
    "/me",
    "/bell",
    "/search?q=pool",
    "/nothing-here",
];

/// The accessibility checks of axe-core, which `npm install --prefix tests/browser` fetches.
fn axe() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/node_modules/axe-core/axe.min.js");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return Some(text);
    }
    let message = "no axe-core: npm install --prefix tests/browser";
    assert!(std::env::var_os("CI").is_none(), "{message}");
    eprintln!("SKIPPED: {message}");
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_accessible_in_both_themes_and_languages_and_fit_a_telephone() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let Some(axe) = axe() else { return };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    let mut deal = sales.deal("Pool");
    deal["amount"] = json!("1500.00 RUB");
    let client = json!({"name": "Maria", "phones": ["+79876543210"]});
    deal["contact"] = stage.site.create("/contacts", client).await.into();
    stage.site.create("/items", deal).await;
    stage
        .site
        .create(
            "/activities",
            json!({"item": "deal:1", "kind": "call", "title": "Call"}),
        )
        .await;
    let moment = json!({"kind": "stage", "stage": sales.won});
    let params = json!({"to": ["role:assignee"], "title": "Won"});
    let attachment = json!({"robot": "notify", "moment": moment, "title": "Tell", "params": params, "grants": ["notifications"]});
    stage.site.create("/attachments", attachment).await;
    let body = json!({"stage": sales.won});
    stage.site.api("POST", "/items/deal:1/move", Some(1), body).await;
    let browser = browsers.open(1280, "en").await;
    stage.enter(&browser, Role::Admin, "Anna", "/deals").await;
    let mut wrong = Vec::new();
    for (language, theme) in [("en", "light"), ("ru", "dark")] {
        like(&browser, &stage, language, theme).await;
        for page in PAGES {
            browser.client.goto(&stage.url(page)).await.unwrap();
            browser.client.sees("main").await;
            let name = name_of(page);
            browser
                .client
                .pictures(&format!("{name}-{language}-{theme}"))
                .await;
            for problem in problems(&browser, &axe).await {
                wrong.push(format!("{page} ({language}, {theme}): {problem}"));
            }
        }
    }
    browser.client.set_window_size(375, 800).await.unwrap();
    for page in PAGES {
        browser.client.goto(&stage.url(page)).await.unwrap();
        browser.client.sees("main").await;
        browser.client.pictures(&format!("{}-375", name_of(page))).await;
        let over = browser
            .client
            .value("document.documentElement.scrollWidth - window.innerWidth")
            .await;
        if over.as_i64().is_none_or(|over| over > 0) {
            wrong.push(format!("{page} is {over} pixels too wide for a telephone"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A picture's name.
fn name_of(page: &str) -> String {
    page.trim_start_matches('/')
        .replace(['/', '?', '=', ':', '&'], "-")
}

async fn like(browser: &Browser, stage: &Stage, language: &str, theme: &str) {
    let client = &browser.client;
    client.goto(&stage.url("/nothing-here")).await.unwrap();
    for (name, value) in [("language", language), ("theme", theme)] {
        client
            .value("(document.querySelector('details.menu').open = true)")
            .await;
        client
            .clicks(&format!(".menu button[name={name}][value={value}]"))
            .await;
        client
            .holds(
                "it is chosen",
                &format!(
                    "document.documentElement.{} === '{value}'",
                    match name {
                        "language" => "lang",
                        _ => "dataset.theme",
                    }
                ),
            )
            .await;
    }
}

async fn problems(browser: &Browser, axe: &str) -> Vec<String> {
    let client = &browser.client;
    client.execute(axe, Vec::new()).await.unwrap();
    let script = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] }).then(
            (found) => done(found.violations.map((one) =>
                one.id + ': ' + one.help + ' ' + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | '))),
            (error) => done(['axe failed: ' + error]));";
    let found = client.execute_async(script, Vec::new()).await.unwrap();
    let texts = found.as_array().cloned().unwrap_or_default();
    texts
        .into_iter()
        .map(|text| match text {
            Value::String(text) => text,
            other => other.to_string(),
        })
        .collect()
}
