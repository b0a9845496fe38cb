//! Requests to services outside: they leave after the commit, and what comes of them starts the robot again.
//!
//! ```
//! use signalbox_sdk::http;
//! use signalbox_sdk::prelude::*;
//!
//! fn run(invocation: Invocation) -> Result<Outcome, Failure> {
//!     match http::answer()? {
//!         None => {
//!             let item = invocation.require_item()?;
//!             http::post("https://api.example.com/orders")
//!                 .secret_header("authorization", "Bearer ", "shop-token")
//!                 .body(format!("{{\"deal\":\"{item}\"}}"))
//!                 .payload(item)
//!                 .send()?;
//!             done("the shop was asked")
//!         }
//!         Some(answer) => {
//!             let response = answer.response()?;
//!             timeline::add_comment(&answer.payload, &format!("The shop says {}", response.body))?;
//!             done("noted")
//!         }
//!     }
//! }
//! ```

pub use crate::bindings::signalbox::robot::outbound_http::{Answer, Header, Method, Part, Response, Wake};

use crate::bindings::signalbox::robot::outbound_http as contract;
use crate::{Failure, Ref};

/// A request that is not sent yet.
#[derive(Debug, Clone)]
#[must_use = "a request leaves when it is sent"]
pub struct Request(contract::Request);

/// Reads what is there.
pub fn get(url: impl Into<String>) -> Request {
    Request::new(Method::Get, url)
}

/// Hands something over.
pub fn post(url: impl Into<String>) -> Request {
    Request::new(Method::Post, url)
}

/// Puts something in its place.
pub fn put(url: impl Into<String>) -> Request {
    Request::new(Method::Put, url)
}

/// Removes what is there.
pub fn delete(url: impl Into<String>) -> Request {
    Request::new(Method::Delete, url)
}

/// What came of the request that this run is about; none when it runs for another cause.
///
/// # Errors
/// `denied`.
pub fn answer() -> Result<Option<Answer>, Failure> {
    Ok(contract::get_answer()?)
}

impl Request {
    /// A request with this method. Its answer, whatever it is, starts the robot again.
    pub fn new(method: Method, url: impl Into<String>) -> Request {
        Request(contract::Request {
            method,
            url: url.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            payload: String::new(),
            wake: Wake::Always,
            timeout_s: 0,
            attempts: 0,
        })
    }

    /// Adds a header; its value is visible ASCII.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.0.headers.push(part(name, value, None));
        self
    }

    /// Adds a header with a secret of the host behind the value, such as `Bearer ` and the name of a token.
    pub fn secret_header(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
        secret: impl Into<String>,
    ) -> Request {
        self.0.headers.push(part(name, value, Some(secret.into())));
        self
    }

    /// Adds a part of the query; the host encodes it.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.0.query.push(part(name, value, None));
        self
    }

    /// Adds a part of the query that is a secret of the host.
    pub fn secret_query(mut self, name: impl Into<String>, secret: impl Into<String>) -> Request {
        self.0.query.push(part(name, "", Some(secret.into())));
        self
    }

    /// The body; `application/json` unless a header says otherwise.
    pub fn body(mut self, body: impl Into<String>) -> Request {
        self.0.body = Some(body.into());
        self
    }

    /// Comes back with the answer.
    pub fn payload(mut self, payload: impl Into<String>) -> Request {
        self.0.payload = payload.into();
        self
    }

    /// When what comes of it starts the robot again.
    pub fn wake(mut self, wake: Wake) -> Request {
        self.0.wake = wake;
        self
    }

    /// How long one attempt may take, 1 to 60 seconds; 10 without it.
    pub fn timeout_s(mut self, seconds: u32) -> Request {
        self.0.timeout_s = seconds;
        self
    }

    /// How often it is tried, 1 to 10; 5 without it.
    pub fn attempts(mut self, attempts: u32) -> Request {
        self.0.attempts = attempts;
        self
    }

    /// Asks for it: it leaves when the run has committed.
    ///
    /// # Errors
    /// `denied` (the host is not granted, or a secret may not go there), `not-found` (a secret), `invalid`,
    /// `limit.requests` (more than 10 a run), `limit.writes`.
    pub fn send(self) -> Result<Ref, Failure> {
        Ok(contract::send(&self.0)?)
    }
}

fn part(name: impl Into<String>, value: impl Into<String>, secret: Option<String>) -> Part {
    Part {
        name: name.into(),
        value: value.into(),
        secret,
    }
}

impl Answer {
    /// The answer of a service that did what it was asked for: one with a status below 400.
    ///
    /// # Errors
    /// `http-failed` when no answer came, or one with a status of 400 or more. The request was tried often enough: the
    /// failure is not to be tried again.
    pub fn response(&self) -> Result<&Response, Failure> {
        let failed = |message: String| Failure {
            code: "http-failed".to_owned(),
            message,
            retryable: false,
        };
        match (&self.response, &self.problem) {
            (Some(response), _) if response.status < 400 => Ok(response),
            (Some(response), _) => Err(failed(format!(
                "{} was answered {}",
                self.request, response.status
            ))),
            (None, problem) => {
                let why = problem.as_deref().unwrap_or("no answer came");
                Err(failed(format!("{}: {why}", self.request)))
            }
        }
    }
}
