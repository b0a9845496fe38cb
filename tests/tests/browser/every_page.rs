//! What holds for every page: axe finds nothing, nothing runs out of a telephone's window, no script fails.

use std::path::Path;

use serde_json::Value;
use signalbox_crm::people::Role;

use super::driver::{Browser, Browsers};
use super::stage::{Person, Stage};
use crate::console::pages::{door, furnished};

/// Each language and each theme once.
const LOOKS: [(&str, &str); 2] = [("en", "light"), ("ru", "dark")];

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
    let pages = furnished(&stage.site).await;
    let browser = browsers.open(1280, "en").await;
    stage.enter(&browser, Role::Admin, "Anna", "/deals").await;
    let mut wrong = Vec::new();
    for (language, theme) in LOOKS {
        like(&browser, &stage, language, theme).await;
        wrong.extend(faults(&browser, &stage, &pages, &format!("{language}-{theme}"), &axe).await);
    }
    wrong.extend(too_wide(&browser, &stage, &pages).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Who is not signed in gets language and theme of the browser.
#[tokio::test(flavor = "multi_thread")]
async fn door_is_accessible_in_both_themes_and_languages_and_fits_a_telephone() {
    let Some(mut browsers) = Browsers::new(2).await else {
        return;
    };
    let Some(axe) = axe() else { return };
    let stage = Stage::start().await;
    let pages = door(&stage.site);
    let mut wrong = Vec::new();
    for (language, theme) in LOOKS {
        let browser = match theme {
            "dark" => browsers.open_dark(1280, language).await,
            _ => browsers.open(1280, language).await,
        };
        browser.client.goto(&stage.url("/sign-in")).await.unwrap();
        let look = "document.documentElement.lang + '-' + (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')";
        assert_eq!(browser.client.value(look).await, format!("{language}-{theme}"));
        wrong.extend(faults(&browser, &stage, &pages, &format!("{language}-{theme}"), &axe).await);
        wrong.extend(too_wide(&browser, &stage, &pages).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What axe finds on the pages.
async fn faults(browser: &Browser, stage: &Stage, pages: &[String], look: &str, axe: &str) -> Vec<String> {
    let mut found = Vec::new();
    for page in pages {
        browser.client.goto(&stage.url(page)).await.unwrap();
        browser.client.sees("main").await;
        browser
            .client
            .pictures(&format!("{}-{look}", name_of(page)))
            .await;
        let problems = problems(browser, axe).await;
        found.extend(
            problems
                .iter()
                .map(|problem| format!("{page} ({look}): {problem}")),
        );
    }
    found
}

/// The pages that do not fit the window of a telephone.
async fn too_wide(browser: &Browser, stage: &Stage, pages: &[String]) -> Vec<String> {
    browser.client.set_window_size(375, 800).await.unwrap();
    let mut found = Vec::new();
    for page in pages {
        browser.client.goto(&stage.url(page)).await.unwrap();
        browser.client.sees("main").await;
        browser.client.pictures(&format!("{}-375", name_of(page))).await;
        let over = "document.documentElement.scrollWidth - window.innerWidth";
        let over = browser.client.value(over).await;
        if over.as_i64().is_none_or(|over| over > 0) {
            found.push(format!("{page} is {over} pixels too wide for a telephone"));
        }
    }
    found
}

/// A picture's name.
fn name_of(page: &str) -> String {
    // Digests and links say nothing.
    let words = page.split(['/', '?', '=', ':', '&']);
    let words: Vec<&str> = words.filter(|word| !word.is_empty() && word.len() < 20).collect();
    words.join("-")
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
