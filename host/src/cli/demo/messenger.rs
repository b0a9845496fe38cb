//! What stands in for Telegram: sends updates to the host's webhook, and receives what the host sends to clients.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use rustls::RootCertStore;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::channels::telegram::TOKEN_HEADER;
use crate::clock::Clock;
use crate::setup::Setup;
use crate::tls;

/// Answers that may wait to be told.
const ANSWERS_MAX: usize = 1000;
/// How long the host may take to accept an update.
const ACCEPT_MAX: Duration = Duration::from_secs(10);

/// A message that reached a client.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ClientSees {
    /// The chat.
    pub(super) chat_id: i64,
    /// What it says.
    pub(super) text: String,
}

/// The stand-in.
pub(super) struct Messenger {
    http: reqwest::Client,
    hook: String,
    secret: String,
    base_url: String,
    answers: mpsc::Receiver<ClientSees>,
}

/// What the receiver needs.
struct Receiving {
    /// `bot` and the token: the first part of the path of every method of the Bot API.
    bot: String,
    seen: mpsc::Sender<ClientSees>,
}

impl Messenger {
    /// Starts to receive, for the first channel of the set-up.
    ///
    /// # Errors
    /// No port is free; the set-up has no channel with secrets.
    pub(super) async fn start(setup: &Setup, host: &str) -> anyhow::Result<Self> {
        let channel = setup
            .channel
            .first()
            .ok_or_else(|| anyhow!("the set-up has no channel"))?;
        let token = channel.outbound_secret.as_deref().unwrap_or_default();
        let (seen, answers) = mpsc::channel(ANSWERS_MAX);
        let receiving = Receiving {
            bot: format!("bot{token}"),
            seen,
        };
        let router = Router::new()
            .route("/{bot}/sendMessage", post(receive))
            .with_state(Arc::new(receiving));
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("no port is free")?;
        let base_url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client(RootCertStore::empty()))
            .timeout(ACCEPT_MAX)
            .no_proxy()
            .build()?;
        Ok(Messenger {
            http,
            hook: format!("{host}/hooks/{}", channel.key),
            secret: channel.inbound_secret.clone(),
            base_url,
            answers,
        })
    }

    /// Where the host sends answers, instead of to `https://api.telegram.org`.
    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The secret that Telegram would know from `setWebhook`.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// Sends an update as Telegram does.
    ///
    /// # Errors
    /// The host does not answer.
    pub(super) async fn send(&self, update: &Value) -> anyhow::Result<StatusCode> {
        self.send_with(&self.secret, update).await
    }

    /// Sends an update with another secret, as a forger does.
    ///
    /// # Errors
    /// The host does not answer.
    pub(super) async fn send_with(&self, secret: &str, update: &Value) -> anyhow::Result<StatusCode> {
        let request = self.http.post(&self.hook).header(TOKEN_HEADER, secret);
        let request = request
            .header("content-type", "application/json")
            .body(update.to_string());
        Ok(request
            .send()
            .await
            .context("the webhook does not answer")?
            .status())
    }

    /// Waits for the next message to a client.
    pub(super) async fn next(&mut self) -> Option<ClientSees> {
        self.answers.recv().await
    }
}

/// `sendMessage` of the Bot API (core.telegram.org/bots/api, "sendMessage"), as far as the host uses it.
async fn receive(
    State(receiving): State<Arc<Receiving>>,
    Path(bot): Path<String>,
    Json(message): Json<ClientSees>,
) -> (StatusCode, Json<Value>) {
    if bot != receiving.bot {
        let refused = json!({ "ok": false, "error_code": 401, "description": "Unauthorized" });
        return (StatusCode::UNAUTHORIZED, Json(refused));
    }
    let seconds = Clock::System.now().micros() / 1_000_000;
    let result = json!({
        "message_id": 1,
        "date": seconds,
        "chat": { "id": message.chat_id, "type": "private" },
        "text": message.text,
    });
    // A demo that has ended tells nothing any more.
    let _ = receiving.seen.send(message).await;
    (StatusCode::OK, Json(json!({ "ok": true, "result": result })))
}
