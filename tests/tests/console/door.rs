//! Coming in and going out.

use std::time::Duration;

use signalbox_crm::people::Role;

use super::harness::{PASSWORD, Site};

#[tokio::test]
async fn first_administrator_chooses_a_password_behind_a_link_that_works_once() {
    let site = Site::start().await;
    let mut guest = site.guest();
    guest
        .get("/deals")
        .await
        .shows("Sign in")
        .hides("Your session has ended");
    guest.get(&site.link).await.ok().shows("Welcome to Signalbox");
    let weak = guest
        .post(
            &site.link,
            &[
                ("name", "Анна"),
                ("email", "anna@example.com"),
                ("password", "short"),
            ],
        )
        .await;
    assert_eq!(weak.status, 422);
    // What was typed stays, but for the password.
    weak.shows("value=\"Анна\"")
        .shows("anna@example.com")
        .shows("5 characters")
        .hides("value=\"short\"");
    let typed = [
        ("name", "Анна"),
        ("email", "anna@example.com"),
        ("password", PASSWORD),
    ];
    let inside = guest.post(&site.link, &typed).await.ok();
    inside.shows("Анна");
    let mut other = site.guest();
    assert_eq!(other.get(&site.link).await.status, 404);
    assert_eq!(other.post(&site.link, &typed).await.status, 404);
    // From now on with address and password.
    let wrong = other
        .post(
            "/sign-in",
            &[("email", "anna@example.com"), ("password", "wrong horse battery")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    wrong.shows("The address or the password is wrong.");
    other
        .post(
            "/sign-in",
            &[
                ("email", "ANNA@example.com "),
                ("password", PASSWORD),
                ("to", "/runs?x=1"),
            ],
        )
        .await;
    assert!(other.cookies.contains_key("signalbox"));
}

#[tokio::test]
async fn wrong_passwords_make_one_wait_and_nobody_learns_who_exists() {
    let site = Site::start().await;
    site.visitor_named(Role::Operator, "anna").await;
    for email in ["anna@example.com", "nobody@example.com"] {
        let mut guest = site.guest();
        for _ in 0..5 {
            let page = guest
                .post(
                    "/sign-in",
                    &[("email", email), ("password", "guess one two three")],
                )
                .await;
            assert_eq!(page.status, 422, "{}", page.text);
        }
        let page = guest
            .post("/sign-in", &[("email", email), ("password", PASSWORD)])
            .await;
        assert_eq!(page.status, 429);
        page.shows("Too many wrong passwords. Try again in 2 s.");
        assert!(guest.cookies.is_empty());
    }
    let core = &site.app.core;
    core.clock
        .advance_to(core.clock.now().plus(Duration::from_secs(2)).unwrap());
    let mut guest = site.guest();
    guest
        .post(
            "/sign-in",
            &[("email", "anna@example.com"), ("password", PASSWORD)],
        )
        .await;
    assert!(guest.cookies.contains_key("signalbox"));
}

#[tokio::test]
async fn session_that_ended_leads_back_to_the_same_page() {
    let site = Site::start().await;
    let mut anna = site.visitor(Role::Admin).await;
    anna.get("/").await.shows("admin");
    let left = anna.clone();
    anna.post("/sign-out", &[]).await.shows("Sign in");
    assert!(anna.cookies.is_empty());
    // The cookie that somebody has copied is worth nothing from that moment on.
    let mut thief = left;
    let page = thief.get("/runs?state=failed").await;
    assert_eq!(page.at, "/sign-in?to=%2Fruns%3Fstate%3Dfailed");
    page.shows("Your session has ended")
        .shows("value=\"/runs?state=failed\"");
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("referer", "http://crm.example/deals/7?tab=fields"),
    ];
    let page = thief
        .send("POST", "/deals/7/fields", &headers, String::new())
        .await;
    assert_eq!(
        page.headers["location"],
        "/sign-in?to=%2Fdeals%2F7%3Ftab%3Dfields"
    );
    let api = thief.send("GET", "/api/v1/pipelines", &[], String::new()).await;
    assert_eq!(api.status, 401);
    let mut evil = site.guest();
    let page = evil
        .post_only(
            "/sign-in",
            &[
                ("email", "admin@example.com"),
                ("password", PASSWORD),
                ("to", "//evil.example"),
            ],
        )
        .await;
    assert_eq!(page.headers["location"], "/");
}

#[tokio::test]
async fn other_sites_change_nothing_in_somebodys_name() {
    let site = Site::start().await;
    let mut anna = site.visitor(Role::Admin).await;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("origin", "https://evil.example")],
        &[],
    ] {
        let page = anna
            .send("POST", "/me/likes", headers, "theme=dark".to_owned())
            .await;
        assert_eq!(page.status, 403, "{headers:?}");
        let page = anna
            .send("POST", "/api/v1/pipelines", headers, "{}".to_owned())
            .await;
        assert_eq!(page.status, 403, "{headers:?}");
        let page = site
            .guest()
            .send("POST", "/sign-in", headers, String::new())
            .await;
        assert_eq!(page.status, 403, "{headers:?}");
    }
    // The own pages' scripts ask the API with the cookie.
    let page = anna.send("GET", "/api/v1/pipelines", &[], String::new()).await;
    assert_eq!(page.status, 200);
    let headers = [
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/json"),
    ];
    let page = anna
        .send("POST", "/api/v1/pipelines", &headers, "{}".to_owned())
        .await;
    assert_eq!(page.status, 422, "{}", page.text);
}

#[tokio::test]
async fn pages_have_a_strict_policy_and_keep_out_of_caches() {
    let site = Site::start().await;
    let mut anna = site.visitor(Role::Admin).await;
    for (path, status) in [
        ("/", 200),
        ("/sign-in", 200),
        ("/nothing-here", 404),
        ("/set-up/x", 404),
    ] {
        let page = anna.get(path).await;
        assert_eq!(page.status, status, "{path}: {}", page.text);
        let policy = &page.headers["content-security-policy"];
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        page.hides(" style=\"").hides("onclick=").hides("<script>");
    }
    let asset = anna.get("/").await.text;
    let asset = asset
        .split('"')
        .find(|text| text.ends_with("/app.css"))
        .unwrap()
        .to_owned();
    let css = anna.get(&asset).await;
    assert_eq!(
        css.headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(css.headers["content-type"], "text/css; charset=utf-8");
    let old = anna.get("/assets/000000000000/app.css").await;
    assert_eq!(
        (old.status, old.headers["cache-control"].as_str()),
        (200, "no-store")
    );
    assert_eq!(anna.get("/assets/x/../../secret").await.status, 404);
}

#[tokio::test]
async fn language_and_colours_are_the_persons_own() {
    let site = Site::start().await;
    let mut guest = site.guest();
    guest.language = "ru-RU,ru;q=0.9,en;q=0.8".to_owned();
    guest.get("/sign-in").await.shows("Войти").shows("lang=\"ru\"");
    let mut anna = site.visitor(Role::Admin).await;
    anna.get("/").await.shows("Deals").shows("data-theme=\"system\"");
    anna.post("/me/likes", &[("language", "ru"), ("back", "/")])
        .await
        .shows("Сделки");
    anna.post("/me/likes", &[("theme", "dark"), ("back", "/")])
        .await
        .shows("data-theme=\"dark\"")
        .shows("Сделки");
    // Also at the door, after going out.
    anna.post("/sign-out", &[]).await.shows("Вход");
    let page = anna
        .post("/me/likes", &[("theme", "light"), ("back", "//evil.example")])
        .await;
    page.shows("Вход");
}
