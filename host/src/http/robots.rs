//! Robots: components that are installed.

use signalbox_crm::sentence::Sentence;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use signalbox_crm::directory::{DirectoryChange, RobotVersion};
use signalbox_crm::rejection::Rejection;
use signalbox_crm::robot::Manifest;
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::inspect::{COMPONENT_BYTES_MAX, inspect};
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller, Install, Read};
use super::input::{Id, Query, raw_within};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::{Kind, Problem};
use super::setup;
use super::writing::Writing;
use crate::app::{outdated, robot_version};
use crate::engine::breakers::{Breakers, tell};
use crate::engine::draft::Draft;
use signalbox_crm::said;
use signalbox_crm::template;

/// How long a component may take to arrive: the largest at half a megabyte a second.
const COMPONENT_TIME_MAX: Duration = Duration::from_secs(100);

/// Components that are received, checked and compiled at once: 4 of 48 MiB. Further ones wait before their bodies are
/// read, as long as a body may take to arrive.
static RECEIVING: Semaphore = Semaphore::const_new(4);

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    let installing = OpenApiRouter::new().routes(routes!(list, install));
    OpenApiRouter::new()
        .merge(installing.layer(DefaultBodyLimit::max(COMPONENT_BYTES_MAX)))
        .routes(routes!(get))
        .routes(routes!(resume))
}

/// A version of a robot.
#[derive(Debug, Serialize, ToSchema)]
struct RobotView {
    /// SHA-256 of the component, in lower-case hex.
    digest: String,
    /// The robot's id, such as `notify`.
    id: String,
    /// `notify@1.0.0`.
    label: String,
    /// What the robot says about itself: name, causes, permissions, parameters.
    #[schema(value_type = Object)]
    manifest: Manifest,
    /// The interfaces that the component imports.
    imports: Vec<String>,
    size_bytes: u64,
    #[schema(value_type = String, format = DateTime)]
    installed_at: Timestamp,
    /// The number of the trusted key that has signed it, such as `E7620F1842B4E81F`.
    signed_by: Option<String>,
    is_bundled: bool,
    /// New attachments get this version.
    is_current: bool,
    /// It failed on many items, and its runs wait; null when it does not pause.
    pause: Option<PauseView>,
}

/// A pause of a robot version.
#[derive(Debug, Serialize, ToSchema)]
struct PauseView {
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When one of its runs may try.
    #[schema(value_type = String, format = DateTime)]
    probe_at: Timestamp,
    /// Runs that tried since, and failed.
    failed_probe_count: u32,
}

impl RobotView {
    fn new(version: &RobotVersion, breakers: &Breakers) -> Self {
        let pause = breakers.pause(&version.digest).map(|pause| PauseView {
            since: pause.since,
            probe_at: pause.probe_at,
            failed_probe_count: pause.failed_probe_count,
        });
        RobotView {
            pause,
            digest: version.digest.clone(),
            id: version.manifest.id.clone(),
            label: version.manifest.label(),
            manifest: version.manifest.clone(),
            imports: version.imports.clone(),
            size_bytes: version.size_bytes,
            installed_at: version.installed_at,
            signed_by: version.signed_by.clone(),
            is_bundled: version.is_bundled,
            is_current: version.is_current,
        }
    }
}

/// All installed versions of all robots, by digest.
#[utoipa::path(
    get, path = "/robots", tag = "robots", params(PageQuery), responses((status = OK, body = Page<RobotView>))
)]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<RobotView>>, Problem> {
    let asked = Asked::<String>::new("robots", query.limit, query.after.as_deref())?;
    let directory = state.core.records.directory();
    let breakers = &state.core.breakers;
    Ok(asked.page_of(&directory.robots, |version| RobotView::new(version, breakers)))
}

/// One version of a robot.
#[utoipa::path(get, path = "/robots/{digest}", tag = "robots", responses((status = OK, body = RobotView)))]
async fn get(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(digest): Id<String>,
) -> Result<Json<RobotView>, Problem> {
    let directory = state.core.records.directory();
    let version = directory
        .robots
        .get(&digest)
        .ok_or_else(|| Problem::not_found_because(said!("`robot {digest}` does not exist", digest)))?;
    Ok(Json(RobotView::new(version, &state.core.breakers)))
}

/// The versions of a robot that go on.
#[derive(Debug, Serialize, ToSchema)]
struct Resumed {
    /// Versions that paused until now, by digest; empty when none did.
    resumed: Vec<RobotView>,
}

/// Ends the pause of a robot that had failed on many items: its runs are due at once. `digest` may be the robot's id,
/// such as `notify`, for all of its versions, or its label, such as `notify@1.0.0`.
#[utoipa::path(
    post, path = "/robots/{digest}/resume", tag = "robots", responses((status = OK, body = Resumed))
)]
async fn resume(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(digest): Id<String>,
) -> Result<Json<Resumed>, Problem> {
    let directory = state.core.records.directory();
    let is_meant = |version: &RobotVersion| {
        [&version.digest, &version.manifest.id, &version.manifest.label()].contains(&&digest)
    };
    let versions = directory.robots.values().filter(|version| is_meant(version));
    let versions: Vec<_> = versions.collect();
    if versions.is_empty() {
        return Err(Problem::not_found_because(said!(
            "`robot {digest}` does not exist",
            digest
        )));
    }
    let breakers = &state.core.breakers;
    let has_paused = |version: &RobotVersion| breakers.resume(&version.digest, caller.actor());
    let resumed = versions.into_iter().filter(|version| has_paused(version));
    let resumed = resumed.map(|version| RobotView::new(version, breakers)).collect();
    tell(&state.core).await;
    Ok(Json(Resumed { resumed }))
}

