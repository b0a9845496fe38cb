//! The running host: built once, passed explicitly.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use signalbox_crm::breaker::Limits;
use signalbox_crm::directory::{DirectoryChange, RobotVersion};
use signalbox_crm::http_request::HttpRequest;
use signalbox_crm::people::Actor;
use signalbox_crm::shard::ShardSet;
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::Delivery;
use signalbox_crm::web_host::WebHost;
use signalbox_db::{Batch, Db, INSTALLATION, OpenOptions};
use signalbox_sandbox::inspect::Inspection;
use signalbox_sandbox::{CompilerProcess, Limits as RunLimits, Sandbox, SandboxConfig};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::bundled::INSPECTED;
use crate::channels::send::Sender;
use crate::clock::{Clock, random_bytes};
use crate::drain::Draining;
use crate::engine::alarm::Alarm;
use crate::engine::breakers::Breakers;
use crate::engine::bulk::Bulks;
use crate::engine::changes::Changes;
use crate::engine::claims;
use crate::engine::clock_watch::ClockWatch;
use crate::engine::committer::{self, Proposal, QUEUE_MAX};
use crate::engine::core::{ATTEMPTS_KEPT, Core, SharedCore};
use crate::engine::denials::Denials;
use crate::engine::dry_run::{AT_ONCE_MAX, DryRuns};
use crate::engine::fair::classes;
use crate::engine::ids::{Ids, Marks};
use crate::engine::inflight::Inflight;
use crate::engine::lanes::Lanes;
use crate::engine::membership;
use crate::engine::plan::Memory;
use crate::engine::rates::Rates;
use crate::engine::records::Records;
use crate::engine::robots::Robots;
use crate::engine::scheduler::Scheduler;
use crate::engine::shards::Shards;
use crate::engine::spending::Spending;
use crate::engine::storing::Storing;
use crate::engine::tidings::{FAREWELL, Tidings};
use crate::engine::worker::Worker;
use crate::janitor::{Janitor, Retention};
use crate::outbound::send::WebSender;
use crate::outbox::Outbox;

/// How long a host that stops waits for the database to take its place back: the others take it anyhow.
const LEAVE_MAX: Duration = Duration::from_secs(2);

/// How to start.
#[derive(Debug, Clone)]
pub struct AppOptions {
    /// `sqlite:PATH` or `postgres://...`; none for a database in memory.
    pub database: Option<String>,
    /// How the database is opened.
    pub open: OpenOptions,
    /// The time.
    pub clock: Clock,
    /// Runs that are executed at the same time.
    pub worker_count: u32,
    /// Tasks that may wait before nothing more is taken in.
    pub backlog_max: usize,
    /// What one run may use.
    pub run_limits: RunLimits,
    /// When a robot that fails pauses.
    pub breaker: Limits,
    /// Where compiled robots are kept; nowhere without it.
    pub cache_dir: Option<PathBuf>,
    /// The program that compiles robots, with limits of time and memory; without it this process does, with none.
    pub compiler: Option<PathBuf>,
    /// Where it stands which runs are at work, for the next host if this one dies; nowhere without it.
    pub inflight: Option<PathBuf>,
    /// How long rows are kept that have served.
    pub keep: Retention,
    /// Hosts that robots may reach although their addresses are not public.
    pub private_hosts: Arc<[WebHost]>,
}

/// 20,000 tasks: some 20 MB, and two seconds of work of two cores.
pub const BACKLOG_MAX: usize = 20_000;

/// 64 runs at once: enough to hide the commit's latency on two cores, and 64 instances of small robots are 4 MB.
pub const WORKERS_DEFAULT: u32 = 64;

impl AppOptions {
    /// A database in memory and a clock that a test sets.
    pub fn for_test(clock: Clock) -> Self {
        AppOptions {
            database: None,
            open: OpenOptions::default(),
            clock,
            worker_count: 8,
            backlog_max: BACKLOG_MAX,
            run_limits: RunLimits::default(),
            breaker: Limits::DEFAULT,
            cache_dir: None,
            compiler: None,
            inflight: None,
            keep: Retention::default(),
            private_hosts: Arc::from([]),
        }
    }
}

