//! The set-up as a file: out of one host, and into another one after a look.

use serde_json::json;
use signalbox_crm::people::Role;

use super::harness::Site;

/// The set-up of a host with a pipeline, a field and a robot.
async fn exported() -> String {
    let site = Site::start().await;
    let sales = site.sales().await;
    let field = json!({"key": "colour", "title": {"ru": "Цвет", "en": "Colour"}, "field_type": "text"});
    site.api("POST", "/fields", None, field).await;
    let tell = json!({
        "title": "Tell <all>", "robot": "notify", "moment": {"kind": "stage", "stage": sales.new},
        "params": {"to": ["role:assignee"], "title": "x"}, "grants": ["notifications"],
    });
    site.create("/attachments", tell).await;
    let mut olga = site.visitor(Role::Editor).await;
    olga.get("/settings/file")
        .await
        .ok()
        .shows("href=\"/api/v1/setup/export?pipeline=pipeline:1\"")
        .hides("href=\"/settings/tokens\"");
    olga.get("/automation/1")
        .await
        .ok()
        .shows("download=\"sales.toml\"");
    let file = olga.get("/api/v1/setup/export").await.ok().text;
    assert!(file.contains("[[pipeline]]"), "{file}");
    file
}

#[tokio::test]
async fn file_is_shown_first_and_then_taken_in() {
    let file = exported().await;
    let site = Site::start().await;
    let mut olga = site.visitor(Role::Editor).await;
    let page = olga.post("/settings/file", &[("file", &file)]).await.ok();
    page.shows("<strong>sales/offer</strong>")
        .shows("<strong>colour</strong>")
        .shows("Tell &lt;all&gt;")
        .shows("value=\"take\"");
    let none = site.api("GET", "/pipelines", None, json!(null)).await;
    assert_eq!(none["items"], json!([]));
    let page = olga
        .post("/settings/file", &[("file", &file), ("do", "take")])
        .await
        .ok();
    page.shows("The file is taken in").hides("value=\"take\"");
    let path = page.text.split("href=\"/automation/").nth(1).unwrap();
    let path = format!("/automation/{}", path.split('"').next().unwrap());
    olga.get(&path)
        .await
        .ok()
        .shows("Tell &lt;all&gt;")
        .shows("draft-bar");
    // A draft that is there is replaced only when somebody says so.
    let page = olga.post("/settings/file", &[("file", &file)]).await.ok();
    page.shows("name=\"replace_drafts\"")
        .hides("<strong>sales/offer</strong>");
    let page = olga
        .post("/settings/file", &[("file", &file), ("do", "take")])
        .await;
    assert_eq!(page.status, 409);
    page.shows("there is a draft of `sales`");
    let replace = [("file", file.as_str()), ("do", "take"), ("replace_drafts", "on")];
    olga.post("/settings/file", &replace)
        .await
        .ok()
        .shows("The file is taken in");
    olga.post("/me/likes", &[("language", "ru"), ("back", "/settings/file")])
        .await
        .ok()
        .shows("Скачать настройку");
}

#[tokio::test]
async fn refused_file_says_where_and_stays_in_the_form() {
    let site = Site::start().await;
    let mut olga = site.visitor(Role::Editor).await;
    let file = "zone = \"Europe/Moscow\"\n[[pipeline]]\nkey = \"sales\"\ntitel = 1\n";
    let page = olga.post("/settings/file", &[("file", file)]).await;
    assert_eq!(page.status, 422);
    page.shows("line 4")
        .shows("titel")
        .shows("[[pipeline]]")
        .hides("value=\"take\"");
    // Larger than forms usually are, in an alphabet that forms write with three signs for each byte.
    let large = format!("zone = \"UTC\"\n# {}\n", "Ж".repeat(400_000));
    olga.post("/settings/file", &[("file", &large)])
        .await
        .ok()
        .shows("Nothing differs");
    let mut boris = site.visitor(Role::Operator).await;
    assert_eq!(boris.get("/settings/file").await.status, 403);
    assert_eq!(boris.post("/settings/file", &[("file", file)]).await.status, 403);
    boris.get("/deals").await.ok().hides("href=\"/settings");
}
