//! One life of a host, and the scheduler that decides what happens next in it.
//!
//! Everything runs on one thread. When nobody can go on, everybody who is not asleep waits at the turnstile, and the
//! seed chooses who passes, what fails, how long time stands still, and whether the host dies.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signalbox::app::{App, AppOptions, Grounds};
use signalbox::channels::send::Sender;
use signalbox::clock::{Clock, SimulatedClock};
use signalbox::engine::core::SharedCore;
use signalbox::engine::lanes::figures::Waiting;
use signalbox::engine::membership::{follow, forget_all};
use signalbox::outbound::send::WebSender;
use signalbox_crm::breaker::Limits;
use signalbox_crm::ids::ItemId;
use signalbox_crm::run::RunState;
use signalbox_crm::shard::{SHARD_COUNT, ShardSet};
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::DeliveryState;
use signalbox_db::{Batch, Db, DeliveryFilter, Fault, HostStanding, RunFilter};
use tokio::task::yield_now;

use super::company::{LIMITED, SCHEDULED, open_options};
use super::people::{Ask, ask, last};
use super::planted::Planted;
use super::receiver::Counter;
use super::sometimes::Sometimes;
use super::turnstile::{Go, Stop, Ticket, Turnstile};
use super::weather::{Strike, Weather};
use super::world::{Phase, World};

/// Decisions of the scheduler after which something goes round in circles.
const STEPS_MAX: u64 = 30_000;
/// A seed makes a handful of failures, and not the 16 that a robot needs elsewhere before it pauses.
const BREAKER: Limits = Limits {
    attempts: 5,
    failed_min: 4,
    items_min: 2,
};
/// A host without faults may be so late.
const LATE_MAX: Duration = Duration::from_secs(70);

/// Steps after which a host that has lost its place comes back.
const BACK_ONE_IN: u64 = 15;

/// How a life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The host is dead.
    Dead,
    /// There is nothing left to do.
    Rest,
    /// Something is not as promised.
    Broken,
}

/// What the host's own task tells.
#[derive(Default)]
struct Host {
    core: OnceLock<SharedCore>,
    has_not_started: OnceLock<String>,
}

struct Life<'w> {
    world: &'w Arc<World>,
    weather: &'w mut Weather,
    turnstile: Arc<Turnstile>,
    clock: SimulatedClock,
    /// Without a gate.
    db: Db,
    host: Arc<Host>,
    late: Duration,
    has_been_ousted: bool,
}

/// Lives until the end.
pub(super) fn live(world: &Arc<World>, weather: &mut Weather) -> End {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        // `yield_now` comes back when nobody else can go on, and not before.
        .event_interval(u32::MAX)
        .build()
        .unwrap();
    // Paused time goes on by itself when everybody sleeps, unless a blocking task is at work.
    let (release, held) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || held.recv());
    let end = runtime.block_on(async {
        let mut life = Life::begin(world, weather).await;
        let end = life.drive().await;
        if end == End::Rest && world.phase() == Phase::Again {
            super::check::check(world, &life.db).await;
        }
        world.set_now(life.clock.now());
        end
    });
    drop(release);
    drop(runtime);
    world.asking.store(0, Ordering::Relaxed);
    end
}

