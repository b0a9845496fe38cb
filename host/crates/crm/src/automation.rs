//! Automation: the attachments of one pipeline as a whole. They are drafted, compared, published, and every content
//! that was once in force is a version.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attachment::{Attachment, Moment};
use crate::directory::Directory;
use crate::ids::{AttachmentId, BadId, PipelineId, StageId};
use crate::people::Actor;
use crate::rejection::{Code, Rejection};
use crate::said;
use crate::time::Timestamp;
pub use copying::counterparts;
pub use difference::{Difference, DifferenceKind, EntryDifference, FieldDifference, Moved};
pub use editing::{DraftEdit, Edited, EntryPatch, edit};
pub use publishing::{EntryProblem, Published, Refused, entry_problems, problems, publish};
pub use rebasing::{Conflict, rebase};
pub use recording::recorded;

mod copying;
mod difference;
mod editing;
mod publishing;
mod rebasing;
mod recording;

#[cfg(test)]
mod tests;

/// The most entries of a draft: a list that a person can still read. A pipeline with more is changed one by one.
pub const ENTRIES_MAX: usize = 2_000;
/// The largest draft, in bytes of JSON: it is kept in memory, and stored as a whole with each change.
pub const DRAFT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest comment of a publication, in characters: a line of the history.
pub const COMMENT_CHARS_MAX: usize = 500;
/// Versions of an automation that are kept; older ones go.
pub const VERSIONS_KEPT_MAX: i64 = 1_000;

/// Whose attachments: those of a pipeline, or those that belong to none, such as robots that start by hand only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AutomationId {
    /// Those that belong to no pipeline.
    General,
    /// Those of a pipeline.
    Pipeline(PipelineId),
}

impl AutomationId {
    /// What an attachment with this moment belongs to.
    pub fn of(moment: &Moment, directory: &Directory) -> AutomationId {
        let of_stage = |stage: &StageId| directory.stages.get(stage).map(|stage| stage.pipeline);
        let pipeline = match moment {
            Moment::Stage { stage } => of_stage(stage),
            Moment::Event { pipeline, stage, .. } => pipeline.or_else(|| stage.as_ref().and_then(of_stage)),
            Moment::Schedule { items, .. } => items.as_ref().map(|query| query.pipeline),
            Moment::Manual => None,
        };
        pipeline.map_or(AutomationId::General, AutomationId::Pipeline)
    }

    /// The number in the database: 0 for those of no pipeline.
    pub fn number(self) -> i64 {
        match self {
            AutomationId::General => 0,
            AutomationId::Pipeline(id) => id.0,
        }
    }

    /// Reads [`AutomationId::number`].
    pub fn from_number(number: i64) -> AutomationId {
        match number {
            0 => AutomationId::General,
            id => AutomationId::Pipeline(PipelineId(id)),
        }
    }

    /// Refuses a pipeline that does not exist.
    ///
    /// # Errors
    /// `not-found`.
    pub fn check(self, directory: &Directory) -> Result<(), Rejection> {
        match self {
            AutomationId::General => Ok(()),
            AutomationId::Pipeline(id) => directory.pipeline(id).map(drop),
        }
    }

    /// As people know it: the pipeline's key, or `general`.
    pub fn name(self, directory: &Directory) -> String {
        let AutomationId::Pipeline(id) = self else {
            return self.to_string();
        };
        let found = directory.pipelines.get(&id);
        found.map_or_else(|| id.to_string(), |pipeline| pipeline.key.clone())
    }
}

impl fmt::Display for AutomationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AutomationId::General => f.write_str("general"),
            AutomationId::Pipeline(id) => id.fmt(f),
        }
    }
}

impl FromStr for AutomationId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        match text {
            "general" => Ok(AutomationId::General),
            _ => text.parse().map(AutomationId::Pipeline),
        }
    }
}

impl Serialize for AutomationId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AutomationId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The list in which an attachment has its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Robots of a stage.
    Stage(StageId),
    /// What waits for events.
    Events,
    /// What ticks.
    Schedules,
    /// What starts by hand only.
    Manual,
}

impl Column {
    /// Where an attachment with this moment stands.
    pub fn of(moment: &Moment) -> Column {
        match moment {
            Moment::Stage { stage } => Column::Stage(*stage),
            Moment::Event { .. } => Column::Events,
            Moment::Schedule { .. } => Column::Schedules,
            Moment::Manual => Column::Manual,
        }
    }

    /// In words: ``stage `new` ``, `events`.
    pub fn text(self, directory: &Directory) -> String {
        match self {
            Column::Stage(id) => {
                let key = directory.stages.get(&id).map(|stage| stage.key.clone());
                format!("stage `{}`", key.unwrap_or_else(|| id.to_string()))
            }
            Column::Events => "events".to_owned(),
            Column::Schedules => "schedules".to_owned(),
            Column::Manual => "robots started by hand".to_owned(),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Stage(id) => id.fmt(f),
            Column::Events => f.write_str("events"),
            Column::Schedules => f.write_str("schedules"),
            Column::Manual => f.write_str("manual"),
        }
    }
}

/// The newest version of an automation: what is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomationHead {
    /// Its number; versions count from 1.
    pub number: i64,
    /// Since when.
    pub at: Timestamp,
    /// Who made it, as the history names people.
    pub by: String,
}

/// How a version came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A draft was published.
    Published,
    /// Attachments were changed one by one, by an update of their robot, or by a set-up file.
    Direct,
}

