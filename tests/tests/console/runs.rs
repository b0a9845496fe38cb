//! The run journal: what it shows of runs, to whom, and what people do with them.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use signalbox_crm::people::Role;
use signalbox_tests::robots::{FLAKY, HOSTILE};
use tower::ServiceExt;

use super::harness::{Sales, Site};

/// A pipeline whose first stage has `flaky`, which fails in so many attempts, and one deal for each title.
struct Company {
    site: Site,
    sales: Sales,
    attachment: String,
    boris: String,
}

impl Company {
    async fn new(failures: u32, titles: &[&str]) -> Company {
        let site = Site::start().await;
        let sales = site.sales().await;
        let zone = json!({"key": "office", "spec": {"zone": "Europe/Moscow", "weekly": [{"days": ["mon-fri"], "hours": ["09:00-18:00"]}]}});
        site.create("/calendars", zone).await;
        let boris = json!({"name": "Boris", "role": "operator"});
        let boris = site.create("/employees", boris).await;
        install(&site, FLAKY).await;
        let attachment = json!({
            "title": "Try <luck>", "robot": "flaky", "moment": {"kind": "stage", "stage": sales.new},
            "params": {"failures": failures}, "attempts_max": 1,
        });
        let attachment = site.create("/attachments", attachment).await;
        let company = Company {
            site,
            sales,
            attachment,
            boris,
        };
        for title in titles {
            company.deal(title).await;
        }
        company
    }

    async fn deal(&self, title: &str) -> String {
        let mut deal = self.sales.deal(title);
        deal["assignee"] = json!(self.boris);
        let deal = self.site.create("/items", deal).await;
        self.site.app.core.lanes.idle().await;
        deal
    }
}

