//! This host among those that share a PostgreSQL database: it keeps its lease, takes and gives shards, notices what
//! others have done, and begins anew when another host has taken its place.
//!
//! None of this is needed for correctness: a commit of a host that has lost its place, or that has read something old,
//! is refused by the database. It decides who does the work, and how soon.

use std::time::{Duration, Instant};

use signalbox_crm::people::Actor;
use signalbox_crm::shard::{SHARD_COUNT, ShardSet};
use signalbox_db::{DbError, HostStanding, LEASE, Listener};
use tokio::time::{sleep, timeout};

use super::changes::Topic;
use super::committer::{CommitError, Proposal, Request};
use super::core::SharedCore;
use super::lanes::Hold;
use super::tidings::Word;
use crate::clock::random_bytes;

/// From one sign of life to the next: five in a lease.
const RENEWAL: Duration = Duration::from_secs(2);
/// How long a sign of life may take.
const RENEWAL_MAX: Duration = Duration::from_secs(3);
/// A host whose last sign of life is older starts nothing more: the others will soon take its place. Less than the
/// lease by what a run may still take on its way to the commit.
const SELF_FENCE: Duration = Duration::from_secs(7);
/// Words to others are gathered for so long.
const TELL_PAUSE: Duration = Duration::from_millis(20);
/// How long shards that are given away may still be worked on.
const HANDOVER_MAX: Duration = Duration::from_secs(2);
const HANDOVER_PAUSE: Duration = Duration::from_millis(10);
/// Pause after an error of the database.
const ERROR_PAUSE: Duration = Duration::from_millis(500);

const _: () = assert!(SELF_FENCE.as_secs() < LEASE.as_secs());

/// Keeps this host's place for ever.
pub async fn run(core: SharedCore) {
    let mut confirmed_at = Instant::now();
    let mut fence: Option<Hold<'_>> = None;
    loop {
        let asked_at = Instant::now();
        let pause = match timeout(RENEWAL_MAX, core.db.renew_lease()).await {
            Ok(Ok(standing)) => {
                if fence.take().is_some() {
                    tracing::info!("The lease of this host stands again");
                }
                confirmed_at = asked_at;
                follow(&core, standing).await;
                jittered(RENEWAL)
            }
            Ok(Err(DbError::Ousted)) => {
                fence.get_or_insert_with(|| core.lanes.hold());
                begin_anew(&core).await;
                Duration::ZERO
            }
            failed => {
                let why = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => format!("no answer in {RENEWAL_MAX:?}"),
                };
                tracing::error!("The lease of this host cannot be renewed: {why}");
                ERROR_PAUSE
            }
        };
        if confirmed_at.elapsed() > SELF_FENCE && fence.is_none() {
            tracing::error!("This host starts nothing more until its lease stands again");
            fence = Some(core.lanes.hold());
        }
        sleep(pause).await;
    }
}

/// Tells the others, a few times a second at most, what there is to look for and what was written.
pub async fn tell(core: SharedCore) {
    loop {
        core.tidings.to_tell.notified().await;
        sleep(TELL_PAUSE).await;
        // They look by themselves once in a while. A connection that hangs must not keep the lease from its turn.
        let words = core.tidings.take(core.db.host());
        let told = timeout(RENEWAL_MAX, core.db.tell_others(&words)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::debug!("Other hosts cannot be told");
        }
    }
}

/// Looks when other hosts say that there is something to look for, and passes on what they have written.
pub async fn listen(core: SharedCore) {
    loop {
        match core.db.listen().await {
            Ok(Some(listener)) => hear(&core, listener).await,
            Ok(None) => return,
            Err(_) => sleep(ERROR_PAUSE).await,
        }
    }
}

async fn hear(core: &SharedCore, mut listener: Listener) {
    while let Ok(heard) = listener.heard().await {
        let mut word = heard.map_or_else(Word::unknown, |text| Word::parse(&text));
        if word.from == Some(core.db.host()) {
            continue;
        }
        if word.topics.remove(&Topic::SetUp) {
            refresh(core);
        }
        if word.is_work {
            look(core);
        }
        core.changes.tell(core.records.seq(), word.topics);
    }
}

