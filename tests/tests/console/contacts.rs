//! Clients: the list, one's page, and lists that are longer than a page.

use serde_json::json;
use signalbox_crm::people::Role;

use super::harness::{Page, Site};

/// The addresses behind the buttons for the next page, one for each list.
fn nexts(page: &Page) -> Vec<String> {
    let mut parts: Vec<&str> = page.text.split(">Next page<").collect();
    parts.pop();
    let addresses = parts.into_iter().map(|before| {
        let (_, address) = before.rsplit_once("href=\"").unwrap();
        address.trim_end_matches('"').replace("&amp;", "&")
    });
    addresses.collect()
}

/// The address behind the only one.
#[track_caller]
fn next(page: &Page) -> String {
    let found = nexts(page);
    assert_eq!(found.len(), 1, "{}", page.text);
    found[0].clone()
}

#[tokio::test]
async fn client_has_a_page_with_all_that_is_known_and_is_changed_there() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let (mut anna, id) = site.visitor_named(Role::Operator, "Anna").await;
    anna.get("/contacts").await.ok().shows("Nobody fits");
    let id = id.to_string();
    let new = [
        ("name", "Мария <b>"),
        ("phones", "8 (987) 654-32-10\r\n\r\n+1 212 555 0100\r\n"),
        ("emails", "maria@example.com"),
        ("assignee", id.as_str()),
    ];
    let page = anna.post("/contacts", &new).await.ok();
    page.shows("Мария &lt;b&gt;")
        .shows("8 (987) 654-32-10")
        .shows("maria@example.com")
        .shows("No lead and no deal yet");
    let mut deal = sales.deal("Pool");
    deal["contact"] = json!("contact:1");
    site.create("/items", deal).await;
    anna.get("/contacts/1")
        .await
        .ok()
        .shows("href=\"/deals/1\"")
        .shows("Pool");
    anna.get("/deals/1").await.ok().shows("href=\"/contacts/1\"");
    for text in ["contact:1", "9876543210", "Maria@example.com"] {
        let found = anna.get(&format!("/search?q={text}")).await.ok();
        found.shows("Мария &lt;b&gt;");
    }
    for text in ["9876543210", "maria@example.com", "%D0%BC%D0%B0%D1%80"] {
        anna.get(&format!("/contacts?q={text}"))
            .await
            .ok()
            .shows("href=\"/contacts/1\"");
    }
    anna.get("/contacts?q=boris")
        .await
        .ok()
        .shows("Nobody fits")
        .shows("value=\"boris\"");
    assert_eq!(anna.get("/contacts?q=no@").await.status, 422);
    let change = [
        ("version", "1"),
        ("name", "Maria"),
        ("phones", ""),
        ("emails", "m@example.com"),
        ("assignee", ""),
    ];
    let page = anna.post("/contacts/1", &change).await.ok();
    page.shows("<h1>Maria</h1>")
        .shows("m@example.com")
        .hides("654-32-10");
    // Somebody else was faster: what was typed stays.
    let page = anna
        .post("/contacts/1", &[("version", "1"), ("name", "Mary")])
        .await;
    assert_eq!(page.status, 412);
    page.shows("value=\"Mary\"");
    assert_eq!(anna.get("/contacts/9").await.status, 404);
    let mut eva = site.visitor(Role::Auditor).await;
    eva.get("/contacts/1")
        .await
        .ok()
        .shows("m@example.com")
        .hides("<textarea");
    assert_eq!(eva.post("/contacts/1", &change).await.status, 403);
    let mut maker = site.visitor(Role::Integrator).await;
    assert_eq!(maker.get("/contacts").await.status, 403);
    assert_eq!(maker.get("/contacts/1").await.status, 403);
}

#[tokio::test]
async fn long_lists_have_pages_with_their_state_in_the_address() {
    let site = Site::start().await;
    let sales = site.sales().await;
    for number in 1..=51 {
        let contact = json!({"name": format!("Client {number:03}")});
        site.create("/contacts", contact).await;
        let mut deal = sales.deal(&format!("Client's deal {number:03}"));
        deal["contact"] = json!("contact:1");
        site.create("/items", deal).await;
    }
    let mut anna = site.visitor(Role::Admin).await;
    let page = anna.get("/contacts?q=client").await.ok();
    page.shows("Client 050").hides("Client 051");
    let page = anna.get(&next(&page)).await.ok();
    page.shows("Client 051")
        .hides("Client 050")
        .shows("To the beginning")
        .shows("value=\"client\"");
    // Both lists of a search have pages of their own.
    let page = anna.get("/search?q=client").await.ok();
    page.shows(">Client 020<")
        .hides(">Client 021<")
        .shows("deal 032")
        .hides("deal 031");
    let items = anna.get(&nexts(&page)[0]).await.ok();
    items
        .shows("deal 031")
        .hides("deal 032")
        .shows(">Client 020<")
        .hides(">Client 021<");
    let both = anna.get(&nexts(&items)[1]).await.ok();
    both.shows("deal 031")
        .hides("deal 032")
        .shows(">Client 021<")
        .hides(">Client 020<");
    let page = anna.get("/contacts/1").await.ok();
    page.shows("deal 051").hides("deal 031");
    let page = anna.get(&next(&page)).await.ok();
    page.shows("deal 031").hides("deal 051");
    assert_eq!(anna.get("/contacts/1?items=x").await.status, 422);
    assert_eq!(anna.get("/search?q=client&clients=x").await.status, 422);
}

#[tokio::test]
async fn settings_and_the_calendar_have_pages_too() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let deal = site.create("/items", sales.deal("Pool")).await;
    for number in 1..=101 {
        site.create(
            "/employees",
            json!({"name": format!("Person {number:03}"), "role": "operator"}),
        )
        .await;
        site.create(
            "/tokens",
            json!({"name": format!("Token {number:03}"), "role": "auditor"}),
        )
        .await;
    }
    for number in 1..=201 {
        let call = json!({"item": deal, "kind": "call", "title": format!("Call {number:03}"), "deadline": "2026-03-04T15:00:00Z"});
        site.create("/activities", call).await;
    }
    let mut anna = site.visitor(Role::Admin).await;
    let page = anna.get("/settings").await.ok();
    page.shows("Person 050").hides("Person 101");
    anna.get(&next(&page))
        .await
        .ok()
        .shows("Person 101")
        .hides("Person 050");
    let page = anna.get("/settings/tokens").await.ok();
    page.shows("Token 101").hides("Token 001");
    anna.get(&next(&page))
        .await
        .ok()
        .shows("Token 001")
        .hides("Token 101");
    let page = anna.get("/calendar?assignee=").await.ok();
    page.shows("Call 200").hides("Call 201");
    anna.get(&format!("/calendar{}", next(&page)))
        .await
        .ok()
        .shows("Call 201")
        .hides("Call 200");
    // A week later they are overdue, and have pages of their own.
    let page = anna.get("/calendar?assignee=&from=2026-03-09").await.ok();
    page.shows("Call 050").hides("Call 051");
    anna.get(&format!("/calendar{}", next(&page)))
        .await
        .ok()
        .shows("Call 051")
        .hides("Call 050");
    assert_eq!(anna.get("/calendar?after=x").await.status, 422);
}
