//! What open pages are told: of this host's commits, and of those of hosts beside it.

use std::time::{Duration, Instant};

use serde_json::json;
use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox_crm::people::Role;
use signalbox_db::OpenOptions;
use signalbox_tests::postgres;

use super::harness::{Site, Stream};

/// A busy machine has this long to bring a word to the other host; mostly it takes some 20 ms.
const HEARD_MAX: Duration = Duration::from_secs(20);

#[tokio::test]
async fn page_is_told_of_what_it_shows_and_of_nothing_else() {
    let site = Site::start().await;
    let sales = site.sales().await;
    let (anna, anna_id) = site.visitor_named(Role::Operator, "Anna").await;
    let (boris, boris_id) = site.visitor_named(Role::Operator, "Boris").await;
    site.create("/items", sales.deal("Pool")).await;
    let mut stage = anna.watch(&sales.won, None).await;
    let mut others_bell = anna.watch(&format!("{boris_id},{}", sales.won), None).await;
    let mut bell = boris.watch(&boris_id.to_string(), None).await;
    for stream in [&mut stage, &mut others_bell, &mut bell] {
        assert_eq!(stream.next().await.word, "ready");
    }
    // In another column, about another deal; then into this one.
    site.create("/items", sales.deal("Garden")).await;
    let title = json!({"title": "Large pool"});
    site.api("PATCH", "/items/deal:1", Some(1), title).await;
    let employee = json!({"employee": boris_id.to_string()});
    site.api("POST", "/items/deal:1/assign", Some(2), employee).await;
    let to = json!({"stage": sales.won});
    site.api("POST", "/items/deal:1/move", Some(3), to).await;
    let moved = stage.next().await;
    assert_eq!(moved.word, "changed");
    // Nothing came before the move: it is the last commit.
    let mut again = anna.watch(&sales.won, Some(&moved.id)).await;
    assert_eq!(again.next().await.word, "ready");
    assert_eq!(
        others_bell.next().await.id,
        moved.id,
        "nobody hears the bells of others"
    );
    // Who missed something, or was told by another host or in another life, draws anew.
    for last in ["", "1-1", "nonsense"] {
        let mut behind = anna.watch(&sales.won, Some(last)).await;
        assert_eq!(behind.next().await.word, "resync", "{last}");
    }
    assert_ne!(anna_id, boris_id);
    let mut visitor = anna.clone();
    let refused = visitor.get("/live?topics=planet:3").await;
    refused.shows("`planet:3` is no topic");
    assert_eq!(refused.status, 422);
}

async fn host(database: &str, name: &str) -> App {
    let options = AppOptions {
        database: Some(database.to_owned()),
        open: OpenOptions {
            is_alone: false,
            name: name.to_owned(),
            ..OpenOptions::default()
        },
        ..AppOptions::for_test(Clock::System)
    };
    App::start(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn page_is_told_of_what_another_host_has_written() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let database = cluster.database("console_live");
    let first = Site::of(host(&database, "first").await, None).await;
    let second = first.beside(host(&database, "second").await);
    let sales = first.sales().await;
    let (anna, _) = first.visitor_named(Role::Operator, "Anna").await;
    // The hosts know of each other, and of the session, within a second or two.
    let deadline = Instant::now() + HEARD_MAX;
    let mut anna = anna.at(&second);
    while first.app.core.shards.host_count() < 2 || anna.get("/deals").await.at != "/deals" {
        assert!(Instant::now() < deadline, "the hosts do not find each other");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut stream = anna.watch(&format!("{},set-up", sales.new), None).await;
    assert_eq!(stream.next().await.word, "ready");
    first.create("/items", sales.deal("Pool")).await;
    assert_eq!(heard(&mut stream).await, "changed");
    // The page that is drawn upon it has it.
    anna.get("/deals").await.shows("Pool");
    let text = json!({"ru": "Сад", "en": "Garden"});
    let stage = json!({"key": "garden", "title": text, "kind": "open"});
    first
        .create(&format!("/pipelines/{}/stages", sales.pipeline), stage)
        .await;
    assert_eq!(heard(&mut stream).await, "changed");
    anna.get("/deals").await.shows("Garden");
    for site in [first, second] {
        site.app.stop().await;
    }
}

async fn heard(stream: &mut Stream) -> String {
    let told = tokio::time::timeout(HEARD_MAX, stream.next()).await;
    told.expect("nothing is heard").word
}
