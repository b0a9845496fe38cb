//! The directory: everything that admins set up, as one immutable snapshot in memory.
//!
//! It is small next to the items, is read by every rule, and changes seldom. The committer makes a new snapshot
//! with each change; a draft that began under an older one is executed again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::account::{Account, Session};
use crate::attachment::{Attachment, Moment};
use crate::automation::{AutomationDraft, AutomationHead, AutomationId, AutomationVersion};
use crate::calendar::{CalendarSpec, WorkCalendar};
use crate::conversation::Channel;
use crate::ids::{AttachmentId, CalendarId, ChannelId, EmployeeId, PipelineId, StageId, TokenId};
use crate::people::{Employee, Role};
use crate::pipeline::{FieldDef, Pipeline, Stage};
use crate::rejection::{Code, Rejection};
use crate::robot::Manifest;
use crate::said;
use crate::secret::Secret;
use crate::time::Timestamp;

/// A version of a robot that is installed. Its component is kept in the database under the digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RobotVersion {
    /// SHA-256 of the component, in lower-case hex.
    pub digest: String,
    /// What the robot says about itself.
    pub manifest: Manifest,
    /// The interfaces that the component imports.
    pub imports: Vec<String>,
    /// The component's size, in bytes.
    pub size_bytes: u64,
    /// When it was installed.
    pub installed_at: Timestamp,
    /// The number of the trusted key that has signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// Whether it ships with the host.
    pub is_bundled: bool,
    /// The newest version of its robot: new attachments get it.
    pub is_current: bool,
}

/// An API token. Only the digest of the secret is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// SHA-256 of the secret, in lower-case hex.
    pub digest: String,
    /// What it may do.
    pub role: Role,
    /// In whose name it acts.
    pub employee: Option<EmployeeId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; never without it.
    pub expires_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

/// Working time with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calendar {
    /// The id.
    pub id: CalendarId,
    /// Unique.
    pub key: String,
    /// Intervals, holidays and zone.
    pub spec: CalendarSpec,
    /// The company's calendar: used where nothing else is named. Exactly one is.
    pub is_default: bool,
    /// Grows by one with each change.
    pub version: i64,
}

/// One change of the directory: the new value of one entry.
#[derive(Debug, Clone, PartialEq)]
pub enum DirectoryChange {
    /// An employee.
    Employee(Employee),
    /// A pipeline.
    Pipeline(Pipeline),
    /// A stage.
    Stage(Stage),
    /// A custom field.
    Field(FieldDef),
    /// A calendar.
    Calendar(Calendar),
    /// A channel.
    Channel(Channel),
    /// A robot's version; its component goes with the change when it is new.
    Robot(RobotVersion, Option<Arc<Vec<u8>>>),
    /// An attachment.
    Attachment(Attachment),
    /// An attachment was deleted.
    AttachmentRemoved(AttachmentId),
    /// What is in force from now on, for the history.
    AutomationVersion(Box<AutomationVersion>),
    /// A draft of an automation.
    Draft(Box<AutomationDraft>),
    /// The draft of this automation was published or discarded.
    DraftRemoved(AutomationId),
    /// A token.
    Token(Token),
    /// A secret.
    Secret(Secret),
    /// The secret with this name was removed.
    SecretRemoved(String),
    /// An account.
    Account(Account),
    /// Somebody signed in.
    Session(Session),
    /// The session with this digest has ended.
    SessionRemoved(String),
}

/// Everything that admins set up.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Tells this database from all others: hexadecimal digits, chosen at random when it was made. Never changes.
    pub installation: Arc<str>,
    /// Grows by one with each commit that changes the directory.
    pub version: i64,
    /// By id.
    pub employees: BTreeMap<EmployeeId, Arc<Employee>>,
    /// By id.
    pub pipelines: BTreeMap<PipelineId, Arc<Pipeline>>,
    /// By id.
    pub stages: BTreeMap<StageId, Arc<Stage>>,
    /// By key.
    pub fields: BTreeMap<String, Arc<FieldDef>>,
    /// By id.
    pub calendars: BTreeMap<CalendarId, (Arc<Calendar>, Arc<WorkCalendar>)>,
    /// By id.
    pub channels: BTreeMap<ChannelId, Arc<Channel>>,
    /// By digest.
    pub robots: BTreeMap<String, Arc<RobotVersion>>,
    /// By id.
    pub attachments: BTreeMap<AttachmentId, Arc<Attachment>>,
    /// The newest version of each automation that has had one.
    pub automation_heads: BTreeMap<AutomationId, AutomationHead>,
    /// What shall become of automations.
    pub drafts: BTreeMap<AutomationId, Arc<AutomationDraft>>,
    /// By id.
    pub tokens: BTreeMap<TokenId, Arc<Token>>,
    /// By name.
    pub secrets: BTreeMap<String, Arc<Secret>>,
    /// By employee.
    pub accounts: BTreeMap<EmployeeId, Arc<Account>>,
    /// By digest.
    pub sessions: BTreeMap<String, Arc<Session>>,
    /// Stage attachments in list order, by stage: matching looks here.
    stage_attachments: BTreeMap<StageId, Vec<Arc<Attachment>>>,
    /// Event attachments in list order: matching looks here.
    event_attachments: Vec<Arc<Attachment>>,
}

