//! What happened in a rehearsal, computed from its database.
//!
//! Everything in it is the same for each run with the same input, on both databases: names instead of ids, sorted
//! here and not by a database, and no time but the virtual one.

mod rows;

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use signalbox_crm::attachment::{Attachment, Timing};
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;
use signalbox_db::{Db, DbError};

use super::input::hex;
use super::{Identity, Input};
use crate::engine::core::Core;
use crate::history::{ALREADY_THERE, CLOSED, REFUSED};

pub use self::rows::{
    AttachmentRuns, ChangeRow, DealLine, EffectRow, EscalationRow, HistoryRow, NotifiedRow, RefusalRow,
    StageRow, TroubleRow,
};

/// How many deals are listed under a count.
const FIRST_MAX: u32 = 10;
/// How many failures are listed.
const TROUBLES_MAX: u32 = 20;

/// What happened.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `signalbox.rehearsal/1`.
    pub schema: &'static str,
    /// What was rehearsed.
    pub input: Identity,
    /// The history that was played.
    pub history: History,
    /// Deals by the stage in which they ended, in the order of the board.
    pub deals: Vec<StageRow>,
    /// What was created, moved and assigned, and by whom.
    pub changes: Vec<ChangeRow>,
    /// Steps of the history that met something else than there was.
    pub unplayed: Vec<HistoryRow>,
    /// Runs of each attachment, in the order of the set-up.
    pub runs: Vec<AttachmentRuns>,
    /// What the runs changed.
    pub effects: Vec<EffectRow>,
    /// Calls of robots that a rule refused.
    pub refusals: Vec<RefusalRow>,
    /// Who was notified, most notified first.
    pub notified: Vec<NotifiedRow>,
    /// Deals on which an attachment acted because time had passed.
    pub escalations: Vec<EscalationRow>,
    /// Runs that were stopped because robots started each other, the first few.
    pub loop_stops: Vec<TroubleRow>,
    /// Attempts that failed, the first few.
    pub failures: Vec<TroubleRow>,
}

/// The history that was played.
#[derive(Debug, Clone, Serialize)]
pub struct History {
    /// Cases with an event.
    pub case_count: u64,
    /// Steps.
    pub step_count: u64,
    /// Moves to another stage.
    pub move_count: u64,
    /// Activities that were planned.
    pub planned_count: u64,
    /// Activities that were completed.
    pub completed_count: u64,
    /// People.
    pub employee_count: u64,
    /// The first step.
    pub first_at: Option<Timestamp>,
    /// The last step.
    pub last_at: Option<Timestamp>,
}

impl Report {
    /// The report as the bytes that are compared and kept: JSON that ends with a line break.
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_else(|error| error.to_string());
        text + "\n"
    }

    /// The digest of [`Report::json`]: two rehearsals with the same one had the same report.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(self.json().as_bytes()))
    }

    /// Runs, whatever became of them.
    pub fn run_count(&self) -> i64 {
        self.runs.iter().map(|row| row.count).sum()
    }

    /// Attempts of robots.
    pub fn attempt_count(&self) -> u64 {
        let count: i64 = self.runs.iter().map(|row| row.attempt_count).sum();
        count.unsigned_abs()
    }
}

/// The names behind the ids of the database.
struct Shown<'a> {
    directory: &'a Directory,
}

impl Shown<'_> {
    fn attachment(&self, id: AttachmentId) -> String {
        let found = self.directory.attachments.get(&id);
        found.map_or_else(|| id.to_string(), |attachment| attachment.title.clone())
    }
}

