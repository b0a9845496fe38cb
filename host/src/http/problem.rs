//! Refusals and failures as RFC 9457 problems with stable codes.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;
use utoipa::ToSchema;

/// When to try again after a 503, in seconds: a busy database is free again in less.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("1");
/// When to try again after a 429, in seconds: a full backlog takes a few seconds to be worked off.
const RETRY_AFTER_BUSY_S: HeaderValue = HeaderValue::from_static("5");

/// What is wrong, for programs. Each word keeps its meaning for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A rule says no.
    Rule(Code),
    /// No token, or one that is not valid.
    Unauthorized,
    /// The token's role does not allow it.
    Forbidden,
    /// `If-Match` is missing.
    PreconditionRequired,
    /// The thing has another version by now.
    StaleVersion,
    /// What is in force was changed since the draft began.
    StaleDraft,
    /// Entries of a draft are wrong or not finished.
    Unfinished,
    /// The body or the query cannot be read.
    BadJson,
    /// A field that does not exist.
    UnknownField,
    /// The body is too large.
    TooLarge,
    /// The body takes too long to arrive.
    TooSlow,
    /// The body is of another type than the route takes.
    UnsupportedMedia,
    /// The route takes other methods.
    MethodNotAllowed,
    /// Too much work waits.
    Busy,
    /// The database cannot store or answer now.
    Unavailable,
    /// The disk is full.
    StorageFull,
    /// A defect of the host.
    Internal,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Rule(code) => code.as_str(),
            Kind::Unauthorized => "unauthorized",
            Kind::Forbidden => "forbidden",
            Kind::PreconditionRequired => "precondition-required",
            Kind::StaleVersion => "stale-version",
            Kind::StaleDraft => "stale-draft",
            Kind::Unfinished => "unfinished",
            Kind::BadJson => "bad-json",
            Kind::UnknownField => "unknown-field",
            Kind::TooLarge => "too-large",
            Kind::TooSlow => "too-slow",
            Kind::UnsupportedMedia => "unsupported-media-type",
            Kind::MethodNotAllowed => "method-not-allowed",
            Kind::Busy => "busy",
            Kind::Unavailable => "unavailable",
            Kind::StorageFull => "storage-full",
            Kind::Internal => "internal",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Kind::Rule(code) => status_of(code),
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Kind::StaleVersion => StatusCode::PRECONDITION_FAILED,
            Kind::StaleDraft => StatusCode::CONFLICT,
            Kind::Unfinished => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::BadJson | Kind::UnknownField => StatusCode::BAD_REQUEST,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Busy => StatusCode::TOO_MANY_REQUESTS,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Conflicts are about the state of a thing, the rest about what was asked.
fn status_of(code: Code) -> StatusCode {
    match code {
        Code::Denied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict | Code::BackwardRefused | Code::NoCandidate | Code::WindowClosed => {
            StatusCode::CONFLICT
        }
        Code::Invalid
        | Code::RequiredFields
        | Code::RuleViolated
        | Code::NoSuchStage
        | Code::LimitNotifications
        | Code::LimitMessages
        | Code::LimitWrites
        | Code::LimitRequests
        | Code::LimitTimers
        | Code::LimitState
        | Code::LimitCalls => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// The sentences that stand in the body of an answer, for the console, which says them in the person's language. An
/// extension of the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said(pub(crate) Vec<Sentence>);

/// Why a request was not fulfilled.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    kind: Kind,
    detail: Sentence,
    fields: Vec<String>,
    version: Option<i64>,
}

/// Why a request was not fulfilled (RFC 9457, media type `application/problem+json`).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// `urn:signalbox:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The HTTP status in words.
    title: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// For people: names the thing and the value.
    #[schema(value_type = String)]
    pub(crate) detail: Sentence,
    /// For programs: never changes its meaning.
    pub(crate) code: &'static str,
    /// The fields concerned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<String>,
    /// `stale-version`: the version that the thing has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<i64>,
}

impl Problem {
    /// A problem of this kind.
    pub(crate) fn new(kind: Kind, detail: impl Into<Sentence>) -> Self {
        Problem {
            kind,
            detail: detail.into(),
            fields: Vec::new(),
            version: None,
        }
    }

    /// A malformed argument, named.
    pub(crate) fn invalid(field: &str, detail: impl Into<Sentence>) -> Self {
        Problem::new(Kind::Rule(Code::Invalid), detail).of(field)
    }

    /// There is no such thing.
    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        Rejection::not_found(what).into()
    }

    /// There is no such thing, in these words.
    pub(crate) fn not_found_because(detail: impl Into<Sentence>) -> Self {
        Problem::new(Kind::Rule(Code::NotFound), detail)
    }

    /// The thing is not in a state that allows it.
    pub(crate) fn conflict(detail: impl Into<Sentence>) -> Self {
        Problem::new(Kind::Rule(Code::Conflict), detail)
    }

    /// The thing has another version by now.
    pub(crate) fn stale(what: impl std::fmt::Display, asked: i64, present: i64) -> Self {
        let detail = said!(
            "`{what}` has version {present}, not {asked}",
            what,
            present,
            asked
        );
        Problem::new(Kind::StaleVersion, detail).with_version(present)
    }

    /// Names the version that the thing has now.
    pub(super) fn with_version(self, present: i64) -> Self {
        Problem {
            version: Some(present),
            ..self
        }
    }

    /// With other words, if the body was too large.
    pub(crate) fn when_too_large(self, detail: impl FnOnce() -> Sentence) -> Self {
        match self.kind == Kind::TooLarge {
            true => Problem {
                detail: detail(),
                ..self
            },
            false => self,
        }
    }

    /// Names a field that the problem is about.
    pub(crate) fn of(mut self, field: &str) -> Self {
        if !field.is_empty() && !self.fields.iter().any(|known| known == field) {
            self.fields.push(field.to_owned());
        }
        self
    }
}

impl From<Problem> for ProblemBody {
    fn from(problem: Problem) -> Self {
        let (status, code) = (problem.kind.status(), problem.kind.word());
        ProblemBody {
            kind: format!("urn:signalbox:problem:{code}"),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: problem.detail,
            code,
            fields: problem.fields,
            version: problem.version,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        let shown = ProblemBody::from(self);
        let body = serde_json::to_vec(&shown).unwrap_or_default();
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        // For who is in the same process: the console's pages say it in their own way.
        response.extensions_mut().insert(shown);
        let headers = response.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_S);
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_BUSY_S);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let Rejection {
            code,
            message,
            fields,
        } = rejection;
        Problem {
            fields,
            ..Problem::new(Kind::Rule(code), message)
        }
    }
}
