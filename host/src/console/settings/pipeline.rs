//! One pipeline: its titles, its stages with what they ask for, and their order.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use serde_json::{Value, json};
use signalbox_crm::ids::{PipelineId, StageId};
use signalbox_crm::pipeline::{CORE_FIELDS, Pipeline, Stage};

use super::pipelines::{STAGE_KINDS, pipeline_path, title_inputs, titles_of};
use super::{notice, tabs};
use crate::console::Console;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::item_fields::label;
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::console::words::Words;
use crate::engine::changes::Topic;
use crate::http::caller::Configure;
use crate::http::problem::{Problem, ProblemBody};
use crate::setup::stages::key_of;

/// Fields of the core that somebody fills in: a stage can ask for them.
const ASKED_FOR: [&str; 4] = ["amount", "assignee", "contact", "source"];

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/settings/pipelines/{number}", get(one).post(change))
        .route("/settings/pipelines/{number}/stages", post(add_stage))
        .route("/settings/pipelines/{number}/stages/{stage}", post(change_stage))
}

async fn one(visitor: Allowed<Configure>, Path(number): Path<i64>) -> Result<Response, Problem> {
    Ok(draw(&visitor, PipelineId(number), None)?.into_response())
}

/// A form of the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    About,
    NewStage,
    Stage(StageId),
}

/// A form that was refused: it shows what was typed.
#[derive(Clone, Copy)]
struct Typed<'f> {
    part: Part,
    form: &'f Form,
    problem: &'f ProblemBody,
}

/// What one form shows: what was typed when it was refused, else what is stored.
#[derive(Clone, Copy)]
struct Shown<'f>(Option<Typed<'f>>);

impl<'f> Shown<'f> {
    fn new(typed: Option<Typed<'f>>, part: Part) -> Self {
        Shown(typed.filter(|typed| typed.part == part))
    }

    fn text<'t>(self, name: &str, stored: &'t str) -> &'t str
    where
        'f: 't,
    {
        match self.0 {
            Some(typed) => typed.form.get(name).unwrap_or_default(),
            None => stored,
        }
    }

    fn is_checked(self, name: &str, value: &str, stored: bool) -> bool {
        match self.0 {
            Some(typed) => typed.form.all(name).any(|checked| checked == value),
            None => stored,
        }
    }

    fn notice(self, words: Words) -> Markup {
        notice(words, self.0.map(|typed| typed.problem))
    }
}

/// Back to the page, or the page with what was refused.
fn answer(
    visitor: &Visitor,
    id: PipelineId,
    (part, form): (Part, &Form),
    asked: Result<Value, Refused>,
) -> Result<Response, Problem> {
    match asked {
        Ok(_) => Ok(Redirect::to(&pipeline_path(id)).into_response()),
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let typed = Typed {
                part,
                form,
                problem: &problem,
            };
            Ok((status, draw(visitor, id, Some(typed))?).into_response())
        }
    }
}

async fn change(
    visitor: Allowed<Configure>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    let id = PipelineId(number);
    let asked = async {
        let days = form.filled("days");
        let days = days.map(|_| form.number("days")).transpose()?;
        let body = json!({"title": titles_of(&form), "activity_working_days_max": days});
        let path = format!("/pipelines/{id}");
        visitor
            .ask(Ask::patch(&path, body).seen(form.number("version")?))
            .await
    };
    answer(&visitor, id, (Part::About, &form), asked.await)
}

async fn add_stage(
    visitor: Allowed<Configure>,
    Path(number): Path<i64>,
    form: Form,
) -> Result<Response, Problem> {
    let id = PipelineId(number);
    let stages = visitor.directory.stages_of(id);
    let title = titles_of(&form);
    let else_key = format!("stage-{}", stages.len() + 1);
    let key = key_of(&title, &else_key, |key| {
        stages.iter().any(|stage| stage.key == key)
    });
    let body = json!({"key": key, "title": title, "kind": form.get("kind").unwrap_or_default()});
    let asked = visitor
        .ask(Ask::post(&format!("/pipelines/{id}/stages"), body))
        .await;
    answer(&visitor, id, (Part::NewStage, &form), asked)
}

