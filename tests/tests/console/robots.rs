//! The robots page: what is installed, what it may do, new versions, and switching off.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use signalbox_crm::people::Role;
use signalbox_tests::robots::{FLAKY, WARN_LARGE_DEAL};
use tower::ServiceExt;

use super::harness::Site;
use super::runs::install;
use crate::api::robots::greedy;

#[tokio::test]
async fn robots_page_shows_what_each_may_do_and_where_it_is_used() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let tell = json!({
        "title": "Tell <all>", "robot": "notify", "moment": {"kind": "stage", "stage": sales.new},
        "params": {"to": ["role:assignee"], "title": "x"}, "grants": [],
    });
    site.create("/attachments", tell).await;
    install(&site, FLAKY).await;
    let mut anna = site.visitor(Role::Auditor).await;
    anna.get("/robots")
        .await
        .ok()
        .shows("href=\"/robots/notify\"")
        .shows("bundled")
        .shows("not signed")
        .hides("id=\"install\"");
    let page = anna.get("/robots/notify").await.ok();
    page.shows("notifies employees")
        .shows("Tell &lt;all&gt;")
        .shows("Asked for, not granted")
        .hides("/robots/notify/off");
    anna.post("/me/likes", &[("language", "ru"), ("back", "/robots/notify")])
        .await
        .ok()
        .shows("уведомляет сотрудников");
    assert_eq!(anna.get("/robots/nobody").await.status, 404);
    let mut maker = site.visitor(Role::Integrator).await;
    maker.get("/robots").await.ok().shows("id=\"install\"");
}

#[tokio::test]
async fn session_installs_a_robot_and_a_broken_one_is_refused_in_words() {
    let site = Site::start().await;
    let mut maker = site.visitor(Role::Integrator).await;
    let cookie = format!("signalbox={}", maker.cookies["signalbox"]);
    let send = async |component: &[u8]| {
        let request = Request::builder()
            .method("POST")
            .uri("/api/v1/robots")
            .header("host", "crm.example")
            .header("cookie", &cookie)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/wasm")
            .body(Body::from(component.to_vec()))
            .unwrap();
        site.router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(send(b"no wasm").await, 422);
    assert_eq!(send(FLAKY).await, 201);
    maker
        .get("/robots/flaky")
        .await
        .ok()
        .shows("This robot is attached nowhere");
}

#[tokio::test]
async fn robot_is_switched_off_everywhere_by_one_button() {
    let site = Site::start().await;
    let sales = site.sales().await;
    for title in ["One", "Two"] {
        let tell = json!({
            "title": title, "robot": "notify", "moment": {"kind": "stage", "stage": sales.new},
            "params": {"to": ["role:assignee"], "title": "x"},
        });
        site.create("/attachments", tell).await;
    }
    let mut anna = site.visitor(Role::Operator).await;
    assert_eq!(anna.post("/robots/notify/off", &[]).await.status, 403);
    let mut olga = site.visitor(Role::Editor).await;
    olga.get("/robots/notify").await.ok().shows("/robots/notify/off");
    olga.post("/robots/notify/off", &[])
        .await
        .ok()
        .hides("/robots/notify/off");
    for attachment in ["attachment:1", "attachment:2"] {
        let found = site
            .api("GET", &format!("/attachments/{attachment}"), None, json!(null))
            .await;
        assert_eq!(found["is_enabled"], false, "{found:#}");
    }
    assert_eq!(olga.post("/robots/nobody/off", &[]).await.status, 404);
    assert_eq!(olga.post("/robots/notify/resume", &[]).await.status, 403);
    let mut boss = site.visitor(Role::Admin).await;
    boss.post("/robots/notify/resume", &[]).await.ok();
}

#[tokio::test]
async fn attachments_get_a_version_that_asks_for_more_when_it_is_allowed_and_go_back() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let boss = site
        .create("/employees", json!({"name": "Boss", "role": "admin"}))
        .await;
    let old = install(&site, WARN_LARGE_DEAL).await;
    let large = json!({
        "title": "Large", "robot": "warn-large-deal", "moment": {"kind": "stage", "stage": sales.new},
        "params": {"threshold": 100, "to": [boss]},
    });
    let large = site.create("/attachments", large).await;
    let new = install(&site, &greedy()).await;
    let (old, new) = (old["digest"].as_str().unwrap(), new["digest"].as_str().unwrap());
    let digest = async || {
        site.api("GET", &format!("/attachments/{large}"), None, json!(null))
            .await["digest"]
            .clone()
    };
    let mut olga = site.visitor(Role::Editor).await;
    let path = "/robots/warn-large-deal/update";
    olga.get("/robots/warn-large-deal")
        .await
        .ok()
        .shows(&format!("{path}?digest={new}"));
    let page = olga.get(&format!("{path}?digest={new}")).await.ok();
    page.shows("waits for approval")
        .shows("writes to clients")
        .shows("name=\"approve\" value=\"messaging\"")
        .shows("name=\"host\" value=\"api.example.com\"");
    // Nothing is allowed: the old version goes on.
    olga.post(path, &[("digest", new)])
        .await
        .ok()
        .shows("waits for approval");
    assert_eq!(digest().await, old);
    let mut allowed = vec![("digest", new), ("host", "api.example.com")];
    let asked = page.text.split("name=\"approve\" value=\"").skip(1);
    allowed.extend(asked.map(|rest| ("approve", rest.split('"').next().unwrap())));
    let page = olga.post(path, &allowed).await.ok();
    assert_eq!(page.at, "/robots/warn-large-deal");
    assert_eq!(digest().await, new);
    // The way back needs no question.
    olga.post(path, &[("digest", old)]).await.ok();
    assert_eq!(digest().await, old);
    // A version of another robot is none of this one.
    assert_eq!(
        olga.get(&format!("/robots/notify/update?digest={new}"))
            .await
            .status,
        404
    );
    let mut anna = site.visitor(Role::Operator).await;
    assert_eq!(anna.post(path, &[("digest", new)]).await.status, 403);
}
