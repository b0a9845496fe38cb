//! Who may see and do what, on every route of the console.

use std::collections::BTreeSet;
use std::path::Path;

use signalbox_crm::people::Role;

use super::harness::{Site, Visitor};

use Right::{Administer, Configure, Enter, Open, Read, ReadClients, Relieve, TryOut, Work};

#[derive(Debug, Clone, Copy)]
pub(super) enum Right {
    /// Nobody has to be signed in.
    Open,
    /// Whoever is signed in.
    Enter,
    Read,
    ReadClients,
    Work,
    /// As `Work`, also while too much work waits.
    Relieve,
    Configure,
    TryOut,
    Administer,
}

const ROLES: [Role; 5] = [
    Role::Admin,
    Role::Editor,
    Role::Operator,
    Role::Auditor,
    Role::Integrator,
];

impl Right {
    fn roles(self) -> &'static [Role] {
        match self {
            Open | Enter | Read => &ROLES,
            ReadClients => &[Role::Admin, Role::Editor, Role::Operator, Role::Auditor],
            Work | Relieve => &[Role::Admin, Role::Editor, Role::Operator],
            Configure => &[Role::Admin, Role::Editor],
            TryOut => &[Role::Admin, Role::Editor, Role::Integrator],
            Administer => &[Role::Admin],
        }
    }
}

/// Every route of the console. What stands for deals stands for leads too.
pub(super) const ROUTES: &[(&str, &str, Right)] = &[
    ("GET", "/sign-in", Open),
    ("POST", "/sign-in", Open),
    ("GET", "/set-up/{secret}", Open),
    ("POST", "/set-up/{secret}", Open),
    ("GET", "/assets/{version}/{name}", Open),
    ("GET", "/", Enter),
    ("GET", "/live", Enter),
    ("GET", "/me", Enter),
    ("POST", "/me/likes", Enter),
    ("POST", "/me/password", Enter),
    ("POST", "/me/filters", Enter),
    ("POST", "/me/filters/remove", Enter),
    ("GET", "/deals", ReadClients),
    ("POST", "/deals/new", Work),
    ("POST", "/deals/bulk", Work),
    ("GET", "/deals/{number}/move", Work),
    ("POST", "/deals/{number}/move", Work),
    ("GET", "/deals/{number}", ReadClients),
    ("POST", "/deals/{number}/fields", Work),
    ("POST", "/deals/{number}/assign", Work),
    ("POST", "/deals/{number}/comments", Work),
    ("POST", "/deals/{number}/activities", Work),
    ("GET", "/deals/{number}/explain", ReadClients),
    ("POST", "/activities/{number}/complete", Work),
    ("POST", "/conversations/{number}/messages", Work),
    ("GET", "/calendar", ReadClients),
    ("GET", "/contacts", ReadClients),
    ("POST", "/contacts", Work),
    ("GET", "/contacts/{number}", ReadClients),
    ("POST", "/contacts/{number}", Work),
    ("GET", "/search", ReadClients),
    ("GET", "/bell", ReadClients),
    ("POST", "/bell/read", Relieve),
    ("GET", "/automation", Read),
    ("GET", "/automation/{id}", Read),
    ("POST", "/automation/{id}/edit", Configure),
    ("GET", "/automation/{id}/add", Configure),
    ("POST", "/automation/{id}/add", Configure),
    ("GET", "/automation/{id}/entries/{entry}", Read),
    ("POST", "/automation/{id}/entries/{entry}", Configure),
    ("GET", "/automation/{id}/here", Configure),
    ("POST", "/automation/{id}/here", Administer),
    ("GET", "/automation/{id}/history", Read),
    ("POST", "/automation/{id}/history/{number}", Configure),
    ("POST", "/automation/{id}/publish", Configure),
    ("POST", "/automation/{id}/discard", Configure),
    ("POST", "/automation/{id}/rebase", Configure),
    ("GET", "/runs", Read),
    ("GET", "/runs/retry", Administer),
    ("POST", "/runs/retry", Administer),
    ("GET", "/runs/{number}", Read),
    ("POST", "/runs/{number}/retry", Work),
    ("POST", "/runs/{number}/cancel", Relieve),
    ("POST", "/runs/{number}/dry-run", TryOut),
    ("GET", "/robots", Read),
    ("GET", "/robots/{id}", Read),
    ("GET", "/robots/{id}/update", Configure),
    ("POST", "/robots/{id}/update", Configure),
    ("POST", "/robots/{id}/off", Configure),
    ("POST", "/robots/{id}/resume", Administer),
    ("GET", "/settings", Administer),
    ("POST", "/settings", Administer),
    ("GET", "/settings/people/{number}", Administer),
    ("POST", "/settings/people/{number}", Administer),
    ("POST", "/settings/people/{number}/invite", Administer),
    ("POST", "/settings/people/{number}/sign-out", Administer),
    ("GET", "/settings/tokens", Administer),
    ("POST", "/settings/tokens", Administer),
    ("POST", "/settings/tokens/{number}/revoke", Administer),
    ("GET", "/settings/audit", Administer),
    ("GET", "/settings/pipelines", Configure),
    ("POST", "/settings/pipelines", Configure),
    ("GET", "/settings/pipelines/{number}", Configure),
    ("POST", "/settings/pipelines/{number}", Configure),
    ("POST", "/settings/pipelines/{number}/stages", Configure),
    ("POST", "/settings/pipelines/{number}/stages/{stage}", Configure),
    ("GET", "/settings/fields", Configure),
    ("POST", "/settings/fields", Configure),
    ("GET", "/settings/file", Configure),
    ("POST", "/settings/file", Configure),
    // The last: nothing is asked after it with the same session.
    ("POST", "/sign-out", Enter),
];

