//! Steps of clients: what they write, through the same door as over HTTP, and how they are found.

use std::fmt::Write;
use std::sync::Arc;

use crate::channels::signature::Secret;
use anyhow::{Context, anyhow};
use axum::http::{HeaderMap, HeaderValue};
use serde_json::json;
use signalbox_crm::contacting::{NewContact, create_contact};
use signalbox_crm::phone::PhoneQuery;
use signalbox_crm::talking::answer;

use super::Scenario;
use super::script::Values;

/// How many clients a search shows.
const FOUND_MAX: u32 = 20;

impl Scenario<'_> {
    /// A person enters a client.
    pub(super) async fn contact(&mut self, name: &str, values: &Values) -> anyhow::Result<()> {
        let mut draft = self.draft(values.get("by"))?;
        let list = |key: &str| values.get(key).map(|text| vec![text.clone()]).unwrap_or_default();
        let new = NewContact {
            name: values.get("name").cloned().unwrap_or_else(|| name.to_owned()),
            phones: list("phone"),
            emails: list("email"),
            assignee: values
                .get("assignee")
                .map(|person| self.names.employee(person))
                .transpose()?,
        };
        let contact = draft.rule(|rules, changes| create_contact(rules, changes, new))?;
        draft.commit().await?;
        self.contacts.insert(name.to_owned(), contact.id);
        Ok(())
    }

    /// A person looks for a client by phone.
    pub(super) async fn find(&mut self, text: &str) -> anyhow::Result<()> {
        let query = PhoneQuery::parse(text)?;
        let db = &self.app()?.core.db;
        let mut lines = String::new();
        for contact in db.contacts_by_phone(&query, FOUND_MAX).await? {
            let items = db.open_items(contact.id, FOUND_MAX).await?;
            let items: Vec<String> = items
                .iter()
                .map(|item| format!("{} `{}`", item.id, item.title))
                .collect();
            writeln!(
                lines,
                "    found {} `{}`: {}",
                contact.id,
                contact.name,
                items.join(", ")
            )?;
        }
        if lines.is_empty() {
            lines.push_str("    found nobody\n");
        }
        self.out.push_str(&lines);
        Ok(())
    }

    /// A person answers in the open conversation of a chat.
    pub(super) async fn answer(&mut self, channel: &str, chat: &str, values: &Values) -> anyhow::Result<()> {
        let mut draft = self.draft(values.get("by"))?;
        let channel = self.names.channel(channel)?;
        let open = draft.core().db.open_conversation(channel, chat).await?;
        let open = open.with_context(|| format!("chat `{chat}` has no open conversation"))?;
        let conversation = draft.conversation(open.id).await?;
        let item = match conversation.item {
            Some(id) => Some(draft.item(id).await?),
            None => None,
        };
        let author = values
            .get("by")
            .map(|person| self.names.employee(person))
            .transpose()?;
        let text = values.get("text").context("`text=` is missing")?;
        draft.rule(|rules, changes| answer(rules, changes, conversation, item, (author, text)))?;
        draft.commit().await?;
        Ok(())
    }

    /// A webhook in Telegram's format.
    pub(super) async fn telegram(&mut self, channel: &str, values: &Values) -> anyhow::Result<()> {
        let number = self.next_update();
        let update_id = values
            .get("update")
            .map(|id| id.parse())
            .transpose()?
            .unwrap_or(number);
        let id = values
            .get("message")
            .map(|id| id.parse())
            .transpose()?
            .unwrap_or(number);
        let chat: i64 = values.get("chat").map_or(Ok(100), |id| id.parse())?;
        let name = values.get("name").cloned().unwrap_or_else(|| "Иван".to_owned());
        let mut message = json!({
            "message_id": id,
            "date": self.clock.now().micros() / 1_000_000,
            "chat": {"id": chat, "type": "private", "first_name": name},
            "from": {"id": chat, "is_bot": false, "first_name": name},
        });
        if let Some(text) = values.get("text") {
            message["text"] = json!(text);
        }
        if let Some(album) = values.get("album") {
            message["media_group_id"] = json!(album);
            message["photo"] = json!([{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]);
        }
        if let Some(phone) = values.get("phone") {
            message["contact"] = json!({"phone_number": phone, "first_name": name, "user_id": chat});
        }
        let kind = if values.contains_key("edit") {
            message["edit_date"] = json!(self.clock.now().micros() / 1_000_000);
            "edited_message"
        } else {
            "message"
        };
        let body = json!({"update_id": update_id, kind: message}).to_string();
        let token = self.secret(channel)?;
        let mut headers = HeaderMap::new();
        headers.insert("x-telegram-bot-api-secret-token", HeaderValue::from_str(&token)?);
        self.accept(channel, &headers, &body).await
    }

    /// A webhook in the generic format, signed.
    pub(super) async fn generic(&mut self, channel: &str, values: &Values) -> anyhow::Result<()> {
        let number = self.next_update();
        let event = values
            .get("event")
            .cloned()
            .unwrap_or_else(|| format!("event-{number}"));
        let chat = values.get("chat").cloned().unwrap_or_else(|| "chat-1".to_owned());
        let mut sender = json!({"id": values.get("sender").unwrap_or(&chat)});
        for key in ["name", "phone", "email"] {
            if let Some(value) = values.get(key) {
                sender[key] = json!(value);
            }
        }
        let body = json!({
            "type": if values.contains_key("edit") { "message.edited" } else { "message" },
            "id": values.get("message").cloned().unwrap_or_else(|| format!("m-{number}")),
            "chat": chat,
            "sender": sender,
            "text": values.get("text").cloned().unwrap_or_default(),
            "sent_at": self.clock.now().to_string(),
        });
        let body = body.to_string();
        let secret = self.secret(channel)?;
        let secret =
            Secret::parse(&secret).map_err(|problem| anyhow!("the secret of `{channel}` {problem}"))?;
        let seconds = self.clock.now().micros() / 1_000_000;
        let signature = secret.sign(&event, seconds, body.as_bytes());
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", HeaderValue::from_str(&event)?);
        headers.insert("webhook-timestamp", HeaderValue::from(seconds));
        headers.insert("webhook-signature", HeaderValue::from_str(&signature)?);
        self.accept(channel, &headers, &body).await
    }

    fn next_update(&mut self) -> i64 {
        self.update_count += 1;
        self.update_count
    }

    fn secret(&self, channel: &str) -> anyhow::Result<String> {
        let directory = self.app()?.core.records.directory();
        Ok(directory
            .channel(self.names.channel(channel)?)?
            .inbound_secret
            .clone())
    }

    async fn accept(&self, channel: &str, headers: &HeaderMap, body: &str) -> anyhow::Result<()> {
        let core = Arc::clone(&self.app()?.core);
        let directory = core.records.directory();
        let channel = directory.channel(self.names.channel(channel)?)?;
        crate::intake::accept(&core, channel, headers, body.as_bytes()).await?;
        Ok(())
    }
}
