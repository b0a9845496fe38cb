//! Several cards at once: move them, or give them to somebody.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::json;
use signalbox_crm::ids::{ItemId, ItemKind};
use signalbox_crm::pipeline::Pipeline;

use super::section_path;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::item_path;
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::Work;
use crate::http::problem::{Problem, ProblemBody};
use signalbox_crm::said;

/// Cards that one form changes; more is a bulk change, which an administrator starts.
const ITEMS_MAX: usize = 200;

/// What can be done with the chosen cards. Shown by `board.js` when there are some; without it, always.
pub(super) fn bar(visitor: &Visitor, pipeline: &Pipeline) -> Markup {
    let words = visitor.words;
    if !visitor.may::<Work>() {
        return html! {};
    }
    html! {
        form.bulk.row #bulk method="post" action={ (section_path(pipeline.item_kind)) "/bulk" } data-count=(words.t("bulk-count")) {
            input type="hidden" name="back" value=(visitor.at);
            span.bulk-count {}
            select name="stage" aria-label=(words.t("field-stage")) {
                option value="" { (words.t("bulk-stage")) }
                @for stage in visitor.directory.stages_of(pipeline.id) { option value=(stage.id) { (words.of(&stage.title)) } }
            }
            select name="assignee" aria-label=(words.t("field-assignee")) {
                option value="" { (words.t("bulk-assignee")) }
                @for person in visitor.directory.employees.values().filter(|person| person.is_active) {
                    option value=(person.id) { (person.name) }
                }
            }
            button.primary { (words.t("bulk-go")) }
            button type="reset" { (words.t("bulk-none")) }
        }
    }
}

/// What became of one card.
struct Outcome {
    item: ItemId,
    refused: Option<ProblemBody>,
}

pub(super) async fn change(kind: ItemKind, visitor: Allowed<Work>, form: Form) -> Result<Response, Refused> {
    let chosen: Vec<&str> = form.all("item").collect();
    if chosen.len() > ITEMS_MAX {
        let detail = said!(
            "{count} cards are chosen; one form changes {max}",
            count = chosen.len(),
            max = ITEMS_MAX
        );
        return Err(Problem::invalid("item", detail).into());
    }
    let mut outcomes = Vec::with_capacity(chosen.len());
    for text in chosen {
        let (item, version) = card_of(text)?;
        let refused = change_one(&visitor, item, version, &form).await.err();
        outcomes.push(Outcome {
            item,
            refused: refused.map(|Refused(problem)| problem),
        });
    }
    let back = form.own_path("back").unwrap_or(section_path(kind));
    if outcomes.iter().all(|outcome| outcome.refused.is_none()) {
        return Ok(Redirect::to(back).into_response());
    }
    Ok(report(kind, &visitor, &outcomes, back).into_response())
}

/// `deal:17/4`: the item, and the version that the person has seen.
fn card_of(text: &str) -> Result<(ItemId, i64), Problem> {
    let parts = text.split_once('/');
    let read = parts.and_then(|(item, version)| Some((item.parse().ok()?, version.parse().ok()?)));
    read.ok_or_else(|| Problem::invalid("item", said!("`{text}` is no card", text)))
}

async fn change_one(visitor: &Visitor, item: ItemId, mut version: i64, form: &Form) -> Result<(), Refused> {
    if let Some(employee) = form.filled("assignee") {
        let path = format!("/items/{item}/assign");
        let body = json!({ "employee": employee });
        let changed = visitor.ask(Ask::post(&path, body).seen(version)).await?;
        version = changed["version"].as_i64().unwrap_or(version);
    }
    if let Some(stage) = form.filled("stage") {
        let path = format!("/items/{item}/move");
        visitor
            .ask(Ask::post(&path, json!({ "stage": stage })).seen(version))
            .await?;
    }
    Ok(())
}

fn report<'v>(kind: ItemKind, visitor: &'v Visitor, outcomes: &[Outcome], back: &str) -> Page<'v> {
    let words = visitor.words;
    let done = outcomes
        .iter()
        .filter(|outcome| outcome.refused.is_none())
        .count();
    let refused = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome.item, outcome.refused.as_ref()?)));
    let body = html! {
        section.panel {
            h1 { (words.t("bulk-title")) }
            p.notice.notice-warn role="alert" { (words.n("bulk-done", done)) }
            table {
                thead { tr { th { (words.t("bulk-item")) } th { (words.t("bulk-why-not")) } } }
                tbody {
                    @for (item, problem) in refused {
                        tr {
                            td { a href=(item_path(item)) { (item) } }
                            td { (words.say(&problem.detail)) }
                        }
                    }
                }
            }
            p { a.button.primary href=(back) { (words.t("bulk-back")) } }
        }
    };
    Page::new(visitor, Section::Items(kind), words.t("bulk-title")).body(body)
}