impl<'w> Life<'w> {
    async fn begin(world: &'w Arc<World>, weather: &'w mut Weather) -> Life<'w> {
        world.observed().life_count += 1;
        let url = format!("sqlite:{}", world.database.display());
        let db = Db::open(&url, &open_options()).await.unwrap();
        let turnstile = Arc::new(Turnstile::new(Arc::clone(world), db.clone()));
        let clock = SimulatedClock::starting_at(world.now());
        let host = Arc::new(Host::default());
        world.trace.note(format!(
            "life at {} with {} workers",
            world.now(),
            weather.worker_count
        ));
        count_what_is_taken_up(world, &db).await;
        let receiver = Arc::new(Counter {
            world: Arc::clone(world),
            turnstile: Arc::clone(&turnstile),
        });
        let grounds = Grounds {
            db: db.behind(Arc::clone(&turnstile) as _),
            robots: Arc::clone(&world.company.robots),
            sender: Sender::simulated(Arc::clone(&receiver) as _).unwrap(),
            web_sender: WebSender::simulated(receiver).unwrap(),
        };
        let options = AppOptions {
            worker_count: weather.worker_count,
            breaker: BREAKER,
            ..AppOptions::for_test(Clock::Simulated(clock.clone()))
        };
        tokio::spawn(serve(Arc::clone(world), Arc::clone(&host), grounds, options));
        Life {
            world,
            weather,
            turnstile,
            clock,
            db,
            host,
            late: Duration::ZERO,
            has_been_ousted: false,
        }
    }

    async fn drive(&mut self) -> End {
        loop {
            yield_now().await;
            if self.turnstile.is_flying() {
                self.turnstile.landed().await;
                continue;
            }
            if !self.world.problems().is_empty() {
                return End::Broken;
            }
            self.look_at_limits();
            self.weather.step_count += 1;
            if self.weather.step_count > STEPS_MAX {
                self.world.problem(format!("no rest after {STEPS_MAX} steps"));
                return End::Broken;
            }
            if self.host.has_not_started.get().is_some() {
                return End::Dead;
            }
            if let Some(end) = self.step().await {
                return end;
            }
        }
    }

    /// Of an attachment that is executed for one message at a time, no two runs are under way.
    fn look_at_limits(&self) {
        let Some(core) = self.host.core.get() else { return };
        if self.world.planted == Some(Planted::LimitForgotten) {
            core.lanes.set_classes(HashMap::new());
        }
        let limited = self.world.observed().limited.clone();
        if limited.len() < 2 {
            return;
        }
        let running: Vec<_> = limited
            .iter()
            .filter(|run| core.lanes.is_running(**run))
            .collect();
        if running.len() > 1 {
            self.world
                .problem(format!("limit forgotten: {running:?} are under way at once"));
        }
        let attachment = self.world.company.names.attachments[LIMITED];
        let waiting = core.lanes.figures().waiting;
        let is_held = |row: &Waiting| row.attachment == attachment && row.held_by.is_some();
        if waiting.iter().any(is_held) {
            self.world.tally.saw(Sometimes::Held);
        }
    }

    /// Decides what happens next.
    async fn step(&mut self) -> Option<End> {
        let is_storm = self.world.phase() == Phase::Storm;
        let tickets = self.turnstile.take();
        if is_storm && self.dies(&tickets) {
            return Some(End::Dead);
        }
        if self.changes_place(is_storm, &tickets).await {
            self.turnstile.put_back(tickets);
            return None;
        }
        if is_storm && self.weather.asks_left > 0 && self.clock.now() >= self.weather.next_ask_at {
            self.turnstile.put_back(tickets);
            self.ask_something();
            return None;
        }
        if tickets.is_empty() {
            return self.idle().await;
        }
        if is_storm && self.world.chance.one_in(self.weather.slow_one_in) {
            self.turnstile.put_back(tickets);
            self.world.tally.saw(Sometimes::Slow);
            let millis = self
                .world
                .chance
                .between(1, self.world.chance.pick(&[10, 1_000, 20_000]));
            self.pass(Duration::from_millis(millis)).await;
            return None;
        }
        self.let_one_pass(tickets)
    }

    fn let_one_pass(&mut self, mut tickets: Vec<Ticket>) -> Option<End> {
        let place = self.weather.choose(&self.world.chance, tickets.len());
        let ticket = tickets.remove(place);
        self.turnstile.put_back(tickets);
        let strike = match self.world.phase() {
            Phase::Storm | Phase::Calm => self.weather.strike(ticket.stop),
            Phase::Again => None,
        };
        let go = match (strike, self.world.phase()) {
            (Some(Strike::Crash), _) => {
                self.world
                    .trace
                    .note(format!("crash at {:?} {}", ticket.stop, ticket.label));
                return Some(End::Dead);
            }
            (Some(Strike::Twice(go)), _) => go,
            (None, Phase::Storm) => self
                .weather
                .go(self.world, ticket.stop, self.host.core.get().is_none()),
            (None, Phase::Calm | Phase::Again) => Go::On,
        };
        let at = self.clock.now();
        self.world
            .trace
            .note(format!("{at} {:?} {} {go:?}", ticket.stop, ticket.label));
        ticket.pass(go);
        None
    }

    /// Whether the host dies now.
    fn dies(&mut self, tickets: &[Ticket]) -> bool {
        let chance = &self.world.chance;
        let is_gone = self.turnstile.is_down() && chance.one_in(10);
        let is_sent = tickets.iter().any(|ticket| ticket.stop == Stop::AfterRequest);
        if !is_gone
            && (self.weather.crashes_left == 0 || !chance.one_in(self.weather.crash_one_in_when(is_sent)))
        {
            return false;
        }
        self.weather.crashes_left = self.weather.crashes_left.saturating_sub(1);
        let tally = &self.world.tally;
        tally.saw(Sometimes::Crash);
        if self.host.core.get().is_none() {
            tally.saw(Sometimes::CrashAtStart);
        }
        for ticket in tickets {
            match ticket.stop {
                Stop::BeforeCommit => tally.saw(Sometimes::CrashBeforeCommit),
                Stop::AfterCommit => tally.saw(Sometimes::CrashBeforeAcknowledgement),
                Stop::AfterRequest => tally.saw(Sometimes::CrashBetweenSendAndMark),
                Stop::BeforeRead | Stop::AfterRead | Stop::BeforeRequest => {}
            }
        }
        self.world.trace.note(format!("{} crash", self.clock.now()));
        true
    }

    /// Whether another host takes the place of this one now, or this one comes back.
    async fn changes_place(&mut self, is_storm: bool, tickets: &[Ticket]) -> bool {
        let Some(core) = self.host.core.get() else {
            return false;
        };
        let World { chance, tally, .. } = &**self.world;
        let one_in = match self.turnstile.is_ousted() {
            true if !is_storm => 1,
            true => BACK_ONE_IN,
            false if !is_storm => return false,
            false => self.weather.oust_one_in,
        };
        if !chance.one_in(one_in) {
            return false;
        }
        let is_back = self.turnstile.is_ousted();
        self.world.trace.note(format!(
            "{} {}",
            self.clock.now(),
            if is_back { "back" } else { "ousted" }
        ));
        self.turnstile.set_ousted(!is_back);
        if is_back {
            tally.saw(Sometimes::Rejoined);
            follow(core, everything()).await;
            return true;
        }
        tally.saw(Sometimes::Ousted);
        self.has_been_ousted = true;
        if tickets.iter().any(|ticket| ticket.stop == Stop::BeforeCommit) {
            tally.saw(Sometimes::OustedInCommit);
        }
        forget_all(core);
        if self.world.planted != Some(Planted::PlaceNotFreed) {
            let mut freed = Batch::new(self.clock.now());
            freed.released = Some(ShardSet::ALL);
            self.db.commit(&freed).await.unwrap();
        }
        true
    }

    fn ask_something(&mut self) {
        let Some(core) = self.host.core.get() else {
            // Nobody listens yet.
            self.weather.next_ask_at = later(self.clock.now(), Duration::from_millis(200));
            return;
        };
        let unaccepted = self.unaccepted();
        let what = match (unaccepted, self.busy_item(core)) {
            (Some(place), _) if self.world.chance.one_in(6) => Ask::Webhook(place),
            (_, Some(item)) if self.world.chance.one_in(3) => Ask::Title(item, self.world.chance.below(1000)),
            (Some(_) | None, _) => Ask::at_random(self.world),
        };
        ask(self.world, core, what);
        self.weather.plan_next_ask(&self.world.chance, self.clock.now());
    }

    /// An item on which a robot is at work.
    fn busy_item(&self, core: &SharedCore) -> Option<ItemId> {
        let observed = self.world.observed();
        let mut lanes = observed.lanes.iter();
        let busy = lanes.find(|(_, runs)| runs.first().is_some_and(|run| core.lanes.is_running(*run)));
        busy.map(|(item, _)| *item)
    }

    fn unaccepted(&self) -> Option<usize> {
        let ledger = self.world.ledger();
        ledger.webhooks.iter().position(|webhook| !webhook.is_accepted)
    }

    fn unanswered(&self) -> Option<String> {
        let ledger = self.world.ledger();
        let mut posts = ledger.posts.iter();
        posts.find(|(_, id)| id.is_none()).map(|(title, _)| title.clone())
    }

    /// Nobody waits at the turnstile: everybody sleeps, or there is nothing to do.
    async fn idle(&mut self) -> Option<End> {
        if self.turnstile.is_down() {
            return Some(End::Dead);
        }
        let Some(core) = self.host.core.get() else {
            self.pass(Duration::from_millis(100)).await;
            return self.too_late(Duration::from_millis(100), "the host does not start");
        };
        let core = Arc::clone(core);
        let now = self.clock.now();
        if self.world.phase() == Phase::Storm {
            if self.weather.asks_left == 0 {
                self.world.enter(Phase::Calm);
                return None;
            }
            self.jump();
            let due = self.next_due().await.unwrap_or(self.weather.next_ask_at);
            let target = due
                .min(self.weather.next_ask_at)
                .max(later(now, Duration::from_millis(1)));
            let pause = match self.world.chance.one_in(8) {
                true => Duration::from_millis(self.world.chance.between(1, 40_000)),
                false => target.since(now),
            };
            self.pass(pause).await;
            return None;
        }
        self.come_to_rest(&core, now).await
    }

    /// Without faults: what is left to do is done, in time.
    async fn come_to_rest(&mut self, core: &SharedCore, now: Timestamp) -> Option<End> {
        if self.world.asking.load(Ordering::Relaxed) > 0 || core.lanes.open_count() > 0 {
            let pause = Duration::from_millis(250);
            self.pass(pause).await;
            return self.too_late(pause, "something is being worked on, and waits for nothing");
        }
        if self.world.phase() == Phase::Calm {
            if let Some(place) = self.unaccepted() {
                ask(self.world, core, Ask::Webhook(place));
                return None;
            }
            if let Some(title) = self.unanswered() {
                ask(self.world, core, Ask::Post(title));
                return None;
            }
            let scheduled = self.world.company.names.attachments[SCHEDULED];
            if core.records.directory().attachments[&scheduled].is_enabled {
                ask(self.world, core, last());
                return None;
            }
        }
        let Some(due) = self.next_due().await else {
            return Some(End::Rest);
        };
        if due > now {
            self.late = Duration::ZERO;
            self.pass(due.since(now) + Duration::from_millis(1)).await;
            return None;
        }
        let pause = Duration::from_secs(1);
        self.pass(pause).await;
        self.too_late(pause, "something is due, and nobody does it")
    }

    fn too_late(&mut self, pause: Duration, what: &str) -> Option<End> {
        if self.world.phase() == Phase::Storm {
            return None;
        }
        self.late += pause;
        if self.late < LATE_MAX {
            return None;
        }
        self.world
            .problem(format!("too late: {what} at {}", self.clock.now()));
        Some(End::Broken)
    }

    /// When the host has to do something next, apart from the schedule.
    async fn next_due(&self) -> Option<Timestamp> {
        let run = self.db.next_due_at(&ShardSet::ALL).await.unwrap();
        let timer = self.db.next_timer_at(&ShardSet::ALL).await.unwrap();
        let always = Timestamp::MIN;
        let request = self.db.next_request_after(&ShardSet::ALL, always).await.unwrap();
        [run, timer, request, self.next_delivery_at().await]
            .into_iter()
            .flatten()
            .min()
    }

    /// Messages of one conversation wait for the first of them.
    async fn next_delivery_at(&self) -> Option<Timestamp> {
        let pending = DeliveryFilter {
            state: Some(DeliveryState::Pending),
            ..DeliveryFilter::default()
        };
        let newest_first = self.db.deliveries(&pending, None, 1_000).await.unwrap();
        let heads: HashMap<_, _> = newest_first
            .into_iter()
            .map(|delivery| (delivery.conversation, delivery.due_at))
            .collect();
        heads.into_values().min()
    }

    /// Somebody may set the clock.
    fn jump(&mut self) {
        if !self.world.chance.one_in(self.weather.jump_one_in) {
            return;
        }
        let seconds = i64::try_from(self.world.chance.between(1, 3_600)).expect("fits");
        let (sign, what) = match self.world.chance.one_in(2) {
            true => (1, Sometimes::ClockForwards),
            false => (-1, Sometimes::ClockBackwards),
        };
        self.world.tally.saw(what);
        self.world.trace.note(format!("{what:?} by {seconds} s"));
        self.clock.jump(sign * seconds * 1_000_000);
    }

    async fn pass(&self, time: Duration) {
        self.world
            .trace
            .note(format!("{} + {} ms", self.clock.now(), time.as_millis()));
        tokio::time::advance(time).await;
        // A host that is not alone looks once a second for what others have left; so does one that was not.
        if let Some(core) = self.host.core.get().filter(|_| self.has_been_ousted) {
            core.shards.to_claim.notify_one();
        }
    }
}

