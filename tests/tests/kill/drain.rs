//! A host that is told to end: it ends what it has begun, begins nothing, and says so meanwhile.

use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value, json};
use signalbox_crm::timer::DeliveryState;
use signalbox_db::{Db, DeliveryFilter, OpenOptions};
use signalbox_tests::postgres::cluster;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::host::{Host, Place};
use super::load::Random;
use super::sales::{Sales, TELEGRAM_SECRET, set_up};
use super::{DRAIN_MAX, Siege, client, life, variable};
use crate::commit_cut::{HOLD, Proxy};

/// How often the host is told to end under load.
const ROUNDS: u64 = 5;

/// Under load: what is answered is kept, and nothing is sent twice, which a host that is killed may do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_that_is_told_to_end_under_load_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::sqlite(folder.path());
    let mut host = Host::start(&place).await;
    let siege = Siege::begin(&host).await;
    let rounds = variable("SIGNALBOX_KILLS").unwrap_or(ROUNDS);
    eprintln!(
        "SIGNALBOX_SEED={} SIGNALBOX_KILLS={rounds} {}",
        siege.seed, place.database
    );
    let mut random = Random::new(siege.seed);
    let mut longest = Duration::ZERO;
    for _ in 0..rounds {
        tokio::time::sleep(life(&mut random)).await;
        let begun = Instant::now();
        host.end();
        longest = longest.max(begun.elapsed());
        host = Host::start(&place).await;
    }
    let posts = siege
        .end(
            &format!("{rounds} times told to end, {} ms at most", longest.as_millis()),
            host,
            &place.database,
        )
        .await;
    assert_eq!(posts.answers, posts.posts, "an answer was sent twice");
}

/// A messenger that takes a message when it is told to.
struct Slow {
    address: std::net::SocketAddr,
    /// How many messages have come.
    came: watch::Receiver<usize>,
    answers: watch::Sender<bool>,
}

impl Slow {
    async fn start() -> Slow {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (coming, came) = watch::channel(0);
        let (answers, may_answer) = watch::channel(false);
        let take = async move || {
            coming.send_modify(|count| *count += 1);
            may_answer.clone().wait_for(|may| *may).await.unwrap();
            (
                StatusCode::OK,
                axum::Json(json!({ "ok": true, "result": { "message_id": 1 } })),
            )
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(take)).await });
        Slow {
            address,
            came,
            answers,
        }
    }
}

/// A host with one message on its way to a client.
async fn sending(folder: &Path) -> (Place, Host, Sales, Slow) {
    let place = Place::sqlite(folder);
    let host = Host::start(&place).await;
    let mut slow = Slow::start().await;
    let sales = set_up(&host, slow.address).await;
    let person = json!({ "id": 7, "is_bot": false, "first_name": "Ivan" });
    let chat = json!({ "id": 7, "type": "private", "first_name": "Ivan" });
    let message =
        json!({ "message_id": 1, "date": 1_772_450_000, "from": person, "chat": chat, "text": "hello" });
    let body = json!({ "update_id": 1, "message": message }).to_string();
    let headers = [("x-telegram-bot-api-secret-token", TELEGRAM_SECRET)];
    let answer = client::send(host.address(), "POST", "/hooks/tg", &headers, &body).await;
    assert_eq!(answer.expect("an answer").status, 200);
    slow.came.wait_for(|count| *count == 1).await.unwrap();
    (place, host, sales, slow)
}

async fn status_of(host: &Host, method: &str, path: &str) -> u16 {
    let answer = client::send(host.address(), method, path, &[], "{}").await;
    answer.expect("an answer").status
}

async fn delivery(place: &Place) -> (DeliveryState, u32) {
    let db = Db::open(&place.database, &OpenOptions::default()).await.unwrap();
    for check in db.audit().await.unwrap() {
        assert_eq!(check.broken_count, 0, "{check:?}");
    }
    let found = db.deliveries(&DeliveryFilter::default(), None, 10).await.unwrap();
    db.close().await;
    assert_eq!(found.len(), 1);
    (found[0].state, found[0].attempt_count)
}

async fn ended(host: &mut Host) -> ExitStatus {
    assert!(host.dies_within(DRAIN_MAX).await, "the host does not end");
    host.status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_that_is_told_to_end_waits_for_the_receiver_and_takes_no_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (place, mut host, sales, slow) = sending(folder.path()).await;
    host.signal("-TERM");
    while status_of(&host, "GET", "/ready").await != 503 {}
    assert_eq!(status_of(&host, "GET", "/health").await, 200);
    assert_eq!(status_of(&host, "POST", "/hooks/tg").await, 503);
    let deal = json!({ "pipeline": sales.pipeline, "title": "late" });
    let none = ("x-none", "x");
    let refused = sales
        .ask(host.address(), "POST", "/items", none, &deal)
        .await
        .unwrap();
    assert_eq!(
        (refused.status, refused.body["detail"].as_str()),
        (503, Some("the host is shutting down"))
    );
    let read = sales
        .ask(host.address(), "GET", "/items", none, &Value::Null)
        .await
        .unwrap();
    assert_eq!(read.status, 200);
    slow.answers.send_replace(true);
    assert_eq!(ended(&mut host).await.code(), Some(0));
    assert_eq!(delivery(&place).await, (DeliveryState::Delivered, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_that_is_told_to_end_waits_no_longer_than_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("signalbox.toml"), "drain_seconds = 0\n").unwrap();
    let (place, mut host, _, slow) = sending(folder.path()).await;
    host.signal("-TERM");
    assert_eq!(ended(&mut host).await.code(), Some(0));
    assert_eq!(delivery(&place).await, (DeliveryState::Pending, 0));
    // The next host sends it.
    slow.answers.send_replace(true);
    let host = Host::start(&place).await;
    let mut came = slow.came.clone();
    came.wait_for(|count| *count == 2).await.unwrap();
    host.end();
    assert_eq!(delivery(&place).await, (DeliveryState::Delivered, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_that_is_told_to_end_does_not_wait_for_a_server_that_hangs() {
    let Some(cluster) = cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::before(&cluster.database("hangs")).await;
    let place = Place::new(folder.path(), &proxy.url);
    let mut host = Host::start(&place).await;
    proxy.arm(HOLD);
    host.signal("-TERM");
    assert_eq!(ended(&mut host).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_signal_ends_the_host_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (place, mut host, _, _slow) = sending(folder.path()).await;
    host.signal("-TERM");
    while status_of(&host, "GET", "/ready").await != 503 {}
    host.signal("-TERM");
    assert_eq!(ended(&mut host).await.code(), Some(130));
    assert_eq!(delivery(&place).await, (DeliveryState::Pending, 0));
}
