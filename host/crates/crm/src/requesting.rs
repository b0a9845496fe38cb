//! Requests to services outside: what a robot may ask, and what becomes of an attempt.

use std::time::Duration;

use url::Url;

use crate::attachment::Attachment;
use crate::backoff::Backoff;
use crate::changes::ChangeSet;
use crate::event::{Fact, Origin};
use crate::http_request::{Asked, HttpRequest, Part, RequestState, Response};
use crate::ids::{IdKind, ItemId, RequestId};
use crate::rejection::Rejection;
use crate::rules::Rules;
use crate::said;
use crate::secret::secret_for;
use crate::sentence::Sentence;
use crate::template;
use crate::time::Timestamp;
use crate::web_host::{check_reach, origin_of};

/// The longest URL, in bytes, with its query. The least that all parties of the web support is 8,000 (RFC 9110 section
/// 4.1); what is longer than a quarter of it belongs into a body.
pub const URL_BYTES_MAX: usize = 2_000;
/// The most headers, and the most parts of a query.
pub const PARTS_MAX: usize = 32;
/// The longest value of a part, in bytes.
pub const PART_BYTES_MAX: usize = 4 * 1024;
/// The longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// The longest payload, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 4 * 1024;
/// The longest time for one attempt, in seconds.
pub const TIMEOUT_S_MAX: u32 = 60;
/// The time for one attempt where the robot says nothing, in seconds.
pub const TIMEOUT_S: u32 = 10;
/// The most attempts: with the backoff about a quarter of an hour.
pub const ATTEMPTS_MAX: u32 = 10;
/// Attempts where the robot says nothing: about half a minute.
pub const ATTEMPTS: u32 = 5;

/// Headers that are the host's: they frame the message, or say who sends it.
const HEADERS_OF_THE_HOST: [&str; 14] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "idempotency-key",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-forwarded-for",
];

/// Who asks, and on what.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Whose robot it is.
    pub attachment: &'a Attachment,
    /// The run, and its place in the chain of causes.
    pub chain: Origin,
    /// The item of the run with its stage entry.
    pub item: Option<(ItemId, i64)>,
}

/// Stages a request: it leaves after the commit. How many a run may make is said by [`crate::quotas::Quotas`].
///
/// # Errors
/// `invalid` (URL, parts, body, payload, numbers), `denied` (a host that the robot does not ask for or that is not
/// granted, a secret that may not go there), `not-found` (a secret).
pub fn request(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    asking: Asking<'_>,
    asked: Asked,
) -> Result<RequestId, Rejection> {
    let asked = with_defaults(asked);
    let url = check(&asked)?;
    check_hosts(rules, asking.attachment, &url)?;
    for secret in secrets(&asked) {
        secret_for(rules.directory, secret, &url)?;
    }
    let id = RequestId((rules.new_id)(IdKind::Request));
    changes.requests.push(HttpRequest {
        id,
        attachment: asking.attachment.id,
        chain: asking.chain,
        item: asking.item.map(|(id, _)| id),
        stage_entry: asking.item.map(|(_, entry)| entry),
        origin: origin_of(&url),
        asked,
        idempotency_key: format!("{}:{id}", rules.directory.installation),
        state: RequestState::Pending,
        attempt_count: 0,
        due_at: rules.now,
        last_error: None,
        response: None,
        created_at: rules.now,
        finished_at: None,
    });
    Ok(id)
}

fn with_defaults(mut asked: Asked) -> Asked {
    if asked.timeout_s == 0 {
        asked.timeout_s = TIMEOUT_S;
    }
    if asked.attempts_max == 0 {
        asked.attempts_max = ATTEMPTS;
    }
    for header in &mut asked.headers {
        header.name.make_ascii_lowercase();
    }
    asked
}

/// Both the robot's manifest and its admin must name the host.
fn check_hosts(rules: &Rules<'_>, attachment: &Attachment, url: &Url) -> Result<(), Rejection> {
    if let Some(robot) = rules.directory.robots.get(&attachment.digest) {
        let label = robot.manifest.label();
        check_reach(url, &robot.manifest.http_hosts, format_args!("robot `{label}`"))?;
    }
    check_reach(url, &attachment.http_hosts, attachment.id)
}

/// Names of the secrets in a request.
pub fn secrets(asked: &Asked) -> impl Iterator<Item = &str> {
    let parts = asked.query.iter().chain(&asked.headers);
    parts.filter_map(|part| part.secret.as_deref())
}

fn check(asked: &Asked) -> Result<Url, Rejection> {
    let url = read_url(&asked.url)?;
    check_count(template!("parts of the query"), asked.query.len())?;
    check_count(template!("headers"), asked.headers.len())?;
    asked
        .query
        .iter()
        .try_for_each(|part| check_part(template!("query"), part))?;
    asked.headers.iter().try_for_each(check_header)?;
    let body = asked.body.as_deref().unwrap_or_default();
    check_size(&said!("body"), body, BODY_BYTES_MAX)?;
    if asked.body.is_some() && !asked.method.has_body() {
        let message = said!(
            "a body has no meaning with {method}",
            method = asked.method.as_str()
        );
        return Err(Rejection::invalid(message));
    }
    check_size(&said!("payload"), &asked.payload, PAYLOAD_BYTES_MAX)?;
    check_range(
        template!("the time-out in seconds"),
        asked.timeout_s,
        TIMEOUT_S_MAX,
    )?;
    check_range(
        template!("the number of attempts"),
        asked.attempts_max,
        ATTEMPTS_MAX,
    )?;
    Ok(url)
}