impl Directory {
    /// Puts the new value of an entry in place.
    ///
    /// # Errors
    /// A calendar that is not valid.
    pub fn apply(&mut self, change: DirectoryChange) -> Result<(), Rejection> {
        match change {
            DirectoryChange::Employee(new) => drop(self.employees.insert(new.id, Arc::new(new))),
            DirectoryChange::Pipeline(new) => drop(self.pipelines.insert(new.id, Arc::new(new))),
            DirectoryChange::Stage(new) => drop(self.stages.insert(new.id, Arc::new(new))),
            DirectoryChange::Field(new) => drop(self.fields.insert(new.key.clone(), Arc::new(new))),
            DirectoryChange::Channel(new) => drop(self.channels.insert(new.id, Arc::new(new))),
            DirectoryChange::Token(new) => drop(self.tokens.insert(new.id, Arc::new(new))),
            DirectoryChange::Secret(new) => drop(self.secrets.insert(new.name.clone(), Arc::new(new))),
            DirectoryChange::SecretRemoved(name) => drop(self.secrets.remove(&name)),
            DirectoryChange::Account(new) => drop(self.accounts.insert(new.employee, Arc::new(new))),
            DirectoryChange::Session(new) => drop(self.sessions.insert(new.digest.clone(), Arc::new(new))),
            DirectoryChange::SessionRemoved(digest) => drop(self.sessions.remove(&digest)),
            DirectoryChange::Robot(new, _) => drop(self.robots.insert(new.digest.clone(), Arc::new(new))),
            DirectoryChange::Calendar(new) => {
                let work = WorkCalendar::new(&new.spec).map_err(Rejection::invalid)?;
                self.calendars.insert(new.id, (Arc::new(new), Arc::new(work)));
            }
            DirectoryChange::Attachment(new) => {
                self.attachments.insert(new.id, Arc::new(new));
                self.index_attachments();
            }
            DirectoryChange::AttachmentRemoved(id) => {
                self.attachments.remove(&id);
                self.index_attachments();
            }
            DirectoryChange::AutomationVersion(new) => {
                let head = AutomationHead {
                    number: new.number,
                    at: new.at,
                    by: new.by,
                };
                self.automation_heads.insert(new.automation, head);
            }
            DirectoryChange::Draft(new) => {
                self.drafts.insert(new.automation, Arc::from(new));
            }
            DirectoryChange::DraftRemoved(id) => {
                self.drafts.remove(&id);
            }
        }
        Ok(())
    }

    fn index_attachments(&mut self) {
        let mut ordered: Vec<&Arc<Attachment>> = self.attachments.values().collect();
        ordered.sort_by_key(|a| (a.sort, a.id));
        self.stage_attachments.clear();
        self.event_attachments.clear();
        for attachment in ordered {
            match &attachment.moment {
                Moment::Stage { stage } => {
                    self.stage_attachments
                        .entry(*stage)
                        .or_default()
                        .push(Arc::clone(attachment));
                }
                Moment::Event { .. } => self.event_attachments.push(Arc::clone(attachment)),
                Moment::Schedule { .. } | Moment::Manual => {}
            }
        }
    }

    /// The attachments of a stage, in list order.
    pub fn attachments_of(&self, stage: StageId) -> &[Arc<Attachment>] {
        self.stage_attachments.get(&stage).map_or(&[], Vec::as_slice)
    }

    /// The attachments that wait for events, in list order.
    pub fn event_attachments(&self) -> &[Arc<Attachment>] {
        &self.event_attachments
    }

    /// The stage.
    ///
    /// # Errors
    /// `no-such-stage`.
    pub fn stage(&self, id: StageId) -> Result<&Arc<Stage>, Rejection> {
        self.stages
            .get(&id)
            .ok_or_else(|| Rejection::new(Code::NoSuchStage, said!("`{id}` does not exist", id)))
    }

