//! Clients: each repeats a request until it is answered, under the same key.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use signalbox::channels::signature::Secret;
use signalbox::clock::Clock;
use tokio::sync::watch;

use super::client::{self, Answer};
use super::sales::{GENERIC_SECRET, Sales, TELEGRAM_SECRET};

/// Chats of one client, over which its messages spread.
const CHAT_COUNT: u64 = 4;
/// Before a request is repeated that the host refused for now.
const PAUSE: Duration = Duration::from_millis(5);

/// A generator that gives the same numbers for the same seed (splitmix64).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(super) fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len() as u64) as usize]
    }
}

/// A message that the host has acknowledged.
pub(super) struct Written {
    pub(super) chat: String,
    pub(super) external_id: String,
    pub(super) text: String,
}

/// What was acknowledged.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) request_count: u64,
    /// Title and id; each was moved to `work`.
    pub(super) deals: Vec<(String, String)>,
    pub(super) messages: Vec<Written>,
}

impl Ledger {
    pub(super) fn add(&mut self, other: Ledger) {
        self.request_count += other.request_count;
        self.deals.extend(other.deals);
        self.messages.extend(other.messages);
    }
}

/// One client.
pub(super) struct Client {
    number: u64,
    random: Random,
    sales: Arc<Sales>,
    addresses: watch::Receiver<Vec<SocketAddr>>,
    stopped: watch::Receiver<bool>,
    ledger: Ledger,
}

impl Client {
    pub(super) fn new(
        number: u64,
        seed: u64,
        sales: Arc<Sales>,
        addresses: watch::Receiver<Vec<SocketAddr>>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        Client {
            number,
            random: Random::new(seed.wrapping_add(number + 1)),
            sales,
            addresses,
            stopped,
            ledger: Ledger::default(),
        }
    }

    /// Works until it is told to stop, and finishes what it has begun.
    pub(super) async fn work(mut self) -> Ledger {
        let mut count = 0;
        while !*self.stopped.borrow() {
            count += 1;
            match self.random.below(4) {
                0 => self.telegram(count).await,
                1 => self.site(count).await,
                _ => self.deal(count).await,
            }
        }
        self.ledger
    }

    /// Where a host is now: any of them will do.
    async fn at(&mut self) -> SocketAddr {
        self.ledger.request_count += 1;
        let found = self.addresses.wait_for(|all| !all.is_empty()).await.unwrap();
        let all = found.clone();
        drop(found);
        self.random.pick(&all)
    }

    async fn deal(&mut self, count: u64) {
        let title = format!("deal-{}-{count}", self.number);
        let body = json!({ "pipeline": self.sales.pipeline, "title": title });
        let made = loop {
            let at = self.at().await;
            let key = ("idempotency-key", title.as_str());
            let answer = self.sales.ask(at, "POST", "/items", key, &body).await;
            match accepted(answer, 201).await {
                Some(made) => break made,
                None => continue,
            }
        };
        let id = made["id"].as_str().unwrap().to_owned();
        self.go(&id, made["version"].as_i64().unwrap()).await;
        self.ledger.deals.push((title, id));
    }

    /// Moves a deal to `work`; when the answer was lost, the deal tells whether it went.
    async fn go(&mut self, id: &str, mut version: i64) {
        let body = json!({ "stage": self.sales.work });
        let path = format!("/items/{id}");
        loop {
            let at = self.at().await;
            let matching = format!("\"{version}\"");
            let header = ("if-match", matching.as_str());
            let answer = self
                .sales
                .ask(at, "POST", &format!("{path}/move"), header, &body)
                .await;
            match answer {
                Some(answer) if answer.status == 200 => return,
                Some(answer) => assert!(matches!(answer.status, 412 | 503 | 507), "{:#}", answer.body),
                None => {}
            }
            let at = self.at().await;
            let answer = self
                .sales
                .ask(at, "GET", &path, ("x-none", "x"), &Value::Null)
                .await;
            if let Some(item) = accepted(answer, 200).await {
                if item["stage_entry"] != 1 {
                    return;
                }
                version = item["version"].as_i64().unwrap();
            }
        }
    }

    async fn telegram(&mut self, count: u64) {
        let chat = 1_000 * (self.number + 1) + self.random.below(CHAT_COUNT);
        let id = 1_000_000 * (self.number + 1) + count;
        let text = format!("tg {id}");
        let client = json!({ "id": chat, "is_bot": false, "first_name": "Ivan" });
        let place = json!({ "id": chat, "type": "private", "first_name": "Ivan" });
        let message =
            json!({ "message_id": id, "date": 1_772_450_000, "from": client, "chat": place, "text": text });
        let body = json!({ "update_id": id, "message": message }).to_string();
        let headers = [("x-telegram-bot-api-secret-token", TELEGRAM_SECRET)];
        self.hook("/hooks/tg", &headers, &body).await;
        self.wrote(chat.to_string(), id.to_string(), text);
    }

    async fn site(&mut self, count: u64) {
        let chat = format!("chat-{}-{}", self.number, self.random.below(CHAT_COUNT));
        let id = format!("m-{}-{count}", self.number);
        let text = format!("site {id}");
        let seconds = Clock::System.now().micros() / 1_000_000;
        let body = json!({
            "type": "message", "id": id, "chat": chat, "sender": { "id": chat }, "text": text,
            "sent_at": "2026-03-09T14:20:00+03:00",
        });
        let body = body.to_string();
        let signature = Secret::parse(GENERIC_SECRET)
            .unwrap()
            .sign(&id, seconds, body.as_bytes());
        let time = seconds.to_string();
        let headers = [
            ("webhook-id", id.as_str()),
            ("webhook-timestamp", &time),
            ("webhook-signature", &signature),
        ];
        self.hook("/hooks/site", &headers, &body).await;
        self.wrote(chat, id, text);
    }

    /// As a provider does: the same again until it is answered. Now and then once more after that.
    async fn hook(&mut self, path: &str, headers: &[(&str, &str)], body: &str) {
        let mut times = 1 + u64::from(self.random.below(8) == 0);
        while times > 0 {
            let at = self.at().await;
            let answer = client::send(at, "POST", path, headers, body).await;
            times -= u64::from(accepted(answer, 200).await.is_some());
        }
    }

    fn wrote(&mut self, chat: String, external_id: String, text: String) {
        self.ledger.messages.push(Written {
            chat,
            external_id,
            text,
        });
    }
}

/// The body of an answer with this status; none when the request has to be repeated. Any other answer is a defect.
async fn accepted(answer: Option<Answer>, status: u16) -> Option<Value> {
    match answer {
        Some(answer) if answer.status == status => Some(answer.body),
        Some(answer) => {
            assert!(matches!(answer.status, 503 | 507), "{:#}", answer.body);
            tokio::time::sleep(PAUSE).await;
            None
        }
        None => {
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}
