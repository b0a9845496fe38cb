//! Calendars of working time.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::calendar::CalendarSpec;
use signalbox_crm::directory::{Calendar, DirectoryChange};
use signalbox_crm::ids::{CalendarId, IdKind};
use signalbox_crm::setting_up::{check_calendar, default_calendar};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, Configure, Read};
use super::input::{Body, Id, Query};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::setup;
use super::version::{IfMatch, Versioned};
use super::writing::{Create, Creating, Writing};
use signalbox_crm::said;
use signalbox_crm::template;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(patch))
}

/// Working time with a name.
#[derive(Debug, Serialize, ToSchema)]
struct CalendarView {
    #[schema(value_type = String)]
    id: CalendarId,
    key: String,
    /// `{"zone", "weekly", "holidays", "exceptions"}`.
    #[schema(value_type = Object)]
    spec: CalendarSpec,
    /// The company's calendar. Exactly one is.
    is_default: bool,
    version: i64,
}

impl From<&Calendar> for CalendarView {
    fn from(calendar: &Calendar) -> Self {
        let Calendar {
            id,
            key,
            spec,
            is_default,
            version,
        } = calendar.clone();
        CalendarView {
            id,
            key,
            spec,
            is_default,
            version,
        }
    }
}

/// All calendars.
#[utoipa::path(
    get, path = "/calendars", tag = "set-up", params(PageQuery), responses((status = OK, body = Page<CalendarView>))
)]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<CalendarView>>, Problem> {
    let asked = Asked::<CalendarId>::new("calendars", query.limit, query.after.as_deref())?;
    let directory = state.core.records.directory();
    Ok(asked.page_of(&directory.calendars, |(calendar, _)| {
        CalendarView::from(calendar.as_ref())
    }))
}

/// A new calendar.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CalendarNew {
    key: String,
    #[schema(value_type = Object)]
    spec: CalendarSpec,
}

/// Creates a calendar. The first one is the company's.
#[utoipa::path(
    post, path = "/calendars", tag = "set-up",
    request_body = CalendarNew, responses((status = CREATED, body = CalendarView))
)]
async fn create(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    create: Create<CalendarNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let calendar = Calendar {
            id: CalendarId(draft.new_id(IdKind::Calendar)),
            key: body.key.clone(),
            spec: body.spec.clone(),
            is_default: draft.directory.calendars.is_empty(),
            version: 1,
        };
        setup::check_room(template!("calendars"), draft.directory.calendars.len())?;
        check_calendar(&draft.directory, &calendar)?;
        let view = CalendarView::from(&calendar);
        setup::note_created(&mut draft, &calendar.id.to_string(), &view)?;
        draft.changes.directory.push(DirectoryChange::Calendar(calendar));
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}

/// New values for some fields; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CalendarChange {
    key: Option<String>,
    #[schema(value_type = Option<Object>)]
    spec: Option<CalendarSpec>,
    /// True makes it the company's, in place of the one before.
    is_default: Option<bool>,
}

/// Changes a calendar.
#[utoipa::path(
    patch, path = "/calendars/{id}", tag = "set-up", params(("If-Match" = String, Header)),
    request_body = CalendarChange, responses((status = OK, body = CalendarView))
)]
async fn patch(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<CalendarId>,
    seen: IfMatch,
    Body(body): Body<CalendarChange>,
) -> Result<Versioned<CalendarView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let found = draft
            .directory
            .calendars
            .get(&id)
            .map(|(calendar, _)| Arc::clone(calendar));
        let before = found.ok_or_else(|| Problem::not_found(id))?;
        seen.check(id, before.version)?;
        let mut calendar = Calendar {
            version: before.version + 1,
            ..Calendar::clone(&before)
        };
        setup::set(&mut calendar.key, body.key.as_ref());
        setup::set(&mut calendar.spec, body.spec.as_ref());
        check_calendar(&draft.directory, &calendar)?;
        match body.is_default {
            Some(true) => {
                calendar.is_default = true;
                let others = default_calendar(&draft.directory, id)?
                    .into_iter()
                    .filter(|other| other.id != id);
                let raised = others.map(|other| Calendar {
                    version: other.version + 1,
                    ..other
                });
                draft
                    .changes
                    .directory
                    .extend(raised.map(DirectoryChange::Calendar));
            }
            Some(false) if before.is_default => {
                return Err(
                    Problem::conflict(said!("make another calendar the default instead")).of("is_default"),
                );
            }
            Some(false) | None => {}
        }
        let view = CalendarView::from(&calendar);
        setup::note_changed(
            &mut draft,
            &id.to_string(),
            &CalendarView::from(before.as_ref()),
            &view,
        )?;
        draft.changes.directory.push(DirectoryChange::Calendar(calendar));
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(view.version, view));
        }
    }
}
