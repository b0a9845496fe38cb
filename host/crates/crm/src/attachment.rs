//! Attachments: a robot, a moment, and how to run it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::event::FactKind;
use crate::ids::{AttachmentId, ChannelId, PipelineId, StageId};
use crate::time::Timestamp;

/// When a robot starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    tag = "kind",
    deny_unknown_fields
)]
pub enum Moment {
    /// An item enters the stage.
    Stage {
        /// The stage.
        stage: StageId,
    },
    /// Something happens.
    Event {
        /// What.
        event: FactKind,
        /// Only for items of this pipeline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pipeline: Option<PipelineId>,
        /// Only for items that stand in this stage.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<StageId>,
        /// Only for messages and conversations of this channel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<ChannelId>,
        /// Only when one of these fields changed (`item-changed`).
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<String>,
    },
    /// A cron expression ticks: once for each item of the query, or once without an item.
    Schedule {
        /// Five or six fields; weekdays by name.
        cron: String,
        /// IANA name of the zone.
        zone: String,
        /// Which items.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<ItemQuery>,
    },
    /// Only by hand.
    Manual,
}

/// Which items a schedule visits: open ones only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ItemQuery {
    /// The pipeline.
    pub pipeline: PipelineId,
    /// Only this stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageId>,
    /// At most this many items a tick. Range: 1 to 1,000.
    #[serde(default = "items_max")]
    pub max: u32,
    /// The runs of a tick begin within so many seconds, each item at the same distance from each tick. Range: 1 to
    /// 86,400; 0: all at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spread_s: u32,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn items_max() -> u32 {
    1000
}

/// How long after its moment a robot runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    tag = "kind",
    deny_unknown_fields
)]
pub enum Timing {
    /// At once.
    #[default]
    Now,
    /// After a delay.
    Delay {
        /// At least 1.
        seconds: u32,
        /// Counts working time only.
        #[serde(default)]
        working: bool,
    },
    /// Relative to a date field of the item. The run moves when the field changes, and waits while it is empty.
    Relative {
        /// The field's key.
        field: String,
        /// Negative: before.
        offset_s: i64,
    },
    /// At an instant.
    At {
        /// The instant.
        at: Timestamp,
    },
}

/// When a due robot may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Window {
    /// Any time.
    #[default]
    Any,
    /// The working time of the pipeline; outside, the run is deferred.
    Working,
}

/// How robots of one stage follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Does not wait for others; immediate ones still run in list order.
    #[default]
    Parallel,
    /// Starts when the previous one in the list is final.
    AfterPrevious,
}

/// What cancels a run that has not run yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CancelOn {
    /// The item leaves the stage.
    #[default]
    LeaveStage,
    /// The item leaves the pipeline.
    LeavePipeline,
    /// The item is won or lost.
    Closed,
    /// Nothing.
    Never,
}

impl CancelOn {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            CancelOn::LeaveStage => "leave-stage",
            CancelOn::LeavePipeline => "leave-pipeline",
            CancelOn::Closed => "closed",
            CancelOn::Never => "never",
        }
    }
}

/// What a second entry into the stage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// Starts anew.
    #[default]
    EveryEntry,
    /// Nothing, after the first run for this item.
    OncePerItem,
}

/// What to do about an instant that has passed: when the run is made, or while the host was down.
///
/// To run is the default. What an admin attached is wanted, and a reminder that comes late does less harm than one that
/// never comes and that nobody misses; the run shows when it was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// Run at once; a schedule once, however many ticks were missed.
    #[default]
    RunNow,
    /// Do not run.
    Skip,
    /// Run, if it is not later than `missed_within_s`.
    IfWithin,
}

/// What a failure for good does to the robots after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// They are cancelled.
    #[default]
    StopChain,
    /// They run.
    Continue,
}

/// What a robot may touch besides the item that started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Nothing.
    #[default]
    Item,
    /// Items of the same pipeline.
    Pipeline,
    /// Everything.
    All,
}

/// A robot attached to a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The id.
    pub id: AttachmentId,
    /// As admins see it.
    pub title: String,
    /// The robot's id, such as `notify`.
    pub robot: String,
    /// The digest of the robot's version that runs.
    pub digest: String,
    /// When it starts.
    pub moment: Moment,
    /// How long after that.
    #[serde(default)]
    pub timing: Timing,
    /// When it may run.
    #[serde(default)]
    pub window: Window,
    /// Whether it runs, decided when it is due.
    #[serde(default)]
    pub condition: Condition,
    /// How it follows the one before it.
    #[serde(default)]
    pub mode: Mode,
    /// What cancels it.
    #[serde(default)]
    pub cancel_on: CancelOn,
    /// What a second entry does.
    #[serde(default)]
    pub repeat: Repeat,
    /// What happens to a passed instant.
    #[serde(default)]
    pub missed: Missed,
    /// With `if-within`: how late it may run, in seconds. Range: 1 to 366 days.
    #[serde(default)]
    pub missed_within_s: u32,
    /// What a failure does to the chain.
    #[serde(default)]
    pub on_error: OnError,
    /// Attempts before the run is discarded. Range: 1 to 25.
    #[serde(default = "attempts_max")]
    pub attempts_max: u32,
    /// The longest wait after the first attempt, in seconds; it doubles with each attempt. Range: 1 to 86,400.
    #[serde(default = "backoff_base_s")]
    pub backoff_base_s: u32,
    /// The longest wait at all, in seconds. Range: `backoff_base_s` to 86,400.
    #[serde(default = "backoff_max_s")]
    pub backoff_max_s: u32,
    /// Its runs that are executed at the same time. Range: 1 to 1,000; 0: no limit of its own.
    #[serde(default)]
    pub concurrency_max: u32,
    /// Its runs that start in a minute, evenly spread. Range: 1 to 60,000; 0: no limit.
    #[serde(default)]
    pub rate_per_minute: u32,
    /// Lets the robot move an item although required fields are empty; the history says so.
    #[serde(default)]
    pub overrides_required_fields: bool,
    /// What it may touch.
    #[serde(default)]
    pub scope: Scope,
    /// The interfaces that the admin granted.
    pub grants: Vec<String>,
    /// The hosts of the web that its requests may reach: see [`crate::web_host::WebHost`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http_hosts: Vec<String>,
    /// The only fields that the robot may read and write through `fields`; all without one. At most 200.
    #[serde(default)]
    pub grant_fields: Vec<String>,
    /// The only people whom it may notify, put in charge or give activities: `employee:3`, `role:assignee`,
    /// `role:head`; anybody without one. At most 200.
    #[serde(default)]
    pub grant_audience: Vec<String>,
    /// The admin's parameters, checked against the manifest.
    #[serde(default)]
    pub params: BTreeMap<String, serde_json::Value>,
    /// Its place in the list of its stage.
    #[serde(default)]
    pub sort: i32,
    /// Off: starts nothing, and due runs are cancelled.
    pub is_enabled: bool,
    /// Grows by one with each change.
    #[serde(default)]
    pub version: i64,
}

/// Four attempts: the first and three retries, as crm-automation products that retry at all do.
pub fn attempts_max() -> u32 {
    4
}

/// A second: see [`crate::backoff::Backoff::DEFAULT`].
pub fn backoff_base_s() -> u32 {
    1
}

/// An hour: see [`crate::backoff::Backoff::DEFAULT`].
pub fn backoff_max_s() -> u32 {
    3_600
}
