//! Leads and deals.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::ids::{ContactId, EmployeeId, ItemId, ItemKind, PipelineId, StageId};
use signalbox_crm::item::Item;
use signalbox_crm::moving::{NewItem, create_item};
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::{FieldValue, Money};
use signalbox_db::{ItemFilter, ItemPage};
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
use crate::engine::draft::Draft;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, super::item_changes::patch))
}

/// A lead or a deal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemView {
    #[schema(value_type = String, example = "deal:17")]
    id: ItemId,
    #[schema(value_type = String)]
    pipeline: PipelineId,
    #[schema(value_type = String)]
    stage: StageId,
    /// Counts the stage entries, from 1.
    stage_entry: i64,
    #[schema(value_type = String, format = DateTime)]
    stage_entered_at: Timestamp,
    title: String,
    #[schema(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
    #[schema(value_type = Option<String>, example = "1500.00 RUB")]
    amount: Option<Money>,
    source: Option<String>,
    /// Custom fields by key, each `{"type", "value"}`.
    #[schema(value_type = BTreeMap<String, Object>)]
    fields: BTreeMap<String, FieldValue>,
    #[schema(value_type = String, format = DateTime)]
    raised_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_contact_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
    lost_reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    version: i64,
}

impl From<Item> for ItemView {
    fn from(item: Item) -> Self {
        ItemView {
            id: item.id,
            pipeline: item.pipeline,
            stage: item.stage,
            stage_entry: item.stage_entry,
            stage_entered_at: item.stage_entered_at,
            title: item.title,
            assignee: item.assignee,
            contact: item.contact,
            amount: item.amount,
            source: item.source,
            fields: item.fields,
            raised_at: item.raised_at,
            last_contact_at: item.last_contact_at,
            closed_at: item.closed_at,
            lost_reason: item.lost_reason,
            created_at: item.created_at,
            updated_at: item.updated_at,
            version: item.version,
        }
    }
}

/// Which items.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ItemsQuery {
    /// `lead` or `deal`.
    #[param(value_type = Option<String>)]
    kind: Option<ItemKind>,
    #[param(value_type = Option<String>)]
    pipeline: Option<PipelineId>,
    #[param(value_type = Option<String>)]
    stage: Option<StageId>,
    #[param(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
    #[param(value_type = Option<String>)]
    contact: Option<ContactId>,
    /// Open ones, or closed ones.
    open: Option<bool>,
    /// A part of the title, in any case.
    title: Option<String>,
    /// 1 to 200.
    limit: Option<u32>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// Items in the order of their numbers: what is added meanwhile comes last, so a walk loses and doubles nothing.
#[utoipa::path(get, path = "/items", tag = "items", params(ItemsQuery), responses((status = OK, body = Page<ItemView>)))]
async fn list(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<ItemsQuery>,
) -> Result<Json<Page<ItemView>>, Problem> {
    let asked = Asked::<i64>::new("items", query.limit, query.after.as_deref())?;
    let filter = ItemFilter {
        kind: query.kind,
        pipeline: query.pipeline,
        stage: query.stage,
        assignee: query.assignee,
        contact: query.contact,
        is_open: query.open,
        title: query.title,
        entered_before: None,
        due: None,
    };
    let items = state
        .core
        .db
        .items(&filter, ItemPage::Number(asked.after), asked.fetch())
        .await?;
    Ok(asked.page(items, |item| item.id.number, ItemView::from))
}

/// One item.
#[utoipa::path(get, path = "/items/{id}", tag = "items", responses((status = OK, body = ItemView)))]
async fn get(
    _: Caller<ReadClients>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ItemId>,
) -> Result<Versioned<ItemView>, Problem> {
    let item = find(&state, id).await?;
    Ok(Versioned(item.version, item.into()))
}

/// The item as it is committed.
pub(super) async fn find(state: &AppState, id: ItemId) -> Result<Item, Problem> {
    // Another host may have changed what this one remembers.
    let known = state.core.records.item(id);
    if let Some(item) = known.filter(|_| !state.core.db.is_shared()) {
        return Ok(Item::clone(&item));
    }
    let item = state.core.db.item(id.number).await?.filter(|item| item.id == id);
    item.ok_or_else(|| Problem::not_found(id))
}

/// A new lead or deal, whichever the pipeline holds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ItemNew {
    #[schema(value_type = String)]
    pipeline: PipelineId,
    /// The pipeline's first without one.
    #[schema(value_type = Option<String>)]
    stage: Option<StageId>,
    title: String,
    #[schema(value_type = Option<String>)]
    assignee: Option<EmployeeId>,
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
    #[schema(value_type = Option<String>, example = "1500.00 RUB")]
    amount: Option<Money>,
    source: Option<String>,
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Object>)]
    fields: BTreeMap<String, FieldValue>,
}

/// Creates an item.
#[utoipa::path(post, path = "/items", tag = "items", request_body = ItemNew, responses((status = CREATED, body = ItemView)))]
async fn create(
    caller: Caller<Work>,
    State(state): State<Arc<AppState>>,
    create: Create<ItemNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        if let Some(contact) = body.contact {
            draft.contact(contact).await?;
        }
        let new = NewItem {
            pipeline: body.pipeline,
            stage: body.stage,
            title: body.title.clone(),
            assignee: body.assignee,
            contact: body.contact,
            amount: body.amount.clone(),
            source: body.source.clone(),
            fields: body.fields.clone(),
        };
        let id = draft.rule(|rules, changes| create_item(rules, changes, new))?.id;
        let view = staged(&draft, id)?;
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}

fn staged(draft: &Draft, id: ItemId) -> Result<ItemView, Problem> {
    let row = draft
        .changes
        .items
        .get(&id.number)
        .map(|staged| staged.row.clone());
    row.map(ItemView::from).ok_or_else(|| lost(id))
}
