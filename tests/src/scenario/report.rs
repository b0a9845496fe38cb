//! What a scenario shows at its end: items, runs with their reasons, notifications, activities, messages.

use std::fmt::Write;

use signalbox_crm::run::Verdict;
use signalbox_crm::time::Timestamp;
use signalbox_db::{ActivityFilter, ConversationFilter, ItemFilter, ItemPage, RunFilter};

use super::Scenario;

const LIMIT: u32 = 500;

impl Scenario {
    /// The state at the end, in words that do not depend on ids of the host where possible.
    pub(super) async fn report(&self) -> anyhow::Result<String> {
        let mut out = String::new();
        self.items(&mut out).await?;
        self.runs(&mut out).await?;
        self.notifications(&mut out).await?;
        self.activities(&mut out).await?;
        self.conversations(&mut out).await?;
        Ok(out)
    }

    async fn items(&self, out: &mut String) -> anyhow::Result<()> {
        let core = &self.app()?.core;
        let directory = core.records.directory();
        let items = core
            .db
            .items(&ItemFilter::default(), ItemPage::Number(None), LIMIT)
            .await?;
        writeln!(out, "\nitems")?;
        for item in items {
            let stage = directory.stage(item.stage)?;
            let person = item.assignee.and_then(|id| directory.employees.get(&id));
            let person = person.map_or("nobody", |person| person.name.as_str());
            let raised = at(item.raised_at);
            writeln!(
                out,
                "  {} `{}` in {} (entry {}), {person}, raised {raised}",
                item.id, item.title, stage.key, item.stage_entry
            )?;
        }
        Ok(())
    }

    async fn runs(&self, out: &mut String) -> anyhow::Result<()> {
        let core = &self.app()?.core;
        let directory = core.records.directory();
        let mut runs = core.db.runs(&RunFilter::default(), None, LIMIT).await?;
        runs.sort_by_key(|found| found.run.id);
        writeln!(out, "\nruns")?;
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
            if let Some(when) = run.finished_at.or(run.due_at) {
                write!(out, " | {}", at(when))?;
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
        Ok(())
    }

    async fn notifications(&self, out: &mut String) -> anyhow::Result<()> {
        let core = &self.app()?.core;
        let directory = core.records.directory();
        writeln!(out, "\nnotifications")?;
        for person in directory.employees.values() {
            let mut told = core.db.notifications(person.id, false, None, LIMIT).await?;
            told.sort_by_key(|notification| notification.id);
            for notification in told {
                let when = at(notification.created_at);
                writeln!(
                    out,
                    "  {when} to {}: {} / {}",
                    person.name, notification.title, notification.text
                )?;
            }
        }
        Ok(())
    }

    async fn activities(&self, out: &mut String) -> anyhow::Result<()> {
        let core = &self.app()?.core;
        let found = core
            .db
            .activities(&ActivityFilter::default(), None, LIMIT)
            .await?;
        writeln!(out, "\nactivities")?;
        for activity in found {
            let (kind, state) = (activity.kind.as_str(), activity.state.as_str());
            writeln!(
                out,
                "  {} {kind} `{}` until {} {state}",
                activity.item,
                activity.title,
                at(activity.deadline_at)
            )?;
        }
        Ok(())
    }

    async fn conversations(&self, out: &mut String) -> anyhow::Result<()> {
        let core = &self.app()?.core;
        let found = core
            .db
            .conversations(&ConversationFilter::default(), None, LIMIT)
            .await?;
        writeln!(out, "\nconversations")?;
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
        Ok(())
    }
}

fn at(when: Timestamp) -> String {
    when.to_string()
}
