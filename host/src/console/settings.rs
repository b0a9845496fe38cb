//! Settings: people, pipelines and fields, the set-up as a file, API tokens, and who changed what.

use std::sync::Arc;

use axum::Router;
use maud::{Markup, html};

use super::Console;
use super::visitor::Visitor;
use super::words::Words;
use crate::http::caller::{Administer, Configure};
use crate::http::problem::ProblemBody;

mod audit;
mod fields;
mod people;
mod pipeline;
mod pipelines;
mod setup_file;
mod tokens;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .merge(people::routes())
        .merge(pipelines::routes())
        .merge(pipeline::routes())
        .merge(fields::routes())
        .merge(setup_file::routes())
        .merge(tokens::routes())
        .merge(audit::routes())
}

/// The parts of the settings.
fn tabs(visitor: &Visitor, here: &str) -> Markup {
    let words = visitor.words;
    let (administers, configures) = (visitor.may::<Administer>(), visitor.may::<Configure>());
    let parts = [
        ("people", "/settings", administers),
        ("pipelines", "/settings/pipelines", configures),
        ("fields", "/settings/fields", configures),
        ("file", "/settings/file", configures),
        ("tokens", "/settings/tokens", administers),
        ("audit", "/settings/audit", administers),
    ];
    html! {
        h1 { (words.t("nav-settings")) }
        nav.tabs aria-label=(words.t("settings-tabs")) {
            @for (part, path, _) in parts.into_iter().filter(|(_, _, is_seen)| *is_seen) {
                a href=(path) aria-current=[(part == here).then_some("page")] { (words.t(&format!("settings-{part}"))) }
            }
        }
    }
}

/// What the API said to a form.
fn notice(words: Words, problem: Option<&ProblemBody>) -> Markup {
    html! { @if let Some(problem) = problem { p.notice.notice-bad role="alert" { (words.say(&problem.detail)) } } }
}