/// What a host stands on.
pub struct Grounds {
    /// The database; nobody else works with it.
    pub db: Db,
    /// Robots that are loaded already, and the sandbox for them.
    pub robots: Arc<Robots>,
    /// The way out of the house for messages.
    pub sender: Sender,
    /// Likewise for what robots ask.
    pub web_sender: WebSender,
}

impl Grounds {
    /// Opens what the options name.
    ///
    /// # Errors
    /// The database cannot be opened, or the machine cannot run robots.
    pub async fn new(options: &AppOptions) -> anyhow::Result<Grounds> {
        let db = match &options.database {
            Some(url) => {
                let mut open = options.open.clone();
                // Hosts with different times have nothing to share.
                open.is_alone |= options.clock.is_virtual();
                Db::open(url, &open).await?
            }
            None => Db::open_in_memory().await?,
        };
        let config = SandboxConfig {
            // A dry run takes no worker's place.
            concurrent_runs_max: options.worker_count + AT_ONCE_MAX,
            cache_dir: options.cache_dir.clone(),
            compiler: options.compiler.clone().map(CompilerProcess::new),
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::new(config).context("robots cannot run on this machine")?;
        Ok(Grounds {
            db,
            robots: Arc::new(Robots::new(sandbox)),
            sender: Sender::new()?,
            web_sender: WebSender::new(Arc::clone(&options.private_hosts))?,
        })
    }
}

/// The running host.
pub struct App {
    /// What every part of the engine shares.
    pub core: SharedCore,
    /// Robots that are loaded.
    pub robots: Arc<Robots>,
    /// Makes time pass.
    pub scheduler: Arc<Scheduler>,
    /// Sends what leaves the house.
    pub deliverer: Arc<Outbox<Delivery>>,
    /// Sends what robots ask of services outside.
    pub requester: Arc<Outbox<HttpRequest>>,
    /// Makes bulk changes go on.
    pub bulks: Arc<Bulks>,
    /// Deletes what has served.
    pub janitor: Arc<Janitor>,
    committer: JoinHandle<()>,
    tasks: JoinSet<()>,
}

impl App {
    /// Opens the database, takes up what was not finished, and starts to work.
    ///
    /// With a virtual clock nothing happens by itself but runs that are available: a driver calls `advance_to`.
    ///
    /// # Errors
    /// The database cannot be opened, or the machine cannot run robots.
    pub async fn start(options: AppOptions) -> anyhow::Result<App> {
        let grounds = Grounds::new(&options).await?;
        App::start_on(grounds, options).await
    }

    /// As `start`, on what the caller has opened already.
    ///
    /// # Errors
    /// The database.
    pub async fn start_on(grounds: Grounds, options: AppOptions) -> anyhow::Result<App> {
        let Grounds {
            db,
            robots,
            sender,
            web_sender,
        } = grounds;
        let (core, committer) = open_core(db, &options).await?;
        let mut app = App {
            robots: Arc::clone(&robots),
            scheduler: Arc::new(Scheduler::new(Arc::clone(&core))),
            deliverer: Arc::new(Outbox::new(Arc::clone(&core), sender)),
            requester: Arc::new(Outbox::new(Arc::clone(&core), web_sender)),
            bulks: Arc::new(Bulks::new(Arc::clone(&core))),
            janitor: Arc::new(Janitor::new(Arc::clone(&core), options.keep)),
            core,
            committer,
            tasks: JoinSet::new(),
        };
        app.install_bundled().await?;
        app.recover().await?;
        app.settle_left_behind().await?;
        app.spawn(&options);
        Ok(app)
    }

