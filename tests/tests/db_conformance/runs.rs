//! How stored runs change.

use signalbox_crm::attachment::CancelOn;
use signalbox_crm::changes::RunChange;
use signalbox_crm::ids::{AttachmentId, EventId, RunId};
use signalbox_crm::run::{Failures, Reason, Run, RunState, Verdict};
use signalbox_crm::shard::ShardSet;
use signalbox_db::{Db, DbError, Rescheduled, RunUpdate, StageLeft, WakeUpVoid};

use super::place::Place;
use super::samples::*;

async fn with_runs(place: &Place, runs: Vec<Run>) -> Db {
    let db = place.open().await;
    let mut batch = batch();
    batch.events = vec![event(1), event(2)];
    batch.runs = runs;
    db.commit(&batch).await.unwrap();
    db
}

async fn stored(db: &Db, id: i64) -> Run {
    db.run(RunId(id)).await.unwrap().unwrap().run
}

fn ended(run: i64, state: RunState) -> RunUpdate {
    RunUpdate {
        run: RunId(run),
        state,
        reason: None,
        detail: None,
        due_at: None,
        attempt_count: 1,
        failures: Failures::default(),
        finished_at: state.is_final().then(|| at(9)),
    }
}

pub(crate) async fn leaving_a_stage_cancels_what_waits_for_it(place: &Place) {
    use RunState::{Available, Completed, Retryable, Scheduled};
    let rules = [
        CancelOn::LeaveStage,
        CancelOn::LeavePipeline,
        CancelOn::Closed,
        CancelOn::Never,
    ];
    let mut runs = Vec::new();
    for (rule, cancel_on) in (0_i64..).zip(rules) {
        for (place, state) in (1_i64..).zip([Scheduled, Available, Retryable, Completed]) {
            runs.push(Run {
                cancel_on,
                ..run(rule * 10 + place, state)
            });
        }
    }
    let db = with_runs(place, runs).await;
    let left = |new_entry, left_pipeline, closed| StageLeft {
        item: 1,
        new_entry,
        left_pipeline,
        closed,
    };

    let mut other = batch();
    other.stage_left = vec![
        left(1, true, true),
        StageLeft {
            item: 2,
            ..left(9, true, true)
        },
    ];
    assert_eq!(db.commit(&other).await.unwrap().cancelled, vec![]);

    let mut leave = batch();
    leave.at = at(30);
    leave.stage_left = vec![left(2, false, false)];
    leave.runs = vec![Run {
        stage_entry: Some(2),
        event: EventId(2),
        ..run(90, Available)
    }];
    leave.runs_ended = vec![ended(2, Completed)];
    let mut cancelled = db.commit(&leave).await.unwrap().cancelled;
    cancelled.sort();
    assert_eq!(cancelled, vec![RunId(1), RunId(3)]);
    let first = stored(&db, 1).await;
    assert_eq!(
        (first.state, first.reason, first.finished_at),
        (RunState::Cancelled, Some(Reason::LeftStage), Some(at(30)))
    );
    assert_eq!(stored(&db, 2).await.state, Completed);

    for (left_pipeline, closed, ids, reason) in [
        (true, false, [11, 12, 13], Reason::LeftPipeline),
        (false, true, [21, 22, 23], Reason::ItemClosed),
    ] {
        let mut leave = batch();
        leave.stage_left = vec![left(2, left_pipeline, closed)];
        let mut cancelled = db.commit(&leave).await.unwrap().cancelled;
        cancelled.sort();
        assert_eq!(cancelled, ids.map(RunId));
        assert_eq!(stored(&db, ids[0]).await.reason, Some(reason));
    }
    for id in [31, 32, 33, 90] {
        assert!(!stored(&db, id).await.state.is_final(), "run {id}");
    }
}

