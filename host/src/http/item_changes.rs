//! Changes of leads and deals: fields, stage, assignee.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use signalbox_crm::assigning::assign;
use signalbox_crm::editing::{ItemPatch, edit_item};
use signalbox_crm::ids::{ContactId, EmployeeId, ItemId, StageId};
use signalbox_crm::moving::{Reach, move_item};
use signalbox_crm::value::{FieldValue, Money};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Caller, Work};
use super::input::{Body, Id, nullable};
use super::items::ItemView;
use super::problem::Problem;
use super::version::{IfMatch, Versioned};
use super::writing::Writing;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(go))
        .routes(routes!(put_in_charge))
}

/// New values for some fields; null clears one, what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemChange {
    title: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "1500.00 RUB")]
    amount: Option<Option<Money>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    contact: Option<Option<ContactId>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    source: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    lost_reason: Option<Option<String>>,
    /// Custom fields; null clears one.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Object>)]
    fields: BTreeMap<String, Option<FieldValue>>,
}

/// Changes fields of an item.
#[utoipa::path(
    patch, path = "/items/{id}", tag = "items", params(("If-Match" = String, Header)),
    request_body = ItemChange, responses((status = OK, body = ItemView))
)]
pub(super) async fn patch(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
    seen: IfMatch,
    Body(body): Body<ItemChange>,
) -> Result<Versioned<ItemView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let item = draft.item(id).await?;
        seen.check(id, item.version)?;
        if let Some(contact) = body.contact.flatten() {
            draft.contact(contact).await?;
        }
        let patch = ItemPatch {
            title: body.title.clone(),
            amount: body.amount.clone(),
            contact: body.contact,
            source: body.source.clone(),
            lost_reason: body.lost_reason.clone(),
            fields: body.fields.clone(),
        };
        draft.rule(|rules, changes| edit_item(rules, changes, item, patch))?;
        let item = draft.item(id).await?;
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(item.version, item.into()));
        }
    }
}

/// Where an item goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Move {
    #[schema(value_type = String)]
    stage: StageId,
    /// May go to a stage further left.
    #[serde(default)]
    allow_back: bool,
    /// Why it was lost, for stages that want to know.
    lost_reason: Option<String>,
}

/// Moves an item to a stage of its pipeline.
#[utoipa::path(
    post, path = "/items/{id}/move", tag = "items", params(("If-Match" = String, Header)),
    request_body = Move, responses((status = OK, body = ItemView))
)]
async fn go(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
    seen: IfMatch,
    Body(body): Body<Move>,
) -> Result<Versioned<ItemView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let mut item = draft.item(id).await?;
        seen.check(id, item.version)?;
        if let Some(reason) = &body.lost_reason {
            let patch = ItemPatch {
                lost_reason: Some(Some(reason.clone())),
                ..ItemPatch::default()
            };
            draft.rule(|rules, changes| edit_item(rules, changes, item, patch))?;
            item = draft.item(id).await?;
        }
        let reach = Reach {
            back: body.allow_back,
            across: false,
        };
        draft.rule(|rules, changes| move_item(rules, changes, item, body.stage, reach))?;
        let item = draft.item(id).await?;
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(item.version, item.into()));
        }
    }
}

/// Who takes an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Assignment {
    #[schema(value_type = String)]
    employee: EmployeeId,
}

/// Puts an employee in charge of an item.
#[utoipa::path(
    post, path = "/items/{id}/assign", tag = "items", params(("If-Match" = String, Header)),
    request_body = Assignment, responses((status = OK, body = ItemView))
)]
async fn put_in_charge(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
    seen: IfMatch,
    Body(body): Body<Assignment>,
) -> Result<Versioned<ItemView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let item = draft.item(id).await?;
        seen.check(id, item.version)?;
        draft.rule(|rules, changes| assign(rules, changes, item, body.employee))?;
        let item = draft.item(id).await?;
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(item.version, item.into()));
        }
    }
}
