//! Reading requests: bodies, queries, ids. Whatever is wrong is refused by name.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use signalbox_crm::rejection::Code;

use super::AppState;
use super::problem::{Kind, Problem};
use signalbox_crm::said;
use signalbox_crm::sentence::{Sentence, refused_as};

/// The largest JSON body, in bytes: a deal with 200 fields of 10,000 characters would be larger, and is nobody's.
pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How long a JSON body may take to arrive: the largest at 35 kilobytes a second.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<AppState>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Arc<AppState>) -> Result<Self, Problem> {
        check_media(request.headers())?;
        let bytes = raw(request, state).await?;
        parse(&bytes).map(Body)
    }
}

/// Refuses a body that says it is not JSON. One that says nothing is read: what is no JSON is refused then.
pub(super) fn check_media(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(header) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let text = header.to_str().unwrap_or_default();
    let media = text.split(';').next().unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = said!("`Content-Type` is `{media}`: send `application/json`", media);
    Err(Problem::new(Kind::UnsupportedMedia, detail).of("Content-Type"))
}

/// The bytes of a body, up to the route's limit.
pub(super) async fn raw(request: Request, state: &Arc<AppState>) -> Result<Bytes, Problem> {
    raw_within(BODY_TIME_MAX, request, state).await
}

/// The bytes of a body that may take its time.
pub(super) async fn raw_within<S: Send + Sync>(
    time_max: Duration,
    request: Request,
    state: &S,
) -> Result<Bytes, Problem> {
    let reading = tokio::time::timeout(time_max, Bytes::from_request(request, state)).await;
    let slow = |_| {
        let seconds = time_max.as_secs();
        Problem::new(
            Kind::TooSlow,
            said!("the body did not arrive within {seconds} seconds", seconds),
        )
    };
    reading.map_err(slow)?.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(Kind::TooLarge, said!("the body is larger than this route takes"))
        }
        other => {
            let detail = said!("the body cannot be read: {why}", why = other.body_text());
            Problem::new(Kind::BadJson, detail)
        }
    })
}

/// Reads JSON. An empty body counts as `{}`. Nesting is bounded by the parser (128 levels).
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes: &[u8] = if bytes.trim_ascii().is_empty() {
        b"{}"
    } else {
        bytes
    };
    if has_nul(bytes) {
        return Err(Problem::new(
            Kind::BadJson,
            said!("the body has a NUL character, which no text may have"),
        ));
    }
    // Without this, serde would take a list of the fields' values in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::new(
            Kind::BadJson,
            said!("the body is not a JSON object"),
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(refused)?;
    deserializer
        .end()
        .map_err(|error| Problem::new(Kind::BadJson, said!("the body is not JSON: {why}", why = error)))?;
    Ok(value)
}

/// Whether a string in the JSON text has the character U+0000, which databases cannot store.
fn has_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\' || *byte == 0) {
        if rest[at] == 0 || rest[at + 1..].starts_with(b"u0000") {
            return true;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

fn refused(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let path = if path == "." { String::new() } else { path };
    let inner = error.into_inner();
    let message = inner.to_string();
    if !inner.is_data() {
        return Problem::new(Kind::BadJson, said!("the body is not JSON: {why}", why = message));
    }
    let message = message.split(" at line ").next().unwrap_or_default();
    if let Some(name) = unknown(message) {
        return Problem::new(Kind::UnknownField, Sentence::plain(message)).of(name);
    }
    let why = refused_as(message);
    let detail = match path.as_str() {
        "" => why,
        path => said!("`{path}`: {why}", path, why),
    };
    Problem::invalid(&path, detail)
}

/// The name in serde's "unknown field `x`, expected ...".
fn unknown(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("unknown field `")?;
    rest.split_once('`').map(|(name, _)| name)
}

/// The query of the URL.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<AppState>> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<AppState>) -> Result<Self, Problem> {
        if let Some(problem) = parts.uri.query().and_then(broken_text) {
            return Err(Problem::new(Kind::Rule(Code::Invalid), Sentence::plain(problem)));
        }
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Query(query)),
            Err(rejection) => {
                let text = rejection.body_text();
                let detail = text
                    .strip_prefix("Failed to deserialize query string: ")
                    .unwrap_or(&text);
                Err(match unknown(detail) {
                    Some(name) => Problem::new(Kind::UnknownField, Sentence::plain(detail)).of(name),
                    None => {
                        let name = detail.split(':').next().unwrap_or_default();
                        Problem::invalid(name, Sentence::plain(detail))
                    }
                })
            }
        }
    }
}

/// What is wrong with the text behind a query's `%` signs. Without this, signs that are no UTF-8 would be replaced,
/// and something else would be looked for.
fn broken_text(query: &str) -> Option<&'static str> {
    let mut bytes = Vec::with_capacity(query.len());
    let mut rest = query.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after
            .first_chunk::<2>()
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { &after[2..] } else { after };
    }
    if bytes.contains(&0) {
        return Some("the query has a NUL character");
    }
    std::str::from_utf8(&bytes)
        .is_err()
        .then_some("the query is not UTF-8 behind its `%` signs")
}

/// An id in the path. One of another kind names nothing that this route has: 404.
pub(super) struct Id<T>(pub(super) T);

impl<T> FromRequestParts<Arc<AppState>> for Id<T>
where
    T: FromStr<Err: Into<Sentence>>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::not_found_because(Sentence::plain(error.body_text())))?;
        text.parse()
            .map(Id)
            .map_err(|error: T::Err| Problem::not_found_because(error))
    }
}

/// A field of a patch that is absent, or null, or has a value.
pub(super) fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn body_that_trickles_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let read = |request: Request| async move {
            let time_max = Duration::from_millis(100);
            raw_within(time_max, request, &()).await.map(drop)
        };
        let router = Router::new().route("/", post(read));
        tokio::spawn(super::super::serve(listener, router, std::future::pending()));
        stream
            .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{\"a\":")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("\"code\":\"too-slow\""), "{answer}");
    }

    #[test]
    fn nul_is_found_as_an_escape_and_as_a_byte_and_not_behind_a_backslash() {
        for (json, expected) in [
            (&br#"{"a":"\u0000"}"#[..], true),
            (b"{\"a\":\"\0\"}", true),
            (br#"{"a":"\\\u0000"}"#, true),
            (br#"{"a":"\\u0000"}"#, false),
            (br#"{"a":"\u0001"}"#, false),
            (br#"\"#, false),
        ] {
            assert_eq!(has_nul(json), expected, "{}", String::from_utf8_lossy(json));
        }
    }

    #[test]
    fn query_that_hides_broken_text_is_found() {
        for (query, is_broken) in [
            ("title=%D0%AF", false),
            ("title=100%", false),
            ("title=%zz", false),
            ("title=%FF", true),
            ("title=%D0x", true),
            ("%00=1", true),
        ] {
            assert_eq!(broken_text(query).is_some(), is_broken, "{query}");
        }
    }
}
