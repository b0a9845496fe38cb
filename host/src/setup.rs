//! A set-up file: people, pipelines, channels and attachments in one TOML file, with names instead of ids.
//!
//! The demo, the scenarios, the benchmark and rehearsals start from one. `host/docs/setup.md` describes the format.

mod attachments;
mod names;

use anyhow::{Context, anyhow};
use serde::Deserialize;
use signalbox_crm::calendar::CalendarSpec;
use signalbox_crm::conversation::{Channel, Guarantee, Provider};
use signalbox_crm::directory::{Calendar, Directory, DirectoryChange};
use signalbox_crm::ids::{CalendarId, ChannelId, EmployeeId, IdKind, ItemKind, PipelineId, StageId};
use signalbox_crm::people::{Actor, Employee, Role};
use signalbox_crm::pipeline::{FieldDef, FieldType, Pipeline, Stage, StageKind};
use signalbox_crm::setting_up;
use signalbox_crm::value::LocalText;

pub use self::attachments::AttachmentSetup;
pub use self::names::Names;
use crate::engine::core::SharedCore;
use crate::engine::draft::Draft;

/// The file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The company's working time; an office from Monday to Friday in `zone` without it.
    #[serde(default)]
    pub calendar: Option<CalendarSpec>,
    /// IANA name of the company's zone.
    pub zone: String,
    /// People.
    #[serde(default)]
    pub employee: Vec<EmployeeSetup>,
    /// Custom fields of items.
    #[serde(default)]
    pub field: Vec<FieldSetup>,
    /// Pipelines with their stages.
    #[serde(default)]
    pub pipeline: Vec<PipelineSetup>,
    /// Connected messengers.
    #[serde(default)]
    pub channel: Vec<ChannelSetup>,
    /// Robots and their moments.
    #[serde(default)]
    pub attachment: Vec<AttachmentSetup>,
}

/// An employee.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmployeeSetup {
    /// How this file names the person.
    pub key: String,
    /// As people see it.
    pub name: String,
    /// Unique, where known.
    #[serde(default)]
    pub email: Option<String>,
    /// What the person may do.
    #[serde(default = "operator")]
    pub role: Role,
    /// The key of the head; a person that the file names before or after.
    #[serde(default)]
    pub head: Option<String>,
}

fn operator() -> Role {
    Role::Operator
}

/// A custom field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSetup {
    /// Unique.
    pub key: String,
    /// As people see it.
    pub title: LocalText,
    /// What it holds.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// The choices of a `select`.
    #[serde(default)]
    pub options: Vec<String>,
}

/// A pipeline.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineSetup {
    /// Unique.
    pub key: String,
    /// As people see it.
    pub title: LocalText,
    /// What it holds.
    #[serde(default = "deal")]
    pub kind: ItemKind,
    /// The latest deadline, in working days after the last contact.
    #[serde(default)]
    pub activity_working_days_max: Option<u32>,
    /// From the left.
    pub stage: Vec<StageSetup>,
}

fn deal() -> ItemKind {
    ItemKind::Deal
}

/// A stage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageSetup {
    /// Unique in the pipeline.
    pub key: String,
    /// As people see it.
    pub title: LocalText,
    /// In work, won or lost.
    #[serde(default = "open")]
    pub kind: StageKind,
    /// Fields that must be filled before an item may enter.
    #[serde(default)]
    pub required_fields: Vec<String>,
    /// Whether entering needs a reason.
    #[serde(default)]
    pub requires_reason: bool,
}

fn open() -> StageKind {
    StageKind::Open
}

/// A channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelSetup {
    /// Unique.
    pub key: String,
    /// As people see it.
    pub title: String,
    /// The protocol.
    pub provider: Provider,
    /// Proves that a webhook comes from the provider.
    pub inbound_secret: String,
    /// Authorises what we send.
    #[serde(default)]
    pub outbound_secret: Option<String>,
    /// Where answers go.
    #[serde(default)]
    pub base_url: Option<String>,
    /// What the receiver can take in a second.
    #[serde(default)]
    pub per_second: Option<u16>,
    /// What becomes of a message when nobody can tell whether the receiver has it.
    #[serde(default)]
    pub guarantee: Guarantee,
    /// The key of the pipeline in which items are opened.
    #[serde(default)]
    pub opens_item_in: Option<String>,
    /// The key of the person in charge of them.
    #[serde(default)]
    pub default_assignee: Option<String>,
}

