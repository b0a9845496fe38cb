//! What an answer to a delivery means.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use super::Sent;
use crate::channels::{ID_CHARS_MAX, text};
use crate::exchange::wait;

/// The longest part of a receiver's own words in an error, in characters.
const WORDS_CHARS_MAX: usize = 200;

/// An answer as it came.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Result<Vec<u8>, String>,
}

/// The Bot API's answer ("Making requests": `ok`, `result`, `description`, `error_code`, `parameters`).
#[derive(Deserialize)]
struct TelegramAnswer {
    ok: bool,
    result: Option<TelegramMessage>,
    description: Option<String>,
    error_code: Option<u16>,
    parameters: Option<TelegramParameters>,
}

#[derive(Deserialize)]
struct TelegramMessage {
    message_id: i64,
}

#[derive(Deserialize)]
struct TelegramParameters {
    retry_after: Option<u64>,
}

#[derive(Deserialize)]
struct GenericAnswer {
    id: Option<String>,
}

/// Only a readable `ok` is a yes: a captive portal answers 200 too.
pub(super) fn telegram(answer: &Answer) -> Sent {
    let parsed = match &answer.body {
        Ok(body) => serde_json::from_slice::<TelegramAnswer>(body)
            .map_err(|_| "the answer is not Telegram's".to_owned()),
        Err(problem) => Err(problem.clone()),
    };
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(problem) if answer.status.is_success() => {
            let error = format!("status 200, but {problem}");
            return Sent::Unknown { error };
        }
        Err(problem) => return refused(answer.status, answer.retry_after, &problem),
    };
    if parsed.ok && answer.status.is_success() {
        let external_id = parsed.result.map(|message| message.message_id.to_string());
        return Sent::Delivered { external_id };
    }
    let code = parsed.error_code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = code
        .filter(|_| answer.status.is_success())
        .unwrap_or(answer.status);
    let asked = parsed.parameters.and_then(|parameters| parameters.retry_after);
    let words = parsed.description.unwrap_or_default();
    refused(status, asked.map(wait).or(answer.retry_after), &words)
}

/// Any 2xx is a yes, whatever the body says.
pub(super) fn generic(answer: &Answer) -> Sent {
    let body = answer.body.as_deref().unwrap_or_default();
    if answer.status.is_success() {
        let parsed = serde_json::from_slice::<GenericAnswer>(body).ok();
        let external_id = parsed
            .and_then(|answer| answer.id)
            .map(|id| text::line(&id, ID_CHARS_MAX));
        return Sent::Delivered {
            external_id: external_id.filter(|id| !id.is_empty()),
        };
    }
    refused(answer.status, answer.retry_after, &String::from_utf8_lossy(body))
}

/// Overload and redirects may pass (an admin can correct the address); a failure of the receiver or of a gateway
/// before it tells nothing; other refusals are final.
fn refused(status: StatusCode, after: Option<Duration>, words: &str) -> Sent {
    let words = text::line(words, WORDS_CHARS_MAX);
    let error = match words.as_str() {
        "" => format!("status {}", status.as_u16()),
        words => format!("status {}: {words}", status.as_u16()),
    };
    let is_passing = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_client_error() && !is_passing.contains(&status) {
        return Sent::Dead { error };
    }
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE && after.is_none() {
        return Sent::Unknown { error };
    }
    Sent::Retry { after, error }
}
