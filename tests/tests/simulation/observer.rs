//! Looks at every commit at the moment at which it is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;
use signalbox_crm::breaker::Pause;
use signalbox_crm::http_request::RequestState;
use signalbox_crm::ids::{ItemId, RequestId, RunId};
use signalbox_crm::run::{Reason, Run, RunState, Verdict};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Batch, Committed, Db, DbError};

use super::company::{LIMITED, RATED};
use super::planted::Planted;
use super::sometimes::Sometimes;
use super::world::{Phase, World};

/// What was seen of the engine's commits.
#[derive(Default)]
pub(super) struct Observed {
    /// Runs with a committed attempt.
    done: BTreeSet<RunId>,
    /// Runs that could start when they were made, in this order, and have no attempt yet.
    pub(super) lanes: BTreeMap<ItemId, Vec<RunId>>,
    /// Runs of the attachment with a rate.
    rated: BTreeSet<RunId>,
    /// When these started, as far as they ended.
    pub(super) rated_starts: Vec<Timestamp>,
    /// Runs of the attachment that is executed for one message at a time, until they have an attempt.
    pub(super) limited: BTreeSet<RunId>,
    /// Requests to the service that are over.
    over: BTreeSet<RequestId>,
    /// Hosts so far.
    pub(super) life_count: usize,
    /// Attempts in a host that should have had nothing to do.
    pub(super) late_attempt_count: usize,
}

/// A batch in a line: what it stores.
pub(super) fn summary(batch: &Batch) -> String {
    let mut line = String::from("commit");
    let mut part = |name: &str, ids: Vec<i64>| {
        if !ids.is_empty() {
            let _ = write!(line, " {name}{ids:?}");
        }
    };
    part("new", batch.items_new.iter().map(|item| item.id.number).collect());
    part(
        "items",
        batch.items.iter().map(|(_, item)| item.id.number).collect(),
    );
    part("events", batch.events.iter().map(|event| event.id.0).collect());
    part("runs", batch.runs.iter().map(|run| run.id.0).collect());
    part(
        "ended",
        batch.runs_ended.iter().map(|ended| ended.run.0).collect(),
    );
    part(
        "changes",
        batch.run_changes.iter().map(|change| change.run.0).collect(),
    );
    part("in", batch.inbound.iter().map(|inbound| inbound.id.0).collect());
    part("done", batch.inbound_done.iter().map(|done| done.id.0).collect());
    part("out", batch.deliveries.iter().map(|out| out.id.0).collect());
    part("sent", batch.deliveries_done.iter().map(|out| out.id.0).collect());
    part("ask", batch.requests.iter().map(|asked| asked.id.0).collect());
    part(
        "asked",
        batch.requests_done.iter().map(|asked| asked.id.0).collect(),
    );
    part("fired", batch.timers_fired.iter().map(|timer| timer.0).collect());
    part("setup", batch.directory.iter().map(|_| 1).collect());
    line
}

#[derive(Deserialize)]
struct Call {
    interface: String,
    function: String,
    answer: Value,
}

/// Compares what robots have read with what is stored: nothing else can be stored before this commit.
pub(super) async fn before_commit(world: &World, db: &Db, batch: &mut Batch) {
    for attempt in &batch.attempts {
        if matches!(attempt.verdict, Verdict::Failed { .. }) {
            continue;
        }
        let calls: Vec<Call> = serde_json::from_str(&attempt.calls).unwrap_or_default();
        let get = calls
            .iter()
            .find(|call| call.interface == "items" && call.function == "get");
        let Some(read) = get.map(|call| &call.answer["ok"]) else {
            continue;
        };
        let (Some(id), Some(version)) = (read["id"].as_str(), read["version"].as_i64()) else {
            continue;
        };
        let id: ItemId = id.parse().unwrap();
        let stored = db.item(id.number).await.unwrap().map(|item| item.version);
        if stored != Some(version) {
            world.problem(format!(
                "stale read: {} commits what it made of {id} at version {version}, which has {stored:?}",
                attempt.run
            ));
        }
    }
    if world.planted == Some(Planted::StaleChangeStored) {
        for (base, item) in &mut batch.items {
            let stored = db.item(item.id.number).await.unwrap();
            let version = stored.map_or(*base, |stored| stored.version);
            *base = version;
            item.version = version + 1;
        }
    }
}

