//! Automations as the API and the console show them.

use serde::Serialize;
use signalbox_crm::attachment::Attachment;
use signalbox_crm::automation::{
    AutomationDraft, AutomationId, AutomationVersion, Column, Conflict, Counts, Difference, DifferenceKind,
    EntryProblem, Origin, entry_problems, in_force, problems, shown_order,
};
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::{AttachmentId, EmployeeId};
use signalbox_crm::sentence::Sentence;
use signalbox_crm::time::Timestamp;
use utoipa::ToSchema;

/// What the robot of an attachment says.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RobotFacts {
    /// `notify@1.0.0`; none when the version is not installed any more.
    pub robot_label: Option<String>,
    /// A newer version of the robot is installed.
    pub is_outdated: bool,
    /// What the version asks for and was not granted.
    pub not_granted: Vec<String>,
}

impl RobotFacts {
    /// What the robot of the attachment says.
    pub fn of(directory: &Directory, attachment: &Attachment) -> Self {
        let version = directory.robots.get(&attachment.digest);
        let asked = version.iter().flat_map(|version| &version.manifest.permission);
        let not_granted = asked.map(|permission| permission.interface.clone());
        RobotFacts {
            robot_label: version.map(|version| version.manifest.label()),
            is_outdated: version.is_some_and(|version| !version.is_current),
            not_granted: not_granted
                .filter(|interface| !attachment.grants.contains(interface))
                .collect(),
        }
    }
}

/// How an entry of a draft stands to what is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EntryState {
    /// As it is in force.
    Same,
    /// New.
    Added,
    /// With other values.
    Changed,
    /// In another place.
    Moved,
}

/// An attachment with its place, and with what is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EntryView {
    /// The attachment with all its fields.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub attachment: Attachment,
    /// What its robot says.
    #[serde(flatten)]
    pub robot_facts: RobotFacts,
    /// The list in which it stands: a stage's id, `events`, `schedules` or `manual`.
    pub column: String,
    /// Its place there, from 1.
    pub place: usize,
    /// How it stands to what is in force.
    pub state: EntryState,
    /// What is wrong or missing: entry, title, field and message. Empty: it is configured.
    #[schema(value_type = Vec<Object>)]
    pub problems: Vec<EntryProblem>,
}

fn entries(
    directory: &Directory,
    automation: AutomationId,
    list: &[Attachment],
    difference: &Difference,
) -> Vec<EntryView> {
    let mut last: Option<(Column, usize)> = None;
    let order = shown_order(directory, list);
    let view = |at: usize| {
        let attachment = &list[at];
        let column = Column::of(&attachment.moment);
        let place = match last {
            Some((same, place)) if same == column => place + 1,
            _ => 1,
        };
        last = Some((column, place));
        EntryView {
            robot_facts: RobotFacts::of(directory, attachment),
            column: column.to_string(),
            place,
            state: match difference.of(attachment.id).map(|entry| entry.kind) {
                None | Some(DifferenceKind::Removed) => EntryState::Same,
                Some(DifferenceKind::Added) => EntryState::Added,
                Some(DifferenceKind::Changed) => EntryState::Changed,
                Some(DifferenceKind::Moved) => EntryState::Moved,
            },
            problems: entry_problems(attachment, automation, directory),
            attachment: attachment.clone(),
        }
    };
    order.into_iter().map(view).collect()
}

/// An automation in a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AutomationSummary {
    /// `pipeline:1`, or `general` for what belongs to no pipeline.
    #[schema(value_type = String)]
    pub automation: AutomationId,
    /// The pipeline's key, or `general`.
    pub name: String,
    /// The version in force; 0: there was none yet.
    pub number: i64,
    /// How many attachments it has.
    pub entry_count: usize,
    /// The draft, if somebody has begun one.
    pub draft: Option<DraftSummary>,
}

/// That there is a draft.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DraftSummary {
    /// Its version.
    pub version: i64,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// Who changed it last: `employee:3` or `system`.
    pub changed_by: String,
    /// Others have changed what is in force since it began.
    pub is_stale: bool,
}

impl AutomationSummary {
    pub(super) fn new(directory: &Directory, automation: AutomationId) -> Self {
        AutomationSummary {
            automation,
            name: automation.name(directory),
            number: signalbox_crm::automation::number_of(directory, automation),
            entry_count: in_force(directory, automation).len(),
            draft: draft_summary(directory, automation),
        }
    }
}

fn draft_summary(directory: &Directory, automation: AutomationId) -> Option<DraftSummary> {
    let draft = directory.drafts.get(&automation)?;
    Some(DraftSummary {
        version: draft.version,
        changed_at: draft.changed_at,
        changed_by: draft.changed_by.clone(),
        is_stale: draft.is_stale(directory),
    })
}

/// What is in force.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AutomationView {
    /// `pipeline:1`, or `general` for what belongs to no pipeline.
    #[schema(value_type = String)]
    pub automation: AutomationId,
    /// The pipeline's key, or `general`.
    pub name: String,
    /// The number of the version; 0: nothing was ever attached.
    pub number: i64,
    /// Since when.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// Who made it: `employee:3` or `system`.
    pub by: Option<String>,
    /// The attachments: stages from the left, then events, schedules, and robots that are started by hand.
    pub entries: Vec<EntryView>,
    /// The draft, if somebody has begun one.
    pub draft: Option<DraftSummary>,
}