impl Setup {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The line and the key that are wrong.
    pub fn parse(text: &str) -> anyhow::Result<Setup> {
        toml::from_str(text).context("the set-up file is not valid")
    }

    /// Stores everything in one commit, and answers with the ids behind the names.
    ///
    /// # Errors
    /// A name that is unknown or taken, an attachment that does not fit its robot; nothing is stored then.
    pub async fn apply(&self, core: &SharedCore) -> anyhow::Result<Names> {
        self.apply_noting(core, Names::default(), |_| Vec::new()).await
    }

    /// Stores everything as `apply` does, and in the same commit the host's own values that `note` makes of the
    /// names. `names` are known already, and the file may use them.
    ///
    /// # Errors
    /// As `apply`.
    pub async fn apply_noting(
        &self,
        core: &SharedCore,
        mut names: Names,
        note: impl FnOnce(&Names) -> Vec<(String, String)>,
    ) -> anyhow::Result<Names> {
        let mut draft = Draft::new(core, Actor::System);
        let mut staged = StagedDirectory {
            directory: Directory::clone(&draft.directory),
            changes: Vec::new(),
        };
        self.calendar(&draft, &mut staged)?;
        self.people(&draft, &mut staged, &mut names)?;
        self.fields(&mut staged)?;
        for pipeline in &self.pipeline {
            pipeline.stage_all(&draft, &mut staged, &mut names)?;
        }
        for channel in &self.channel {
            channel.stage_one(&draft, &mut staged, &mut names)?;
        }
        for (place, attachment) in self.attachment.iter().enumerate() {
            attachment
                .stage_one(&draft, &mut staged, &mut names, place)
                .with_context(|| format!("attachment `{}`", attachment.title))?;
        }
        draft.changes.directory = staged.changes;
        let mut proposal = draft.into_proposal();
        proposal.meta = note(&names);
        core.submit(proposal)
            .await
            .context("the set-up cannot be stored")?;
        Ok(names)
    }

    fn calendar(&self, draft: &Draft, staged: &mut StagedDirectory) -> anyhow::Result<()> {
        if staged
            .directory
            .calendars
            .values()
            .any(|(calendar, _)| calendar.is_default)
        {
            return Ok(());
        }
        let spec = self
            .calendar
            .clone()
            .unwrap_or_else(|| CalendarSpec::office(&self.zone));
        let id = CalendarId(draft.new_id(IdKind::Calendar));
        let calendar = Calendar {
            id,
            key: "company".to_owned(),
            spec,
            is_default: true,
            version: 1,
        };
        setting_up::check_calendar(&staged.directory, &calendar)?;
        staged.add(DirectoryChange::Calendar(calendar))
    }

    fn people(&self, draft: &Draft, staged: &mut StagedDirectory, names: &mut Names) -> anyhow::Result<()> {
        for person in &self.employee {
            let id = EmployeeId(draft.new_id(IdKind::Employee));
            if names.employees.insert(person.key.clone(), id).is_some() {
                return Err(anyhow!("two employees have the key `{}`", person.key));
            }
        }
        // Heads first, so that each head exists when it is checked.
        let mut rest: Vec<&EmployeeSetup> = self.employee.iter().collect();
        while !rest.is_empty() {
            let known = |p: &&EmployeeSetup| match &p.head {
                None => true,
                Some(head) => names
                    .employee(head)
                    .is_ok_and(|id| staged.directory.employees.contains_key(&id)),
            };
            let (ready, later): (Vec<_>, Vec<_>) = rest.into_iter().partition(known);
            if ready.is_empty() {
                let stuck: Vec<&str> = later.iter().map(|p| p.key.as_str()).collect();
                return Err(anyhow!(
                    "the heads of {} are unknown or lead each other",
                    stuck.join(", ")
                ));
            }
            for person in ready {
                let employee = person.employee(names)?;
                setting_up::check_employee(&staged.directory, &employee)?;
                staged.add(DirectoryChange::Employee(employee))?;
            }
            rest = later;
        }
        Ok(())
    }

