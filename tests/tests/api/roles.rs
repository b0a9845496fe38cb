//! Who may do what, on every route.

use std::collections::BTreeSet;

use signalbox_crm::people::Role;

use super::harness::Api;

use Right::{Administer, Configure, Install, Open, Read, ReadClients, TryOut, Work};

#[derive(Debug, Clone, Copy)]
enum Right {
    Open,
    Read,
    ReadClients,
    Work,
    Configure,
    TryOut,
    Install,
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
            Open | Read => &ROLES,
            ReadClients => &[Role::Admin, Role::Editor, Role::Operator, Role::Auditor],
            Work => &[Role::Admin, Role::Editor, Role::Operator],
            Configure => &[Role::Admin, Role::Editor],
            TryOut => &[Role::Admin, Role::Editor, Role::Integrator],
            Install => &[Role::Admin, Role::Integrator],
            Administer => &[Role::Admin],
        }
    }
}

/// Every route of the host.
const ROUTES: &[(&str, &str, Right)] = &[
    ("GET", "/health", Open),
    ("GET", "/ready", Open),
    ("GET", "/openapi.json", Open),
    ("POST", "/hooks/{key}", Open),
    ("GET", "/api/v1/status", Administer),
    ("GET", "/api/v1/pipelines", Read),
    ("POST", "/api/v1/pipelines", Configure),
    ("GET", "/api/v1/pipelines/{id}", Read),
    ("PATCH", "/api/v1/pipelines/{id}", Configure),
    ("GET", "/api/v1/pipelines/{id}/stages", Read),
    ("POST", "/api/v1/pipelines/{id}/stages", Configure),
    ("PATCH", "/api/v1/stages/{id}", Configure),
    ("GET", "/api/v1/fields", Read),
    ("POST", "/api/v1/fields", Configure),
    ("GET", "/api/v1/calendars", Read),
    ("POST", "/api/v1/calendars", Configure),
    ("PATCH", "/api/v1/calendars/{id}", Configure),
    ("GET", "/api/v1/items", ReadClients),
    ("POST", "/api/v1/items", Work),
    ("GET", "/api/v1/items/{id}", ReadClients),
    ("PATCH", "/api/v1/items/{id}", Work),
    ("POST", "/api/v1/items/{id}/move", Work),
    ("POST", "/api/v1/items/{id}/assign", Work),
    ("GET", "/api/v1/items/{id}/history", ReadClients),
    ("GET", "/api/v1/items/{id}/timeline", ReadClients),
    ("POST", "/api/v1/items/{id}/comments", Work),
    ("GET", "/api/v1/items/{id}/runs", ReadClients),
    ("GET", "/api/v1/items/{id}/explain", ReadClients),
    ("GET", "/api/v1/items/{id}/automation", ReadClients),
    ("GET", "/api/v1/contacts", ReadClients),
    ("POST", "/api/v1/contacts", Work),
    ("GET", "/api/v1/contacts/{id}", ReadClients),
    ("PATCH", "/api/v1/contacts/{id}", Work),
    ("GET", "/api/v1/activities", ReadClients),
    ("POST", "/api/v1/activities", Work),
    ("GET", "/api/v1/activities/{id}", ReadClients),
    ("PATCH", "/api/v1/activities/{id}", Work),
    ("POST", "/api/v1/activities/{id}/complete", Work),
    ("POST", "/api/v1/activities/{id}/cancel", Work),
    ("GET", "/api/v1/employees", Read),
    ("POST", "/api/v1/employees", Administer),
    ("GET", "/api/v1/employees/{id}", Read),
    ("PATCH", "/api/v1/employees/{id}", Administer),
    ("POST", "/api/v1/employees/{id}/absences", Administer),
    ("GET", "/api/v1/notifications", ReadClients),
    ("POST", "/api/v1/notifications/{id}/read", Work),
    ("GET", "/api/v1/channels", Read),
    ("POST", "/api/v1/channels", Administer),
    ("GET", "/api/v1/channels/{id}", Read),
    ("PATCH", "/api/v1/channels/{id}", Administer),
    ("GET", "/api/v1/conversations", ReadClients),
    ("GET", "/api/v1/conversations/{id}", ReadClients),
    ("GET", "/api/v1/conversations/{id}/messages", ReadClients),
    ("POST", "/api/v1/conversations/{id}/messages", Work),
    ("POST", "/api/v1/conversations/{id}/close", Work),
    ("GET", "/api/v1/robots", Read),
    ("POST", "/api/v1/robots", Install),
    ("GET", "/api/v1/robots/{digest}", Read),
    ("GET", "/api/v1/robots/{digest}/component", Read),
    ("POST", "/api/v1/robots/{digest}/resume", Administer),
    ("POST", "/api/v1/robots/{digest}/update", Configure),
    ("GET", "/api/v1/attachments", Read),
    ("POST", "/api/v1/attachments", Configure),
    ("GET", "/api/v1/attachments/{id}", Read),
    ("PATCH", "/api/v1/attachments/{id}", Configure),
    ("DELETE", "/api/v1/attachments/{id}", Configure),
    ("POST", "/api/v1/attachments/{id}/run", Work),
    ("GET", "/api/v1/automation", Read),
    ("GET", "/api/v1/automation/{id}", Read),
    ("GET", "/api/v1/automation/{id}/draft", Read),
    ("PATCH", "/api/v1/automation/{id}/draft", Configure),
    ("DELETE", "/api/v1/automation/{id}/draft", Configure),
    ("POST", "/api/v1/automation/{id}/draft/rebase", Configure),
    ("POST", "/api/v1/automation/{id}/draft/publish", Configure),
    ("POST", "/api/v1/automation/{id}/here/preview", Configure),
    ("POST", "/api/v1/automation/{id}/here", Administer),
    ("GET", "/api/v1/automation/{id}/versions", Read),
    ("GET", "/api/v1/automation/{id}/versions/{number}", Read),
    (
        "GET",
        "/api/v1/automation/{id}/versions/{number}/difference",
        Read,
    ),
    (
        "POST",
        "/api/v1/automation/{id}/versions/{number}/restore",
        Configure,
    ),
    ("POST", "/api/v1/attachments/{id}/dry-run", TryOut),
    ("POST", "/api/v1/attachments/dry-run", Configure),
    ("POST", "/api/v1/runs/{id}/dry-run", TryOut),
    ("GET", "/api/v1/setup/export", Read),
    ("POST", "/api/v1/setup/import", Configure),
    ("GET", "/api/v1/runs", Read),
    ("POST", "/api/v1/runs/retry", Administer),
    ("POST", "/api/v1/deliveries/retry", Administer),
    ("GET", "/api/v1/inbound/failed", Administer),
    ("POST", "/api/v1/inbound/{id}/retry", Administer),
    ("GET", "/api/v1/bulk", Read),
    ("POST", "/api/v1/bulk", Administer),
    ("POST", "/api/v1/bulk/preview", Administer),
    ("GET", "/api/v1/bulk/{id}", Read),
    ("POST", "/api/v1/bulk/{id}/cancel", Administer),
    ("GET", "/api/v1/runs/{id}", Read),
    ("GET", "/api/v1/runs/{id}/file", Read),
    ("POST", "/api/v1/runs/{id}/retry", Work),
    ("POST", "/api/v1/runs/{id}/cancel", Work),
    ("GET", "/api/v1/tokens", Administer),
    ("POST", "/api/v1/tokens", Administer),
    ("DELETE", "/api/v1/tokens/{id}", Administer),
    ("GET", "/api/v1/requests", ReadClients),
    ("GET", "/api/v1/requests/{id}", ReadClients),
    ("POST", "/api/v1/requests/{id}/retry", Work),
    ("GET", "/api/v1/secrets", Read),
    ("PUT", "/api/v1/secrets/{name}", Administer),
    ("DELETE", "/api/v1/secrets/{name}", Administer),
    ("GET", "/api/v1/deliveries", ReadClients),
    ("POST", "/api/v1/deliveries/{id}/retry", Work),
];

