//! Channels: connected messengers and forms. Their secrets go in and never come out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::conversation::{Channel, Guarantee, Provider};
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::ids::{ChannelId, EmployeeId, IdKind, PipelineId};
use signalbox_crm::setting_up::check_channel;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller, Read};
use super::input::{Body, Id, Query, nullable};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::setup;
use super::version::{IfMatch, Versioned};
use super::writing::{Create, Creating, Writing};
use signalbox_crm::said;
use signalbox_crm::template;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, patch))
}

/// A connected messenger or form. Of its secrets it is only said whether they are set.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelView {
    #[schema(value_type = String)]
    id: ChannelId,
    /// Webhooks go to `/hooks/{key}`.
    key: String,
    title: String,
    /// `telegram` or `generic`.
    #[schema(value_type = String)]
    provider: Provider,
    has_outbound_secret: bool,
    base_url: Option<String>,
    /// Messages that the receiver can take in a second.
    per_second: u16,
    /// `at-least-once` or `at-most-once`.
    #[schema(value_type = String)]
    guarantee: Guarantee,
    /// The receiver takes a message once that comes again with the same key.
    deduplicates: bool,
    #[schema(value_type = Option<String>)]
    opens_item_in: Option<PipelineId>,
    #[schema(value_type = Option<String>)]
    default_assignee: Option<EmployeeId>,
    is_active: bool,
    version: i64,
}

impl From<&Channel> for ChannelView {
    fn from(channel: &Channel) -> Self {
        ChannelView {
            id: channel.id,
            key: channel.key.clone(),
            title: channel.title.clone(),
            provider: channel.provider,
            has_outbound_secret: channel.outbound_secret.is_some(),
            base_url: channel.base_url.clone(),
            per_second: channel
                .per_second
                .unwrap_or(channel.provider.per_second_default()),
            guarantee: channel.guarantee,
            deduplicates: channel.provider.deduplicates(),
            opens_item_in: channel.opens_item_in,
            default_assignee: channel.default_assignee,
            is_active: channel.is_active,
            version: channel.version,
        }
    }
}

/// All channels.
#[utoipa::path(
    get, path = "/channels", tag = "channels", params(PageQuery), responses((status = OK, body = Page<ChannelView>))
)]
async fn list(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ChannelView>>, Problem> {
    let asked = Asked::<ChannelId>::new("channels", query.limit, query.after.as_deref())?;
    let directory = state.core.records.directory();
    Ok(asked.page_of(&directory.channels, |channel| ChannelView::from(channel.as_ref())))
}

/// One channel.
#[utoipa::path(get, path = "/channels/{id}", tag = "channels", responses((status = OK, body = ChannelView)))]
async fn get(
    _: Caller<Read>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ChannelId>,
) -> Result<Versioned<ChannelView>, Problem> {
    let directory = state.core.records.directory();
    let channel = directory.channel(id)?;
    Ok(Versioned(channel.version, channel.as_ref().into()))
}

/// A new channel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChannelNew {
    key: String,
    title: String,
    #[schema(value_type = String)]
    provider: Provider,
    /// Proves that a webhook comes from the provider. Telegram: the secret token; generic: `whsec_<base64>`.
    inbound_secret: String,
    /// Authorises what is sent. Telegram: the bot token; generic: `whsec_<base64>`.
    outbound_secret: Option<String>,
    /// Where answers go. No answers without it.
    base_url: Option<String>,
    /// Messages that the receiver can take in a second, 1 to 1,000; 25 for Telegram and 50 for others without it.
    per_second: Option<u16>,
    /// When nobody can tell whether the receiver has a message: `at-least-once` sends it again, `at-most-once` gives
    /// it up.
    #[serde(default)]
    #[schema(value_type = String)]
    guarantee: Guarantee,
    /// Opens a lead or deal in this pipeline for a client who has none open.
    #[schema(value_type = Option<String>)]
    opens_item_in: Option<PipelineId>,
    #[schema(value_type = Option<String>)]
    default_assignee: Option<EmployeeId>,
}

/// Connects a channel.
#[utoipa::path(
    post, path = "/channels", tag = "channels",
    request_body = ChannelNew, responses((status = CREATED, body = ChannelView))
)]
async fn create(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    create: Create<ChannelNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    loop {
        let mut draft = creating.draft();
        let channel = Channel {
            id: ChannelId(draft.new_id(IdKind::Channel)),
            key: body.key.clone(),
            title: body.title.clone(),
            provider: body.provider,
            inbound_secret: body.inbound_secret.clone(),
            outbound_secret: body.outbound_secret.clone(),
            base_url: body.base_url.clone(),
            per_second: body.per_second,
            guarantee: body.guarantee,
            opens_item_in: body.opens_item_in,
            default_assignee: body.default_assignee,
            is_active: true,
            version: 1,
        };
        setup::check_room(template!("channels"), draft.directory.channels.len())?;
        check(&draft.directory, &channel)?;
        let view = ChannelView::from(&channel);
        setup::note_created(&mut draft, &channel.id.to_string(), &view)?;
        draft.changes.directory.push(DirectoryChange::Channel(channel));
        if let Some(answer) = creating.commit(draft, &view).await? {
            return Ok(answer);
        }
    }
}

fn check(directory: &signalbox_crm::directory::Directory, channel: &Channel) -> Result<(), Problem> {
    check_channel(directory, channel)?;
    if channel.inbound_secret.trim().is_empty() {
        return Err(Problem::invalid(
            "inbound_secret",
            said!("a channel without a secret would believe everybody"),
        ));
    }
    Ok(())
}

/// New values for some fields; null clears one, what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChannelChange {
    title: Option<String>,
    inbound_secret: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    outbound_secret: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    base_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u16>)]
    per_second: Option<Option<u16>>,
    #[schema(value_type = Option<String>)]
    guarantee: Option<Guarantee>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    opens_item_in: Option<Option<PipelineId>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    default_assignee: Option<Option<EmployeeId>>,
    is_active: Option<bool>,
}

/// Changes a channel.
#[utoipa::path(
    patch, path = "/channels/{id}", tag = "channels", params(("If-Match" = String, Header)),
    request_body = ChannelChange, responses((status = OK, body = ChannelView))
)]
async fn patch(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<ChannelId>,
    seen: IfMatch,
    Body(body): Body<ChannelChange>,
) -> Result<Versioned<ChannelView>, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let before = Arc::clone(draft.directory.channel(id)?);
        seen.check(id, before.version)?;
        let mut channel = Channel {
            version: before.version + 1,
            ..Channel::clone(&before)
        };
        setup::set(&mut channel.title, body.title.as_ref());
        setup::set(&mut channel.inbound_secret, body.inbound_secret.as_ref());
        setup::set(&mut channel.outbound_secret, body.outbound_secret.as_ref());
        setup::set(&mut channel.base_url, body.base_url.as_ref());
        setup::set(&mut channel.per_second, body.per_second.as_ref());
        setup::set(&mut channel.guarantee, body.guarantee.as_ref());
        setup::set(&mut channel.opens_item_in, body.opens_item_in.as_ref());
        setup::set(&mut channel.default_assignee, body.default_assignee.as_ref());
        setup::set(&mut channel.is_active, body.is_active.as_ref());
        check(&draft.directory, &channel)?;
        let view = ChannelView::from(&channel);
        setup::note_changed(
            &mut draft,
            &id.to_string(),
            &ChannelView::from(before.as_ref()),
            &view,
        )?;
        draft.changes.directory.push(DirectoryChange::Channel(channel));
        if writing.commit(draft).await?.is_some() {
            return Ok(Versioned(view.version, view));
        }
    }
}
