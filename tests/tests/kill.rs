//! A host that is killed at random under load loses no run and doubles none.
//!
//! The real program runs as a process. Clients create deals, move them and write messages, and repeat whatever was not
//! answered; the process gets SIGKILL at a random moment and is started again. In the end the database has to hold
//! exactly what the clients know, and to pass the audit.
//!
//! `disk.c` puts a disk under it that loses power with it.
//!
//! `SIGNALBOX_KILLS` says how often (more than by default for a long run), `SIGNALBOX_SEED` repeats the moments.

mod account;
mod backlog;
mod client;
mod disk;
mod drain;
mod full;
mod host;
mod load;
mod power;
mod receiver;
mod sales;
mod several;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use signalbox::clock::Clock;
use signalbox_tests::postgres;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::host::{Host, Place};
use self::load::{Ledger, Random};
use self::receiver::Receiver;

/// Clients that send at the same time.
const CLIENT_COUNT: u64 = 12;
/// The process lives this long under load before it is killed.
const LIFE_MS: std::ops::Range<u64> = 20..400;
/// How often the database crashes under the host.
const CRASHES: usize = 3;
/// While something is open, something gets done in this time.
const DRAIN_MAX: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_host_loses_no_run_and_doubles_none_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    torture(&Place::sqlite(folder.path()), kills(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_host_loses_no_run_and_doubles_none_on_postgres() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    torture(&Place::new(folder.path(), &cluster.database("kill")), kills(5)).await;
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
    addresses: watch::Sender<Vec<SocketAddr>>,
    stop: watch::Sender<bool>,
    clients: Vec<JoinHandle<Ledger>>,
}

impl Siege {
    /// Sets the host up, starts the clients, and waits until every robot is compiled: that takes longer than a life.
    async fn begin(host: &Host) -> Siege {
        let seed = seed();
        let receiver = Receiver::start(host.service).await;
        let sales = Arc::new(sales::set_up(host, receiver.address()).await);
        let (addresses, where_they_are) = watch::channel(vec![host.address()]);
        let (stop, stopped) = watch::channel(false);
        let client = |number| {
            let (sales, addresses) = (Arc::clone(&sales), where_they_are.clone());
            tokio::spawn(load::Client::new(number, seed, sales, addresses, stopped.clone()).work())
        };
        let clients = (0..CLIENT_COUNT).map(client).collect();
        warm_up(host, &sales).await;
        Siege {
            seed,
            receiver,
            sales,
            addresses,
            stop,
            clients,
        }
    }

    /// Ends the load, lets the host come to rest and end, and settles the account.
    async fn end(self, what: &str, host: Host, database: &str) -> Posts {
        self.stop.send_replace(true);
        let mut ledger = Ledger::default();
        for client in self.clients {
            ledger.add(client.await.unwrap());
        }
        drain(&host, &self.sales, &self.receiver, &ledger).await;
        host.end();
        let found = account::check(database, &self.sales, &ledger, &self.receiver).await;
        eprintln!(
            "{what}: {} requests, {} deals, {} messages, {} runs, {} deliveries in {} posts, {} orders in {}; \
             lost 0, doubled 0",
            ledger.request_count,
            ledger.deals.len(),
            ledger.messages.len(),
            found.runs,
            found.deliveries,
            self.receiver.post_count(),
            found.orders,
            self.receiver.order_count(),
        );
        Posts {
            answers: found.deliveries,
            posts: self.receiver.post_count(),
        }
    }
}

/// Answers to clients, and how often one was sent.
struct Posts {
    answers: usize,
    posts: usize,
}

async fn torture(place: &Place, kill_count: u64) {
    let mut host = Host::start(place).await;
    let siege = Siege::begin(&host).await;
    eprintln!(
        "SIGNALBOX_SEED={} SIGNALBOX_KILLS={kill_count} {}",
        siege.seed, place.database
    );
    let mut random = Random::new(siege.seed);
    let (mut recoveries, mut unsynced) = (Vec::new(), Vec::new());
    for _ in 0..kill_count {
        tokio::time::sleep(life(&mut random)).await;
        if let Some(disk) = &place.disk {
            power::strike(&mut host, disk, &mut random).await;
        }
        siege.addresses.send_replace(Vec::new());
        host.kill();
        if let Some(disk) = &place.disk {
            unsynced.push(power::fail(place, disk, &mut random).await);
        }
        let begun = Instant::now();
        host = Host::start(place).await;
        recoveries.push(begun.elapsed());
        siege.addresses.send_replace(vec![host.address()]);
    }
    recoveries.sort();
    let median = recoveries.get(recoveries.len() / 2).copied().unwrap_or_default();
    let longest = recoveries.last().copied().unwrap_or_default();
    let what = format!(
        "{kill_count} kills, ready after {} ms in the median, {} ms at most",
        median.as_millis(),
        longest.as_millis()
    );
    siege.end(&what, host, &place.database).await;
    if place.disk.is_some() {
        power::tell(&unsynced);
    }
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
    let host = Host::start(&Place::new(folder.path(), &database)).await;
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

/// Waits until nothing is open any more. What was left behind by many kills takes its time; it must go on.
async fn drain(host: &Host, sales: &sales::Sales, receiver: &Receiver, ledger: &Ledger) {
    let (mut last, mut since) = (None, Instant::now());
    loop {
        let open = sales.open_lists(host.address()).await;
        let answered = receiver.answered_count();
        if open.is_empty() && answered == ledger.messages.len() {
            return;
        }
        let left = format!(
            "{answered} of {} answered, {} orders, open: {open:?}",
            ledger.messages.len(),
            receiver.order_count()
        );
        if last.as_ref() != Some(&left) {
            (last, since) = (Some(left), Instant::now());
        } else if since.elapsed() > DRAIN_MAX {
            panic!("the host does not come to rest: {left}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