#[test]
fn openapi_lists_every_route_and_no_other() {
    let document = serde_json::to_value(signalbox::http::openapi()).unwrap();
    let mut listed = BTreeSet::new();
    let mut names = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            listed.insert((method.to_uppercase(), path.clone()));
            let name = operation["operationId"].as_str().unwrap();
            assert!(
                names.insert(name.to_owned()),
                "{name} is the name of two operations"
            );
            let answers = &operation["responses"];
            assert!(
                answers["default"]["content"]["application/problem+json"].is_object(),
                "{method} {path}"
            );
            let is_open = ROUTES
                .iter()
                .any(|(_, open, right)| open == path && matches!(right, Open));
            assert_eq!(operation["security"].is_array(), !is_open, "{method} {path}");
        }
    }
    let known = ROUTES
        .iter()
        .map(|(method, path, _)| (method.to_string(), path.to_string()));
    assert_eq!(
        listed,
        known.collect(),
        "add the route to this table, with who may use it"
    );
}

#[test]
fn openapi_refers_to_nothing_that_it_does_not_have() {
    let document = serde_json::to_value(signalbox::http::openapi()).unwrap();
    let text = document.to_string();
    let mut refs = text
        .split("\"$ref\":\"#")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    assert!(refs.clone().count() > 100);
    assert_eq!(refs.find(|path| document.pointer(path).is_none()), None);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let named = operation["parameters"].to_string();
            let in_path = path.matches('{').count();
            assert_eq!(
                named.matches("\"in\":\"path\"").count(),
                in_path,
                "{method} {path}"
            );
            let is_create = operation["responses"]["201"].is_object() && !path.ends_with("/robots");
            assert_eq!(named.contains("Idempotency-Key"), is_create, "{method} {path}");
            assert!(method != "patch" || named.contains("If-Match"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_route_asks_for_a_token_and_for_its_role() {
    let api = Api::start().await;
    let mut tokens = Vec::new();
    for role in ROLES {
        tokens.push((role, format!("Bearer {}", api.token(role, None).await)));
    }
    for (method, path, right) in ROUTES {
        let path = path
            .replace("{id}", "nothing:0")
            .replace("{digest}", "0")
            .replace("{key}", "none");
        let nobody = api.send(method, &path, &[], "").await;
        match right {
            Open => assert!(!matches!(nobody.status, 401 | 403), "{method} {path}: {nobody:?}"),
            _ => drop(nobody.refused(401, "unauthorized")),
        }
        for (role, bearer) in &tokens {
            let answer = api.send(method, &path, &[("authorization", bearer)], "").await;
            let may = right.roles().contains(role);
            assert_ne!(answer.status, 401, "{role:?} {method} {path}");
            assert_eq!(
                answer.status != 403,
                may,
                "{role:?} {method} {path}: {:#}",
                answer.body
            );
            assert!(answer.status < 500, "{role:?} {method} {path}: {:#}", answer.body);
            if !may {
                answer.refused(403, "forbidden");
            }
        }
    }
}

#[tokio::test]
async fn person_who_loses_a_role_loses_it_in_all_tokens_at_once() {
    let api = Api::start().await;
    let person = serde_json::json!({"name": "Anna", "role": "admin"});
    let person = api.create("/employees", person).await;
    let token = format!(
        "Bearer {}",
        api.token(Role::Admin, Some(person.parse().unwrap())).await
    );
    let tokens = async || {
        api.send("GET", "/api/v1/tokens", &[("authorization", &token)], "")
            .await
    };
    tokens().await.ok(200);
    let path = format!("/employees/{person}");
    api.change("PATCH", &path, 1, serde_json::json!({"role": "operator"}))
        .await
        .ok(200);
    tokens().await.refused(403, "forbidden");
    api.change("PATCH", &path, 2, serde_json::json!({"is_active": false}))
        .await
        .ok(200);
    tokens().await.refused(401, "unauthorized");
}
