//! The robots designer: order, copies, a form that keeps what was typed, publishing, history, and the way back.

use serde_json::{Value, json};
use signalbox_crm::people::Role;

use super::driver::Browsers;
use super::stage::{Person, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn robots_are_ordered_copied_corrected_published_and_brought_back() {
    let Some(mut browsers) = Browsers::new(1).await else {
        return;
    };
    let stage = Stage::start().await;
    let sales = stage.site.sales().await;
    for title in ["Pool", "Garden"] {
        stage.site.create("/items", sales.deal(title)).await;
    }
    let other = json!({"key": "repeat", "title": {"ru": "Повтор", "en": "Repeat"}, "item_kind": "deal"});
    let other = stage.site.create("/pipelines", other).await;
    let first = json!({"key": "new", "title": {"ru": "Новая", "en": "New"}, "kind": "open"});
    stage
        .site
        .create(&format!("/pipelines/{other}/stages"), first)
        .await;
    let draft = async |id: i64| {
        let path = format!("/automation/pipeline:{id}/draft");
        stage.site.api("GET", &path, None, Value::Null).await
    };
    let titles = async |id: i64| -> Vec<String> {
        let entries = draft(id).await["entries"].as_array().cloned().unwrap_or_default();
        let line = |entry: &Value| format!("{} {}", entry["column"], entry["title"]).replace('"', "");
        entries.iter().map(line).collect()
    };
    let browser = browsers.open(1280, "en").await;
    let anna = &browser.client;
    let add = format!("/automation/1/add?stage={}", sales.new);
    stage.enter(&browser, Role::Admin, "Anna", &add).await;
    anna.clicks("button[name=robot][value=notify]").await;
    anna.reads("Added: Notification").await;
    anna.clicks("button[name=robot][value=move-stage]").await;
    anna.reads("Added: Change stage").await;
    // Everything wrong: all of it is named, all of it stays, and a link leads to the field.
    anna.goto(&stage.url("/automation/1/entries/1")).await.unwrap();
    anna.clicks("select[name=timing] option[value=delay]").await;
    anna.types("input[name='delay.count']", "soon").await;
    anna.types("[name='param.title']", "A <new> deal").await;
    anna.clicks("details.panel summary").await;
    anna.types("input[name=attempts_max]", "many").await;
    anna.clicks("button[name=do][value=save]").await;
    anna.reads("Please correct:").await;
    anna.pictures("designer-wrong").await;
    for (name, kept) in [
        ("delay.count", "soon"),
        ("attempts_max", "many"),
        ("param.title", "A <new> deal"),
    ] {
        let typed = anna
            .value(&format!("document.querySelector('[name=\"{name}\"]').value"))
            .await;
        assert_eq!(typed, json!(kept), "{name}");
    }
    anna.clicks("a[href='#attempts_max']").await;
    anna.holds(
        "the field can be seen",
        "document.querySelector('input[name=attempts_max]').checkVisibility()",
    )
    .await;
    assert_eq!(draft(1).await["entries"][0]["timing"]["kind"], "now");
    anna.types("input[name='delay.count']", "2").await;
    anna.types("input[name=attempts_max]", "3").await;
    anna.clicks("button[name=do][value=save]").await;
    anna.reads("in 2 minutes").await;
    anna.goto(&stage.url("/automation/1/entries/2")).await.unwrap();
    anna.clicks(&format!("[name='param.stage'] option[value='{}']", sales.won))
        .await;
    anna.clicks("button[name=do][value=save]").await;
    anna.reads("Saved in the draft").await;
    // The order, a copy on another stage; a reload loses nothing.
    anna.clicks("[data-id='attachment:1'] button[value=down]").await;
    anna.sees("[data-id='attachment:1'] button[value=down][disabled]")
        .await;
    anna.clicks("[data-id='attachment:1'] details summary").await;
    anna.clicks(&format!(
        "[data-id='attachment:1'] option[value='{}']",
        sales.offer
    ))
    .await;
    anna.clicks("[data-id='attachment:1'] button[value=copy]").await;
    anna.sees(&format!("[data-stage='{}'] .robot-card", sales.offer))
        .await;
    anna.refresh().await.unwrap();
    anna.reads("3 changes are not published").await;
    anna.pictures("designer-draft").await;
    let made = [
        "stage:1 Change stage",
        "stage:1 Notification",
        "stage:2 Notification",
    ];
    assert_eq!(titles(1).await, made);
    // Into force; what stands there already is asked about, counted, and met.
    anna.types("input[name=comment]", "First robots").await;
    anna.clicks("form[action$='/publish'] button").await;
    anna.reads("Run the new robots for 2 items that are here already?")
        .await;
    anna.reads("Garden").await;
    anna.pictures("designer-here").await;
    anna.clicks("form[action$='/here'] .primary").await;
    anna.reads("The robots are being started for what is here already.")
        .await;
    let bulk = stage.site.api("GET", "/bulk/bulk:1", None, Value::Null).await;
    assert_eq!(bulk["matched_count"], json!(2), "{bulk:#}");
    // To another pipeline.
    anna.goto(&stage.url("/automation/2")).await.unwrap();
    anna.clicks("details.panel summary").await;
    anna.clicks("button[value=copy-from]").await;
    // It has one stage: what cannot be placed is named.
    anna.reads("Done, but mind this:").await;
    assert_eq!(titles(2).await.len(), 2);
    // A second version, and back to the first.
    anna.goto(&stage.url("/automation/1")).await.unwrap();
    anna.clicks("[data-id='attachment:2'] details summary").await;
    anna.clicks("[data-id='attachment:2'] button[value=remove]").await;
    anna.reads("Removed: Change stage").await;
    anna.clicks("form[action$='/publish'] button").await;
    anna.reads("Published").await;
    anna.goto(&stage.url("/automation/1/history")).await.unwrap();
    anna.reads("First robots").await;
    anna.pictures("designer-history").await;
    anna.clicks("form[action$='/history/1'] button").await;
    anna.reads("The draft is like that version now.").await;
    assert_eq!(titles(1).await, made);
    anna.clicks("form[action$='/publish'] button").await;
    anna.holds("it is in force", "document.querySelector('.draft-bar') === null")
        .await;
    let now = stage
        .site
        .api("GET", "/automation/pipeline:1", None, Value::Null)
        .await;
    assert_eq!(now["entries"].as_array().map(Vec::len), Some(3), "{now:#}");
}