    fn spawn(&mut self, options: &AppOptions) {
        let (core, robots) = (Arc::clone(&self.core), Arc::clone(&self.robots));
        let worker = Arc::new(Worker::new(core, robots, options.run_limits));
        for number in 0..options.worker_count {
            self.tasks.spawn(Arc::clone(&worker).run(number as usize));
        }
        self.tasks.spawn(claims::run(Arc::clone(&self.core)));
        if self.core.db.is_shared() {
            self.tasks.spawn(membership::run(Arc::clone(&self.core)));
            self.tasks.spawn(membership::tell(Arc::clone(&self.core)));
            self.tasks.spawn(membership::listen(Arc::clone(&self.core)));
            self.tasks.spawn(membership::supply_ids(Arc::clone(&self.core)));
        }
        if !options.clock.is_virtual() {
            self.tasks.spawn(Arc::clone(&self.scheduler).run());
            self.tasks.spawn(Arc::clone(&self.deliverer).run());
            self.tasks.spawn(Arc::clone(&self.requester).run());
            self.tasks.spawn(Arc::clone(&self.bulks).run());
            self.tasks.spawn(Arc::clone(&self.janitor).run());
        }
    }

    /// Installs the robots that ship with the host, where the database has other versions or none.
    async fn install_bundled(&self) -> anyhow::Result<()> {
        let directory = self.core.records.directory();
        let mut proposal = Proposal::new(self.core.clock.now(), Actor::System);
        for (id, bytes, inspection) in INSPECTED.iter() {
            let inspection = inspection.as_ref().map_err(Clone::clone);
            let inspection = inspection.with_context(|| format!("bundled robot `{id}`"))?;
            if !directory.robots.contains_key(&inspection.digest) {
                let new = robot_version(inspection.clone(), proposal.at, true);
                proposal.changes.directory.extend(outdated(&directory, &new));
                proposal
                    .changes
                    .directory
                    .push(DirectoryChange::Robot(new, Some(Arc::new(bytes.to_vec()))));
            }
        }
        if !proposal.changes.directory.is_empty() {
            self.core
                .submit(proposal)
                .await
                .context("the bundled robots cannot be installed")?;
        }
        Ok(())
    }

    /// What was available and not committed runs again; nothing else does. What there is no room for waits in the
    /// database.
    async fn recover(&self) -> anyhow::Result<()> {
        if !self.core.db.is_postgres() && self.core.db.has_held().await? {
            // On PostgreSQL whoever takes a place frees what its last host had.
            let mut proposal = Proposal::new(self.core.clock.now(), Actor::System);
            proposal.released = Some(ShardSet::ALL);
            self.core.submit(proposal).await?;
        }
        claims::claim(&self.core).await?;
        Ok(())
    }

    /// Starts the runs that wait for one which is final: the host was stopped before their turn was stored. After
    /// `recover`, which would take them up a second time.
    async fn settle_left_behind(&self) -> anyhow::Result<()> {
        let settled = self.core.db.runs_left_behind().await?;
        if !settled.is_empty() {
            let proposal = Proposal::new(self.core.clock.now(), Actor::System);
            self.core.submit(Proposal { settled, ..proposal }).await?;
        }
        Ok(())
    }

    /// Lets virtual time pass: every timer fires at its own instant, and everything that follows is done before the
    /// clock goes on.
    ///
    /// Nothing starts while an instant's timers fire, so that with one worker everything happens in one order.
    ///
    /// # Errors
    /// The database.
    pub async fn advance_to(&self, until: Timestamp) -> anyhow::Result<()> {
        loop {
            self.core.lanes.idle().await;
            if self.core.shards.is_behind() {
                claims::claim(&self.core).await?;
                continue;
            }
            // Looked at before the work goes on: a quick worker could be done with it, and its retry unseen.
            let (next, has_work) = {
                let _held = self.core.lanes.hold();
                let next = self.scheduler.tick().await?;
                (next, self.core.lanes.open_count() > 0)
            };
            if has_work {
                continue;
            }
            let now = self.core.clock.now();
            match next {
                Some(next) if now < next && next <= until => self.core.clock.advance_to(next),
                Some(next) if next <= now && now < until => self.core.clock.advance_to(until),
                // Nothing is due up to and at `until`.
                Some(_) | None => {
                    self.core.clock.advance_to(until);
                    return Ok(());
                }
            }
        }
    }

    /// Waits until a part of the host ends by itself, which none does unless it panics. A host without that part must
    /// not go on: the next start takes up what is not committed.
    pub async fn ended(&mut self) -> anyhow::Error {
        let ended = tokio::select! {
            ended = &mut self.committer => ended,
            Some(ended) = self.tasks.join_next() => ended,
        };
        match ended {
            Ok(()) => anyhow!("a part of the host ended"),
            Err(error) => anyhow!(error).context("a part of the host ended"),
        }
    }