pub(crate) async fn final_run_does_not_end_again(place: &Place) {
    let db = with_runs(
        place,
        vec![run(1, RunState::Available), run(2, RunState::Available)],
    )
    .await;
    let mut first = batch();
    first.runs_ended = vec![ended(1, RunState::Completed)];
    db.commit(&first).await.unwrap();
    let mut second = batch();
    second.items_new = vec![item(1)];
    second.runs_ended = vec![ended(2, RunState::Discarded), ended(1, RunState::Discarded)];
    assert!(matches!(db.commit(&second).await, Err(DbError::Conflict("run"))));
    assert_eq!(stored(&db, 1).await.state, RunState::Completed);
    assert_eq!(stored(&db, 2).await, run(2, RunState::Available));
    assert_eq!(db.item(1).await.unwrap(), None);
}

pub(crate) async fn run_changes_only_from_the_states_that_are_named(place: &Place) {
    let db = with_runs(
        place,
        vec![
            run(1, RunState::Scheduled),
            run(2, RunState::Discarded),
            run(3, RunState::Completed),
        ],
    )
    .await;
    let change = |run, from: &[RunState], to| RunChange {
        run: RunId(run),
        from: from.to_vec(),
        to,
        reason: Some(Reason::ByHand),
        detail: Some("Anna".to_owned()),
        due_at: None,
    };
    let mut second = batch();
    second.at = at(40);
    second.run_changes = vec![
        change(
            1,
            &[RunState::Available, RunState::Scheduled],
            RunState::Cancelled,
        ),
        change(
            2,
            &[RunState::Discarded, RunState::Cancelled],
            RunState::Available,
        ),
        change(3, &[RunState::Discarded], RunState::Available),
        change(4, &[RunState::Discarded], RunState::Available),
    ];
    let mut changed = db.commit(&second).await.unwrap().changed;
    changed.sort();
    assert_eq!(changed, vec![RunId(1), RunId(2)]);
    let first = stored(&db, 1).await;
    assert_eq!(
        (first.state, first.detail.as_deref(), first.finished_at),
        (RunState::Cancelled, Some("Anna"), Some(at(40)))
    );
    assert_eq!(
        (stored(&db, 2).await.state, stored(&db, 2).await.finished_at),
        (RunState::Available, None)
    );
    assert_eq!(stored(&db, 3).await, run(3, RunState::Completed));
}

pub(crate) async fn due_runs_come_in_order_of_their_time(place: &Place) {
    let due = |id, state, seconds| Run {
        due_at: Some(at(seconds)),
        ..run(id, state)
    };
    let waiting = Run {
        after: Some(RunId(1)),
        reason: Some(Reason::AfterPrevious),
        ..run(5, RunState::Scheduled)
    };
    let db = with_runs(
        place,
        vec![
            due(1, RunState::Scheduled, 30),
            due(2, RunState::Retryable, 10),
            due(3, RunState::Scheduled, 20),
            run(4, RunState::Scheduled),
            waiting,
            due(6, RunState::Available, 5),
        ],
    )
    .await;
    let ids = |found: Vec<signalbox_db::RunWithEvent>| found.iter().map(|f| f.run.id.0).collect::<Vec<_>>();
    assert_eq!(db.next_due_at(&ShardSet::ALL).await.unwrap(), Some(at(10)));
    assert_eq!(
        ids(db.due_runs(&ShardSet::ALL, at(20), 10).await.unwrap()),
        [2, 3]
    );
    assert_eq!(ids(db.due_runs(&ShardSet::ALL, at(99), 2).await.unwrap()), [2, 3]);
    assert_eq!(
        db.due_runs(&ShardSet::ALL, at(10), 10).await.unwrap()[0].event,
        event(1)
    );
    assert_eq!(ids(db.unclaimed_runs(&ShardSet::ALL, 10).await.unwrap()), [6]);
    let only = |shard: u8| ShardSet::from_iter([shard]);
    assert_eq!(
        ids(db.due_runs(&only(9), at(99), 9).await.unwrap()),
        Vec::<i64>::new()
    );
    assert!(db.has_waiting_runs().await.unwrap());
    assert_eq!(ids(db.runs_after(&[RunId(1), RunId(2)]).await.unwrap()), [5]);
    assert_eq!(db.runs_left_behind().await.unwrap(), []);
    let mut batch = signalbox_db::Batch::new(at(40));
    batch.run_changes.push(RunChange {
        run: RunId(1),
        from: vec![RunState::Scheduled],
        to: RunState::Cancelled,
        reason: Some(Reason::LeftStage),
        detail: None,
        due_at: None,
    });
    db.commit(&batch).await.unwrap();
    assert_eq!(db.runs_left_behind().await.unwrap(), [RunId(1)]);
}

