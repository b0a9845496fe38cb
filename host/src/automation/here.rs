//! "Run for the 37 deals that are already here?": robots of stages for the items that stand in them.

use serde::Serialize;
use signalbox_crm::automation::AutomationId;
use signalbox_crm::bulk::{Bulk, BulkChange, BulkFilter, BulkState, check_bulk};
use signalbox_crm::directory::Directory;
use signalbox_crm::ids::{AttachmentId, BulkId, EmployeeId, IdKind, ItemId, PipelineId, StageId};
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::said;
use signalbox_db::{ItemFilter, ItemPage};
use utoipa::ToSchema;

use super::AutomationError;
use crate::engine::bulk::OPEN_MAX;
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};

/// Items that a preview names for each stage: enough to recognise what is meant.
const NAMED_MAX: u32 = 5;

/// For how many items robots would run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HerePreview {
    /// Open items in all these stages.
    pub item_count: i64,
    /// Runs that would be made: one for each item and robot.
    pub run_count: i64,
    /// The stages, from the left.
    pub stages: Vec<HereStage>,
}

/// A stage with robots that would run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HereStage {
    /// The stage.
    #[schema(value_type = String)]
    pub stage: StageId,
    /// Its key.
    pub key: String,
    /// The robots, in list order.
    #[schema(value_type = Vec<String>)]
    pub attachments: Vec<AttachmentId>,
    /// Open items that stand in it.
    pub item_count: i64,
    /// The first five of them.
    pub items: Vec<HereItem>,
}

/// An item of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HereItem {
    /// Its id.
    #[schema(value_type = String)]
    pub item: ItemId,
    /// Its title.
    pub title: String,
}

/// Says for how many items robots of stages would run, and names some. Conditions are decided when a run is due.
///
/// # Errors
/// `invalid`, `not-found`: as [`bulk_for`]; the database.
pub async fn preview(
    core: &SharedCore,
    automation: AutomationId,
    attachments: &[AttachmentId],
) -> Result<HerePreview, AutomationError> {
    let draft = Draft::new(core, Actor::System);
    let (pipeline, change) = change_for(&draft, automation, attachments)?;
    let directory = &draft.directory;
    let mut stages = Vec::new();
    for stage in directory.stages_of(pipeline) {
        let chosen = change.started_in(directory, stage.id);
        if chosen.is_empty() {
            continue;
        }
        let filter = ItemFilter {
            stage: Some(stage.id),
            ..items_of(pipeline)
        };
        let item_count = core.db.item_count(&filter).await.map_err(DraftError::from)?;
        let first = core.db.items(&filter, ItemPage::Number(None), NAMED_MAX).await;
        let first = first.map_err(DraftError::from)?;
        stages.push(HereStage {
            stage: stage.id,
            key: stage.key.clone(),
            attachments: chosen,
            item_count,
            items: first
                .into_iter()
                .map(|item| HereItem {
                    item: item.id,
                    title: item.title,
                })
                .collect(),
        });
    }
    let runs = stages
        .iter()
        .map(|stage| stage.item_count * stage.attachments.len() as i64);
    Ok(HerePreview {
        item_count: stages.iter().map(|stage| stage.item_count).sum(),
        run_count: runs.sum(),
        stages,
    })
}

/// Starts robots of stages for the open items that stand in them now: one bulk change, done in pieces while there is
/// room. Each item has its turn once, and its robots start in list order, at once, as by hand.
///
/// # Errors
/// As [`bulk_for`].
pub async fn start(
    core: &SharedCore,
    actor: &Actor,
    automation: AutomationId,
    attachments: &[AttachmentId],
) -> Result<Bulk, AutomationError> {
    let by = match actor {
        Actor::Employee(id) => Some(*id),
        Actor::Robot { .. } | Actor::Channel(_) | Actor::System => None,
    };
    let mut left = super::CONFLICTS_MAX;
    loop {
        let draft = Draft::new(core, actor.clone());
        let bulk = bulk_for(core, &draft, by, automation, attachments).await?;
        let mut proposal = draft.into_proposal();
        proposal.bulk = Some((None, bulk.clone()));
        match core.submit(proposal).await {
            Ok(_) => return Ok(bulk),
            Err(error) if error.is_conflict() && left > 0 => left -= 1,
            Err(error) => return Err(DraftError::from(error).into()),
        }
    }
}

/// The bulk change, for a draft that stores it.
///
/// # Errors
/// `invalid` for the general automation, and for robots that do not belong to a stage of the pipeline or are switched
/// off; `not-found`; `conflict` when too many bulk changes are open; the database.
pub async fn bulk_for(
    core: &SharedCore,
    draft: &Draft,
    by: Option<EmployeeId>,
    automation: AutomationId,
    attachments: &[AttachmentId],
) -> Result<Bulk, AutomationError> {
    let (pipeline, change) = change_for(draft, automation, attachments)?;
    let open = core.db.open_bulks(OPEN_MAX).await.map_err(DraftError::from)?;
    if open.len() >= OPEN_MAX as usize {
        let message = said!(
            "{max} bulk changes are open, and more are not possible",
            max = OPEN_MAX
        );
        return Err(Rejection::new(Code::Conflict, message).into());
    }
    let filter = narrow(&draft.directory, pipeline, &change);
    let items = ItemFilter {
        stage: filter.stage,
        ..items_of(pipeline)
    };
    let matched_count = core.db.item_count(&items).await.map_err(DraftError::from)?;
    let until = core.db.last_item_number().await.map_err(DraftError::from)?;
    Ok(Bulk {
        id: BulkId(draft.new_id(IdKind::Bulk)),
        version: 1,
        state: BulkState::Open,
        filter,
        change,
        by,
        matched_count,
        until,
        cursor: 0,
        changed_count: 0,
        passed_count: 0,
        refused_count: 0,
        refusals: Vec::new(),
        created_at: draft.now,
        finished_at: None,
    })
}

fn change_for(
    draft: &Draft,
    automation: AutomationId,
    attachments: &[AttachmentId],
) -> Result<(PipelineId, BulkChange), Rejection> {
    let AutomationId::Pipeline(pipeline) = automation else {
        let message = said!("robots that belong to no pipeline have no stage in which items could stand");
        return Err(Rejection::invalid(message));
    };
    let change = BulkChange::Start {
        attachments: attachments.to_vec(),
    };
    check_bulk(&draft.directory, &of_pipeline(pipeline), &change)?;
    Ok((pipeline, change))
}

fn of_pipeline(pipeline: PipelineId) -> BulkFilter {
    BulkFilter {
        pipeline,
        stage: None,
        assignee: None,
    }
}

/// Only the stage, if all robots are in one: otherwise all items of the pipeline have their turn.
fn narrow(directory: &Directory, pipeline: PipelineId, change: &BulkChange) -> BulkFilter {
    let stages = directory.stages_of(pipeline).into_iter();
    let own = stages.filter(|stage| !change.started_in(directory, stage.id).is_empty());
    let mut own = own.map(|stage| stage.id);
    let first = own.next();
    BulkFilter {
        stage: first.filter(|_| own.next().is_none()),
        ..of_pipeline(pipeline)
    }
}

fn items_of(pipeline: PipelineId) -> ItemFilter {
    ItemFilter {
        pipeline: Some(pipeline),
        is_open: Some(true),
        ..ItemFilter::default()
    }
}
