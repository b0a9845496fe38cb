//! The board of a pipeline: stages as columns, items as cards.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde_json::json;
use signalbox_crm::ids::ItemKind;
use signalbox_crm::pipeline::{Pipeline, Stage};
use signalbox_db::{ColumnSum, Due, DueCount, ItemFilter, ItemPage};

use self::card::{Beside, card};
use self::filter::{Asked, filter_bar};
use super::Console;
use super::asking::{Ask, Refused};
use super::form::Form;
use super::format::{item_path, money};
use super::page::{Page, Section};
use super::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::{Configure, ReadClients, Work};
use crate::http::problem::Problem;

mod bulk;
mod card;
mod filter;
mod list;
mod moving;

pub(super) use moving::find;

/// Cards of a column; the list has the rest.
const CARDS_MAX: u32 = 30;

pub(super) fn routes() -> Router<Arc<Console>> {
    let mut router = Router::new();
    for kind in [ItemKind::Deal, ItemKind::Lead] {
        let base = section_path(kind);
        router = router
            .route(base, get(move |visitor, query| board(kind, visitor, query)))
            .route(
                &format!("{base}/new"),
                post(move |visitor, form| create(kind, visitor, form)),
            )
            .route(
                &format!("{base}/bulk"),
                post(move |visitor, form| bulk::change(kind, visitor, form)),
            )
            .route(
                &format!("{base}/{{number}}/move"),
                get(move |visitor, path: Path<i64>, form| moving::ask(kind, visitor, path, form))
                    .post(move |visitor, path: Path<i64>, form| moving::go(kind, visitor, path, form)),
            );
    }
    router
}

/// Where the boards of a kind are.
pub(super) fn section_path(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Deal => "/deals",
        ItemKind::Lead => "/leads",
    }
}

/// What a column shows beside its cards.
struct Column<'a> {
    stage: &'a Arc<Stage>,
    sums: Vec<&'a ColumnSum>,
    dues: Vec<&'a DueCount>,
    cards: Vec<Markup>,
}

impl Column<'_> {
    fn count(&self) -> i64 {
        self.sums.iter().map(|sum| sum.count).sum()
    }
}

async fn board(
    kind: ItemKind,
    visitor: Allowed<ReadClients>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let Some(pipeline) = asked.pipeline(&visitor, kind)? else {
        return Ok(no_pipeline(&visitor, kind));
    };
    if asked.is_list() {
        return list::list(&visitor, &pipeline, &asked).await;
    }
    let filter = asked.filter(&visitor, &pipeline)?;
    let db = &visitor.console.app.core.db;
    let (now, tomorrow) = (visitor.now, visitor.tomorrow());
    let sums = db.column_sums(&filter).await?;
    let dues = db.due_counts(&filter, now, tomorrow).await?;
    let stages = visitor.directory.stages_of(pipeline.id);
    let mut columns = Vec::with_capacity(stages.len());
    for stage in &stages {
        let filter = ItemFilter {
            stage: Some(stage.id),
            ..filter.clone()
        };
        columns.push(db.items(&filter, ItemPage::Raised(None), CARDS_MAX).await?);
    }
    let beside = Beside::of(&visitor, columns.iter().flatten()).await?;
    let columns = stages.iter().zip(&columns).map(|(stage, items)| Column {
        stage,
        sums: sums.iter().filter(|sum| sum.stage == stage.id).collect(),
        dues: dues.iter().filter(|due| due.stage == stage.id).collect(),
        cards: items.iter().map(|item| card(&visitor, item, &beside)).collect(),
    });
    let columns: Vec<Column<'_>> = columns.collect();
    let title = visitor.words.of(&pipeline.title).to_owned();
    let topics = stages.iter().map(|stage| Topic::Stage(stage.id));
    let topics = topics.chain([Topic::Activities, Topic::Runs, Topic::SetUp]);
    let body = html! {
        (filter_bar(&visitor, &pipeline, &asked))
        (bulk::bar(&visitor, &pipeline))
        div.board #board data-base=(section_path(kind))
            data-lifted=(visitor.words.t("board-lifted")) data-place=(visitor.words.t("board-place"))
            data-dropped=(visitor.words.t("board-dropped")) data-cancelled=(visitor.words.t("board-cancelled")) {
            @for column in &columns { (draw(&visitor, &pipeline, &asked, column)) }
        }
        dialog #refusal aria-labelledby="refusal-title" {}
    };
    Ok(Page::new(&visitor, Section::Items(kind), title)
        .watches(topics)
        .with(Some("board"), Some("board"))
        .wide()
        .body(body)
        .into_response())
}