pub(crate) async fn moved_date_moves_the_waiting_run_only(place: &Place) {
    let one = |id| Run {
        attachment: AttachmentId(7),
        event: EventId(id),
        due_at: Some(at(10)),
        reason: Some(Reason::Delay),
        ..run(id, RunState::Scheduled)
    };
    let wake_up = Run {
        attachment: AttachmentId(7),
        event: EventId(3),
        timer_key: Some("k".to_owned()),
        ..one(3)
    };
    let db = with_runs(
        place,
        vec![
            Run {
                reason: Some(Reason::OutsideWindow),
                ..one(1)
            },
            Run {
                item: Some(deal(2)),
                ..one(2)
            },
            wake_up.clone(),
        ],
    )
    .await;
    let mut moved = batch();
    moved.rescheduled = vec![Rescheduled {
        attachment: AttachmentId(7),
        item: 1,
        due_at: Some(at(70)),
    }];
    db.commit(&moved).await.unwrap();
    assert_eq!(
        (stored(&db, 1).await.due_at, stored(&db, 1).await.reason),
        (Some(at(70)), Some(Reason::Delay))
    );
    assert_eq!(stored(&db, 2).await.due_at, Some(at(10)));
    moved.rescheduled[0].due_at = None;
    db.commit(&moved).await.unwrap();
    assert_eq!(
        (stored(&db, 1).await.due_at, stored(&db, 1).await.reason),
        (None, Some(Reason::WaitingForField))
    );
}

pub(crate) async fn runs_of_a_robot_that_goes_on_are_due(place: &Place) {
    let paused = |id: i64, attachment: i64| Run {
        attachment: AttachmentId(attachment),
        event: EventId(1),
        due_at: Some(at(60)),
        reason: Some(Reason::RobotPaused),
        ..run(id, RunState::Scheduled)
    };
    let delayed = Run {
        reason: Some(Reason::Delay),
        ..paused(2, 8)
    };
    let db = with_runs(place, vec![paused(1, 7), delayed, paused(3, 9)]).await;
    let mut resumed = batch();
    resumed.resumed = vec![AttachmentId(7), AttachmentId(8)];
    db.commit(&resumed).await.unwrap();
    let mut due = Vec::new();
    for id in 1..=3 {
        due.push(stored(&db, id).await.due_at);
    }
    assert_eq!(due, [Some(resumed.at), Some(at(60)), Some(at(60))]);
}

pub(crate) async fn wake_up_is_replaced_by_the_one_with_the_same_key(place: &Place) {
    let wake_up = |id: i64, item: Option<i64>, key: &str| Run {
        attachment: AttachmentId(7),
        event: EventId(id),
        item: item.map(deal),
        timer_key: Some(key.to_owned()),
        due_at: Some(at(10)),
        ..run(id, RunState::Scheduled)
    };
    let db = with_runs(
        place,
        vec![
            wake_up(1, Some(1), "a"),
            wake_up(2, Some(1), "b"),
            wake_up(3, None, "a"),
        ],
    )
    .await;
    assert!(db.has_wake_up(AttachmentId(7), Some(1), "a").await.unwrap());
    assert!(!db.has_wake_up(AttachmentId(7), Some(2), "a").await.unwrap());

    let mut second = batch();
    second.runs = vec![wake_up(4, Some(1), "a")];
    second.wake_ups_void = vec![WakeUpVoid {
        attachment: AttachmentId(7),
        item: Some(1),
        key: "a".to_owned(),
        except: RunId(4),
    }];
    assert_eq!(db.commit(&second).await.unwrap().cancelled, vec![RunId(1)]);
    assert_eq!(stored(&db, 1).await.reason, Some(Reason::Replaced));

    let mut third = batch();
    third.wake_ups_void = vec![WakeUpVoid {
        item: None,
        except: RunId(5),
        ..second.wake_ups_void[0].clone()
    }];
    assert_eq!(db.commit(&third).await.unwrap().cancelled, vec![RunId(3)]);
    assert!(!db.has_wake_up(AttachmentId(7), None, "a").await.unwrap());
    assert!(db.has_wake_up(AttachmentId(7), Some(1), "a").await.unwrap());
}