async fn change_stage(
    visitor: Allowed<Configure>,
    Path((number, stage)): Path<(i64, i64)>,
    form: Form,
) -> Result<Response, Problem> {
    let (id, stage) = (PipelineId(number), StageId(stage));
    let asked = match form.get("do") {
        Some("up") => swap(&visitor, id, stage, -1).await,
        Some("down") => swap(&visitor, id, stage, 1).await,
        _ => save(&visitor, stage, &form).await,
    };
    answer(&visitor, id, (Part::Stage(stage), &form), asked)
}

async fn save(visitor: &Visitor, stage: StageId, form: &Form) -> Result<Value, Refused> {
    let body = json!({
        "title": titles_of(form),
        "kind": form.get("kind").unwrap_or_default(),
        "required_fields": form.all("required").collect::<Vec<_>>(),
        "requires_reason": form.get("kind") == Some("lost") && form.get("requires_reason") == Some("on"),
    });
    let path = format!("/stages/{stage}");
    visitor
        .ask(Ask::patch(&path, body).seen(form.number("version")?))
        .await
}

/// Moves a stage one place to the left or right. Stages have numbers from the left; those of the two change places.
async fn swap(visitor: &Visitor, id: PipelineId, stage: StageId, step: isize) -> Result<Value, Refused> {
    let stages = visitor.directory.stages_of(id);
    let at = stages.iter().position(|one| one.id == stage);
    let other = at.and_then(|at| at.checked_add_signed(step));
    let (Some(at), Some(other)) = (at, other.filter(|other| *other < stages.len())) else {
        return Ok(Value::Null);
    };
    let mut numbers: Vec<i32> = stages.iter().map(|one| one.sort).collect();
    if !numbers.is_sorted_by(|one, next| one < next) {
        numbers = (1_i32..).take(stages.len()).map(|place| place * 10).collect();
    }
    let mut order: Vec<&Arc<Stage>> = stages.to_vec();
    order.swap(at, other);
    for (one, number) in order.into_iter().zip(numbers) {
        if one.sort != number {
            let path = format!("/stages/{}", one.id);
            visitor
                .ask(Ask::patch(&path, json!({ "sort": number })).seen(one.version))
                .await?;
        }
    }
    Ok(Value::Null)
}

fn draw<'v>(visitor: &'v Visitor, id: PipelineId, typed: Option<Typed>) -> Result<Page<'v>, Problem> {
    let words = visitor.words;
    let pipeline = visitor.directory.pipeline(id)?;
    let stages = visitor.directory.stages_of(id);
    let path = pipeline_path(id);
    let body = html! {
        (tabs(visitor, "pipelines"))
        h2 { (words.of(&pipeline.title)) " " code.quiet { (pipeline.key) } }
        div.columns {
            (about(visitor, pipeline, Shown::new(typed, Part::About)))
            (new_stage(visitor, &path, Shown::new(typed, Part::NewStage)))
        }
        h2 { (words.t("pipelines-stages")) }
        ol.stages role="list" { @for (place, stage) in stages.iter().enumerate() {
            @let shown = Shown::new(typed, Part::Stage(stage.id));
            li.panel data-key=(stage.id) { (stage_form(visitor, stage, (place == 0, place + 1 == stages.len()), shown)) }
        } }
    };
    Ok(
        Page::new(visitor, Section::Settings, words.of(&pipeline.title).to_owned())
            .watches([Topic::SetUp])
            .body(body),
    )
}

