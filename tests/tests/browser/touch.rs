//! A telephone: a card is dragged by a finger, and the story goes on at 375 pixels.

use std::time::Duration;

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, PointerAction, TouchActions};
use serde_json::{Value, json};
use signalbox_crm::people::Role;

use super::driver::Browsers;
use super::stage::{Person, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn card_is_carried_by_a_finger_and_everything_is_in_reach() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    stage
        .site
        .api(
            "PATCH",
            &format!("/stages/{}", sales.offer),
            Some(1),
            json!({"required_fields": []}),
        )
        .await;
    stage.site.create("/items", sales.deal("Pool")).await;
    let browser = browsers.open(375, "ru").await;
    let anna = &browser.client;
    stage.enter(&browser, Role::Operator, "Anna", "/deals").await;
    anna.is_live().await;
    anna.value("document.querySelector('.card').scrollIntoView({ block: 'center' })")
        .await;
    let place = "JSON.stringify(document.querySelector('.card .chips').getBoundingClientRect())";
    let place: Value = serde_json::from_str(anna.value(place).await.as_str().unwrap()).unwrap();
    let (x, y) = (
        place["x"].as_f64().unwrap() + 20.0,
        place["y"].as_f64().unwrap() + 8.0,
    );
    let to = |x: f64, milliseconds: u64| PointerAction::MoveTo {
        duration: Some(Duration::from_millis(milliseconds)),
        x,
        y,
    };
    // A finger that rests lifts the card; then it goes to the column that looks in from the right.
    let finger = TouchActions::new("finger".to_owned())
        .then(to(x, 0))
        .then(PointerAction::Down {
            button: MOUSE_BUTTON_LEFT,
        })
        .pause(Duration::from_millis(600))
        .then(to(x + 60.0, 100))
        .then(to(335.0, 200))
        .then(to(336.0, 100))
        .then(PointerAction::Up {
            button: MOUSE_BUTTON_LEFT,
        });
    anna.perform_actions(finger).await.unwrap();
    anna.release_actions().await.unwrap();
    anna.sees(&format!(
        "[data-stage='{}'] [data-id='deal:1'][data-version='2']",
        sales.offer
    ))
    .await;
    let deal = stage.site.api("GET", "/items/deal:1", None, Value::Null).await;
    assert_eq!(deal["stage"], json!(sales.offer));
    anna.pictures("touch-board").await;
    // The same without dragging, and the rest of the way.
    anna.clicks("[data-id='deal:1'] .move-link").await;
    anna.clicks(&format!("select[name=stage] option[value='{}']", sales.won))
        .await;
    anna.clicks(".move-form .primary").await;
    anna.sees(&format!("[data-stage='{}'] [data-id='deal:1']", sales.won))
        .await;
    anna.goto(&stage.url("/deals/1")).await.unwrap();
    anna.types("form[action$='/comments'] textarea", "С телефона")
        .await;
    anna.clicks("form[action$='/comments'] button").await;
    anna.sees(".timeline li.note").await;
    anna.clicks("nav a[href='/calendar']").await;
    anna.sees(".week").await;
    anna.pictures("touch-calendar").await;
    let over = anna
        .value("document.documentElement.scrollWidth - window.innerWidth")
        .await;
    assert!(over.as_i64().is_some_and(|over| over <= 0), "{over}");
}
