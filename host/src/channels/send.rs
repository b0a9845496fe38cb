//! Messages to clients: one attempt, and what it came to.

mod answer;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use rustls::RootCertStore;
use serde_json::json;
use signalbox_crm::conversation::{Channel, Provider};
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::Delivery;

use self::answer::Answer;
use super::signature::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER};
use super::text;
use crate::exchange::{self, ERROR_CHARS_MAX, NoAnswer, Receiver, describe, exchange, retry_after};
use crate::tls;

/// How long one attempt may take, from the connection to the end of the answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// The most that is read of an answer in bytes; Telegram's have about 500.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What one attempt came to. No error shows a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The receiver said yes.
    Delivered {
        /// Its id of the message, if it told one.
        external_id: Option<String>,
    },
    /// The receiver does not have it, and may take it later.
    Retry {
        /// How long the receiver asks us to wait.
        after: Option<Duration>,
        /// What happened.
        error: String,
    },
    /// Nobody can tell whether the receiver has it.
    Unknown {
        /// What happened.
        error: String,
    },
    /// It never will.
    Dead {
        /// Why.
        error: String,
    },
}

/// Sends deliveries over HTTP.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    timeout: Duration,
    /// In place of the network.
    receiver: Option<Arc<dyn Receiver>>,
}

impl Sender {
    /// A sender with its own connections, which trusts the certificate authorities of Mozilla and of the system.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::with(TIMEOUT, tls::roots())
    }

    fn with(timeout: Duration, roots: impl Into<Arc<RootCertStore>>) -> Result<Self, reqwest::Error> {
        let client = exchange::client(roots).build()?;
        Ok(Self {
            client,
            timeout,
            receiver: None,
        })
    }

    /// A sender whose requests go to this receiver and not to the network: what it asks, signs and makes of the
    /// answers is the same.
    ///
    /// # Errors
    /// The HTTP client cannot be made.
    pub fn simulated(receiver: Arc<dyn Receiver>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            receiver: Some(receiver),
            ..Self::with(TIMEOUT, RootCertStore::empty())?
        })
    }

    /// Makes one attempt; `now` is its time in the signature, and what a date in `Retry-After` is counted from.
    pub async fn send(&self, channel: &Channel, delivery: &Delivery, now: Timestamp) -> Sent {
        let request = match self.request(channel, delivery, now) {
            Ok(request) => request,
            Err(problem) => {
                return Sent::Dead {
                    error: format!("channel `{}` {problem}", channel.key),
                };
            }
        };
        let sent = match exchange(request, self.timeout, self.receiver.as_deref()).await {
            Ok(response) => self.judge(channel.provider, response, now).await,
            Err(none) => unanswered(none),
        };
        without_secret(sent, channel.outbound_secret.as_deref().unwrap_or_default())
    }

    /// The request, or what the channel lacks for it.
    fn request(
        &self,
        channel: &Channel,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<RequestBuilder, String> {
        let base_url = channel.base_url.as_deref().ok_or("has no base URL")?;
        let secret = channel
            .outbound_secret
            .as_deref()
            .ok_or("has no outbound secret")?;
        match channel.provider {
            Provider::Telegram => self.telegram_request(base_url, secret, delivery),
            Provider::Generic => self.generic_request(base_url, secret, delivery, now),
        }
    }

    fn telegram_request(
        &self,
        base_url: &str,
        token: &str,
        delivery: &Delivery,
    ) -> Result<RequestBuilder, String> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
        if token.is_empty() || !token.bytes().all(is_token) {
            return Err("has an outbound secret that is not a bot token".to_owned());
        }
        let url = format!("{}/bot{token}/sendMessage", base_url.trim_end_matches('/'));
        let body = json!({ "chat_id": chat_id(&delivery.external_chat), "text": delivery.text });
        Ok(self.post(&url, body.to_string()))
    }

    fn generic_request(
        &self,
        base_url: &str,
        secret: &str,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<RequestBuilder, String> {
        let secret =
            Secret::parse(secret).map_err(|problem| format!("has an outbound secret that {problem}"))?;
        let body = json!({
            "type": "message",
            "id": delivery.message.to_string(),
            "chat": delivery.external_chat,
            "text": delivery.text,
            "sent_at": delivery.created_at,
        });
        let body = body.to_string();
        let key = &delivery.idempotency_key;
        let seconds = now.micros().div_euclid(1_000_000);
        let signature = secret.sign(key, seconds, body.as_bytes());
        Ok(self
            .post(base_url, body)
            .header("idempotency-key", key)
            .header(ID_HEADER, key)
            .header(TIMESTAMP_HEADER, seconds)
            .header(SIGNATURE_HEADER, signature))
    }

    fn post(&self, url: &str, body: String) -> RequestBuilder {
        self.client
            .post(url)
            .header("content-type", "application/json")
            .body(body)
    }

    async fn judge(&self, provider: Provider, mut response: Response, now: Timestamp) -> Sent {
        let status = response.status();
        let retry_after = retry_after(response.headers(), now);
        let body = self.body(&mut response).await;
        let answer = Answer {
            status,
            retry_after,
            body,
        };
        match provider {
            Provider::Telegram => answer::telegram(&answer),
            Provider::Generic => answer::generic(&answer),
        }
    }

    /// The answer's body, or why it cannot be had.
    async fn body(&self, response: &mut Response) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| describe(error, self.timeout))?
        {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(format!("the answer has more than {ANSWER_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// What no answer means.
fn unanswered(none: NoAnswer) -> Sent {
    let NoAnswer {
        is_impossible,
        is_unsent,
        error,
    } = none;
    match (is_impossible, is_unsent) {
        (true, _) => Sent::Dead { error },
        (false, true) => Sent::Retry { after: None, error },
        (false, false) => Sent::Unknown { error },
    }
}

/// A number where it is one, as all ids of chats are; else the name of a public chat.
fn chat_id(chat: &str) -> serde_json::Value {
    chat.parse::<i64>().map_or_else(|_| chat.into(), Into::into)
}

/// Cuts an error, and removes what a receiver may have echoed: the secret, or the part of it that alone is
/// secret: what follows a token's `:`, or `whsec_`.
fn without_secret(mut sent: Sent, secret: &str) -> Sent {
    let own_part = secret
        .strip_prefix("whsec_")
        .or(secret.split_once(':').map(|(_, part)| part));
    if let Sent::Retry { error, .. } | Sent::Unknown { error } | Sent::Dead { error } = &mut sent {
        for secret in std::iter::once(secret).chain(own_part) {
            // A shorter part would be found in every other word.
            if secret.len() >= 8 {
                *error = error.replace(secret, "[secret]");
            }
        }
        *error = text::line(error, ERROR_CHARS_MAX);
    }
    sent
}

#[cfg(test)]
mod tests;