fn about(visitor: &Visitor, pipeline: &Pipeline, shown: Shown) -> Markup {
    let words = visitor.words;
    let days = pipeline.activity_working_days_max.map(|days| days.to_string());
    html! {
        section.panel {
            h3 { (words.t("pipelines-about")) }
            (shown.notice(words))
            form.stack method="post" action=(pipeline_path(pipeline.id)) {
                input type="hidden" name="version" value=(pipeline.version);
                (title_inputs(visitor, shown.text("ru", &pipeline.title.ru), shown.text("en", &pipeline.title.en)))
                label { span { (words.t("pipelines-days")) }
                    input type="number" name="days" min="1" max="366" value=(shown.text("days", days.as_deref().unwrap_or_default()));
                }
                button.primary { (words.t("item-save")) }
            }
        }
    }
}

fn new_stage(visitor: &Visitor, path: &str, shown: Shown) -> Markup {
    let words = visitor.words;
    html! {
        section.panel {
            h3 { (words.t("stage-new")) }
            (shown.notice(words))
            form.stack method="post" action={ (path) "/stages" } {
                (title_inputs(visitor, shown.text("ru", ""), shown.text("en", "")))
                (kinds(visitor, shown.text("kind", "open")))
                button { (words.t("stage-new-go")) }
            }
        }
    }
}

fn kinds(visitor: &Visitor, chosen: &str) -> Markup {
    let words = visitor.words;
    html! {
        label { span { (words.t("stage-kind")) }
            select name="kind" { @for (_, kind) in STAGE_KINDS {
                option value=(kind) selected[kind == chosen] { (words.t(&format!("stage-kind-{kind}"))) }
            } }
        }
    }
}

/// The form of a stage; `ends` says whether it is the first and the last one.
fn stage_form(visitor: &Visitor, stage: &Stage, ends: (bool, bool), shown: Shown) -> Markup {
    let words = visitor.words;
    let named = |key: &str| words.f(key, &[("title", words.of(&stage.title).into())]);
    let kind = STAGE_KINDS.iter().find(|(kind, _)| *kind == stage.kind);
    let stored_kind = kind.map_or("open", |(_, word)| *word);
    let kind = shown.text("kind", stored_kind);
    let own = visitor.directory.fields.keys().map(String::as_str);
    // What the API has set stays, even if it is nothing that people fill in.
    let asked = |field: &str| stage.required_fields.iter().any(|one| one == field);
    let core = CORE_FIELDS
        .into_iter()
        .filter(|field| ASKED_FOR.contains(field) || asked(field));
    html! {
        (shown.notice(words))
        form.stack method="post" action={ (pipeline_path(stage.pipeline)) "/stages/" (stage.id.0) } aria-label=(words.of(&stage.title)) {
            input type="hidden" name="version" value=(stage.version);
            div.row {
                (title_inputs(visitor, shown.text("ru", &stage.title.ru), shown.text("en", &stage.title.en)))
                (kinds(visitor, kind))
                code.quiet { (stage.key) }
            }
            details data-key={ "asks-" (stage.id) } {
                summary { (words.n("stage-asks", i64::try_from(stage.required_fields.len()).unwrap_or(i64::MAX))) }
                div.row { @for field in core.chain(own) {
                    label { input type="checkbox" name="required" value=(field) checked[shown.is_checked("required", field, asked(field))]; " " (label(visitor, field)) }
                } }
                @if kind == "lost" {
                    label { input type="checkbox" name="requires_reason" checked[shown.is_checked("requires_reason", "on", stage.requires_reason)]; " " (words.t("stage-reason")) }
                }
            }
            div.row {
                button.primary aria-label=(named("stage-save-named")) { (words.t("item-save")) }
                button name="do" value="up" disabled[ends.0] aria-label=(named("entry-up")) { span aria-hidden="true" { "\u{2191}" } }
                button name="do" value="down" disabled[ends.1] aria-label=(named("entry-down")) { span aria-hidden="true" { "\u{2193}" } }
            }
        }
    }
}
