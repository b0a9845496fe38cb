//! API tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use signalbox_crm::directory::{DirectoryChange, Token};
use signalbox_crm::ids::{EmployeeId, IdKind, TokenId};
use signalbox_crm::people::Role;
use signalbox_crm::time::Timestamp;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::caller::{Administer, Caller};
use super::input::{Id, Query};
use super::item_records::PageQuery;
use super::paging::{Asked, Page};
use super::problem::Problem;
use super::writing::{Create, Creating, Writing};
use super::{secret, setup};
use signalbox_crm::said;
use signalbox_crm::template;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// An API token, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct TokenView {
    #[schema(value_type = String)]
    id: TokenId,
    /// What it is for.
    name: String,
    /// `admin`, `editor`, `operator`, `auditor` or `integrator`.
    #[schema(value_type = String)]
    role: Role,
    /// In whose name it acts.
    #[schema(value_type = Option<String>)]
    employee: Option<EmployeeId>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl From<&Token> for TokenView {
    fn from(token: &Token) -> Self {
        let Token {
            id,
            name,
            role,
            employee,
            created_at,
            expires_at,
            revoked_at,
            ..
        } = token.clone();
        TokenView {
            id,
            name,
            role,
            employee,
            created_at,
            expires_at,
            revoked_at,
        }
    }
}

/// All tokens, also those that have ended.
#[utoipa::path(
    get, path = "/tokens", tag = "people", params(PageQuery), responses((status = OK, body = Page<TokenView>))
)]
async fn list(
    _: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TokenView>>, Problem> {
    let asked = Asked::<TokenId>::new("tokens", query.limit, query.after.as_deref())?;
    let directory = state.core.records.directory();
    Ok(asked.page_of(&directory.tokens, |token| TokenView::from(token.as_ref())))
}

/// A new token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenNew {
    name: String,
    #[schema(value_type = String)]
    role: Role,
    #[schema(value_type = Option<String>)]
    employee: Option<EmployeeId>,
    /// When it ends; never without it.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A new token with its secret.
#[derive(Debug, Serialize, ToSchema)]
struct TokenMade {
    #[serde(flatten)]
    token: TokenView,
    /// Shown this once. Null when the request is repeated under its `Idempotency-Key`.
    secret: Option<String>,
}

/// Makes a token. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/tokens", tag = "people",
    request_body = TokenNew, responses((status = CREATED, body = TokenMade))
)]
async fn create(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    create: Create<TokenNew>,
) -> Result<Response, Problem> {
    let (mut creating, body) = Creating::new(&state, &caller, create);
    if let Some(answer) = creating.known().await? {
        return Ok(answer);
    }
    let secret = secret::fresh();
    loop {
        let mut draft = creating.draft();
        setup::check_room(template!("tokens"), draft.directory.tokens.len())?;
        if let Some(employee) = body.employee {
            draft.directory.employee(employee)?;
        }
        if body.expires_at.is_some_and(|end| end <= draft.now) {
            return Err(Problem::invalid(
                "expires_at",
                said!("the token would have expired already"),
            ));
        }
        let id = TokenId(draft.new_id(IdKind::Token));
        signalbox_crm::editing::check_title(&body.name).map_err(|error| Problem::from(error).of("name"))?;
        let token = Token {
            id,
            name: body.name.clone(),
            digest: secret::digest(&secret),
            role: body.role,
            employee: body.employee,
            created_at: draft.now,
            expires_at: body.expires_at,
            revoked_at: None,
        };
        let view = TokenView::from(&token);
        setup::note_created(&mut draft, &id.to_string(), &view)?;
        draft.changes.directory.push(DirectoryChange::Token(token));
        let first = TokenMade {
            token: view.clone(),
            secret: Some(secret.clone()),
        };
        let repeated = TokenMade {
            token: view,
            secret: None,
        };
        if let Some(answer) = creating.commit_secret(draft, &first, &repeated).await? {
            return Ok(answer);
        }
    }
}

/// Withdraws a token at once. Once withdrawn it stays so; a repetition changes nothing.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "people", responses((status = NO_CONTENT)))]
async fn revoke(
    caller: Caller<Administer>,
    State(state): State<Arc<AppState>>,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Problem> {
    let mut writing = Writing::new(&state, &caller);
    loop {
        let mut draft = writing.draft();
        let found = draft
            .directory
            .tokens
            .get(&id)
            .cloned()
            .ok_or_else(|| Problem::not_found(id))?;
        if found.revoked_at.is_some() {
            return Ok(StatusCode::NO_CONTENT);
        }
        let token = Token {
            revoked_at: Some(draft.now),
            ..Token::clone(&found)
        };
        draft.rule(|rules, changes| {
            rules.note(changes, id, "revoked", Some(token.name.clone()), None);
            Ok(())
        })?;
        draft.changes.directory.push(DirectoryChange::Token(token));
        if writing.commit(draft).await?.is_some() {
            return Ok(StatusCode::NO_CONTENT);
        }
    }
}