    fn fields(&self, staged: &mut StagedDirectory) -> anyhow::Result<()> {
        for field in &self.field {
            let def = FieldDef {
                key: field.key.clone(),
                title: field.title.clone(),
                field_type: field.field_type,
                options: field.options.clone(),
                version: 1,
            };
            setting_up::check_field(&staged.directory, &def)?;
            staged.add(DirectoryChange::Field(def))?;
        }
        Ok(())
    }
}

/// The directory as it will be, and the changes that make it so.
pub(crate) struct StagedDirectory {
    pub(crate) directory: Directory,
    changes: Vec<DirectoryChange>,
}

impl StagedDirectory {
    pub(crate) fn add(&mut self, change: DirectoryChange) -> anyhow::Result<()> {
        self.directory.apply(change.clone())?;
        self.changes.push(change);
        Ok(())
    }
}

impl EmployeeSetup {
    fn employee(&self, names: &Names) -> anyhow::Result<Employee> {
        Ok(Employee {
            id: names.employee(&self.key)?,
            name: self.name.clone(),
            email: self.email.clone(),
            role: self.role,
            head: self
                .head
                .as_deref()
                .map(|head| names.employee(head))
                .transpose()?,
            is_active: true,
            absences: Vec::new(),
            calendar: None,
            version: 1,
        })
    }
}

impl PipelineSetup {
    fn stage_all(
        &self,
        draft: &Draft,
        staged: &mut StagedDirectory,
        names: &mut Names,
    ) -> anyhow::Result<()> {
        let id = PipelineId(draft.new_id(IdKind::Pipeline));
        let pipeline = Pipeline {
            id,
            key: self.key.clone(),
            title: self.title.clone(),
            item_kind: self.kind,
            activity_working_days_max: self.activity_working_days_max,
            calendar: None,
            version: 1,
        };
        setting_up::check_pipeline(&staged.directory, &pipeline)?;
        staged.add(DirectoryChange::Pipeline(pipeline))?;
        names.pipelines.insert(self.key.clone(), id);
        for (sort, setup) in (0_i32..).zip(&self.stage) {
            let stage = Stage {
                id: StageId(draft.new_id(IdKind::Stage)),
                pipeline: id,
                key: setup.key.clone(),
                title: setup.title.clone(),
                kind: setup.kind,
                sort: sort * 10,
                required_fields: setup.required_fields.clone(),
                requires_reason: setup.requires_reason,
                version: 1,
            };
            setting_up::check_stage(&staged.directory, &stage)?;
            names
                .stages
                .insert(format!("{}/{}", self.key, setup.key), stage.id);
            staged.add(DirectoryChange::Stage(stage))?;
        }
        Ok(())
    }
}

impl ChannelSetup {
    fn stage_one(
        &self,
        draft: &Draft,
        staged: &mut StagedDirectory,
        names: &mut Names,
    ) -> anyhow::Result<()> {
        let channel = Channel {
            id: ChannelId(draft.new_id(IdKind::Channel)),
            key: self.key.clone(),
            title: self.title.clone(),
            provider: self.provider,
            inbound_secret: self.inbound_secret.clone(),
            outbound_secret: self.outbound_secret.clone(),
            base_url: self.base_url.clone(),
            per_second: self.per_second,
            guarantee: self.guarantee,
            opens_item_in: self
                .opens_item_in
                .as_deref()
                .map(|key| names.pipeline(key))
                .transpose()?,
            default_assignee: self
                .default_assignee
                .as_deref()
                .map(|key| names.employee(key))
                .transpose()?,
            is_active: true,
            version: 1,
        };
        setting_up::check_channel(&staged.directory, &channel)?;
        names.channels.insert(self.key.clone(), channel.id);
        staged.add(DirectoryChange::Channel(channel))
    }
}
