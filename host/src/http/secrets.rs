//! Secrets of services outside. Their values go in and never come out, but into requests to their hosts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use signalbox_crm::directory::{Directory, DirectoryChange};
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::robot::ParamType;
use signalbox_crm::secret::{Secret, check_secret};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller, Read};
use super::input::{Body, Id, Query};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::setup;
use super::writing::Writing;
use signalbox_crm::said;
use signalbox_crm::template;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(put, remove))
}

/// A secret without its value.
#[derive(Debug, Serialize, ToSchema)]
struct SecretView {
    /// How robots and parameters name it.
    name: String,
    /// Where it may go.
    hosts: Vec<String>,
    version: i64,
}

impl From<&Secret> for SecretView {
    fn from(secret: &Secret) -> Self {
        SecretView {
            name: secret.name.clone(),
            hosts: secret.hosts.clone(),
            version: secret.version,
        }
    }
}

/// All secrets, without their values.
#[utoipa::path(
    get, path = "/secrets", tag = "robots", params(PageQuery), responses((status = OK, body = Page<SecretView>))
)]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<SecretView>>, Problem> {
    let asked = Asked::<String>::new("secrets", query.limit, query.after.as_deref())?;
    let directory = state.core.records.directory();
    Ok(asked.page_of(&directory.secrets, |secret| SecretView::from(secret.as_ref())))
}

/// A value, and where it may go. What is absent stays as it is; a new secret needs both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecretPut {
    /// 8 to 8,192 bytes of visible ASCII.
    value: Option<String>,
    /// Hosts such as `api.example.com`, at most 20.
    hosts: Option<Vec<String>>,
}

/// Keeps a secret under a name, in place of an earlier one. What leaves from now on has the new value.
#[utoipa::path(
    put, path = "/secrets/{name}", tag = "robots",
    request_body = SecretPut, responses((status = OK, body = SecretView))
)]
async fn put(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(name): Id<String>,
    Body(body): Body<SecretPut>,
) -> Result<Json<SecretView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let before = draft.directory.secrets.get(&name).cloned();
        let new = |what: &str| {
            let detail = said!(
                "there is no secret `{name}` yet: a new one needs its {what}",
                name,
                what
            );
            Problem::invalid(what, detail)
        };
        let value = body
            .value
            .clone()
            .or(before.as_ref().map(|before| before.value.clone()));
        let hosts = body
            .hosts
            .clone()
            .or(before.as_ref().map(|before| before.hosts.clone()));
        let secret = Secret {
            name: name.clone(),
            value: value.ok_or_else(|| new("value"))?,
            hosts: hosts.ok_or_else(|| new("hosts"))?,
            version: before.as_ref().map_or(1, |before| before.version + 1),
        };
        check_secret(&secret)?;
        let view = SecretView::from(&secret);
        let subject = format!("secret:{name}");
        match &before {
            None => {
                setup::check_room(template!("secrets"), draft.directory.secrets.len())?;
                setup::note_created(&mut draft, &subject, &view)?;
            }
            Some(before) => {
                setup::note_changed(&mut draft, &subject, &SecretView::from(before.as_ref()), &view)?;
                if before.value != secret.value {
                    draft.rule(|rules, changes| {
                        rules.note(changes, &subject, "value", None, None);
                        Ok(())
                    })?;
                }
            }
        }
        draft.changes.directory.push(DirectoryChange::Secret(secret));
        if writing.commit(draft).await?.is_some() {
            return Ok(Json(view));
        }
    }
}

/// Forgets a secret that no attachment names.
#[utoipa::path(
    delete, path = "/secrets/{name}", tag = "robots",
    responses((status = NO_CONTENT))
)]
async fn remove(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(name): Id<String>,
) -> Result<StatusCode, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        if !draft.directory.secrets.contains_key(&name) {
            return Err(Problem::not_found_because(said!(
                "`secret {name}` does not exist",
                name
            )));
        }
        if let Some(user) = user_of(&draft.directory, &name) {
            let detail = said!("secret `{name}` is a parameter of {user}", name, user);
            return Err(Problem::conflict(detail));
        }
        draft.rule(|rules, changes| {
            rules.note(changes, format!("secret:{name}"), "removed", None, None);
            Ok(())
        })?;
        let change = DirectoryChange::SecretRemoved(name.clone());
        draft.changes.directory.push(change);
        if writing.commit(draft).await?.is_some() {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
}

/// An attachment that has the secret as a parameter.
fn user_of(directory: &Directory, name: &str) -> Option<AttachmentId> {
    let uses = |attachment: &&Arc<signalbox_crm::attachment::Attachment>| {
        let robot = directory.robots.get(&attachment.digest);
        let params = robot.iter().flat_map(|robot| &robot.manifest.param);
        params
            .filter(|param| param.param_type == ParamType::Secret)
            .any(|param| attachment.params.get(&param.key).and_then(|value| value.as_str()) == Some(name))
    };
    directory
        .attachments
        .values()
        .find(uses)
        .map(|attachment| attachment.id)
}
