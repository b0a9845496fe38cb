//! Automations as a whole: drafts, publishing, history and the way back.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::{Extension, Json};
use serde::Deserialize;
use signalbox_crm::automation::{AutomationId, DraftEdit};
use signalbox_crm::ids::AttachmentId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::bulk::BulkView;
use super::caller::{Administer, Caller, Configure, Read};
use super::input::{Body, Id, Query};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::{Kind, Problem, Said};
use super::version::{IfMatch, Versioned};
use super::writing::{Create, Creating};
use crate::automation::here::{self, HerePreview};
use crate::automation::{
    self, AutomationError, AutomationSummary, AutomationView, DraftView, EditedView, PublishedView,
    VersionView, VersionWhole, VersionsDifference,
};
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(get_draft, edit, discard))
        .routes(routes!(rebase))
        .routes(routes!(publish))
        .routes(routes!(versions))
        .routes(routes!(version))
        .routes(routes!(difference))
        .routes(routes!(restore))
        .routes(routes!(here_preview))
        .routes(routes!(start_here))
}

/// All automations: those of the pipelines, and `general` for what belongs to none.
#[utoipa::path(
    get, path = "/automation", tag = "robots", responses((status = OK, body = Page<AutomationSummary>))
)]
async fn list(_: Caller<Read>, State(state): State<Arc<AppState>>) -> Json<Page<AutomationSummary>> {
    Page::whole(automation::overview(&state.core.records.directory()))
}

/// What is in force: the attachments of a pipeline, or of none (`general`).
#[utoipa::path(get, path = "/automation/{id}", tag = "robots", responses((status = OK, body = AutomationView)))]
async fn get(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AutomationId>,
) -> Result<Json<AutomationView>, Problem> {
    let view = automation::in_force(&state.core.records.directory(), id)?;
    Ok(Json(view))
}

/// The draft, with what publishing would change and what keeps it from being published.
///
/// One that nobody has begun has version 0 and shows what is in force; its first change begins it.
#[utoipa::path(get, path = "/automation/{id}/draft", tag = "robots", responses((status = OK, body = DraftView)))]
async fn get_draft(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AutomationId>,
) -> Result<Versioned<DraftView>, Problem> {
    let view = automation::draft(&state.core, id)?;
    Ok(Versioned(view.version, view))
}

/// A draft after a change.
type Edited = (Extension<Said>, Versioned<EditedView>);

fn edited(view: EditedView) -> Edited {
    let said = Said(view.notes.clone());
    (Extension(said), Versioned(view.draft.version, view))
}

/// Makes one change of the draft, and begins it where there is none (`If-Match: "0"`).
///
/// The body has a `kind`: `add` (`robot`, `moment`, `set`, `before`), `change` (`entry`, `set`), `remove` and `restore`
/// (`entry`), `move` (`entry`, `stage`, `before`), `copy` (`entry` of the draft or of another automation, `stage`,
/// `before`), `copy-from` (`from`, `stages`). `set` has fields of an attachment. What is unfinished is kept and shown.
#[utoipa::path(
    patch, path = "/automation/{id}/draft", tag = "robots", params(("If-Match" = String, Header)),
    request_body = Object, responses((status = OK, body = EditedView))
)]
async fn edit(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AutomationId>,
    seen: IfMatch,
    Body(body): Body<DraftEdit>,
) -> Result<Edited, Problem> {
    let view = automation::edit(&state.core, &caller.actor(), id, seen.version(), &body).await?;
    Ok(edited(view))
}

/// Throws the draft away.
#[utoipa::path(
    delete, path = "/automation/{id}/draft", tag = "robots", params(("If-Match" = String, Header)),
    responses((status = NO_CONTENT))
)]
async fn discard(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AutomationId>,
    seen: IfMatch,
) -> Result<StatusCode, Problem> {
    automation::discard(&state.core, &caller.actor(), id, seen.version()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes over what others have brought into force since the draft began. Where both have changed the same, the draft
/// keeps its own, and `conflicts` says so.
#[utoipa::path(
    post, path = "/automation/{id}/draft/rebase", tag = "robots", params(("If-Match" = String, Header)),
    responses((status = OK, body = EditedView))
)]
async fn rebase(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AutomationId>,
    seen: IfMatch,
) -> Result<Edited, Problem> {
    let view = automation::rebase(&state.core, &caller.actor(), id, seen.version()).await?;
    Ok(edited(view))
}

/// What a publisher says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Publication {
    /// What it is for, at most 500 characters.
    #[serde(default)]
    comment: String,
}

/// Brings the draft into force: all of it in one commit, or nothing. Attachments that stay keep their ids, and so their
/// runs that wait; runs of those that go are cancelled when they are due.
#[utoipa::path(
    post, path = "/automation/{id}/draft/publish", tag = "robots", params(("If-Match" = String, Header)),
    request_body = Publication, responses((status = OK, body = PublishedView))
)]
async fn publish(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AutomationId>,
    seen: IfMatch,
    Body(body): Body<Publication>,
) -> Result<Json<PublishedView>, Problem> {
    let actor = caller.actor();
    let view = automation::publish(&state.core, &actor, id, seen.version(), &body.comment).await?;
    Ok(Json(view))
}