fn draw(visitor: &Visitor, pipeline: &Pipeline, asked: &Asked, column: &Column<'_>) -> Markup {
    let (words, stage) = (visitor.words, column.stage);
    let count = column.count();
    let shown = i64::try_from(column.cards.len()).unwrap_or(i64::MAX);
    let title = words.of(&stage.title);
    let sums: Vec<String> = column
        .sums
        .iter()
        .filter_map(|sum| sum.sum.as_ref())
        .map(|sum| money(sum, words.0))
        .collect();
    html! {
        section.column data-key=(stage.id) data-stage=(stage.id) data-kind=(kind_word(stage)) aria-label=(title) {
            header {
                h2 { (title) }
                p.quiet {
                    span.count { (words.n(count_key(pipeline.item_kind), count)) }
                    @for sum in &sums { " " span.sum { (sum) } }
                }
                (due_bar(visitor, asked, column))
            }
            @if visitor.may::<Work>() {
                details.create {
                    summary { (words.t("board-create")) }
                    form method="post" action={ (section_path(pipeline.item_kind)) "/new" } {
                        input type="hidden" name="pipeline" value=(pipeline.id);
                        input type="hidden" name="stage" value=(stage.id);
                        input type="hidden" name="back" value=(visitor.at);
                        input name="title" required maxlength="200" aria-label=(words.t("field-title"));
                        button.primary { (words.t("board-create-go")) }
                    }
                }
            }
            ol.cards role="list" {
                @for card in &column.cards { (card) }
            }
            @if count == 0 { p.empty { (words.t("board-column-empty")) } }
            @if count > shown {
                p.more {
                    a href=(asked.link(&[("view", "list"), ("stage", &stage.id.to_string())])) {
                        (words.n("board-more", count - shown))
                    }
                }
            }
        }
    }
}

fn kind_word(stage: &Stage) -> &'static str {
    use signalbox_crm::pipeline::StageKind;
    match stage.kind {
        StageKind::Open => "open",
        StageKind::Won => "won",
        StageKind::Lost => "lost",
    }
}

/// The key of the text that counts items of a kind.
pub(super) fn count_key(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Deal => "count-deals",
        ItemKind::Lead => "count-leads",
    }
}

/// How the items of a column stand with their next activity; each part filters the board.
fn due_bar(visitor: &Visitor, asked: &Asked, column: &Column<'_>) -> Markup {
    let words = visitor.words;
    let of = |due: Due| {
        column
            .dues
            .iter()
            .find(|count| count.due == due)
            .map_or(0, |count| count.count)
    };
    let planned: i64 = column.dues.iter().map(|count| count.count).sum();
    let parts = [
        ("overdue", of(Due::Overdue)),
        ("today", of(Due::Today)),
        ("planned", of(Due::Planned)),
        ("none", column.count() - planned),
    ];
    html! {
        ul.due-bar {
            @for (word, count) in parts {
                @if count > 0 {
                    li class=(word) {
                        a href=(asked.link(&[("due", word)])) title=(words.n(&format!("due-{word}"), count)) {
                            span aria-hidden="true" { (count) }
                            span.sr { (words.n(&format!("due-{word}"), count)) }
                        }
                    }
                }
            }
        }
    }
}

fn no_pipeline(visitor: &Visitor, kind: ItemKind) -> Response {
    let words = visitor.words;
    let body = html! {
        section.panel.empty {
            h1 { (words.t("board-no-pipeline")) }
            p { (words.t("board-no-pipeline-next")) }
            @if visitor.may::<Configure>() {
                p { a.button.primary href={ "/settings/pipelines?kind=" (kind.as_str()) "#new" } { (words.t("board-no-pipeline-go")) } }
            }
        }
    };
    let title = words.t(match kind {
        ItemKind::Deal => "nav-deals",
        ItemKind::Lead => "nav-leads",
    });
    Page::new(visitor, Section::Items(kind), title)
        .watches([Topic::SetUp])
        .body(body)
        .into_response()
}

async fn create(kind: ItemKind, visitor: Allowed<Work>, form: Form) -> Result<Response, Refused> {
    let mut new = json!({
        "pipeline": form.get("pipeline").unwrap_or_default(),
        "title": form.get("title").unwrap_or_default(),
        "assignee": visitor.me.id,
    });
    if let Some(stage) = form.filled("stage") {
        new["stage"] = stage.into();
    }
    let made = visitor.ask(Ask::post("/items", new)).await?;
    let path = made["id"].as_str().and_then(|id| id.parse().ok()).map(item_path);
    let back = form.own_path("back").map(str::to_owned).or(path);
    Ok(Redirect::to(back.as_deref().unwrap_or(section_path(kind))).into_response())
}
