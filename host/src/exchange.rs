//! One exchange with a server outside: the client that makes it, and what it means when no answer comes.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, Response as Answered};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};
use rustls::RootCertStore;
use signalbox_crm::time::Timestamp;

use crate::tls;

/// The longest wait that a server can ask for: a day.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(86_400);
/// The longest error text, in characters.
pub const ERROR_CHARS_MAX: usize = 300;

/// A server that a simulation plays: it gets the requests that would go over the network.
pub trait Receiver: Send + Sync {
    /// Answers a request, or says why no answer came.
    fn receive(&self, request: Request<Vec<u8>>) -> Received<'_>;
}

/// An answer, when it comes.
pub type Received<'a> = Pin<Box<dyn Future<Output = Result<Answered<Vec<u8>>, String>> + Send + 'a>>;

/// Why no answer came.
#[derive(Debug)]
pub(crate) struct NoAnswer {
    /// Such an address or message cannot be written as a request: no attempt will differ.
    pub(crate) is_impossible: bool,
    /// There was no connection: nothing has left.
    pub(crate) is_unsent: bool,
    pub(crate) error: String,
}

/// A client that follows no redirects, keeps no cookies, and uses no proxy of the environment.
pub(crate) fn client(roots: impl Into<Arc<RootCertStore>>) -> ClientBuilder {
    Client::builder()
        .tls_backend_preconfigured(tls::client(roots))
        .http1_only()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .user_agent(concat!("signalbox/", env!("CARGO_PKG_VERSION")))
}

/// Sends a request, to the receiver where there is one; all of the answer has to come within the time.
pub(crate) async fn exchange(
    request: RequestBuilder,
    timeout: Duration,
    receiver: Option<&dyn Receiver>,
) -> Result<Response, NoAnswer> {
    let failed = |error: reqwest::Error| NoAnswer {
        is_impossible: error.is_builder(),
        is_unsent: error.is_connect(),
        error: describe(error, timeout),
    };
    let request = request.timeout(timeout);
    let Some(receiver) = receiver else {
        return request.send().await.map_err(failed);
    };
    let request: Request<reqwest::Body> = request.build().and_then(TryInto::try_into).map_err(failed)?;
    let request = request.map(|body| body.as_bytes().unwrap_or_default().to_vec());
    let answered = receiver.receive(request).await.map_err(|error| NoAnswer {
        is_impossible: false,
        is_unsent: false,
        error,
    })?;
    Ok(answered.into())
}

/// What happened, with its causes and without the URL, which may hold a secret.
pub(crate) fn describe(error: reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        return format!("no answer within {} ms", timeout.as_millis());
    }
    let error = error.without_url();
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        message = format!("{message}: {next}");
        cause = next.source();
    }
    message
}

/// How long a `Retry-After` header asks to wait: seconds, or a date (RFC 9110, section 10.2.3). One that has passed asks
/// for nothing.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(wait(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    let asked = Timestamp::from(date.timestamp()).since(now);
    Some(wait(asked.as_secs())).filter(|wait| !wait.is_zero())
}

/// The wait that was asked for, within the limit.
pub(crate) fn wait(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(RETRY_AFTER_MAX)
}

#[cfg(test)]
pub(crate) mod service;
