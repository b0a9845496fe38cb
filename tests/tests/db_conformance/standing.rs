//! What operators are shown of a database.

use signalbox_crm::http_request::{HttpRequest, RequestState};
use signalbox_crm::ids::EventId;
use signalbox_crm::run::{Run, RunState};
use signalbox_crm::timer::{Delivery, DeliveryState, Inbound, InboundState};
use signalbox_db::Standing;

use super::place::Place;
use super::samples::*;

pub(crate) async fn what_waits_and_what_has_failed_is_counted(place: &Place) {
    use RunState::{Available, Cancelled, Completed, Discarded, Retryable, Scheduled};
    let db = place.open().await;
    assert_eq!(db.standing(at(0)).await.unwrap(), Standing::default());

    let states = [
        Available, Available, Scheduled, Scheduled, Scheduled, Retryable, Completed, Discarded, Discarded,
        Cancelled,
    ];
    let mut rows = batch();
    rows.events = vec![event(1)];
    rows.runs = (1_i64..)
        .zip(states)
        .map(|(id, state)| Run {
            event: EventId(1),
            due_at: Some(at(100 + id)),
            finished_at: state.is_final().then(|| at(200 + id)),
            ..run(id, state)
        })
        .collect();
    // The second scheduled one waits for the first, and the third for a field.
    rows.runs[3].after = Some(rows.runs[2].id);
    rows.runs[3].due_at = None;
    rows.runs[4].due_at = None;
    let dead = |id, finished_at| Delivery {
        state: DeliveryState::Dead,
        finished_at: Some(finished_at),
        ..delivery(id)
    };
    rows.deliveries = vec![delivery(1), delivery(2), dead(3, at(207)), dead(4, at(208))];
    let unanswered = |id, finished_at| HttpRequest {
        state: RequestState::Dead,
        finished_at: Some(finished_at),
        ..request(id)
    };
    rows.requests = vec![
        request(4),
        request(3),
        unanswered(5, at(207)),
        unanswered(6, at(208)),
        unanswered(7, at(209)),
    ];
    let given_up = Inbound {
        state: InboundState::Failed,
        ..inbound(3, "three")
    };
    rows.inbound = vec![inbound(1, "one"), inbound(2, "two"), given_up];
    db.commit(&rows).await.unwrap();

    let expected = Standing {
        available_count: 2,
        timed_count: 2,
        retryable_count: 1,
        after_previous_count: 1,
        discarded_count: 2,
        available_since: Some(at(101)),
        next_due_at: Some(at(103)),
        outbox_count: 2,
        outbox_due_at: Some(at(1)),
        dead_count: 1,
        request_count: 2,
        request_due_at: Some(at(3)),
        dead_request_count: 2,
        inbound_count: 2,
        inbound_since: Some(at(1)),
        inbound_failed_count: 1,
    };
    assert_eq!(db.standing(at(208)).await.unwrap(), expected);
    let later = db.standing(at(209)).await.unwrap();
    assert_eq!(
        (later.discarded_count, later.dead_count, later.dead_request_count),
        (1, 0, 1)
    );
    db.close().await;
}

pub(crate) async fn storage_has_a_size_and_says_what_holds_it_up(place: &Place) {
    let db = place.open().await;
    let mut rows = batch();
    rows.inbound = vec![inbound(1, "one")];
    db.commit(&rows).await.unwrap();
    let storage = db.storage().await.unwrap();
    assert_eq!(storage.is_postgres, place.folder().is_none());
    assert!(storage.size_bytes > 100_000, "{storage:?}");
    let has_wal = storage.wal_bytes.is_some_and(|bytes| bytes > 0);
    assert_eq!(has_wal, !storage.is_postgres, "{storage:?}");
    db.close().await;
}
