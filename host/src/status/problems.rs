//! What somebody should look at.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Seen, StoringNow, late_s, oldest_due_at};
use crate::engine::clock_watch::ClockStep;

/// A run that is due and has not run for so long is late: a hundred times what a busy host needs.
const RUN_LATE_S: u64 = 60;
/// A client message that is due for so long is late. Between attempts it is not due.
const DELIVERY_LATE_S: u64 = 600;
/// A request of a robot that is due for so long is late: one attempt takes a minute at most.
const REQUEST_LATE_S: u64 = 600;
/// A webhook that is stored and not processed for so long.
const INBOUND_LATE_S: u64 = 60;
/// The log of SQLite is cut back at 64 MiB: four times that means that a reader holds it.
const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// A commit takes a few milliseconds.
const COMMIT_LATE_S: u64 = 5;
/// Old versions of rows are kept as long as a transaction is open.
const TRANSACTION_S_MAX: u64 = 300;
/// A step of the clock is named for so long.
const CLOCK_SET_S_MAX: u64 = 24 * 60 * 60;
/// The share of the backlog at which a flood is named before anything is refused.
const BACKLOG_NOTED: usize = 2;

/// The kind of a problem. Each word keeps its meaning for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// So much waits that more is refused.
    BacklogFull,
    /// Much waits.
    BacklogLarge,
    /// Changes wait for the database.
    CommitsSlow,
    /// The disk is full.
    StorageFull,
    /// Runs are due and do not start.
    RunsLate,
    /// A robot is held back by a limit.
    RobotHeld,
    /// A robot failed on many items, and pauses.
    RobotPaused,
    /// A robot was denied what it asked for.
    RobotDenied,
    /// Runs were discarded.
    RunsDiscarded,
    /// Webhooks are not processed.
    IntakeLate,
    /// Webhooks were given up.
    IntakeDead,
    /// Client messages are not sent.
    DeliveriesLate,
    /// Client messages were given up.
    DeliveriesDead,
    /// Requests of robots are not sent.
    RequestsLate,
    /// Requests of robots were given up.
    RequestsDead,
    /// The log of SQLite does not shrink.
    WalLarge,
    /// A transaction is open for long.
    TransactionOld,
    /// The machine's clock was set.
    ClockSet,
}

impl Finding {
    /// The word used in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Finding::BacklogFull => "backlog-full",
            Finding::BacklogLarge => "backlog-large",
            Finding::CommitsSlow => "commits-slow",
            Finding::StorageFull => "storage-full",
            Finding::RunsLate => "runs-late",
            Finding::RobotHeld => "robot-held",
            Finding::RobotPaused => "robot-paused",
            Finding::RobotDenied => "robot-denied",
            Finding::RunsDiscarded => "runs-discarded",
            Finding::IntakeLate => "intake-late",
            Finding::IntakeDead => "intake-dead",
            Finding::DeliveriesLate => "deliveries-late",
            Finding::DeliveriesDead => "deliveries-dead",
            Finding::RequestsLate => "requests-late",
            Finding::RequestsDead => "requests-dead",
            Finding::WalLarge => "wal-large",
            Finding::TransactionOld => "transaction-old",
            Finding::ClockSet => "clock-set",
        }
    }
}

/// Something that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = StatusProblem)]
pub struct Problem {
    /// For programs: never changes its meaning.
    pub code: &'static str,
    /// What is wrong, with names and values.
    pub text: String,
    /// What to do.
    pub todo: &'static str,
}

/// All that is wrong, the most urgent first.
pub(super) fn find(seen: &Seen<'_>) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    found.work(seen);
    found.paused(seen);
    found.denied(seen);
    found.lateness(seen);
    found.dead(seen);
    found.database(seen);
    found.clock(seen);
    found.0
}

struct Found(Vec<Problem>);

impl Found {
    fn add(&mut self, finding: Finding, text: String, todo: &'static str) {
        let code = finding.as_str();
        self.0.push(Problem { code, text, todo });
    }

    fn work(&mut self, seen: &Seen<'_>) {
        let (open, max) = (seen.lanes.open_count, seen.backlog_max);
        let most = seen.waiting.first().map_or(String::new(), |row| {
            let title = row.title.as_deref().unwrap_or("removed");
            format!("; most of {} ({title}): {}", row.attachment, row.run_count)
        });
        let todo = "switch off the attachment that floods, or add workers";
        if open >= max {
            let text = format!("{open} runs and messages wait, {max} may: more is refused{most}");
            self.add(Finding::BacklogFull, text, todo);
        } else if open >= max / BACKLOG_NOTED {
            let text = format!("{open} runs and messages wait, more is refused at {max}{most}");
            self.add(Finding::BacklogLarge, text, todo);
        }
        self.storing(seen);
        for row in seen.waiting {
            let Some(held_by) = &row.held_by else { continue };
            let title = row.title.as_deref().unwrap_or("removed");
            let text = format!("{} ({title}): {} wait; {held_by}", row.attachment, row.run_count);
            let todo = "let the robot do less in one run, or switch the attachment off; others go on";
            self.add(Finding::RobotHeld, text, todo);
        }
    }

