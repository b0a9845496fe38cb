//! What each run did: its cause, host calls, effects, log and outcome, as the journal has them.

use serde_json::{Value, json};
use signalbox_crm::ids::RunId;
use signalbox_crm::run::Attempt;
use signalbox_db::{RunFilter, RunWithEvent};

use crate::engine::core::Core;

/// Runs of one scenario that are looked at.
const RUNS_MAX: u32 = 10_000;
/// Attempts of one run that are looked at: no attachment allows more.
const ATTEMPTS_MAX: u32 = 500;

/// A run that had at least one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The run.
    pub run: RunId,
    /// The robot's id.
    pub robot: String,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    found: RunWithEvent,
    attachment: String,
}

impl Trace {
    /// In the fields of the API's answer to `GET /runs/{id}`, as far as they make sense without a host.
    ///
    /// # Errors
    /// A journal that is no JSON.
    pub fn to_json(&self) -> anyhow::Result<Value> {
        let (run, event) = (&self.found.run, &self.found.event);
        let attempts = self
            .attempts
            .iter()
            .map(attempt)
            .collect::<anyhow::Result<Vec<Value>>>()?;
        Ok(json!({
            "run": {
                "id": run.id,
                "state": run.state,
                "title": self.attachment,
                "item": run.item,
                "reason": run.reason,
                "detail": run.detail,
                "due_at": run.due_at,
                "finished_at": run.finished_at,
            },
            "event": {
                "id": event.id,
                "fact": event.fact,
                "item": event.item,
                "depth": event.depth,
                "caused_by": event.caused_by,
                "at": event.at,
            },
            "attempts": attempts,
        }))
    }
}

fn attempt(attempt: &Attempt) -> anyhow::Result<Value> {
    let list = |text: &str| serde_json::from_str::<Value>(text);
    Ok(json!({
        "number": attempt.number,
        "robot": attempt.robot,
        "digest": attempt.digest,
        "verdict": attempt.verdict,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "duration_us": attempt.duration_us,
        "fuel": attempt.fuel,
        "memory_bytes": attempt.memory_bytes,
        "calls": list(&attempt.calls)?,
        "effects": list(&attempt.effects)?,
        "logs": list(&attempt.logs)?,
    }))
}

/// All runs that had an attempt, in the order in which they were made.
pub(super) async fn of(core: &Core) -> anyhow::Result<Vec<Trace>> {
    let mut traces = Vec::new();
    let mut runs = core.db.runs(&RunFilter::default(), None, RUNS_MAX).await?;
    runs.sort_by_key(|found| found.run.id);
    for found in runs {
        traces.extend(traced(core, found).await?);
    }
    Ok(traces)
}

/// One run; none when it has had no attempt.
///
/// # Errors
/// The database.
pub async fn trace(core: &Core, run: RunId) -> anyhow::Result<Option<Trace>> {
    match core.db.run(run).await? {
        Some(found) => traced(core, found).await,
        None => Ok(None),
    }
}

async fn traced(core: &Core, found: RunWithEvent) -> anyhow::Result<Option<Trace>> {
    let attempts = core.db.attempts(found.run.id, ATTEMPTS_MAX).await?;
    let Some(first) = attempts.first() else {
        return Ok(None);
    };
    let directory = core.records.directory();
    let attachment = directory.attachments.get(&found.run.attachment);
    Ok(Some(Trace {
        run: found.run.id,
        robot: first.robot.split('@').next().unwrap_or_default().to_owned(),
        attachment: attachment.map_or_else(String::new, |attachment| attachment.title.clone()),
        attempts,
        found,
    }))
}
