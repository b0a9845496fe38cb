//! Dry runs: what a robot would do, without doing it.

use signalbox_crm::said;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use signalbox_crm::ids::{AttachmentId, ContactId, ItemId, RunId};
use signalbox_crm::time::Timestamp;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::attachment_form::AttachmentNew;
use super::caller::{Caller, Configure, ReadClients, TryOut, Who};
use super::failure::internal;
use super::input::{Body, Id};
use super::problem::{Kind, Problem};
use crate::engine::dry_run::{AT_ONCE_MAX, Ask, DryRun, DryRunError, Subject, dry_run};
use crate::masking::Mask;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(attachment))
        .routes(routes!(unsaved))
        .routes(routes!(run))
}

/// On what a robot is tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DryRunOf {
    /// Not for robots that run without an item.
    #[schema(value_type = Option<String>, example = "deal:17")]
    item: Option<ItemId>,
    /// Values that take the place of those of the attachment.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Object>)]
    params: BTreeMap<String, Value>,
    /// When the moment comes; now without it.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// Executes the robot although it would not start.
    #[serde(default)]
    regardless: bool,
}

/// An attachment that is not saved, and on what it is tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DryRunOfUnsaved {
    /// As for a new attachment.
    attachment: AttachmentNew,
    /// The attachment that it is meant to take the place of.
    #[schema(value_type = Option<String>)]
    replaces: Option<AttachmentId>,
    #[schema(value_type = Option<String>, example = "deal:17")]
    item: Option<ItemId>,
    /// When the moment comes; now without it.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// Executes the robot although it would not start.
    #[serde(default)]
    regardless: bool,
}

/// How a run is tried once more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DryRunAgain {
    /// Values that take the place of those of the attachment.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Object>)]
    params: BTreeMap<String, Value>,
    /// When its cause happens; now without it.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// Executes the robot although it would not start.
    #[serde(default)]
    regardless: bool,
}

/// What a robot would do for an item: whether it would start and why, its host calls with their answers, what it would
/// change and send, what would follow. The same way as a real run, with its limits, up to the commit, which there is
/// none of. An item in another stage is taken as if it entered the robot's stage now. Two at a time, more get a 503.
/// What concerns clients is replaced for tokens that may not read about them. `host/docs/explain.md` has the fields.
#[utoipa::path(
    post, path = "/attachments/{id}/dry-run", tag = "robots",
    request_body = DryRunOf, responses((status = OK, body = Object))
)]
async fn attachment(
    caller: Caller<TryOut>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AttachmentId>,
    Body(body): Body<DryRunOf>,
) -> Result<Json<Value>, Problem> {
    let ask = Ask {
        params: body.params,
        at: body.at,
        regardless: body.regardless,
        by: caller.employee,
        ..Ask::new(Subject::Attachment(id), body.item)
    };
    answer(&state, &caller, ask).await
}

/// As the dry run of an attachment, for one that is not saved.
#[utoipa::path(
    post, path = "/attachments/dry-run", tag = "robots",
    request_body = DryRunOfUnsaved, responses((status = OK, body = Object))
)]
async fn unsaved(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Body(body): Body<DryRunOfUnsaved>,
) -> Result<Json<Value>, Problem> {
    let directory = state.core.records.directory();
    let id = body.replaces.unwrap_or(AttachmentId(0));
    let attachment = Box::new(body.attachment.attachment(id, &directory)?);
    let ask = Ask {
        at: body.at,
        regardless: body.regardless,
        by: caller.employee,
        ..Ask::new(Subject::Unsaved(attachment), body.item)
    };
    answer(&state, &caller, ask).await
}

/// As the dry run of an attachment, with the cause and the item of a run; the attachment and the item as they are now.
#[utoipa::path(
    post, path = "/runs/{id}/dry-run", tag = "runs",
    request_body = DryRunAgain, responses((status = OK, body = Object))
)]
async fn run(
    caller: Caller<TryOut>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<RunId>,
    Body(body): Body<DryRunAgain>,
) -> Result<Json<Value>, Problem> {
    let ask = Ask {
        params: body.params,
        at: body.at,
        regardless: body.regardless,
        by: caller.employee,
        ..Ask::new(Subject::Run(id), None)
    };
    answer(&state, &caller, ask).await
}

async fn answer(state: &AppState, who: &Who, ask: Ask) -> Result<Json<Value>, Problem> {
    let tried = dry_run(&state.core, &state.robots, ask).await?;
    let mut value = serde_json::to_value(&tried).map_err(|error| internal(&error))?;
    if !who.may::<ReadClients>() {
        let mask = mask(state, &tried, &value).await?;
        mask.cover(&mut value).map_err(|error| internal(&error))?;
    }
    Ok(Json(value))
}

/// What concerns clients: what the robot was told, and what the host itself read of the item and its client.
async fn mask(state: &AppState, tried: &DryRun, value: &Value) -> Result<Mask, Problem> {
    let mut mask = Mask::default();
    mask.note_cause(&value["cause"]);
    mask.note_calls(&value["execution"]["calls"]);
    let Some(id) = tried.item else { return Ok(mask) };
    let Some(item) = state.core.db.item(id.number).await? else {
        return Ok(mask);
    };
    mask.note_item(&item);
    if let Some(contact) = contact(state, item.contact).await? {
        mask.note_contact(&contact);
    }
    Ok(mask)
}

async fn contact(
    state: &AppState,
    id: Option<ContactId>,
) -> Result<Option<signalbox_crm::contact::Contact>, Problem> {
    match id {
        Some(id) => Ok(state.core.db.contact(id).await?),
        None => Ok(None),
    }
}

impl From<DryRunError> for Problem {
    fn from(error: DryRunError) -> Self {
        match error {
            DryRunError::Busy => Problem::new(
                Kind::Unavailable,
                said!(
                    "{max} robots are tried at the moment: try again",
                    max = AT_ONCE_MAX
                ),
            ),
            DryRunError::CutOff => Problem::new(
                Kind::Unavailable,
                said!("the database could not be reached meanwhile"),
            ),
            DryRunError::Rejected(rejection) => rejection.into(),
            DryRunError::Db(error) => error.into(),
        }
    }
}
