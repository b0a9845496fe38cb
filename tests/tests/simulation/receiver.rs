//! The receiver of messages to clients: remembers what it got, and answers as the scheduler decides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::http::{Request, Response};
use serde_json::{Value, json};
use signalbox::exchange::{Received, Receiver};

use super::planted::Planted;
use super::requests::SERVICE;
use super::sometimes::Sometimes;
use super::turnstile::{Go, Stop, Turnstile};
use super::world::World;

/// What the receiver got.
#[derive(Clone, Default)]
pub(super) struct Inbox {
    /// How often each message came, by chat and text.
    pub(super) messages: BTreeMap<(String, String), u64>,
    /// The keys with which a message of the generic channel came, by its id.
    pub(super) keys: BTreeMap<String, BTreeSet<String>>,
    /// Messages that were refused for good.
    pub(super) refused: BTreeSet<(String, String)>,
    taken_count: u64,
}

/// The receiver of one life.
pub(super) struct Counter {
    pub(super) world: Arc<World>,
    pub(super) turnstile: Arc<Turnstile>,
}

impl Receiver for Counter {
    fn receive(&self, request: Request<Vec<u8>>) -> Received<'_> {
        match request.uri().host() {
            Some(SERVICE) => Box::pin(self.serve(request)),
            Some(_) | None => Box::pin(self.answer(request)),
        }
    }
}

impl Counter {
    async fn answer(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let chat = match &body["chat_id"] {
            Value::Null => body["chat"].as_str().unwrap_or_default().to_owned(),
            id => id.to_string(),
        };
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        let what = (chat, text);
        let label = format!("to {}: {}", what.0, what.1);
        match self.turnstile.wait(Stop::BeforeRequest, label.clone()).await {
            Go::Silence | Go::Fails(_) => return Err("no answer within 10000 ms".to_owned()),
            Go::Refused(status) => {
                if status == 403 {
                    self.world.inbox().refused.insert(what);
                }
                return Ok(refusal(status));
            }
            Go::On => {}
        }
        let number = self.take(&request, &body, what);
        match self.turnstile.wait(Stop::AfterRequest, label).await {
            Go::On => Ok(accepted(number)),
            Go::Fails(_) | Go::Refused(_) | Go::Silence => Err("no answer within 10000 ms".to_owned()),
        }
    }

    fn take(&self, request: &Request<Vec<u8>>, body: &Value, what: (String, String)) -> u64 {
        let mut inbox = self.world.inbox();
        inbox.taken_count += 1;
        let number = inbox.taken_count;
        if let Some(key) = request.headers().get("idempotency-key") {
            let mut key = key.to_str().unwrap_or_default().to_owned();
            if self.world.planted == Some(Planted::KeyChanged) {
                key = format!("{key}:{number}");
            }
            let id = body["id"].as_str().unwrap_or_default().to_owned();
            inbox.keys.entry(id).or_default().insert(key);
        }
        let count = inbox.messages.entry(what).or_default();
        *count += 1;
        if *count > 1 {
            self.world.tally.saw(Sometimes::DuplicateDelivery);
        }
        number
    }
}

pub(super) fn refusal(status: u16) -> Response<Vec<u8>> {
    let mut response = Response::builder().status(status);
    if status == 429 {
        response = response.header("retry-after", "7");
    }
    response.body(Vec::new()).unwrap()
}

fn accepted(number: u64) -> Response<Vec<u8>> {
    let body =
        json!({ "ok": true, "result": { "message_id": 1_000_000 + number }, "id": format!("got-{number}") });
    Response::new(body.to_string().into_bytes())
}
