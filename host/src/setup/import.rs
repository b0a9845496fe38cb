//! A set-up file that is taken into a host which has a set-up already: shown first, and the robots as drafts.
//!
//! Things are told apart by their keys. What the file does not name stays as it is, but for the robots of its pipelines:
//! their drafts become what the file says. Nobody's draft is replaced unless that is asked for.

use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use signalbox_crm::attachment::Attachment;
use signalbox_crm::automation::{
    AutomationDraft, AutomationId, Column, Difference, EntryProblem, in_force, problems,
};
use signalbox_crm::calendar::CalendarSpec;
use signalbox_crm::directory::{Calendar, Directory, DirectoryChange};
use signalbox_crm::ids::{AttachmentId, CalendarId, EmployeeId, IdKind, PipelineId, StageId};
use signalbox_crm::people::Actor;
use signalbox_crm::pipeline::{FieldDef, Pipeline, Stage};
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::setting_up;
use utoipa::ToSchema;

use super::attachments::resolve_known_names;
use super::{AttachmentSetup, EmployeeSetup, Names, PipelineSetup, Setup, StagedDirectory};
use crate::automation::{AutomationError, write};
use crate::engine::core::SharedCore;
use crate::engine::draft::Draft;

/// How a file is taken in.
#[derive(Debug, Clone, Copy)]
pub struct Taking {
    /// Only says what would happen.
    pub is_preview: bool,
    /// Drafts that somebody has begun are replaced.
    pub replaces_drafts: bool,
    /// People whom the file names and nobody knows are added.
    pub may_add_people: bool,
}

/// What a file changes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportView {
    /// Nothing was stored.
    pub is_preview: bool,
    /// Calendars, people, fields, pipelines and stages that are new or changed: in force at once.
    pub things: Vec<ImportedThing>,
    /// Robots, by pipeline: they are drafts until somebody publishes them.
    pub automations: Vec<ImportedAutomation>,
    /// What the person should know, such as what was left out, and why.
    pub notes: Vec<String>,
}

/// Something of the set-up that is new or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportedThing {
    /// `calendar`, `employee`, `field`, `pipeline` or `stage`.
    pub kind: &'static str,
    /// Its name in the file.
    pub name: String,
    /// It was there, and has other values.
    pub is_changed: bool,
}

/// The robots of a pipeline, or of none.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportedAutomation {
    /// `pipeline:1` or `general`.
    #[schema(value_type = String)]
    pub automation: AutomationId,
    /// The pipeline's key, or `general`.
    pub name: String,
    /// The version of its draft.
    pub version: i64,
    /// What publishing the draft changes.
    #[schema(value_type = Object)]
    pub difference: Difference,
    /// What keeps the draft from being published.
    #[schema(value_type = Vec<Object>)]
    pub problems: Vec<EntryProblem>,
}

/// Takes a file in: everything in one commit, or nothing.
///
/// # Errors
/// `invalid` for whatever is wrong in the file, `conflict` for drafts that somebody has begun, `denied` for people who
/// would be added by somebody who may not; `Draft`.
pub async fn import(
    core: &SharedCore,
    actor: &Actor,
    setup: &Setup,
    taking: Taking,
) -> Result<ImportView, AutomationError> {
    if taking.is_preview {
        let mut draft = Draft::new(core, actor.clone());
        return take(&mut draft, setup, taking);
    }
    write(core, actor, |draft| take(draft, setup, taking)).await
}

fn take(draft: &mut Draft, setup: &Setup, taking: Taking) -> Result<ImportView, AutomationError> {
    if !setup.channel.is_empty() || !setup.secret.is_empty() {
        let message = said!("channels and secrets are set up by themselves: take them out of the file");
        return Err(Rejection::invalid(message).into());
    }
    let staged = StagedDirectory {
        directory: Directory::clone(&draft.directory),
        changes: Vec::new(),
    };
    let mut import = Import {
        draft,
        setup,
        taking,
        staged,
        names: Names::of(&draft.directory),
        view: ImportView {
            is_preview: taking.is_preview,
            things: Vec::new(),
            automations: Vec::new(),
            notes: Vec::new(),
        },
    };
    import.calendars()?;
    import.people()?;
    import.fields()?;
    for pipeline in &setup.pipeline {
        import.pipeline(pipeline)?;
    }
    import.automations()?;
    let (view, changes) = (import.view, import.staged.changes);
    draft.changes.directory.extend(changes);
    let words: Vec<String> = view.things.iter().map(ImportedThing::words).collect();
    draft.rule(|rules, changes| {
        for thing in words {
            rules.note(changes, "setup", "imported", None, Some(thing));
        }
        for one in &view.automations {
            rules.note(changes, one.automation, "draft-imported", None, None);
        }
        Ok(())
    })?;
    Ok(view)
}

