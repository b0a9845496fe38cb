//! Clients.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::contact::{Contact, PointKind};
use signalbox_crm::contacting::{NewContact, create_contact};
use signalbox_crm::email::Email;
use signalbox_crm::ids::{ContactId, EmployeeId};
use signalbox_crm::phone::PhoneQuery;
use signalbox_crm::time::Timestamp;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, ReadClients, Work};
use super::input::{Id, Query};
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::version::Versioned;
use super::writing::{Create, Creating, lost};
use signalbox_crm::said;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, super::contact_changes::patch))
}

/// How a client can be reached.
#[derive(Debug, Serialize, ToSchema)]
struct PointView {
    /// `phone`, `email` or `handle`.
    kind: &'static str,
    /// The normal form, by which the client is found.
    key: String,
    /// As it was written.
    raw: String,
}

/// A client, as a person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ContactView {
    #[schema(value_type = String)]
    id: ContactId,
    name: String,
    points: Vec<PointView>,
    #[schema(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    version: i64,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        let Contact {
            id,
            name,
            points,
            assignee,
            created_at,
            version,
        } = contact;
        let points = points.into_iter();
        let points = points
            .map(|p| PointView {
                kind: p.kind.as_str(),
                key: p.key,
                raw: p.raw,
            })
            .collect();
        ContactView {
            id,
            name,
            points,
            assignee,
            created_at,
            version,
        }
    }
}

/// Which clients. At most one of `phone`, `email` and `name`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ContactsQuery {
    /// A phone, however it is written; five to nine digits are the end of one, fewer its beginning. The answer
    /// has one page.
    phone: Option<String>,
    /// A whole address. The answer has one page.
    email: Option<String>,
    /// A part of the name, in any case.
    name: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// Clients, by id.
#[utoipa::path(
    get, path = "/contacts", tag = "clients", params(ContactsQuery), responses((status = OK, body = Page<ContactView>))
)]
async fn list(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<ContactsQuery>,
) -> Result<Json<Page<ContactView>>, Problem> {
    let asked = Asked::<ContactId>::new("contacts", query.limit, query.after.as_deref())?;
    let db = &state.core.db;
    let contacts = match (query.phone, query.email, query.name) {
        (Some(phone), None, None) => {
            let query = PhoneQuery::parse(&phone).map_err(|error| Problem::invalid("phone", error))?;
            db.contacts_by_phone(&query, asked.fetch()).await?
        }
        (None, Some(email), None) => {
            let email = Email::parse(&email).map_err(|error| Problem::invalid("email", error))?;
            db.contacts_at(PointKind::Email, email.key(), asked.fetch())
                .await?
        }
        (None, None, name) => {
            let found = db.contacts(name.as_deref(), asked.after, asked.fetch()).await?;
            return Ok(asked.page(found, |contact| contact.id, ContactView::from));
        }
        _ => {
            return Err(Problem::invalid(
                "phone",
                said!("give one of `phone`, `email` and `name`"),
            ));
        }
    };
    Ok(Page::whole(contacts.into_iter().map(ContactView::from).collect()))
}

/// One client.
#[utoipa::path(get, path = "/contacts/{id}", tag = "clients", responses((status = OK, body = ContactView)))]
async fn get(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ContactId>,
) -> Result<Versioned<ContactView>, Problem> {
    let contact = state
        .core
        .db
        .contact(id)
        .await?
        .ok_or_else(|| Problem::not_found(id))?;
    Ok(Versioned(contact.version, contact.into()))
}

/// A new client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ContactNew {
    name: String,
    #[serde(default)]
    phones: Vec<String>,
    #[serde(default)]
    emails: Vec<String>,
    #[schema(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
}

/// Creates a client.
#[utoipa::path(
    post, path = "/contacts", tag = "clients",
    request_body = ContactNew, responses((status = CREATED, body = ContactView))
)]
async fn create(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    create: Create<ContactNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let new = NewContact {
            name: body.name.clone(),
            phones: body.phones.clone(),
            emails: body.emails.clone(),
            assignee: body.assignee,
        };
        let id = draft
            .rule(|rules, changes| create_contact(rules, changes, new))?
            .id;
        let row = draft.changes.contacts.get(&id).map(|staged| staged.row.clone());
        let view = ContactView::from(row.ok_or_else(|| lost(id))?);
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}
