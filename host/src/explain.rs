//! Why a robot ran or did not run for an item, and how all robots of its stage stand: reads what is stored and lets
//! [`signalbox_crm::explaining::past`] say what it means.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use signalbox_crm::attachment::{Attachment, Moment};
use signalbox_crm::directory::Directory;
use signalbox_crm::explaining::Point;
use signalbox_crm::explaining::past::{self, Standing};
use signalbox_crm::ids::{AttachmentId, ItemId, StageId};
use signalbox_crm::item::Item;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::time::Timestamp;
use signalbox_db::{RunFilter, RunWithEvent};

use crate::engine::core::Core;
use crate::engine::draft::DraftError;

mod reading;

use reading::Life;

/// Runs of an item that are read for all its robots together: the newest.
const RUNS_READ_MAX: u32 = 500;

/// Why one robot ran or did not run for an item.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The item.
    pub item: ItemId,
    /// The attachment.
    pub attachment: AttachmentId,
    /// Its title.
    pub title: String,
    /// Its robot, such as `notify`.
    pub robot: String,
    /// What became of it in the end.
    pub standing: Standing,
    /// Why, in order.
    pub points: Vec<Point>,
}

/// How the robots that concern an item stand.
#[derive(Debug, Clone, Serialize)]
pub struct Automation {
    /// The item.
    pub item: ItemId,
    /// Its stage.
    pub stage: StageId,
    /// Since when.
    pub stage_entered_at: Timestamp,
    /// Those of the stage in list order; then those that wait for events, those with a schedule, and others that have
    /// a run for the item that is not over.
    pub robots: Vec<RobotStanding>,
}

/// How one robot stands.
#[derive(Debug, Clone, Serialize)]
pub struct RobotStanding {
    /// The attachment.
    pub attachment: AttachmentId,
    /// Its title.
    pub title: String,
    /// Its robot, such as `notify`.
    pub robot: String,
    /// Whether it is switched on.
    pub is_enabled: bool,
    /// `stage`, `event`, `schedule` or `manual`.
    pub moment: &'static str,
    /// What became of it.
    #[serde(flatten)]
    pub standing: Standing,
}

/// Why the robot of the attachment ran or did not run for the item.
///
/// # Errors
/// `not-found`; the database.
pub async fn explain(core: &Core, item: ItemId, attachment: AttachmentId) -> Result<Explanation, DraftError> {
    let directory = core.records.directory();
    let found = directory.attachments.get(&attachment).cloned();
    let found = found.ok_or_else(|| Rejection::not_found(attachment))?;
    let mut life = Life::read(core, directory, item).await?;
    let filter = RunFilter {
        item: Some(item.number),
        attachment: Some(attachment),
        ..RunFilter::default()
    };
    let count = u32::try_from(past::MOMENTS_MAX + past::RUNS_MAX).unwrap_or(u32::MAX);
    let runs = core.db.runs(&filter, None, count).await?;
    let known = life.known(&found, runs, usize::MAX).await?;
    let past = life.past(&found, &known);
    Ok(Explanation {
        item,
        attachment,
        title: found.title.clone(),
        robot: found.robot.clone(),
        standing: past::standing(&past),
        points: past::explain(&past),
    })
}

/// How every robot stands that concerns the item where it is now.
///
/// # Errors
/// `not-found`; the database.
pub async fn automation(core: &Core, item: ItemId) -> Result<Automation, DraftError> {
    let directory = core.records.directory();
    let mut life = Life::read(core, Arc::clone(&directory), item).await?;
    let filter = RunFilter {
        item: Some(item.number),
        ..RunFilter::default()
    };
    let runs = core.db.runs(&filter, None, RUNS_READ_MAX).await?;
    let mut by_attachment: BTreeMap<AttachmentId, Vec<RunWithEvent>> = BTreeMap::new();
    for found in runs {
        let own = by_attachment.entry(found.run.attachment).or_default();
        own.push(found);
    }
    let concerned = concerned(&directory, &life.item, &by_attachment);
    let mut robots = Vec::with_capacity(concerned.len());
    for attachment in concerned {
        let own = by_attachment.remove(&attachment.id).unwrap_or_default();
        let known = life.known(&attachment, own, 1).await?;
        robots.push(RobotStanding {
            attachment: attachment.id,
            title: attachment.title.clone(),
            robot: attachment.robot.clone(),
            is_enabled: attachment.is_enabled,
            moment: word_of(&attachment.moment),
            standing: past::standing(&life.past(&attachment, &known)),
        });
    }
    Ok(Automation {
        item,
        stage: life.item.stage,
        stage_entered_at: life.item.stage_entered_at,
        robots,
    })
}

fn word_of(moment: &Moment) -> &'static str {
    match moment {
        Moment::Stage { .. } => "stage",
        Moment::Event { .. } => "event",
        Moment::Schedule { .. } => "schedule",
        Moment::Manual => "manual",
    }
}

/// The attachments that concern the item where it is now, in the order in which they are shown.
fn concerned(
    directory: &Directory,
    item: &Item,
    runs: &BTreeMap<AttachmentId, Vec<RunWithEvent>>,
) -> Vec<Arc<Attachment>> {
    let mut ordered: Vec<&Arc<Attachment>> = directory.attachments.values().collect();
    ordered.sort_by_key(|attachment| (attachment.sort, attachment.id));
    let is_open = |id| {
        let own = runs.get(&id).into_iter().flatten();
        own.into_iter().any(|found| !found.run.state.is_final())
    };
    let fits = |pipeline: Option<_>, stage: Option<StageId>| {
        pipeline.is_none_or(|id| id == item.pipeline) && stage.is_none_or(|id| id == item.stage)
    };
    let place = |attachment: &Attachment| match &attachment.moment {
        Moment::Stage { stage } if *stage == item.stage => Some(0),
        Moment::Event { pipeline, stage, .. } if fits(*pipeline, *stage) => Some(1),
        Moment::Schedule {
            items: Some(query), ..
        } if fits(Some(query.pipeline), query.stage) => Some(2),
        _ if is_open(attachment.id) => Some(3),
        _ => None,
    };
    let mut found: Vec<(i32, Arc<Attachment>)> = ordered
        .into_iter()
        .filter_map(|attachment| Some((place(attachment)?, Arc::clone(attachment))))
        .collect();
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, attachment)| attachment).collect()
}
