//! The page: stages as columns, triggers above them, and beside them what belongs to no stage.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::Value;
use signalbox_crm::attachment::Moment;
use signalbox_crm::automation::AutomationId;
use signalbox_crm::ids::StageId;
use signalbox_crm::pipeline::StageKind;

use super::card::card;
use super::counts::{Shown, counts};
use super::publishing::{bar, told};
use super::{chosen, draft_of, path_of, title_of};
use crate::automation::{DraftView, EntryView};
use crate::console::board::section_path;
use crate::console::form::Form;
use crate::console::page::{Page, Section};
use crate::console::runs::list;
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::{Configure, Read};
use crate::http::problem::{Problem, ProblemBody};

pub(super) async fn page(
    visitor: Allowed<Read>,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Problem> {
    let id = chosen(&visitor, &id)?;
    let draft = draft_of(&visitor, id)?;
    Ok(draw(&visitor, &draft, &said(&visitor, &form))
        .await?
        .into_response())
}

/// What the person's last step has done, as the address says.
fn said(visitor: &Visitor, form: &Form) -> Markup {
    let key = match form.get("done") {
        Some("published") => "draft-published",
        Some("discarded") => "draft-discarded",
        Some("rebased") => "draft-rebased",
        Some("saved") => "draft-saved",
        Some("restored") => "history-restored",
        Some("started") => "here-started",
        _ => return html! {},
    };
    html! { div.notice.notice-good role="status" { (visitor.words.t(key)) } }
}

/// The page with what the person should know after a change of the draft; none when there is nothing.
pub(super) async fn noted(
    visitor: &Visitor,
    id: AutomationId,
    answer: &Value,
) -> Result<Option<Response>, Problem> {
    let notes = list(&answer["notes"]);
    if notes.is_empty() {
        return Ok(None);
    }
    let notice = html! {
        div.notice.notice-warn role="status" {
            p { (visitor.words.t("automation-notes")) }
            ul { @for note in notes { li { (note.as_str().unwrap_or_default()) } } }
        }
    };
    let page = draw(visitor, &draft_of(visitor, id)?, &notice).await?;
    Ok(Some(page.into_response()))
}

/// The page again, with what the API has refused.
pub(super) async fn again(
    visitor: &Visitor,
    id: AutomationId,
    problem: &ProblemBody,
) -> Result<Response, Problem> {
    let draft = draft_of(visitor, id)?;
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let notice = html! {
        div.notice.notice-bad role="alert" { p { (told(visitor, problem)) } }
    };
    Ok((status, draw(visitor, &draft, &notice).await?).into_response())
}

/// The page with a notice on top.
pub(super) async fn draw<'v>(
    visitor: &'v Visitor,
    draft: &DraftView,
    notice: &Markup,
) -> Result<Page<'v>, Problem> {
    let draft = &Shown {
        counts: counts(visitor, draft).await?,
        draft,
    };
    let (words, id) = (visitor.words, draft.automation);
    let title = words.f("automation-title", &[("name", title_of(visitor, id).into())]);
    let body = html! {
        header.row.spread {
            h1 { (title) }
            nav.row aria-label=(words.t("automation-more")) {
                (others(visitor, id))
                @if visitor.may::<Configure>() { a.button.primary href={ (path_of(id)) "/add" } { (words.t("automation-add")) } }
            }
        }
        (notice)
        (bar(visitor, draft))
        (beside(visitor, draft))
        @if let AutomationId::Pipeline(pipeline) = id {
            div.designer data-version=(draft.version) data-lifted=(words.t("designer-lifted")) data-place=(words.t("board-place"))
                data-dropped=(words.t("designer-dropped")) data-cancelled=(words.t("designer-cancelled")) {
                @for stage in visitor.directory.stages_of(pipeline) {
                    section.column data-key=(stage.id) data-stage=(stage.id) data-kind=(kind_word(stage.kind))
                        aria-label=(words.of(&stage.title)) {
                        h2 { (words.of(&stage.title)) }
                        (column(visitor, draft, stage.id))
                    }
                }
            }
        }
        (copying(visitor, draft))
        details.panel {
            summary { (words.t("automation-rules")) }
            ul {
                @for key in ["rule-already-there", "rule-leaving", "rule-at-once", "rule-timing"] { li { (words.t(key)) } }
            }
        }
    };
    Ok(Page::new(visitor, Section::Automation, title.clone())
        .watches([Topic::SetUp, Topic::Runs])
        .with(Some("automation"), Some("automation"))
        .wide()
        .body(body))
}

fn kind_word(kind: StageKind) -> &'static str {
    match kind {
        StageKind::Open => "open",
        StageKind::Won => "won",
        StageKind::Lost => "lost",
    }
}

