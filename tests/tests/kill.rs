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

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox::clock::Clock;
use signalbox_tests::postgres;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::host::Host;
use self::load::{Ledger, Random};
use self::receiver::Receiver;

/// Clients that send at the same time.
const CLIENT_COUNT: u64 = 12;
/// The process lives this long under load before it is killed.
const LIFE_MS: std::ops::Range<u64> = 20..400;
/// How often the database crashes under the host.
const CRASHES: usize = 3;
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
    variable("SIGNALBOX_SEED").unwrap_or_else(|| Clock::System.now().micros().cast_unsigned())
}

/// What keeps on working while something is killed.
struct Siege {
    seed: u64,
    receiver: Receiver,
    sales: Arc<sales::Sales>,
    address: watch::Sender<Option<SocketAddr>>,
    stop: watch::Sender<bool>,
    clients: Vec<JoinHandle<Ledger>>,
}

impl Siege {
    /// Sets the host up, starts the clients, and waits until every robot is compiled: that takes longer than a life.
    async fn begin(host: &Host) -> Siege {
        let seed = seed();
        let receiver = Receiver::start().await;
        let sales = Arc::new(sales::set_up(host, receiver.address()).await);
        let (address, where_it_is) = watch::channel(Some(host.address()));
        let (stop, stopped) = watch::channel(false);
        let client = |number| {
            let (sales, address) = (Arc::clone(&sales), where_it_is.clone());
            tokio::spawn(load::Client::new(number, seed, sales, address, stopped.clone()).work())
        };
        let clients = (0..CLIENT_COUNT).map(client).collect();
        warm_up(host, &sales).await;
        Siege {
            seed,
            receiver,
            sales,
            address,
            stop,
            clients,
        }
    }

    /// Ends the load, lets the host come to rest and end, and settles the account.
    async fn end(self, what: &str, host: Host, database: &str) {
        self.stop.send_replace(true);
        let mut ledger = Ledger::default();
        for client in self.clients {
            ledger.add(client.await.unwrap());
        }
        drain(&host, &self.sales, &self.receiver, &ledger).await;
        host.end();
        let found = account::check(database, &self.sales, &ledger, &self.receiver).await;
        eprintln!(
            "{what}: {} requests, {} deals, {} messages, {} runs, {} deliveries in {} posts; lost 0, doubled 0",
            ledger.request_count,
            ledger.deals.len(),
            ledger.messages.len(),
            found.runs,
            found.deliveries,
            self.receiver.post_count(),
        );
    }
}

async fn torture(database: &str, folder: &Path, kill_count: u64) {
    let mut host = Host::start(folder, database).await;
    let siege = Siege::begin(&host).await;
    eprintln!(
        "SIGNALBOX_SEED={} SIGNALBOX_KILLS={kill_count} {database}",
        siege.seed
    );
    let mut random = Random::new(siege.seed);
    let mut recoveries = Vec::new();
    for _ in 0..kill_count {
        tokio::time::sleep(life(&mut random)).await;
        siege.address.send_replace(None);
        host.kill();
        let begun = Instant::now();
        host = Host::start(folder, database).await;
        recoveries.push(begun.elapsed());
        siege.address.send_replace(Some(host.address()));
    }
    recoveries.sort();
    let median = recoveries
        .get(recoveries.len() / 2)
        .map_or(0, Duration::as_millis);
    let longest = recoveries.last().map_or(0, Duration::as_millis);
    let what = format!("{kill_count} kills, ready after {median} ms in the median, {longest} ms at most");
    siege.end(&what, host, database).await;
}

fn life(random: &mut Random) -> Duration {
    Duration::from_millis(LIFE_MS.start + random.below(LIFE_MS.end - LIFE_MS.start))
}

/// The database crashes under the host, which goes on by itself when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn host_outlives_a_database_that_crashes_under_load() {
    let Some(cluster) = postgres::own_cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let database = cluster.database("crash");
    let host = Host::start(folder.path(), &database).await;
    let siege = Siege::begin(&host).await;
    eprintln!("SIGNALBOX_SEED={} {database}", siege.seed);
    let mut random = Random::new(siege.seed);
    for _ in 0..CRASHES {
        tokio::time::sleep(life(&mut random)).await;
        cluster.stop();
        tokio::time::sleep(life(&mut random)).await;
        cluster.start_again();
    }
    let what = format!("{CRASHES} crashes of the database");
    siege.end(&what, host, &database).await;
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