/// Everything that was in force, newest first: published drafts, and single changes (`direct`). The last 1,000 are kept.
#[utoipa::path(
    get, path = "/automation/{id}/versions", tag = "robots", params(PageQuery),
    responses((status = OK, body = Page<VersionView>))
)]
async fn versions(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AutomationId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<VersionView>>, Problem> {
    let asked = Asked::<i64>::new("automation-versions", query.limit, query.after.as_deref())?;
    let found = automation::versions(&state.core, id, asked.after, asked.fetch()).await?;
    Ok(asked.page(found, |version| version.number, |version| version))
}

/// A version in a path: `/automation/{id}/versions/{number}`.
struct VersionPath(AutomationId, i64);

impl FromRequestParts<Arc<AppState>> for VersionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Problem> {
        let Path((id, number)) = Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::not_found_because(Sentence::plain(error.body_text())))?;
        let id: AutomationId = id.parse().map_err(Problem::not_found_because)?;
        let found = number.parse().ok().filter(|number: &i64| *number > 0);
        let found = found.ok_or_else(|| {
            Problem::not_found_because(said!("`version {number} of {id}` does not exist", number, id))
        })?;
        Ok(VersionPath(id, found))
    }
}

/// One version with its attachments.
#[utoipa::path(
    get, path = "/automation/{id}/versions/{number}", tag = "robots",
    responses((status = OK, body = VersionWhole))
)]
async fn version(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    VersionPath(id, number): VersionPath,
) -> Result<Json<VersionWhole>, Problem> {
    Ok(Json(automation::version(&state.core, id, number).await?))
}

/// With which version to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DifferenceQuery {
    /// The number of another version; without it, what is in force.
    to: Option<i64>,
}

/// What differs from a version to another one, or to what is in force.
#[utoipa::path(
    get, path = "/automation/{id}/versions/{number}/difference", tag = "robots", params(DifferenceQuery),
    responses((status = OK, body = VersionsDifference))
)]
async fn difference(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    VersionPath(id, number): VersionPath,
    Query(query): Query<DifferenceQuery>,
) -> Result<Json<VersionsDifference>, Problem> {
    let found = automation::difference(&state.core, id, number, query.to).await?;
    Ok(Json(found))
}

/// Makes the draft an old version, in place of the draft with the version of `If-Match` (`"0"`: none). Publish it to
/// bring it into force. What is not in force any more comes back as a new attachment.
#[utoipa::path(
    post, path = "/automation/{id}/versions/{number}/restore", tag = "robots",
    params(("If-Match" = String, Header)), responses((status = OK, body = EditedView))
)]
async fn restore(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    VersionPath(id, number): VersionPath,
    seen: IfMatch,
) -> Result<Edited, Problem> {
    let view = automation::restore(&state.core, &caller.actor(), id, number, seen.version()).await?;
    Ok(edited(view))
}

/// Robots of stages.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Robots {
    /// 1 to 50 attachments of stages of the pipeline, in force and switched on.
    #[schema(value_type = Vec<String>)]
    attachments: Vec<AttachmentId>,
}

/// "Run for the 37 deals that are already here?": how many open items stand in the stages of these robots, and the first
/// of them.
#[utoipa::path(
    post, path = "/automation/{id}/here/preview", tag = "robots",
    request_body = Robots, responses((status = OK, body = HerePreview))
)]
async fn here_preview(
    _: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AutomationId>,
    Body(body): Body<Robots>,
) -> Result<Json<HerePreview>, Problem> {
    Ok(Json(here::preview(&state.core, id, &body.attachments).await?))
}

/// Starts robots of stages for the open items that stand in them now, as a bulk change: seen at `GET /bulk/{id}`.
///
/// Each item has its turn once. Its robots start in list order, at once, as by hand; conditions hold.
#[utoipa::path(
    post, path = "/automation/{id}/here", tag = "robots",
    request_body = Robots, responses((status = CREATED, body = BulkView))
)]
async fn start_here(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<AutomationId>,
    create: Create<Robots>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let draft = creating.draft();
        let by = caller.employee;
        let bulk = here::bulk_for(&state.core, &draft, by, id, &body.attachments).await?;
        let view = BulkView::from(bulk.clone());
        if let Some(answer) = creating.commit_bulk(draft, bulk, &view).await? {
            return Ok(answer);
        }
    }
}

impl From<AutomationError> for Problem {
    fn from(error: AutomationError) -> Self {
        // The console has its own words for these three.
        let text = Sentence::plain(error.to_string());
        match error {
            AutomationError::StaleVersion { present, .. } => {
                Problem::new(Kind::StaleVersion, text).with_version(present)
            }
            AutomationError::StaleDraft { .. } => Problem::new(Kind::StaleDraft, text),
            AutomationError::Unfinished { problems } => {
                let fields = problems.iter().map(|one| format!("{} {}", one.entry, one.field));
                fields.fold(Problem::new(Kind::Unfinished, text), |problem, field| {
                    problem.of(&field)
                })
            }
            AutomationError::Draft(error) => error.into(),
        }
    }
}
