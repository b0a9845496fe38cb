//! Custom fields of items.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::pipeline::{FieldDef, FieldType};
use signalbox_crm::setting_up::check_field;
use signalbox_crm::value::LocalText;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, Configure, Read};
use super::input::Query;
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::setup;
use super::writing::{Create, Creating};
use signalbox_crm::said;
use signalbox_crm::template;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(list, create))
}

/// A custom field.
#[derive(Debug, Serialize, ToSchema)]
struct FieldView {
    key: String,
    /// `{"ru", "en"}`.
    #[schema(value_type = Object)]
    title: LocalText,
    /// `text`, `number`, `flag`, `instant`, `money`, `select`, `file` or `many`.
    #[schema(value_type = String)]
    field_type: FieldType,
    /// The choices of a `select`, by key.
    options: Vec<String>,
    version: i64,
}

impl From<&FieldDef> for FieldView {
    fn from(field: &FieldDef) -> Self {
        let FieldDef {
            key,
            title,
            field_type,
            options,
            version,
        } = field.clone();
        FieldView {
            key,
            title,
            field_type,
            options,
            version,
        }
    }
}

/// All custom fields.
#[utoipa::path(
    get, path = "/fields", tag = "set-up", params(PageQuery), responses((status = OK, body = Page<FieldView>))
)]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<FieldView>>, Problem> {
    let asked = Asked::<String>::new("fields", query.limit, query.after.as_deref())?;
    let directory = state.core.records.directory();
    Ok(asked.page_of(&directory.fields, |field| FieldView::from(field.as_ref())))
}

/// A new custom field.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FieldNew {
    key: String,
    #[schema(value_type = Object)]
    title: LocalText,
    #[schema(value_type = String)]
    field_type: FieldType,
    #[serde(default)]
    options: Vec<String>,
}

/// Adds a custom field to all items.
#[utoipa::path(
    post, path = "/fields", tag = "set-up",
    request_body = FieldNew, responses((status = CREATED, body = FieldView))
)]
async fn create(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    create: Create<FieldNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        if draft.directory.fields.contains_key(&body.key) {
            return Err(
                Problem::conflict(said!("the field `{key}` exists already", key = body.key)).of("key"),
            );
        }
        let field = FieldDef {
            key: body.key.clone(),
            title: body.title.clone(),
            field_type: body.field_type,
            options: body.options.clone(),
            version: 1,
        };
        setup::check_room(template!("fields"), draft.directory.fields.len())?;
        check_field(&draft.directory, &field)?;
        let view = FieldView::from(&field);
        setup::note_created(&mut draft, &format!("field:{}", field.key), &view)?;
        draft.changes.directory.push(DirectoryChange::Field(field));
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}