pub(crate) async fn attempts_keep_their_verdicts(place: &Place) {
    let db = with_runs(place, vec![run(1, RunState::Available)]).await;
    let failed = Verdict::Failed {
        code: "trap".to_owned(),
        message: "out of bounds".to_owned(),
        retryable: true,
    };
    let attempts = vec![
        attempt(1, 1, failed),
        attempt(
            1,
            2,
            Verdict::Skipped {
                summary: "nothing to do".to_owned(),
            },
        ),
        attempt(
            1,
            3,
            Verdict::Done {
                summary: "told".to_owned(),
            },
        ),
    ];
    let mut second = batch();
    second.attempts = attempts.clone();
    second.runs_ended = vec![ended(1, RunState::Completed)];
    db.commit(&second).await.unwrap();
    assert_eq!(db.attempts(RunId(1), 10).await.unwrap(), attempts);
    assert_eq!(
        db.attempt(RunId(1), 2).await.unwrap().as_ref(),
        Some(&attempts[1])
    );
    assert_eq!(
        db.attempt_summaries(RunId(1), 10).await.unwrap()[2].verdict,
        attempts[2].verdict
    );
    assert!(db.has_completed_run(AttachmentId(1), 1).await.unwrap());
    assert!(!db.has_completed_run(AttachmentId(1), 2).await.unwrap());
}

pub(crate) async fn failures_are_kept_until_a_person_retries_the_run(place: &Place) {
    let db = with_runs(place, vec![run(1, RunState::Available)]).await;
    let mut failed = batch();
    let failures = Failures {
        forgiven_count: 0,
        digest: Some("0a1b".to_owned()),
        equal_count: 2,
    };
    failed.attempts = vec![attempt(1, 1, refusal()), attempt(1, 2, refusal())];
    failed.runs_ended = vec![RunUpdate {
        attempt_count: 2,
        failures: failures.clone(),
        ..ended(1, RunState::Discarded)
    }];
    db.commit(&failed).await.unwrap();
    assert_eq!(stored(&db, 1).await.failures, failures);
    let change = |to, from| RunChange {
        run: RunId(1),
        from: vec![from],
        to,
        reason: None,
        detail: None,
        due_at: Some(at(5)),
    };
    let mut retried = batch();
    retried.run_changes = vec![change(RunState::Retryable, RunState::Discarded)];
    db.commit(&retried).await.unwrap();
    let fresh = Failures {
        forgiven_count: 2,
        ..Failures::default()
    };
    let run = stored(&db, 1).await;
    assert_eq!((run.attempt_count, run.finished_at), (2, None));
    assert_eq!(run.failures, fresh);
    let mut due = batch();
    due.run_changes = vec![change(RunState::Available, RunState::Retryable)];
    db.commit(&due).await.unwrap();
    assert_eq!(stored(&db, 1).await.failures, fresh);
}

fn refusal() -> Verdict {
    Verdict::Failed {
        code: "denied".to_owned(),
        message: String::new(),
        retryable: false,
    }
}

pub(crate) async fn last_slot_is_that_of_the_runs_that_wait_for_one(place: &Place) {
    let waiting = |id: i64, due: i64| Run {
        attachment: AttachmentId(7),
        event: EventId(id),
        due_at: Some(at(due)),
        reason: Some(Reason::RateLimited),
        ..run(id, RunState::Scheduled)
    };
    let db = with_runs(
        place,
        vec![
            waiting(1, 30),
            waiting(2, 40),
            Run {
                reason: Some(Reason::Delay),
                ..waiting(3, 50)
            },
            Run {
                state: RunState::Available,
                ..waiting(4, 60)
            },
        ],
    )
    .await;
    assert_eq!(db.last_slot(AttachmentId(7)).await.unwrap(), Some(at(40)));
    assert_eq!(db.last_slot(AttachmentId(8)).await.unwrap(), None);
}