/// Computes the report, and the time inside robots in milliseconds.
///
/// # Errors
/// The database.
pub async fn collect(core: &Core, input: &Input) -> Result<(Report, u64), DbError> {
    let directory = core.records.directory();
    let (db, shown) = (
        &core.db,
        Shown {
            directory: &directory,
        },
    );
    let (runs, robots_us) = runs(db, &shown).await?;
    let report = Report {
        schema: "signalbox.rehearsal/1",
        input: input.identity.clone(),
        history: history(input),
        deals: deals(db, &shown).await?,
        changes: changes(db).await?,
        unplayed: unplayed(db).await?,
        runs,
        effects: effects(db, &shown).await?,
        refusals: refusals(db, &shown).await?,
        notified: notified(db, &shown).await?,
        escalations: escalations(db, &shown).await?,
        loop_stops: rows::troubles(db.first_loop_stops(TROUBLES_MAX).await?, |id| {
            shown.attachment(id)
        }),
        failures: rows::troubles(db.first_failures(TROUBLES_MAX).await?, |id| shown.attachment(id)),
    };
    Ok((report, robots_us.unsigned_abs() / 1000))
}

fn history(input: &Input) -> History {
    let summary = &input.plan.summary;
    History {
        case_count: summary.case_count - summary.empty_case_count,
        step_count: summary.step_count,
        move_count: summary.stage_entries.values().sum(),
        planned_count: summary.planned_count,
        completed_count: summary.completed_count,
        employee_count: summary.employee_count,
        first_at: summary.first_at.map(Timestamp::from),
        last_at: summary.last_at.map(Timestamp::from),
    }
}

