//! Pipelines, stages and the fields of items.

use serde::{Deserialize, Serialize};

use crate::ids::{CalendarId, ItemKind, PipelineId, StageId};
use crate::value::LocalText;

/// What it means to stand in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StageKind {
    /// In work.
    Open,
    /// Ended well.
    Won,
    /// Ended badly.
    Lost,
}

/// A stage of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// The id.
    pub id: StageId,
    /// Its pipeline.
    pub pipeline: PipelineId,
    /// Unique within the pipeline, for files and messages.
    pub key: String,
    /// As people see it.
    pub title: LocalText,
    /// In work, won or lost.
    pub kind: StageKind,
    /// Its place from the left; an item moves forward to a larger one.
    pub sort: i32,
    /// Keys of fields that must be filled before an item may enter.
    pub required_fields: Vec<String>,
    /// Whether entering needs a reason (stages of kind `lost`).
    pub requires_reason: bool,
    /// Grows by one with each change.
    pub version: i64,
}

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// The id.
    pub id: PipelineId,
    /// Unique, for files and messages.
    pub key: String,
    /// As people see it.
    pub title: LocalText,
    /// What it holds.
    pub item_kind: ItemKind,
    /// An activity may be due at most this many working days after the last contact; no limit without it.
    pub activity_working_days_max: Option<u32>,
    /// Working time of the pipeline; the company's without one.
    pub calendar: Option<CalendarId>,
    /// Grows by one with each change.
    pub version: i64,
}

/// The type of a custom field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldType {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// An instant.
    Instant,
    /// An amount.
    Money,
    /// One of the options.
    Select,
    /// The reference of a file.
    File,
    /// Several texts.
    Many,
}

/// A custom field of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDef {
    /// Unique among the fields of leads and deals.
    pub key: String,
    /// As people see it.
    pub title: LocalText,
    /// What it holds.
    pub field_type: FieldType,
    /// The choices of a `select`, by key.
    pub options: Vec<String>,
    /// Grows by one with each change.
    pub version: i64,
}

/// Fields that every item has; a custom field may not take their keys.
pub const CORE_FIELDS: [&str; 11] = [
    "title",
    "amount",
    "assignee",
    "contact",
    "source",
    "stage",
    "pipeline",
    "last-contact-at",
    "lost-reason",
    "stage-entered-at",
    "created-at",
];