/// The header with the signature: the file that minisign writes, in base64.
const SIGNATURE: &str = "signalbox-signature";

/// The file of a robot.
struct Component {
    bytes: Vec<u8>,
    signature: Option<String>,
    /// Until it is installed.
    _turn: SemaphorePermit<'static>,
}

impl FromRequest<Arc<AppState>> for Component {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, Problem> {
        let signature = request.headers().get(SIGNATURE).map(signature).transpose()?;
        let turn = tokio::time::timeout(COMPONENT_TIME_MAX, RECEIVING.acquire());
        let turn = turn.await.ok().and_then(Result::ok).ok_or_else(|| {
            let why = said!("other robots are being compiled; install this one later");
            Problem::new(Kind::Unavailable, why)
        })?;
        let bytes = raw_within(COMPONENT_TIME_MAX, request, state).await;
        let bytes = bytes.map_err(|problem| {
            problem.when_too_large(|| {
                said!(
                    "the file is too large: a robot has at most {max} bytes",
                    max = COMPONENT_BYTES_MAX
                )
            })
        })?;
        Ok(Component {
            bytes: bytes.into(),
            signature,
            _turn: turn,
        })
    }
}

fn signature(header: &HeaderValue) -> Result<String, Problem> {
    let bytes = BASE64.decode(header.as_bytes()).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| {
        let why = said!(
            "`{signature}` is not the file of a signature in base64",
            signature = SIGNATURE
        );
        Rejection::invalid(why).into()
    })
}

/// Installs a robot: the body is its component. It becomes the current version; attachments stay as they are. The header
/// `Signalbox-Signature` may have its signature: the file that minisign writes, in base64.
#[utoipa::path(
    post, path = "/robots", tag = "robots",
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses(
        (status = CREATED, body = RobotView),
        (status = OK, body = RobotView, description = "This version is installed already.")
    )
)]
async fn install(
    caller: Caller<Install>,
    State(state): State<Arc<AppState>>,
    component: Component,
) -> Result<Response, Problem> {
    let Component {
        bytes,
        signature,
        _turn,
    } = component;
    let bytes = Arc::new(bytes);
    let read = Arc::clone(&bytes);
    let inspected = tokio::task::spawn_blocking(move || inspect(&read)).await;
    let inspected = inspected.map_err(|error| super::failure::internal(&error))?;
    let inspection = inspected.map_err(|error| Rejection::invalid(Sentence::plain(error.to_string())))?;
    let signed_by = state.trust.judge(&bytes, signature.as_deref())?;
    let signed_by = signed_by.map(|key| key.to_string());
    let known = || {
        let directory = state.core.records.directory();
        directory.robots.get(&inspection.digest).cloned()
    };
    let is_settled = |known: &RobotVersion| signed_by.is_none() || known.signed_by == signed_by;
    if known().is_none() {
        let loaded = state.robots.load(bytes.to_vec()).await;
        loaded.map_err(|error| Rejection::invalid(Sentence::plain(error)))?;
    }
    let mut writing = Writing::new(&state, &caller);
    loop {
        let known = known();
        if let Some(known) = known.as_ref().filter(|known| is_settled(known)) {
            return Ok(Json(RobotView::new(known, &state.core.breakers)).into_response());
        }
        let mut draft = writing.draft();
        let status = match &known {
            None => StatusCode::CREATED,
            Some(_) => StatusCode::OK,
        };
        let version = RobotVersion {
            signed_by: signed_by.clone(),
            ..match &known {
                None => robot_version(inspection.clone(), draft.now, false),
                Some(known) => RobotVersion::clone(known),
            }
        };
        let view = RobotView::new(&version, &state.core.breakers);
        stage(&mut draft, version, known.is_none().then(|| Arc::clone(&bytes)))?;
        if writing.commit(draft).await?.is_some() {
            return Ok((status, Json(view)).into_response());
        }
    }
}

/// A version that is new, with its component, or of which more is known.
fn stage(draft: &mut Draft, version: RobotVersion, component: Option<Arc<Vec<u8>>>) -> Result<(), Problem> {
    let word = match component {
        Some(_) => "installed",
        None => "signed",
    };
    let signer = version.signed_by.as_ref().map(|key| format!(", signed by {key}"));
    let after = format!(
        "{} {}{}",
        version.manifest.label(),
        version.digest,
        signer.unwrap_or_default()
    );
    let subject = format!("robot:{}", version.manifest.id);
    draft.rule(|rules, changes| {
        rules.note(changes, subject, word, None, Some(after));
        Ok(())
    })?;
    if component.is_some() {
        setup::check_room(template!("robots"), draft.directory.robots.len())?;
        let others = outdated(&draft.directory, &version);
        draft.changes.directory.extend(others);
    }
    let change = DirectoryChange::Robot(version, component);
    draft.changes.directory.push(change);
    Ok(())
}
