//! Changes: the console asks the API, in the name of who is signed in, as any program would.

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tower::ServiceExt;

use super::visitor::Visitor;
use crate::http::problem::{Kind, Problem, ProblemBody, Said};
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;

/// The largest answer that is read: a page of 200 rows is far below.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The API says no.
#[derive(Debug, Clone)]
pub(super) struct Refused(pub(super) ProblemBody);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = axum::http::StatusCode::from_u16(self.0.status);
        let mut response = status
            .unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
            .into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Refused(problem.into())
    }
}

/// A request to the API.
pub(super) struct Ask<'a> {
    /// The method.
    pub(super) method: Method,
    /// The path behind `/api/v1`, with its query.
    pub(super) path: &'a str,
    /// The body, with its media type.
    pub(super) body: Option<(&'static str, String)>,
    /// The version that the person has seen.
    pub(super) version: Option<i64>,
}

impl<'a> Ask<'a> {
    /// Makes something.
    pub(super) fn post(path: &'a str, body: Value) -> Self {
        Ask {
            method: Method::POST,
            path,
            body: Some(("application/json", body.to_string())),
            version: None,
        }
    }

    /// Sends a set-up file.
    pub(super) fn post_file(path: &'a str, text: String) -> Self {
        Ask {
            body: Some(("application/toml", text)),
            ..Ask::post(path, Value::Null)
        }
    }

    /// Changes something.
    pub(super) fn patch(path: &'a str, body: Value) -> Self {
        Ask {
            method: Method::PATCH,
            ..Ask::post(path, body)
        }
    }

    /// Removes something.
    pub(super) fn delete(path: &'a str) -> Self {
        Ask {
            method: Method::DELETE,
            path,
            body: None,
            version: None,
        }
    }

    /// Reads something.
    pub(super) fn get(path: &'a str) -> Self {
        Ask {
            method: Method::GET,
            ..Ask::delete(path)
        }
    }

    /// Only if the thing still has this version.
    pub(super) fn seen(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }
}

impl Visitor {
    /// Asks the API. The answer's body; null when there is none.
    ///
    /// # Errors
    /// What the API says.
    pub(super) async fn ask(&self, ask: Ask<'_>) -> Result<Value, Refused> {
        let mut request = Request::builder()
            .method(ask.method)
            .uri(format!("/api/v1{}", ask.path));
        if let Some(version) = ask.version {
            request = request.header(header::IF_MATCH, format!("\"{version}\""));
        }
        let body = match ask.body {
            Some((media, text)) => {
                request = request.header(header::CONTENT_TYPE, media);
                Body::from(text)
            }
            None => Body::empty(),
        };
        let request = request.extension(self.who.clone()).body(body);
        let request = request.map_err(|error| broken(&error))?;
        let Ok(answer) = self.console.api.clone().oneshot(request).await;
        if let Some(problem) = answer.extensions().get::<ProblemBody>() {
            return Err(Refused(problem.clone()));
        }
        let said = answer.extensions().get::<Said>().cloned().unwrap_or_default();
        let bytes = to_bytes(answer.into_body(), ANSWER_BYTES_MAX)
            .await
            .map_err(|error| broken(&error))?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        let mut body = serde_json::from_slice(&bytes).map_err(|error| broken(&error))?;
        self.translate(&mut body, &said.0);
        Ok(body)
    }

    /// Says the sentences of a body in the person's language.
    fn translate(&self, body: &mut Value, sentences: &[Sentence]) {
        match body {
            Value::String(text) => {
                if let Some(sentence) = sentences.iter().find(|one| one.english() == *text) {
                    *text = self.words.say(sentence);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|one| self.translate(one, sentences)),
            Value::Object(fields) => fields.values_mut().for_each(|one| self.translate(one, sentences)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn broken(error: &dyn std::error::Error) -> Problem {
    tracing::error!(error = %error, "The console could not ask the API: {error}");
    Problem::new(Kind::Internal, said!("the host failed; its log says why"))
}
