//! What each step of a scenario does. A refusal is written into the outcome and is no error.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::draft::{Draft, DraftError};
use anyhow::{Context, anyhow, bail};
use signalbox_crm::activity::{ActivityKind, ActivityState};
use signalbox_crm::directory::DirectoryChange;
use signalbox_crm::editing::{ItemPatch, edit_item};
use signalbox_crm::event::Fact;
use signalbox_crm::ids::{AttachmentId, ContactId, EmployeeId, ItemId};
use signalbox_crm::moving::{NewItem, Reach, create_item, move_item};
use signalbox_crm::people::{Absence, Actor, Employee};
use signalbox_crm::pipeline::FieldType;
use signalbox_crm::planning::{self, NewActivity};
use signalbox_crm::rejection::Rejection;
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::{FieldValue, Money};
use signalbox_crm::{assigning, attachment::Attachment};

use super::Scenario;
use super::script::{Step, Values};

/// So many names are told when one is unknown.
const KNOWN_MAX: usize = 20;

impl Scenario<'_> {
    pub(super) async fn step(&mut self, step: &Step) -> anyhow::Result<()> {
        let at = self.clock.now();
        self.out.push_str(&format!("{at} {}\n", step.text));
        let values = &step.values;
        let names: Vec<&str> = step.names.iter().map(String::as_str).collect();
        let outcome = match (step.verb.as_str(), names.as_slice()) {
            ("at", [until]) => return self.wait_until(Timestamp::parse(until)?).await,
            ("down", [time]) => return self.down_until(later(at, duration(time)?)).await,
            (time, []) if time.starts_with('+') => {
                return self.wait_until(later(at, duration(&time[1..])?)).await;
            }
            ("deal" | "lead", [name, stage]) => self.create(name, stage, values).await,
            ("move", [name, stage]) => self.move_item(name, stage, values).await,
            ("set", [name]) => self.set(name, values).await,
            ("assign", [name, person]) => self.assign(name, person).await,
            ("absent", [person, time]) => self.absent(person, duration(time)?).await,
            ("plan", [name]) => self.plan(name, values).await,
            ("complete", [name]) => self.complete(name).await,
            ("telegram", [channel]) => self.telegram(channel, values).await,
            ("generic", [channel]) => self.generic(channel, values).await,
            ("contact", [name]) => self.contact(name, values).await,
            ("find", [phone]) => self.find(phone).await,
            ("dismiss", [person]) => self.dismiss(person).await,
            ("start", [title]) => self.start_by_hand(title, None).await,
            ("start", [title, name]) => self.start_by_hand(title, Some(name)).await,
            ("enable", [title]) => self.enable(title, true).await,
            ("disable", [title]) => self.enable(title, false).await,
            ("kill", [title]) => return self.kill(title).await,
            ("answer", [channel, chat]) => self.answer(channel, chat, values).await,
            ("respond", [url]) => self.respond(url, values).await,
            ("unread", [person]) => self.unread(person).await,
            ("board", [stage]) => self.board(stage).await,
            ("history", [name]) => self.history(name).await,
            ("journal", [name]) => self.journal(name).await,
            _ => bail!("`{}` is no step", step.verb),
        };
        match outcome {
            Ok(()) => {}
            Err(error) => match error.downcast_ref::<DraftError>() {
                Some(DraftError::Rejected(rejection)) => self.out.push_str(&refused(rejection)),
                _ => match error.downcast_ref::<Rejection>() {
                    Some(rejection) => self.out.push_str(&refused(rejection)),
                    None => return Err(error),
                },
            },
        }
        self.app()?.advance_to(at).await
    }

    /// Time passes; it does not go back.
    async fn wait_until(&self, until: Timestamp) -> anyhow::Result<()> {
        let now = self.clock.now();
        if until < now {
            bail!("{until} is past: it is {now} already");
        }
        self.app()?.advance_to(until).await
    }

    pub(super) fn draft(&self, by: Option<&String>) -> anyhow::Result<Draft> {
        let actor = match by {
            Some(person) => Actor::Employee(self.names.employee(person)?),
            None => Actor::System,
        };
        Ok(Draft::new(&self.app()?.core, actor))
    }

    fn client(&self, name: &str) -> anyhow::Result<ContactId> {
        let found = self.contacts.get(name).copied();
        found.ok_or_else(|| unknown("client", name, self.contacts.keys()))
    }

    /// By its name in this file; one that a message opened, by its id.
    pub(super) fn item(&self, name: &str) -> anyhow::Result<ItemId> {
        let known = self.items.get(name).copied().or_else(|| name.parse().ok());
        known.ok_or_else(|| unknown("item", name, self.items.keys()))
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
            contact: values.get("contact").map(|name| self.client(name)).transpose()?,
            amount: values.get("amount").map(|text| money(text)).transpose()?,
            source: values.get("source").cloned(),
            fields: BTreeMap::new(),
        };
        for (key, value) in fields(&draft, values)? {
            new.fields.extend(value.map(|value| (key, value)));
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
            patch.fields.insert(key, value);
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

    async fn dismiss(&mut self, person: &str) -> anyhow::Result<()> {
        let mut draft = self.draft(None)?;
        let id: EmployeeId = self.names.employee(person)?;
        let mut employee = Employee::clone(draft.directory.employee(id)?);
        employee.is_active = false;
        employee.version += 1;
        draft.changes.directory.push(DirectoryChange::Employee(employee));
        draft.commit().await?;
        Ok(())
    }

    pub(super) fn attachment(&self, title: &str) -> anyhow::Result<AttachmentId> {
        let found = self.names.attachments.get(title).copied();
        found.ok_or_else(|| unknown("attachment", title, self.names.attachments.keys()))
    }

    async fn enable(&mut self, title: &str, is_enabled: bool) -> anyhow::Result<()> {
        let mut draft = self.draft(None)?;
        let id = self.attachment(title)?;
        let mut attachment = Attachment::clone(draft.directory.attachments.get(&id).context("stored")?);
        attachment.is_enabled = is_enabled;
        attachment.version += 1;
        draft
            .changes
            .directory
            .push(DirectoryChange::Attachment(attachment));
        draft.commit().await?;
        Ok(())
    }

    async fn start_by_hand(&mut self, title: &str, name: Option<&str>) -> anyhow::Result<()> {
        let mut draft = self.draft(None)?;
        let item = name.map(|name| self.item(name)).transpose()?;
        if let Some(item) = item {
            draft.item(item).await?;
        }
        let fact = Fact::ManualRun {
            attachment: self.attachment(title)?,
            by: None,
        };
        draft.changes.happened(fact, item);
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
}

fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a String>) -> anyhow::Error {
    let known: Vec<&str> = known.map(String::as_str).take(KNOWN_MAX).collect();
    match known.is_empty() {
        true => anyhow!("there is no {kind} `{name}`"),
        false => anyhow!("there is no {kind} `{name}`; known: {}", known.join(", ")),
    }
}

fn refused(rejection: &Rejection) -> String {
    format!("    refused: {}: {rejection}\n", rejection.code.as_str())
}

fn later(at: Timestamp, time: Duration) -> Timestamp {
    at.plus(time).unwrap_or(Timestamp::MAX)
}

fn money(text: &str) -> anyhow::Result<Money> {
    Ok(text.parse()?)
}

fn fields(draft: &Draft, values: &Values) -> anyhow::Result<Vec<(String, Option<FieldValue>)>> {
    let custom = values
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("field.")?, value)));
    custom
        .map(|(key, text)| {
            if text.is_empty() {
                return Ok((key.to_owned(), None));
            }
            let def = draft.directory.fields.get(key);
            let value = match def.map(|def| def.field_type) {
                Some(FieldType::Instant) => FieldValue::Instant(Timestamp::parse(text)?),
                Some(FieldType::Money) => FieldValue::Money(money(text)?),
                Some(FieldType::Number) => FieldValue::Number(text.parse()?),
                Some(FieldType::Flag) => FieldValue::Flag(text.parse()?),
                _ => FieldValue::Text(text.clone()),
            };
            Ok((key.to_owned(), Some(value)))
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
