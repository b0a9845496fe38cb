//! How the API writes: a draft, a rule, a commit; once more when others were faster; once only for a repeated key.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use signalbox_crm::bulk::Bulk;
use signalbox_crm::time::Timestamp;
use signalbox_db::IdempotencyRow;

use super::AppState;
use super::caller::Who;
use super::input::{check_media, parse, raw};
use super::problem::{Kind, Problem};
use super::secret::hex;
use super::version::etag;
use crate::engine::committer::{Proposal, Receipt};
use crate::engine::draft::Draft;
use signalbox_crm::said;

/// Executions of one request whose reads were changed by others. Each one that is repeated means that another
/// writer got through.
const CONFLICTS_MAX: u32 = 20;
/// The longest `Idempotency-Key`, in characters: four times a UUID with prefix.
const KEY_CHARS_MAX: usize = 200;

/// The attempts of one request to commit.
pub(super) struct Writing<'a> {
    state: &'a AppState,
    who: &'a Who,
    left: u32,
}

impl<'a> Writing<'a> {
    /// None was made yet.
    pub(super) fn new(state: &'a AppState, who: &'a Who) -> Self {
        Writing {
            state,
            who,
            left: CONFLICTS_MAX,
        }
    }

    /// A draft in the caller's name.
    pub(super) fn draft(&self) -> Draft {
        Draft::new(&self.state.core, self.who.actor())
    }

    /// Commits; none when others changed what the draft had read, and it must be made again.
    pub(super) async fn commit(&mut self, draft: Draft) -> Result<Option<Receipt>, Problem> {
        self.submit(draft.into_proposal()).await
    }

    /// As `commit`, with a bulk change and the version that it must still have.
    pub(super) async fn commit_bulk(
        &mut self,
        draft: Draft,
        bulk: (Option<i64>, Bulk),
    ) -> Result<Option<Receipt>, Problem> {
        let mut proposal = draft.into_proposal();
        proposal.bulk = Some(bulk);
        self.submit(proposal).await
    }

    async fn submit(&mut self, proposal: Proposal) -> Result<Option<Receipt>, Problem> {
        match self.state.core.submit(proposal).await {
            Ok(receipt) => Ok(Some(receipt)),
            Err(error) if error.is_conflict() && self.left > 0 => {
                self.left -= 1;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The body of a request that creates something, and the key under which its answer is kept.
pub(super) struct Create<T> {
    /// The body.
    pub(super) body: T,
    key: Option<String>,
    fingerprint: String,
}

impl<T: DeserializeOwned> FromRequest<Arc<AppState>> for Create<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, Problem> {
        let key = key_of(request.headers())?;
        check_media(request.headers())?;
        let mut hasher = Sha256::new();
        hasher.update(format!("{} {}\n", request.method(), request.uri().path()));
        let bytes = raw(request, state).await?;
        hasher.update(&bytes);
        Ok(Create {
            body: parse(&bytes)?,
            key,
            fingerprint: hex(&hasher.finalize()),
        })
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(header) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    if headers.get_all("idempotency-key").iter().count() > 1 {
        let detail = said!("`Idempotency-Key` is there more than once");
        return Err(Problem::invalid("Idempotency-Key", detail));
    }
    let text = header.to_str().unwrap_or_default().trim();
    if text.is_empty() || text.len() > KEY_CHARS_MAX {
        let detail = said!(
            "`Idempotency-Key` must have 1 to {max} ASCII characters",
            max = KEY_CHARS_MAX
        );
        return Err(Problem::invalid("Idempotency-Key", detail));
    }
    Ok(Some(text.to_owned()))
}

/// The attempts of one request to create something.
pub(super) struct Creating<'a> {
    writing: Writing<'a>,
    /// Unique among callers.
    key: Option<String>,
    fingerprint: String,
}

impl<'a> Creating<'a> {
    /// None was made yet. Takes the body out of the request.
    pub(super) fn new<T>(state: &'a AppState, who: &'a Who, create: Create<T>) -> (Self, T) {
        let key = create.key.map(|key| format!("{}/{key}", who.credential));
        let creating = Creating {
            writing: Writing::new(state, who),
            key,
            fingerprint: create.fingerprint,
        };
        (creating, create.body)
    }

    /// A draft in the caller's name.
    pub(super) fn draft(&self) -> Draft {
        self.writing.draft()
    }

    /// The answer that was given to the same request before.
    pub(super) async fn known(&self) -> Result<Option<Response>, Problem> {
        let Some(key) = &self.key else { return Ok(None) };
        let Some(row) = self.writing.state.core.db.idempotency(key).await? else {
            return Ok(None);
        };
        if row.fingerprint != self.fingerprint {
            let detail = said!("another request had this `Idempotency-Key` before");
            return Err(Problem::invalid("Idempotency-Key", detail));
        }
        Ok(Some(answer(row.status, row.body)))
    }

    /// Commits the draft together with its answer; none when it must be made again.
    pub(super) async fn commit(
        &mut self,
        draft: Draft,
        view: &impl Serialize,
    ) -> Result<Option<Response>, Problem> {
        self.commit_secret(draft, view, view).await
    }

    /// As `commit`, where a repetition of the request gets another answer, because the first one has a secret.
    pub(super) async fn commit_secret(
        &mut self,
        draft: Draft,
        first: &impl Serialize,
        repeated: &impl Serialize,
    ) -> Result<Option<Response>, Problem> {
        let body = json(first)?;
        let at = draft.now;
        self.commit_answer(draft.into_proposal(), body, repeated, at)
            .await
    }

    /// As `commit`, with a new bulk change.
    pub(super) async fn commit_bulk(
        &mut self,
        draft: Draft,
        bulk: Bulk,
        view: &impl Serialize,
    ) -> Result<Option<Response>, Problem> {
        let at = draft.now;
        let mut proposal = draft.into_proposal();
        proposal.bulk = Some((None, bulk));
        self.commit_answer(proposal, json(view)?, view, at).await
    }

    async fn commit_answer(
        &mut self,
        mut proposal: Proposal,
        body: String,
        repeated: &impl Serialize,
        at: Timestamp,
    ) -> Result<Option<Response>, Problem> {
        let status = StatusCode::CREATED.as_u16();
        proposal.idempotency = match &self.key {
            Some(key) => Some(IdempotencyRow {
                key: key.clone(),
                fingerprint: self.fingerprint.clone(),
                status,
                body: json(repeated)?,
                at,
            }),
            None => None,
        };
        match self.writing.submit(proposal).await? {
            Some(_) => Ok(Some(answer(status, body))),
            None => self.known().await,
        }
    }
}

fn json(view: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(view).map_err(|error| super::failure::internal(&error))
}

/// The part of a body that becomes its entity tag.
#[derive(Deserialize)]
struct Tagged {
    version: Option<i64>,
}

fn answer(status: u16, body: String) -> Response {
    let version = serde_json::from_str::<Tagged>(&body)
        .ok()
        .and_then(|tagged| tagged.version);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CREATED);
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(version) = version {
        response.headers_mut().insert(header::ETAG, etag(version));
    }
    response
}

/// An error that cannot be the caller's: something that was staged a moment ago is not there.
pub(super) fn lost(what: impl std::fmt::Display) -> Problem {
    tracing::error!("{what} was staged and is not in the draft");
    Problem::new(Kind::Internal, said!("{what} was lost on the way", what))
}
