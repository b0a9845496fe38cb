//! Where the committer meets other hosts that share the database: what they have changed, and what they have to know.

use std::sync::Arc;

use signalbox_crm::ids::AttachmentId;
use signalbox_crm::shard::shard_of;
use signalbox_db::{Batch, Check, DbError, StaleRead};

use crate::engine::changes::Topic;
use crate::engine::core::Core;
use crate::engine::fair::classes;
use crate::engine::plan::{Memory, Outcome};
use crate::engine::recent::RecordKey;
use crate::engine::shards::shard_of_run;

/// What other hosts have changed: what was read, and the queues in which they gave turns.
pub(super) fn changed_elsewhere(
    outcome: &Outcome,
    stale: &[StaleRead],
) -> (Vec<RecordKey>, Vec<AttachmentId>) {
    let (mut keys, mut queues) = (Vec::new(), Vec::new());
    for read in stale {
        match read {
            StaleRead::Directory => keys.push(RecordKey::Directory),
            StaleRead::Check(place) => {
                keys.extend(outcome.check_keys.get(*place).copied().flatten());
                if let Some(Check::Turn(queue, _)) = outcome.batch.checks.get(*place) {
                    queues.push(*queue);
                }
            }
        }
    }
    (keys, queues)
}

/// Makes visible here what other hosts have changed.
pub(super) async fn meet_others(
    core: &Core,
    memory: &mut Memory,
    mut keys: Vec<RecordKey>,
    queues: &[AttachmentId],
) -> Result<(), DbError> {
    if keys.contains(&RecordKey::Directory) {
        keys.retain(|key| *key != RecordKey::Directory);
        refresh(core).await?;
    }
    core.records.changed_elsewhere(keys, None);
    if !queues.is_empty() {
        memory.know(&core.db.load_turns().await?);
    }
    Ok(())
}

/// Reads the set-up anew, which another host may have changed.
pub(super) async fn refresh(core: &Core) -> Result<(), DbError> {
    let directory = Arc::new(core.db.load_directory().await?);
    if directory.version != core.records.directory().version {
        core.lanes.set_classes(classes(&directory, core.worker_count));
        core.records
            .changed_elsewhere(vec![RecordKey::Directory], Some(directory));
        core.changes.tell(core.records.seq(), [Topic::SetUp].into());
        // A schedule may be new.
        core.alarm.ring_for(core.clock.now());
    }
    Ok(())
}

/// Whether another host has to look: at what is due, or at what leaves the house.
pub(super) fn is_for_others(core: &Core, batch: &Batch) -> bool {
    let (shards, directory) = (core.shards.owned(), core.records.directory());
    let owns = |number: i64| shards.contains(shard_of(number));
    let is_delivery = batch.deliveries.iter().any(|delivery| !owns(delivery.channel.0));
    let is_request = batch
        .requests
        .iter()
        .any(|request| !shards.contains(request.shard()));
    is_delivery
        || is_request
        || !batch.directory.is_empty()
        || !batch.bulks_new.is_empty()
        || !batch.deliveries_again.is_empty()
        || !batch.requests_again.is_empty()
        || !batch.run_changes.is_empty()
        || !batch.rescheduled.is_empty()
        || !batch.resumed.is_empty()
        || batch.timers.iter().any(|timer| !owns(timer.item.number))
        || batch
            .runs
            .iter()
            .any(|run| !shards.contains(shard_of_run(run, &directory)))
}
