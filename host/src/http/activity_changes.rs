//! Changes of activities: a new deadline, the end.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use signalbox_crm::activity::ActivityState;
use signalbox_crm::ids::ActivityId;
use signalbox_crm::planning::{finish, reschedule};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::activities::ActivityView;
use super::caller::{Caller, Work};
use super::input::{Body, Id};
use super::problem::Problem;
use super::version::{IfMatch, Versioned};
use super::writing::Writing;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(complete))
        .routes(routes!(cancel))
}

/// A new deadline.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActivityChange {
    /// An instant, or a rule such as `+3d`.
    deadline: String,
}

/// Moves the deadline of an activity, and its reminders with it.
#[utoipa::path(
    patch, path = "/activities/{id}", tag = "activities", params(("If-Match" = String, Header)),
    request_body = ActivityChange, responses((status = OK, body = ActivityView))
)]
pub(super) async fn patch(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ActivityId>,
    seen: IfMatch,
    Body(body): Body<ActivityChange>,
) -> Result<Versioned<ActivityView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let activity = draft.activity(id).await?;
        seen.check(id, activity.version)?;
        let item = draft.item(activity.item).await?;
        draft.rule(|rules, changes| reschedule(rules, changes, &item, activity, &body.deadline))?;
        let activity = draft.activity(id).await?;
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(activity.version, activity.into()));
        }
    }
}

/// Ends an activity as done.
#[utoipa::path(
    post, path = "/activities/{id}/complete", tag = "activities", params(("If-Match" = String, Header)),
    responses((status = OK, body = ActivityView))
)]
async fn complete(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ActivityId>,
    seen: IfMatch,
) -> Result<Versioned<ActivityView>, Problem> {
    end(&state, &caller, id, seen, ActivityState::Completed).await
}

/// Ends an activity as not to be done any more.
#[utoipa::path(
    post, path = "/activities/{id}/cancel", tag = "activities", params(("If-Match" = String, Header)),
    responses((status = OK, body = ActivityView))
)]
async fn cancel(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ActivityId>,
    seen: IfMatch,
) -> Result<Versioned<ActivityView>, Problem> {
    end(&state, &caller, id, seen, ActivityState::Cancelled).await
}

async fn end(
    state: &AppState,
    caller: &Caller<Work>,
    id: ActivityId,
    seen: IfMatch,
    as_what: ActivityState,
) -> Result<Versioned<ActivityView>, Problem> {
    let mut writing = Writing::new(state, caller);
    loop {
        let mut draft = writing.draft();
        let activity = draft.activity(id).await?;
        seen.check(id, activity.version)?;
        let item = draft.item(activity.item).await?;
        draft.rule(|rules, changes| finish(rules, changes, item, activity, as_what))?;
        let activity = draft.activity(id).await?;
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(activity.version, activity.into()));
        }
    }
}
