//! The card of one lead or deal: fields, stages, activities, what happened, and what robots do.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use signalbox_crm::ids::{ItemId, ItemKind};
use signalbox_crm::item::Item;
use signalbox_crm::pipeline::StageKind;

use super::Console;
use super::asking::{Ask, Refused};
use super::board::{find, section_path};
use super::form::Form;
use super::format::{contact_path, instant, item_path, person, span};
use super::item_fields::{input, label, patch_of, wrong};
use super::page::{Page, Section};
use super::visitor::{Allowed, Visitor};
use super::words::Words;
use crate::engine::changes::Topic;
use crate::http::caller::{ReadClients, Work};
use crate::http::problem::{Problem, ProblemBody};

mod activities;
mod automation;
mod talk;
mod timeline;

pub(super) use activities::row as activity_row;
pub(super) use timeline::{changed_name, changed_value, state_chip};

pub(super) fn routes() -> Router<Arc<Console>> {
    let mut router = Router::new();
    for kind in [ItemKind::Deal, ItemKind::Lead] {
        let path = format!("{}/{{number}}", section_path(kind));
        router = router
            .route(
                &path,
                get(move |visitor, path: Path<i64>, query| show(kind, visitor, path, query)),
            )
            .route(
                &format!("{path}/fields"),
                post(move |visitor, path: Path<i64>, form| save(kind, visitor, path, form)),
            )
            .route(
                &format!("{path}/assign"),
                post(move |visitor, path: Path<i64>, form| assign(kind, visitor, path, form)),
            )
            .route(
                &format!("{path}/comments"),
                post(move |visitor, path: Path<i64>, form| timeline::comment(kind, visitor, path, form)),
            )
            .route(
                &format!("{path}/activities"),
                post(move |visitor, path: Path<i64>, form| activities::plan(kind, visitor, path, form)),
            );
    }
    router.merge(activities::routes()).merge(talk::routes())
}

/// Which part of the card, and which page of it.
#[derive(Debug, Clone, Default, Deserialize)]
struct Asked {
    tab: Option<String>,
    before: Option<String>,
}

/// The parts of the card.
const TABS: [&str; 3] = ["timeline", "talk", "automation"];

impl Asked {
    fn tab(&self) -> &str {
        let asked = self.tab.as_deref().filter(|tab| TABS.contains(tab));
        asked.unwrap_or(TABS[0])
    }
}

/// What a form on the card could not do: what was typed, and what the API says to it.
#[derive(Clone, Copy)]
pub(super) struct Failed<'a> {
    form: &'a Form,
    problem: &'a ProblemBody,
    /// Which form it was.
    part: &'static str,
}

async fn show(
    kind: ItemKind,
    visitor: Allowed<ReadClients>,
    Path(number): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let item = find(&visitor, ItemId { kind, number }).await?;
    draw(&visitor, &item, &asked, None).await
}

/// The card again, with what was typed and what is wrong with it.
pub(super) async fn refuse(
    visitor: &Visitor,
    id: ItemId,
    part: &'static str,
    form: &Form,
    problem: &ProblemBody,
) -> Result<Response, Problem> {
    let item = find(visitor, id).await?;
    let asked = Asked {
        tab: form.get("tab").map(str::to_owned),
        before: None,
    };
    let failed = Failed { form, problem, part };
    let page = draw(visitor, &item, &asked, Some(failed)).await?;
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    Ok((status, page).into_response())
}

async fn draw(
    visitor: &Visitor,
    item: &Item,
    asked: &Asked,
    failed: Option<Failed<'_>>,
) -> Result<Response, Problem> {
    let words = visitor.words;
    let tab = match asked.tab() {
        "talk" => talk::tab(visitor, item, failed).await?,
        "automation" => automation::tab(visitor, item).await?,
        _ => timeline::tab(visitor, item, asked.before.as_deref(), failed).await?,
    };
    let pipeline = visitor.directory.pipeline(item.pipeline)?;
    let client = match item.contact {
        Some(id) => visitor.console.app.core.db.contact(id).await?,
        None => None,
    };
    let body = html! {
        p { a href={ (section_path(item.id.kind)) "?pipeline=" (item.pipeline) } { (words.of(&pipeline.title)) } " / " (item.id) }
        h1 { (item.title) }
        @if let Some(client) = &client {
            p { (words.t("field-contact")) ": " a href=(contact_path(client.id)) { (client.name) } }
        }
        (stages(visitor, item))
        div.item {
            div {
                (fields(visitor, item, failed.filter(|failed| failed.part == "fields")))
                (activities::panel(visitor, item, failed.filter(|failed| failed.part == "activities")).await?)
            }
            section {
                nav.tabs aria-label=(words.t("item-tabs")) {
                    @for name in TABS {
                        a href={ "?tab=" (name) } aria-current=[(name == asked.tab()).then_some("page")] { (words.t(&format!("item-tab-{name}"))) }
                    }
                }
                (tab)
            }
        }
    };
    let topics = [Topic::Item(item.id), Topic::Runs];
    let talks = talk::topics(visitor, item).await?;
    Ok(
        Page::new(visitor, Section::Items(item.id.kind), item.title.clone())
            .watches(topics.into_iter().chain(talks))
            .with(Some("item"), None)
            .wide()
            .body(body)
            .into_response(),
    )
}

