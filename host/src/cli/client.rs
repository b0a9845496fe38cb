//! The way to a running host: its HTTP API.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use rustls::RootCertStore;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use crate::clock::random_bytes;
use crate::tls;

/// How long an answer may take. The slowest is an installation: the host compiles the robot, for which it takes two
/// minutes of CPU time at most, behind everything else that the machine does.
const ANSWER_MAX: Duration = Duration::from_secs(300);
/// How long the host may take to accept a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Rows of one page: the most that the API gives.
const PAGE_MAX: usize = 200;

/// The way to a running host.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
    answer_max: Duration,
}

/// What the host answered.
#[derive(Debug)]
pub(crate) struct Reply {
    /// 2xx.
    pub(crate) status: StatusCode,
    /// The body; null without one.
    pub(crate) body: Value,
}

/// What of this was given.
pub(crate) fn given<const N: usize>(
    asked: [(&'static str, Option<String>); N],
) -> impl Iterator<Item = (&'static str, String)> {
    asked.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

impl Client {
    /// Prepares; nothing is sent.
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self, Failure> {
        Client::waiting(url, token, ANSWER_MAX)
    }

    fn waiting(url: &str, token: Option<&str>, answer_max: Duration) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::say(Exit::Usage, format!("--url: `{url}` {why}"));
        let base = Url::parse(url).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        let roots = match base.scheme() {
            // Reading the system's authorities takes milliseconds, and nothing here asks for them.
            "http" => RootCertStore::empty().into(),
            "https" => tls::roots(),
            _ => return Err(wrong("is not a URL of http or https")),
        };
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client(roots))
            .timeout(answer_max)
            .connect_timeout(CONNECT_MAX)
            .no_proxy()
            .build();
        let http = http.context("the HTTP client cannot start")?;
        Ok(Client {
            http,
            base,
            token: token.map(str::to_owned),
            answer_max,
        })
    }

    /// Reads one thing: `/runs/run:17`.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.get_with(path, &[]).await
    }

    /// As `get`, with more words about what is wanted.
    pub(crate) async fn get_with(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        let url = self.address(path, query);
        self.send(self.request(Method::GET, url))
            .await
            .map(|reply| reply.body)
    }

    /// Reads a file.
    pub(crate) async fn get_bytes(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.get_bytes_with(path, &[]).await
    }

    /// As `get_bytes`, with more words about what is wanted.
    pub(crate) async fn get_bytes_with(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Vec<u8>, Failure> {
        let request = self.request(Method::GET, self.address(path, query));
        let (_, bytes) = self.send_for_bytes(request).await?;
        Ok(bytes)
    }

    /// Reads a list to its end or to `max` rows.
    pub(crate) async fn list(
        &self,
        path: &str,
        query: &[(&str, String)],
        max: usize,
    ) -> Result<Vec<Value>, Failure> {
        let mut rows = Vec::new();
        let mut after: Option<String> = None;
        while rows.len() < max {
            let mut query = query.to_vec();
            query.push(("limit", PAGE_MAX.min(max - rows.len()).to_string()));
            query.extend(after.take().map(|cursor| ("after", cursor)));
            let mut page = self
                .send(self.request(Method::GET, self.address(path, &query)))
                .await?
                .body;
            match page.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => rows.extend(items),
                _ => {
                    return Err(Failure::say(
                        Exit::Failed,
                        format!("the host answered `{path}` without `items`"),
                    ));
                }
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = Some(next.to_owned()),
                None => break,
            }
        }
        Ok(rows)
    }

    /// Makes something, or does something. Sent twice by the network, it happens once.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Reply, Failure> {
        self.post_bytes(path, "application/json", &[], body.to_string().into_bytes())
            .await
    }

    /// Does what needs no words, and gives what it is then.
    pub(crate) async fn act(&self, path: &str) -> Result<Value, Failure> {
        Ok(self.post(path, &json!({})).await?.body)
    }

    /// As `post`, with a body of another type, and what more there is to say about it.
    pub(crate) async fn post_bytes(
        &self,
        path: &str,
        media: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Reply, Failure> {
        let key: String = random_bytes::<16>()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut request = self.request(Method::POST, self.address(path, &[]));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        self.send(
            request
                .header("content-type", media)
                .header("idempotency-key", key)
                .body(body),
        )
        .await
    }

    /// Sends a text, with more words about what is to be done with it.
    pub(crate) async fn post_text(
        &self,
        path: &str,
        query: &[(&str, String)],
        media: &str,
        text: Vec<u8>,
    ) -> Result<Reply, Failure> {
        let request = self.request(Method::POST, self.address(path, query));
        self.send(request.header("content-type", media).body(text)).await
    }

    /// Changes something that has this version.
    pub(crate) async fn change(
        &self,
        method: Method,
        path: &str,
        version: i64,
        body: &Value,
    ) -> Result<Reply, Failure> {
        let request = self.request(method, self.address(path, &[]));
        let request = request.header("if-match", format!("\"{version}\""));
        self.send(
            request
                .header("content-type", "application/json")
                .body(body.to_string()),
        )
        .await
    }

    /// Puts something in its place, whether there is something or not.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Reply, Failure> {
        let request = self.request(Method::PUT, self.address(path, &[]));
        self.send(
            request
                .header("content-type", "application/json")
                .body(body.to_string()),
        )
        .await
    }

    /// Removes something.
    pub(crate) async fn delete(&self, path: &str) -> Result<Reply, Failure> {
        self.send(self.request(Method::DELETE, self.address(path, &[])))
            .await
    }

    fn address(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!(
            "{}/api/v1{path}",
            self.base.path().trim_end_matches('/')
        ));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        let (status, bytes) = self.send_for_bytes(request).await?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Reply { status, body })
    }

    /// The status and the body of an answer that is no refusal.
    async fn send_for_bytes(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Failure> {
        let reply = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = reply.status();
        let bytes = reply.bytes().await.map_err(|error| self.unreachable(error))?;
        if status.is_success() {
            return Ok((status, bytes.into()));
        }
        let problem = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Err(self.refused(status, &problem))
    }

    fn unreachable(&self, error: reqwest::Error) -> Failure {
        if error.is_timeout() && !error.is_connect() {
            let message = format!(
                "the host at {} did not answer within {} s: what was asked may be done all the same; `signalbox status` \
                 says what it is busy with",
                self.base,
                self.answer_max.as_secs_f32()
            );
            return Failure::say(Exit::Unreachable, message);
        }
        // The chain of layers says "connect error" three times; its root says what is wrong.
        let chain = anyhow::Error::new(error.without_url());
        let message = format!(
            "no host answers at {}: {}; `signalbox demo` and `signalbox serve` start one, --url or SIGNALBOX_URL names \
             another",
            self.base,
            chain.root_cause()
        );
        Failure::say(Exit::Unreachable, message)
    }

    /// A problem (RFC 9457) in one line.
    fn refused(&self, status: StatusCode, problem: &Value) -> Failure {
        let word = |key: &str| {
            problem
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let mut message = match word("detail").or(word("title")) {
            Some(detail) => detail.to_owned(),
            None => format!("the host at {} answered {status}", self.base),
        };
        if status == StatusCode::UNAUTHORIZED {
            message.push_str(match self.token {
                None => "; give a token with --token or SIGNALBOX_TOKEN",
                Some(_) => {
                    "; a host prints one at its first start, and `signalbox serve --new-admin-token` makes another"
                }
            });
        }
        let mut failure = Failure::say(exit_of(status), message);
        failure.code = word("code").map(str::to_owned);
        failure
    }
}

fn exit_of(status: StatusCode) -> Exit {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Exit::Denied,
        StatusCode::NOT_FOUND => Exit::NotFound,
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED | StatusCode::PRECONDITION_REQUIRED => {
            Exit::Conflict
        }
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_keeps_a_path_prefix_and_escapes_the_query() {
        let client = Client::new("http://crm.local:1/box/", None).unwrap();
        let url = client.address(
            "/runs",
            &[("item", "deal:17".to_owned()), ("after", "a&b".to_owned())],
        );
        assert_eq!(
            url.as_str(),
            "http://crm.local:1/box/api/v1/runs?item=deal%3A17&after=a%26b"
        );
        assert_eq!(
            client.address("/runs/run:1", &[]).as_str(),
            "http://crm.local:1/box/api/v1/runs/run:1"
        );
    }

    #[tokio::test]
    async fn host_that_is_busy_is_not_taken_for_one_that_is_not_there() {
        // Connections are accepted by the system, and nobody answers them.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::waiting(&url, None, Duration::from_millis(10)).unwrap();
        let failure = client.get("/status").await.unwrap_err();
        assert_eq!(failure.exit, Exit::Unreachable);
        let words = failure.error.to_string();
        assert!(words.contains("did not answer within 0.01 s"), "{words}");
    }

    #[test]
    fn url_that_cannot_be_spoken_is_a_usage_error() {
        for url in ["ftp://x", "localhost", "http:"] {
            let failure = Client::new(url, None).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{url}");
            assert!(failure.error.to_string().contains(url), "{}", failure.error);
        }
    }
}
