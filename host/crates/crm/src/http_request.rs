//! Requests of robots to services outside, and what was answered.

use serde::{Deserialize, Serialize};

use crate::event::Origin;
use crate::ids::{AttachmentId, ItemId, RequestId};
use crate::shard::{Shard, shard_of_name};
use crate::time::Timestamp;

/// What is asked of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the words of HTTP: RFC 9110 section 9.3, RFC 5789")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The word of HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// Whether a body has a meaning with it.
    pub fn has_body(self) -> bool {
        !matches!(self, Method::Get | Method::Head)
    }
}

/// A header, or a part of the query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The name of the secret that is put behind the value when the request leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// When the answer starts the robot again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wake {
    /// Whatever comes of it.
    Always,
    /// When no answer came, or one with a status of 400 or more.
    OnFailure,
    /// Not at all.
    Never,
}

/// What a robot asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// Scheme, host, path, and perhaps a query.
    pub url: String,
    /// Put behind the query of the URL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<Part>,
    /// The headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Part>,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What the robot wants to know when the answer comes.
    pub payload: String,
    /// When that is.
    pub wake: Wake,
    /// How long one attempt may take, in seconds.
    pub timeout_s: u32,
    /// Attempts before it is given up.
    pub attempts_max: u32,
}

/// A header of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// In lower case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    /// The status, 100 to 599.
    pub status: u16,
    /// The headers, in their order.
    pub headers: Vec<Header>,
    /// The body as text.
    pub body: String,
    /// Whether headers or body were longer than what is kept.
    pub is_cut: bool,
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// To be sent, at `due_at` or later.
    Pending,
    /// The service answered.
    Answered,
    /// Given up without an answer; the error says why.
    Dead,
}

impl RequestState {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            RequestState::Pending => "pending",
            RequestState::Answered => "answered",
            RequestState::Dead => "dead",
        }
    }
}

/// A request on its way out: at least once, always with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The id.
    pub id: RequestId,
    /// Whose it is, and what its answer starts.
    pub attachment: AttachmentId,
    /// The run that asked for it, and its place in the chain of causes: the answer goes on with that chain.
    pub chain: Origin,
    /// The item that the run was about.
    pub item: Option<ItemId>,
    /// The item's stage entry at that time.
    pub stage_entry: Option<i64>,
    /// Scheme, host and port: requests to one service share its pace.
    pub origin: String,
    /// What is asked.
    pub asked: Asked,
    /// The same at each attempt, and no other request's anywhere.
    pub idempotency_key: String,
    /// Where it stands.
    pub state: RequestState,
    /// How many attempts were made.
    pub attempt_count: u32,
    /// When to try next.
    pub due_at: Timestamp,
    /// What the last attempt without a final answer said.
    pub last_error: Option<String>,
    /// What was answered.
    pub response: Option<Response>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the answer came, or when it was given up.
    pub finished_at: Option<Timestamp>,
}

impl HttpRequest {
    /// The shard of its service: one host knows all that goes there.
    pub fn shard(&self) -> Shard {
        shard_of_name(&self.origin)
    }

    /// Whether what came of it starts the robot again.
    pub fn wakes(&self) -> bool {
        match self.asked.wake {
            Wake::Always => true,
            Wake::OnFailure => self
                .response
                .as_ref()
                .is_none_or(|response| response.status >= 400),
            Wake::Never => false,
        }
    }
}
