//! What a scenario shows at its end: items, runs with their reasons, notifications, activities, messages.

use std::fmt::Write;

use anyhow::Context;
use signalbox_crm::notification::Notification;
use signalbox_crm::run::Verdict;
use signalbox_db::{ActivityFilter, ConversationFilter, DeliveryFilter, ItemFilter, ItemPage, RunFilter};

use super::Scenario;

const LIMIT: u32 = 500;

impl Scenario<'_> {
    /// The state at the end, in words that do not depend on ids of the host where possible.
    pub(super) async fn report(&self) -> anyhow::Result<String> {
        let sections = [
            ("items", self.items().await?),
            ("runs", self.runs().await?),
            ("notifications", self.notifications().await?),
            ("activities", self.activities().await?),
            ("conversations", self.conversations().await?),
            ("outbox", self.deliveries().await?),
            ("requests", self.requests().await?),
        ];
        let shown = sections.into_iter().filter(|(_, lines)| !lines.is_empty());
        Ok(shown
            .map(|(title, lines)| format!("\n{title}\n{lines}"))
            .collect())
    }

    /// The cards of a column, from the top.
    pub(super) async fn board(&mut self, stage: &str) -> anyhow::Result<()> {
        let filter = ItemFilter {
            stage: Some(self.names.stage(stage)?),
            ..ItemFilter::default()
        };
        let items = self
            .app()?
            .core
            .db
            .items(&filter, ItemPage::Raised(None), LIMIT)
            .await?;
        for item in items {
            writeln!(self.out, "    {} `{}`", item.id, item.title)?;
        }
        Ok(())
    }

    /// What an employee has not read yet.
    pub(super) async fn unread(&mut self, person: &str) -> anyhow::Result<()> {
        let id = self.names.employee(person)?;
        let mut unread = self.app()?.core.db.notifications(id, true, None, LIMIT).await?;
        unread.reverse();
        for notification in unread {
            let Notification {
                created_at,
                title,
                text,
                ..
            } = notification;
            writeln!(self.out, "    {created_at} {title} / {text}")?;
        }
        Ok(())
    }

    /// Who changed what on an item, the oldest first.
    pub(super) async fn history(&mut self, name: &str) -> anyhow::Result<()> {
        let subject = self.item(name)?.to_string();
        let mut entries = self.app()?.core.db.history(&subject, None, LIMIT).await?;
        entries.reverse();
        for noted in entries {
            let entry = noted.entry;
            let run = entry.run.map(|run| format!(" ({run})")).unwrap_or_default();
            let (before, after) = (entry.before.unwrap_or_default(), entry.after.unwrap_or_default());
            writeln!(
                self.out,
                "    {} {}{run}: {}: `{before}` -> `{after}`",
                entry.at, entry.actor, entry.what
            )?;
        }
        Ok(())
    }

    /// What robots did for an item, as the journal has it: host calls, effects, log lines.
    pub(super) async fn journal(&mut self, name: &str) -> anyhow::Result<()> {
        let item = self.item(name)?;
        let db = &self.app()?.core.db;
        let mut runs = db.runs(&RunFilter::default(), None, LIMIT).await?;
        runs.retain(|found| found.run.item == Some(item));
        runs.sort_by_key(|found| found.run.id);
        let mut lines = String::new();
        for found in runs {
            for attempt in db.attempts(found.run.id, LIMIT).await? {
                for (title, list) in [
                    ("call", &attempt.calls),
                    ("effect", &attempt.effects),
                    ("log", &attempt.logs),
                ] {
                    let mut entries: Vec<serde_json::Map<String, serde_json::Value>> =
                        serde_json::from_str(list)?;
                    // What differs from one machine or compiler to the next.
                    for entry in &mut entries {
                        entry.retain(|key, _| !["duration_us", "fuel"].contains(&key.as_str()));
                    }
                    for entry in entries.into_iter().map(serde_json::Value::Object) {
                        writeln!(lines, "    {title} {entry}")?;
                    }
                }
            }
        }
        self.out.push_str(&lines);
        Ok(())
    }

    async fn items(&self) -> anyhow::Result<String> {
        let mut out = String::new();
        let core = &self.app()?.core;
        let directory = core.records.directory();
        let items = core
            .db
            .items(&ItemFilter::default(), ItemPage::Number(None), LIMIT)
            .await?;
        for item in items {
            let stage = directory.stage(item.stage)?;
            let person = item.assignee.and_then(|id| directory.employees.get(&id));
            let person = person.map_or("nobody", |person| person.name.as_str());
            let raised = item.raised_at;
            writeln!(
                out,
                "  {} `{}` in {} (entry {}), {person}, raised {raised}",
                item.id, item.title, stage.key, item.stage_entry
            )?;
        }
        Ok(out)
    }

    async fn runs(&self) -> anyhow::Result<String> {
        let mut out = String::new();
        let core = &self.app()?.core;
        let directory = core.records.directory();
        let mut runs = core.db.runs(&RunFilter::default(), None, LIMIT).await?;
        runs.sort_by_key(|found| found.run.id);
        for found in runs {
            let run = found.run;
            let title = directory
                .attachments
                .get(&run.attachment)
                .map_or("?", |a| a.title.as_str());
            let item = run.item.map_or("-".to_owned(), |id| id.to_string());
            write!(
                out,
                "  {title} | {item} | {} | {}",
                found.event.fact.kind().as_str(),
                run.state.as_str()
            )?;
            if let Some(reason) = run.reason {
                write!(out, " ({})", reason.as_str())?;
            }
            match (run.finished_at, run.due_at) {
                (Some(end), Some(due)) if due != end => write!(out, " | {end}, was due {due}")?,
                (Some(end), _) => write!(out, " | {end}")?,
                (None, Some(due)) => write!(out, " | due {due}")?,
                (None, None) => {}
            }
            if let Some(detail) = run.detail {
                write!(out, " | {detail}")?;
            }
            for attempt in core.db.attempts(run.id, LIMIT).await? {
                match attempt.verdict {
                    Verdict::Done { summary } => write!(out, " | done: {summary}")?,
                    Verdict::Skipped { summary } => write!(out, " | skipped: {summary}")?,
                    Verdict::Failed { code, message, .. } => write!(out, " | failed: {code}: {message}")?,
                }
            }
            writeln!(out)?;
        }
        Ok(out)
    }

    async fn notifications(&self) -> anyhow::Result<String> {
        let mut out = String::new();
        let core = &self.app()?.core;
        let directory = core.records.directory();
        for person in directory.employees.values() {
            let mut told = core.db.notifications(person.id, false, None, LIMIT).await?;
            told.sort_by_key(|notification| notification.id);
            for notification in told {
                let when = notification.created_at;
                writeln!(
                    out,
                    "  {when} to {}: {} / {}",
                    person.name, notification.title, notification.text
                )?;
            }
        }
        Ok(out)
    }

    async fn activities(&self) -> anyhow::Result<String> {
        let mut out = String::new();
        let core = &self.app()?.core;
        let found = core
            .db
            .activities(&ActivityFilter::default(), None, LIMIT)
            .await?;
        for activity in found {
            let (kind, state) = (activity.kind.as_str(), activity.state.as_str());
            writeln!(
                out,
                "  {} {kind} `{}` until {} {state}",
                activity.item, activity.title, activity.deadline_at
            )?;
        }
        Ok(out)
    }

    async fn conversations(&self) -> anyhow::Result<String> {
        let mut out = String::new();
        let core = &self.app()?.core;
        let found = core
            .db
            .conversations(&ConversationFilter::default(), None, LIMIT)
            .await?;
        for conversation in found {
            let item = conversation.item.map_or("-".to_owned(), |id| id.to_string());
            writeln!(out, "  chat {} of {item}", conversation.external_chat)?;
            let mut messages = core.db.messages(conversation.id, None, LIMIT).await?;
            messages.reverse();
            for message in messages {
                writeln!(
                    out,
                    "    {} {}: {}",
                    message.seq,
                    message.direction.as_str(),
                    message.text
                )?;
            }
        }
        Ok(out)
    }

    async fn deliveries(&self) -> anyhow::Result<String> {
        let mut out = String::new();
        let core = &self.app()?.core;
        let mut found = core
            .db
            .deliveries(&DeliveryFilter::default(), None, LIMIT)
            .await?;
        found.reverse();
        for delivery in found {
            let (chat, state) = (&delivery.external_chat, delivery.state.as_str());
            // The part before the colon is random: each database has its own.
            let key = &delivery.idempotency_key;
            let (_, key) = key.split_once(':').context("a key of this database")?;
            writeln!(out, "  chat {chat}, {state}, key {key}: {}", delivery.text)?;
        }
        Ok(out)
    }
}
