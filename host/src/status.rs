//! How the host stands, for those who keep it running: figures, and one line for each problem with what to do.

use std::time::Duration;

use serde::Serialize;
use signalbox_crm::attachment::Attachment;
use signalbox_crm::bulk::Bulk;
use signalbox_crm::ids::{AttachmentId, BulkId};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Blocker, COUNT_MAX, DbError, HostRow, Standing, Storage};
use utoipa::ToSchema;

use crate::engine::breakers::{Paused, label};
use crate::engine::clock_watch::ClockStep;
use crate::engine::core::Core;
use crate::engine::denials::Denied;
use crate::engine::lanes::figures::{LaneFigures, Waiting, describe};
use crate::engine::robots::Robots;

mod problems;
#[cfg(test)]
mod tests;

pub use problems::{Finding, Problem};

/// What failed is counted for so long.
const LATELY: Duration = Duration::from_secs(24 * 60 * 60);
/// Bulk changes that are shown.
const BULKS_MAX: u32 = 10;
/// Attachments that are named; the rest is in the counts.
const WAITING_MAX: usize = 10;

/// How the host stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Status)]
pub struct Status {
    host: HostView,
    /// All hosts that work with this database, the oldest first; none with SQLite, which has one.
    hosts: Vec<SharingHostView>,
    database: DatabaseView,
    lanes: LanesView,
    runs: RunsView,
    /// Bulk changes that go on, oldest first: ten at most.
    bulk: Vec<BulkView>,
    outbox: QueueView,
    /// What robots ask of services outside.
    requests: QueueView,
    intake: QueueView,
    robots: RobotsView,
    /// What somebody should look at; empty when all is well.
    problems: Vec<Problem>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct HostView {
    version: &'static str,
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// Runs that are executed at the same time.
    worker_count: u32,
    /// The last time since the start that the machine's clock was set, or the machine slept, by ten seconds or more.
    clock_step: Option<ClockStep>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct DatabaseView {
    /// `sqlite` or `postgres`.
    kind: &'static str,
    size_bytes: u64,
    /// SQLite: what is committed and not yet in the file.
    wal_bytes: Option<u64>,
    /// PostgreSQL: the age of the oldest open transaction that the host may see.
    oldest_transaction_s: Option<u64>,
    /// Changes that wait for the committer.
    commits_waiting: usize,
    /// How long the commit under way takes; none when there is none.
    commit_s: Option<u64>,
    /// PostgreSQL: the session that this commit waits for.
    blocked_by: Option<String>,
    /// Whether the last change found no room.
    is_full: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct LanesView {
    /// Runs and messages in memory that wait or are being worked on.
    backlog: usize,
    /// From here on more work is refused with 429.
    backlog_max: usize,
    /// Being worked on.
    busy: usize,
    /// Items and chats that wait for a worker.
    ready: usize,
    /// Attachments with runs that wait, the most first: ten at most.
    waiting: Vec<WaitingView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct WaitingView {
    #[schema(value_type = String)]
    attachment: AttachmentId,
    title: Option<String>,
    robot: Option<String>,
    run_count: usize,
    /// What holds them back besides other work.
    held_by: Option<String>,
}

/// How far a bulk change is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BulkProgress)]
struct BulkView {
    #[schema(value_type = String)]
    id: BulkId,
    /// Items that had their turn.
    seen_count: i64,
    /// Items that fitted when it was asked for.
    matched_count: i64,
    refused_count: i64,
}

/// Runs by state. Each count ends at 100,000; final runs are not counted.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct RunsView {
    available: u32,
    /// Wait for their time.
    scheduled: u32,
    /// Failed, and wait for their next attempt.
    retryable: u32,
    /// Wait for another run.
    after_previous: u32,
    /// Discarded in the last 24 hours: the dead letters among runs.
    discarded_24h: u32,
    /// The due time of the oldest run that is due and has not run.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_due_at: Option<Timestamp>,
    /// How late that one is.
    late_s: u64,
    /// Counting ended at 100,000 somewhere.
    is_capped: bool,
}

/// A host that works with this database.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SharingHost)]
struct SharingHostView {
    /// Grows with each start.
    number: i64,
    name: String,
    version: String,
    /// By the database's clock.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// Of 256, over which the work is spread.
    shards: i64,
    /// How long its lease stands without another sign of life. Others take its place at 0.
    lease_s: f64,
    /// The host that answers.
    is_this: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct QueueView {
    /// Wait: client messages or requests of robots to be sent, or webhooks to be processed.
    waiting: u32,
    /// When the first of them was due, or came.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_at: Option<Timestamp>,
    /// Given up in the last 24 hours; webhooks: given up, and not dealt with.
    dead_24h: u32,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct RobotsView {
    /// Components in memory.
    loaded: usize,
    /// Whether instances come from a pool that was allocated at the start.
    is_pooled: bool,
    /// Versions that failed on many items, and whose runs wait.
    paused: Vec<PausedView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PausedRobot)]
struct PausedView {
    digest: String,
    /// `notify@1.0.0`.
    robot: String,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When one of its runs may try.
    #[schema(value_type = String, format = DateTime)]
    probe_at: Timestamp,
    /// Runs that tried since, and failed.
    failed_probe_count: u32,
}

/// What the problems are judged by.
struct Seen<'a> {
    now: Timestamp,
    clock_step: Option<ClockStep>,
    lanes: &'a LaneFigures,
    backlog_max: usize,
    standing: &'a Standing,
    storage: &'a Storage,
    storing: StoringNow,
    commits_waiting: usize,
    waiting: &'a [WaitingView],
    paused: &'a [PausedView],
    denied: &'a [(&'a Attachment, Denied)],
}

/// How storing goes now.
#[derive(Debug, Clone, Default)]
struct StoringNow {
    commit_s: Option<u64>,
    blocker: Option<Blocker>,
    is_full: bool,
}

async fn storing_now(core: &Core, now: Timestamp) -> Result<StoringNow, DbError> {
    let commit_s = core.storing.since().map(|since| now.since(since).as_secs());
    let blocker = match commit_s {
        Some(1..) => core.db.blocker().await?,
        Some(0) | None => None,
    };
    Ok(StoringNow {
        commit_s,
        blocker,
        is_full: core.storing.is_full(),
    })
}

/// Asks the database and the engine. Cheap: no table is read from end to end.
///
/// # Errors
/// The database.
pub async fn status(core: &Core, robots: &Robots) -> Result<Status, DbError> {
    let now = core.clock.now();
    let since = Timestamp::from_micros(now.micros() - LATELY.as_micros() as i64);
    let standing = core.db.standing(since).await?;
    let storage = core.db.storage().await?;
    let storing = storing_now(core, now).await?;
    let lanes = core.lanes.figures();
    let waiting: Vec<WaitingView> = lanes
        .waiting
        .iter()
        .take(WAITING_MAX)
        .map(|row| named(core, row))
        .collect();
    let paused = paused_views(core);
    let clock_step = core.clock_watch.step();
    let directory = core.records.directory();
    let denied = core
        .denials
        .standing(directory.attachments.values().map(AsRef::as_ref));
    let problems = problems::find(&Seen {
        now,
        clock_step,
        lanes: &lanes,
        backlog_max: core.backlog_max,
        standing: &standing,
        storage: &storage,
        storing: storing.clone(),
        commits_waiting: core.commits_waiting(),
        waiting: &waiting,
        paused: &paused,
        denied: &denied,
    });
    let hosts = core.db.hosts().await?;
    let hosts = hosts.into_iter().map(|row| sharing_host(core, row)).collect();
    Ok(Status {
        hosts,
        host: HostView {
            version: env!("CARGO_PKG_VERSION"),
            now,
            started_at: core.started_at,
            worker_count: core.worker_count,
            clock_step,
        },
        database: DatabaseView {
            kind: if storage.is_postgres { "postgres" } else { "sqlite" },
            size_bytes: storage.size_bytes,
            wal_bytes: storage.wal_bytes,
            oldest_transaction_s: storage.oldest_transaction_s,
            commits_waiting: core.commits_waiting(),
            commit_s: storing.commit_s,
            blocked_by: storing.blocker.map(|blocker| blocker.to_string()),
            is_full: storing.is_full,
        },
        lanes: LanesView {
            backlog: lanes.open_count,
            backlog_max: core.backlog_max,
            busy: lanes.busy_count,
            ready: lanes.ready_count,
            waiting,
        },
        runs: runs_view(&standing, now),
        bulk: bulk_views(core).await?,
        outbox: QueueView {
            waiting: standing.outbox_count,
            oldest_at: standing.outbox_due_at,
            dead_24h: standing.dead_count,
        },
        requests: QueueView {
            waiting: standing.request_count,
            oldest_at: standing.request_due_at,
            dead_24h: standing.dead_request_count,
        },
        intake: QueueView {
            waiting: standing.inbound_count,
            oldest_at: standing.inbound_since,
            dead_24h: standing.inbound_failed_count,
        },
        robots: RobotsView {
            loaded: robots.loaded_count(),
            is_pooled: robots.sandbox().is_pooled(),
            paused,
        },
        problems,
    })
}

async fn bulk_views(core: &Core) -> Result<Vec<BulkView>, DbError> {
    let open = core.db.open_bulks(BULKS_MAX).await?;
    let view = |bulk: Bulk| BulkView {
        id: bulk.id,
        seen_count: bulk.seen_count(),
        matched_count: bulk.matched_count,
        refused_count: bulk.refused_count,
    };
    Ok(open.into_iter().map(view).collect())
}

fn sharing_host(core: &Core, row: HostRow) -> SharingHostView {
    SharingHostView {
        is_this: row.id == core.db.host(),
        number: row.id,
        name: row.name,
        version: row.release,
        since: row.started_at,
        shards: row.shard_count,
        lease_s: (row.lease_us / 100_000) as f64 / 10.0,
    }
}

fn paused_views(core: &Core) -> Vec<PausedView> {
    let directory = core.records.directory();
    let view = |Paused { digest, pause }| PausedView {
        robot: label(&directory, &digest),
        digest,
        since: pause.since,
        probe_at: pause.probe_at,
        failed_probe_count: pause.failed_probe_count,
    };
    core.breakers.paused().into_iter().map(view).collect()
}

fn runs_view(standing: &Standing, now: Timestamp) -> RunsView {
    let oldest = oldest_due_at(standing, now);
    let counts = [
        standing.available_count,
        standing.timed_count,
        standing.after_previous_count,
    ];
    RunsView {
        available: standing.available_count,
        scheduled: standing.timed_count.saturating_sub(standing.retryable_count),
        retryable: standing.retryable_count,
        after_previous: standing.after_previous_count,
        discarded_24h: standing.discarded_count,
        oldest_due_at: oldest,
        late_s: late_s(oldest, now),
        is_capped: counts.contains(&COUNT_MAX),
    }
}

/// The due time of the oldest run that could run now.
fn oldest_due_at(standing: &Standing, now: Timestamp) -> Option<Timestamp> {
    let due = standing.next_due_at.filter(|at| *at <= now);
    due.into_iter().chain(standing.available_since).min()
}

fn late_s(since: Option<Timestamp>, now: Timestamp) -> u64 {
    since.map_or(0, |since| now.since(since).as_secs())
}

fn named(core: &Core, row: &Waiting) -> WaitingView {
    let directory = core.records.directory();
    let attachment = directory.attachments.get(&row.attachment);
    WaitingView {
        attachment: row.attachment,
        title: attachment.map(|attachment| attachment.title.clone()),
        robot: attachment.map(|attachment| attachment.robot.clone()),
        run_count: row.run_count,
        held_by: row
            .held_by
            .as_ref()
            .map(|(gate, count_max)| describe(gate, *count_max).english()),
    }
}
