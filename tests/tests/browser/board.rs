//! The board: dragged with the pointer, moved by keyboard, watched by two people at once.

use fantoccini::key::Key;
use serde_json::json;
use signalbox_crm::people::Role;

use super::driver::Browsers;
use super::stage::{Person, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn cards_are_dragged_and_a_refusal_is_put_right_in_place() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    for title in ["Pool", "Garden"] {
        stage.site.create("/items", sales.deal(title)).await;
    }
    let browser = browsers.open(1280, "en").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Operator, "Anna", "/deals").await;
    anna.is_live().await;
    // A new card, at the top of a column.
    let new = format!("[data-stage='{}']", sales.new);
    anna.clicks(&format!("{new} .create summary")).await;
    anna.types(&format!("{new} .create input[name=title]"), "Roof")
        .await;
    anna.clicks(&format!("{new} .create button")).await;
    anna.reads("Roof").await;
    anna.is_live().await;
    // The offer wants an amount: the dialog asks for it, and takes it.
    let offer = format!("[data-stage='{}']", sales.offer);
    anna.drags("[data-id='deal:1'] .chips", &format!("{offer} h2"))
        .await;
    anna.reads("Before that, fill in: Amount").await;
    anna.pictures("board-refused").await;
    anna.types("#refusal input[name='field.amount']", "250 000").await;
    anna.clicks("#refusal .primary").await;
    // The fields that were missing, then the move.
    anna.sees(&format!("{offer} [data-id='deal:1'][data-version='3']"))
        .await;
    anna.reads("RUB").await;
    let deal = stage.site.api("GET", "/items/deal:1", None, json!(null)).await;
    assert_eq!(
        (deal["stage"].as_str(), deal["amount"].as_str()),
        (Some(sales.offer.as_str()), Some("250000.00 RUB"))
    );
    // Dropped where it was: nothing happens.
    anna.drags("[data-id='deal:2'] .chips", &format!("{new} h2"))
        .await;
    let won = format!("[data-stage='{}']", sales.won);
    anna.drags("[data-id='deal:2'] .chips", &format!("{won} h2"))
        .await;
    anna.sees(&format!("{won} [data-id='deal:2'][data-version='2']"))
        .await;
    let deal = stage.site.api("GET", "/items/deal:2", None, json!(null)).await;
    assert_eq!(
        (deal["stage"].as_str(), deal["version"].as_i64()),
        (Some(sales.won.as_str()), Some(2))
    );
    anna.pictures("board").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn card_is_moved_by_keyboard_and_every_step_is_said() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    stage.site.create("/items", sales.deal("Pool")).await;
    let browser = browsers.open(1280, "ru").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Operator, "Anna", "/deals").await;
    anna.is_live().await;
    anna.value("document.querySelector('.card').focus()").await;
    anna.presses(" ").await;
    anna.holds(
        "it is said",
        "document.getElementById('status').textContent.startsWith('Pool: поднята')",
    )
    .await;
    for _ in 0..2 {
        anna.presses(&Key::Right.to_string()).await;
    }
    anna.holds(
        "the place is said",
        "document.getElementById('status').textContent === 'Успех, 3 из 4'",
    )
    .await;
    anna.presses(&Key::Escape.to_string()).await;
    anna.holds(
        "it is back",
        &format!(
            "document.querySelector('[data-stage=\"{}\"] .card') !== null",
            sales.new
        ),
    )
    .await;
    anna.holds(
        "the focus stays",
        "document.activeElement.dataset.id === 'deal:1'",
    )
    .await;
    anna.presses(" ").await;
    for _ in 0..2 {
        anna.presses(&Key::Right.to_string()).await;
    }
    anna.presses(" ").await;
    anna.sees(&format!(
        "[data-stage='{}'] [data-id='deal:1'][data-version='2']",
        sales.won
    ))
    .await;
    anna.holds(
        "the focus stays",
        "document.activeElement.dataset.id === 'deal:1'",
    )
    .await;
    let deal = stage.site.api("GET", "/items/deal:1", None, json!(null)).await;
    assert_eq!(deal["stage"], json!(sales.won));
    anna.presses("?").await;
    anna.holds("the help is open", "document.getElementById('keys').open")
        .await;
    anna.presses(&Key::Escape.to_string()).await;
    anna.value("document.activeElement.blur()").await;
    anna.presses("g").await;
    anna.presses("c").await;
    anna.reads("Календарь").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_see_each_others_moves_and_nothing_typed_is_lost() {
    let Some(mut browsers) = Browsers::new(2).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    stage.site.create("/items", sales.deal("Pool")).await;
    let (first, second) = (browsers.open(1280, "en").await, browsers.open(1280, "en").await);
    stage.enter(&first, Role::Operator, "Anna", "/deals").await;
    stage.enter(&second, Role::Operator, "Boris", "/deals").await;
    let (anna, boris) = (&first.client, &second.client);
    anna.is_live().await;
    boris.is_live().await;
    // Boris is typing a title while Anna moves the card.
    let new = format!("[data-stage='{}']", sales.new);
    boris.clicks(&format!("{new} .create summary")).await;
    boris
        .types(&format!("{new} .create input[name=title]"), "Half a tit")
        .await;
    let won = format!("[data-stage='{}']", sales.won);
    anna.drags("[data-id='deal:1'] .chips", &format!("{won} h2"))
        .await;
    boris
        .sees(&format!("{won} [data-id='deal:1'][data-version='2']"))
        .await;
    let typed = boris
        .value(&format!(
            "document.querySelector(\"{new} .create input[name=title]\").value"
        ))
        .await;
    assert_eq!(typed, json!("Half a tit"));
    let has_focus = boris.value("document.activeElement.name").await;
    assert_eq!(has_focus, json!("title"));
    // A card that changed while somebody held it comes back with who changed it.
    boris
        .value("document.querySelector('[data-id=\"deal:1\"]').dataset.version = '1'")
        .await;
    boris
        .drags(
            "[data-id='deal:1'] .chips",
            &format!("[data-stage='{}'] h2", sales.offer),
        )
        .await;
    boris.reads("Anna changed it meanwhile").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_that_ends_leads_to_the_door_and_back() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    stage.site.sales().await;
    let browser = browsers.open(1280, "en").await;
    let anna = &browser.client;
    stage
        .enter(&browser, Role::Operator, "Anna", "/deals?q=pool")
        .await;
    anna.is_live().await;
    anna.value("(document.cookie = 'x=1')").await;
    let cookie = anna.get_named_cookie("signalbox").await.unwrap();
    let mut other = stage.site.guest();
    other
        .cookies
        .insert("signalbox".to_owned(), cookie.value().to_owned());
    other.post("/sign-out", &[]).await;
    anna.refresh().await.unwrap();
    anna.reads("Your session has ended").await;
    anna.types("input[name=email]", "anna@example.com").await;
    anna.types("input[name=password]", crate::console::harness::PASSWORD)
        .await;
    anna.clicks(".door .primary").await;
    anna.sees("#board").await;
    assert!(
        anna.current_url()
            .await
            .unwrap()
            .as_str()
            .ends_with("/deals?q=pool")
    );
}
