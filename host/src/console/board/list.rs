//! The board as a list, in pages.

use axum::response::{IntoResponse, Response};
use maud::html;
use signalbox_crm::pipeline::Pipeline;
use signalbox_db::ItemPage;

use super::card::{Beside, due_chip};
use super::filter::{Asked as Filter, filter_bar};
use super::{bulk, count_key};
use crate::console::format::{instant, item_path, money, person};
use crate::console::page::{Page, Section};
use crate::console::paging::{Paged, after, fetch, pager};
use crate::console::visitor::Visitor;
use crate::engine::changes::Topic;
use crate::http::caller::Work;
use crate::http::problem::Problem;

/// Rows of a page.
const ROWS: usize = 50;
/// What its cursors are for.
const LIST: &str = "console-items";

pub(super) async fn list(
    visitor: &Visitor,
    pipeline: &Pipeline,
    asked: &Filter,
) -> Result<Response, Problem> {
    let words = visitor.words;
    let filter = asked.filter(visitor, pipeline)?;
    let db = &visitor.console.app.core.db;
    let after = after(LIST, asked.after.as_deref())?;
    let items = db.items(&filter, ItemPage::Raised(after), fetch(ROWS)).await?;
    let Paged { rows: items, next } = Paged::of(LIST, ROWS, items, |last| (last.raised_at, last.id.number));
    let first = after.is_some().then(|| asked.link(&[]));
    let next = next.map(|next| asked.link(&[("after", &next)]));
    let count = db.item_count(&filter).await?;
    let beside = Beside::of(visitor, items.iter()).await?;
    let body = html! {
        (filter_bar(visitor, pipeline, asked))
        (bulk::bar(visitor, pipeline))
        p.quiet { (words.n(count_key(pipeline.item_kind), count)) }
        @if items.is_empty() { p.empty.panel { (words.t("list-empty")) } }
        @else {
            div.scroll { table #board {
                thead { tr {
                    @if visitor.may::<Work>() { th { span.sr { (words.t("board-chosen")) } } }
                    th { (words.t("field-title")) }
                    th { (words.t("field-stage")) }
                    th { (words.t("field-contact")) }
                    th.number { (words.t("field-amount")) }
                    th { (words.t("field-assignee")) }
                    th { (words.t("board-due")) }
                    th { (words.t("field-created-at")) }
                } }
                tbody {
                    @for item in &items {
                        tr data-key=(item.id) {
                            @if visitor.may::<Work>() {
                                td { input type="checkbox" form="bulk" name="item" value={ (item.id) "/" (item.version) }
                                    aria-label=(words.f("board-choose", &[("title", item.title.as_str().into())])); }
                            }
                            td { a href=(item_path(item.id)) { (item.title) } }
                            td { @if let Some(stage) = visitor.directory.stages.get(&item.stage) { (words.of(&stage.title)) } }
                            td { (beside.client(item).unwrap_or_default()) }
                            td.number { @if let Some(amount) = &item.amount { (money(amount, words.0)) } }
                            td { @if let Some(id) = item.assignee { (person(&visitor.directory, id)) } }
                            td { (due_chip(visitor, beside.due(item))) }
                            td { (instant(item.created_at, visitor)) }
                        }
                    }
                }
            } }
        }
        (pager(words, first.as_deref(), next.as_deref()))
    };
    let topics = visitor.directory.stages_of(pipeline.id);
    let topics = topics
        .iter()
        .map(|stage| Topic::Stage(stage.id))
        .chain([Topic::Activities]);
    let title = words.of(&pipeline.title).to_owned();
    Ok(Page::new(visitor, Section::Items(pipeline.item_kind), title)
        .watches(topics)
        .with(Some("board"), Some("board"))
        .wide()
        .body(body)
        .into_response())
}
