//! What a run's robot would do now: executed up to the commit, which there is none of.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::attempt;
use super::effects::would;
use super::telling::{at, linked, list, text};
use crate::console::asking::{Ask, Refused};
use crate::console::explain::draw_points;
use crate::console::form::Form;
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::TryOut;

/// Tries the robot with the cause and the item of a run, and shows what would come of it.
pub(super) async fn try_out(
    visitor: Allowed<TryOut>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Refused> {
    let words = visitor.words;
    let regardless = form.filled("regardless").is_some();
    let path = format!("/runs/run:{number}/dry-run");
    let tried = visitor
        .ask(Ask::post(&path, json!({ "regardless": regardless })))
        .await?;
    let body = html! {
        p { a href="/runs" { (words.t("nav-runs")) } " / " a href={ "/runs/" (number) } { "run:" (number) } }
        h1 { (words.t("trial-title")) }
        p.notice { (words.t("trial-note")) }
        p { strong { (text(&tried, "title")) } " " span.quiet { (text(&tried, "robot")) } " " (linked(&visitor, text(&tried, "item"))) }
        section.panel {
            h2 { (words.t(if tried["starts"] == true { "trial-starts" } else { "trial-starts-not" })) }
            @if tried["starts"] == true { p { (words.t("run-due")) ": " (at(&visitor, &tried["due_at"])) } }
            (draw_points(&visitor, list(&tried["points"])))
            @if tried["starts"] != true && !regardless {
                form method="post" action={ "/runs/" (number) "/dry-run" } {
                    input type="hidden" name="regardless" value="yes";
                    button { (words.t("trial-regardless")) }
                }
            }
        }
        (effects(&visitor, &tried))
        @if tried["verdict"].is_string() { (attempt::trial(&visitor, &tried)) }
    };
    Ok(Page::new(&visitor, Section::Runs, words.t("trial-title"))
        .with(Some("runs"), None)
        .wide()
        .body(body)
        .into_response())
}

/// What would change, and what would follow from it.
fn effects(visitor: &Visitor, tried: &Value) -> Markup {
    let words = visitor.words;
    let (effects, events, cancels) = (
        list(&tried["effects"]),
        list(&tried["events"]),
        list(&tried["cancels"]),
    );
    let starts = events.iter().flat_map(|event| list(&event["starts"]));
    html! {
        section.panel {
            h2 { (words.t("trial-effects")) }
            @if effects.is_empty() { p.quiet { (words.t("trial-no-effect")) } }
            ul.effects { @for one in effects { li { (would(visitor, one)) } } }
            @if starts.clone().next().is_some() {
                h3 { (words.t("trial-follows")) }
                ul { @for one in starts { li { (text(one, "title")) " " span.quiet { (text(one, "robot")) } } } }
            }
            @if !cancels.is_empty() {
                h3 { (words.t("trial-cancels")) }
                ul { @for one in cancels { li { (linked(visitor, text(one, "run"))) " " (text(one, "title")) } } }
            }
        }
    }
}
