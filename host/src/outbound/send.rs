//! One attempt of a request: secrets go in, the answer comes back without them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Encoding;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response as Answered};
use signalbox_crm::directory::Directory;
use signalbox_crm::http_request::{Asked, Header, HttpRequest, Method, Part, Response};
use signalbox_crm::rejection::Rejection;
use signalbox_crm::requesting::{Attempted, secrets};
use signalbox_crm::secret::secret_for;
use signalbox_crm::time::Timestamp;
use signalbox_crm::web_host::{WebHost, check_reach};
use url::{Host, Url};

use super::address::{PublicResolver, is_public, private};
use crate::exchange::{self, ERROR_CHARS_MAX, Receiver, describe, exchange, retry_after};
use crate::tls;

/// The longest body of an answer that a robot gets, in bytes: four times the largest request of a robot.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// The most headers of an answer that a robot gets.
pub const HEADERS_MAX: usize = 64;
/// The most that the headers of an answer have together, in bytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// How long a connection may take to come about.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Sends requests of robots. Follows no redirects, keeps no cookies, uses no proxy of the environment.
#[derive(Clone)]
pub struct WebSender {
    /// Reaches public addresses only.
    guarded: Client,
    /// Reaches whatever there is, for the hosts that the operator names.
    open: Client,
    private_hosts: Arc<[WebHost]>,
    /// In place of the network.
    receiver: Option<Arc<dyn Receiver>>,
}

impl WebSender {
    /// A sender with its own connections; of hosts with private addresses it reaches these only.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new(private_hosts: Arc<[WebHost]>) -> Result<Self, reqwest::Error> {
        Ok(WebSender {
            guarded: client().dns_resolver(PublicResolver).build()?,
            open: client().build()?,
            private_hosts,
            receiver: None,
        })
    }

    /// A sender whose requests go to this receiver and not to the network.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn simulated(receiver: Arc<dyn Receiver>) -> Result<Self, reqwest::Error> {
        Ok(WebSender {
            receiver: Some(receiver),
            ..WebSender::new(Arc::from([]))?
        })
    }

    /// Makes one attempt.
    pub async fn send(&self, directory: &Directory, request: &HttpRequest, now: Timestamp) -> Attempted {
        let prepared = match self.prepare(directory, request) {
            Ok(prepared) => prepared,
            Err(error) => return Attempted::Impossible { error },
        };
        let timeout = Duration::from_secs(request.asked.timeout_s.into());
        let Prepared { request, hidden } = prepared;
        match exchange(request, timeout, self.receiver.as_deref()).await {
            Ok(answered) => {
                let retry_after = retry_after(answered.headers(), now);
                match read(answered).await {
                    Ok(response) => Attempted::Answered {
                        response: hidden.response(response),
                        retry_after,
                    },
                    Err(error) => Attempted::Failed {
                        error: hidden.error(&describe(error, timeout)),
                    },
                }
            }
            Err(none) => Attempted::Failed {
                error: hidden.error(&none.error),
            },
        }
    }

    /// The request with its secrets. What was granted when the robot asked may have been withdrawn since.
    fn prepare(&self, directory: &Directory, request: &HttpRequest) -> Result<Prepared, String> {
        let asked = &request.asked;
        let mut url = Url::parse(&asked.url).map_err(|error| format!("`{}`: {error}", asked.url))?;
        let Some(attachment) = directory.attachments.get(&request.attachment) else {
            return Err(format!("{} was removed", request.attachment));
        };
        let text = |rejection: Rejection| rejection.to_string();
        check_reach(&url, &attachment.http_hosts, attachment.id).map_err(text)?;
        let client = self.client_for(&url)?;
        let mut hidden = Hidden::default();
        for name in secrets(asked) {
            hidden.add(secret_for(directory, name, &url).map_err(text)?);
        }
        // Looked up above, so it is there.
        let value = |part: &Part| {
            let secret = part
                .secret
                .as_deref()
                .and_then(|name| directory.secrets.get(name));
            let secret = secret.map_or("", |secret| secret.value.as_str());
            format!("{}{secret}", part.value)
        };
        if !asked.query.is_empty() {
            let mut query = url.query_pairs_mut();
            for part in &asked.query {
                query.append_pair(&part.name, &value(part));
            }
        }
        let mut built = client
            .request(method(asked.method), url)
            .header("idempotency-key", &request.idempotency_key);
        for part in &asked.headers {
            built = built.header(&part.name, value(part));
        }
        if let Some(body) = &asked.body {
            built = with_type(built, asked).body(body.clone());
        }
        Ok(Prepared {
            request: built,
            hidden,
        })
    }

    /// Names are looked at when they are resolved; an address in place of a name is looked at here.
    fn client_for(&self, url: &Url) -> Result<&Client, String> {
        if self.private_hosts.iter().any(|host| host.has(url)) {
            return Ok(&self.open);
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        match address.filter(|address| !is_public(*address)) {
            None => Ok(&self.guarded),
            Some(address) => Err(private(&address.to_string())),
        }
    }
}

