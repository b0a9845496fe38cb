//! The steps that a scenario can take, one a line.
//!
//! ```text
//! +3h59m                              time passes
//! at 2026-03-02T10:00:00+03:00        time passes until then
//! deal NAME STAGE [key=value ...]     a person creates an item (title, assignee, amount, source, field.KEY)
//! move NAME STAGE [by=EMPLOYEE]       a person moves it
//! set NAME key=value ...              a person edits it
//! assign NAME EMPLOYEE                a person puts somebody in charge
//! absent EMPLOYEE DURATION            somebody is away from now on
//! plan NAME [key=value ...]           a person plans an activity (kind, title, deadline, duration, reminders)
//! complete NAME                       a person completes its earliest open activity
//! telegram CHANNEL key=value ...      a client writes (chat, name, text, album, edit, phone)
//! disable ATTACHMENT                  an admin switches an attachment off
//! down DURATION                       the host is stopped, and started again after that time
//! ```
//! Values with spaces stand in double quotes. A refusal is written into the outcome and is no error.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use axum::http::{HeaderMap, HeaderValue};
use serde_json::json;
use signalbox::engine::draft::{Draft, DraftError};
use signalbox_crm::activity::{ActivityKind, ActivityState};
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::editing::{ItemPatch, edit_item};
use signalbox_crm::ids::EmployeeId;
use signalbox_crm::moving::{NewItem, Reach, create_item, move_item};
use signalbox_crm::people::{Absence, Actor, Employee};
use signalbox_crm::pipeline::FieldType;
use signalbox_crm::planning::{self, NewActivity};
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::{FieldValue, Money};
use signalbox_crm::{assigning, attachment::Attachment};

use super::Scenario;

type Values = BTreeMap<String, String>;

impl Scenario {
    pub(super) async fn step(&mut self, line: &str) -> anyhow::Result<()> {
        let at = self.clock.now();
        self.out.push_str(&format!("{at} {line}\n"));
        let words = split(line);
        let (verb, rest) = words.split_first().ok_or_else(|| anyhow!("an empty step"))?;
        let (names, values) = names_and_values(rest);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let outcome = match (verb.as_str(), names.as_slice()) {
            ("at", [at]) => return self.app()?.advance_to(Timestamp::parse(at)?).await,
            ("down", [time]) => return self.down_until(later(at, duration(time)?)).await,
            (time, []) if time.starts_with('+') => {
                return self.app()?.advance_to(later(at, duration(&time[1..])?)).await;
            }
            ("deal" | "lead", [name, stage]) => self.create(name, stage, &values).await,
            ("move", [name, stage]) => self.move_item(name, stage, &values).await,
            ("set", [name]) => self.set(name, &values).await,
            ("assign", [name, person]) => self.assign(name, person).await,
            ("absent", [person, time]) => self.absent(person, duration(time)?).await,
            ("plan", [name]) => self.plan(name, &values).await,
            ("complete", [name]) => self.complete(name).await,
            ("telegram", [channel]) => self.telegram(channel, &values).await,
            ("disable", [title]) => self.disable(title).await,
            _ => bail!("an unknown step"),
        };
        match outcome {
            Ok(()) => {}
            Err(error) => match error.downcast_ref::<DraftError>() {
                Some(DraftError::Rejected(rejection)) => {
                    let line = format!(
                        "    refused: {}: {}\n",
                        rejection.code.as_str(),
                        rejection.message
                    );
                    self.out.push_str(&line);
                }
                _ => return Err(error),
            },
        }
        self.app()?.advance_to(at).await
    }

    fn draft(&self, by: Option<&String>) -> anyhow::Result<Draft> {
        let actor = match by {
            Some(person) => Actor::Employee(self.names.employee(person)?),
            None => Actor::System,
        };
        Ok(Draft::new(&self.app()?.core, actor))
    }

    fn item(&self, name: &str) -> anyhow::Result<signalbox_crm::ids::ItemId> {
        self.items
            .get(name)
            .copied()
            .ok_or_else(|| anyhow!("there is no item `{name}`"))
    }