async fn serve(world: Arc<World>, host: Arc<Host>, grounds: Grounds, options: AppOptions) {
    match App::start_on(grounds, options).await {
        Ok(mut app) => {
            world.trace.note("started".to_owned());
            let _ = host.core.set(Arc::clone(&app.core));
            let error = app.ended().await;
            world.problem(format!("the host ended by itself: {error:#}"));
        }
        Err(error) => {
            world.trace.note(format!("not started: {error:#}"));
            world.tally.saw(Sometimes::FailedStart);
            if world.phase() != Phase::Storm {
                world.problem(format!("the host does not start: {error:#}"));
            }
            let _ = host.has_not_started.set(error.to_string());
        }
    }
}

async fn count_what_is_taken_up(world: &World, db: &Db) {
    let filter = RunFilter {
        state: Some(RunState::Available),
        ..RunFilter::default()
    };
    let saw = |what, is_so: bool| {
        if is_so {
            world.tally.saw(what);
        }
    };
    saw(Sometimes::RecoveredRuns, db.run_count(&filter).await.unwrap() > 0);
    saw(Sometimes::RecoveredChain, db.has_waiting_runs().await.unwrap());
    let inbound = db.unclaimed_inbound(&ShardSet::ALL, 1).await.unwrap();
    saw(Sometimes::RecoveredInbound, !inbound.is_empty());
}