/// A request that may leave, and what nobody may learn from its answer.
struct Prepared {
    request: RequestBuilder,
    hidden: Hidden,
}

fn client() -> ClientBuilder {
    exchange::client(tls::roots()).connect_timeout(CONNECT_MAX)
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// Most services want JSON, and refuse a body without its type.
fn with_type(request: RequestBuilder, asked: &Asked) -> RequestBuilder {
    let has_type = asked.headers.iter().any(|part| part.name == "content-type");
    match has_type {
        true => request,
        false => request.header(CONTENT_TYPE, "application/json"),
    }
}

async fn read(mut answered: Answered) -> Result<Response, reqwest::Error> {
    let status = answered.status().as_u16();
    let (headers, are_cut) = headers(answered.headers());
    let encoding = encoding(answered.headers());
    let mut body = Vec::new();
    let mut is_cut = false;
    while let Some(chunk) = answered.chunk().await? {
        let room = ANSWER_BYTES_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            is_cut = true;
            break;
        }
    }
    let (text, ..) = encoding.decode(&body);
    Ok(Response {
        status,
        headers,
        // PostgreSQL keeps no NUL in text.
        body: text.replace('\0', "\u{fffd}"),
        is_cut: is_cut || are_cut,
    })
}

/// The headers that are kept, and whether there are more.
fn headers(all: &HeaderMap) -> (Vec<Header>, bool) {
    let mut kept: Vec<Header> = Vec::new();
    let mut bytes = 0;
    for (name, value) in all {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        bytes += name.as_str().len() + value.len();
        if kept.len() == HEADERS_MAX || bytes > HEADER_BYTES_MAX {
            return (kept, true);
        }
        let name = name.as_str().to_owned();
        kept.push(Header { name, value });
    }
    (kept, false)
}

/// What the service says that its text is written in; UTF-8 where it says nothing.
fn encoding(headers: &HeaderMap) -> &'static Encoding {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let parameters = content_type.unwrap_or_default().split(';').skip(1);
    let charset = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let label = charset.map(|(_, label)| label.trim().trim_matches('"'));
    label
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        .unwrap_or(encoding_rs::UTF_8)
}

/// Secrets that a service may repeat in its answer, as they are or as a URL has them.
#[derive(Default)]
struct Hidden(Vec<String>);

impl Hidden {
    fn add(&mut self, secret: &str) {
        let in_url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        self.0.extend([secret.to_owned(), in_url]);
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            text = text.replace(secret.as_str(), "[secret]");
        }
        text
    }

    fn error(&self, text: &str) -> String {
        self.text(text).chars().take(ERROR_CHARS_MAX).collect()
    }

    fn response(&self, response: Response) -> Response {
        let header = |header: Header| Header {
            value: self.text(&header.value),
            ..header
        };
        Response {
            headers: response.headers.into_iter().map(header).collect(),
            body: self.text(&response.body),
            ..response
        }
    }
}

#[cfg(test)]
mod tests;