    async fn create(&mut self, name: &str, stage: &str, values: &Values) -> anyhow::Result<()> {
        let mut draft = self.draft(values.get("by"))?;
        let stage = self.names.stage(stage)?;
        let mut new = NewItem {
            pipeline: draft.directory.stage(stage)?.pipeline,
            stage: Some(stage),
            title: values.get("title").cloned().unwrap_or_else(|| name.to_owned()),
            assignee: values
                .get("assignee")
                .map(|person| self.names.employee(person))
                .transpose()?,
            contact: None,
            amount: values.get("amount").map(|text| money(text)).transpose()?,
            source: values.get("source").cloned(),
            fields: BTreeMap::new(),
        };
        for (key, value) in fields(&draft, values)? {
            new.fields.insert(key, value);
        }
        let item = draft
            .rule(|rules, changes| create_item(rules, changes, new))
            .map_err(DraftError::from)?;
        draft.commit().await?;
        self.items.insert(name.to_owned(), item.id);
        Ok(())
    }

    async fn move_item(&mut self, name: &str, stage: &str, values: &Values) -> anyhow::Result<()> {
        let mut draft = self.draft(values.get("by"))?;
        let item = draft.item(self.item(name)?).await?;
        let stage = self.names.stage(stage)?;
        let reach = Reach {
            back: true,
            across: true,
        };
        draft
            .rule(|rules, changes| move_item(rules, changes, item, stage, reach))
            .map_err(DraftError::from)?;
        draft.commit().await?;
        Ok(())
    }

    async fn set(&mut self, name: &str, values: &Values) -> anyhow::Result<()> {
        let mut draft = self.draft(values.get("by"))?;
        let item = draft.item(self.item(name)?).await?;
        let mut patch = ItemPatch {
            title: values.get("title").cloned(),
            amount: values
                .get("amount")
                .map(|text| money(text).map(Some))
                .transpose()?,
            lost_reason: values.get("lost-reason").map(|text| Some(text.clone())),
            ..ItemPatch::default()
        };
        for (key, value) in fields(&draft, values)? {
            patch.fields.insert(key, Some(value));
        }
        draft
            .rule(|rules, changes| edit_item(rules, changes, item, patch))
            .map_err(DraftError::from)?;
        draft.commit().await?;
        Ok(())
    }

    async fn assign(&mut self, name: &str, person: &str) -> anyhow::Result<()> {
        let mut draft = self.draft(None)?;
        let item = draft.item(self.item(name)?).await?;
        let person = self.names.employee(person)?;
        draft
            .rule(|rules, changes| assigning::assign(rules, changes, item, person))
            .map_err(DraftError::from)?;
        draft.commit().await?;
        Ok(())
    }

    async fn absent(&mut self, person: &str, time: Duration) -> anyhow::Result<()> {
        let mut draft = self.draft(None)?;
        let id: EmployeeId = self.names.employee(person)?;
        let mut employee = Employee::clone(draft.directory.employee(id)?);
        employee.absences.push(Absence {
            from: draft.now,
            until: later(draft.now, time),
        });
        employee.version += 1;
        draft.changes.directory.push(DirectoryChange::Employee(employee));
        draft.commit().await?;
        Ok(())
    }

    async fn disable(&mut self, title: &str) -> anyhow::Result<()> {
        let mut draft = self.draft(None)?;
        let id = self
            .names
            .attachments
            .get(title)
            .ok_or_else(|| anyhow!("there is no attachment `{title}`"))?;
        let mut attachment = Attachment::clone(draft.directory.attachments.get(id).context("stored")?);
        attachment.is_enabled = false;
        attachment.version += 1;
        draft
            .changes
            .directory
            .push(DirectoryChange::Attachment(attachment));
        draft.commit().await?;
        Ok(())
    }

