//! Stub until merged.
use signalbox_crm::conversation::Channel;
use signalbox_crm::talking::Incoming;
use signalbox_crm::time::Timestamp;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct Unauthentic;
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct Malformed;
pub enum Reading {
    Message(Incoming),
    Ignored(String),
}
pub struct Envelope {
    pub dedup_key: String,
    pub chat: Option<String>,
}
pub fn authenticate(
    _: &Channel,
    _: &axum::http::HeaderMap,
    _: &[u8],
    _: Timestamp,
) -> Result<(), Unauthentic> {
    Ok(())
}
pub fn envelope(_: &Channel, _: &axum::http::HeaderMap, _: &[u8]) -> Result<Envelope, Malformed> {
    Err(Malformed)
}
pub fn read(_: &Channel, _: &str) -> Reading {
    Reading::Ignored(String::new())
}
pub mod send {
    use signalbox_crm::{conversation::Channel, timer::Delivery};
    pub struct Sender;
    pub enum Sent {
        Delivered {
            external_id: Option<String>,
        },
        Retry {
            after: Option<std::time::Duration>,
            error: String,
        },
        Dead {
            error: String,
        },
    }
    impl Sender {
        pub fn new() -> anyhow::Result<Self> {
            Ok(Sender)
        }
        pub async fn send(&self, _: &Channel, _: &Delivery) -> Sent {
            Sent::Dead { error: String::new() }
        }
    }
}
