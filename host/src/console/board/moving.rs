//! Moving a card: the form for it, and what becomes of a refusal.
//!
//! The form works without JavaScript. `board.js` sends the same form when a card is dropped, and shows the answer to a
//! refusal in a dialog: it is this page.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::ids::{ItemId, ItemKind, StageId};
use signalbox_crm::item::Item;

use super::section_path;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::format::{actor, instant, item_path};
use crate::console::item_fields::{input, is_known, label, patch_of, wrong};
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::http::caller::Work;
use crate::http::problem::{Problem, ProblemBody};

/// The item of a path.
pub(in crate::console) async fn find(visitor: &Visitor, id: ItemId) -> Result<Item, Problem> {
    let found = visitor.console.app.core.db.item(id.number).await?;
    found
        .filter(|item| item.id == id)
        .ok_or_else(|| Problem::not_found(id))
}

pub(super) async fn ask(
    kind: ItemKind,
    visitor: Allowed<Work>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    let item = find(&visitor, ItemId { kind, number }).await?;
    Ok(page(&visitor, &item, &form, None).into_response())
}

pub(super) async fn go(
    kind: ItemKind,
    visitor: Allowed<Work>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Refused> {
    let id = ItemId { kind, number };
    match try_to_move(&visitor, id, &form).await {
        Ok(()) => {
            let back = form.own_path("back").unwrap_or(section_path(kind));
            Ok(Redirect::to(back).into_response())
        }
        Err(Refused(problem)) => {
            let item = find(&visitor, id).await?;
            let stale = match problem.code {
                "stale-version" => last_change(&visitor, &item).await?,
                _ => None,
            };
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let page = page(&visitor, &item, &form, Some((&problem, stale)));
            Ok((status, page).into_response())
        }
    }
}

/// First what was filled in, then the move. A move that is refused leaves what was filled in: nobody types it twice.
async fn try_to_move(visitor: &Visitor, id: ItemId, form: &Form) -> Result<(), Refused> {
    let mut version = form.number("version")?;
    let path = format!("/items/{id}");
    let patch = patch_of(visitor, form)?;
    if patch.as_object().is_some_and(|patch| !patch.is_empty()) {
        let changed = visitor.ask(Ask::patch(&path, patch).seen(version)).await?;
        version = changed["version"].as_i64().unwrap_or(version);
    }
    let mut body = json!({
        "stage": form.get("stage").unwrap_or_default(),
        "allow_back": form.get("allow_back") == Some("on"),
    });
    if let Some(reason) = form.filled("lost_reason") {
        body["lost_reason"] = Value::from(reason);
    }
    visitor
        .ask(Ask::post(&format!("{path}/move"), body).seen(version))
        .await?;
    Ok(())
}

/// Who changed the item last, and when.
async fn last_change(visitor: &Visitor, item: &Item) -> Result<Option<Markup>, Problem> {
    let db = &visitor.console.app.core.db;
    let last = db.history(&item.id.to_string(), None, 1).await?;
    Ok(last.into_iter().next().map(|noted| {
        let entry = noted.entry;
        let who = actor(&entry.actor, visitor);
        html! { (visitor.words.f("move-stale", &[("who", who.into())])) " " (instant(entry.at, visitor)) }
    }))
}

fn page<'v>(
    visitor: &'v Visitor,
    item: &Item,
    form: &Form,
    refused: Option<(&ProblemBody, Option<Markup>)>,
) -> Page<'v> {
    let (words, directory) = (visitor.words, &visitor.directory);
    let wanted = form.get("stage").and_then(|text| text.parse::<StageId>().ok());
    let back = form.own_path("back").unwrap_or(section_path(item.id.kind));
    let wants_reason = wanted
        .and_then(|stage| directory.stages.get(&stage))
        .is_some_and(|stage| stage.requires_reason);
    let problem = refused.as_ref().map(|(problem, _)| *problem);
    let missing: Vec<&String> = problem
        .iter()
        .flat_map(|problem| &problem.fields)
        .filter(|field| is_known(directory, field))
        .collect();
    let title = words.f("move-title", &[("title", item.title.as_str().into())]);
    let body = html! {
        form.panel.stack.move-form method="post" action={ (item_path(item.id)) "/move" } {
            h1 #refusal-title { (title) }
            @if let Some((problem, stale)) = &refused {
                div.notice.notice-bad role="alert" {
                    @match stale {
                        Some(stale) => p { (stale) },
                        None => p { (reason(visitor, problem)) },
                    }
                }
            }
            input type="hidden" name="version" value=(item.version);
            input type="hidden" name="back" value=(back);
            label {
                span { (words.t("field-stage")) }
                select name="stage" {
                    @for stage in directory.stages_of(item.pipeline) {
                        option value=(stage.id) selected[wanted.unwrap_or(item.stage) == stage.id] {
                            (words.of(&stage.title))
                            @if stage.id == item.stage { " " (words.t("move-present")) }
                        }
                    }
                }
            }
            @for field in &missing {
                div.field {
                    label {
                        span { (label(visitor, field)) }
                        (input(visitor, field, item.field(field).as_ref(), form.get(&format!("field.{field}"))))
                    }
                    (wrong(words, problem, field))
                }
            }
            @if wants_reason {
                label {
                    span { (words.t("field-lost-reason")) }
                    input name="lost_reason" value=(form.get("lost_reason").unwrap_or_default()) required;
                }
            }
            @if problem.is_some_and(|problem| problem.code == "backward-refused") {
                label { input type="checkbox" name="allow_back"; " " (words.t("move-back-anyway")) }
            }
            div.row {
                button.primary { (words.t("board-move-go")) }
                a.button href=(back) data-close="refusal" { (words.t("board-move-cancel")) }
            }
        }
    };
    Page::new(visitor, Section::Items(item.id.kind), title.clone()).body(body)
}

/// Why the move is refused, in the person's language where the code says it all.
fn reason(visitor: &Visitor, problem: &ProblemBody) -> String {
    let words = visitor.words;
    match problem.code {
        "required-fields" => {
            let fields: Vec<String> = problem.fields.iter().map(|field| label(visitor, field)).collect();
            words
                .f("move-required", &[("fields", fields.join(", ").into())])
                .into_owned()
        }
        "backward-refused" => words.t("move-backward").into_owned(),
        _ => words.say(&problem.detail),
    }
}
