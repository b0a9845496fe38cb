//! Plays the steps of an event log through the rules, as people did them then.
//!
//! Used by the import, which stores the past as it was, and by the rehearsal, in which robots act on it.

use signalbox_crm::sentence::Sentence;
mod company;

use std::collections::HashMap;
use std::sync::Arc;

use signalbox_crm::activity::{Activity, ActivityKind, ActivityState};
use signalbox_crm::assigning::assign;
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::{EmployeeId, ItemId, PipelineId, StageId};
use signalbox_crm::item::Item;
use signalbox_crm::moving::{Moved, NewItem, Reach, create_item, move_item};
use signalbox_crm::people::Actor;
use signalbox_crm::pipeline::StageKind;
use signalbox_crm::planning::{self, NewActivity};
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::{FieldValue, Money};

use crate::engine::draft::{Draft, DraftError};
use crate::eventlog::mapping::{self, Mapping, Moves};
use crate::eventlog::plan::{Amount, Plan, Step, StepKind};

pub(crate) use company::compare;
pub use company::{CASE_FIELD, StagesDiffer, complete, stored_cases};

/// The most open activities of one deal among which the one to complete is looked for.
const OPEN_ACTIVITIES_MAX: u32 = 200;

/// Who and what the steps are about, by the names of the log.
#[derive(Debug)]
pub struct Cast {
    pipeline: PipelineId,
    stages: HashMap<String, StageId>,
    employees: HashMap<String, EmployeeId>,
    items: HashMap<Arc<str>, ItemId>,
    /// Title and instant of each planned activity, by its number in the plan.
    planned: HashMap<u32, (Arc<str>, Timestamp)>,
    reopen: Moves,
}

/// A step that changed nothing, or could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplayed {
    /// The deal.
    pub item: ItemId,
    /// What kind of obstacle, as the timeline calls it.
    pub kind: &'static str,
    /// What was to be done, and why it was not.
    pub text: String,
}

/// The deal was in the stage already: a robot was first.
pub const ALREADY_THERE: &str = "history-already-there";
/// The deal had been won or lost by a robot, and the mapping does not reopen deals.
pub const CLOSED: &str = "history-met-closed";
/// A rule of the CRM said no.
pub const REFUSED: &str = "history-refused";

impl Cast {
    /// The people and stages of the set-up, and the deals that are stored already.
    pub fn new(
        mapping: &Mapping,
        plan: &Plan,
        directory: &Directory,
        pipeline: PipelineId,
        employees: HashMap<String, EmployeeId>,
        items: HashMap<Arc<str>, ItemId>,
    ) -> Self {
        let stages = directory.stages_of(pipeline);
        Cast {
            pipeline,
            stages: stages.iter().map(|stage| (stage.key.clone(), stage.id)).collect(),
            employees,
            items,
            planned: plan.steps.iter().filter_map(planned).collect(),
            reopen: mapping.pipeline.reopen,
        }
    }

    /// Whether the case has its deal already.
    pub fn has_item(&self, case: &str) -> bool {
        self.items.contains_key(case)
    }

    /// Stages what the step did, at its instant and in the name of its person.
    ///
    /// # Errors
    /// The database; what a rule says about a new deal, without which nothing that follows makes sense.
    pub async fn play(&mut self, draft: &mut Draft, step: &Step) -> Result<Option<Unplayed>, DraftError> {
        draft.now = step.at.into();
        draft.actor = match person_of(&step.kind).and_then(|resource| self.employee(resource)) {
            Some(id) => Actor::Employee(id),
            None => Actor::System,
        };
        if let StepKind::CaseOpened { .. } = &step.kind {
            let item = self.open(draft, step)?;
            self.items.insert(Arc::clone(&step.case), item);
            return Ok(None);
        }
        let Some(item) = self.items.get(&step.case).copied() else {
            let message = format!("case `{}` has no deal", step.case);
            return Err(Rejection::new(Code::NotFound, Sentence::plain(message)).into());
        };
        match self.act(draft, item, step).await {
            Err(DraftError::Rejected(rejection)) => Ok(Some(Unplayed {
                item,
                kind: REFUSED,
                text: format!("{}: {rejection}", rejection.code.as_str()),
            })),
            other => other,
        }
    }

    fn employee(&self, resource: &str) -> Option<EmployeeId> {
        self.employees.get(resource).copied()
    }

    fn stage(&self, key: &str) -> Result<StageId, Rejection> {
        let unknown = || {
            Rejection::new(
                Code::NoSuchStage,
                Sentence::plain(format!("there is no stage `{key}`")),
            )
        };
        self.stages.get(key).copied().ok_or_else(unknown)
    }

    fn open(&self, draft: &mut Draft, step: &Step) -> Result<ItemId, DraftError> {
        let StepKind::CaseOpened {
            title,
            stage_key,
            amount,
            assignee,
            source,
        } = &step.kind
        else {
            unreachable!("the caller has looked");
        };
        let case = FieldValue::Text(step.case.to_string());
        let new = NewItem {
            pipeline: self.pipeline,
            stage: Some(self.stage(stage_key)?),
            title: title.to_string(),
            assignee: assignee.as_deref().and_then(|resource| self.employee(resource)),
            contact: None,
            amount: amount
                .as_ref()
                .map(|amount| money(&step.case, amount))
                .transpose()?,
            source: source.as_deref().map(str::to_owned),
            fields: [(CASE_FIELD.to_owned(), case)].into(),
        };
        Ok(draft.rule(|rules, changes| create_item(rules, changes, new))?.id)
    }