/// The only host has all shards.
fn everything() -> HostStanding {
    HostStanding {
        shards: ShardSet::ALL,
        host_count: 1,
        share: usize::from(SHARD_COUNT),
        directory_version: 0,
    }
}

fn later(at: Timestamp, time: Duration) -> Timestamp {
    at.plus(time).unwrap_or(Timestamp::MAX)
}

/// The fault that a stop can meet.
pub(super) fn fault_at(world: &World, stop: Stop) -> Go {
    let tally = &world.tally;
    match stop {
        Stop::BeforeRead => {
            tally.saw(Sometimes::Unavailable);
            Go::Fails(Fault::Unavailable)
        }
        Stop::AfterRead => {
            tally.saw(Sometimes::LostRead);
            Go::Fails(Fault::Unavailable)
        }
        Stop::BeforeCommit => match world.chance.below(3) {
            0 => {
                tally.saw(Sometimes::Conflict);
                Go::Fails(Fault::Conflict)
            }
            1 => {
                tally.saw(Sometimes::Unavailable);
                Go::Fails(Fault::Unavailable)
            }
            _ => {
                tally.saw(Sometimes::Full);
                Go::Fails(Fault::Full)
            }
        },
        Stop::AfterCommit => Go::Fails(Fault::OutcomeUnknown),
        Stop::BeforeRequest => match world.chance.below(8) {
            0..3 => {
                tally.saw(Sometimes::TooManyRequests);
                Go::Refused(429)
            }
            3..5 => Go::Refused(500),
            5 => Go::Refused(403),
            _ => Go::Silence,
        },
        Stop::AfterRequest => {
            tally.saw(Sometimes::ReceiverTimeout);
            Go::Silence
        }
    }
}