/// Other automations: a pipeline is changed by a link, and all of them are on the list.
fn others(visitor: &Visitor, id: AutomationId) -> Markup {
    html! {
        a.button href={ (path_of(id)) "/history" } { (visitor.words.t("history-link")) }
        a.button href="/automation" { (visitor.words.t("automation-all-pipelines")) }
        @if let AutomationId::Pipeline(pipeline) = id {
            @if let Some(pipeline) = visitor.directory.pipelines.get(&pipeline) {
                a.button href={ (section_path(pipeline.item_kind)) "?pipeline=" (pipeline.id) } {
                    (visitor.words.t("automation-board"))
                }
                a.button href={ "/api/v1/setup/export?pipeline=" (pipeline.id) } download={ (pipeline.key) ".toml" } {
                    (visitor.words.t("automation-file"))
                }
            }
        }
    }
}

/// The stage to which a trigger belongs.
fn trigger_stage(entry: &EntryView) -> Option<StageId> {
    match &entry.attachment.moment {
        Moment::Event { stage, .. } => *stage,
        Moment::Stage { .. } | Moment::Schedule { .. } | Moment::Manual => None,
    }
}

fn column(visitor: &Visitor, draft: &Shown<'_>, stage: StageId) -> Markup {
    let words = visitor.words;
    let triggers: Vec<&EntryView> = draft
        .entries
        .iter()
        .filter(|entry| trigger_stage(entry) == Some(stage))
        .collect();
    let own = stage.to_string();
    let robots: Vec<&EntryView> = draft.entries.iter().filter(|entry| entry.column == own).collect();
    let add = format!("{}/add?stage={own}", path_of(draft.automation));
    html! {
        @if !triggers.is_empty() {
            h3 { (words.t("automation-triggers")) }
            ol.robots.triggers role="list" { @for entry in &triggers { (card(visitor, draft, entry)) } }
            h3 { (words.t("automation-robots")) }
        }
        ol.robots role="list" { @for entry in &robots { (card(visitor, draft, entry)) } }
        @if robots.is_empty() { p.empty { (words.t("automation-no-robots")) } }
        @if visitor.may::<Configure>() {
            p { a href=(add) { (words.t("automation-add-here")) } }
            p { a.quiet href={ (add) "&when=event" } { (words.t("automation-add-trigger")) } }
        }
    }
}

/// What belongs to the pipeline as a whole: triggers of any stage, schedules, robots that start by hand.
fn beside(visitor: &Visitor, draft: &Shown<'_>) -> Markup {
    let words = visitor.words;
    let lists = [
        ("events", "automation-triggers-any"),
        ("schedules", "automation-schedules"),
        ("manual", "automation-manual"),
    ];
    let of = |column: &str| -> Vec<&EntryView> {
        let own = draft.entries.iter().filter(|entry| entry.column == column);
        own.filter(|entry| trigger_stage(entry).is_none()).collect()
    };
    let is_general = draft.automation == AutomationId::General;
    html! {
        div.beside {
            @for (column, key) in lists {
                @let entries = of(column);
                @if is_general || !entries.is_empty() {
                    section.column data-key=(column) {
                        h2 { (words.t(key)) }
                        ol.robots role="list" { @for entry in &entries { (card(visitor, draft, entry)) } }
                        @if entries.is_empty() { p.empty { (words.t("automation-no-robots")) } }
                        @if visitor.may::<Configure>() && is_general {
                            p { a href={ (path_of(draft.automation)) "/add?when=" (when_word(column)) } { (words.t("automation-add-here")) } }
                        }
                    }
                }
            }
        }
    }
}

fn when_word(column: &str) -> &'static str {
    match column {
        "events" => "event",
        "schedules" => "schedule",
        _ => "manual",
    }
}

/// "Copy all from another pipeline".
fn copying(visitor: &Visitor, draft: &DraftView) -> Markup {
    let words = visitor.words;
    let others = visitor
        .directory
        .pipelines
        .keys()
        .copied()
        .map(AutomationId::Pipeline);
    let others: Vec<AutomationId> = others.filter(|other| *other != draft.automation).collect();
    if others.is_empty() || !visitor.may::<Configure>() || draft.automation == AutomationId::General {
        return html! {};
    }
    html! {
        details.panel {
            summary { (words.t("automation-copy-from")) }
            p.quiet { (words.t("automation-copy-from-help")) }
            form.row method="post" action={ (path_of(draft.automation)) "/edit" } {
                input type="hidden" name="version" value=(draft.version);
                label {
                    span { (words.t("field-pipeline")) }
                    select name="from" {
                        @for other in &others { option value=(other) { (title_of(visitor, *other)) } }
                    }
                }
                button name="do" value="copy-from" { (words.t("automation-copy-from-go")) }
            }
        }
    }
}