pub(crate) async fn install(site: &Site, component: &[u8]) -> Value {
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/robots")
        .header("authorization", format!("Bearer {}", site.token))
        .header("content-type", "application/wasm")
        .body(Body::from(component.to_vec()))
        .unwrap();
    let answer = site.router.clone().oneshot(request).await.unwrap();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn page_of_a_run_shows_where_the_robot_was_stopped() {
    let site = Site::start().await;
    let sales = site.sales().await;
    install(&site, HOSTILE).await;
    let attachment = json!({
        "title": "Panics", "robot": "hostile", "moment": {"kind": "stage", "stage": sales.new},
        "params": {"act": "index"}, "attempts_max": 1,
    });
    site.create("/attachments", attachment).await;
    site.create("/items", sales.deal("Pool")).await;
    site.app.core.lanes.idle().await;
    let mut anna = site.visitor(Role::Operator).await;
    anna.get("/runs/1")
        .await
        .ok()
        .shows("index out of bounds: the len is 3 but the index is 7")
        .shows("wasm backtrace");
}

#[tokio::test]
async fn journal_lists_filters_and_says_why() {
    let site = Site::start().await;
    let mut anna = site.visitor(Role::Auditor).await;
    anna.get("/runs").await.ok().shows("No robot has run yet");
    let company = Company::new(1, &["Pool & <b>sauna</b>", "Garden"]).await;
    let site = &company.site;
    let mut anna = site.visitor(Role::Auditor).await;
    let page = anna.get("/runs").await.ok();
    page.shows("Try &lt;luck&gt;")
        .shows("flaky@")
        .shows("href=\"/deals/1\"")
        .shows("the card entered a stage")
        .shows("the robot failed in every attempt")
        .shows(">1/1<")
        .shows(" ms</td>")
        .hides("<luck>");
    let newest = page.text.find("/runs/2\"").unwrap();
    assert!(newest < page.text.find("/runs/1\"").unwrap());
    // All of the filter stands in the address.
    let one = anna.get("/runs?item=deal:1").await.ok();
    one.shows("/runs/1\"").hides("/runs/2\"");
    let fitting = [
        "state=discarded".to_owned(),
        "robot=flaky".to_owned(),
        "code=no-luck".to_owned(),
        "reason=attempts-used-up".to_owned(),
        "from=2026-03-02&until=2026-03-02".to_owned(),
        "since=24h&from=".to_owned(),
        format!("attachment={}", company.attachment),
    ];
    for query in fitting {
        anna.get(&format!("/runs?{query}")).await.ok().shows("/runs/1\"");
    }
    for query in [
        "state=completed",
        "robot=notify",
        "code=trap",
        "reason=denied",
        "until=2026-03-01",
        "item=deal:9",
    ] {
        let page = anna.get(&format!("/runs?{query}")).await.ok();
        page.hides("/runs/1\"").shows("No run fits this filter");
    }
    for query in [
        "state=sometimes",
        "item=17",
        "from=yesterday",
        "attachment=x",
        "after=x&state=discarded",
    ] {
        let page = anna.get(&format!("/runs?{query}")).await;
        assert!((400..500).contains(&page.status), "{query}: {}", page.status);
        page.shows("role=\"alert\"").shows("name=\"state\"");
    }
    anna.get("/runs?item=17").await.shows("value=\"17\"");
}

#[tokio::test]
async fn run_shows_its_course_calls_and_failure_and_is_executed_once_more() {
    let company = Company::new(1, &["Pool & <b>sauna</b>"]).await;
    let mut anna = company.site.visitor(Role::Operator).await;
    let page = anna.get("/runs/1").await.ok();
    page.shows("Attempt 1")
        .shows("no-luck")
        .shows("not in this attempt")
        .shows("items.get")
        .shows("activities.create")
        .shows("changed something")
        .shows("Pool &amp; &lt;b&gt;sauna&lt;/b&gt;")
        .shows("Nothing changed.")
        .shows("href=\"/api/v1/runs/run:1/file\"")
        .hides("/runs/1/cancel");
    let page = anna.post("/runs/1/retry", &[]).await.ok();
    assert_eq!(page.at, "/runs/1");
    company
        .site
        .app
        .advance_to(company.site.app.core.clock.now())
        .await
        .unwrap();
    company.site.app.core.lanes.idle().await;
    let page = anna.get("/runs/1").await.ok();
    page.shows("Attempt 2")
        .shows("at last")
        .shows("href=\"/deals/1\"")
        .hides("/runs/1/retry");
    // Who has a session downloads the file with it.
    let file = anna.get("/api/v1/runs/run:1/file?attempt=2").await.ok();
    let file: Value = serde_json::from_str(&file.text).unwrap();
    assert_eq!(file["invocation"]["attempt"], 2, "{file:#}");
    // Somebody was faster.
    let page = anna.post("/runs/1/retry", &[]).await;
    assert_eq!(page.status, 409);
    assert_eq!(anna.get("/runs/99").await.status, 404);
    anna.post("/me/likes", &[("language", "ru"), ("back", "/runs/1")])
        .await
        .ok()
        .shows("Попытка 2")
        .shows("карточка перешла на стадию");
}

#[tokio::test]
async fn run_that_waits_is_cancelled() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let later = json!({
        "title": "Later", "robot": "notify", "moment": {"kind": "stage", "stage": sales.new},
        "timing": {"kind": "delay", "seconds": 3600},
        "params": {"to": ["role:assignee"], "title": "x"},
    });
    site.create("/attachments", later).await;
    site.create("/items", sales.deal("Pool")).await;
    let mut anna = site.visitor(Role::Operator).await;
    anna.get("/runs/1")
        .await
        .ok()
        .shows("waits for its time")
        .shows("has not been executed yet")
        .hides("/api/v1/runs/run:1/file")
        .shows("/runs/1/cancel");
    anna.post("/runs/1/cancel", &[])
        .await
        .ok()
        .shows("By hand: operator")
        .shows("/runs/1/retry");
}

