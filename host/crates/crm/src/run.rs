//! Runs: one robot execution for one (event, attachment), and its states.

use serde::{Deserialize, Serialize};

use crate::attachment::CancelOn;
use crate::ids::{AttachmentId, EventId, ItemId, RunId};
use crate::time::Timestamp;

/// Where a run stands.
///
/// ```text
/// scheduled -> available -> completed | discarded | cancelled
///      ^           | \-> retryable -> available
///      \-----------/  (outside its window, or its robot pauses: deferred)
/// ```
/// `running` is what a host shows for an available run that it executes now; it is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Waits for its time, or for the run before it.
    Scheduled,
    /// May start now.
    Available,
    /// Executes now.
    Running,
    /// Failed, and waits for its next attempt.
    Retryable,
    /// Its effects are committed.
    Completed,
    /// Failed for good, or stopped by the loop guard.
    Discarded,
    /// Will never run; the reason says why.
    Cancelled,
}

impl RunState {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            RunState::Scheduled => "scheduled",
            RunState::Available => "available",
            RunState::Running => "running",
            RunState::Retryable => "retryable",
            RunState::Completed => "completed",
            RunState::Discarded => "discarded",
            RunState::Cancelled => "cancelled",
        }
    }

    /// Nothing will change any more, unless a person retries it.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            RunState::Completed | RunState::Discarded | RunState::Cancelled
        )
    }
}

/// Why a run is in its state, where that is not obvious. Shown to admins, stable for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Scheduled: waits for its delay or instant.
    Delay,
    /// Scheduled: waits for a date field that is empty.
    WaitingForField,
    /// Scheduled: outside its window of working time.
    OutsideWindow,
    /// Scheduled: more of its attachment's runs came than may start. Available: it had its time.
    RateLimited,
    /// Scheduled: runs after the previous one.
    AfterPrevious,
    /// Scheduled: the robot failed on many items, and pauses.
    RobotPaused,
    /// Cancelled: the item left the stage.
    LeftStage,
    /// Cancelled: the item left the pipeline.
    LeftPipeline,
    /// Cancelled: the item was closed.
    ItemClosed,
    /// Cancelled: the condition was false when it was due.
    ConditionFalse,
    /// Cancelled: the attachment is switched off.
    AttachmentOff,
    /// Cancelled: the attachment or its item does not exist any more.
    Gone,
    /// Cancelled: the run before it failed and the chain stops.
    ChainStopped,
    /// Cancelled: its instant had passed, and the attachment says skip.
    Missed,
    /// Cancelled: a newer wake-up with the same key replaced it, or the robot withdrew it.
    Replaced,
    /// Cancelled: by a person.
    ByHand,
    /// Cancelled: it already ran for this item, and the attachment says once.
    AlreadyRan,
    /// Cancelled: two triggers matched, and another sets the earlier stage.
    EarlierStageWins,
    /// Cancelled or discarded: a robot's component is missing or its permissions are not approved.
    Broken,
    /// Discarded: the loop guard stopped the chain.
    LoopStopped,
    /// Retryable: the robot failed and is tried again; the attempt has the failure.
    Failed,
    /// Discarded: the robot failed, and says that no later attempt may succeed.
    NotRetryable,
    /// Discarded: the robot failed as often as the attachment allows.
    AttemptsUsedUp,
    /// Discarded: the robot trapped several times in the same way on the same data.
    Deterministic,
    /// Discarded: the host died of it, several times while it executed nothing else.
    Quarantined,
    /// Discarded: the robot may not do what it needs to do.
    Denied,
}

