//! Custom fields of leads and deals.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::html;
use serde_json::json;
use signalbox_crm::pipeline::FieldType;

use super::pipelines::{title_inputs, titles_of};
use super::{notice, tabs};
use crate::console::Console;
use crate::console::asking::{Ask, Refused};
use crate::console::form::Form;
use crate::console::page::{Page, Section};
use crate::console::visitor::{Allowed, Visitor};
use crate::engine::changes::Topic;
use crate::http::caller::Configure;
use crate::http::problem::ProblemBody;
use crate::setup::stages::key_of;

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/settings/fields", get(list).post(create))
}

/// The word of the API for a type.
fn word(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "text",
        FieldType::Number => "number",
        FieldType::Flag => "flag",
        FieldType::Instant => "instant",
        FieldType::Money => "money",
        FieldType::Select => "select",
        FieldType::File => "file",
        FieldType::Many => "many",
    }
}

const TYPES: [FieldType; 8] = [
    FieldType::Text,
    FieldType::Number,
    FieldType::Flag,
    FieldType::Instant,
    FieldType::Money,
    FieldType::Select,
    FieldType::File,
    FieldType::Many,
];

async fn list(visitor: Allowed<Configure>) -> Response {
    draw(&visitor, None).into_response()
}

async fn create(visitor: Allowed<Configure>, form: Form) -> Response {
    let title = titles_of(&form);
    let is_taken = |key: &str| visitor.directory.fields.contains_key(key);
    let key = form.filled("key").map(str::to_owned);
    let options = form.get("options").unwrap_or_default().lines().map(str::trim);
    let body = json!({
        "key": key.unwrap_or_else(|| key_of(&title, "field", is_taken)),
        "title": title,
        "field_type": form.get("type").unwrap_or_default(),
        "options": options.filter(|option| !option.is_empty()).collect::<Vec<_>>(),
    });
    match visitor.ask(Ask::post("/fields", body)).await {
        Ok(_) => Redirect::to("/settings/fields").into_response(),
        Err(Refused(problem)) => {
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            (status, draw(&visitor, Some((&form, &problem)))).into_response()
        }
    }
}

fn draw<'v>(visitor: &'v Visitor, failed: Option<(&Form, &ProblemBody)>) -> Page<'v> {
    let words = visitor.words;
    let fields = &visitor.directory.fields;
    let typed = |name: &str| failed.and_then(|(form, _)| form.get(name)).unwrap_or_default();
    let body = html! {
        (tabs(visitor, "fields"))
        p.quiet { (words.t("fields-about")) }
        @if fields.is_empty() { p.panel.empty { (words.t("list-empty")) } }
        @else { div.scroll { table {
            caption.sr { (words.t("settings-fields")) }
            thead { tr {
                th scope="col" { (words.t("setup-title")) } th scope="col" { (words.t("setup-key")) }
                th scope="col" { (words.t("fields-type")) } th scope="col" { (words.t("fields-options")) }
            } }
            tbody { @for field in fields.values() {
                tr data-key=(field.key) {
                    td { (words.of(&field.title)) }
                    td { code { (field.key) } }
                    td { (words.t(&format!("fields-type-{}", word(field.field_type)))) }
                    td { (field.options.join(", ")) }
                }
            } }
        } } }
        section.panel {
            h2 { (words.t("fields-new")) }
            (notice(words, failed.map(|(_, problem)| problem)))
            form.stack method="post" action="/settings/fields" {
                (title_inputs(visitor, typed("ru"), typed("en")))
                label { span { (words.t("setup-key-made")) } input name="key" value=(typed("key")) pattern="[a-z0-9-]*" maxlength="64"; }
                label { span { (words.t("fields-type")) }
                    select name="type" { @for one in TYPES {
                        option value=(word(one)) selected[word(one) == typed("type")] { (words.t(&format!("fields-type-{}", word(one)))) }
                    } }
                }
                label { span { (words.t("fields-options-lines")) } textarea name="options" rows="3" { (typed("options")) } }
                button.primary { (words.t("fields-new-go")) }
            }
        }
    };
    Page::new(visitor, Section::Settings, words.t("settings-fields"))
        .watches([Topic::SetUp])
        .body(body)
}