    /// Ends the work: what is under way is committed, the rest runs after the next start.
    pub async fn stop(self) {
        let App {
            core,
            committer,
            mut tasks,
            ..
        } = self;
        tasks.shutdown().await;
        core.inflight.clear();
        if !matches!(timeout(LEAVE_MAX, core.db.leave(FAREWELL)).await, Ok(Ok(()))) {
            tracing::warn!("The place of this host stays taken until its lease is over");
        }
        core.db.close().await;
        committer.abort();
        let _ = committer.await;
    }
}

/// Reads what is kept in memory and starts the committer.
async fn open_core(db: Db, options: &AppOptions) -> anyhow::Result<(SharedCore, JoinHandle<()>)> {
    let mut directory = db.load_directory().await?;
    if directory.installation.is_empty() {
        directory.installation = name_installation(&db, options.clock.now()).await?;
    }
    let standing = db.renew_lease().await?;
    let marks = db.load_id_marks().await?;
    let ids = match db.is_shared() {
        true => Ids::in_blocks(&db).await?,
        false => Ids::after(&marks),
    };
    let shards = Shards::new(standing.shards);
    shards.set(standing.shards, standing.host_count);
    let turns = db.load_turns().await?;
    let memory = Memory::new(Marks::stored(&marks), turns, db.has_waiting_runs().await?);
    let lanes = Lanes::new(options.worker_count);
    lanes.set_classes(classes(&directory, options.worker_count));
    let breakers = Breakers::load(&db, options.breaker).await?;
    let (requests, queue) = mpsc::channel(QUEUE_MAX);
    let core = Arc::new(Core {
        db,
        clock: options.clock.clone(),
        ids,
        lanes,
        shards,
        records: Records::new(directory),
        rates: Rates::default(),
        breakers,
        inflight: Inflight::open(options.inflight.as_deref()),
        draining: Draining::default(),
        storing: Storing::default(),
        tidings: Tidings::default(),
        denials: Denials::default(),
        clock_watch: ClockWatch::default(),
        alarm: Alarm::default(),
        outbox_changed: Notify::new(),
        requests_changed: Notify::new(),
        bulk_changed: Notify::new(),
        changes: Changes::default(),
        attempts: broadcast::Sender::new(ATTEMPTS_KEPT),
        requests,
        backlog_max: options.backlog_max,
        worker_count: options.worker_count,
        started_at: options.clock.now(),
        spending: Spending::default(),
        dry_runs: DryRuns::new(options.run_limits),
    });
    let task = tokio::spawn(committer::run(Arc::clone(&core), queue, memory));
    Ok((core, task))
}

/// Gives a new database the id that tells it from all others.
async fn name_installation(db: &Db, now: Timestamp) -> anyhow::Result<Arc<str>> {
    let id = format!("{:016x}", u64::from_be_bytes(random_bytes()));
    let mut batch = Batch::new(now);
    batch.meta = vec![(INSTALLATION.to_owned(), id.clone())];
    db.commit(&batch).await?;
    Ok(id.into())
}

/// A version of a robot, as it goes into the directory.
pub fn robot_version(inspection: Inspection, now: Timestamp, is_bundled: bool) -> RobotVersion {
    RobotVersion {
        digest: inspection.digest,
        manifest: inspection.manifest,
        imports: inspection.imports.into_keys().collect(),
        size_bytes: inspection.bytes as u64,
        installed_at: now,
        signed_by: None,
        is_bundled,
        is_current: true,
    }
}

/// The other versions of the same robot are not current any more.
pub fn outdated(directory: &signalbox_crm::directory::Directory, new: &RobotVersion) -> Vec<DirectoryChange> {
    let others = directory
        .robots
        .values()
        .filter(|v| v.is_current && v.manifest.id == new.manifest.id);
    others
        .map(|old| {
            DirectoryChange::Robot(
                RobotVersion {
                    is_current: false,
                    ..RobotVersion::clone(old)
                },
                None,
            )
        })
        .collect()
}
