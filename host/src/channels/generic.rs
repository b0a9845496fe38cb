//! The generic JSON format, for any messenger, form or gateway; `host/docs/generic-channel.md` is its manual.

use axum::http::HeaderMap;
use serde::Deserialize;
use signalbox_crm::contact::{ContactPoint, PointKind};
use signalbox_crm::conversation::Channel;
use signalbox_crm::editing::TITLE_CHARS_MAX;
use signalbox_crm::email::Email;
use signalbox_crm::ids::ChannelId;
use signalbox_crm::phone::Phone;
use signalbox_crm::talking::{Incoming, TEXT_CHARS_MAX};
use signalbox_crm::time::Timestamp;

use super::signature::{self, Secret};
use super::{Envelope, ID_CHARS_MAX, Malformed, Reading, Unauthentic, text};

/// What every event has, whatever its type.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    chat: Option<String>,
}

/// A message, or with the type `message.edited` its new text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    #[serde(rename = "type")]
    _kind: String,
    id: String,
    chat: String,
    sender: Sender,
    #[serde(default)]
    text: String,
    media: Option<String>,
    album: Option<String>,
    sent_at: Timestamp,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sender {
    id: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

/// Checks the signature of the raw body.
///
/// # Errors
/// `Unauthentic` as for `signature::verify`, or when the channel's secret is not one.
pub fn authenticate(
    channel: &Channel,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Unauthentic> {
    let secret = Secret::parse(&channel.inbound_secret).map_err(|problem| Unauthentic::Unconfigured {
        channel: channel.key.clone(),
        problem,
    })?;
    signature::verify(&secret, headers, body, now)
}

/// The id of the header and the chat. The whole body is checked here, so that the sender hears of a mistake at
/// once; only a type that is not known passes.
///
/// # Errors
/// `Malformed`, with the name of the field.
pub fn envelope(headers: &HeaderMap, body: &str) -> Result<Envelope, Malformed> {
    let id = signature::event_id(headers).map_err(|_| Malformed::BadHeader {
        name: signature::ID_HEADER,
    })?;
    let event = event(body)?;
    if is_edit(&event.kind).is_some() {
        message(body)?;
    }
    Ok(Envelope {
        dedup_key: id.to_owned(),
        chat: event.chat.filter(|chat| check_id("chat", chat).is_ok()),
    })
}

/// Reads a stored event of `channel`.
pub fn read(channel: ChannelId, body: &str) -> Reading {
    let kind = match event(body) {
        Ok(event) => event.kind,
        Err(malformed) => return Reading::Ignored(malformed.to_string()),
    };
    let Some(is_edit) = is_edit(&kind) else {
        return Reading::Ignored(format!("an event of type `{}`", text::line(&kind, ID_CHARS_MAX)));
    };
    match message(body) {
        Ok(message) => Reading::Message(incoming(channel, message, is_edit)),
        Err(malformed) => Reading::Ignored(malformed.to_string()),
    }
}

/// Whether a type is that of an edited message; `None` for a type that is not known.
fn is_edit(kind: &str) -> Option<bool> {
    match kind {
        "message" => Some(false),
        "message.edited" => Some(true),
        _ => None,
    }
}

fn event(body: &str) -> Result<Event, Malformed> {
    serde_json::from_str(body).map_err(|error| Malformed::Format {
        problem: text::problem(&error),
    })
}

fn message(body: &str) -> Result<Message, Malformed> {
    let message: Message = serde_json::from_str(body).map_err(|error| Malformed::Format {
        problem: text::problem(&error),
    })?;
    check(&message).map_err(|problem| Malformed::Format { problem })?;
    Ok(message)
}

fn check(message: &Message) -> Result<(), String> {
    check_id("id", &message.id)?;
    check_id("chat", &message.chat)?;
    for (name, value) in [
        ("sender.id", &message.sender.id),
        ("media", &message.media),
        ("album", &message.album),
    ] {
        if let Some(value) = value {
            check_id(name, value)?;
        }
    }
    let sender = &message.sender;
    if sender.id.is_none() && sender.phone.is_none() && sender.email.is_none() {
        return Err("`sender` has none of `id`, `phone`, `email`".to_owned());
    }
    if message.text.trim().is_empty() && message.media.is_none() {
        return Err("neither `text` nor `media` says anything".to_owned());
    }
    Ok(())
}

fn check_id(name: &str, value: &str) -> Result<(), String> {
    let count = value.chars().count();
    if value.trim().is_empty() || count > ID_CHARS_MAX || value.contains(char::is_control) {
        let shown = text::line(value, 32);
        return Err(format!(
            "`{name}` is `{shown}`, not 1 to {ID_CHARS_MAX} characters without controls"
        ));
    }
    Ok(())
}

fn incoming(channel: ChannelId, message: Message, is_edit: bool) -> Incoming {
    Incoming {
        chat: message.chat,
        external_id: message.id,
        sender_name: text::line(
            message.sender.name.as_deref().unwrap_or_default(),
            TITLE_CHARS_MAX,
        ),
        points: points(channel, &message.sender),
        text: text::lines(&message.text, TEXT_CHARS_MAX),
        media: message.media,
        album: message.album,
        sent_at: message.sent_at,
        is_edit,
    }
}

/// The account first. Its key has the channel, because two gateways may both have a client `42`. A phone or an
/// e-mail that people mistyped is left out: the message is worth more than the point.
fn points(channel: ChannelId, sender: &Sender) -> Vec<ContactPoint> {
    let account = sender.id.as_ref().map(|id| ContactPoint {
        kind: PointKind::Handle,
        key: format!("generic:{}:{id}", channel.0),
        raw: id.clone(),
    });
    let phone = sender.phone.as_deref().and_then(|text| Phone::parse(text).ok());
    let phone = phone.map(|phone| ContactPoint {
        kind: PointKind::Phone,
        key: phone.normal(),
        raw: text::line(phone.as_written(), ID_CHARS_MAX),
    });
    let email = sender.email.as_deref().and_then(|text| Email::parse(text).ok());
    let email = email.map(|email| ContactPoint {
        kind: PointKind::Email,
        key: email.key().to_owned(),
        raw: email.as_written().to_owned(),
    });
    account.into_iter().chain(phone).chain(email).collect()
}

#[cfg(test)]
mod tests;