impl Origin {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Published => "published",
            Origin::Direct => "direct",
        }
    }
}

/// How many entries a version changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// New ones.
    pub added: u32,
    /// Ones with other fields or in another place.
    pub changed: u32,
    /// Ones that went.
    pub removed: u32,
}

/// What was in force from an instant on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AutomationVersion {
    /// Whose attachments.
    pub automation: AutomationId,
    /// Counts from 1.
    pub number: i64,
    /// Since when.
    pub at: Timestamp,
    /// Who made it: `employee:3` or `system`.
    pub by: String,
    /// How.
    pub origin: Origin,
    /// What the publisher says about it.
    pub comment: String,
    /// What it changed.
    pub counts: Counts,
    /// All attachments, in list order.
    pub attachments: Vec<Attachment>,
}

/// A list of attachments as it shall become. Everybody who may configure edits the same one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AutomationDraft {
    /// Whose attachments.
    pub automation: AutomationId,
    /// Grows with each change, over all drafts of the automation that ever were; 0: nobody has begun it.
    pub version: i64,
    /// The number of the version from which it began; 0 when there was none.
    pub base_number: i64,
    /// What was in force then.
    pub base: Vec<Attachment>,
    /// What shall be in force, in list order. New ones have version 0, and their id already.
    pub entries: Vec<Attachment>,
    /// When it began.
    pub begun_at: Timestamp,
    /// Who began it.
    pub begun_by: String,
    /// When it was changed last.
    pub changed_at: Timestamp,
    /// Who changed it last.
    pub changed_by: String,
}

impl AutomationDraft {
    /// A draft of what is in force, which nobody has changed yet.
    pub fn begin(directory: &Directory, automation: AutomationId, now: Timestamp, actor: &Actor) -> Self {
        let base = in_force(directory, automation);
        AutomationDraft {
            automation,
            version: 0,
            base_number: number_of(directory, automation),
            entries: base.clone(),
            base,
            begun_at: now,
            begun_by: actor.to_string(),
            changed_at: now,
            changed_by: actor.to_string(),
        }
    }

    /// The draft that is stored, or a new one.
    pub fn of(directory: &Directory, automation: AutomationId, now: Timestamp, actor: &Actor) -> Self {
        match directory.drafts.get(&automation) {
            Some(draft) => AutomationDraft::clone(draft),
            None => AutomationDraft::begin(directory, automation, now, actor),
        }
    }

    /// Notes who changed it, and gives it the version that the directory will have.
    #[must_use]
    pub fn changed(mut self, directory: &Directory, now: Timestamp, actor: &Actor) -> Self {
        self.version = directory.version + 1;
        self.changed_at = now;
        self.changed_by = actor.to_string();
        self
    }

    /// Whether others have changed what is in force since it began.
    pub fn is_stale(&self, directory: &Directory) -> bool {
        self.base_number != number_of(directory, self.automation)
    }

    /// The entry.
    ///
    /// # Errors
    /// `not-found`.
    pub fn entry(&self, id: AttachmentId) -> Result<&Attachment, Rejection> {
        let found = self.entries.iter().find(|entry| entry.id == id);
        found.ok_or_else(|| {
            let message = said!(
                "`{id} in the draft of {automation}` does not exist",
                id,
                automation = self.automation
            );
            Rejection::new(Code::NotFound, message)
        })
    }

    /// Refuses a draft that is too large to be kept.
    ///
    /// # Errors
    /// `conflict`.
    pub fn check_size(&self) -> Result<(), Rejection> {
        let too_large = |message| Err(Rejection::new(Code::Conflict, message));
        let count = self.entries.len();
        if count > ENTRIES_MAX {
            return too_large(said!(
                "the draft has {count} entries, more than {max}",
                count,
                max = ENTRIES_MAX
            ));
        }
        let bytes = serde_json::to_vec(&self.entries).map_or(usize::MAX, |text| text.len());
        if bytes > DRAFT_BYTES_MAX {
            return too_large(said!(
                "the draft has {count} bytes, more than {max}",
                count = bytes,
                max = DRAFT_BYTES_MAX
            ));
        }
        Ok(())
    }
}

/// The number of the version in force; 0 before the first one.
pub fn number_of(directory: &Directory, automation: AutomationId) -> i64 {
    directory
        .automation_heads
        .get(&automation)
        .map_or(0, |head| head.number)
}

/// The attachments of an automation that are in force, in list order.
pub fn in_force(directory: &Directory, automation: AutomationId) -> Vec<Attachment> {
    let all = directory.attachments.values();
    let own = all.filter(|one| AutomationId::of(&one.moment, directory) == automation);
    let mut list: Vec<Attachment> = own.map(|one| Attachment::clone(one)).collect();
    list.sort_by_key(|one| (one.sort, one.id));
    list
}

/// The place of an attachment among columns and in its own, for lists that people read.
pub fn shown_order(directory: &Directory, entries: &[Attachment]) -> Vec<usize> {
    let column = |at: usize| match Column::of(&entries[at].moment) {
        Column::Stage(id) => {
            let stage: Option<&Arc<_>> = directory.stages.get(&id);
            (0, stage.map_or(i32::MAX, |stage| stage.sort), id.0)
        }
        Column::Events => (1, 0, 0),
        Column::Schedules => (2, 0, 0),
        Column::Manual => (3, 0, 0),
    };
    let mut places: Vec<usize> = (0..entries.len()).collect();
    places.sort_by_key(|at| (column(*at), *at));
    places
}
