//! Changes of clients.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use signalbox_crm::contacting::{ContactPatch, edit_contact};
use signalbox_crm::ids::{ContactId, EmployeeId};
use utoipa::ToSchema;

use super::AppState;
use super::caller::{Caller, Work};
use super::contacts::ContactView;
use super::input::{Body, Id, nullable};
use super::problem::Problem;
use super::version::{IfMatch, Versioned};
use super::writing::Writing;

/// New values for some fields; null clears one, what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactChange {
    name: Option<String>,
    /// All phones.
    phones: Option<Vec<String>>,
    /// All e-mails.
    emails: Option<Vec<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    assignee: Option<Option<EmployeeId>>,
}

/// Changes a client.
#[utoipa::path(
    patch, path = "/contacts/{id}", tag = "clients", params(("If-Match" = String, Header)),
    request_body = ContactChange, responses((status = OK, body = ContactView))
)]
pub(super) async fn patch(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ContactId>,
    seen: IfMatch,
    Body(body): Body<ContactChange>,
) -> Result<Versioned<ContactView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let contact = draft.contact(id).await?;
        seen.check(id, contact.version)?;
        let patch = ContactPatch {
            name: body.name.clone(),
            phones: body.phones.clone(),
            emails: body.emails.clone(),
            assignee: body.assignee,
        };
        draft.rule(|rules, changes| edit_contact(rules, changes, contact, patch))?;
        let contact = draft.contact(id).await?;
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(contact.version, contact.into()));
        }
    }
}
