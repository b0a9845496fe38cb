//! Updates of the Telegram Bot API, as its webhook sends them (core.telegram.org/bots/api, "Update", "Message").

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use signalbox_crm::contact::{ContactPoint, PointKind};
use signalbox_crm::conversation::Channel;
use signalbox_crm::editing::TITLE_CHARS_MAX;
use signalbox_crm::phone::Phone;
use signalbox_crm::talking::{Incoming, TEXT_CHARS_MAX};
use signalbox_crm::time::Timestamp;
use subtle::ConstantTimeEq as _;

use super::{Envelope, ID_CHARS_MAX, Malformed, Reading, Unauthentic, text};

/// The header with the secret token that was given to `setWebhook`.
pub const TOKEN_HEADER: &str = "x-telegram-bot-api-secret-token";

/// What a message can carry besides text. Of two that come together the telling one is first: an animation is also
/// sent as a document, a venue also as a location.
const MEDIA: [&str; 17] = [
    "animation",
    "venue",
    "photo",
    "document",
    "voice",
    "video",
    "video_note",
    "audio",
    "sticker",
    "location",
    "contact",
    "poll",
    "dice",
    "story",
    "paid_media",
    "game",
    "checklist",
];

/// An update: its number, and at most one object named by its kind.
struct Update<'a> {
    id: i64,
    kind: String,
    content: &'a str,
}

#[derive(Deserialize)]
struct Message {
    message_id: i64,
    date: i64,
    edit_date: Option<i64>,
    chat: Chat,
    from: Option<User>,
    text: Option<String>,
    caption: Option<String>,
    media_group_id: Option<String>,
    contact: Option<SharedContact>,
}

#[derive(Deserialize)]
struct Chat {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct User {
    id: i64,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    first_name: String,
    last_name: Option<String>,
    username: Option<String>,
}

#[derive(Deserialize)]
struct SharedContact {
    phone_number: String,
    user_id: Option<i64>,
}

/// Where an update of any kind names its chat: itself (`message`, `my_chat_member`), or its message
/// (`callback_query`).
#[derive(Deserialize)]
struct WithChat {
    chat: Option<ChatId>,
    message: Option<WithChatOnly>,
}

#[derive(Deserialize)]
struct WithChatOnly {
    chat: ChatId,
}

#[derive(Deserialize)]
struct ChatId {
    id: i64,
}

/// Compares the token of the header with the channel's, in constant time.
///
/// # Errors
/// `Unauthentic` when it is missing or another one, or when the channel has none.
pub fn authenticate(channel: &Channel, headers: &HeaderMap) -> Result<(), Unauthentic> {
    if channel.inbound_secret.is_empty() {
        return Err(Unauthentic::Unconfigured {
            channel: channel.key.clone(),
            problem: "is empty",
        });
    }
    let name = TOKEN_HEADER;
    let given = headers.get(name).ok_or(Unauthentic::MissingHeader { name })?;
    // The lengths are compared first and are no secret.
    if bool::from(given.as_bytes().ct_eq(channel.inbound_secret.as_bytes())) {
        return Ok(());
    }
    Err(Unauthentic::WrongToken { name })
}

/// The update's number and chat. A kind that is not known passes.
///
/// # Errors
/// `Malformed` when it is not an object with an `update_id`.
pub fn envelope(body: &str) -> Result<Envelope, Malformed> {
    let update = update(body)?;
    let chat = serde_json::from_str::<WithChat>(update.content).ok();
    let chat = chat.and_then(|found| found.chat.or(found.message.map(|message| message.chat)));
    Ok(Envelope {
        dedup_key: update.id.to_string(),
        chat: chat.map(|chat| chat.id.to_string()),
    })
}

/// Reads an update: messages and edited messages of people in private chats.
pub fn read(body: &str) -> Reading {
    let update = match update(body) {
        Ok(update) => update,
        Err(malformed) => return Reading::Ignored(malformed.to_string()),
    };
    let is_edit = match update.kind.as_str() {
        "message" => false,
        "edited_message" => true,
        "" => return Reading::Ignored("an update without content".to_owned()),
        other => return Reading::Ignored(format!("an update of kind `{other}`")),
    };
    match incoming(update.content, is_edit) {
        Ok(incoming) => Reading::Message(incoming),
        Err(why) => Reading::Ignored(why),
    }
}

fn update(body: &str) -> Result<Update<'_>, Malformed> {
    let format = |error: serde_json::Error| Malformed::Format {
        problem: text::problem(&error),
    };
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_str(body).map_err(format)?;
    let id = fields.remove("update_id").ok_or(Malformed::Format {
        problem: "missing field `update_id`".to_owned(),
    })?;
    let id = serde_json::from_str(id.get()).map_err(|_| Malformed::Format {
        problem: "field `update_id` is not a whole number".to_owned(),
    })?;
    let known = ["message", "edited_message"]
        .into_iter()
        .find(|kind| fields.contains_key(*kind));
    let kind = known
        .or(fields.keys().next().map(String::as_str))
        .unwrap_or_default();
    Ok(Update {
        id,
        kind: text::line(kind, ID_CHARS_MAX),
        content: fields.get(kind).map_or("null", |content| content.get()),
    })
}

