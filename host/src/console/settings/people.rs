//! People: who may do what, and how they get in.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::account::Session;
use signalbox_crm::ids::EmployeeId;
use signalbox_crm::people::{Employee, Role};

use super::{notice, tabs};
use crate::accounts::sign_out;
use crate::console::Console;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::instant;
use crate::console::page::{Page, Section};
use crate::console::paging::{Paged, after, pager};
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::Administer;
use crate::http::problem::{Problem, ProblemBody};

/// People of a page.
const ROWS: usize = 100;
const LIST: &str = "console-people";

const ROLES: [Role; 5] = [
    Role::Admin,
    Role::Editor,
    Role::Operator,
    Role::Auditor,
    Role::Integrator,
];

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/settings", get(list).post(add))
        .route("/settings/people/{number}", get(one).post(change))
        .route("/settings/people/{number}/invite", post(invite))
        .route("/settings/people/{number}/sign-out", post(end_sessions))
}

async fn list(visitor: Allowed<Administer>, form: Form) -> Result<Response, Problem> {
    let after = after(LIST, form.get("after"))?;
    Ok(draw_list(&visitor, after, None).into_response())
}

async fn add(visitor: Allowed<Administer>, form: Form) -> Response {
    let mut body = json!({
        "name": form.get("name").unwrap_or_default(),
        "role": form.get("role").unwrap_or_default(),
    });
    if let Some(email) = form.filled("email") {
        body["email"] = Value::from(email);
    }
    match visitor.ask(Ask::post("/employees", body)).await {
        Ok(made) => {
            let id = made["id"].as_str().and_then(|id| id.parse::<EmployeeId>().ok());
            Redirect::to(&id.map_or_else(|| "/settings".to_owned(), person_path)).into_response()
        }
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, draw_list(&visitor, None, Some((&form, &problem)))).into_response()
        }
    }
}

fn person_path(id: EmployeeId) -> String {
    format!("/settings/people/{}", id.0)
}

fn draw_list<'v>(
    visitor: &'v Visitor,
    after: Option<EmployeeId>,
    failed: Option<(&Form, &ProblemBody)>,
) -> Page<'v> {
    let words = visitor.words;
    let directory = &visitor.directory;
    let has_password = |person: &Employee| {
        let account = directory.accounts.get(&person.id);
        account.is_some_and(|account| account.password.is_some())
    };
    let typed = |name: &str| failed.and_then(|(form, _)| form.get(name)).unwrap_or_default();
    let people = directory
        .employees
        .values()
        .filter(|person| after.is_none_or(|last| person.id > last));
    let people = Paged::of(LIST, ROWS, people.take(ROWS + 1).collect(), |last| last.id);
    let next = people.next.map(|next| format!("/settings?after={next}"));
    let body = html! {
        (tabs(visitor, "people"))
        div.scroll { table {
            thead { tr {
                th { (words.t("people-name")) } th { (words.t("people-email")) }
                th { (words.t("people-role")) } th { (words.t("people-access")) }
            } }
            tbody { @for person in &people.rows {
                tr data-key=(person.id) {
                    td { a href=(person_path(person.id)) { (person.name) } }
                    td { (person.email.as_deref().unwrap_or_default()) }
                    td { (words.t(&format!("role-{}", person.role.as_str()))) }
                    td {
                        @if !person.is_active { span.chip { (words.t("people-left")) } }
                        @else if has_password(person) { span.chip.chip-good { (words.t("people-signs-in")) } }
                        @else { span.chip.chip-warn { (words.t("people-no-password")) } }
                    }
                }
            } }
        } }
        (pager(words, after.is_some().then_some("/settings"), next.as_deref()))
        section.panel {
            h2 { (words.t("people-add")) }
            (notice(words, failed.map(|(_, problem)| problem)))
            form.stack method="post" action="/settings" {
                label { span { (words.t("people-name")) } input name="name" value=(typed("name")) required maxlength="200"; }
                label { span { (words.t("people-email")) } input type="email" name="email" value=(typed("email")); }
                (role_select(visitor, typed("role")))
                button.primary { (words.t("people-add-go")) }
            }
        }
    };
    Page::new(visitor, Section::Settings, words.t("settings-people"))
        .watches([Topic::SetUp])
        .body(body)
}

fn role_select(visitor: &Visitor, chosen: &str) -> Markup {
    let words = visitor.words;
    let chosen = if chosen.is_empty() {
        Role::Operator.as_str()
    } else {
        chosen
    };
    html! {
        label { span { (words.t("people-role")) }
            select name="role" {
                @for role in ROLES {
                    option value=(role.as_str()) selected[role.as_str() == chosen] {
                        (words.t(&format!("role-{}", role.as_str())))
                    }
                }
            }
        }
    }
}

