//! Activities: work with a deadline.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::activity::{Activity, ActivityKind, ActivityState};
use signalbox_crm::ids::{ActivityId, EmployeeId, ItemId};
use signalbox_crm::planning::{NewActivity, plan};
use signalbox_crm::time::Timestamp;
use signalbox_db::ActivityFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, ReadClients, Work};
use super::input::{Id, Query};
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::version::Versioned;
use super::writing::{Create, Creating};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, super::activity_changes::patch))
}

/// Work with a deadline, on an item.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActivityView {
    #[schema(value_type = String)]
    id: ActivityId,
    #[schema(value_type = String)]
    item: ItemId,
    /// `todo`, `call`, `meeting` or `mail`.
    #[schema(value_type = String)]
    kind: ActivityKind,
    title: String,
    description: String,
    #[schema(value_type = String, format = DateTime)]
    deadline_at: Timestamp,
    duration_s: Option<u32>,
    #[schema(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
    /// Minutes before the deadline.
    reminders_min: Vec<u32>,
    /// `open`, `completed` or `cancelled`.
    #[schema(value_type = String)]
    state: ActivityState,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    version: i64,
}

impl From<Activity> for ActivityView {
    fn from(activity: Activity) -> Self {
        ActivityView {
            id: activity.id,
            item: activity.item,
            kind: activity.kind,
            title: activity.title,
            description: activity.description,
            deadline_at: activity.deadline_at,
            duration_s: activity.duration_s,
            assignee: activity.assignee,
            reminders_min: activity.reminders_min,
            state: activity.state,
            created_at: activity.created_at,
            finished_at: activity.finished_at,
            version: activity.version,
        }
    }
}

/// Which activities.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ActivitiesQuery {
    #[param(value_type = Option<String>)]
    item: Option<ItemId>,
    #[param(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
    /// `open`, `completed` or `cancelled`.
    #[param(value_type = Option<String>)]
    state: Option<ActivityState>,
    /// The deadline is before this instant.
    #[param(value_type = Option<String>)]
    due_before: Option<Timestamp>,
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// Activities, next deadline first.
#[utoipa::path(
    get, path = "/activities", tag = "activities", params(ActivitiesQuery),
    responses((status = OK, body = Page<ActivityView>))
)]
async fn list(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<ActivitiesQuery>,
) -> Result<Json<Page<ActivityView>>, Problem> {
    let asked = Asked::<(Timestamp, ActivityId)>::new("activities", query.limit, query.after.as_deref())?;
    let filter = ActivityFilter {
        assignee: query.assignee,
        item: query.item.map(|item| item.number),
        state: query.state,
        deadline_from: None,
        deadline_until: query.due_before,
    };
    let found = state
        .core
        .db
        .activities(&filter, asked.after, asked.fetch())
        .await?;
    Ok(asked.page(
        found,
        |activity| (activity.deadline_at, activity.id),
        ActivityView::from,
    ))
}

/// One activity.
#[utoipa::path(get, path = "/activities/{id}", tag = "activities", responses((status = OK, body = ActivityView)))]
async fn get(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ActivityId>,
) -> Result<Versioned<ActivityView>, Problem> {
    let activity = state
        .core
        .db
        .activity(id)
        .await?
        .ok_or_else(|| Problem::not_found(id))?;
    Ok(Versioned(activity.version, activity.into()))
}

/// A new activity.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ActivityNew {
    #[schema(value_type = String)]
    item: ItemId,
    #[schema(value_type = String)]
    kind: ActivityKind,
    title: Option<String>,
    description: Option<String>,
    /// An instant, or a rule such as `+3d`. Without one: 3 days from now, rounded up to the whole hour.
    deadline: Option<String>,
    duration_s: Option<u32>,
    /// The item's assignee without one.
    #[schema(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
    /// Minutes before the deadline.
    #[serde(default)]
    reminders_min: Vec<u32>,
}

/// Plans an activity.
#[utoipa::path(
    post, path = "/activities", tag = "activities",
    request_body = ActivityNew, responses((status = CREATED, body = ActivityView))
)]
async fn create(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    create: Create<ActivityNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let item = draft.item(body.item).await?;
        let new = NewActivity {
            kind: body.kind,
            title: body.title.clone(),
            description: body.description.clone(),
            deadline: body.deadline.clone(),
            duration_s: body.duration_s,
            assignee: body.assignee,
            reminders_min: body.reminders_min.clone(),
        };
        let id = draft.rule(|rules, changes| plan(rules, changes, &item, new))?;
        let view = ActivityView::from(draft.activity(id).await?);
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}
