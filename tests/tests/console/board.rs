//! The board without JavaScript: what it shows, and its forms.

use serde_json::json;
use signalbox_crm::people::Role;

use super::harness::Site;

#[tokio::test]
async fn board_shows_columns_with_cards_counts_and_sums() {
    let site = Site::start().await;
    let mut anna = site.visitor(Role::Operator).await;
    anna.get("/deals")
        .await
        .ok()
        .shows("There is no pipeline of this kind yet");
    let sales = site.sales().await;
    for (title, amount) in [
        ("Pool & <b>sauna</b>", "1500.50 RUB"),
        ("Garden", "499.50 RUB"),
        ("Roof", "10 EUR"),
    ] {
        let mut deal = sales.deal(title);
        deal["amount"] = json!(amount);
        site.create("/items", deal).await;
    }
    let page = anna.get("/deals").await.ok();
    page.shows("Pool &amp; &lt;b&gt;sauna&lt;/b&gt;")
        .shows("3 deals")
        .shows("2,000\u{a0}RUB")
        .shows("10\u{a0}EUR");
    page.shows("3 without an activity").shows("aria-current=\"page\"");
    anna.post("/me/likes", &[("language", "ru"), ("back", "/deals")])
        .await
        .shows("3 сделки")
        .shows("2\u{a0}000\u{a0}RUB");
    // Filters stand in the address.
    let page = anna.get("/deals?q=GARD").await.ok();
    page.shows("Garden").hides("Roof").shows("1 сделка");
    anna.get("/deals?assignee=me").await.ok().hides("Roof");
    anna.get("/deals?due=overdue").await.ok().hides("Roof");
    anna.get("/deals?due=none").await.ok().shows("Roof");
    anna.get("/deals?view=list&q=roof")
        .await
        .ok()
        .shows("Roof")
        .shows("<table")
        .hides("Garden");
    for wrong in [
        "/deals?due=sometimes",
        "/deals?assignee=x",
        "/deals?view=list&after=x",
    ] {
        assert_eq!(anna.get(wrong).await.status, 422, "{wrong}");
    }
    assert_eq!(anna.get("/deals?pipeline=pipeline:99").await.status, 404);
    assert_eq!(anna.get("/leads?pipeline=pipeline:1").await.status, 404);
}

#[tokio::test]
async fn refused_move_asks_for_what_is_missing_and_takes_it_there() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let mut anna = site.visitor(Role::Operator).await;
    let new = [
        ("pipeline", sales.pipeline.as_str()),
        ("stage", &sales.new),
        ("title", "Pool"),
        ("back", "/deals"),
    ];
    anna.post("/deals/new", &new).await.ok().shows("Pool");
    anna.get("/deals/1/move?back=%2Fdeals")
        .await
        .ok()
        .shows("Move &quot;Pool&quot;")
        .shows("(present)");
    let page = anna
        .post("/deals/1/move", &[("stage", &sales.offer), ("version", "1")])
        .await;
    assert_eq!(page.status, 422);
    page.shows("Before that, fill in: Amount")
        .shows("name=\"field.amount\"");
    let page = anna
        .post(
            "/deals/1/move",
            &[
                ("stage", &sales.offer),
                ("version", "1"),
                ("field.amount", "lots of money"),
            ],
        )
        .await;
    assert_eq!(page.status, 422);
    page.shows("lots of money");
    let typed = [
        ("stage", sales.offer.as_str()),
        ("version", "1"),
        ("field.amount", "1 500,5"),
        ("back", "/deals?q=pool"),
    ];
    anna.post("/deals/1/move", &typed)
        .await
        .ok()
        .shows("1,500.50\u{a0}RUB");
    assert_eq!(
        site.api("GET", "/items/deal:1", None, json!(null)).await["stage"],
        json!(sales.offer)
    );
    // Somebody was faster: who, and when.
    let page = anna
        .post("/deals/1/move", &[("stage", &sales.won), ("version", "1")])
        .await;
    assert_eq!(page.status, 412);
    page.shows("operator changed it meanwhile");
    // Back, and lost with its reason.
    let version = site.api("GET", "/items/deal:1", None, json!(null)).await["version"].to_string();
    let page = anna
        .post("/deals/1/move", &[("stage", &sales.new), ("version", &version)])
        .await;
    assert_eq!(page.status, 409);
    page.shows("The stage lies further back")
        .shows("name=\"allow_back\"");
    let typed = [
        ("stage", sales.new.as_str()),
        ("version", &version),
        ("allow_back", "on"),
    ];
    anna.post("/deals/1/move", &typed).await.ok();
    let page = anna
        .get(&format!("/deals/1/move?stage={}", sales.lost))
        .await
        .ok();
    page.shows("name=\"lost_reason\"");
}

#[tokio::test]
async fn several_cards_are_moved_and_each_refusal_is_named() {
    let site = Site::start().await;
    let sales = site.sales().await;
    for title in ["One", "Two", "Three"] {
        site.create("/items", sales.deal(title)).await;
    }
    let (mut anna, id) = site.visitor_named(Role::Operator, "Anna").await;
    let id = id.to_string();
    let chosen = [
        ("item", "deal:1/1"),
        ("item", "deal:2/1"),
        ("item", "deal:3/7"),
        ("assignee", id.as_str()),
    ];
    let page = anna.post("/deals/bulk", &chosen).await.ok();
    page.shows("2 cards were changed")
        .shows("deal:3")
        .shows("has version 1, not 7");
    let page = anna
        .post("/deals/bulk", &[("item", "deal:1/2"), ("stage", &sales.won)])
        .await
        .ok();
    page.shows("Anna");
    assert_eq!(
        site.api("GET", "/items/deal:1", None, json!(null)).await["stage"],
        json!(sales.won)
    );
    assert_eq!(
        anna.post("/deals/bulk", &[("item", "nonsense")]).await.status,
        422
    );
    let mut auditor = site.visitor(Role::Auditor).await;
    assert_eq!(auditor.post("/deals/bulk", &chosen).await.status, 403);
    auditor
        .get("/deals")
        .await
        .ok()
        .shows("Two")
        .hides("id=\"bulk\"")
        .hides("Move...");
    let mut integrator = site.visitor(Role::Integrator).await;
    assert_eq!(integrator.get("/deals").await.status, 403);
}
