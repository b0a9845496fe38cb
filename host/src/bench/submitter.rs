//! Submitters: each sends a deal, waits for its effects, and sends the next.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::client::Connection;
use super::pace::Pace;
use super::stage_entry::Site;
use super::{Door, machine};
use crate::http::{self, AppState};
use crate::trust::Trust;

/// When the measured time begins and ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    pub(super) begin: Instant,
    pub(super) end: Instant,
    pub(super) offered_per_second: Option<f64>,
}

/// What submitters did.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// From the request to the last effect's commit, of deals that began in the measured time.
    pub(super) latencies: Vec<Duration>,
    /// All deals, those of the warm-up too.
    pub(super) deal_count: u64,
}

impl Done {
    fn add(&mut self, other: Done) {
        self.latencies.extend(other.latencies);
        self.deal_count += other.deal_count;
    }
}

/// Submitters at work.
pub(super) struct Submitters {
    done: oneshot::Receiver<anyhow::Result<Done>>,
    /// The thread of the clients.
    thread: Option<i32>,
    /// Lets that thread end when it is dropped: the CPU time of a thread that has ended cannot be read.
    _clients: Option<std::sync::mpsc::Sender<()>>,
    /// Ends the listener when it is dropped.
    _listener: Option<oneshot::Sender<()>>,
}

impl Submitters {
    /// Starts them: inside on the threads of the host; over HTTP on one thread of their own, so that the client's
    /// CPU time is known and left out.
    pub(super) fn start(site: &Arc<Site>, door: Door, count: usize, timing: Timing) -> anyhow::Result<Self> {
        let (told, done) = oneshot::channel();
        match door {
            Door::Inside => {
                let all = all_inside(Arc::clone(site), count, timing);
                tokio::spawn(async move { told.send(all.await) });
                Ok(Submitters {
                    done,
                    thread: None,
                    _clients: None,
                    _listener: None,
                })
            }
            Door::Http => Submitters::over_http(site, count, timing, told, done),
        }
    }

    fn over_http(
        site: &Arc<Site>,
        count: usize,
        timing: Timing,
        told: oneshot::Sender<anyhow::Result<Done>>,
        done: oneshot::Receiver<anyhow::Result<Done>>,
    ) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no port is free")?;
        listener.set_nonblocking(true)?;
        let at = listener.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let state = AppState::new(Arc::clone(&site.core), Arc::clone(&site.robots), Trust::default());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(http::serve(listener, http::router(Arc::new(state)), async {
            drop(stopped.await)
        }));
        let client = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (say_thread, thread) = std::sync::mpsc::channel();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let site = Arc::clone(site);
        std::thread::Builder::new()
            .name("bench-client".to_owned())
            .spawn(move || {
                // The receivers may have gone away with a benchmark that failed.
                let _ = say_thread.send(machine::this_thread());
                let _ = told.send(client.block_on(all_over_http(site, at, count, timing)));
                let _ = held.recv();
            })?;
        let thread = thread.recv().context("the client's thread has ended")?;
        Ok(Submitters {
            done,
            thread,
            _clients: Some(hold),
            _listener: Some(stop),
        })
    }

    /// The CPU time of the clients until now; none for submitters inside.
    pub(super) fn client_cpu(&self) -> Option<Duration> {
        self.thread.and_then(machine::thread_cpu)
    }

    /// Waits for all of them.
    pub(super) async fn join(self) -> anyhow::Result<Done> {
        self.done.await.context("the submitters have ended")?
    }
}

/// The deals of one submitter, in turn: every `count`th. No deal belongs to two.
fn deals_of(
    site: &Site,
    place: usize,
    count: usize,
) -> impl Iterator<Item = signalbox_crm::ids::ItemId> + '_ {
    site.deals.iter().copied().skip(place).step_by(count).cycle()
}

async fn all_inside(site: Arc<Site>, count: usize, timing: Timing) -> anyhow::Result<Done> {
    let mut tasks = JoinSet::new();
    for place in 0..count {
        let site = Arc::clone(&site);
        tasks.spawn(async move {
            let mut done = Done::default();
            let mut pace = Pace::of(timing, place, count);
            for deal in deals_of(&site, place, count) {
                let began = pace.next().await;
                if began >= timing.end {
                    break;
                }
                site.play(deal).await?;
                done.count(began, timing);
            }
            anyhow::Ok(done)
        });
    }
    collect(tasks).await
}

async fn all_over_http(
    site: Arc<Site>,
    at: std::net::SocketAddr,
    count: usize,
    timing: Timing,
) -> anyhow::Result<Done> {
    let mut tasks = JoinSet::new();
    for place in 0..count {
        let site = Arc::clone(&site);
        tasks.spawn(async move {
            let mut connection = Connection::open(at, &site.token, site.stage).await?;
            let mut done = Done::default();
            let mut pace = Pace::of(timing, place, count);
            for deal in deals_of(&site, place, count) {
                let began = pace.next().await;
                if began >= timing.end {
                    break;
                }
                let effects = site.watch.expect(deal);
                connection.enter(deal).await?;
                effects.committed().await?;
                done.count(began, timing);
            }
            anyhow::Ok(done)
        });
    }
    collect(tasks).await
}

impl Done {
    fn count(&mut self, began: Instant, timing: Timing) {
        self.deal_count += 1;
        if began >= timing.begin {
            self.latencies.push(began.elapsed());
        }
    }
}

async fn collect(mut tasks: JoinSet<anyhow::Result<Done>>) -> anyhow::Result<Done> {
    let mut all = Done::default();
    while let Some(ended) = tasks.join_next().await {
        all.add(ended.map_err(|error| anyhow!("a submitter has ended: {error}"))??);
    }
    Ok(all)
}