async fn one(visitor: Allowed<Administer>, Path(number): Path<i64>) -> Result<Response, Problem> {
    Ok(draw_one(&visitor, EmployeeId(number), None, None)?.into_response())
}

async fn change(
    visitor: Allowed<Administer>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    let id = EmployeeId(number);
    let asked = async {
        let body = json!({
            "name": form.get("name").unwrap_or_default(),
            "email": form.filled("email"),
            "role": form.get("role").unwrap_or_default(),
            "is_active": form.get("is_active") == Some("on"),
        });
        let path = format!("/employees/{id}");
        visitor
            .ask(Ask::patch(&path, body).seen(form.number("version")?))
            .await
    };
    match asked.await {
        Ok(_) => Ok(Redirect::to("/settings").into_response()),
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let page = draw_one(&visitor, id, Some((&form, &problem)), None)?;
            Ok((status, page).into_response())
        }
    }
}

fn draw_one<'v>(
    visitor: &'v Visitor,
    id: EmployeeId,
    failed: Option<(&Form, &ProblemBody)>,
    link: Option<&str>,
) -> Result<Page<'v>, Problem> {
    let words = visitor.words;
    let person = visitor.directory.employee(id)?;
    let typed = |name: &str, known: &str| match failed {
        Some((form, _)) => form.get(name).unwrap_or_default().to_owned(),
        None => known.to_owned(),
    };
    let is_active = match failed {
        Some((form, _)) => form.get("is_active") == Some("on"),
        None => person.is_active,
    };
    let all = visitor.directory.sessions.values();
    let sessions: Vec<&Arc<Session>> = all.filter(|session| session.employee == id).collect();
    let path = person_path(id);
    let body = html! {
        (tabs(visitor, "people"))
        @if let Some(link) = link {
            section.notice.notice-good role="status" {
                p { (words.f("people-link", &[("name", person.name.as_str().into())])) }
                p { code { (link) } }
            }
        }
        div.columns {
            section.panel {
                h2 { (person.name) }
                (notice(words, failed.map(|(_, problem)| problem)))
                form.stack method="post" action=(path) {
                    input type="hidden" name="version" value=(person.version);
                    label { span { (words.t("people-name")) } input name="name" value=(typed("name", &person.name)) required maxlength="200"; }
                    label { span { (words.t("people-email")) } input type="email" name="email" value=(typed("email", person.email.as_deref().unwrap_or_default())); }
                    (role_select(visitor, &typed("role", person.role.as_str())))
                    label { input type="checkbox" name="is_active" checked[is_active]; " " (words.t("people-active")) }
                    button.primary { (words.t("item-save")) }
                }
            }
            section.panel {
                h2 { (words.t("people-access")) }
                p { (words.t("people-invite-about")) }
                form method="post" action={ (path) "/invite" } { button { (words.t("people-invite")) } }
                h3 { (words.t("people-sessions")) }
                @if sessions.is_empty() { p.quiet { (words.t("people-no-sessions")) } }
                ul { @for session in &sessions {
                    li { (instant(session.created_at, visitor)) " " span.quiet { (session.agent) } }
                } }
                @if !sessions.is_empty() {
                    form method="post" action={ (path) "/sign-out" } { button.danger { (words.t("people-end-sessions")) } }
                }
            }
        }
    };
    Ok(Page::new(visitor, Section::Settings, person.name.clone())
        .watches([Topic::SetUp])
        .body(body))
}

async fn invite(visitor: Allowed<Administer>, Path(number): Path<i64>) -> Result<Response, Problem> {
    let id = EmployeeId(number);
    let app = &visitor.console.app;
    visitor.directory.employee(id)?;
    let (secret, _) = app.accounts.invite(&app.core, visitor.who.actor(), id).await?;
    let base = app.public_url.as_deref().unwrap_or_default();
    let link = format!("{base}/set-up/{secret}");
    // Shown in the answer to the form itself, and nowhere else: an address with it would stay in the history.
    Ok(draw_one(&visitor, id, None, Some(&link))?.into_response())
}

async fn end_sessions(visitor: Allowed<Administer>, Path(number): Path<i64>) -> Result<Response, Problem> {
    let id = EmployeeId(number);
    let core = &visitor.console.app.core;
    let all = visitor.directory.sessions.values();
    let digests: Vec<String> = all
        .filter(|session| session.employee == id)
        .map(|session| session.digest.clone())
        .collect();
    for digest in digests {
        sign_out(core, visitor.who.actor(), &digest).await?;
    }
    Ok(Redirect::to(&person_path(id)).into_response())
}
