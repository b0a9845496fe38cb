//! The story of a first day: from the link that the host prints to the answer why a robot did not run.

use std::time::Duration;

use signalbox_crm::time::Timestamp;

use super::driver::Browsers;
use super::stage::{Person, Stage};
use crate::console::harness::{NOW, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn newcomer_attaches_robots_tries_them_and_learns_why_one_did_not_run() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    let browser = browsers.open(1400, "en").await;
    let anna = &browser.client;
    // In, through the link.
    anna.goto(&stage.url(&stage.site.link)).await.unwrap();
    anna.types("input[name=name]", "Anna").await;
    anna.types("input[name=email]", "anna@example.com").await;
    anna.types("input[name=password]", PASSWORD).await;
    anna.clicks(".door .primary").await;
    anna.sees("#board").await;
    // A deal to try robots on.
    let new = format!("[data-stage='{}']", sales.new);
    let create = async |title: &str| {
        anna.goto(&stage.url("/deals")).await.unwrap();
        anna.clicks(&format!("{new} .create summary")).await;
        anna.types(&format!("{new} .create input[name=title]"), title)
            .await;
        anna.clicks(&format!("{new} .create button")).await;
        anna.reads(title).await;
    };
    create("Pool").await;
    // Two robots, from the catalogue that stays open.
    anna.goto(&stage.url(&format!("/automation/1/add?stage={}", sales.new)))
        .await
        .unwrap();
    anna.clicks("button[name=robot][value=notify]").await;
    anna.reads("Added: Notification").await;
    anna.clicks("button[name=robot][value=move-stage]").await;
    anna.reads("Added: Change stage").await;
    // The first: tells whoever is in charge, a minute later. Tried before it is saved.
    anna.goto(&stage.url("/automation/1/entries/1")).await.unwrap();
    anna.types("[name='param.title']", "A new deal").await;
    anna.clicks("select[name=timing] option[value=delay]").await;
    anna.types("input[name='delay.count']", "1").await;
    anna.types("input[name=try]", "1").await;
    anna.clicks("button[name=do][value=try]").await;
    anna.reads("A new deal").await;
    anna.pictures("designer-try").await;
    anna.clicks("button[name=do][value=save]").await;
    // The second: moves the deal, after the first.
    anna.goto(&stage.url("/automation/1/entries/2")).await.unwrap();
    anna.clicks(&format!("[name='param.stage'] option[value='{}']", sales.won))
        .await;
    anna.clicks("select[name=mode] option[value=after-previous]")
        .await;
    anna.clicks("button[name=do][value=save]").await;
    anna.goto(&stage.url("/automation/1")).await.unwrap();
    anna.reads("2 changes are not published").await;
    anna.pictures("designer").await;
    anna.clicks("form[action$='/publish'] button").await;
    // The deal that is there already would not be met by them: the host asks.
    anna.reads("Run the new robots for 1 item that is here already?")
        .await;
    anna.clicks("a[href$='?done=published']").await;
    anna.reads("Published").await;
    // A deal enters the stage: the chip says what waits. A minute later both have run, and the board shows it.
    create("Garden").await;
    anna.reads("Robot waits until 14:21").await;
    anna.is_live().await;
    anna.pictures("board-waits").await;
    let later = Timestamp::parse(NOW)
        .unwrap()
        .plus(Duration::from_secs(61))
        .unwrap();
    stage.site.app.advance_to(later).await.unwrap();
    anna.sees(&format!("[data-stage='{}'] [data-id='deal:2']", sales.won))
        .await;
    anna.goto(&stage.url("/runs")).await.unwrap();
    anna.holds(
        "both have run",
        "document.querySelectorAll('main .chip-good').length >= 2",
    )
    .await;
    anna.pictures("runs").await;
    // A deal that leaves the stage before the minute is over: the robot did not run, and the page says why.
    create("Roof").await;
    anna.reads("Robot waits until").await;
    anna.drags(
        "[data-id='deal:3'] .chips",
        &format!("[data-stage='{}'] h2", sales.won),
    )
    .await;
    anna.sees(&format!("[data-stage='{}'] [data-id='deal:3']", sales.won))
        .await;
    anna.goto(&stage.url("/deals/3/explain?attachment=attachment:1"))
        .await
        .unwrap();
    anna.reads("left").await;
    anna.pictures("explain").await;
    anna.goto(&stage.url("/runs?state=cancelled")).await.unwrap();
    anna.reads("the card left the stage").await;
}
