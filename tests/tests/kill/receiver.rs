//! Where answers to clients go, and the service that a robot asks: it counts what it gets, by idempotency key.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Of so many orders one is refused at first.
const REFUSED_ONE_IN: usize = 5;

/// What a robot asked under one key, and was told.
#[derive(Debug, Clone, Default)]
pub(super) struct Order {
    /// A run each.
    pub(super) bodies: BTreeSet<String>,
    pub(super) answers: BTreeSet<String>,
}

/// What came.
#[derive(Debug, Default)]
struct Inbox {
    post_count: usize,
    /// Bodies by idempotency key; Telegram has no such key, and its bodies count by themselves.
    by_key: BTreeMap<String, BTreeSet<String>>,
    /// Chat and text.
    answers: BTreeSet<(String, String)>,
    order_count: usize,
    /// By idempotency key.
    orders: BTreeMap<String, Order>,
}

/// A receiver that takes everything.
pub(super) struct Receiver {
    address: SocketAddr,
    inbox: Arc<Mutex<Inbox>>,
}

impl Receiver {
    /// Listens where the robots of a host may ask.
    pub(super) async fn start(at: SocketAddr) -> Receiver {
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/orders", post(order)).fallback(take);
        let router = router.with_state(Arc::clone(&inbox));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Receiver { address, inbox }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn post_count(&self) -> usize {
        self.inbox.lock().unwrap().post_count
    }

    /// How many different answers came.
    pub(super) fn answered_count(&self) -> usize {
        self.inbox.lock().unwrap().answers.len()
    }

    /// Chat and text of all answers.
    pub(super) fn answers(&self) -> BTreeSet<(String, String)> {
        self.inbox.lock().unwrap().answers.clone()
    }

    /// How often a service was asked.
    pub(super) fn order_count(&self) -> usize {
        self.inbox.lock().unwrap().order_count
    }

    /// What a service was asked and said, by idempotency key.
    pub(super) fn orders(&self) -> BTreeMap<String, Order> {
        self.inbox.lock().unwrap().orders.clone()
    }

    /// The keys that came, each of which must always have had the same body.
    pub(super) fn keys(&self) -> BTreeSet<String> {
        let inbox = self.inbox.lock().unwrap();
        for (key, bodies) in &inbox.by_key {
            assert_eq!(bodies.len(), 1, "{key} has different bodies: {bodies:?}");
        }
        inbox.by_key.keys().cloned().collect()
    }
}

async fn take(State(inbox): State<Arc<Mutex<Inbox>>>, headers: HeaderMap, body: String) -> axum::Json<Value> {
    let said: Value = serde_json::from_str(&body).unwrap();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let chat = if said["chat"].is_null() {
        &said["chat_id"]
    } else {
        &said["chat"]
    };
    let mut inbox = inbox.lock().unwrap();
    inbox.post_count += 1;
    inbox.answers.insert((text(chat), text(&said["text"])));
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    if let Some(key) = key {
        inbox.by_key.entry(key.to_owned()).or_default().insert(body);
    }
    axum::Json(json!({ "ok": true, "result": { "message_id": inbox.post_count } }))
}

/// Each answer is another one.
async fn order(
    State(inbox): State<Arc<Mutex<Inbox>>>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let mut inbox = inbox.lock().unwrap();
    inbox.order_count += 1;
    let answer = format!("answer {}", inbox.order_count);
    let known_count = inbox.orders.len();
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let order = inbox.orders.entry(key).or_default();
    let is_new = order.bodies.is_empty();
    order.bodies.insert(body);
    if is_new && known_count % REFUSED_ONE_IN == 0 {
        return (StatusCode::INTERNAL_SERVER_ERROR, String::new());
    }
    order.answers.insert(answer.clone());
    (StatusCode::OK, answer)
}