async fn deals(db: &Db, shown: &Shown<'_>) -> Result<Vec<StageRow>, DbError> {
    let mut rows = Vec::new();
    for found in db.count_items_by_stage().await? {
        let stage = shown.directory.stages.get(&found.stage);
        rows.push((
            stage.map(|stage| (stage.pipeline, stage.sort, stage.id)),
            StageRow {
                stage: stage.map_or_else(|| found.stage.to_string(), |stage| stage.key.clone()),
                count: found.count,
            },
        ));
    }
    rows.sort_by_key(|(place, _)| *place);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

async fn changes(db: &Db) -> Result<Vec<ChangeRow>, DbError> {
    let found = db.count_changes().await?;
    let mut rows: Vec<ChangeRow> = found
        .into_iter()
        .map(|row| ChangeRow {
            what: row.what,
            by: row.by,
            count: row.count,
        })
        .collect();
    rows.sort();
    Ok(rows)
}

async fn unplayed(db: &Db) -> Result<Vec<HistoryRow>, DbError> {
    let mut rows = Vec::new();
    for kind in [ALREADY_THERE, CLOSED, REFUSED] {
        let mut by_text = BTreeMap::new();
        for (text, count) in db.count_notes(kind).await? {
            *by_text.entry(rows::without_numbers(&text)).or_default() += count;
        }
        if by_text.is_empty() {
            continue;
        }
        let first = db.first_notes(kind, FIRST_MAX).await?;
        let first = first.into_iter().map(|note| DealLine {
            deal: note.item.unwrap_or_default(),
            at: note.at,
            since: None,
            text: Some(rows::without_numbers(&note.text)),
        });
        rows.push(HistoryRow {
            kind: kind.to_owned(),
            count: by_text.values().sum(),
            by_text,
            first: first.collect(),
        });
    }
    Ok(rows)
}

async fn runs(db: &Db, shown: &Shown<'_>) -> Result<(Vec<AttachmentRuns>, i64), DbError> {
    let new = |id: AttachmentId, attachment: &Attachment| {
        let runs = AttachmentRuns {
            attachment: attachment.title.clone(),
            robot: attachment.robot.clone(),
            count: 0,
            attempt_count: 0,
            ended: BTreeMap::new(),
        };
        (id, runs)
    };
    let attachments = shown.directory.attachments.iter();
    let mut rows: BTreeMap<AttachmentId, AttachmentRuns> =
        attachments.map(|(id, attachment)| new(*id, attachment)).collect();
    for found in db.count_runs().await? {
        let Some(row) = rows.get_mut(&found.attachment) else {
            continue;
        };
        row.count += found.count;
        // What is completed is counted below: done and skipped are not the same.
        if found.state != RunState::Completed {
            let reason = if found.reason.is_empty() { "" } else { ": " };
            let name = format!("{}{reason}{}", found.state.as_str(), found.reason);
            *row.ended.entry(name).or_default() += found.count;
        }
    }
    let mut robots_us = 0;
    for found in db.count_attempts().await? {
        robots_us += found.duration_us;
        let Some(row) = rows.get_mut(&found.attachment) else {
            continue;
        };
        row.attempt_count += found.count;
        if found.verdict != "failed" {
            *row.ended.entry(found.verdict).or_default() += found.count;
        }
    }
    Ok((rows.into_values().collect(), robots_us))
}

async fn effects(db: &Db, shown: &Shown<'_>) -> Result<Vec<EffectRow>, DbError> {
    let mut found = db.count_effects().await?;
    found.sort_by(|a, b| (a.attachment, &a.effect, &a.what).cmp(&(b.attachment, &b.effect, &b.what)));
    let row = |row: signalbox_db::tally::EffectCount| EffectRow {
        attachment: shown.attachment(row.attachment),
        effect: if row.what.is_empty() {
            row.effect
        } else {
            format!("{} {}", row.effect, row.what)
        },
        count: row.count,
    };
    Ok(found.into_iter().map(row).collect())
}

async fn refusals(db: &Db, shown: &Shown<'_>) -> Result<Vec<RefusalRow>, DbError> {
    let mut found = db.count_refused_calls().await?;
    found.sort_by(|a, b| (a.attachment, &a.call, &a.code).cmp(&(b.attachment, &b.call, &b.code)));
    let row = |row: signalbox_db::tally::RefusedCount| RefusalRow {
        attachment: shown.attachment(row.attachment),
        call: row.call,
        code: row.code,
        count: row.count,
    };
    Ok(found.into_iter().map(row).collect())
}

async fn notified(db: &Db, shown: &Shown<'_>) -> Result<Vec<NotifiedRow>, DbError> {
    let mut found = db.count_notified().await?;
    found.sort_by_key(|row| (row.attachment, -row.count, row.employee));
    let row = |row: signalbox_db::tally::NotifiedCount| {
        let person = shown.directory.employees.get(&row.employee);
        NotifiedRow {
            attachment: row.attachment.map(|id| shown.attachment(id)),
            employee: person.map_or_else(|| row.employee.to_string(), |person| person.name.clone()),
            count: row.count,
        }
    };
    Ok(found.into_iter().map(row).collect())
}

/// Waits that are the point of the attachment: its own delay, or a wake-up that its robot has set. A run that waited
/// for working time, or for another attempt, does not escalate anything.
async fn escalations(db: &Db, shown: &Shown<'_>) -> Result<Vec<EscalationRow>, DbError> {
    let mut found = db.count_late_acts().await?;
    found.retain(|row| {
        let attachment = shown.directory.attachments.get(&row.attachment);
        let has_delay = |timing: &Timing| matches!(timing, Timing::Delay { .. } | Timing::Relative { .. });
        !row.timer_key.is_empty() || attachment.is_some_and(|attachment| has_delay(&attachment.timing))
    });
    found.sort_by(|a, b| (a.attachment, &a.timer_key).cmp(&(b.attachment, &b.timer_key)));
    let mut rows = Vec::with_capacity(found.len());
    for late in found {
        let first = db
            .first_late_acts(late.attachment, &late.timer_key, FIRST_MAX)
            .await?;
        let first = first.into_iter().map(|act| DealLine {
            deal: act.item.unwrap_or_default(),
            at: act.at,
            since: Some(act.since),
            text: None,
        });
        rows.push(EscalationRow {
            attachment: shown.attachment(late.attachment),
            step: Some(late.timer_key).filter(|key| !key.is_empty()),
            run_count: late.count,
            deal_count: late.item_count,
            first: first.collect(),
        });
    }
    Ok(rows)
}
