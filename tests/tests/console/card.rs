//! The card of an item and the calendar, without JavaScript.

use serde_json::json;
use signalbox_crm::people::Role;

use super::harness::Site;

#[tokio::test]
async fn card_shows_an_item_and_takes_changes_of_it() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let text = |ru: &str, en: &str| json!({"ru": ru, "en": en});
    let fields = [
        json!({"key": "budget", "title": text("Бюджет", "Budget"), "field_type": "number"}),
        json!({"key": "visit", "title": text("Визит", "Visit"), "field_type": "instant"}),
        json!({"key": "size", "title": text("Размер", "Size"), "field_type": "select", "options": ["small", "large"]}),
    ];
    for field in fields {
        site.api("POST", "/fields", None, field).await;
    }
    site.create("/items", sales.deal("<i>Pool</i>")).await;
    let (mut anna, id) = site.visitor_named(Role::Operator, "Anna").await;
    let page = anna.get("/deals/1").await.ok();
    page.shows("&lt;i&gt;Pool&lt;/i&gt;")
        .shows("Budget")
        .shows("<option value=\"large\"")
        .shows("Created");
    let typed = [
        ("version", "1"),
        ("field.title", "Pool"),
        ("field.amount", "1 500"),
        ("field.budget", "12,5"),
        ("field.visit", "2026-03-05T10:00"),
        ("field.size", "large"),
    ];
    let page = anna.post("/deals/1/fields", &typed).await.ok();
    page.shows("1500.00 RUB")
        .shows("12.5")
        .shows("2026-03-05T10:00")
        .shows("<del>(empty)</del>");
    let deal = site.api("GET", "/items/deal:1", None, json!(null)).await;
    assert_eq!(deal["fields"]["visit"]["value"], "2026-03-05T07:00:00Z");
    // Everything wrong: what was typed stays, and the field is named.
    let wrong = [
        ("version", "2"),
        ("field.title", "Pool 2"),
        ("field.budget", "a lot"),
    ];
    let page = anna.post("/deals/1/fields", &wrong).await;
    assert_eq!(page.status, 422);
    page.shows("value=\"Pool 2\"")
        .shows("value=\"a lot\"")
        .shows("`a lot` is no number");
    let page = anna
        .post("/deals/1/fields", &[("version", "1"), ("field.title", "x")])
        .await;
    assert_eq!(page.status, 412);
    anna.post(
        "/deals/1/assign",
        &[("version", "2"), ("employee", &id.to_string())],
    )
    .await
    .ok()
    .shows("Anna</ins>");
    anna.post("/deals/1/comments", &[("text", "Calls back\r\non Monday")])
        .await
        .ok()
        .shows("Calls back\non Monday");
    assert_eq!(anna.post("/deals/1/comments", &[("text", " ")]).await.status, 422);
    assert_eq!(anna.get("/deals/99").await.status, 404);
    assert_eq!(anna.get("/leads/1").await.status, 404);
    let mut auditor = site.visitor(Role::Auditor).await;
    auditor
        .get("/deals/1")
        .await
        .ok()
        .shows("Calls back")
        .hides("<textarea")
        .hides("name=\"field.title\"");
    assert_eq!(
        auditor.post("/deals/1/comments", &[("text", "x")]).await.status,
        403
    );
}

#[tokio::test]
async fn long_histories_are_read_page_by_page() {
    let site = Site::start().await;
    let sales = site.sales().await;
    site.create("/items", sales.deal("Pool")).await;
    let mut anna = site.visitor(Role::Operator).await;
    for number in 0..90 {
        let body = json!({ "text": format!("note number {number}.") });
        site.api("POST", "/items/deal:1/comments", None, body).await;
    }
    let mut path = "/deals/1?tab=timeline".to_owned();
    let mut seen = 0;
    for _ in 0..3 {
        let page = anna.get(&path).await.ok();
        seen += page.text.matches("note number").count();
        let next = page
            .text
            .split("href=\"")
            .find(|rest| rest.starts_with("?tab=timeline&amp;before="));
        match next {
            Some(rest) => {
                path = format!(
                    "/deals/1{}",
                    rest.split('"').next().unwrap().replace("&amp;", "&")
                )
            }
            None => break,
        }
    }
    assert_eq!(seen, 90);
}

#[tokio::test]
async fn activities_are_planned_on_the_card_and_done_in_the_calendar() {
    let site = Site::start().await;
    let sales = site.sales().await;
    site.create("/items", sales.deal("Pool")).await;
    let (mut anna, id) = site.visitor_named(Role::Operator, "Anna").await;
    anna.post(
        "/deals/1/assign",
        &[("version", "1"), ("employee", &id.to_string())],
    )
    .await
    .ok();
    let plan = [
        ("kind", "call"),
        ("title", "Ask about the size"),
        ("deadline", "2026-03-04T15:00"),
    ];
    anna.post("/deals/1/activities", &plan)
        .await
        .ok()
        .shows("Ask about the size")
        .shows("4 Mar, 15:00");
    let wrong = [("kind", "call"), ("title", "Kept"), ("deadline", "tomorrow")];
    let page = anna.post("/deals/1/activities", &wrong).await;
    assert_eq!(page.status, 422);
    page.shows("value=\"Kept\"")
        .shows("`tomorrow` is no date and time");
    let page = anna.get("/calendar").await.ok();
    page.shows("Monday, 2 Mar 2026")
        .shows("Ask about the size")
        .shows("href=\"/deals/1\"");
    anna.get("/calendar?from=2026-03-09")
        .await
        .ok()
        .shows("Overdue from before")
        .shows("Ask about the size");
    anna.get("/calendar?assignee=employee:1")
        .await
        .ok()
        .hides("Ask about the size");
    assert_eq!(anna.get("/calendar?from=soon").await.status, 422);
    assert_eq!(anna.get("/calendar?from=9999-12-31").await.status, 422);
    let done = [("version", "1"), ("back", "/calendar")];
    anna.post("/activities/1/complete", &done)
        .await
        .ok()
        .hides("Ask about the size");
    let page = anna.post("/activities/1/complete", &done).await;
    assert!(page.status >= 400, "{}", page.status);
}
