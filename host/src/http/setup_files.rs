//! The set-up as one file: out of a host, and into one.

use signalbox_crm::sentence::Sentence;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use signalbox_crm::ids::PipelineId;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller, Configure, Read};
use super::input::{Query, raw};
use super::problem::Problem;
use crate::setup::Setup;
use crate::setup::import::{self, ImportView, Taking};
use signalbox_crm::said;

/// What a set-up file is.
const MEDIA: &str = "application/toml";

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(export))
        .routes(routes!(import_file))
}

/// What is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// Only this pipeline, with what it needs: its id.
    #[param(value_type = Option<String>)]
    pipeline: Option<PipelineId>,
}

/// The set-up as a file: pipelines with stages and robots, fields, calendars, and the people whom robots name. It has no
/// channels, secrets or tokens.
#[utoipa::path(
    get, path = "/setup/export", tag = "set-up", params(ExportQuery),
    responses((status = OK, body = String, content_type = "application/toml"))
)]
async fn export(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let directory = state.core.records.directory();
    if let Some(id) = query.pipeline {
        directory.pipeline(id)?;
    }
    let text = Setup::of(&directory, query.pipeline).to_text();
    let text = text.map_err(|error| {
        Problem::conflict(said!(
            "the set-up has no file: {why}",
            why = format_args!("{error:#}")
        ))
    })?;
    Ok(([(header::CONTENT_TYPE, MEDIA)], text).into_response())
}

/// How a file is taken in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// Only says what would happen.
    #[serde(default)]
    preview: bool,
    /// Drafts that somebody has begun are replaced.
    #[serde(default)]
    replace_drafts: bool,
}

/// Takes a set-up file in: the body is its text. Calendars, fields, pipelines and stages are new or changed at once, by
/// their keys; robots become drafts, which are published one by one. People who are not here are added by admins only.
#[utoipa::path(
    post, path = "/setup/import", tag = "set-up", params(ImportQuery),
    request_body(content = String, content_type = "application/toml"), responses((status = OK, body = ImportView))
)]
async fn import_file(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Result<Json<ImportView>, Problem> {
    let bytes = raw(request, &state).await?;
    let invalid = |words: Sentence| Problem::invalid("file", words);
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| invalid(said!("the file is not UTF-8: {error}", error)))?;
    if text.contains('\0') {
        return Err(invalid(said!("the file has a NUL character")));
    }
    let setup = Setup::parse(text).map_err(|error| invalid(Sentence::plain(format!("{error:#}"))))?;
    let taking = Taking {
        is_preview: query.preview,
        replaces_drafts: query.replace_drafts,
        may_add_people: caller.may::<Administer>(),
    };
    let view = import::import(&state.core, &caller.actor(), &setup, taking).await?;
    Ok(Json(view))
}
