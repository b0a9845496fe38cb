//! A disk without room under load: the host says so, answers what is read, and goes on by itself when there is room.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::disk::Disk;
use super::host::{Host, Place};
use super::load::Random;
use super::{DRAIN_MAX, Siege, life};

/// How often the disk gets full.
const ROUNDS: usize = 3;
const FULL: &str = "storage-full";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_on_a_full_disk_refuses_changes_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disk::of(folder.path()));
    let place = Place {
        disk: Some(Arc::clone(&disk)),
        ..Place::sqlite(folder.path())
    };
    let host = Host::start(&place).await;
    let siege = Siege::begin(&host).await;
    eprintln!("SIGNALBOX_SEED={} {}", siege.seed, place.database);
    let mut random = Random::new(siege.seed);
    for _ in 0..ROUNDS {
        tokio::time::sleep(life(&mut random)).await;
        disk.set_full(true);
        until(&siege, &host, true).await;
        refused_and_read(&siege, &host).await;
        tokio::time::sleep(life(&mut random)).await;
        disk.set_full(false);
        until(&siege, &host, false).await;
    }
    siege
        .end(&format!("{ROUNDS} times no room"), host, &place.database)
        .await;
}

/// Waits until `status` says that there is no room, or says so no more.
async fn until(siege: &Siege, host: &Host, is_full: bool) {
    let deadline = Instant::now() + DRAIN_MAX;
    while siege
        .sales
        .problems(host.address())
        .await
        .contains(&FULL.to_owned())
        != is_full
    {
        assert!(Instant::now() < deadline, "is full: {is_full}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A comment that needs more room than is left in the files is refused; what is there is read.
async fn refused_and_read(siege: &Siege, host: &Host) {
    let (at, none) = (host.address(), ("x-none", "x"));
    let sales = &siege.sales;
    let read = sales.ask(at, "GET", "/items?limit=1", none, &Value::Null).await;
    let read = read.expect("an answer");
    assert_eq!(read.status, 200, "{:#}", read.body);
    let deal = read.body["items"][0]["id"].as_str().unwrap();
    let large = json!({ "text": "x".repeat(10_000) });
    let path = format!("/items/{deal}/comments");
    let refused = loop {
        let answer = sales
            .ask(at, "POST", &path, none, &large)
            .await
            .expect("an answer");
        if answer.status != 201 {
            break answer;
        }
    };
    let code = refused.body["code"].as_str();
    assert_eq!((refused.status, code), (507, Some(FULL)), "{:#}", refused.body);
    let alive = super::client::send(at, "GET", "/health", &[], "").await;
    assert_eq!(alive.expect("an answer").status, 200);
}
