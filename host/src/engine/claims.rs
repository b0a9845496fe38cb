//! Takes up what waits in the database for this host: what it had no room for, what other hosts have made for it, what
//! a host left that is gone, and after a start everything that was not finished.

use std::sync::Arc;
use std::time::Duration;

use signalbox_crm::people::Actor;
use signalbox_db::RunWithEvent;

use super::committer::Proposal;
use super::core::SharedCore;
use super::draft::DraftError;
use super::lanes::ReadyRun;

/// Rows that are claimed in one commit.
const PAGE: u32 = 1000;
/// How long what another host has made waits at most, when its word is lost.
const POLL: Duration = Duration::from_secs(1);
/// The pause before memory is looked at again that was full.
const ROOM_PAUSE: Duration = Duration::from_millis(20);
/// Pause after an error of the database.
const ERROR_PAUSE: Duration = Duration::from_secs(1);

/// Claims for ever.
pub async fn run(core: SharedCore) {
    loop {
        let pause = match claim(&core).await {
            Ok(()) if core.shards.is_behind() => ROOM_PAUSE,
            Ok(()) => POLL,
            Err(error) => {
                tracing::error!(error = %error, "What waits in the database cannot be taken up: {error}");
                ERROR_PAUSE
            }
        };
        let to_claim = core.shards.to_claim.notified();
        match core.db.is_shared() || core.shards.is_behind() {
            // Whatever comes first.
            true => drop(tokio::time::timeout(pause, to_claim).await),
            false => to_claim.await,
        }
    }
}

/// Takes up what there is, as far as there is room.
///
/// # Errors
/// The database.
pub async fn claim(core: &SharedCore) -> Result<(), DraftError> {
    loop {
        let left_count = core.shards.left_count();
        let room = core.backlog_max.saturating_sub(core.lanes.open_count());
        let limit = PAGE.min(u32::try_from(room).unwrap_or(PAGE));
        if limit == 0 {
            core.shards.fall_behind();
            return Ok(());
        }
        let shards = core.shards.owned();
        let runs = core.db.unclaimed_runs(&shards, limit).await?;
        let inbound = core.db.unclaimed_inbound(&shards, limit).await?;
        let is_all = runs.len().max(inbound.len()) < limit as usize;
        if runs.is_empty() && inbound.is_empty() && !core.shards.is_behind() {
            return Ok(());
        }
        // Also when there is nothing to take: only the committer knows what it is about to leave behind.
        let mut proposal = Proposal::new(core.clock.now(), Actor::System);
        proposal.claims = runs.into_iter().map(ready).collect();
        proposal.inbound_claims = inbound;
        proposal.claims_all = is_all.then_some(left_count);
        core.submit(proposal).await?;
        if is_all && !core.shards.is_behind() {
            return Ok(());
        }
    }
}

fn ready(RunWithEvent { run, event }: RunWithEvent) -> ReadyRun {
    let event = Arc::new(event);
    ReadyRun { run, event }
}