    async fn act(&self, draft: &mut Draft, id: ItemId, step: &Step) -> Result<Option<Unplayed>, DraftError> {
        let item = draft.item(id).await?;
        match &step.kind {
            StepKind::CaseOpened { .. } => Ok(None),
            StepKind::StageEntered { stage_key, resource } => {
                self.enter(draft, item, stage_key, resource.as_deref()).await
            }
            StepKind::ActivityPlanned {
                kind,
                title,
                assignee,
                ..
            } => {
                self.plan(draft, item, *kind, title, assignee.as_deref())?;
                Ok(None)
            }
            StepKind::ActivityCompleted { activity, .. } => self.complete(draft, item, *activity).await,
        }
    }

    /// The person who moves a deal is in charge of it from then on.
    async fn enter(
        &self,
        draft: &mut Draft,
        item: Item,
        stage_key: &str,
        resource: Option<&str>,
    ) -> Result<Option<Unplayed>, DraftError> {
        let (id, to) = (item.id, self.stage(stage_key)?);
        let from = Arc::clone(draft.directory.stage(item.stage)?);
        let unplayed = |kind, text| Ok(Some(Unplayed { item: id, kind, text }));
        if item.stage == to {
            return unplayed(ALREADY_THERE, format!("to `{stage_key}`: it is there already"));
        }
        if from.kind != StageKind::Open && self.reopen == Moves::Ignore {
            return unplayed(
                CLOSED,
                format!("to `{stage_key}`: it is closed as `{}`", from.key),
            );
        }
        let reach = Reach {
            back: true,
            across: false,
        };
        let moved = draft.rule(|rules, changes| move_item(rules, changes, item, to, reach))?;
        if let (Moved::Moved, Some(person)) = (moved, resource.and_then(|resource| self.employee(resource))) {
            let item = draft.item(id).await?;
            draft.rule(|rules, changes| assign(rules, changes, item, person))?;
        }
        Ok(None)
    }

    /// The first who plans work on a deal that nobody is in charge of takes charge.
    fn plan(
        &self,
        draft: &mut Draft,
        item: Item,
        kind: mapping::ActivityKind,
        title: &str,
        assignee: Option<&str>,
    ) -> Result<(), DraftError> {
        let person = assignee.and_then(|resource| self.employee(resource));
        let new = NewActivity {
            kind: kind_of(kind),
            title: Some(title.to_owned()),
            description: None,
            deadline: None,
            duration_s: None,
            assignee: person,
            reminders_min: Vec::new(),
        };
        draft.rule(|rules, changes| planning::plan(rules, changes, &item, new))?;
        if let (None, Some(person)) = (item.assignee, person) {
            draft.rule(|rules, changes| assign(rules, changes, item, person))?;
        }
        Ok(())
    }

    /// The activity is found by its title and the instant of its plan, so that nothing need be remembered between two
    /// sessions. A robot's activity of the same title and microsecond has a higher id.
    async fn complete(
        &self,
        draft: &mut Draft,
        item: Item,
        number: u32,
    ) -> Result<Option<Unplayed>, DraftError> {
        let (title, planned_at) = self.planned.get(&number).ok_or_else(|| {
            Rejection::new(
                Code::NotFound,
                Sentence::plain(format!("activity {number} of the log was never planned")),
            )
        })?;
        let open = draft.open_activities(item.id, OPEN_ACTIVITIES_MAX).await?;
        let is_it = |found: &&Activity| found.title == **title && found.created_at == *planned_at;
        let Some(activity) = open.iter().filter(is_it).min_by_key(|found| found.id).cloned() else {
            let text = format!("`{title}` is not open any more");
            return Ok(Some(Unplayed {
                item: item.id,
                kind: REFUSED,
                text,
            }));
        };
        // Read as a record of its own, so that the commit sees to it that nobody else has ended it.
        let activity = draft.activity(activity.id).await?;
        let done = ActivityState::Completed;
        draft.rule(|rules, changes| planning::finish(rules, changes, item, activity, done))?;
        Ok(None)
    }
}

fn planned(step: &Step) -> Option<(u32, (Arc<str>, Timestamp))> {
    match &step.kind {
        StepKind::ActivityPlanned { activity, title, .. } => {
            Some((*activity, (Arc::clone(title), step.at.into())))
        }
        StepKind::CaseOpened { .. } | StepKind::StageEntered { .. } | StepKind::ActivityCompleted { .. } => {
            None
        }
    }
}

/// Who did it.
fn person_of(kind: &StepKind) -> Option<&str> {
    match kind {
        StepKind::CaseOpened { assignee, .. } | StepKind::ActivityPlanned { assignee, .. } => {
            assignee.as_deref()
        }
        StepKind::StageEntered { resource, .. } | StepKind::ActivityCompleted { resource, .. } => {
            resource.as_deref()
        }
    }
}

fn money(case: &str, amount: &Amount) -> Result<Money, Rejection> {
    Money::new(&amount.value, &amount.currency)
        .map_err(|problem| Rejection::invalid(Sentence::plain(format!("case `{case}`: {problem}"))))
}

fn kind_of(kind: mapping::ActivityKind) -> ActivityKind {
    match kind {
        mapping::ActivityKind::Call => ActivityKind::Call,
        mapping::ActivityKind::Mail => ActivityKind::Mail,
        mapping::ActivityKind::Meeting => ActivityKind::Meeting,
        mapping::ActivityKind::Todo => ActivityKind::Todo,
    }
}
