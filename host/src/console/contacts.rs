//! Clients: found by name, phone or address, and added.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::ids::{ContactId, EmployeeId};
use url::form_urlencoded;

use super::Console;
use super::asking::{Ask, Refused};
use super::form::Form;
use super::format::{contact_path, person};
use super::page::{Page, Section};
use super::paging::pager;
use super::runs::{list, text};
use super::visitor::{Allowed, Visitor};
use crate::http::caller::{ReadClients, Work};
use crate::http::problem::ProblemBody;

mod card;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/contacts", get(all).post(add))
        .route("/contacts/{number}", get(card::show).post(card::save))
}

/// The query of the API for what somebody looks for: an address has an at sign, a phone five digits and no letter.
fn asked(form: &Form) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(text) = form.filled("q") {
        let is_phone =
            !text.contains(char::is_alphabetic) && text.chars().filter(char::is_ascii_digit).count() >= 5;
        let by = match text.contains('@') {
            true => "email",
            false if is_phone => "phone",
            false => "name",
        };
        query.append_pair(by, text);
    }
    if let Some(after) = form.filled("after") {
        query.append_pair("after", after);
    }
    query.finish()
}

async fn all(visitor: Allowed<ReadClients>, form: Form) -> Response {
    match visitor
        .ask(Ask::get(&format!("/contacts?{}", asked(&form))))
        .await
    {
        Ok(page) => draw(&visitor, &form, &page, None).into_response(),
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, draw(&visitor, &form, &Value::Null, Some(&problem))).into_response()
        }
    }
}

async fn add(visitor: Allowed<Work>, form: Form) -> Response {
    match visitor.ask(Ask::post("/contacts", written(&form))).await {
        Ok(made) => {
            let id = text(&made, "id").parse().ok();
            Redirect::to(&id.map_or_else(|| "/contacts".to_owned(), contact_path)).into_response()
        }
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, draw(&visitor, &form, &Value::Null, Some(&problem))).into_response()
        }
    }
}

/// What a form says of a client.
fn written(form: &Form) -> Value {
    let lines = |name: &str| -> Vec<&str> {
        let lines = form.get(name).unwrap_or_default().lines().map(str::trim);
        lines.filter(|line| !line.is_empty()).collect()
    };
    json!({
        "name": form.get("name").unwrap_or_default(),
        "phones": lines("phones"),
        "emails": lines("emails"),
        "assignee": form.filled("assignee"),
    })
}

/// The fields of a client.
fn inputs(visitor: &Visitor, known: &impl Fn(&str) -> String) -> Markup {
    let words = visitor.words;
    let assignee = known("assignee");
    let people = visitor.directory.employees.values();
    let people = people.filter(|one| one.is_active || one.id.to_string() == assignee);
    html! {
        label { span { (words.t("people-name")) } input name="name" value=(known("name")) required maxlength="250"; }
        label { span { (words.t("contacts-phones")) } textarea name="phones" rows="2" { (known("phones")) } }
        label { span { (words.t("contacts-emails")) } textarea name="emails" rows="2" { (known("emails")) } }
        label { span { (words.t("field-assignee")) }
            select name="assignee" {
                option value="" { (words.t("contacts-nobody")) }
                @for one in people { option value=(one.id) selected[one.id.to_string() == assignee] { (one.name) } }
            }
        }
    }
}

fn draw<'v>(visitor: &'v Visitor, form: &Form, page: &Value, problem: Option<&ProblemBody>) -> Page<'v> {
    let words = visitor.words;
    let q = form.get("q").unwrap_or_default();
    let link = |after: &str| {
        let pairs = [("q", q), ("after", after)];
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        format!("/contacts?{query}")
    };
    let first = form.filled("after").map(|_| link(""));
    let next = page["next"].as_str().map(link);
    let typed = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let found = list(&page["items"]);
    let body = html! {
        h1 { (words.t("nav-contacts")) }
        form.filter.row action="/contacts" {
            input type="search" name="q" value=(q) aria-label=(words.t("contacts-find")) placeholder=(words.t("contacts-find"));
            button { (words.t("contacts-find-go")) }
            @if !q.is_empty() { a href="/contacts" { (words.t("board-show-all")) } }
        }
        @if let Some(problem) = problem { p.notice.notice-bad role="alert" { (words.say(&problem.detail)) } }
        @else if found.is_empty() { p.panel.empty { (words.t("contacts-none")) } }
        @else { (table(visitor, found)) }
        (pager(words, first.as_deref(), next.as_deref()))
        @if visitor.may::<Work>() {
            section.panel {
                h2 { (words.t("contacts-new")) }
                form.stack method="post" action="/contacts" {
                    (inputs(visitor, &typed))
                    button.primary { (words.t("contacts-new-go")) }
                }
            }
        }
    };
    Page::new(visitor, Section::Contacts, words.t("nav-contacts")).body(body)
}

fn table(visitor: &Visitor, found: &[Value]) -> Markup {
    let words = visitor.words;
    let number = |one: &Value| text(one, "id").parse::<ContactId>().ok();
    let assignee = |one: &Value| text(one, "assignee").parse::<EmployeeId>().ok();
    html! {
        div.scroll { table {
            caption.sr { (words.t("nav-contacts")) }
            thead { tr {
                th scope="col" { (words.t("people-name")) } th scope="col" { (words.t("contacts-points")) }
                th scope="col" { (words.t("field-assignee")) }
            } }
            tbody { @for one in found {
                tr data-key=(text(one, "id")) {
                    td { @if let Some(id) = number(one) { a href=(contact_path(id)) { (text(one, "name")) } } }
                    td { @for point in list(&one["points"]) { (text(point, "raw")) " " } }
                    td { @if let Some(id) = assignee(one) { (person(&visitor.directory, id)) } }
                }
            } }
        } }
    }
}
