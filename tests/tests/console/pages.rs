//! Every page of the console, and a company with which each of them has something to show.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use signalbox_crm::people::Role;

use super::automation::add;
use super::harness::{Site, Visitor};
use super::roles::ROUTES;

/// What a signed-in administrator reaches in a furnished company. `DIGEST` stands for that of `notify`.
const PAGES: &[&str] = &[
    "/deals",
    "/deals?view=list",
    "/deals/1",
    "/deals/1?tab=talk",
    "/deals/1?tab=automation",
    "/deals/1/move",
    "/deals/1/explain?attachment=attachment:1",
    "/leads",
    "/contacts",
    "/contacts/1",
    "/calendar?assignee=",
    "/automation",
    "/automation/1",
    "/automation/1/add?stage=1",
    "/automation/1/entries/1",
    "/automation/1/entries/2",
    "/automation/1/here?entry=1",
    "/automation/1/history",
    "/automation/general",
    "/robots",
    "/robots/notify",
    "/robots/notify/update?digest=DIGEST",
    "/runs",
    "/runs/1",
    "/runs/retry?state=discarded",
    "/settings",
    "/settings/people/1",
    "/settings/pipelines",
    "/settings/pipelines/1",
    "/settings/fields",
    "/settings/file",
    "/settings/tokens",
    "/settings/audit",
    "/me",
    "/bell",
    "/search?q=pool",
    "/nothing-here",
];

/// Routes that are no pages.
const NO_PAGES: &[&str] = &["/", "/assets/{version}/{name}", "/live"];

/// A pipeline, a field, a client with a deal and an activity, a robot with a run, and another robot in the draft.
/// Gives the paths of all pages.
pub(crate) async fn furnished(site: &Site) -> Vec<String> {
    let sales = site.sales().await;
    let title = json!({"ru": "Бюджет", "en": "Budget"});
    let field = json!({"key": "budget", "title": title, "field_type": "number"});
    site.api("POST", "/fields", None, field).await;
    let mut deal = sales.deal("Pool");
    deal["amount"] = json!("1500.00 RUB");
    let client = json!({"name": "Мария", "phones": ["+79876543210"]});
    deal["contact"] = site.create("/contacts", client).await.into();
    site.create("/items", deal).await;
    let activity = json!({"item": "deal:1", "kind": "call", "title": "Узнать адрес"});
    site.create("/activities", activity).await;
    let robot = json!({
        "robot": "notify", "moment": {"kind": "stage", "stage": sales.won}, "title": "Сказать всем",
        "params": {"to": ["role:assignee"], "title": "Успех"}, "grants": ["notifications"],
    });
    let notify = site.api("POST", "/attachments", None, robot).await;
    let won = json!({"stage": sales.won});
    site.api("POST", "/items/deal:1/move", Some(1), won).await;
    let (mut editor, _) = site.visitor_named(Role::Editor, "Olga").await;
    editor.language = "ru".to_owned();
    add(&mut editor, &sales.new, "notify").await.ok();
    let digest = notify["digest"].as_str().unwrap();
    PAGES.iter().map(|page| page.replace("DIGEST", digest)).collect()
}

/// What nobody has to sign in for.
pub(crate) fn door(site: &Site) -> [String; 2] {
    ["/sign-in".to_owned(), site.link.clone()]
}

/// Whether a path is one of a route such as `/deals/{number}`.
fn is_of(path: &str, route: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (mut given, mut wanted) = (path.split('/'), route.split('/'));
    loop {
        match (given.next(), wanted.next()) {
            (None, None) => return true,
            (Some(given), Some(wanted)) if wanted.starts_with('{') || given == wanted => {}
            _ => return false,
        }
    }
}

#[tokio::test]
async fn each_route_has_a_page_that_is_looked_at() {
    let site = Site::start().await;
    let mut pages = furnished(&site).await;
    let mut admin = site.visitor(Role::Admin).await;
    for page in &pages {
        let status = admin.get(page).await.status;
        let wanted = if page == "/nothing-here" { 404 } else { 200 };
        assert_eq!(status, wanted, "{page}");
    }
    pages.extend(door(&site));
    let gets = ROUTES.iter().filter(|(method, ..)| *method == "GET");
    let routes = gets.map(|(_, route, _)| *route);
    let routes = routes.filter(|route| !NO_PAGES.contains(route));
    let missing: Vec<&str> = routes
        .filter(|route| !pages.iter().any(|page| is_of(page, route)))
        .collect();
    assert!(missing.is_empty(), "add to PAGES: {missing:?}");
}

#[tokio::test]
async fn pages_are_small_enough_for_a_slow_line() {
    let site = Site::start().await;
    let pages = furnished(&site).await;
    for number in 0..40 {
        let deal = json!({"pipeline": "pipeline:1", "title": format!("Deal {number}")});
        site.create("/items", deal).await;
    }
    let (mut admin, mut guest) = (site.visitor(Role::Admin).await, site.guest());
    let mut wrong = Vec::new();
    for page in &pages {
        wrong.extend(too_large(&mut admin, page).await);
    }
    for page in door(&site) {
        wrong.extend(too_large(&mut guest, &page).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn too_large(visitor: &mut Visitor, path: &str) -> Option<String> {
    let page = visitor.get(path).await;
    let (mut bytes, mut script_bytes) = (gzip(&page.text), 0);
    for asset in assets_of(visitor, &page.text).await {
        let text = visitor.get(&asset).await.ok().text;
        bytes += gzip(&text);
        if asset.ends_with(".js") {
            script_bytes += gzip(&text);
        }
    }
    println!("{path}: {bytes} bytes, {script_bytes} of script");
    let is_small = bytes <= 40 * 1024 && script_bytes <= 15 * 1024;
    (!is_small).then(|| format!("{path}: {bytes} bytes, {script_bytes} of script"))
}

/// Every style sheet and module of a page, also those that modules import.
async fn assets_of(visitor: &mut Visitor, text: &str) -> Vec<String> {
    let mut found: Vec<String> = text
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
        .map(str::to_owned)
        .collect();
    let mut at = 0;
    while at < found.len() {
        if found[at].ends_with(".js") {
            let folder = found[at].rsplit_once('/').unwrap().0.to_owned();
            let code = visitor.get(&found[at]).await.ok().text;
            for import in code.split("from \"./").skip(1) {
                let path = format!("{folder}/{}", import.split('"').next().unwrap());
                if !found.contains(&path) {
                    found.push(path);
                }
            }
        }
        at += 1;
    }
    found.sort();
    found.dedup();
    found
}

fn gzip(text: &str) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap().len()
}
