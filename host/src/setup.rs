//! A set-up file: people, pipelines, channels and attachments in one TOML file, with names instead of ids.
//!
//! The demo, the scenarios, the benchmark and rehearsals start from one. `host/docs/setup.md` describes the format.

mod attachments;
pub mod export;
pub mod import;
mod names;
pub(crate) mod stages;

use anyhow::{Context, anyhow};
use serde::{Deserialize, Serialize};
use signalbox_crm::calendar::{CalendarSpec, WeeklyHours, WorkingException};
use signalbox_crm::conversation::{Channel, Guarantee, Provider};
use signalbox_crm::directory::{Calendar, Directory, DirectoryChange};
use signalbox_crm::ids::{CalendarId, ChannelId, EmployeeId, IdKind, ItemKind, PipelineId, StageId};
use signalbox_crm::people::{Actor, Employee, Role};
use signalbox_crm::pipeline::{FieldDef, FieldType, Pipeline, Stage, StageKind};
use signalbox_crm::secret::{Secret, check_secret};
use signalbox_crm::setting_up;
use signalbox_crm::value::LocalText;

pub use self::attachments::AttachmentSetup;
pub use self::names::Names;
use crate::engine::core::SharedCore;
use crate::engine::draft::Draft;

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The company's working time; an office from Monday to Friday in `zone` without it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub calendar: Option<CalendarSpec>,
    /// IANA name of the company's zone.
    pub zone: String,
    /// Working times besides the company's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub extra_calendar: Vec<CalendarSetup>,
    /// People.
    #[serde(default, skip_serializing_if = "is_default")]
    pub employee: Vec<EmployeeSetup>,
    /// Custom fields of items.
    #[serde(default, skip_serializing_if = "is_default")]
    pub field: Vec<FieldSetup>,
    /// Pipelines with their stages.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pipeline: Vec<PipelineSetup>,
    /// Connected messengers.
    #[serde(default, skip_serializing)]
    pub channel: Vec<ChannelSetup>,
    /// Passwords and keys of services outside.
    #[serde(default, skip_serializing)]
    pub secret: Vec<SecretSetup>,
    /// Robots and their moments.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attachment: Vec<AttachmentSetup>,
}

/// Working time besides the company's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSetup {
    /// Unique.
    pub key: String,
    /// IANA name.
    pub zone: String,
    /// The usual week.
    #[serde(default, skip_serializing_if = "is_default")]
    pub weekly: Vec<WeeklyHours>,
    /// Dates without work.
    #[serde(default, skip_serializing_if = "is_default")]
    pub holidays: Vec<String>,
    /// Dates with hours of their own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub exceptions: Vec<WorkingException>,
}

impl CalendarSetup {
    fn spec(&self) -> CalendarSpec {
        CalendarSpec {
            zone: self.zone.clone(),
            weekly: self.weekly.clone(),
            holidays: self.holidays.clone(),
            exceptions: self.exceptions.clone(),
        }
    }
}

/// An employee.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmployeeSetup {
    /// How this file names the person.
    pub key: String,
    /// As people see it.
    pub name: String,
    /// Unique, where known.
    #[serde(default, skip_serializing_if = "is_default")]
    pub email: Option<String>,
    /// What the person may do.
    #[serde(default = "operator")]
    pub role: Role,
    /// The key of the head; a person that the file names before or after.
    #[serde(default, skip_serializing_if = "is_default")]
    pub head: Option<String>,
}

/// Whether a key need not be written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn operator() -> Role {
    Role::Operator
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    #[serde(default, skip_serializing_if = "is_default")]
    pub options: Vec<String>,
}

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    #[serde(default, skip_serializing_if = "is_default")]
    pub activity_working_days_max: Option<u32>,
    /// The key of its working time; the company's without it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub calendar: Option<String>,
    /// From the left.
    pub stage: Vec<StageSetup>,
}

fn deal() -> ItemKind {
    ItemKind::Deal
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    #[serde(default, skip_serializing_if = "is_default")]
    pub required_fields: Vec<String>,
    /// Whether entering needs a reason.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requires_reason: bool,
}

fn open() -> StageKind {
    StageKind::Open
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Deserialize)]
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
    #[serde(default, skip_serializing_if = "is_default")]
    pub outbound_secret: Option<String>,
    /// Where answers go.
    #[serde(default, skip_serializing_if = "is_default")]
    pub base_url: Option<String>,
    /// What the receiver can take in a second.
    #[serde(default, skip_serializing_if = "is_default")]
    pub per_second: Option<u16>,
    /// What becomes of a message when nobody can tell whether the receiver has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub guarantee: Guarantee,
    /// The key of the pipeline in which items are opened.
    #[serde(default, skip_serializing_if = "is_default")]
    pub opens_item_in: Option<String>,
    /// The key of the person in charge of them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub default_assignee: Option<String>,
}

/// A secret.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSetup {
    /// Unique.
    pub name: String,
    /// The secret itself.
    pub value: String,
    /// Where it may go.
    pub hosts: Vec<String>,
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
        self.extra_calendars(&draft, &mut staged)?;
        self.people(&draft, &mut staged, &mut names)?;
        self.fields(&mut staged)?;
        for pipeline in &self.pipeline {
            pipeline.stage_all(&draft, &mut staged, &mut names)?;
        }
        for channel in &self.channel {
            channel.stage_one(&draft, &mut staged, &mut names)?;
        }
        for secret in &self.secret {
            secret.stage_one(&mut staged)?;
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

    fn extra_calendars(&self, draft: &Draft, staged: &mut StagedDirectory) -> anyhow::Result<()> {
        for setup in &self.extra_calendar {
            let calendar = Calendar {
                id: CalendarId(draft.new_id(IdKind::Calendar)),
                key: setup.key.clone(),
                spec: setup.spec(),
                is_default: false,
                version: 1,
            };
            setting_up::check_calendar(&staged.directory, &calendar)?;
            staged.add(DirectoryChange::Calendar(calendar))?;
        }
        Ok(())
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
    /// The calendar with the key that the file names.
    fn calendar(&self, directory: &Directory) -> anyhow::Result<Option<CalendarId>> {
        let Some(key) = &self.calendar else {
            return Ok(None);
        };
        let mut all = directory.calendars.values().map(|(calendar, _)| calendar);
        let found = all.find(|calendar| calendar.key == *key);
        let found = found.ok_or_else(|| anyhow!("pipeline `{}`: there is no calendar `{key}`", self.key))?;
        Ok(Some(found.id))
    }

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
            calendar: self.calendar(&staged.directory)?,
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

impl SecretSetup {
    fn stage_one(&self, staged: &mut StagedDirectory) -> anyhow::Result<()> {
        let before = staged.directory.secrets.get(&self.name);
        let secret = Secret {
            name: self.name.clone(),
            value: self.value.clone(),
            hosts: self.hosts.clone(),
            version: before.map_or(1, |before| before.version + 1),
        };
        check_secret(&secret)?;
        staged.add(DirectoryChange::Secret(secret))
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
