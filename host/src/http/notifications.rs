//! Notifications of employees.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use signalbox_crm::ids::{EmployeeId, ItemId, NotificationId, RunId};
use signalbox_crm::notification::Notification;
use signalbox_crm::time::Timestamp;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller, ReadClients, Relieve};
use super::input::{Id, Query};
use super::paging::{Asked, Page};
use super::problem::{Kind, Problem};
use super::writing::Writing;
use signalbox_crm::said;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read))
}

/// Something that an employee should know.
#[derive(Debug, Serialize, ToSchema)]
struct NotificationView {
    #[schema(value_type = String)]
    id: NotificationId,
    #[schema(value_type = String)]
    employee: EmployeeId,
    title: String,
    text: String,
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    tag: Option<String>,
    #[schema(value_type = Option<String>)]
    run: Option<RunId>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    read_at: Option<Timestamp>,
}

impl From<Notification> for NotificationView {
    fn from(notification: Notification) -> Self {
        let Notification {
            id,
            employee,
            title,
            text,
            item,
            tag,
            run,
            created_at,
            read_at,
        } = notification;
        NotificationView {
            id,
            employee,
            title,
            text,
            item,
            tag,
            run,
            created_at,
            read_at,
        }
    }
}

/// Whose notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct NotificationsQuery {
    /// The token's employee without it.
    #[param(value_type = Option<String>)]
    employee: Option<EmployeeId>,
    /// Only those that were not read.
    unread: Option<bool>,
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// The notifications of an employee, newest first.
#[utoipa::path(
    get, path = "/notifications", tag = "people", params(NotificationsQuery),
    responses((status = OK, body = Page<NotificationView>))
)]
async fn list(
    caller: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<NotificationsQuery>,
) -> Result<Json<Page<NotificationView>>, Problem> {
    let asked = Asked::<NotificationId>::new("notifications", query.limit, query.after.as_deref())?;
    let employee = query.employee.or(caller.employee);
    let employee =
        employee.ok_or_else(|| Problem::invalid("employee", said!("the token has no employee: name one")))?;
    state.core.records.directory().employee(employee)?;
    let unread = query.unread.unwrap_or(false);
    let found = state
        .core
        .db
        .notifications(employee, unread, asked.after, asked.fetch())
        .await?;
    Ok(asked.page(found, |notification| notification.id, NotificationView::from))
}

/// Marks a notification as read: one's own, or as an admin any.
#[utoipa::path(
    post, path = "/notifications/{id}/read", tag = "people", responses((status = OK, body = NotificationView))
)]
async fn read(
    caller: Caller<Relieve>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<NotificationId>,
) -> Result<Json<NotificationView>, Problem> {
    let found = state.core.db.notification(id).await?;
    let mut notification = found.ok_or_else(|| Problem::not_found(id))?;
    if caller.employee != Some(notification.employee) && !caller.may::<Administer>() {
        let detail = said!("{id} is for {employee}", id, employee = notification.employee);
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    let mut writing = Writing::new(&state, &caller);
    while notification.read_at.is_none() {
        let mut draft = writing.draft();
        let now = draft.now;
        let read = (id, notification.employee, now);
        draft.changes.notifications_read.push(read);
        if writing.commit(draft).await?.is_some() {
            notification.read_at = Some(now);
        }
    }
    Ok(Json(notification.into()))
}