    fn storing(&mut self, seen: &Seen<'_>) {
        let StoringNow {
            commit_s,
            blocker,
            is_full,
        } = &seen.storing;
        if *is_full {
            let text = "the last change found no room: changes are refused, and work waits".to_owned();
            let todo =
                "free space on the disk, or raise `database_bytes_max`; everything goes on by itself then";
            self.add(Finding::StorageFull, text, todo);
        }
        let waiting = seen.commits_waiting;
        let is_long = commit_s.is_some_and(|age| age >= COMMIT_LATE_S);
        if !is_long && waiting < crate::engine::core::COMMITS_WAITING_MAX {
            return;
        }
        let age = commit_s.unwrap_or(0);
        let mut text = format!("{waiting} changes wait for the database; the commit under way takes {age} s");
        let mut todo = "look at the disk or the PostgreSQL server";
        if let Some(blocker) = blocker {
            text.push_str(&format!(", and waits for {blocker}"));
            todo = "end that transaction (`pg_terminate_backend`); everything goes on by itself then";
        }
        self.add(Finding::CommitsSlow, text, todo);
    }

    fn paused(&mut self, seen: &Seen<'_>) {
        for robot in seen.paused {
            let text = format!(
                "robot {} failed on many items and pauses since {}; one run tries at {}",
                robot.robot, robot.since, robot.probe_at
            );
            let todo = "`signalbox run list` has its last failures; when the cause is gone, `signalbox robot resume ID`";
            self.add(Finding::RobotPaused, text, todo);
        }
    }

    fn denied(&mut self, seen: &Seen<'_>) {
        for (attachment, denied) in seen.denied {
            let text = format!(
                "{} ({}) was denied something in {} execution(s), last in {}: {}",
                attachment.id, attachment.title, denied.execution_count, denied.run, denied.what
            );
            let todo = "grant what it needs (`grants`, `scope`, `grant_fields`, `grant_audience`), or tell the robot's author";
            self.add(Finding::RobotDenied, text, todo);
        }
    }

    fn lateness(&mut self, seen: &Seen<'_>) {
        let standing = seen.standing;
        let late = late_s(oldest_due_at(standing, seen.now), seen.now);
        if late >= RUN_LATE_S {
            let text = format!("the oldest run that is due waits for {late} s");
            self.add(
                Finding::RunsLate,
                text,
                "see what waits in `lanes`; the log of the host says when the database cannot be reached",
            );
        }
        let late = late_s(standing.inbound_since, seen.now);
        if late >= INBOUND_LATE_S {
            let count = standing.inbound_count;
            let text = format!("{count} webhooks are not processed, the oldest for {late} s");
            let todo = "the log of the host says why; a restart processes them again";
            self.add(Finding::IntakeLate, text, todo);
        }
        let late = late_s(standing.outbox_due_at, seen.now);
        if late >= DELIVERY_LATE_S {
            let text = format!(
                "{} messages to clients wait, the oldest for {late} s",
                standing.outbox_count
            );
            let todo =
                "look at `last_error` of the pending deliveries, and whether the messenger can be reached";
            self.add(Finding::DeliveriesLate, text, todo);
        }
        let late = late_s(standing.request_due_at, seen.now);
        if late >= REQUEST_LATE_S {
            let count = standing.request_count;
            let text = format!("{count} requests of robots wait, the oldest for {late} s");
            let todo = "`signalbox request list --state pending` has the last error of each";
            self.add(Finding::RequestsLate, text, todo);
        }
    }

    fn dead(&mut self, seen: &Seen<'_>) {
        let runs = seen.standing.discarded_count;
        if runs > 0 {
            let text = format!("{runs} runs were discarded in the last 24 hours");
            let todo = "`signalbox run list --state discarded` names them; `signalbox run retry` repeats one";
            self.add(Finding::RunsDiscarded, text, todo);
        }
        let inbound = seen.standing.inbound_failed_count;
        if inbound > 0 {
            let text = format!("{inbound} webhooks could not be processed and were given up");
            let todo =
                "`signalbox inbound list` says why; `signalbox inbound retry` processes them once more";
            self.add(Finding::IntakeDead, text, todo);
        }
        let deliveries = seen.standing.dead_count;
        if deliveries > 0 {
            let text = format!("{deliveries} messages to clients were given up in the last 24 hours");
            let todo = "`signalbox delivery list --state dead` names them; `signalbox delivery retry` sends them again";
            self.add(Finding::DeliveriesDead, text, todo);
        }
        let requests = seen.standing.dead_request_count;
        if requests > 0 {
            let text = format!("{requests} requests of robots were given up in the last 24 hours");
            let todo =
                "`signalbox request list --state dead` says why; `signalbox request retry` sends one again";
            self.add(Finding::RequestsDead, text, todo);
        }
    }

    fn clock(&mut self, seen: &Seen<'_>) {
        let lately = |step: &ClockStep| late_s(Some(step.at), seen.now) < CLOCK_SET_S_MAX;
        if let Some(ClockStep { at, by_s }) = seen.clock_step.filter(lately) {
            let text = format!("the clock was set by {by_s} s, to {at}");
            let todo = "look at the machine's time service, and whether the machine slept; what was due came by the new time";
            self.add(Finding::ClockSet, text, todo);
        }
    }

    fn database(&mut self, seen: &Seen<'_>) {
        if let Some(bytes) = seen.storage.wal_bytes.filter(|bytes| *bytes > WAL_BYTES_MAX) {
            let text = format!("the log of SQLite has {} MiB", bytes / (1024 * 1024));
            let todo = "end the program that reads the database file for so long, such as a backup tool";
            self.add(Finding::WalLarge, text, todo);
        }
        if let Some(age) = seen
            .storage
            .oldest_transaction_s
            .filter(|age| *age > TRANSACTION_S_MAX)
        {
            let text = format!("a transaction of the PostgreSQL database is open for {age} s");
            let todo =
                "find it in `pg_stat_activity` by `xact_start`, and end it: dead rows cannot be removed";
            self.add(Finding::TransactionOld, text, todo);
        }
    }
}
