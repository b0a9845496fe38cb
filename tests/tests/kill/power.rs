//! Power that fails under the host: what it has answered is on the disk, and what is on the disk is whole.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use signalbox_db::{Db, ItemFilter, ItemPage, OpenOptions};

use super::disk::{Disk, Lost};
use super::host::{Host, Place};
use super::load::Random;
use super::{client, kills, seed, torture};

/// Of so many failures one is followed by a look at the whole database.
const LOOK_ONE_IN: u64 = 4;
/// Deals that a host answers before the power fails.
const DEALS: usize = 30;
/// Changes of files that a host still makes before it dies: those of a commit, of some, of a checkpoint.
const CHANGES_MAX: [u64; 3] = [20, 200, 3000];
/// A host that does not write so much in this time is killed.
const DEATH_MAX: Duration = Duration::from_secs(1);
const PAGE: u32 = 1000;

fn place(folder: &Path, synchronous: &'static str) -> (Place, Arc<Disk>) {
    let disk = Arc::new(Disk::of(folder));
    let place = Place {
        synchronous,
        disk: Some(Arc::clone(&disk)),
        ..Place::sqlite(folder)
    };
    (place, disk)
}

/// Mostly the host dies in the middle of what it writes, now and then at any moment.
pub(super) async fn strike(host: &mut Host, disk: &Disk, random: &mut Random) {
    if random.below(4) > 0 {
        let most = random.pick(&CHANGES_MAX);
        disk.die_after(random.below(most));
        host.dies_within(DEATH_MAX).await;
    }
}

/// The power fails; now and then an operator looks what is left.
pub(super) async fn fail(place: &Place, disk: &Disk, random: &mut Random) -> Lost {
    let lost = disk.lose(random);
    if random.below(LOOK_ONE_IN) == 0 {
        let db = Db::open(&place.database, &OpenOptions::default()).await.unwrap();
        assert_eq!(db.check(true).await.unwrap().problems, Vec::<String>::new());
        db.close().await;
    }
    lost
}

/// Says what was lost. A series in which nothing was lost shows nothing.
pub(super) fn tell(failures: &[Lost]) {
    let count: usize = failures.iter().map(|lost| lost.change_count).sum();
    let kept: usize = failures.iter().map(|lost| lost.kept_count).sum();
    eprintln!(
        "{} times the power failed: {count} changes were not synced, {kept} of them were kept",
        failures.len()
    );
    assert!(count > kept, "nothing was ever lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_that_loses_power_loses_no_answer_and_doubles_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let (place, _) = place(folder.path(), "full");
    torture(&place, kills(10)).await;
}

/// What a host has answered and no database holds after all that was not synced is gone; and what is damaged.
struct Damage {
    lost: BTreeSet<String>,
    problems: Vec<String>,
}

async fn damage(synchronous: &'static str) -> Damage {
    let folder = tempfile::tempdir().unwrap();
    let (place, disk) = place(folder.path(), synchronous);
    let mut host = Host::start(&place).await;
    let token = host.token.clone().expect("the first start prints a token");
    let pipeline = made(&host, &token, "/pipelines", pipeline()).await;
    let stage = json!({ "key": "new", "title": { "ru": "x", "en": "x" }, "kind": "open", "sort": 1 });
    made(&host, &token, &format!("/pipelines/{pipeline}/stages"), stage).await;
    let mut answered = BTreeSet::new();
    for number in 0..DEALS {
        let title = format!("deal {number}");
        made(
            &host,
            &token,
            "/items",
            json!({ "pipeline": pipeline, "title": title }),
        )
        .await;
        answered.insert(title);
    }
    host.kill();
    disk.lose_all();
    let db = match Db::open(&place.database, &OpenOptions::default()).await {
        Ok(db) => db,
        Err(error) => {
            return Damage {
                lost: answered,
                problems: vec![error.to_string()],
            };
        }
    };
    let all = ItemPage::Number(None);
    let stored = db
        .items(&ItemFilter::default(), all, PAGE)
        .await
        .unwrap_or_default();
    for item in stored {
        answered.remove(&item.title);
    }
    let problems = db.check(true).await.unwrap().problems;
    db.close().await;
    Damage {
        lost: answered,
        problems,
    }
}

fn pipeline() -> Value {
    json!({ "key": "sales", "title": { "ru": "x", "en": "x" }, "item_kind": "deal" })
}

async fn made(host: &Host, token: &str, path: &str, body: Value) -> String {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let path = format!("/api/v1{path}");
    let answer = client::send(host.address(), "POST", &path, &headers, &body.to_string()).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status, 201, "{:#}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

/// The test of the test: a host that does not wait for the disk is found out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_host_that_waits_for_the_disk_keeps_its_word_when_the_power_fails() {
    eprintln!("SIGNALBOX_SEED={}", seed());
    let full = damage("full").await;
    assert_eq!((full.lost.len(), full.problems), (0, vec![]));
    let normal = damage("normal").await;
    assert!(!normal.lost.is_empty(), "nothing was lost with `normal`");
    assert_eq!(normal.problems, Vec::<String>::new());
    let off = damage("off").await;
    assert!(!off.lost.is_empty(), "nothing was lost with `off`");
}
