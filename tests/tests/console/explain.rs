//! Why a robot ran or did not run: the page, the tab of the card, and the trial of a run.

use serde_json::{Value, json};
use signalbox_crm::people::Role;

use super::harness::{Sales, Site};

/// A robot that tells its person in charge, at the stage `offer`.
async fn attach(site: &Site, sales: &Sales, title: &str, more: Value) -> String {
    let mut robot = json!({
        "title": title, "robot": "notify", "moment": {"kind": "stage", "stage": sales.offer},
        "params": {"to": ["role:assignee"], "title": "x"},
    });
    for (key, value) in more.as_object().unwrap() {
        robot[key] = value.clone();
    }
    site.create("/attachments", robot).await
}

async fn go(site: &Site, stage: &str) {
    let item = site.api("GET", "/items/deal:1", None, json!(null)).await;
    let body = json!({"stage": stage, "allow_back": true});
    site.api("POST", "/items/deal:1/move", item["version"].as_i64(), body)
        .await;
    site.app.core.lanes.idle().await;
}

#[tokio::test]
async fn card_shows_four_states_and_each_says_why() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let boris = json!({"name": "Boris", "role": "operator"});
    let boris = site.create("/employees", boris).await;
    attach(&site, &sales, "Tells", json!({})).await;
    let cheap = json!({"any": [[{"field": "amount", "op": "lt", "value": "1000"}]]});
    attach(&site, &sales, "Cheap <ones>", json!({"condition": cheap})).await;
    let delay = json!({"timing": {"kind": "delay", "seconds": 3600}});
    let later = attach(&site, &sales, "Later", delay).await;
    attach(
        &site,
        &sales,
        "Not granted",
        json!({"grants": [], "attempts_max": 1}),
    )
    .await;
    let mut deal = sales.deal("Pool");
    deal["amount"] = json!("1500.00 RUB");
    deal["assignee"] = json!(boris);
    site.create("/items", deal).await;
    go(&site, &sales.offer).await;
    let mut anna = site.visitor(Role::Operator).await;
    let tab = anna.get("/deals/1?tab=automation").await.ok();
    tab.shows("</span> ran")
        .shows("</span> did not start")
        .shows("</span> waits")
        .shows("</span> started, but did not do it")
        .shows("Cheap &lt;ones&gt;")
        .shows("the condition was not met")
        .shows(&format!("/deals/1/explain?attachment={later}"));
    let path = format!("/deals/1/explain?attachment={later}");
    let page = anna.get(&path).await.ok();
    page.shows("The robot is switched on.")
        .shows("The card entered &quot;Offer&quot;")
        .shows("The run waits:")
        .shows("href=\"/runs/");
    // The deal leaves: the robot is stopped, and the page says who did it.
    go(&site, &sales.new).await;
    anna.get(&path)
        .await
        .ok()
        .shows("moved the card from &quot;Offer&quot; to &quot;New&quot;");
    anna.post("/me/likes", &[("language", "ru"), ("back", &path)])
        .await
        .ok()
        .shows("Карточка перешла на стадию «Предложение»")
        .shows("карточка ушла со стадии");
    for wrong in [
        "/deals/1/explain",
        "/deals/1/explain?attachment=x",
        "/deals/1/explain?attachment=attachment:99",
        "/deals/9/explain?attachment=attachment:1",
    ] {
        assert_eq!(anna.get(wrong).await.status, 404, "{wrong}");
    }
    let mut maker = site.visitor(Role::Integrator).await;
    assert_eq!(maker.get(&path).await.status, 403);
}

#[tokio::test]
async fn trial_of_a_run_shows_what_it_would_do_and_changes_nothing() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let boris = json!({"name": "Boris", "role": "operator"});
    let boris = site.create("/employees", boris).await;
    attach(&site, &sales, "Tells", json!({})).await;
    let mut deal = sales.deal("Pool");
    deal["amount"] = json!("1500.00 RUB");
    deal["assignee"] = json!(boris);
    site.create("/items", deal).await;
    go(&site, &sales.offer).await;
    let before = site.api("GET", "/notifications", None, json!(null)).await;
    let mut olga = site.visitor(Role::Editor).await;
    olga.get("/runs/1").await.ok().shows("/runs/1/dry-run");
    let page = olga.post("/runs/1/dry-run", &[]).await.ok();
    page.shows("nothing was changed or sent")
        .shows("The robot would start")
        .shows("Boris")
        .shows("notifications.send");
    assert_eq!(site.api("GET", "/notifications", None, json!(null)).await, before);
    let mut anna = site.visitor(Role::Operator).await;
    anna.get("/runs/1").await.ok().hides("/runs/1/dry-run");
    assert_eq!(anna.post("/runs/1/dry-run", &[]).await.status, 403);
}
