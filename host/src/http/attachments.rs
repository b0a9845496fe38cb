//! Attachments: which robot runs when, and with what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::attaching::check_attachment;
use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::{AttachmentId, IdKind, ItemId, RunId};
use signalbox_crm::run::{Reason, Run, RunState};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::attachment_form::{AttachmentChange, AttachmentNew, AttachmentView};
use super::caller::{Caller, Configure, Read, Work};
use super::input::{Body, Id, Query};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::setup;
use super::version::{IfMatch, Versioned};
use super::writing::{Create, Creating, Writing};
use crate::engine::draft::Draft;
use crate::engine::hearing::check_params;
use signalbox_crm::template;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, patch, remove))
        .routes(routes!(start))
}

/// All attachments.
#[utoipa::path(
    get, path = "/attachments", tag = "robots", params(PageQuery),
    responses((status = OK, body = Page<AttachmentView>))
)]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<AttachmentView>>, Problem> {
    let asked = Asked::<AttachmentId>::new("attachments", query.limit, query.after.as_deref())?;
    let directory = state.core.records.directory();
    Ok(asked.page_of(&directory.attachments, |found| {
        AttachmentView::new(&directory, found.as_ref().clone())
    }))
}

/// One attachment.
#[utoipa::path(get, path = "/attachments/{id}", tag = "robots", responses((status = OK, body = AttachmentView)))]
async fn get(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AttachmentId>,
) -> Result<Versioned<AttachmentView>, Problem> {
    let directory = state.core.records.directory();
    let found = directory
        .attachments
        .get(&id)
        .ok_or_else(|| Problem::not_found(id))?;
    Ok(Versioned(
        found.version,
        AttachmentView::new(&directory, found.as_ref().clone()),
    ))
}

/// Attaches a robot. Nothing is retroactive: it runs for what happens from now on. What the robot itself says to its
/// parameters is heard: a script with a mistake in its syntax is refused.
#[utoipa::path(
    post, path = "/attachments", tag = "robots",
    request_body = AttachmentNew, responses((status = CREATED, body = AttachmentView))
)]
async fn create(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    create: Create<AttachmentNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        setup::check_room(template!("attachments"), draft.directory.attachments.len())?;
        let id = AttachmentId(draft.new_id(IdKind::Attachment));
        let attachment = body.attachment(id, &draft.directory)?;
        check_attachment(&attachment, &draft.directory)?;
        check_params(&state.core, &state.robots, &draft.directory, &attachment).await?;
        let view = AttachmentView::new(&draft.directory, attachment.clone());
        setup::note_created(&mut draft, &id.to_string(), &view)?;
        draft
            .changes
            .directory
            .push(DirectoryChange::Attachment(attachment));
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}

fn seen_by(draft: &Draft, id: AttachmentId, seen: &IfMatch) -> Result<Arc<Attachment>, Problem> {
    let found = draft
        .directory
        .attachments
        .get(&id)
        .ok_or_else(|| Problem::not_found(id))?;
    seen.check(id, found.version)?;
    Ok(Arc::clone(found))
}

/// Changes an attachment. Runs that wait go on as they were planned.
#[utoipa::path(
    patch, path = "/attachments/{id}", tag = "robots", params(("If-Match" = String, Header)),
    request_body = AttachmentChange, responses((status = OK, body = AttachmentView))
)]
async fn patch(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AttachmentId>,
    seen: IfMatch,
    Body(body): Body<AttachmentChange>,
) -> Result<Versioned<AttachmentView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let before = seen_by(&draft, id, &seen)?;
        let mut attachment = Attachment {
            version: before.version + 1,
            ..Attachment::clone(&before)
        };
        body.apply(&mut attachment);
        check_attachment(&attachment, &draft.directory)?;
        if (&attachment.params, &attachment.digest) != (&before.params, &before.digest) {
            check_params(&state.core, &state.robots, &draft.directory, &attachment).await?;
        }
        let old = AttachmentView::new(&draft.directory, Attachment::clone(&before));
        let view = AttachmentView::new(&draft.directory, attachment.clone());
        setup::note_changed(&mut draft, &id.to_string(), &old, &view)?;
        let version = attachment.version;
        draft
            .changes
            .directory
            .push(DirectoryChange::Attachment(attachment));
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(version, view));
        }
    }
}

/// Removes an attachment. Runs that wait are cancelled when they are due, with the reason `gone`.
#[utoipa::path(
    delete, path = "/attachments/{id}", tag = "robots", params(("If-Match" = String, Header)),
    responses((status = NO_CONTENT))
)]
async fn remove(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AttachmentId>,
    seen: IfMatch,
) -> Result<StatusCode, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let before = seen_by(&draft, id, &seen)?;
        draft.rule(|rules, changes| {
            rules.note(changes, id, "removed", Some(before.title.clone()), None);
            Ok(())
        })?;
        draft
            .changes
            .directory
            .push(DirectoryChange::AttachmentRemoved(id));
        if writing.commit(draft).await?.is_some() {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
}

/// For what a robot is started by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ManualStart {
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
}

/// The runs that a start by hand made.
#[derive(Debug, Serialize, ToSchema)]
struct Started {
    runs: Vec<StartedRun>,
}

/// A run that was made.
#[derive(Debug, Serialize, ToSchema)]
struct StartedRun {
    #[schema(value_type = String)]
    id: RunId,
    #[schema(value_type = String)]
    state: RunState,
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
}

impl From<Run> for StartedRun {
    fn from(run: Run) -> Self {
        StartedRun {
            id: run.id,
            state: run.state,
            reason: run.reason,
        }
    }
}

/// Starts a robot by hand, for an item or for none. Each call starts it once more.
#[utoipa::path(
    post, path = "/attachments/{id}/run", tag = "robots",
    request_body = ManualStart, responses((status = ACCEPTED, body = Started))
)]
async fn start(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AttachmentId>,
    Body(body): Body<ManualStart>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        if !draft.directory.attachments.contains_key(&id) {
            return Err(Problem::not_found(id));
        }
        if let Some(item) = body.item {
            draft.item(item).await?;
        }
        let fact = Fact::ManualRun {
            attachment: id,
            by: caller.employee,
        };
        draft.changes.happened(fact, body.item);
        if let Some(receipt) = writing.commit(draft).await? {
            let runs = receipt.runs.into_iter().map(StartedRun::from).collect();
            return Ok((StatusCode::ACCEPTED, Json(Started { runs })));
        }
    }
}