/// The way through the pipeline; each other stage is a button.
fn stages(visitor: &Visitor, item: &Item) -> Markup {
    let words = visitor.words;
    let stages = visitor.directory.stages_of(item.pipeline);
    let at = stages
        .iter()
        .position(|stage| stage.id == item.stage)
        .unwrap_or_default();
    let age = span(visitor.now.since(item.stage_entered_at), words);
    html! {
        ol.stages aria-label=(words.t("field-stage")) {
            @for (index, stage) in stages.iter().enumerate() {
                @let kind = match stage.kind { StageKind::Open => "open", StageKind::Won => "won", StageKind::Lost => "lost" };
                li data-kind=(kind) class=[(index < at && stage.kind == StageKind::Open).then_some("passed")]
                    aria-current=[(stage.id == item.stage).then_some("step")] {
                    @if stage.id == item.stage {
                        strong { (words.of(&stage.title)) } " " span.quiet { (age) }
                    } @else if visitor.may::<Work>() {
                        form method="post" action={ (item_path(item.id)) "/move" } {
                            input type="hidden" name="version" value=(item.version);
                            input type="hidden" name="stage" value=(stage.id);
                            input type="hidden" name="back" value=(visitor.at);
                            button { (words.of(&stage.title)) }
                        }
                    } @else { (words.of(&stage.title)) }
                }
            }
        }
    }
}

fn fields(visitor: &Visitor, item: &Item, failed: Option<Failed<'_>>) -> Markup {
    let words = visitor.words;
    let custom = visitor.directory.fields.keys().map(String::as_str);
    let editable: Vec<&str> = ["title", "amount", "source"].into_iter().chain(custom).collect();
    let problem = failed.map(|failed| failed.problem);
    html! {
        section.panel {
            h2 { (words.t("item-fields")) }
            (summary(words, problem))
            @if visitor.may::<Work>() {
                form method="post" action={ (item_path(item.id)) "/fields" } data-key="fields" {
                    input type="hidden" name="version" value=(item.version);
                    @for field in editable {
                        @let typed = failed.and_then(|failed| failed.form.get(&format!("field.{field}")));
                        div.field {
                            label {
                                span { (label(visitor, field)) }
                                (input(visitor, field, item.field(field).as_ref(), typed))
                            }
                            (wrong(words, problem, field))
                        }
                    }
                    button.primary { (words.t("item-save")) }
                }
                form.row.assign method="post" action={ (item_path(item.id)) "/assign" } {
                    input type="hidden" name="version" value=(item.version);
                    label {
                        span { (words.t("field-assignee")) }
                        select name="employee" {
                            @if item.assignee.is_none() { option value="" { (words.t("board-nobody")) } }
                            @for known in visitor.directory.employees.values() {
                                @if known.is_active || Some(known.id) == item.assignee {
                                    option value=(known.id) selected[Some(known.id) == item.assignee] { (known.name) }
                                }
                            }
                        }
                    }
                    button { (words.t("item-assign")) }
                }
            } @else {
                dl.pairs {
                    @for field in editable {
                        @if let Some(value) = item.field(field) { dt { (label(visitor, field)) } dd { (value) } }
                    }
                    dt { (words.t("field-assignee")) }
                    dd { (item.assignee.map_or_else(|| words.t("board-nobody").into_owned(), |id| person(&visitor.directory, id))) }
                }
            }
            p.quiet { (words.t("field-created-at")) ": " (instant(item.created_at, visitor)) }
        }
    }
}

/// What is wrong, above a form.
fn summary(words: Words, problem: Option<&ProblemBody>) -> Markup {
    html! { @if let Some(problem) = problem { p.notice.notice-bad role="alert" { (words.say(&problem.detail)) } } }
}

async fn save(
    kind: ItemKind,
    visitor: Allowed<Work>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    let id = ItemId { kind, number };
    let asked = async {
        let patch = patch_of(&visitor, &form)?;
        let path = format!("/items/{id}");
        visitor
            .ask(Ask::patch(&path, patch).seen(form.number("version")?))
            .await
    };
    match asked.await {
        Ok(_) => Ok(Redirect::to(&item_path(id)).into_response()),
        Err(Refused(problem)) => refuse(&visitor, id, "fields", &form, &problem).await,
    }
}

async fn assign(
    kind: ItemKind,
    visitor: Allowed<Work>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    let id = ItemId { kind, number };
    let asked = async {
        let path = format!("/items/{id}/assign");
        let body = json!({ "employee": form.get("employee").unwrap_or_default() });
        visitor
            .ask(Ask::post(&path, body).seen(form.number("version")?))
            .await
    };
    match asked.await {
        Ok(_) => Ok(Redirect::to(&item_path(id)).into_response()),
        Err(Refused(problem)) => refuse(&visitor, id, "fields", &form, &problem).await,
    }
}