impl ImportedThing {
    /// Such as ``changed pipeline `sales` ``.
    pub fn words(&self) -> String {
        let how = if self.is_changed { "changed" } else { "new" };
        format!("{how} {} `{}`", self.kind, self.name)
    }
}

/// What the file says that cannot be.
fn wrong(error: &anyhow::Error) -> AutomationError {
    Rejection::invalid(Sentence::plain(format!("{error:#}"))).into()
}

struct Import<'a> {
    draft: &'a Draft,
    setup: &'a Setup,
    taking: Taking,
    /// As it will be.
    staged: StagedDirectory,
    names: Names,
    view: ImportView,
}

impl Import<'_> {
    fn add(
        &mut self,
        kind: &'static str,
        name: &str,
        is_changed: bool,
        change: DirectoryChange,
    ) -> Result<(), AutomationError> {
        self.staged.add(change).map_err(|error| wrong(&error))?;
        self.view.things.push(ImportedThing {
            kind,
            name: name.to_owned(),
            is_changed,
        });
        Ok(())
    }

    fn calendars(&mut self) -> Result<(), AutomationError> {
        let company = self.staged.directory.calendars.values();
        let company = company
            .map(|(calendar, _)| calendar)
            .find(|calendar| calendar.is_default)
            .cloned();
        match (company, &self.setup.calendar) {
            (Some(company), Some(spec)) => self.calendar(&company.key, spec.clone(), Some(&company))?,
            (Some(_), None) => {}
            (None, spec) => {
                let office = || CalendarSpec::office(&self.setup.zone);
                self.calendar("company", spec.clone().unwrap_or_else(office), None)?;
            }
        }
        for extra in &self.setup.extra_calendar {
            let found = self.staged.directory.calendars.values();
            let found = found
                .map(|(calendar, _)| calendar)
                .find(|one| one.key == extra.key)
                .cloned();
            self.calendar(&extra.key, extra.spec(), found.as_deref())?;
        }
        Ok(())
    }

    fn calendar(
        &mut self,
        key: &str,
        spec: CalendarSpec,
        before: Option<&Calendar>,
    ) -> Result<(), AutomationError> {
        let calendars = &self.staged.directory.calendars;
        let has_default = calendars.values().any(|(calendar, _)| calendar.is_default);
        let new = match before {
            Some(before) if before.spec == spec => return Ok(()),
            Some(before) => Calendar {
                spec,
                version: before.version + 1,
                ..before.clone()
            },
            None => Calendar {
                id: CalendarId(self.draft.new_id(IdKind::Calendar)),
                key: key.to_owned(),
                spec,
                is_default: !has_default,
                version: 1,
            },
        };
        setting_up::check_calendar(&self.staged.directory, &new)?;
        self.add("calendar", key, before.is_some(), DirectoryChange::Calendar(new))
    }

    /// People are found by e-mail address, else by name; nobody is changed.
    fn people(&mut self) -> Result<(), AutomationError> {
        let mut missing: Vec<&EmployeeSetup> = Vec::new();
        for person in &self.setup.employee {
            match known(&self.staged.directory, person) {
                Some(id) => {
                    self.names.employees.insert(person.key.clone(), id);
                }
                None => missing.push(person),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = missing.iter().map(|person| person.name.as_str()).collect();
        if !self.taking.may_add_people {
            let message = said!(
                "nobody here is {names}: an admin adds people, or imports the file",
                names = names.join(", ")
            );
            return Err(Rejection::new(Code::Denied, message).into());
        }
        let part = Setup {
            employee: missing.iter().map(|person| (*person).clone()).collect(),
            ..Setup::empty(&self.setup.zone)
        };
        part.people(self.draft, &mut self.staged, &mut self.names)
            .map_err(|error| wrong(&error))?;
        self.view
            .things
            .extend(missing.iter().map(|person| ImportedThing {
                kind: "employee",
                name: person.name.clone(),
                is_changed: false,
            }));
        Ok(())
    }

    fn fields(&mut self) -> Result<(), AutomationError> {
        for field in &self.setup.field {
            let before = self.staged.directory.fields.get(&field.key).cloned();
            let new = FieldDef {
                key: field.key.clone(),
                title: field.title.clone(),
                field_type: field.field_type,
                options: field.options.clone(),
                version: before.as_ref().map_or(1, |before| before.version),
            };
            if before.as_deref() == Some(&new) {
                continue;
            }
            let version = before.as_ref().map_or(1, |before| before.version + 1);
            let new = FieldDef { version, ..new };
            setting_up::check_field(&self.staged.directory, &new)?;
            let change = DirectoryChange::Field(new);
            self.add("field", &field.key, before.is_some(), change)?;
        }
        Ok(())
    }

    fn pipeline(&mut self, setup: &PipelineSetup) -> Result<(), AutomationError> {
        let mut pipelines = self.staged.directory.pipelines.values();
        let before = pipelines.find(|one| one.key == setup.key).cloned();
        let calendar = setup
            .calendar(&self.staged.directory)
            .map_err(|error| wrong(&error))?;
        let new_id = || PipelineId(self.draft.new_id(IdKind::Pipeline));
        let new = Pipeline {
            id: before.as_ref().map_or_else(new_id, |before| before.id),
            key: setup.key.clone(),
            title: setup.title.clone(),
            item_kind: setup.kind,
            activity_working_days_max: setup.activity_working_days_max,
            calendar,
            version: before.as_ref().map_or(1, |before| before.version),
        };
        let id = new.id;
        if before.as_deref() != Some(&new) {
            let version = before.as_ref().map_or(1, |before| before.version + 1);
            let new = Pipeline { version, ..new };
            setting_up::check_pipeline(&self.staged.directory, &new)?;
            let change = DirectoryChange::Pipeline(new);
            self.add("pipeline", &setup.key, before.is_some(), change)?;
        }
        self.names.pipelines.insert(setup.key.clone(), id);
        self.stages(setup, id)
    }

    fn stages(&mut self, setup: &PipelineSetup, pipeline: PipelineId) -> Result<(), AutomationError> {
        let present: BTreeMap<String, Stage> = self
            .staged
            .directory
            .stages_of(pipeline)
            .into_iter()
            .map(|stage| (stage.key.clone(), Stage::clone(stage)))
            .collect();
        for stage in ordered(setup, pipeline, &present, || self.draft.new_id(IdKind::Stage)) {
            let before = present.get(&stage.key);
            let name = format!("{}/{}", setup.key, stage.key);
            self.names.stages.insert(name.clone(), stage.id);
            if before == Some(&stage) {
                continue;
            }
            let version = before.map_or(1, |before| before.version + 1);
            let stage = Stage { version, ..stage };
            setting_up::check_stage(&self.staged.directory, &stage)?;
            self.add("stage", &name, before.is_some(), DirectoryChange::Stage(stage))?;
        }
        let named: BTreeSet<&String> = setup.stage.iter().map(|stage| &stage.key).collect();
        for key in present.keys().filter(|key| !named.contains(key)) {
            let note = format!("stage `{}/{key}` is not in the file, and stays", setup.key);
            self.view.notes.push(note);
        }
        Ok(())
    }

    /// The robots of the file, as drafts.
    fn automations(&mut self) -> Result<(), AutomationError> {
        if self.setup.attachment.is_empty() {
            return Ok(());
        }
        let mut lists: BTreeMap<AutomationId, Vec<Attachment>> = BTreeMap::new();
        for pipeline in &self.setup.pipeline {
            if let Some(id) = self.names.pipelines.get(&pipeline.key) {
                lists.insert(AutomationId::Pipeline(*id), Vec::new());
            }
        }
        for setup in &self.setup.attachment {
            match self.attachment(setup) {
                Ok(attachment) => {
                    let automation = AutomationId::of(&attachment.moment, &self.staged.directory);
                    lists.entry(automation).or_default().push(attachment);
                }
                Err(why) => {
                    let note = format!("`{}` was left out: {why:#}", setup.title);
                    self.view.notes.push(note);
                }
            }
        }
        for (automation, list) in lists {
            self.automation(automation, list)?;
        }
        Ok(())
    }

    /// The attachment of the file; names of people that nobody has stay, and are wrong.
    fn attachment(&mut self, setup: &AttachmentSetup) -> anyhow::Result<Attachment> {
        let directory = &self.staged.directory;
        let of_robot = |digest: &String| {
            let version = directory.robots.get(digest);
            version.filter(|version| version.manifest.id == setup.robot)
        };
        let exact = setup.digest.as_ref().and_then(of_robot);
        let version = exact.or_else(|| directory.current_robot(&setup.robot));
        let Some(version) = version.cloned() else {
            anyhow::bail!("robot `{}` is not installed", setup.robot);
        };
        if setup
            .digest
            .as_ref()
            .is_some_and(|digest| *digest != version.digest)
        {
            let wanted = setup.version.as_deref().unwrap_or("another version");
            let note = format!(
                "`{}` gets {}: {wanted} of the file is not installed",
                setup.title,
                version.manifest.label()
            );
            self.view.notes.push(note);
        }
        let id = AttachmentId(self.draft.new_id(IdKind::Attachment));
        let audience = setup.grant_audience.iter().map(|word| {
            let found = self.names.employees.get(word);
            found.map_or_else(|| word.clone(), EmployeeId::to_string)
        });
        Ok(Attachment {
            grant_audience: audience.collect(),
            params: resolve_known_names(&version.manifest, &setup.params, &self.names),
            ..setup.plain(id, &self.staged.directory, &version, &self.names)?
        })
    }

    fn automation(&mut self, automation: AutomationId, list: Vec<Attachment>) -> Result<(), AutomationError> {
        let directory = &self.staged.directory;
        let (now, actor) = (self.draft.now, &self.draft.actor);
        let present = in_force(directory, automation);
        let entries = matched(list, &present);
        let difference = Difference::between(&present, &entries, directory);
        if difference.is_empty() {
            return Ok(());
        }
        let name = automation.name(directory);
        if let Some(other) = directory.drafts.get(&automation) {
            let by = &other.changed_by;
            let words = format!("there is a draft of `{name}` by {by}");
            if self.taking.is_preview {
                self.view.notes.push(words);
            } else if !self.taking.replaces_drafts {
                let message = said!(
                    "there is a draft of `{name}` by {by}: publish or discard it, or ask to replace it",
                    name,
                    by
                );
                return Err(Rejection::new(Code::Conflict, message).into());
            }
        }
        let new = AutomationDraft {
            entries,
            ..AutomationDraft::begin(directory, automation, now, actor)
        };
        let new = new.changed(&self.draft.directory, now, actor);
        new.check_size()?;
        self.view.automations.push(ImportedAutomation {
            automation,
            name,
            version: new.version,
            difference,
            problems: problems(&new, directory),
        });
        let change = DirectoryChange::Draft(Box::new(new));
        self.staged.add(change).map_err(|error| wrong(&error))
    }
}

impl Setup {
    /// Nothing but a zone.
    fn empty(zone: &str) -> Setup {
        Setup {
            calendar: None,
            zone: zone.to_owned(),
            extra_calendar: Vec::new(),
            employee: Vec::new(),
            field: Vec::new(),
            pipeline: Vec::new(),
            channel: Vec::new(),
            secret: Vec::new(),
            attachment: Vec::new(),
        }
    }
}

/// Who this is here: whoever has the e-mail address, else the only one with this name.
fn known(directory: &Directory, person: &EmployeeSetup) -> Option<EmployeeId> {
    let people = || directory.employees.values();
    if person.email.is_some() {
        return people().find(|one| one.email == person.email).map(|one| one.id);
    }
    let mut same = people().filter(|one| one.name == person.name);
    let first = same.next()?;
    same.next().is_none().then_some(first.id)
}

/// The stages of the file with their ids and places. Those that are there keep their places where the order is the same.
fn ordered(
    setup: &PipelineSetup,
    pipeline: PipelineId,
    present: &BTreeMap<String, Stage>,
    new_id: impl Fn() -> i64,
) -> Vec<Stage> {
    let mut last = -10;
    let mut stages: Vec<Stage> = Vec::with_capacity(setup.stage.len());
    for one in &setup.stage {
        let before = present.get(&one.key);
        let sort = before.map_or(last + 10, |before| before.sort);
        last = sort;
        stages.push(Stage {
            id: before.map_or_else(|| StageId(new_id()), |before| before.id),
            pipeline,
            key: one.key.clone(),
            title: one.title.clone(),
            kind: one.kind,
            sort,
            required_fields: one.required_fields.clone(),
            requires_reason: one.requires_reason,
            version: before.map_or(1, |before| before.version),
        });
    }
    if !stages.is_sorted_by(|one, next| (one.sort, one.id) < (next.sort, next.id)) {
        for (place, stage) in (0_i32..).zip(&mut stages) {
            stage.sort = place * 10;
        }
    }
    stages
}

/// Gives entries the id of what is in force already and is meant by them: the same robot with the same title, in the same
/// place before any other.
fn matched(list: Vec<Attachment>, present: &[Attachment]) -> Vec<Attachment> {
    let mut free: Vec<&Attachment> = present.iter().collect();
    let mut entries = list;
    let mut is_new = vec![true; entries.len()];
    for is_same_place in [true, false] {
        for (entry, is_new) in entries.iter_mut().zip(&mut is_new).filter(|(_, is_new)| **is_new) {
            let fits = |one: &&Attachment| {
                let same_place = Column::of(&one.moment) == Column::of(&entry.moment);
                one.robot == entry.robot && one.title == entry.title && (same_place || !is_same_place)
            };
            if let Some(at) = free.iter().position(fits) {
                let found = free.remove(at);
                (entry.id, entry.version, entry.sort) = (found.id, found.version, found.sort);
                *is_new = false;
            }
        }
    }
    entries
}