fn read_url(text: &str) -> Result<Url, Rejection> {
    check_size(&said!("URL"), text, URL_BYTES_MAX)?;
    let invalid =
        |why: Sentence| Rejection::invalid(said!("`{text}` is no URL for a request: {why}", text, why));
    let url = Url::parse(text).map_err(|error| invalid(Sentence::plain(error.to_string())))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(invalid(said!("its scheme is neither https nor http")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid(said!(
            "it holds a name or a password; name a secret in a header"
        )));
    }
    if url.fragment().is_some() {
        return Err(invalid(said!("it has a fragment, which never leaves")));
    }
    Ok(url)
}

fn check_count(what: &'static str, count: usize) -> Result<(), Rejection> {
    if count <= PARTS_MAX {
        return Ok(());
    }
    Err(Rejection::invalid(said!(
        "{count} {what}, more than {max}",
        count,
        what = Sentence::fixed(what),
        max = PARTS_MAX
    )))
}

fn check_size(what: &Sentence, text: &str, max: usize) -> Result<(), Rejection> {
    if text.len() > max {
        let message = said!(
            "the {what} has {count} bytes, more than {max}",
            what = *what,
            count = text.len(),
            max
        );
        return Err(Rejection::invalid(message));
    }
    if text.contains('\0') {
        return Err(Rejection::invalid(said!("the {what} holds U+0000", what = *what)));
    }
    Ok(())
}

fn check_range(what: &'static str, value: u32, max: u32) -> Result<(), Rejection> {
    if value <= max {
        return Ok(());
    }
    Err(Rejection::invalid(said!(
        "{what} is {value}, not 0 to {max}",
        what = Sentence::fixed(what),
        value,
        max
    )))
}

fn check_part(what: &'static str, part: &Part) -> Result<(), Rejection> {
    if part.name.is_empty() {
        return Err(Rejection::invalid(said!(
            "a part of the {what} has no name",
            what = Sentence::fixed(what)
        )));
    }
    check_size(&said!("name of a part"), &part.name, PART_BYTES_MAX)?;
    check_size(
        &said!("value of `{name}`", name = part.name),
        &part.value,
        PART_BYTES_MAX,
    )
}

/// A name and a value that frame nothing (RFC 9110 sections 5.1 and 5.5).
fn check_header(part: &Part) -> Result<(), Rejection> {
    check_part(template!("headers"), part)?;
    let name = &part.name;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !name.bytes().all(is_token) {
        return Err(Rejection::invalid(said!("`{name}` is no name of a header", name)));
    }
    if HEADERS_OF_THE_HOST.contains(&name.as_str()) || name.starts_with("proxy-") {
        return Err(Rejection::invalid(said!(
            "the header `{name}` is set by the host only",
            name
        )));
    }
    if !part
        .value
        .bytes()
        .all(|byte| (0x20..0x7f).contains(&byte) || byte == b'\t')
    {
        let message = said!(
            "the header `{name}` holds more than visible ASCII: encode the value",
            name
        );
        return Err(Rejection::invalid(message));
    }
    Ok(())
}

/// What one attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempted {
    /// The service answered.
    Answered {
        /// What.
        response: Response,
        /// How long it asks us to wait, if it does.
        retry_after: Option<Duration>,
    },
    /// No answer came; perhaps the service has the request.
    Failed {
        /// What happened.
        error: String,
    },
    /// No attempt will ever be made.
    Impossible {
        /// Why.
        error: String,
    },
}

/// Notes an attempt: the request waits for the next one, or is over, and then its robot may be started again.
pub fn attempted(changes: &mut ChangeSet, mut request: HttpRequest, attempted: Attempted, now: Timestamp) {
    request.attempt_count += 1;
    let is_last = request.attempt_count >= request.asked.attempts_max;
    match attempted {
        Attempted::Answered {
            response,
            retry_after,
        } if !is_last && may_pass(response.status) => {
            request.last_error = Some(format!("the service answered {}", response.status));
            wait(&mut request, retry_after, now);
        }
        Attempted::Answered { response, .. } => {
            request.response = Some(response);
            request.state = RequestState::Answered;
        }
        Attempted::Failed { error } if !is_last => {
            request.last_error = Some(error);
            wait(&mut request, None, now);
        }
        Attempted::Failed { error } | Attempted::Impossible { error } => {
            request.last_error = Some(error);
            request.state = RequestState::Dead;
        }
    }
    if request.state != RequestState::Pending {
        request.finished_at = Some(now);
        if request.wakes() {
            changes.happened(woken(&request), request.item);
        }
    }
    changes.requests_done.push(request);
}

fn wait(request: &mut HttpRequest, retry_after: Option<Duration>, now: Timestamp) {
    let seed = u64::from_ne_bytes(request.id.0.to_ne_bytes());
    let pause = retry_after.unwrap_or_else(|| Backoff::DEFAULT.delay(request.attempt_count, seed));
    request.due_at = now.plus(pause).unwrap_or(Timestamp::MAX);
}

fn woken(request: &HttpRequest) -> Fact {
    Fact::HttpResponse {
        attachment: request.attachment,
        request: request.id,
        stage_entry: request.stage_entry,
        status: request.response.as_ref().map(|response| response.status),
    }
}

/// Whether the service may answer otherwise a little later (RFC 9110 section 15, RFC 6585, RFC 8470). 501 and 505 say
/// that it never will.
pub fn may_pass(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=504 | 506..=599)
}

#[cfg(test)]
mod tests;