/// The routes that stand in the sources of the console.
fn routes_in(folder: &Path, found: &mut BTreeSet<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            routes_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            read_routes(&std::fs::read_to_string(&path).unwrap(), found);
        }
    }
}

fn read_routes(source: &str, found: &mut BTreeSet<(String, String)>) {
    for call in source.split(".route(").skip(1) {
        let call = call.split(".route(").next().unwrap();
        let place = call.trim_start();
        let path = match place.split('"').nth(1) {
            Some(text) if place.starts_with('"') => text.to_owned(),
            Some(text) if place.starts_with("&format!(") => {
                let text = text
                    .replace("{base}", "/deals")
                    .replace("{path}", "/deals/{number}");
                // The first place without a name is the path of a kind.
                let text = text.replacen("{}", "/deals", 1);
                text.replace("{{", "{").replace("}}", "}")
            }
            _ if place.starts_with("base,") => "/deals".to_owned(),
            _ if place.starts_with("&path,") => "/deals/{number}".to_owned(),
            _ => panic!(
                "teach this test to read the route {}",
                &place[..place.len().min(60)]
            ),
        };
        let methods = call.split("\n}").next().unwrap();
        for (word, method) in [("get(", "GET"), ("post(", "POST")] {
            let is_there = methods.split(word).take(methods.matches(word).count());
            let mut is_there =
                is_there.filter(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
            if is_there.next().is_some() {
                found.insert((method.to_owned(), path.clone()));
            }
        }
    }
}

#[test]
fn table_has_every_route_and_no_other() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/src");
    let mut found = BTreeSet::new();
    read_routes(
        &std::fs::read_to_string(source.join("console.rs")).unwrap(),
        &mut found,
    );
    routes_in(&source.join("console"), &mut found);
    let known: BTreeSet<_> = ROUTES
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    let missing: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "add to the table, with who may: {missing:?}; remove from it: {gone:?}"
    );
}

async fn ask(visitor: &mut Visitor, method: &str, path: &str) -> super::harness::Page {
    match method {
        "GET" => visitor.send("GET", path, &[], String::new()).await,
        _ => visitor.post_only(path, &[]).await,
    }
}

#[tokio::test]
async fn every_route_is_drawn_refused_or_led_to_the_door() {
    let site = Site::start().await;
    let mut visitors = Vec::new();
    for role in ROLES {
        visitors.push((role, site.visitor(role).await));
    }
    let mut wrong = Vec::new();
    for (method, route, right) in ROUTES {
        if *route == "/live" {
            // A stream without end; who may have it, its own tests show.
            continue;
        }
        for kind in ["/deals", "/leads"] {
            let path = route.replacen("/deals", kind, 1).replace("{number}", "0");
            let path = path
                .replace("{id}", "0")
                .replace("{entry}", "0")
                .replace("{stage}", "0");
            let path = path
                .replace("{secret}", "none")
                .replace("{version}", "0")
                .replace("{name}", "none");
            let page = ask(&mut site.guest(), method, &path).await;
            let is_led = page.status == 303 && page.headers["location"].starts_with("/sign-in");
            if is_led == matches!(right, Open) {
                wrong.push(format!("nobody, {method} {path}: {}", page.status));
            }
            for (role, visitor) in &mut visitors {
                let page = ask(visitor, method, &path).await;
                let is_refused = page.status == 403;
                let has_page = page.text.contains("data-code=\"forbidden\"");
                if is_refused == right.roles().contains(role) || is_refused != has_page || page.status >= 500
                {
                    wrong.push(format!("{role:?}, {method} {path}: {}", page.status));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