/// Fetches numbers before they run out.
pub async fn supply_ids(core: SharedCore) {
    loop {
        core.ids.low().await;
        let refilled = timeout(RENEWAL_MAX, core.ids.refill(&core.db)).await;
        if !matches!(refilled, Ok(Ok(()))) {
            tracing::error!("No numbers for new rows can be had now");
            sleep(ERROR_PAUSE).await;
            // What is still low is fetched at the next try.
            core.ids.ring();
        }
    }
}

/// There may be something for this host that it has not made itself.
fn look(core: &SharedCore) {
    core.shards.to_claim.notify_one();
    core.alarm.ring_for(core.clock.now());
    core.outbox_changed.notify_one();
    core.requests_changed.notify_one();
    core.bulk_changed.notify_one();
}

/// Reads the set-up anew. A full queue means that commits go on, which notice it as well.
fn refresh(core: &SharedCore) {
    drop(core.requests.try_send(Request::Refresh));
}

/// Takes over what the lease says.
pub async fn follow(core: &SharedCore, standing: HostStanding) {
    if core.shards.set(standing.shards, standing.host_count) {
        let count = standing.shards.len();
        tracing::info!("This host works on {count} of {SHARD_COUNT} shards");
        look(core);
    }
    if standing.directory_version > core.records.directory().version {
        refresh(core);
    }
    if standing.host_count > 1
        && let Err(error) = core.breakers.follow(&core.db).await
    {
        tracing::error!(error = %error, "The pauses of robots cannot be read: {error}");
    }
    if standing.shards.len() > standing.share {
        let given: ShardSet = standing.shards.iter().skip(standing.share).collect();
        if let Err(error) = give(core, standing, given).await {
            tracing::error!(error = %error, "Shards cannot be given to another host: {error}");
        }
    }
}

/// Gives shards away: nothing of them starts any more, what is under way ends, and what waits is left to others.
async fn give(core: &SharedCore, standing: HostStanding, given: ShardSet) -> Result<(), CommitError> {
    core.shards
        .set(standing.shards.without(&given), standing.host_count);
    core.lanes.forget_shards(&given, &core.records.directory());
    let begun_at = Instant::now();
    while core.lanes.is_busy(&given) && begun_at.elapsed() < HANDOVER_MAX {
        sleep(HANDOVER_PAUSE).await;
    }
    let mut proposal = Proposal::new(core.clock.now(), Actor::System);
    proposal.released = Some(given);
    core.submit(proposal).await?;
    // What was being stored when the first look was taken.
    core.lanes.forget_shards(&given, &core.records.directory());
    core.tidings.add(true, []);
    Ok(())
}

/// Another host has taken this one's place: it forgets all that waits, and what it has in memory. What is under way
/// goes on, and is not stored.
pub fn forget_all(core: &SharedCore) {
    core.shards.set(ShardSet::default(), core.shards.host_count());
    core.lanes
        .forget_shards(&ShardSet::ALL, &core.records.directory());
    core.records.forget_items();
}

/// Another host has taken this one's place: it comes back as a new one.
async fn begin_anew(core: &SharedCore) {
    tracing::warn!(
        "Another host has taken the place of this one, which was away for too long: it begins anew"
    );
    forget_all(core);
    let come_back = timeout(RENEWAL_MAX + RENEWAL, core.db.rejoin()).await;
    if !matches!(come_back, Ok(Ok(_))) {
        tracing::error!("This host cannot come back yet");
        sleep(ERROR_PAUSE).await;
    }
}

/// A tenth more or less, so that hosts which started together do not ask together.
fn jittered(pause: Duration) -> Duration {
    let [byte] = random_bytes();
    pause.mul_f64(0.9 + 0.2 * f64::from(byte) / f64::from(u8::MAX))
}