impl AutomationView {
    pub(super) fn new(directory: &Directory, automation: AutomationId) -> Self {
        let head = directory.automation_heads.get(&automation);
        let list = in_force(directory, automation);
        AutomationView {
            automation,
            name: automation.name(directory),
            number: head.map_or(0, |head| head.number),
            at: head.map(|head| head.at),
            by: head.map(|head| head.by.clone()),
            entries: entries(directory, automation, &list, &Difference::default()),
            draft: draft_summary(directory, automation),
        }
    }
}

/// What shall be in force.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DraftView {
    /// `pipeline:1`, or `general` for what belongs to no pipeline.
    #[schema(value_type = String)]
    pub automation: AutomationId,
    /// The pipeline's key, or `general`.
    pub name: String,
    /// Grows with each change; 0: nobody has begun a draft, and this is what is in force.
    pub version: i64,
    /// The version in force from which it began.
    pub base_number: i64,
    /// Others have changed what is in force since it began: it must be rebased before it can be published.
    pub is_stale: bool,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub begun_at: Timestamp,
    /// Who began it.
    pub begun_by: String,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
    /// Who changed it last: `employee:3` or `system`.
    pub changed_by: String,
    /// The entries: stages from the left, then events, schedules, and robots that are started by hand.
    pub entries: Vec<EntryView>,
    /// What publishing would change: entries that are added, changed, moved and removed.
    #[schema(value_type = Object)]
    pub difference: Difference,
    /// What keeps it from being published. Entries that are in force as they are keep nothing up.
    #[schema(value_type = Vec<Object>)]
    pub problems: Vec<EntryProblem>,
}

impl DraftView {
    pub(super) fn new(directory: &Directory, draft: AutomationDraft) -> Self {
        let automation = draft.automation;
        let present = in_force(directory, automation);
        let difference = Difference::between(&present, &draft.entries, directory);
        DraftView {
            automation,
            name: automation.name(directory),
            version: draft.version,
            base_number: draft.base_number,
            is_stale: draft.is_stale(directory),
            begun_at: draft.begun_at,
            entries: entries(directory, automation, &draft.entries, &difference),
            difference,
            problems: problems(&draft, directory),
            begun_by: draft.begun_by,
            changed_at: draft.changed_at,
            changed_by: draft.changed_by,
        }
    }
}

/// A draft after a change.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EditedView {
    /// The draft.
    pub draft: DraftView,
    /// New entries.
    #[schema(value_type = Vec<String>)]
    pub made: Vec<AttachmentId>,
    /// What the person should know, such as what was not copied, and why.
    #[schema(value_type = Vec<String>)]
    pub notes: Vec<Sentence>,
    /// After a rebase: what others have changed too, where the draft keeps its own.
    #[schema(value_type = Vec<Object>)]
    pub conflicts: Vec<Conflict>,
}

/// A version without its attachments.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VersionView {
    /// `pipeline:1` or `general`.
    #[schema(value_type = String)]
    pub automation: AutomationId,
    /// Counts from 1.
    pub number: i64,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who made it: `employee:3` or `system`.
    pub by: String,
    /// The person's name.
    pub by_name: Option<String>,
    /// `published`: a draft came into force. `direct`: attachments were changed one by one, by an update of their
    /// robot, or by a set-up file.
    #[schema(value_type = String)]
    pub origin: Origin,
    /// What the publisher says about it.
    pub comment: String,
    /// How many entries it added, changed and removed.
    #[schema(value_type = Object)]
    pub counts: Counts,
    /// It is in force.
    pub is_in_force: bool,
}

impl VersionView {
    pub(super) fn new(directory: &Directory, version: AutomationVersion) -> Self {
        let person = version.by.parse::<EmployeeId>().ok();
        let person = person.and_then(|id| directory.employees.get(&id));
        let head = directory.automation_heads.get(&version.automation);
        VersionView {
            automation: version.automation,
            number: version.number,
            at: version.at,
            by_name: person.map(|person| person.name.clone()),
            by: version.by,
            origin: version.origin,
            comment: version.comment,
            counts: version.counts,
            is_in_force: head.is_none_or(|head| head.number <= version.number),
        }
    }
}

/// A version with its attachments.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VersionWhole {
    /// What is said about it.
    #[serde(flatten)]
    pub version: VersionView,
    /// Its attachments.
    pub entries: Vec<EntryView>,
}

impl VersionWhole {
    pub(super) fn new(directory: &Directory, version: AutomationVersion) -> Self {
        let list = &version.attachments;
        VersionWhole {
            entries: entries(directory, version.automation, list, &Difference::default()),
            version: VersionView::new(directory, version),
        }
    }
}

/// A draft that came into force.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PublishedView {
    /// The version that is in force now.
    pub version: VersionView,
    /// What it changed.
    #[schema(value_type = Object)]
    pub difference: Difference,
}

/// What differs between two versions.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VersionsDifference {
    /// The older one, usually; 0 is empty.
    pub from: i64,
    /// The newer one, usually.
    pub to: i64,
    /// What differs.
    #[schema(value_type = Object)]
    pub difference: Difference,
}
