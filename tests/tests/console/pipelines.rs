//! Pipelines, stages and fields under settings.

use serde_json::{Value, json};
use signalbox_crm::people::Role;

use super::harness::Site;

async fn stages(site: &Site) -> Vec<Value> {
    let pipelines = site.api("GET", "/pipelines", None, json!(null)).await;
    let first = pipelines["items"][0]["id"].as_str().unwrap();
    let path = format!("/pipelines/{first}/stages");
    let found = site.api("GET", &path, None, json!(null)).await;
    found["items"].as_array().unwrap().clone()
}

/// `key kind ru/en` of each stage.
async fn told(site: &Site) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let stages = stages(site).await;
    let words = stages.iter().map(|stage| {
        let [key, kind, ru, en] = [
            &stage["key"],
            &stage["kind"],
            &stage["title"]["ru"],
            &stage["title"]["en"],
        ]
        .map(text);
        format!("{key} {kind} {ru}/{en}")
    });
    words.collect()
}

#[tokio::test]
async fn empty_host_leads_to_a_first_pipeline_that_works_at_once() {
    let site = Site::start().await;
    let mut olga = site.visitor(Role::Editor).await;
    olga.get("/deals")
        .await
        .ok()
        .shows("href=\"/settings/pipelines?kind=deal#new\"");
    let page = olga.get("/settings/pipelines?kind=deal").await.ok();
    page.shows("Переговоры | Negotiation").hides("Qualified");
    olga.get("/settings/pipelines?kind=lead")
        .await
        .ok()
        .shows("Качественный | Qualified");
    let wrong = [("kind", "deal"), ("ru", ""), ("en", " "), ("open", "Новая | New")];
    let page = olga.post("/settings/pipelines", &wrong).await;
    assert_eq!(page.status, 422);
    page.shows("Russian title").shows("Новая | New</textarea>");
    let new = [
        ("kind", "deal"),
        ("ru", "Продажи <1>"),
        ("en", "Sales 1"),
        ("open", "Новая | New\r\n\r\nЗамер\r\n"),
        ("won", "Успешно | Won"),
        ("lost", "Отказ | Lost"),
    ];
    olga.post("/settings/pipelines", &new)
        .await
        .ok()
        .shows("Sales 1")
        .shows("sales-1");
    assert_eq!(
        told(&site).await,
        [
            "new open Новая/New",
            "stage-2 open Замер/Замер",
            "won won Успешно/Won",
            "lost lost Отказ/Lost"
        ]
    );
    olga.get("/deals").await.ok().shows("Sales 1").shows("Замер");
    // A second one of the same name has a key of its own.
    olga.post("/settings/pipelines", &new)
        .await
        .ok()
        .shows("sales-1-2");
    let mut boris = site.visitor(Role::Operator).await;
    assert_eq!(boris.get("/settings/pipelines").await.status, 403);
    assert_eq!(boris.post("/settings/pipelines", &new).await.status, 403);
}

#[tokio::test]
async fn operator_of_an_empty_host_is_not_led_to_settings() {
    let site = Site::start().await;
    let mut boris = site.visitor(Role::Operator).await;
    boris
        .get("/deals")
        .await
        .ok()
        .shows("There is no pipeline")
        .hides("/settings/pipelines");
}

#[tokio::test]
async fn stages_are_renamed_ordered_closed_and_ask_for_fields() {
    let site = Site::start().await;
    site.sales().await;
    let mut olga = site.visitor(Role::Editor).await;
    let path = "/settings/pipelines/1";
    let field = [
        ("ru", "Цвет"),
        ("en", "Colour"),
        ("type", "select"),
        ("options", "red\r\nblue\r\n"),
    ];
    olga.post("/settings/fields", &field)
        .await
        .ok()
        .shows("<code>colour</code>")
        .shows("red, blue");
    let none = [
        ("ru", "Размер"),
        ("en", "Size"),
        ("type", "select"),
        ("options", ""),
    ];
    let page = olga.post("/settings/fields", &none).await;
    assert_eq!(page.status, 422);
    page.shows("value=\"Размер\"");
    let renamed = [
        ("version", "1"),
        ("ru", "Ремонт"),
        ("en", "Repairs"),
        ("days", "3"),
    ];
    olga.post(path, &renamed)
        .await
        .ok()
        .shows("value=\"Repairs\"")
        .shows("value=\"3\"");
    let stale = olga.post(path, &renamed).await;
    assert_eq!(stale.status, 412);
    let nameless = [
        ("version", "1"),
        ("ru", ""),
        ("en", ""),
        ("kind", "lost"),
        ("required", "colour"),
        ("requires_reason", "on"),
    ];
    let page = olga.post(&format!("{path}/stages/2"), &nameless).await;
    assert_eq!(page.status, 422);
    page.shows("value=\"lost\" selected")
        .shows("value=\"colour\" checked")
        .shows("name=\"requires_reason\" checked");
    let added = [("ru", "Выезд"), ("en", "Visit"), ("kind", "open")];
    olga.post(&format!("{path}/stages"), &added).await.ok();
    for _ in 0..3 {
        olga.post(&format!("{path}/stages/5"), &[("do", "up")]).await.ok();
    }
    // Further than the first place there is none.
    olga.post(&format!("{path}/stages/1"), &[("do", "up")]).await.ok();
    let change = [
        ("version", "4"),
        ("ru", "Выезд мастера"),
        ("en", "Visit"),
        ("kind", "lost"),
        ("required", "colour"),
        ("required", "amount"),
        ("requires_reason", "on"),
    ];
    olga.post(&format!("{path}/stages/5"), &change)
        .await
        .ok()
        .shows("2 fields have to be filled in");
    assert_eq!(
        told(&site).await,
        [
            "new open Новая/New",
            "visit lost Выезд мастера/Visit",
            "offer open Предложение/Offer",
            "won won Успех/Won",
            "lost lost Отказ/Lost",
        ]
    );
    let visit = &stages(&site).await[1];
    assert_eq!(
        (&visit["required_fields"], &visit["requires_reason"]),
        (&json!(["colour", "amount"]), &json!(true))
    );
    // A stage that is open again asks for no reason, whatever the form has.
    let open = [
        ("version", "5"),
        ("ru", "Выезд"),
        ("en", "Visit"),
        ("kind", "open"),
        ("requires_reason", "on"),
    ];
    olga.post(&format!("{path}/stages/5"), &open)
        .await
        .ok()
        .shows("Nothing has to be filled in");
    assert_eq!(olga.get("/settings/pipelines/9").await.status, 404);
    let unknown = [("version", "1"), ("ru", "x"), ("en", "x"), ("kind", "strange")];
    assert_eq!(olga.post(&format!("{path}/stages/1"), &unknown).await.status, 422);
}

#[tokio::test]
async fn stages_with_the_same_place_get_places_of_their_own_when_one_moves() {
    let site = Site::start().await;
    let stage = |key: &str| json!({"key": key, "title": {"ru": key, "en": key}, "kind": "open", "sort": 0});
    let pipeline = json!({
        "key": "p", "title": {"ru": "p", "en": "p"}, "item_kind": "deal",
        "stages": [stage("a"), stage("b"), stage("c")],
    });
    site.create("/pipelines", pipeline).await;
    let mut olga = site.visitor(Role::Editor).await;
    olga.post("/settings/pipelines/1/stages/3", &[("do", "up")])
        .await
        .ok();
    assert_eq!(told(&site).await, ["a open a/a", "c open c/c", "b open b/b"]);
}
