//! What two hosts do at the same time, each believing that it is its own, is done once.

use signalbox_crm::bulk::{Bulk, BulkChange, BulkFilter, BulkState};
use signalbox_crm::changes::RunChange;
use signalbox_crm::ids::{ActivityId, AttachmentId, BulkId, PipelineId, RunId, TimerId};
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::timer::{Timer, TimerKind};
use signalbox_db::{Batch, DbError, EventFilter, ScheduleMove};

use super::place::Place;
use super::samples::*;

fn moved(was: Option<i64>, to: Option<i64>) -> ScheduleMove {
    ScheduleMove {
        attachment: AttachmentId(7),
        was: was.map(at),
        version: 3,
        next_at: to.map(at),
    }
}

/// A tick as a host stores it: its event, and the schedule's next tick.
fn tick(event_id: i64, was: i64, to: Option<i64>) -> Batch {
    let mut batch = batch();
    batch.events = vec![event(event_id)];
    batch.schedules = vec![moved(Some(was), to)];
    batch
}

pub(crate) async fn schedule_ticks_once_whoever_ticks_it(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.schedules = vec![moved(None, Some(10))];
    db.commit(&first).await.unwrap();

    db.commit(&tick(1, 10, Some(20))).await.unwrap();
    // Another host has seen the tick at 10 as well; one whose next tick is none must not delete the row either.
    for late in [tick(2, 10, Some(20)), tick(3, 10, Some(30)), tick(4, 10, None)] {
        let refused = db.commit(&late).await;
        assert!(
            matches!(refused, Err(DbError::Conflict("schedule"))),
            "{refused:?}"
        );
    }
    let events = db.events(&EventFilter::default(), None, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    let rows = db.load_schedules().await.unwrap();
    assert_eq!((rows.len(), rows[0].version, rows[0].next_at), (1, 3, at(20)));
    db.commit(&tick(5, 20, None)).await.unwrap();
    assert_eq!(db.load_schedules().await.unwrap(), []);
}

pub(crate) async fn new_schedule_is_begun_once(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.schedules = vec![moved(None, Some(10))];
    db.commit(&first).await.unwrap();
    let mut second = batch();
    second.schedules = vec![moved(None, Some(11))];
    assert!(matches!(
        db.commit(&second).await,
        Err(DbError::Conflict("schedule"))
    ));
    assert_eq!(db.load_schedules().await.unwrap()[0].next_at, at(10));
}

pub(crate) async fn timer_that_fired_makes_nothing_again(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.timers = vec![Timer {
        id: TimerId(1),
        due_at: at(40),
        kind: TimerKind::Overdue,
        activity: ActivityId(1),
        item: deal(1),
        deadline_at: at(40),
    }];
    db.commit(&first).await.unwrap();
    let fire = |event_id| {
        let mut batch = batch();
        batch.events = vec![event(event_id)];
        batch.timers_fired = vec![TimerId(1)];
        batch
    };
    db.commit(&fire(1)).await.unwrap();
    assert!(matches!(
        db.commit(&fire(2)).await,
        Err(DbError::Conflict("timer"))
    ));
    let events = db.events(&EventFilter::default(), None, 10).await.unwrap();
    assert_eq!(events.len(), 1);
}

pub(crate) async fn due_run_that_somebody_took_is_not_taken_again(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.events = vec![event(1), event(2)];
    first.runs = vec![run(1, RunState::Scheduled), run(2, RunState::Scheduled)];
    first.runs[1].event = signalbox_crm::ids::EventId(2);
    for run in &mut first.runs {
        (run.due_at, run.reason) = (Some(at(10)), Some(Reason::Delay));
    }
    db.commit(&first).await.unwrap();
    let change = |from: &[RunState], to, due| RunChange {
        run: RunId(1),
        from: from.to_vec(),
        to,
        reason: None,
        detail: None,
        due_at: Some(at(due)),
    };
    let waits = [RunState::Scheduled, RunState::Retryable];
    let commit = |change| {
        let mut batch = batch();
        batch.run_changes = vec![change];
        let db = db.clone();
        async move { db.commit(&batch).await.unwrap().changed }
    };
    let take = change(&waits, RunState::Available, 10);
    assert_eq!(commit(take.clone()).await, [RunId(1)]);
    assert_eq!(commit(take.clone()).await, [], "it is available already");
    // It was executed meanwhile, and waits for its next attempt: the instant at which it was found has passed.
    commit(change(&[RunState::Available], RunState::Retryable, 60)).await;
    assert_eq!(commit(take).await, [], "its time has not come");
    assert_eq!(commit(change(&waits, RunState::Available, 60)).await, [RunId(1)]);
}

fn bulk(version: i64, cursor: i64, state: BulkState) -> Bulk {
    Bulk {
        id: BulkId(1),
        version,
        state,
        filter: BulkFilter {
            pipeline: PipelineId(1),
            stage: None,
            assignee: None,
        },
        change: BulkChange::Run {
            attachment: AttachmentId(7),
        },
        by: None,
        matched_count: 100,
        until: 100,
        cursor,
        changed_count: cursor,
        passed_count: 0,
        refused_count: 0,
        refusals: Vec::new(),
        created_at: at(1),
        finished_at: (state != BulkState::Open).then(|| at(9)),
    }
}

pub(crate) async fn piece_of_a_bulk_change_is_done_once(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.bulks_new = vec![bulk(1, 0, BulkState::Open)];
    db.commit(&first).await.unwrap();
    let piece = |event_id, was, next: Bulk| {
        let mut batch = batch();
        batch.events = vec![event(event_id)];
        batch.bulks = vec![(was, next)];
        batch
    };
    db.commit(&piece(1, 1, bulk(2, 50, BulkState::Open)))
        .await
        .unwrap();
    let late = db.commit(&piece(2, 1, bulk(2, 50, BulkState::Open))).await;
    assert!(matches!(late, Err(DbError::Conflict("bulk"))), "{late:?}");
    assert_eq!(db.open_bulks(10).await.unwrap(), [bulk(2, 50, BulkState::Open)]);
    let cancelled = bulk(3, 50, BulkState::Cancelled);
    db.commit(&piece(3, 2, cancelled.clone())).await.unwrap();
    // Whoever has read it before the end cannot go on.
    for was in [2, 3] {
        let late = db.commit(&piece(4, was, bulk(4, 100, BulkState::Open))).await;
        assert!(matches!(late, Err(DbError::Conflict("bulk"))), "{late:?}");
    }
    assert_eq!(db.open_bulks(10).await.unwrap(), []);
    assert_eq!(db.bulk(BulkId(1)).await.unwrap(), Some(cancelled));
    let events = db.events(&EventFilter::default(), None, 10).await.unwrap();
    assert_eq!(events.len(), 2);
}
