//! API tokens: shown once, withdrawn at once.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde_json::json;
use signalbox_crm::directory::Token;
use signalbox_crm::ids::TokenId;

use super::{notice, tabs};
use crate::console::Console;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::{instant, person};
use crate::console::page::{Page, Section};
use crate::console::paging::{Paged, after, pager};
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::Administer;
use crate::http::problem::{Problem, ProblemBody};

/// Tokens of a page.
const ROWS: usize = 100;
const LIST: &str = "console-tokens";

const ROLES: [&str; 5] = ["integrator", "auditor", "operator", "editor", "admin"];

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/settings/tokens", get(list).post(create))
        .route("/settings/tokens/{number}/revoke", post(revoke))
}

async fn list(visitor: Allowed<Administer>, form: Form) -> Result<Response, Problem> {
    let after = after(LIST, form.get("after"))?;
    Ok(draw(&visitor, after, None, None).into_response())
}

async fn create(visitor: Allowed<Administer>, form: Form) -> Response {
    let body = json!({
        "name": form.get("name").unwrap_or_default(),
        "role": form.get("role").unwrap_or_default(),
    });
    match visitor.ask(Ask::post("/tokens", body)).await {
        Ok(made) => draw(&visitor, None, None, made["secret"].as_str()).into_response(),
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, draw(&visitor, None, Some((&form, &problem)), None)).into_response()
        }
    }
}

fn draw<'v>(
    visitor: &'v Visitor,
    after: Option<TokenId>,
    failed: Option<(&Form, &ProblemBody)>,
    secret: Option<&str>,
) -> Page<'v> {
    let words = visitor.words;
    // Of this moment: the page is also the answer to the form that makes one.
    let directory = visitor.console.app.core.records.directory();
    let typed = |name: &str| failed.and_then(|(form, _)| form.get(name)).unwrap_or_default();
    let tokens = directory
        .tokens
        .values()
        .rev()
        .filter(|token| after.is_none_or(|last| token.id < last));
    let tokens = Paged::of(LIST, ROWS, tokens.take(ROWS + 1).collect(), |last| last.id);
    let next = tokens.next.map(|next| format!("/settings/tokens?after={next}"));
    let body = html! {
        (tabs(visitor, "tokens"))
        @if let Some(secret) = secret {
            section.notice.notice-good role="status" {
                p { (words.t("token-once")) }
                p { code { (secret) } }
            }
        }
        div.scroll { table {
            thead { tr {
                th { (words.t("token-name")) } th { (words.t("people-role")) } th { (words.t("token-for")) }
                th { (words.t("field-created-at")) } th { (words.t("token-state")) } th { span.sr { (words.t("token-revoke")) } }
            } }
            tbody { @for token in &tokens.rows { (row(visitor, token)) } }
        } }
        (pager(words, after.is_some().then_some("/settings/tokens"), next.as_deref()))
        section.panel {
            h2 { (words.t("token-new")) }
            (notice(words, failed.map(|(_, problem)| problem)))
            form.stack method="post" action="/settings/tokens" {
                label { span { (words.t("token-name")) } input name="name" value=(typed("name")) required maxlength="200"; }
                label { span { (words.t("people-role")) }
                    select name="role" { @for role in ROLES {
                        option value=(role) selected[role == typed("role")] { (words.t(&format!("role-{role}"))) }
                    } }
                }
                button.primary { (words.t("token-new-go")) }
            }
        }
    };
    Page::new(visitor, Section::Settings, words.t("settings-tokens"))
        .watches([Topic::SetUp])
        .body(body)
}

fn row(visitor: &Visitor, token: &Token) -> Markup {
    let words = visitor.words;
    let has_expired = token.expires_at.is_some_and(|end| end <= visitor.now);
    let is_valid = token.revoked_at.is_none() && !has_expired;
    html! {
        tr data-key=(token.id) {
            td { (token.name) }
            td { (words.t(&format!("role-{}", token.role.as_str()))) }
            td { (token.employee.map(|id| person(&visitor.directory, id)).unwrap_or_default()) }
            td { (instant(token.created_at, visitor)) }
            td {
                @if is_valid { span.chip.chip-good { (words.t("token-valid")) } }
                @else { span.chip { (words.t("token-over")) } }
            }
            td { @if is_valid {
                form method="post" action={ "/settings/tokens/" (token.id.0) "/revoke" } data-confirm=(words.t("token-revoke-sure")) {
                    button.danger aria-label=(words.f("token-revoke-one", &[("name", token.name.as_str().into())])) { (words.t("token-revoke")) }
                }
            } }
        }
    }
}

async fn revoke(visitor: Allowed<Administer>, Path(number): Path<i64>) -> Result<Redirect, Refused> {
    visitor
        .ask(Ask::delete(&format!("/tokens/{}", TokenId(number))))
        .await?;
    Ok(Redirect::to("/settings/tokens"))
}
