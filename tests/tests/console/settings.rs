//! People, tokens, the audit log, one's own account, search and notifications.

use serde_json::json;
use signalbox_crm::people::Role;

use super::harness::{PASSWORD, Site};

#[tokio::test]
async fn person_is_added_gets_a_link_and_signs_in() {
    let site = Site::start().await;
    let (mut admin, _) = site.visitor_named(Role::Admin, "Anna").await;
    let wrong = [("name", ""), ("email", "no address"), ("role", "operator")];
    let page = admin.post("/settings", &wrong).await;
    assert_eq!(page.status, 422);
    page.shows("value=\"no address\"");
    let new = [
        ("name", "Boris <b>"),
        ("email", "boris@example.com"),
        ("role", "operator"),
    ];
    let page = admin.post("/settings", &new).await.ok();
    page.shows("Boris &lt;b&gt;").shows("Not signed in anywhere.");
    let path = path_of(&page.text);
    let id = format!("employee:{}", path.rsplit('/').next().unwrap());
    let page = admin.post(&format!("{path}/invite"), &[]).await.ok();
    let link = page
        .text
        .split("<code>")
        .nth(1)
        .unwrap()
        .split("</code>")
        .next()
        .unwrap()
        .to_owned();
    // Shown once.
    admin.get(&path).await.ok().hides(&link);
    let mut boris = site.guest();
    boris
        .get(&link)
        .await
        .ok()
        .shows("Boris &lt;b&gt;")
        .shows("readonly");
    boris.post(&link, &[("password", PASSWORD)]).await;
    boris.get("/deals").await.ok().shows("Boris &lt;b&gt;");
    assert_eq!(boris.get("/settings").await.status, 403);
    admin.get("/settings").await.ok().shows("signs in");
    // All his sessions end at once; then he is gone altogether.
    admin
        .post(&format!("{path}/sign-out"), &[])
        .await
        .ok()
        .shows("Not signed in anywhere.");
    boris.get("/deals").await.shows("Sign in");
    boris
        .post(
            "/sign-in",
            &[("email", "boris@example.com"), ("password", PASSWORD)],
        )
        .await;
    boris.get("/deals").await.ok();
    let version = site
        .api("GET", &format!("/employees/{id}"), None, json!(null))
        .await["version"]
        .to_string();
    let left = [
        ("version", version.as_str()),
        ("name", "Boris"),
        ("role", "operator"),
        ("email", "boris@example.com"),
    ];
    admin.post(&path, &left).await.ok().shows("does not work here");
    boris.get("/deals").await.shows("Sign in");
    let page = boris
        .post(
            "/sign-in",
            &[("email", "boris@example.com"), ("password", PASSWORD)],
        )
        .await;
    assert_eq!(page.status, 422);
    let audit = admin.get(&format!("/settings/audit?subject={id}")).await.ok();
    audit
        .shows("Invited")
        .shows("Signed in")
        .shows("The password was changed")
        .shows("<td>Active</td>")
        .shows("<td class=\"value\">No</td>")
        .hides("<td>employee:1</td>");
}

/// `/settings/people/3` of the form on the page.
fn path_of(text: &str) -> String {
    let rest = text.split("action=\"/settings/people/").nth(1).unwrap();
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    format!("/settings/people/{number}")
}

#[tokio::test]
async fn token_is_shown_once_and_withdrawn_at_once() {
    let site = Site::start().await;
    let mut admin = site.visitor(Role::Admin).await;
    let page = admin
        .post("/settings/tokens", &[("name", "ci"), ("role", "integrator")])
        .await
        .ok();
    let secret = page
        .text
        .split("<code>sbx_")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .to_owned();
    let bearer = format!("Bearer sbx_{secret}");
    let mut program = site.guest();
    let ask = [("authorization", bearer.as_str())];
    assert_eq!(
        program
            .send("GET", "/api/v1/robots", &ask, String::new())
            .await
            .status,
        200
    );
    let page = admin.get("/settings/tokens").await.ok();
    page.shows(">ci<").hides(&secret);
    let path = page
        .text
        .split("action=\"")
        .find(|rest| rest.starts_with("/settings/tokens/"))
        .unwrap();
    let path = path.split('"').next().unwrap().to_owned();
    admin.post(&path, &[]).await.ok().shows("ended");
    assert_eq!(
        program
            .send("GET", "/api/v1/robots", &ask, String::new())
            .await
            .status,
        401
    );
    assert_eq!(
        admin
            .post("/settings/tokens", &[("name", ""), ("role", "admin")])
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn own_password_and_filters_are_changed() {
    let site = Site::start().await;
    site.sales().await;
    let (mut anna, _) = site.visitor_named(Role::Operator, "Anna").await;
    let mut elsewhere = site.guest();
    elsewhere
        .post(
            "/sign-in",
            &[("email", "anna@example.com"), ("password", PASSWORD)],
        )
        .await;
    let new = "another horse battery";
    let page = anna
        .post(
            "/me/password",
            &[("present", "wrong one here"), ("password", new)],
        )
        .await;
    assert_eq!(page.status, 422);
    let page = anna
        .post("/me/password", &[("present", PASSWORD), ("password", "short")])
        .await;
    assert_eq!(page.status, 422);
    anna.post("/me/password", &[("present", PASSWORD), ("password", new)])
        .await
        .ok()
        .shows("The password is changed");
    anna.get("/deals").await.ok();
    elsewhere.get("/deals").await.shows("Sign in");
    let save = [("name", "Mine"), ("path", "/deals?assignee=me")];
    anna.post("/me/filters", &save)
        .await
        .ok()
        .shows("href=\"/deals?assignee=me\"");
    assert_eq!(anna.post("/me/filters", &save).await.status, 422);
    assert_eq!(
        anna.post("/me/filters", &[("name", "x"), ("path", "//evil.example")])
            .await
            .status,
        422
    );
    anna.post("/me/filters/remove", &[("name", "Mine")])
        .await
        .ok()
        .shows("None yet");
    anna.post("/me/likes", &[("shortcuts", "off"), ("back", "/me")])
        .await
        .ok()
        .hides("data-shortcuts=\"on\"");
}

#[tokio::test]
async fn everything_is_found_by_id_name_and_phone() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let mut anna = site.visitor(Role::Operator).await;
    let contact = json!({"name": "Мария Ёлкина", "phones": ["8 (987) 654-32-10"]});
    let contact = site.create("/contacts", contact).await;
    let mut deal = sales.deal("Прицеп");
    deal["contact"] = json!(contact);
    site.create("/items", deal).await;
    for text in [
        "deal:1",
        "1",
        "%D0%BF%D1%80%D0%B8%D1%86",
        "%2B79876543210",
        "654-32-10",
        "%D1%91%D0%BB%D0%BA",
    ] {
        anna.get(&format!("/search?q={text}")).await.ok().shows("Прицеп");
    }
    anna.get("/search?q=nothing-like-this")
        .await
        .ok()
        .shows("Nothing fits");
    anna.get("/search?q=").await.ok().shows("Nothing fits");
    anna.get("/search?q=deal:99").await.ok().shows("Nothing fits");
}
