//! The designer: robots dragged with the pointer and moved by keyboard; a set-up file that is chosen.

use fantoccini::Client;
use fantoccini::key::Key;
use serde_json::{Value, json};
use signalbox_crm::people::Role;

use super::driver::Browsers;
use super::stage::{Person, Stage};
use crate::console::harness::Sales;

/// Two robots on the first stage, and one on the second.
async fn robots(stage: &Stage) -> Sales {
    let sales = stage.site.sales().await;
    for (title, on) in [("One", &sales.new), ("Two", &sales.new), ("Three", &sales.offer)] {
        let tell = json!({
            "title": title, "robot": "notify", "moment": {"kind": "stage", "stage": on},
            "params": {"to": ["role:assignee"], "title": "x"}, "grants": ["notifications"],
        });
        stage.site.create("/attachments", tell).await;
    }
    sales
}

/// Titles of the draft with their columns, in their order.
async fn order(stage: &Stage) -> Vec<(String, String)> {
    let draft = stage
        .site
        .api("GET", "/automation/pipeline:1/draft", None, Value::Null)
        .await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = draft["entries"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| (text(&entry["title"]), text(&entry["column"])))
        .collect()
}

fn card(title: &str) -> String {
    let id = match title {
        "One" => 1,
        "Two" => 2,
        _ => 3,
    };
    format!(".robot-card[data-id='attachment:{id}']")
}

/// The version of the draft that the page shows.
async fn version(anna: &Client) -> Value {
    anna.value("document.querySelector('.designer').dataset.version")
        .await
}

/// Waits until the page shows another version than this.
async fn has_changed(anna: &Client, before: &Value) {
    let before = before.as_str().unwrap();
    anna.sees(&format!(".designer:not([data-version='{before}'])"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn robots_are_dragged_within_a_stage_and_to_another() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = robots(&stage).await;
    let browser = browsers.open(1400, "en").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Editor, "Anna", "/automation/1").await;
    anna.is_live().await;
    // Onto the upper half of the first one: before it.
    let before = version(anna).await;
    anna.drags(
        &format!("{} .quiet", card("Two")),
        &format!("{} .robot-title", card("One")),
    )
    .await;
    has_changed(anna, &before).await;
    let of = |title: &str, stage: &str| (title.to_owned(), stage.to_owned());
    let (new, offer) = (sales.new.as_str(), sales.offer.as_str());
    assert_eq!(
        order(&stage).await,
        [of("Two", new), of("One", new), of("Three", offer)]
    );
    let before = version(anna).await;
    anna.drags(
        &format!("{} .quiet", card("One")),
        &format!(".designer [data-stage='{offer}'] h2"),
    )
    .await;
    has_changed(anna, &before).await;
    assert_eq!(
        order(&stage).await,
        [of("Two", new), of("One", offer), of("Three", offer)]
    );
    anna.pictures("designer-dragged").await;
    // Nothing of it is in force.
    let attachment = stage
        .site
        .api("GET", "/attachments/attachment:1", None, Value::Null)
        .await;
    assert_eq!(attachment["moment"]["stage"], json!(new));
}

#[tokio::test(flavor = "multi_thread")]
async fn robot_is_moved_by_keyboard_and_every_step_is_said() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = robots(&stage).await;
    let browser = browsers.open(1400, "en").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Editor, "Anna", "/automation/1").await;
    anna.is_live().await;
    let focus = format!("document.querySelector(\"{}\").focus()", card("One"));
    anna.value(&focus).await;
    anna.presses(" ").await;
    let says = |text: &str| format!("document.getElementById('status').textContent.startsWith('{text}')");
    anna.holds("it is said", &says("One, lifted")).await;
    anna.presses(&Key::Down.to_string()).await;
    anna.holds("the place is said", &says("New, 2 of 2")).await;
    anna.presses(&Key::Right.to_string()).await;
    anna.holds("the stage is said", &says("Offer, 1 of 2")).await;
    anna.presses(&Key::Escape.to_string()).await;
    anna.holds("it is back", &says("One stays where it was")).await;
    let first = format!(
        "document.querySelector(\"[data-stage='{}'] .robot-card\").dataset.id",
        sales.new
    );
    anna.holds("it is the first again", &format!("{first} === 'attachment:1'"))
        .await;
    anna.holds(
        "the focus stays",
        "document.activeElement.dataset.id === 'attachment:1'",
    )
    .await;
    let before = version(anna).await;
    for key in [" ", &Key::Right.to_string(), &Key::Down.to_string(), " "] {
        anna.presses(key).await;
    }
    has_changed(anna, &before).await;
    anna.holds(
        "the focus stays",
        "document.activeElement.dataset.id === 'attachment:1'",
    )
    .await;
    let of = |title: &str, stage: &str| (title.to_owned(), stage.to_owned());
    let (new, offer) = (sales.new.as_str(), sales.offer.as_str());
    assert_eq!(
        order(&stage).await,
        [of("Two", new), of("Three", offer), of("One", offer)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_file_is_shown_before_it_is_taken_in() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    robots(&stage).await;
    let browser = browsers.open(1280, "en").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Admin, "Anna", "/settings/file").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("leads.toml");
    let text = "zone = \"Europe/Moscow\"\n[[pipeline]]\nkey = \"leads\"\ntitle = { ru = \"Лиды\", en = \"Leads\" }\nkind = \"lead\"\n[[pipeline.stage]]\nkey = \"new\"\ntitle = { ru = \"Новый\", en = \"New\" }\n";
    std::fs::write(&file, text).unwrap();
    anna.sees("#chosen")
        .await
        .send_keys(&file.display().to_string())
        .await
        .unwrap();
    anna.reads("What the file would change").await;
    anna.reads("leads/new").await;
    anna.pictures("setup-file").await;
    anna.clicks("button[value=take]").await;
    anna.reads("The file is taken in").await;
    anna.goto(&stage.url("/leads")).await.unwrap();
    anna.reads("Leads").await;
}
