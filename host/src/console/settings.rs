//! Settings: people, API tokens, and who changed what.

use std::sync::Arc;

use axum::Router;
use maud::{Markup, html};

use super::Console;
use super::visitor::Visitor;
use crate::http::problem::ProblemBody;

mod audit;
mod people;
mod tokens;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .merge(people::routes())
        .merge(tokens::routes())
        .merge(audit::routes())
}

/// The parts of the settings.
fn tabs(visitor: &Visitor, here: &str) -> Markup {
    let words = visitor.words;
    html! {
        h1 { (words.t("nav-settings")) }
        nav.tabs aria-label=(words.t("settings-tabs")) {
            @for (part, path) in [("people", "/settings"), ("tokens", "/settings/tokens"), ("audit", "/settings/audit")] {
                a href=(path) aria-current=[(part == here).then_some("page")] { (words.t(&format!("settings-{part}"))) }
            }
        }
    }
}

/// What the API said to a form.
fn notice(problem: Option<&ProblemBody>) -> Markup {
    html! { @if let Some(problem) = problem { p.notice.notice-bad role="alert" { (problem.detail) } } }
}
