//! The activities of an item: what is open, and a form for the next one.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::activity::Activity;
use signalbox_crm::ids::{ActivityId, ItemId, ItemKind};
use signalbox_crm::item::Item;
use signalbox_db::Due;

use super::{Failed, refuse, summary};
use crate::console::Console;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::{instant, item_path, person};
use crate::console::item_fields::instant_of;
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::Work;
use crate::http::problem::Problem;
use signalbox_crm::said;

/// Open activities that the card shows.
const ACTIVITIES_MAX: u32 = 50;
/// What can be planned.
const KINDS: [&str; 4] = ["todo", "call", "meeting", "mail"];

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/activities/{number}/complete", post(complete))
}

pub(super) async fn panel(
    visitor: &Visitor,
    item: &Item,
    failed: Option<Failed<'_>>,
) -> Result<Markup, Problem> {
    let words = visitor.words;
    let open = visitor
        .console
        .app
        .core
        .db
        .open_activities(item.id.number, ACTIVITIES_MAX)
        .await?;
    let typed = |name: &str| {
        failed
            .and_then(|failed| failed.form.get(name))
            .unwrap_or_default()
    };
    Ok(html! {
        section.panel {
            h2 { (words.t("item-activities")) }
            @if open.is_empty() { p.quiet { (words.t("card-due-none")) } }
            ul.activities {
                @for activity in &open { (row(visitor, activity, &visitor.at)) }
            }
            @if visitor.may::<Work>() {
                details open[failed.is_some()] {
                    summary { (words.t("activity-plan")) }
                    (summary(words, failed.map(|failed| failed.problem)))
                    form.stack method="post" action={ (item_path(item.id)) "/activities" } data-key="plan" {
                        label { span { (words.t("activity-kind")) }
                            select name="kind" {
                                @for kind in KINDS {
                                    option value=(kind) selected[typed("kind") == kind] { (words.t(&format!("activity-kind-{kind}"))) }
                                }
                            }
                        }
                        label { span { (words.t("activity-title")) } input name="title" value=(typed("title")) maxlength="200"; }
                        label { span { (words.t("activity-deadline")) } input type="datetime-local" name="deadline" value=(typed("deadline")); }
                        button { (words.t("activity-plan-go")) }
                    }
                }
            }
        }
    })
}

/// One open activity, with a button that completes it.
pub(in crate::console) fn row(visitor: &Visitor, activity: &Activity, back: &str) -> Markup {
    let words = visitor.words;
    let class = match Due::of(activity.deadline_at, visitor.now, visitor.tomorrow()) {
        Due::Overdue => "chip chip-bad",
        Due::Today => "chip chip-warn",
        Due::Planned => "chip chip-good",
    };
    html! {
        li data-key=(activity.id) {
            p.row.spread {
                span { (words.t(&format!("activity-kind-{}", activity.kind.as_str()))) ": " strong { (activity.title) } }
                span class=(class) { (instant(activity.deadline_at, visitor)) }
            }
            @if !activity.description.is_empty() { p { (activity.description) } }
            p.row.spread {
                span.quiet { (activity.assignee.map(|id| person(&visitor.directory, id)).unwrap_or_default()) }
                @if visitor.may::<Work>() {
                    form method="post" action={ "/activities/" (activity.id.0) "/complete" } {
                        input type="hidden" name="version" value=(activity.version);
                        input type="hidden" name="back" value=(back);
                        button { (words.t("activity-complete")) }
                    }
                }
            }
        }
    }
}

pub(super) async fn plan(
    kind: ItemKind,
    visitor: Allowed<Work>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    let id = ItemId { kind, number };
    let asked = async {
        let mut body = json!({ "item": id, "kind": form.get("kind").unwrap_or("todo") });
        if let Some(title) = form.filled("title") {
            body["title"] = Value::from(title);
        }
        if let Some(typed) = form.filled("deadline") {
            let at = instant_of(&visitor, typed);
            let at = at
                .ok_or_else(|| Problem::invalid("deadline", said!("`{typed}` is no date and time", typed)))?;
            body["deadline"] = json!(at);
        }
        visitor.ask(Ask::post("/activities", body)).await
    };
    match asked.await {
        Ok(_) => Ok(Redirect::to(&item_path(id)).into_response()),
        Err(Refused(problem)) => refuse(&visitor, id, "activities", &form, &problem).await,
    }
}

async fn complete(visitor: Allowed<Work>, Path(number): Path<i64>, form: Form) -> Result<Response, Refused> {
    let path = format!("/activities/{}/complete", ActivityId(number));
    visitor
        .ask(Ask::post(&path, json!({})).seen(form.number("version")?))
        .await?;
    Ok(Redirect::to(form.own_path("back").unwrap_or("/calendar")).into_response())
}
