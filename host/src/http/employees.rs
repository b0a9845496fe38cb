//! Employees.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::ids::{CalendarId, EmployeeId, IdKind};
use signalbox_crm::people::{Absence, Employee, Role};
use signalbox_crm::setting_up::check_employee;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller, Read};
use super::input::{Body, Id, Query, nullable};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::setup;
use super::version::{IfMatch, Versioned};
use super::writing::{Create, Creating, Writing};
use signalbox_crm::template;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, patch))
}

/// An employee.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EmployeeView {
    #[schema(value_type = String)]
    id: EmployeeId,
    name: String,
    email: Option<String>,
    /// `admin`, `editor`, `operator`, `auditor` or `integrator`.
    #[schema(value_type = String)]
    role: Role,
    #[schema(value_type = Option<String>)]
    head: Option<EmployeeId>,
    /// False after the person has left.
    is_active: bool,
    /// `{"from", "until"}` each.
    #[schema(value_type = Vec<Object>)]
    absences: Vec<Absence>,
    #[schema(value_type = Option<String>)]
    calendar: Option<CalendarId>,
    version: i64,
}

impl From<&Employee> for EmployeeView {
    fn from(employee: &Employee) -> Self {
        let Employee {
            id,
            name,
            email,
            role,
            head,
            is_active,
            absences,
            calendar,
            version,
        } = employee.clone();
        EmployeeView {
            id,
            name,
            email,
            role,
            head,
            is_active,
            absences,
            calendar,
            version,
        }
    }
}

/// All employees, also those who have left.
#[utoipa::path(
    get, path = "/employees", tag = "people", params(PageQuery), responses((status = OK, body = Page<EmployeeView>))
)]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<EmployeeView>>, Problem> {
    let asked = Asked::<EmployeeId>::new("employees", query.limit, query.after.as_deref())?;
    let directory = state.core.records.directory();
    Ok(asked.page_of(&directory.employees, |employee| {
        EmployeeView::from(employee.as_ref())
    }))
}

/// One employee.
#[utoipa::path(get, path = "/employees/{id}", tag = "people", responses((status = OK, body = EmployeeView)))]
async fn get(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<EmployeeId>,
) -> Result<Versioned<EmployeeView>, Problem> {
    let directory = state.core.records.directory();
    let employee = directory.employee(id)?;
    Ok(Versioned(employee.version, employee.as_ref().into()))
}

/// A new employee.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmployeeNew {
    name: String,
    email: Option<String>,
    #[schema(value_type = String)]
    role: Role,
    #[schema(value_type = Option<String>)]
    head: Option<EmployeeId>,
    #[schema(value_type = Option<String>)]
    calendar: Option<CalendarId>,
}

/// Adds an employee.
#[utoipa::path(
    post, path = "/employees", tag = "people",
    request_body = EmployeeNew, responses((status = CREATED, body = EmployeeView))
)]
async fn create(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    create: Create<EmployeeNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let employee = Employee {
            id: EmployeeId(draft.new_id(IdKind::Employee)),
            name: body.name.clone(),
            email: body.email.clone(),
            role: body.role,
            head: body.head,
            is_active: true,
            absences: Vec::new(),
            calendar: body.calendar,
            version: 1,
        };
        setup::check_room(template!("employees"), draft.directory.employees.len())?;
        check_employee(&draft.directory, &employee)?;
        let view = EmployeeView::from(&employee);
        setup::note_created(&mut draft, &employee.id.to_string(), &view)?;
        draft.changes.directory.push(DirectoryChange::Employee(employee));
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}

/// New values for some fields; null clears one, what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmployeeChange {
    name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    head: Option<Option<EmployeeId>>,
    is_active: Option<bool>,
    #[schema(value_type = Option<Vec<Object>>)]
    absences: Option<Vec<Absence>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    calendar: Option<Option<CalendarId>>,
}

/// Changes an employee.
#[utoipa::path(
    patch, path = "/employees/{id}", tag = "people", params(("If-Match" = String, Header)),
    request_body = EmployeeChange, responses((status = OK, body = EmployeeView))
)]
async fn patch(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<EmployeeId>,
    seen: IfMatch,
    Body(body): Body<EmployeeChange>,
) -> Result<Versioned<EmployeeView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let before = Arc::clone(draft.directory.employee(id)?);
        seen.check(id, before.version)?;
        let mut employee = Employee {
            version: before.version + 1,
            ..Employee::clone(&before)
        };
        setup::set(&mut employee.name, body.name.as_ref());
        setup::set(&mut employee.email, body.email.as_ref());
        setup::set(&mut employee.role, body.role.as_ref());
        setup::set(&mut employee.head, body.head.as_ref());
        setup::set(&mut employee.is_active, body.is_active.as_ref());
        setup::set(&mut employee.absences, body.absences.as_ref());
        setup::set(&mut employee.calendar, body.calendar.as_ref());
        check_employee(&draft.directory, &employee)?;
        let view = EmployeeView::from(&employee);
        setup::note_changed(
            &mut draft,
            &id.to_string(),
            &EmployeeView::from(before.as_ref()),
            &view,
        )?;
        draft.changes.directory.push(DirectoryChange::Employee(employee));
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(view.version, view));
        }
    }
}
