//! Why a robot ran or did not run for an item: the reasons in order, in the person's language.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use signalbox_crm::ids::{AttachmentId, ItemId, ItemKind};

use self::points::{point, points};
use super::Console;
use super::asking::{Ask, Refused};
use super::board::{find, section_path};
use super::format::item_path;
use super::page::{Page, Section};
use super::runs::{at, linked, list, run_path, text};
use super::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::ReadClients;
use crate::http::problem::Problem;

mod points;

pub(super) use self::points::points as draw_points;

pub(super) fn routes() -> Router<Arc<Console>> {
    let mut router = Router::new();
    for kind in [ItemKind::Deal, ItemKind::Lead] {
        router = router.route(
            &format!("{}/{{number}}/explain", section_path(kind)),
            get(move |visitor, path: Path<i64>, query| show(kind, visitor, path, query)),
        );
    }
    router
}

/// Which robot.
#[derive(Debug, Deserialize)]
struct Asked {
    attachment: Option<String>,
}

async fn show(
    kind: ItemKind,
    visitor: Allowed<ReadClients>,
    Path(number): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refused> {
    let words = visitor.words;
    let item = ItemId { kind, number };
    let asked = asked.attachment.unwrap_or_default();
    let attachment: AttachmentId = asked.parse().map_err(|_| Problem::not_found(&asked))?;
    let path = format!("/items/{item}/explain?attachment={attachment}");
    let told = visitor.ask(Ask::get(&path)).await?;
    let title = find(&visitor, item).await?.title;
    let standing = &told["standing"];
    let body = html! {
        p { a href={ (item_path(item)) "?tab=automation" } { (item) } " / " (words.t("explain-title")) }
        h1 { (words.f("explain-heading", &[("robot", text(&told, "title").into()), ("item", title.into())])) }
        p { (state_chip(&visitor, standing)) " " (because(&visitor, standing)) }
        section.panel {
            h2 { (words.t("explain-reasons")) }
            (points(&visitor, list(&told["points"])))
        }
        p.row {
            a.button href={ "/runs?item=" (item) "&attachment=" (attachment) } { (words.t("explain-runs")) }
            a.button href={ (item_path(item)) "?tab=automation" } { (words.t("explain-back")) }
        }
    };
    Ok(
        Page::new(&visitor, Section::Items(kind), words.t("explain-title"))
            .watches([Topic::Item(item), Topic::Runs, Topic::SetUp])
            .with(Some("runs"), None)
            .body(body)
            .into_response(),
    )
}

/// One of four states, as sign and word.
fn state_chip(visitor: &Visitor, standing: &Value) -> Markup {
    let state = text(standing, "state");
    let (class, sign) = match state {
        "ran" => ("chip chip-good", "\u{2713}"),
        "failed" => ("chip chip-bad", "!"),
        "waits" => ("chip chip-warn", "\u{2026}"),
        _ => ("chip", "\u{2013}"),
    };
    html! {
        span class=(class) { span aria-hidden="true" { (sign) } " " (visitor.words.t(&format!("standing-{state}"))) }
    }
}

fn because(visitor: &Visitor, standing: &Value) -> Markup {
    html! {
        (point(visitor, &standing["because"]))
        @if standing["until"].is_string() { " " (visitor.words.t("standing-until")) " " (at(visitor, &standing["until"])) }
    }
}

/// How every robot stands that concerns an item: for its card.
pub(super) async fn automation(visitor: &Visitor, item: ItemId) -> Result<Markup, Problem> {
    let words = visitor.words;
    let core = &visitor.console.app.core;
    let found = crate::explain::automation(core, item).await?;
    // In the form of the API, which the page on one robot gets too.
    let robots: Vec<Value> = found
        .robots
        .iter()
        .filter_map(|robot| serde_json::to_value(robot).ok())
        .collect();
    Ok(html! {
        @if robots.is_empty() { p.quiet { (words.t("automation-none")) } }
        ul.standings {
            @for robot in &robots {
                @let attachment = text(robot, "attachment");
                li data-key=(attachment) {
                    p {
                        (state_chip(visitor, robot)) " "
                        @match robot["run"].as_str() {
                            Some(run) => a href=(run_path(run)) { (text(robot, "title")) },
                            None => strong { (text(robot, "title")) },
                        }
                        " " span.quiet { (text(robot, "robot")) }
                        @if robot["is_enabled"] == false { " " span.chip { (words.t("automation-off")) } }
                    }
                    p.quiet {
                        (because(visitor, robot)) " "
                        a href={ (item_path(item)) "/explain?attachment=" (attachment) } { (words.t("explain-why")) }
                    }
                }
            }
        }
    })
}