    /// The pipeline.
    ///
    /// # Errors
    /// `not-found`.
    pub fn pipeline(&self, id: PipelineId) -> Result<&Arc<Pipeline>, Rejection> {
        self.pipelines.get(&id).ok_or_else(|| Rejection::not_found(id))
    }

    /// The stages of a pipeline, from the left.
    pub fn stages_of(&self, pipeline: PipelineId) -> Vec<&Arc<Stage>> {
        let mut stages: Vec<_> = self.stages.values().filter(|s| s.pipeline == pipeline).collect();
        stages.sort_by_key(|s| (s.sort, s.id));
        stages
    }

    /// The employee.
    ///
    /// # Errors
    /// `not-found`.
    pub fn employee(&self, id: EmployeeId) -> Result<&Arc<Employee>, Rejection> {
        self.employees.get(&id).ok_or_else(|| Rejection::not_found(id))
    }

    /// The channel.
    ///
    /// # Errors
    /// `not-found`.
    pub fn channel(&self, id: ChannelId) -> Result<&Arc<Channel>, Rejection> {
        self.channels.get(&id).ok_or_else(|| Rejection::not_found(id))
    }

    /// Active people who may administer: whoever is told what only an admin can change.
    pub fn admins(&self) -> Vec<EmployeeId> {
        let people = self.employees.values();
        let admins = people.filter(|person| person.is_active && person.role.can_administer());
        admins.map(|person| person.id).collect()
    }

    /// The working time of a pipeline: its own calendar, else the company's.
    ///
    /// # Errors
    /// `not-found` when the company has none.
    pub fn work_calendar(&self, pipeline: Option<PipelineId>) -> Result<&Arc<WorkCalendar>, Rejection> {
        let own = pipeline
            .and_then(|id| self.pipelines.get(&id))
            .and_then(|p| p.calendar);
        let found = match own {
            Some(id) => self.calendars.get(&id),
            None => self.calendars.values().find(|(calendar, _)| calendar.is_default),
        };
        found
            .map(|(_, work)| work)
            .ok_or_else(|| Rejection::not_found("calendar"))
    }

    /// The robot's current version.
    pub fn current_robot(&self, robot: &str) -> Option<&Arc<RobotVersion>> {
        self.robots
            .values()
            .find(|v| v.is_current && v.manifest.id == robot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{INTAKE, NEW, SALES, World, attachment, calendar, pipeline};
    use crate::ids::ItemKind;

    #[test]
    fn attachments_are_found_by_stage_until_they_are_removed() {
        let mut world = World::new();
        world.attach(Attachment {
            sort: 2,
            ..attachment(1)
        });
        world.attach(Attachment {
            sort: 1,
            ..attachment(2)
        });
        let ids = |world: &World| {
            world
                .directory
                .attachments_of(NEW)
                .iter()
                .map(|a| a.id.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&world), [2, 1]);
        world.attach(Attachment {
            moment: Moment::Manual,
            ..attachment(2)
        });
        assert_eq!(ids(&world), [1]);
        world.set(DirectoryChange::AttachmentRemoved(AttachmentId(1)));
        assert_eq!(ids(&world), [0_i64; 0]);
    }

    #[test]
    fn a_pipeline_works_by_its_own_calendar_or_the_companys() {
        let mut world = World::new();
        let mut shop = calendar(2, "shop");
        shop.is_default = false;
        shop.spec.zone = "Asia/Vladivostok".to_owned();
        world.set(DirectoryChange::Calendar(shop));
        let mut intake = pipeline(INTAKE, "intake", ItemKind::Lead);
        intake.calendar = Some(CalendarId(2));
        world.set(DirectoryChange::Pipeline(intake));
        let zone = |pipeline| {
            let work = world.directory.work_calendar(pipeline).expect("a calendar");
            work.zone().iana_name().map(str::to_owned)
        };
        assert_eq!(zone(Some(INTAKE)).as_deref(), Some("Asia/Vladivostok"));
        assert_eq!(zone(Some(SALES)).as_deref(), Some("Europe/Moscow"));
        assert_eq!(zone(None).as_deref(), Some("Europe/Moscow"));
    }

    #[test]
    fn a_calendar_that_is_not_valid_is_refused_and_nothing_changes() {
        let mut world = World::new();
        let mut broken = calendar(1, "office");
        broken.spec.zone = "Moon/Base".to_owned();
        let refused = world
            .directory
            .apply(DirectoryChange::Calendar(broken))
            .expect_err("no such zone");
        assert!(refused.message.english().contains("Moon/Base"), "{refused}");
        assert_eq!(
            world.directory.calendars[&CalendarId(1)].0.spec.zone,
            "Europe/Moscow"
        );
    }
}
