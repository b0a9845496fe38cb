//! Runs and attempts as the API shows them.

use serde::Serialize;
use serde_json::value::RawValue;
use signalbox_crm::event::Event;
use signalbox_crm::ids::{AttachmentId, EventId, ItemId, RunId};
use signalbox_crm::run::{Attempt, Reason, RunState, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_db::RunWithEvent;
use utoipa::ToSchema;

use crate::engine::core::Core;
use crate::engine::denials::denied_calls;

/// One robot execution for one event and attachment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunView {
    #[schema(value_type = String, example = "run:5")]
    id: RunId,
    /// `scheduled`, `available`, `running`, `retryable`, `completed`, `discarded` or `cancelled`.
    #[schema(value_type = String)]
    state: RunState,
    /// Why it is in its state, where that is not obvious.
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    detail: Option<String>,
    #[schema(value_type = String)]
    attachment: AttachmentId,
    /// The attachment's title; none when it was removed.
    title: Option<String>,
    /// `notify@1.0.0`, as the attachment is set up now.
    robot: Option<String>,
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    #[schema(value_type = String)]
    event: EventId,
    /// The kind of the event.
    cause: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// The run that must be final first.
    #[schema(value_type = Option<String>)]
    after: Option<RunId>,
    attempt_count: u32,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl RunView {
    /// The run with the names of its attachment and robot. An available run that is being executed is `running`.
    pub(super) fn new(core: &Core, found: &RunWithEvent) -> Self {
        let RunWithEvent { run, event } = found;
        let directory = core.records.directory();
        let attachment = directory.attachments.get(&run.attachment);
        let version = attachment.and_then(|attachment| directory.robots.get(&attachment.digest));
        let is_running = run.state == RunState::Available && core.lanes.is_running(run.id);
        RunView {
            id: run.id,
            state: if is_running { RunState::Running } else { run.state },
            reason: run.reason,
            detail: run.detail.clone(),
            attachment: run.attachment,
            title: attachment.map(|attachment| attachment.title.clone()),
            robot: version.map(|version| version.manifest.label()),
            item: run.item,
            event: event.id,
            cause: event.fact.kind().as_str(),
            due_at: run.due_at,
            after: run.after,
            attempt_count: run.attempt_count,
            created_at: run.created_at,
            finished_at: run.finished_at,
        }
    }
}

/// A run in a list, with what its attempts have used together; nothing before the first one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunRow {
    /// The run.
    #[serde(flatten)]
    pub(super) run: RunView,
    pub(super) duration_us: Option<u64>,
    pub(super) fuel: Option<u64>,
}

/// What started a run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventView {
    #[schema(value_type = String)]
    id: EventId,
    /// What happened: `kind` and what belongs to it.
    #[schema(value_type = Object)]
    fact: signalbox_crm::event::Fact,
    #[schema(value_type = Option<String>)]
    item: Option<ItemId>,
    /// The first event of the chain.
    #[schema(value_type = String)]
    root: EventId,
    /// How many runs lie between the first event and this one.
    depth: u32,
    #[schema(value_type = Option<String>)]
    caused_by: Option<RunId>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let Event {
            id,
            fact,
            item,
            root,
            depth,
            caused_by,
            at,
        } = event;
        EventView {
            id,
            fact,
            item,
            root,
            depth,
            caused_by,
            at,
        }
    }
}

/// The record of one attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AttemptView {
    /// Counts from 1.
    number: u32,
    /// `notify@1.0.0`.
    robot: String,
    /// The digest of the component that ran.
    digest: String,
    /// `{"verdict": "done" | "skipped" | "failed", ...}`.
    #[schema(value_type = Object)]
    verdict: Verdict,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ended_at: Timestamp,
    duration_us: u64,
    fuel: u64,
    memory_bytes: u64,
    /// What the robot was denied: the function, and the grant or the scope that is missing. It may have gone on.
    denied: Vec<String>,
    /// Every host call with its arguments and answer.
    #[schema(value_type = Vec<Object>)]
    calls: Box<RawValue>,
    /// What the run changed; empty unless it committed.
    #[schema(value_type = Vec<Object>)]
    effects: Box<RawValue>,
    #[schema(value_type = Vec<Object>)]
    logs: Box<RawValue>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        AttemptView {
            number: attempt.number,
            robot: attempt.robot,
            digest: attempt.digest,
            verdict: attempt.verdict,
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            duration_us: attempt.duration_us,
            fuel: attempt.fuel,
            memory_bytes: attempt.memory_bytes,
            denied: denied_calls(&attempt.calls),
            calls: raw(attempt.calls),
            effects: raw(attempt.effects),
            logs: raw(attempt.logs),
        }
    }
}

/// Stored JSON goes out as it is. What cannot be read is shown as a text.
fn raw(json: String) -> Box<RawValue> {
    let quoted = |text: &str| serde_json::value::to_raw_value(text).unwrap_or_default();
    RawValue::from_string(json.clone()).unwrap_or_else(|_| quoted(&json))
}
