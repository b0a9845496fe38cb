//! The way of attachments to another version of their robot. What asks for more waits until an admin approves it, and
//! the old version goes on meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::{Directory, DirectoryChange, RobotVersion};
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::robot::Permission;
use signalbox_crm::updating::{Approved, UpdateVerdict, VersionUpdate, check_approved, update_version};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::attachment_form::AttachmentView;
use super::caller::{Caller, Configure};
use super::input::{Body, Id};
use super::problem::{Problem, Said};
use super::setup;
use super::writing::Writing;
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(update))
}

/// What is allowed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateForm {
    /// Interfaces that the version may have besides what the attachments grant already.
    #[serde(default)]
    approve: BTreeSet<String>,
    /// Hosts of the web that it may reach besides those that the attachments grant already, as the version names them.
    #[serde(default)]
    approve_hosts: Vec<String>,
    /// Says what would happen, and changes nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What becomes of the attachments of a robot.
#[derive(Debug, Serialize, ToSchema)]
struct Update {
    /// `notify@1.1.0`.
    robot: String,
    digest: String,
    is_dry_run: bool,
    /// Those that have another version now.
    attachments: Vec<Outcome>,
}

/// What becomes of one attachment.
#[derive(Debug, Serialize, ToSchema)]
struct Outcome {
    #[schema(value_type = String)]
    attachment: AttachmentId,
    title: String,
    /// The version that it has had: `notify@1.0.0`.
    from: String,
    /// `updated`; `waits`: the version asks for more, and the old one goes on; `refused`: the version does not take the
    /// attachment as it is, and the old one goes on.
    state: &'static str,
    /// What the version asks for and the old one did not, with its reasons.
    #[schema(value_type = Vec<Object>)]
    asks: Vec<Permission>,
    /// Hosts of the web that the version names, and that neither the old one named nor the attachment grants.
    asks_hosts: Vec<String>,
    /// Why it is refused.
    #[schema(value_type = Option<String>)]
    message: Option<Sentence>,
}

/// Lets the attachments of a robot have this version. Those for which it asks for more than was approved keep the one
/// that they have. `digest` may be the robot's id, such as `notify`, for its current version.
#[utoipa::path(
    post, path = "/robots/{digest}/update", tag = "robots",
    request_body = UpdateForm, responses((status = OK, body = Update))
)]
async fn update(
    caller: Caller<Configure>,
    State(state): State<Arc<AppState>>,
    Id(digest): Id<String>,
    Body(form): Body<UpdateForm>,
) -> Result<(Extension<Said>, Json<Update>), Problem> {
    let approved = Approved {
        interfaces: form.approve,
        http_hosts: form.approve_hosts,
    };
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let directory = Arc::clone(&draft.directory);
        let version = version_named(&directory, &digest)?;
        check_approved(version, &approved)?;
        let mut outcomes = Vec::new();
        let others = directory.attachments.values().filter(|attachment| {
            attachment.robot == version.manifest.id && attachment.digest != version.digest
        });
        for before in others {
            let update = update_version(&directory, before, version, &approved);
            outcomes.push(outcome(&directory, before, &update));
            if let UpdateVerdict::Updated(after) = update.verdict
                && !form.dry_run
            {
                let views = [Attachment::clone(before), Attachment::clone(&after)];
                let [old, new] = views.map(|one| AttachmentView::new(&directory, one));
                setup::note_changed(&mut draft, &before.id.to_string(), &old, &new)?;
                let change = DirectoryChange::Attachment(*after);
                draft.changes.directory.push(change);
            }
        }
        let answer = Update {
            robot: version.manifest.label(),
            digest: version.digest.clone(),
            is_dry_run: form.dry_run,
            attachments: outcomes,
        };
        if draft.changes.directory.is_empty() || writing.commit(draft).await?.is_some() {
            let said = answer.attachments.iter().filter_map(|one| one.message.clone());
            return Ok((Extension(Said(said.collect())), Json(answer)));
        }
    }
}

fn version_named<'d>(directory: &'d Directory, name: &str) -> Result<&'d RobotVersion, Problem> {
    let is_current = |version: &&Arc<RobotVersion>| version.is_current && version.manifest.id == name;
    let found = directory.robots.get(name);
    let found = found.or_else(|| directory.robots.values().find(is_current));
    Ok(found.ok_or_else(|| Problem::not_found_because(said!("`robot {name}` does not exist", name)))?)
}

fn outcome(directory: &Directory, before: &Attachment, update: &VersionUpdate) -> Outcome {
    let old = directory.robots.get(&before.digest);
    let (state, message) = match &update.verdict {
        UpdateVerdict::Updated(_) => ("updated", None),
        UpdateVerdict::Waits => ("waits", None),
        UpdateVerdict::Refused(rejection) => ("refused", Some(rejection.message.clone())),
    };
    Outcome {
        attachment: before.id,
        title: before.title.clone(),
        from: old.map(|old| old.manifest.label()).unwrap_or_default(),
        state,
        asks: update.asks.clone(),
        asks_hosts: update.asks_hosts.clone(),
        message,
    }
}
