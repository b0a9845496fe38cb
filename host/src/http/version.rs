//! Versions of things: `ETag` out, `If-Match` in.

use std::sync::Arc;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::AppState;
use super::problem::{Kind, Problem};
use signalbox_crm::said;

/// A thing with its version as `ETag`.
pub(super) struct Versioned<T>(pub(super) i64, pub(super) T);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        (StatusCode::OK, [(header::ETAG, etag(self.0))], Json(self.1)).into_response()
    }
}

/// The version as an entity tag.
pub(super) fn etag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"0\""))
}

/// The version that the caller has seen. `If-Match: *` takes any.
pub(super) struct IfMatch(Option<i64>);

impl IfMatch {
    /// The version; none takes any.
    pub(super) fn version(&self) -> Option<i64> {
        self.0
    }

    /// Refuses a thing that has another version.
    pub(super) fn check(&self, what: impl std::fmt::Display, present: i64) -> Result<(), Problem> {
        match self.0 {
            Some(asked) if asked != present => Err(Problem::stale(what, asked, present)),
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<Arc<AppState>> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<AppState>) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get(header::IF_MATCH) else {
            let detail =
                said!("the request needs `If-Match` with the version that it is based on, such as `\"3\"`");
            return Err(Problem::new(Kind::PreconditionRequired, detail));
        };
        let text = header.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(IfMatch(None));
        }
        let version = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match version.and_then(|digits| digits.parse().ok()) {
            Some(version) => Ok(IfMatch(Some(version))),
            None => Err(Problem::invalid(
                "If-Match",
                said!("`{text}` is not a version such as `\"3\"`", text),
            )),
        }
    }
}
