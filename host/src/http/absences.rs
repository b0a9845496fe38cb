//! Times when employees are away.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::ids::EmployeeId;
use signalbox_crm::people::{Absence, Employee};
use signalbox_crm::setting_up::check_employee;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller};
use super::employees::EmployeeView;
use super::input::Id;
use super::problem::Problem;
use super::setup;
use super::writing::{Create, Creating};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(add_absence))
}

/// Adds a time away from work: `{"from", "until"}`.
#[utoipa::path(
    post, path = "/employees/{id}/absences", tag = "people",
    request_body = Object, responses((status = CREATED, body = EmployeeView))
)]
async fn add_absence(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<EmployeeId>,
    create: Create<Absence>,
) -> Result<Response, Problem> {
    let (mut creating, absence) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let before = Arc::clone(draft.directory.employee(id)?);
        let mut employee = Employee {
            version: before.version + 1,
            ..Employee::clone(&before)
        };
        employee.absences.push(absence.clone());
        check_employee(&draft.directory, &employee)?;
        let view = EmployeeView::from(&employee);
        setup::note_changed(
            &mut draft,
            &id.to_string(),
            &EmployeeView::from(before.as_ref()),
            &view,
        )?;
        draft.changes.directory.push(DirectoryChange::Employee(employee));
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}
