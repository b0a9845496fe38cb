//! A host that is killed at random under load loses no run and doubles none.
//!
//! The real program runs as a process. Clients create deals, move them and write messages, and repeat whatever was not
//! answered; the process gets SIGKILL at a random moment and is started again. In the end the database has to hold
//! exactly what the clients know, and to pass the audit.
//!
//! `SIGNALBOX_KILLS` says how often (more than by default for a long run), `SIGNALBOX_SEED` repeats the moments.

mod account;
mod client;
mod host;
mod load;
mod receiver;
mod sales;

use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox_tests::postgres;
use tokio::sync::watch;

use self::host::Host;
use self::load::{Ledger, Random};
use self::receiver::Receiver;

/// Clients that send at the same time.
const CLIENT_COUNT: u64 = 12;
/// The process lives this long under load before it is killed.
const LIFE_MS: std::ops::Range<u64> = 20..400;
/// What is open after the last kill must be done by then.
const DRAIN_MAX: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_host_loses_no_run_and_doubles_none_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("kill.db").display());
    torture(&database, folder.path(), kills(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_host_loses_no_run_and_doubles_none_on_postgres() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    torture(&cluster.database("kill"), folder.path(), kills(5)).await;
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn kills(default: u64) -> u64 {
    variable("SIGNALBOX_KILLS").unwrap_or(default)
}

fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    variable("SIGNALBOX_SEED").unwrap_or_else(|| now.unwrap().as_secs())
}

async fn torture(database: &str, folder: &std::path::Path, kill_count: u64) {
    let seed = seed();
    eprintln!("SIGNALBOX_SEED={seed} SIGNALBOX_KILLS={kill_count} {database}");
    let receiver = Receiver::start().await;
    let mut host = Host::start(folder, database).await;
    let sales = Arc::new(sales::set_up(&host, receiver.address()).await);
    let (where_it_is, address) = watch::channel(Some(host.address()));
    let (stop, stopped) = watch::channel(false);
    let clients: Vec<_> = (0..CLIENT_COUNT)
        .map(|number| {
            let client =
                load::Client::new(number, seed, Arc::clone(&sales), address.clone(), stopped.clone());
            tokio::spawn(client.work())
        })
        .collect();

    // The first run of each robot compiles it, which takes longer than a life.
    warm_up(&host, &sales).await;
    let mut random = Random::new(seed);
    let mut recoveries = Vec::new();
    for _ in 0..kill_count {
        let life = LIFE_MS.start + random.below(LIFE_MS.end - LIFE_MS.start);
        tokio::time::sleep(Duration::from_millis(life)).await;
        where_it_is.send_replace(None);
        host.kill();
        let begun = Instant::now();
        host = Host::start(folder, database).await;
        recoveries.push(begun.elapsed());
        where_it_is.send_replace(Some(host.address()));
    }
    stop.send_replace(true);
    let mut ledger = Ledger::default();
    for client in clients {
        ledger.add(client.await.unwrap());
    }
    drain(&host, &sales, &receiver, &ledger).await;
    host.end();

    let found = account::check(database, &sales, &ledger, &receiver).await;
    recoveries.sort();
    eprintln!(
        "kill test: {kill_count} kills, {} requests, {} deals, {} messages, {} runs, {} deliveries in {} posts; \
         lost 0, doubled 0; from start to ready: median {} ms, longest {} ms",
        ledger.request_count,
        ledger.deals.len(),
        ledger.messages.len(),
        found.runs,
        found.deliveries,
        receiver.post_count(),
        recoveries
            .get(recoveries.len() / 2)
            .map_or(0, Duration::as_millis),
        recoveries.last().map_or(0, Duration::as_millis),
    );
}

/// Waits until every robot has run once.
async fn warm_up(host: &Host, sales: &sales::Sales) {
    let deadline = Instant::now() + DRAIN_MAX;
    while sales.has_run_count(host.address()).await < sales::ROBOTS.len() {
        assert!(Instant::now() < deadline, "the robots do not run");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until nothing is open any more.
async fn drain(host: &Host, sales: &sales::Sales, receiver: &Receiver, ledger: &Ledger) {
    let deadline = Instant::now() + DRAIN_MAX;
    loop {
        let open = sales.open_count(host.address()).await;
        let answered = receiver.answered_count();
        if open == 0 && answered == ledger.messages.len() {
            return;
        }
        let left = format!("{open} open, {answered} of {} answered", ledger.messages.len());
        assert!(
            Instant::now() < deadline,
            "the host does not come to rest: {left}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