/// Notes what was stored.
pub(super) fn after_commit(world: &World, batch: &Batch, outcome: &Result<Committed, DbError>) {
    let committed = match outcome {
        Ok(committed) => committed,
        Err(error) => {
            world.trace.note(format!("  refused: {error}"));
            if !matches!(error, DbError::Conflict(_)) {
                world.problem(format!("the database refuses {}: {error:?}", summary(batch)));
            }
            return;
        }
    };
    let mut observed = world.observed();
    let mut problems = Vec::new();
    let changed: BTreeSet<RunId> = committed.changed.iter().copied().collect();
    for change in &batch.run_changes {
        if changed.contains(&change.run) {
            leave_lanes(&mut observed, change.run);
        }
    }
    for run in &committed.cancelled {
        leave_lanes(&mut observed, *run);
    }
    for request in &batch.requests_done {
        if request.state != RequestState::Pending && !observed.over.insert(request.id) {
            problems.push(format!("the end of {} is stored twice", request.id));
        }
    }
    let mut items = BTreeSet::new();
    for attempt in &batch.attempts {
        if world.phase() == Phase::Again {
            observed.late_attempt_count += 1;
        }
        if !matches!(attempt.verdict, Verdict::Failed { .. }) && !observed.done.insert(attempt.run) {
            problems.push(format!("{} is committed twice", attempt.run));
        }
        if let Verdict::Failed { message, .. } = &attempt.verdict
            && message.contains("panicked")
        {
            problems.push(format!("the host panicked in {}", attempt.run));
        }
        for (item, lane) in &mut observed.lanes {
            match lane.iter().position(|run| *run == attempt.run) {
                Some(0) => {
                    lane.remove(0);
                    if !items.insert(*item) {
                        world.tally.saw(Sometimes::Stack);
                    }
                }
                Some(_) => problems.push(format!(
                    "out of order: {} of {item} ends before {:?}",
                    attempt.run, lane
                )),
                None => {}
            }
        }
    }
    let attachments = &world.company.names.attachments;
    let of = |title: &str| {
        let attachment = attachments[title];
        let runs = batch.runs.iter().filter(move |run| run.attachment == attachment);
        runs.map(|run| run.id)
    };
    observed.rated.extend(of(RATED));
    observed.limited.extend(of(LIMITED));
    for attempt in &batch.attempts {
        observed.limited.remove(&attempt.run);
        if observed.rated.contains(&attempt.run) {
            observed.rated_starts.push(attempt.started_at);
        }
    }
    let is_ready = |run: &&Run| run.state == RunState::Available && !committed.cancelled.contains(&run.id);
    for run in batch.runs.iter().filter(is_ready) {
        if let Some(item) = run.item {
            observed.lanes.entry(item).or_default().push(run.id);
        }
    }
    drop(observed);
    for problem in problems {
        world.problem(problem);
    }
    tally(world, batch, committed);
}

fn leave_lanes(observed: &mut Observed, run: RunId) {
    for lane in observed.lanes.values_mut() {
        lane.retain(|waiting| *waiting != run);
    }
}

fn tally(world: &World, batch: &Batch, committed: &Committed) {
    let saw = |what, is_so: bool| {
        if is_so {
            world.tally.saw(what);
        }
    };
    for (key, value) in batch.meta.iter().filter(|(key, _)| key.starts_with("breaker:")) {
        let pause: Option<Pause> = serde_json::from_str(value).ok();
        let what = match pause.map(|pause| pause.failed_probe_count) {
            Some(0) => Sometimes::RobotPaused,
            Some(_) => Sometimes::ProbeFailed,
            None => Sometimes::RobotResumed,
        };
        world.trace.note(format!("  {what:?} {key}"));
        saw(what, true);
    }
    saw(Sometimes::Group, batch.attempts.len() > 1);
    saw(Sometimes::LeftStage, !committed.cancelled.is_empty());
    saw(
        Sometimes::DateMoved,
        batch.rescheduled.iter().any(|moved| moved.due_at.is_some()),
    );
    saw(
        Sometimes::WakeUp,
        batch.runs.iter().any(|run| run.timer_key.is_some()),
    );
    saw(Sometimes::Reminder, !batch.timers_fired.is_empty());
    for event in &batch.events {
        let kind = event.fact.kind().as_str();
        saw(Sometimes::ScheduleTick, kind == "schedule-ticked");
        saw(Sometimes::DeadDelivery, kind == "delivery-failed");
    }
    for ended in &batch.runs_ended {
        saw(Sometimes::Retry, ended.state == RunState::Retryable);
        saw(Sometimes::Discarded, ended.state == RunState::Discarded);
    }
    for change in &batch.run_changes {
        if !committed.changed.contains(&change.run) {
            continue;
        }
        let is_by_hand = change.reason == Some(Reason::ByHand);
        saw(
            Sometimes::CancelledByHand,
            is_by_hand && change.to == RunState::Cancelled,
        );
        saw(
            Sometimes::RetriedByHand,
            is_by_hand && change.to == RunState::Retryable,
        );
        saw(
            Sometimes::ChainGoesOn,
            change.from == [RunState::Scheduled] && change.to == RunState::Available,
        );
        saw(Sometimes::RateLimited, change.reason == Some(Reason::RateLimited));
        saw(
            Sometimes::ChainStopped,
            change.reason == Some(Reason::ChainStopped),
        );
        saw(
            Sometimes::AttachmentOff,
            change.reason == Some(Reason::AttachmentOff),
        );
    }
}
