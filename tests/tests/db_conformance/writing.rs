//! Everything or nothing.

use std::future::Future;
use std::task::{Context, Waker};

use signalbox_crm::run::RunState;
use signalbox_db::{Db, DbError};

use super::place::Place;
use super::samples::*;

pub(crate) async fn stale_version_stores_nothing(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.items_new = vec![item(1), item(2)];
    db.commit(&first).await.unwrap();
    let mut second = batch();
    let changed = |number, version| {
        let mut row = item(number);
        row.title = "Changed".to_owned();
        row.version = version + 1;
        (version, row)
    };
    second.items = vec![changed(1, 1), changed(2, 7)];
    second.items_new = vec![item(3)];
    second.history = vec![];
    assert!(matches!(db.commit(&second).await, Err(DbError::Conflict("item"))));
    assert_eq!(db.item(1).await.unwrap(), Some(item(1)));
    assert_eq!(db.item(3).await.unwrap(), None);

    second.items.pop();
    db.commit(&second).await.unwrap();
    assert_eq!(db.item(1).await.unwrap().unwrap().title, "Changed");
}

pub(crate) async fn broken_rule_of_the_schema_stores_nothing(place: &Place) {
    let db = place.open().await;
    let mut first = batch();
    first.events = vec![event(1)];
    first.runs = vec![run(1, RunState::Available)];
    first.conversations_new = vec![conversation(1, "chat")];
    first.messages_new = vec![message(1, 1, 1, "x")];
    first.deliveries = vec![delivery(1)];
    db.commit(&first).await.unwrap();

    let mut same_run = run(2, RunState::Available);
    same_run.attachment = run(1, RunState::Available).attachment;
    let mut endless = run(3, RunState::Completed);
    endless.finished_at = None;
    let mut same_key = delivery(2);
    same_key.idempotency_key = delivery(1).idempotency_key;
    let mut other_seq = message(2, 1, 2, "x");
    other_seq.text = "The same external id".to_owned();
    let mut broken = vec![batch(), batch(), batch(), batch(), batch(), batch()];
    broken[0].runs = vec![same_run];
    broken[1].runs = vec![endless];
    broken[2].deliveries = vec![same_key];
    broken[3].messages_new = vec![other_seq];
    broken[4].messages_new = vec![message(3, 1, 1, "y")];
    broken[5].conversations_new = vec![conversation(2, "chat")];
    for mut batch in broken {
        batch.items_new = vec![item(1)];
        let result = db.commit(&batch).await;
        assert!(matches!(result, Err(DbError::Constraint(_))), "{result:?}");
        assert_eq!(db.item(1).await.unwrap(), None);
    }
    let mut last = batch();
    last.items_new = vec![item(1)];
    db.commit(&last).await.unwrap();
}

fn large() -> signalbox_db::Batch {
    let mut batch = batch();
    batch.items_new = (1..=3_000).map(item).collect();
    batch.events = (1..=3_000).map(event).collect();
    batch
}

/// Asks the future once: the transaction has begun, and is far from its end.
fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.poll(&mut context).is_pending());
}

pub(crate) async fn abandoned_commit_is_stored_all_the_same(place: &Place) {
    let db = place.open().await;
    let large = large();
    {
        let mut commit = Box::pin(db.commit(&large));
        poll_once(commit.as_mut());
    }
    // The next commit waits for the one that goes on.
    let mut next = batch();
    next.history = vec![];
    next.meta = vec![("key".to_owned(), "value".to_owned())];
    tokio::task::yield_now().await;
    db.commit(&next).await.unwrap();
    assert_eq!(
        db.item_count(&signalbox_db::ItemFilter::default()).await.unwrap(),
        3_000
    );
}

/// On PostgreSQL the whole commit is one message to the server, which may have it when the host dies; on SQLite it is
/// one job of a thread, which ends it before the database is free for another host.
pub(crate) async fn commit_that_dies_midway_leaves_nothing_or_everything(place: &Place) {
    let url = place.url.clone();
    // The whole runtime goes away in the middle, as when the process dies.
    let midway = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let db = Db::open(&url, &Place::options()).await.unwrap();
            let large = large();
            let mut commit = Box::pin(db.commit(&large));
            poll_once(commit.as_mut());
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        });
        runtime.shutdown_background();
    });
    midway.join().unwrap();
    let db = reopen(place).await;
    let check = db.check(true).await.unwrap();
    assert_eq!(check.problems, Vec::<String>::new());
    let all = signalbox_db::ItemFilter::default();
    if db.item_count(&all).await.unwrap() == 0 {
        // The server of a dead host may still be at work: then either of the two commits is in the other's way.
        match db.commit(&large()).await {
            Ok(_) | Err(DbError::Conflict(_) | DbError::Constraint(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(db.item_count(&all).await.unwrap(), 3_000);
}

/// The dead host's lock is free when the server has seen its connection end.
async fn reopen(place: &Place) -> Db {
    loop {
        match Db::open(&place.url, &Place::options()).await {
            Ok(db) => return db,
            Err(DbError::Locked(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error:?}"),
        }
    }
}

pub(crate) async fn empty_batch_changes_nothing(place: &Place) {
    let db = place.open().await;
    assert_eq!(
        db.commit(&batch()).await.unwrap(),
        signalbox_db::Committed::default()
    );
}
