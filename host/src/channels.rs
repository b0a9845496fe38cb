//! Client channels: what providers send, proved and read, and what is sent to clients.
//!
//! Only wire formats: nothing here knows the engine or the database.
//! [`telegram`] and [`generic`] are the two formats, [`signature`] is the Standard Webhooks scheme, [`send`] is the
//! way out.

pub mod generic;
pub mod send;
pub mod signature;
pub mod telegram;
mod text;

#[cfg(test)]
mod tests;

use axum::http::HeaderMap;
use signalbox_crm::conversation::{Channel, Provider};
use signalbox_crm::talking::Incoming;
use signalbox_crm::time::Timestamp;

/// The largest body of a webhook in bytes. Telegram's updates have a few kilobytes, and up to about 100 with a long
/// quoted message and its formatting.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The deepest nesting of a body. Telegram's own updates stay below 16.
pub const BODY_DEPTH_MAX: usize = 64;
/// The longest id that a provider may give, in characters.
pub const ID_CHARS_MAX: usize = 128;

/// What identifies a webhook before its content is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The provider's id of the event: the same when it is sent again.
    pub dedup_key: String,
    /// The provider's id of the chat, where the event has one.
    pub chat: Option<String>,
}

/// What a stored webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A client's message, or its new version.
    Message(Incoming),
    /// Nothing follows from it; the text says why.
    Ignored(String),
}

/// A webhook that does not prove where it comes from. No message shows a secret, or what was given for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unauthentic {
    /// A header is not there.
    #[error("header `{name}` is missing")]
    MissingHeader {
        /// The header.
        name: &'static str,
    },
    /// A header cannot be what it should be.
    #[error("header `{name}` {problem}")]
    BadHeader {
        /// The header.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The token is another one.
    #[error("header `{name}` is not the channel's secret token")]
    WrongToken {
        /// The header.
        name: &'static str,
    },
    /// No signature fits the body, the id, the time and the secret.
    #[error(
        "none of {count} `v1` signatures in header `webhook-signature` fits this body, id, time and secret"
    )]
    WrongSignature {
        /// How many were given.
        count: usize,
    },
    /// It was signed too long ago, or by a clock that is wrong: perhaps a replay.
    #[error(
        "header `webhook-timestamp` is {seconds} seconds {side} this host's clock, more than {max_seconds}"
    )]
    OutOfTime {
        /// How far.
        seconds: u64,
        /// `behind` or `ahead of`.
        side: &'static str,
        /// What is tolerated.
        max_seconds: u64,
    },
    /// The channel itself is not set up; nothing can be authentic.
    #[error("the inbound secret of channel `{channel}` {problem}")]
    Unconfigured {
        /// The channel's key.
        channel: String,
        /// What is wrong with its secret.
        problem: &'static str,
    },
}

/// A webhook that is not in the provider's format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The body is too large.
    #[error("the body has {bytes} bytes, more than {BODY_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The body is nested too deeply.
    #[error("the body is nested more than {BODY_DEPTH_MAX} levels deep")]
    TooDeep,
    /// The body is not text in UTF-8.
    #[error("the body is not UTF-8 after byte {valid_bytes}")]
    NotUtf8 {
        /// How much of it is.
        valid_bytes: usize,
    },
    /// The body is not JSON, or a field has the wrong name or type.
    #[error("the body is not in the channel's format: {problem}")]
    Format {
        /// What is wrong, with the name or the place.
        problem: String,
    },
    /// A header that identifies the event is not there or not usable.
    #[error("header `{name}` is missing or not an id")]
    BadHeader {
        /// The header.
        name: &'static str,
    },
}

/// Checks that a webhook comes from the channel's provider, on the raw body.
///
/// # Errors
/// `Unauthentic`, which says what is wrong and shows no secret.
pub fn authenticate(
    channel: &Channel,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Unauthentic> {
    match channel.provider {
        Provider::Telegram => telegram::authenticate(channel, headers),
        Provider::Generic => generic::authenticate(channel, headers, body, now),
    }
}

/// Reads what is needed to store a webhook. Kinds that are not known pass: they are kept.
///
/// # Errors
/// `Malformed` when it is not in the provider's format at all.
pub fn envelope(channel: &Channel, headers: &HeaderMap, body: &[u8]) -> Result<Envelope, Malformed> {
    let body = check_body(body)?;
    match channel.provider {
        Provider::Telegram => telegram::envelope(body),
        Provider::Generic => generic::envelope(headers, body),
    }
}

/// Reads a stored webhook.
pub fn read(channel: &Channel, body: &str) -> Reading {
    match channel.provider {
        Provider::Telegram => telegram::read(body),
        Provider::Generic => generic::read(channel.id, body),
    }
}

/// The body as text, within the limits.
fn check_body(body: &[u8]) -> Result<&str, Malformed> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Malformed::TooLarge { bytes: body.len() });
    }
    let text = std::str::from_utf8(body).map_err(|error| Malformed::NotUtf8 {
        valid_bytes: error.valid_up_to(),
    })?;
    if text::depth(text) > BODY_DEPTH_MAX {
        return Err(Malformed::TooDeep);
    }
    Ok(text)
}
