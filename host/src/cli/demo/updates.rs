//! Updates in the format of the Telegram Bot API (core.telegram.org/bots/api, "Update", "Message").

use serde_json::{Value, json};

use crate::clock::Clock;

/// Somebody who writes to the bot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// Telegram's id of the account, and of the private chat with it.
    pub(super) id: i64,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) username: &'static str,
    /// The number that the account has, as Telegram writes it.
    pub(super) phone: &'static str,
}

/// Makes updates with growing numbers.
#[derive(Debug)]
pub(super) struct Updates {
    next: i64,
}

impl Updates {
    /// Telegram begins anywhere.
    pub(super) fn new() -> Self {
        Updates { next: 730_001 }
    }

    /// A text message.
    pub(super) fn text(&mut self, from: &Person, message_id: i64, text: &str) -> Value {
        self.message(from, message_id, json!({ "text": text }))
    }

    /// The sender's own contact, shared by the button of the messenger.
    pub(super) fn contact(&mut self, from: &Person, message_id: i64) -> Value {
        let contact = json!({
            "phone_number": from.phone,
            "first_name": from.first_name,
            "last_name": from.last_name,
            "user_id": from.id,
        });
        self.message(from, message_id, json!({ "contact": contact }))
    }

    /// One photo of an album; the first one carries the caption.
    pub(super) fn photo(&mut self, from: &Person, message_id: i64, caption: Option<&str>) -> Value {
        let size = |name: &str, side: u32| {
            json!({
                "file_id": format!("AgACAgIAAxkBAAI{message_id}{name}"),
                "file_unique_id": format!("AQAD{message_id}{name}"),
                "width": side,
                "height": side * 3 / 4,
                "file_size": side * 40,
            })
        };
        let mut content = json!({
            "media_group_id": "13877512006521",
            "photo": [size("s", 90), size("m", 320), size("x", 800)],
        });
        if let Some(caption) = caption {
            content["caption"] = caption.into();
        }
        self.message(from, message_id, content)
    }

    /// A new text for an earlier message.
    pub(super) fn edited(&mut self, from: &Person, message_id: i64, text: &str) -> Value {
        let mut update = self.message(from, message_id, json!({ "text": text, "edit_date": now() }));
        let message = update["message"].take();
        json!({ "update_id": update["update_id"], "edited_message": message })
    }

    /// A kind that the host does not read.
    pub(super) fn reaction(&mut self, from: &Person, message_id: i64) -> Value {
        let reaction = json!({
            "chat": chat(from),
            "message_id": message_id,
            "user": user(from),
            "date": now(),
            "old_reaction": [],
            "new_reaction": [{ "type": "emoji", "emoji": "\u{1f44d}" }],
        });
        json!({ "update_id": self.number(), "message_reaction": reaction })
    }

    fn message(&mut self, from: &Person, message_id: i64, content: Value) -> Value {
        let mut message = json!({
            "message_id": message_id,
            "from": user(from),
            "chat": chat(from),
            "date": now(),
        });
        if let (Value::Object(message), Value::Object(content)) = (&mut message, content) {
            message.extend(content);
        }
        json!({ "update_id": self.number(), "message": message })
    }

    fn number(&mut self) -> i64 {
        self.next += 1;
        self.next - 1
    }
}

fn user(person: &Person) -> Value {
    json!({
        "id": person.id,
        "is_bot": false,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "username": person.username,
        "language_code": "ru",
    })
}

fn chat(person: &Person) -> Value {
    json!({
        "id": person.id,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "username": person.username,
        "type": "private",
    })
}

/// Seconds since 1970, as Telegram gives times.
fn now() -> i64 {
    Clock::System.now().micros() / 1_000_000
}