impl Reason {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Delay => "delay",
            Reason::WaitingForField => "waiting-for-field",
            Reason::OutsideWindow => "outside-window",
            Reason::RateLimited => "rate-limited",
            Reason::AfterPrevious => "after-previous",
            Reason::RobotPaused => "robot-paused",
            Reason::LeftStage => "left-stage",
            Reason::LeftPipeline => "left-pipeline",
            Reason::ItemClosed => "item-closed",
            Reason::ConditionFalse => "condition-false",
            Reason::AttachmentOff => "attachment-off",
            Reason::Gone => "gone",
            Reason::ChainStopped => "chain-stopped",
            Reason::Missed => "missed",
            Reason::Replaced => "replaced",
            Reason::ByHand => "by-hand",
            Reason::AlreadyRan => "already-ran",
            Reason::EarlierStageWins => "earlier-stage-wins",
            Reason::Broken => "broken",
            Reason::LoopStopped => "loop-stopped",
            Reason::Failed => "failed",
            Reason::NotRetryable => "not-retryable",
            Reason::AttemptsUsedUp => "attempts-used-up",
            Reason::Deterministic => "deterministic",
            Reason::Quarantined => "quarantined",
            Reason::Denied => "denied",
        }
    }
}

/// One robot execution for one (event, attachment).
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The id.
    pub id: RunId,
    /// What started it.
    pub event: EventId,
    /// What it executes.
    pub attachment: AttachmentId,
    /// The item that it is about.
    pub item: Option<ItemId>,
    /// The item's `stage_entry` when the run was made; none for a run without an item.
    pub stage_entry: Option<i64>,
    /// What cancels it before it has run.
    pub cancel_on: CancelOn,
    /// Where it stands.
    pub state: RunState,
    /// Why, where that is not obvious.
    pub reason: Option<Reason>,
    /// More words about the reason: names and values.
    pub detail: Option<String>,
    /// When it may start; none while it waits for a field or another run.
    pub due_at: Option<Timestamp>,
    /// The run that must be final first.
    pub after: Option<RunId>,
    /// The key of a wake-up that a robot asked for.
    pub timer_key: Option<String>,
    /// How many attempts have ended.
    pub attempt_count: u32,
    /// What it remembers of its failures.
    pub failures: Failures,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it became final.
    pub finished_at: Option<Timestamp>,
}

/// What a run remembers of its failures from one attempt to the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failures {
    /// Attempts that had ended when a person last retried the run: they do not count against `attempts_max`.
    pub forgiven_count: u32,
    /// Digest of the last failure, the component, and everything that it had read.
    pub digest: Option<String>,
    /// How many of the last attempts, one after the other, ended with this digest.
    pub equal_count: u32,
}

impl Failures {
    /// With one more failure.
    pub fn after(&self, digest: String) -> Failures {
        let is_equal = self.digest.as_ref() == Some(&digest);
        Failures {
            forgiven_count: self.forgiven_count,
            digest: Some(digest),
            equal_count: if is_equal { self.equal_count + 1 } else { 1 },
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// The robot did its work.
    Done {
        /// What, in its words.
        summary: String,
    },
    /// The robot found nothing to do.
    Skipped {
        /// Why, in its words.
        summary: String,
    },
    /// The robot returned a failure, trapped, or ran out of a limit.
    Failed {
        /// The robot's code, or `trap`, `panic`, `limit.cpu`, `limit.memory`, `limit.time`, ...
        code: String,
        /// What happened.
        message: String,
        /// Whether a later attempt may succeed.
        retryable: bool,
    },
}

/// The record of one attempt: what the robot asked, what it was told, what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// The run.
    pub run: RunId,
    /// Counts from 1.
    pub number: u32,
    /// `notify@1.0.0`.
    pub robot: String,
    /// The digest of the component that ran.
    pub digest: String,
    /// How it ended.
    pub verdict: Verdict,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Wall-clock time, in microseconds.
    pub duration_us: u64,
    /// Fuel used.
    pub fuel: u64,
    /// Largest linear memory, in bytes.
    pub memory_bytes: u64,
    /// Every host call with its arguments and answer, as a JSON array.
    pub calls: String,
    /// What the draft changed, as a JSON array of effects; empty unless it committed.
    pub effects: String,
    /// Log lines, as a JSON array.
    pub logs: String,
}