/// The message, or why it is none that a client wrote.
fn incoming(content: &str, is_edit: bool) -> Result<Incoming, String> {
    let unreadable =
        |error: serde_json::Error| format!("a message that cannot be read: {}", text::problem(&error));
    let message: Message = serde_json::from_str(content).map_err(unreadable)?;
    let fields: BTreeMap<String, IgnoredAny> = serde_json::from_str(content).map_err(unreadable)?;
    if message.chat.kind != "private" {
        let kind = text::line(&message.chat.kind, ID_CHARS_MAX);
        return Err(format!("a message in a chat of type `{kind}`, not `private`"));
    }
    let Some(from) = &message.from else {
        return Err("a message without a sender".to_owned());
    };
    if from.is_bot {
        return Err("a message of a bot".to_owned());
    }
    let media = MEDIA.into_iter().find(|kind| fields.contains_key(*kind));
    let written = message.text.as_deref().or(message.caption.as_deref());
    if written.is_none() && media.is_none() {
        return Err(format!("a message without text or media{}", service_of(&fields)));
    }
    let sent_seconds = message.edit_date.filter(|_| is_edit).unwrap_or(message.date);
    Ok(Incoming {
        chat: message.chat.id.to_string(),
        external_id: message.message_id.to_string(),
        sender_name: name(from),
        points: points(from, message.contact.as_ref()),
        text: text::lines(written.unwrap_or_default(), TEXT_CHARS_MAX),
        media: media.map(str::to_owned),
        album: message.media_group_id.map(|id| text::line(&id, ID_CHARS_MAX)),
        sent_at: Timestamp::from_micros(sent_seconds.saturating_mul(1_000_000)),
        is_edit,
    })
}

/// The fields by which a service message says what happened, such as `pinned_message`.
fn service_of(fields: &BTreeMap<String, IgnoredAny>) -> String {
    const ALWAYS: [&str; 5] = ["message_id", "date", "edit_date", "chat", "from"];
    let special = fields.keys().filter(|name| !ALWAYS.contains(&name.as_str()));
    special
        .take(4)
        .map(|name| format!(", `{}`", text::line(name, ID_CHARS_MAX)))
        .collect()
}

fn name(from: &User) -> String {
    let full = format!(
        "{} {}",
        from.first_name,
        from.last_name.as_deref().unwrap_or_default()
    );
    let full = text::line(&full, TITLE_CHARS_MAX);
    match &from.username {
        Some(username) if full.is_empty() => text::line(&format!("@{username}"), TITLE_CHARS_MAX),
        _ => full,
    }
}

/// The account, then the phone if the sender shared the own contact: anybody can share another person's.
fn points(from: &User, contact: Option<&SharedContact>) -> Vec<ContactPoint> {
    let raw = match &from.username {
        Some(username) => text::line(&format!("@{username}"), ID_CHARS_MAX),
        None => from.id.to_string(),
    };
    let account = ContactPoint {
        kind: PointKind::Handle,
        key: format!("telegram:{}", from.id),
        raw,
    };
    let own = contact.filter(|contact| contact.user_id == Some(from.id));
    let phone = own.and_then(|contact| shared_phone(&contact.phone_number));
    std::iter::once(account).chain(phone).collect()
}

/// Telegram writes numbers with their country code, and often without a `+`.
fn shared_phone(number: &str) -> Option<ContactPoint> {
    let raw = text::line(number, ID_CHARS_MAX);
    let has_plus = raw.starts_with('+');
    let international = if has_plus { raw.clone() } else { format!("+{raw}") };
    let phone = Phone::parse(&international).ok()?;
    Some(ContactPoint {
        kind: PointKind::Phone,
        key: phone.normal(),
        raw,
    })
}

#[cfg(test)]
mod tests;
