//! What robots did is counted, by attachment and by run.

use signalbox_crm::ids::{AttachmentId, EventId, RunId};
use signalbox_crm::run::{Run, RunState, Verdict};
use signalbox_db::DeliveryFilter;

use super::place::Place;
use super::samples::*;

pub(crate) async fn runs_of_robots_are_counted_by_state_and_time(place: &Place) {
    use RunState::{Available, Cancelled, Completed, Discarded, Retryable, Scheduled};
    let db = place.open().await;
    let stored = [
        (1, Completed, 9),
        (1, Completed, 10),
        (1, Completed, 11),
        (1, Discarded, 12),
        (1, Cancelled, 12),
        (1, Scheduled, 0),
        (1, Retryable, 0),
        (1, Available, 0),
        (2, Scheduled, 0),
        (2, Scheduled, 0),
        (3, Completed, 12),
    ];
    let mut rows = batch();
    let as_run = |(id, (attachment, state, finished)): (i64, (i64, RunState, i64))| Run {
        attachment: AttachmentId(attachment),
        event: EventId(id),
        finished_at: state.is_final().then(|| at(finished)),
        ..run(id, state)
    };
    rows.events = (1..12).map(event).collect();
    rows.runs = (1_i64..).zip(stored).map(as_run).collect();
    db.commit(&rows).await.unwrap();
    let asked = [AttachmentId(1), AttachmentId(2), AttachmentId(9)];
    let mut found: Vec<(i64, &str, i64)> = db
        .robot_counts(&asked, at(10))
        .await
        .unwrap()
        .iter()
        .map(|found| (found.attachment.0, found.state.as_str(), found.count))
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            (1, "completed", 2),
            (1, "discarded", 1),
            (1, "retryable", 1),
            (1, "scheduled", 1),
            (2, "scheduled", 2),
        ]
    );
    assert_eq!(db.robot_counts(&[], at(10)).await.unwrap(), []);
}

pub(crate) async fn all_attempts_of_a_run_are_its_cost(place: &Place) {
    let db = place.open().await;
    let done = || Verdict::Done {
        summary: String::new(),
    };
    let mut rows = batch();
    rows.events = vec![event(1)];
    rows.runs = (1..4).map(|id| run(id, RunState::Completed)).collect();
    rows.attempts = vec![
        attempt(1, 1, done()),
        attempt(1, 2, done()),
        attempt(2, 1, done()),
    ];
    rows.deliveries = vec![delivery(1), delivery(2)];
    rows.deliveries[1].run = None;
    db.commit(&rows).await.unwrap();
    let costs = db.run_costs(&[RunId(1), RunId(3)]).await.unwrap();
    let costs: Vec<_> = costs
        .iter()
        .map(|cost| (cost.run.0, cost.duration_us, cost.fuel))
        .collect();
    assert_eq!(costs, [(1, 2_000_000, 24_690)]);
    let of_run = DeliveryFilter {
        run: Some(RunId(1)),
        ..DeliveryFilter::default()
    };
    let found = db.deliveries(&of_run, None, 10).await.unwrap();
    assert_eq!(found.iter().map(|one| one.id.0).collect::<Vec<_>>(), [1]);
}
