//! Triggers: attachments of `move-stage` to an event. Of several, the one that sets the earlier stage wins.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::MOVE_STAGE;
use crate::attachment::{Attachment, Moment, Timing};
use crate::directory::Directory;
use crate::ids::AttachmentId;
use crate::item::Item;
use crate::pipeline::Stage;

/// The triggers that another one beats, with the sentence for their runs.
pub(super) struct Triggers {
    lost: BTreeMap<AttachmentId, String>,
}

impl Triggers {
    /// Only triggers that could move the item now compete. One that may not, because its condition is false or its
    /// stage lies behind, keeps its run, which says so.
    pub(super) fn of(directory: &Directory, matched: &[Arc<Attachment>], item: Option<&Item>) -> Triggers {
        let mut able: Vec<(&Attachment, &Stage)> = Vec::new();
        if let Some(item) = item {
            let targets = matched.iter().filter_map(|attachment| {
                target(directory, attachment).map(|stage| (attachment.as_ref(), stage))
            });
            able.extend(targets.filter(|(attachment, stage)| can_move(directory, attachment, stage, item)));
        }
        able.sort_by_key(|(_, stage)| (stage.sort, stage.id));
        let Some((winner, first)) = able.first().copied() else {
            return Triggers {
                lost: BTreeMap::new(),
            };
        };
        let losers = able.iter().filter(|(_, stage)| stage.id != first.id);
        let sentence = |stage: &Stage| {
            format!(
                "stage `{}` comes after `{}`, to which {} moves",
                stage.key, first.key, winner.id
            )
        };
        Triggers {
            lost: losers
                .map(|(attachment, stage)| (attachment.id, sentence(stage)))
                .collect(),
        }
    }

    /// Why the attachment's run does not happen, if another trigger beats it.
    pub(super) fn lost(&self, id: AttachmentId) -> Option<String> {
        self.lost.get(&id).cloned()
    }
}

/// The stage to which a trigger moves.
fn target<'a>(directory: &'a Directory, attachment: &Attachment) -> Option<&'a Stage> {
    if attachment.robot != MOVE_STAGE || !matches!(attachment.moment, Moment::Event { .. }) {
        return None;
    }
    let id = attachment.params.get("stage")?.as_str()?.parse().ok()?;
    directory.stages.get(&id).map(Arc::as_ref)
}

fn can_move(directory: &Directory, attachment: &Attachment, stage: &Stage, item: &Item) -> bool {
    let place = directory.stages.get(&item.stage).map(|own| (own.sort, own.id));
    let is_ahead = place.is_some_and(|own| own < (stage.sort, stage.id));
    let allows_back = attachment
        .params
        .get("allow-back")
        .is_some_and(|value| value == true);
    attachment.timing == Timing::Now
        && stage.pipeline == item.pipeline
        && stage.id != item.stage
        && (is_ahead || allows_back)
        && directory.robots.contains_key(&attachment.digest)
        && attachment.condition.check(item).is_ok()
}
