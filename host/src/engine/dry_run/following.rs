//! What would follow from a draft: who is chosen from lists, which runs are cancelled, which events start which robots.
//! In a real run the commit decides this; here the same rules are asked.

use std::collections::BTreeMap;

use serde::Serialize;
use signalbox_crm::assigning::{assign, pick};
use signalbox_crm::attachment::CancelOn;
use signalbox_crm::event::{Event, Fact};
use signalbox_crm::ids::{EmployeeId, EventId, IdKind, ItemId, RunId};
use signalbox_crm::pipeline::StageKind;
use signalbox_crm::run::{Reason, Run, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::{DbError, RunFilter};

use super::DryRunError;
use super::effects::Chosen;
use super::scene::{Scene, matched};
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};
use crate::engine::trial_ids::named;

/// Waiting runs of one item that are looked at.
const WAITING_MAX: u32 = 200;

/// Something that would happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Following {
    /// `stage-entered`, and so on.
    pub kind: &'static str,
    /// The item.
    pub item: Option<String>,
    /// The robots that it would start, or would have started.
    pub starts: Vec<Started>,
}

/// A run that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Started {
    /// The attachment.
    pub attachment: String,
    /// Its title.
    pub title: String,
    /// Its robot.
    pub robot: String,
    /// Where the run would stand: `available`, `scheduled`, or why it would never start: `cancelled`, `discarded`.
    pub state: RunState,
    /// Why.
    pub reason: Option<Reason>,
    /// More words.
    pub detail: Option<String>,
    /// When it would start.
    pub due_at: Option<Timestamp>,
}

/// A run that would be cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cancelled {
    /// The run.
    pub run: RunId,
    /// Its attachment.
    pub attachment: String,
    /// The attachment's title.
    pub title: String,
    /// When it was due.
    pub due_at: Option<Timestamp>,
}

/// Who would get items that are given to one of a list.
pub(super) async fn choose(core: &SharedCore, draft: &mut Draft) -> Result<Chosen, DbError> {
    if draft.changes.assignments.is_empty() {
        return Ok(Vec::new());
    }
    let stored = core.db.load_turns().await?;
    let lists = draft.changes.assignments.clone();
    let mut taken: BTreeMap<_, BTreeMap<EmployeeId, i64>> = BTreeMap::new();
    for turn in stored {
        taken
            .entry(turn.attachment)
            .or_default()
            .insert(turn.employee, turn.seq);
    }
    let mut chosen = Vec::new();
    for list in lists {
        let turns = taken.entry(list.turns_of).or_default();
        let person = draft.rule(|rules, _| Ok(pick(rules, &list, turns)));
        let person = person.ok().flatten();
        if let Some(person) = person {
            let next = turns.values().max().copied().unwrap_or(0) + 1;
            turns.insert(person, next);
        }
        chosen.push((list.item, person));
    }
    Ok(chosen)
}

/// Puts the chosen people in charge, so that what follows from it follows.
pub(super) fn assign_chosen(draft: &mut Draft, chosen: Chosen) -> Result<(), DraftError> {
    for (item, person) in chosen {
        let staged = draft
            .changes
            .items
            .get(&item.number)
            .map(|staged| staged.row.clone());
        if let (Some(row), Some(person)) = (staged, person) {
            draft.rule(|rules, changes| assign(rules, changes, row, person))?;
        }
    }
    Ok(())
}

/// The runs that wait and belong to a stage which an item would leave.
pub(super) async fn cancelled(core: &SharedCore, draft: &Draft) -> Result<Vec<Cancelled>, DbError> {
    let mut found = Vec::new();
    for new in &draft.changes.facts {
        let (
            Fact::StageEntered {
                pipeline,
                stage,
                from: Some(from),
            },
            Some(item),
        ) = (&new.fact, new.item)
        else {
            continue;
        };
        let directory = &draft.directory;
        let came_from = directory.stages.get(from).map(|stage| stage.pipeline);
        let kind = directory.stages.get(stage).map(|stage| stage.kind);
        let is_over = |cancel_on| match cancel_on {
            CancelOn::LeaveStage => true,
            CancelOn::LeavePipeline => came_from != Some(*pipeline),
            CancelOn::Closed => kind.is_some_and(|kind| kind != StageKind::Open),
            CancelOn::Never => false,
        };
        let waiting = waiting(core, item).await?;
        found.extend(waiting.into_iter().filter(|run| is_over(run.cancel_on)));
    }
    found.sort_by_key(|run| run.id);
    found.dedup_by_key(|run| run.id);
    Ok(found.into_iter().map(|run| shown(draft, run)).collect())
}

async fn waiting(core: &SharedCore, item: ItemId) -> Result<Vec<Run>, DbError> {
    let mut runs = Vec::new();
    for state in [RunState::Scheduled, RunState::Available, RunState::Retryable] {
        let filter = RunFilter {
            state: Some(state),
            item: Some(item.number),
            ..RunFilter::default()
        };
        let found = core.db.runs(&filter, None, WAITING_MAX).await?;
        runs.extend(found.into_iter().map(|found| found.run));
    }
    runs.retain(|run| run.stage_entry.is_some());
    Ok(runs)
}

fn shown(draft: &Draft, run: Run) -> Cancelled {
    let attachment = draft.directory.attachments.get(&run.attachment);
    Cancelled {
        run: run.id,
        attachment: run.attachment.to_string(),
        title: attachment.map(|found| found.title.clone()).unwrap_or_default(),
        due_at: run.due_at,
    }
}

/// What would happen, and what that would start.
pub(super) async fn events(scene: &Scene, draft: &mut Draft) -> Result<Vec<Following>, DryRunError> {
    let facts = draft.changes.facts.clone();
    let run = scene.ready(draft.now).run.id;
    let mut following = Vec::with_capacity(facts.len());
    for new in facts {
        let item = match new.item {
            Some(id) => Some(draft.item(id).await?),
            None => None,
        };
        let event = Event {
            id: EventId(draft.new_id(IdKind::Event)),
            fact: new.fact,
            item: new.item,
            root: scene.event.root,
            depth: scene.event.depth + 1,
            caused_by: Some(run),
            at: draft.now,
        };
        let runs = matched(&scene.directory, &event, item.as_ref(), &scene.ids);
        following.push(Following {
            kind: event.fact.kind().as_str(),
            item: new.item.map(|item| named(&item.to_string())),
            starts: runs.into_iter().map(|run| started(scene, run)).collect(),
        });
    }
    Ok(following)
}

fn started(scene: &Scene, run: Run) -> Started {
    let attachment = scene.directory.attachments.get(&run.attachment);
    Started {
        attachment: named(&run.attachment.to_string()),
        title: attachment.map(|found| found.title.clone()).unwrap_or_default(),
        robot: attachment.map(|found| found.robot.clone()).unwrap_or_default(),
        state: run.state,
        reason: run.reason,
        detail: run.detail.as_deref().map(named),
        due_at: run.due_at,
    }
}