    async fn plan(&mut self, name: &str, values: &Values) -> anyhow::Result<()> {
        let mut draft = self.draft(values.get("by"))?;
        let item = draft.item(self.item(name)?).await?;
        let kind = values.get("kind").map_or("todo", String::as_str);
        let reminders = values.get("reminders").map(String::as_str).unwrap_or_default();
        let new = NewActivity {
            kind: match kind {
                "todo" => ActivityKind::Todo,
                "call" => ActivityKind::Call,
                "meeting" => ActivityKind::Meeting,
                "mail" => ActivityKind::Mail,
                other => bail!("`{other}` is not a kind of activity"),
            },
            title: values.get("title").cloned(),
            description: None,
            deadline: values.get("deadline").cloned(),
            duration_s: values.get("duration").map(|text| text.parse()).transpose()?,
            assignee: values
                .get("assignee")
                .map(|person| self.names.employee(person))
                .transpose()?,
            reminders_min: reminders
                .split(',')
                .filter(|m| !m.is_empty())
                .map(str::parse)
                .collect::<Result<_, _>>()?,
        };
        draft
            .rule(|rules, changes| planning::plan(rules, changes, &item, new))
            .map_err(DraftError::from)?;
        draft.commit().await?;
        Ok(())
    }

    async fn complete(&mut self, name: &str) -> anyhow::Result<()> {
        let mut draft = self.draft(None)?;
        let item = draft.item(self.item(name)?).await?;
        let open = draft.open_activities(item.id, 1).await?;
        let first = open
            .into_iter()
            .next()
            .ok_or_else(|| anyhow!("`{name}` has no open activity"))?;
        let activity = draft.activity(first.id).await?;
        draft
            .rule(|rules, changes| planning::finish(rules, changes, item, activity, ActivityState::Completed))
            .map_err(DraftError::from)?;
        draft.commit().await?;
        Ok(())
    }

    /// A webhook in Telegram's format, through the same door as over HTTP.
    async fn telegram(&mut self, channel: &str, values: &Values) -> anyhow::Result<()> {
        self.update_count += 1;
        let number = self.update_count;
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
        let date = self.clock.now().micros() / 1_000_000;
        let mut message = json!({
            "message_id": id,
            "date": date,
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
            "edited_message"
        } else {
            "message"
        };
        let body = json!({"update_id": update_id, kind: message}).to_string();
        let core = std::sync::Arc::clone(&self.app()?.core);
        let directory = core.records.directory();
        let channel = directory.channel(self.names.channel(channel)?)?;
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-telegram-bot-api-secret-token",
            HeaderValue::from_str(&channel.inbound_secret)?,
        );
        signalbox::intake::accept(&core, channel, &headers, body.as_bytes()).await?;
        Ok(())
    }
}

fn later(at: Timestamp, time: Duration) -> Timestamp {
    at.plus(time).unwrap_or(Timestamp::MAX)
}

fn money(text: &str) -> anyhow::Result<Money> {
    text.parse().map_err(|error: String| anyhow!(error))
}

fn fields(draft: &Draft, values: &Values) -> anyhow::Result<Vec<(String, FieldValue)>> {
    let custom = values
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("field.")?, value)));
    custom
        .map(|(key, text)| {
            let def = draft.directory.fields.get(key);
            let value = match def.map(|def| def.field_type) {
                Some(FieldType::Instant) => FieldValue::Instant(Timestamp::parse(text)?),
                Some(FieldType::Money) => FieldValue::Money(money(text)?),
                Some(FieldType::Number) => FieldValue::Number(text.parse()?),
                Some(FieldType::Flag) => FieldValue::Flag(text.parse()?),
                _ => FieldValue::Text(text.clone()),
            };
            Ok((key.to_owned(), value))
        })
        .collect()
}

/// `3h59m`, `2d`, `90s`.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let mut total = 0;
    let mut digits = String::new();
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                digits.push(letter);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            other => bail!("`{other}` in `{text}` is not a unit of time"),
        };
        total += unit * digits.parse::<u64>()?;
        digits.clear();
    }
    Ok(Duration::from_secs(total))
}

/// Words of a line; double quotes keep spaces together.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            other => words.last_mut().expect("begins with one").push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn names_and_values(words: &[String]) -> (Vec<String>, Values) {
    let mut names = Vec::new();
    let mut values = Values::new();
    for word in words {
        match word.split_once('=') {
            Some((key, value)) => drop(values.insert(key.to_owned(), value.to_owned())),
            None => names.push(word.clone()),
        }
    }
    (names, values)
}