#[tokio::test]
async fn many_are_retried_after_a_look_at_how_many() {
    let company = Company::new(1, &["Pool", "Garden", "Roof"]).await;
    let site = &company.site;
    let mut boss = site.visitor(Role::Admin).await;
    boss.get("/runs").await.ok().hides("/runs/retry?");
    let filter = "state=discarded&code=no-luck";
    boss.get(&format!("/runs?{filter}"))
        .await
        .ok()
        .shows("/runs/retry?state=discarded&amp;code=no-luck");
    let page = boss.get(&format!("/runs/retry?{filter}")).await.ok();
    page.shows("3 runs fit the filter").shows("Retry 3 runs");
    let page = boss.post(&format!("/runs/retry?{filter}"), &[]).await.ok();
    page.shows("3 runs are executed once more");
    site.app.advance_to(site.app.core.clock.now()).await.unwrap();
    site.app.core.lanes.idle().await;
    let page = boss.get("/runs?state=completed").await.ok();
    page.shows("/runs/1\"").shows("/runs/3\"");
    boss.get(&format!("/runs/retry?{filter}"))
        .await
        .ok()
        .shows("No run fits this filter")
        .hides("method=\"post\" action=\"/runs/retry");
    // What is completed is never repeated.
    let page = boss.post("/runs/retry?state=completed", &[]).await;
    assert_eq!(page.status, 422);
}

#[tokio::test]
async fn roles_see_and_do_what_they_may() {
    let company = Company::new(1, &["Ivan Petrov 100"]).await;
    for (role, may_work, may_administer) in [
        (Role::Admin, true, true),
        (Role::Editor, true, false),
        (Role::Operator, true, false),
        (Role::Auditor, false, false),
        (Role::Integrator, false, false),
    ] {
        let mut somebody = company.site.visitor(role).await;
        let page = somebody.get("/runs/1").await.ok();
        assert_eq!(page.text.contains("/runs/1/retry"), may_work, "{role:?}");
        let list = somebody.get("/runs?state=discarded").await.ok();
        assert_eq!(list.text.contains("/runs/retry?"), may_administer, "{role:?}");
        for path in ["/runs/retry?state=discarded"] {
            let status = somebody.get(path).await.status;
            assert_eq!(status == 200, may_administer, "{role:?} {path}");
        }
        if !may_work {
            assert_eq!(somebody.post("/runs/1/retry", &[]).await.status, 403, "{role:?}");
            assert_eq!(somebody.post("/runs/1/cancel", &[]).await.status, 403, "{role:?}");
        }
        // Integrators see the course of a run, and nothing about clients.
        assert_eq!(page.text.contains("Petrov"), role != Role::Integrator, "{role:?}");
    }
}

#[tokio::test]
async fn designer_counts_the_runs_of_a_day_and_leads_to_them() {
    let company = Company::new(1, &["Pool", "Garden"]).await;
    let site = &company.site;
    let later = json!({
        "title": "Later", "robot": "notify", "moment": {"kind": "stage", "stage": company.sales.new},
        "timing": {"kind": "delay", "seconds": 3600}, "params": {"to": ["role:assignee"], "title": "x"},
        "grants": ["notifications"],
    });
    let later = site.create("/attachments", later).await;
    company.deal("Roof").await;
    let mut anna = site.visitor(Role::Auditor).await;
    let page = anna.get("/automation/1").await.ok();
    let failed = format!(
        "/runs?attachment={}&amp;state=discarded&amp;since=24h",
        company.attachment
    );
    let waits = format!("/runs?attachment={later}&amp;state=scheduled");
    page.shows("3 failed in 24 h")
        .shows("1 waits")
        .shows(&failed)
        .shows(&waits)
        .hides("ok in 24 h");
    anna.get(&failed.replace("&amp;", "&"))
        .await
        .ok()
        .shows("/runs/1\"");
    anna.get(&waits.replace("&amp;", "&")).await.ok().shows("Later");
    let next_day = signalbox_crm::time::Timestamp::parse("2026-03-03T12:30:00Z").unwrap();
    site.app.core.clock.advance_to(next_day);
    anna.get("/automation/1")
        .await
        .ok()
        .hides("failed in 24 h")
        .shows("1 waits");
    assert_eq!(anna.get("/runs?since=often").await.status, 422);
}
