//! A simulation of the engine above the database: one thread, virtual time, and a seed that decides who goes on, what
//! fails and when the host dies. The database, the robots and the sandbox are the real ones.
//!
//! `SIGNALBOX_SEEDS=100000` plays so many seeds, `SIGNALBOX_SEED=123` plays one and prints what happens.

mod chance;
mod check;
mod company;
mod life;
mod observer;
mod people;
mod planted;
mod receiver;
mod sometimes;
mod trace;
mod turnstile;
mod weather;
mod world;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use signalbox_db::Fault;

use self::company::company;
use self::life::{End, live};
use self::planted::Planted;
use self::sometimes::Tally;
use self::turnstile::{Go, Stop};
use self::weather::{Failpoint, Strike, Weather};
use self::world::{Phase, World};

/// Seeds of a run in CI.
const SEEDS: u64 = 1_000;
/// Seeds within which every planted defect must be found.
const PLANTED_SEEDS: u64 = 200;
/// Seeds whose every durable step fails once, and what is asked in each.
const SWEEPS: u64 = 1;
const SWEEP_ASKS: u64 = 10;
/// Lines that a failure shows.
const LINES_SHOWN: usize = 60;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// One seed's outcome.
struct Played {
    seed: u64,
    failpoint: Option<Failpoint>,
    world: Arc<World>,
}

fn play(seed: u64, planted: Option<Planted>) -> Played {
    let world = Arc::new(World::new(company(), seed, planted));
    let mut weather = Weather::at_random(&world.chance, world.now());
    play_in(seed, world, &mut weather)
}

fn play_in(seed: u64, world: Arc<World>, weather: &mut Weather) -> Played {
    loop {
        match live(&world, weather) {
            End::Dead => {}
            End::Broken => break,
            End::Rest if world.phase() == Phase::Again => break,
            End::Rest => world.enter(Phase::Again),
        }
    }
    Played {
        seed,
        failpoint: None,
        world,
    }
}

impl Played {
    fn story(&self, lines: usize) -> String {
        format!(
            "SIGNALBOX_SEED={} broke {:#?}\n{}\nplay it again: SIGNALBOX_SEED={} cargo test -p signalbox-tests \
             --test main -- simulation",
            self.seed,
            self.world.problems(),
            self.world.trace.end(lines).join("\n"),
            self.seed,
        )
    }
}

/// Plays seeds until one is broken, and gives that one.
fn play_all(seeds: u64, planted: Option<Planted>, tally: &Tally) -> Option<Played> {
    first_broken(seeds, |seed| {
        let played = play(seed, planted);
        tally.add(&played.world.tally);
        played
    })
}

/// Plays numbers on all cores until one is broken, and gives that one.
fn first_broken(count: u64, play: impl Fn(u64) -> Played + Sync) -> Option<Played> {
    let next = AtomicU64::new(0);
    let broken: Mutex<Option<Played>> = Mutex::new(None);
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(16);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count || broken.lock().unwrap().is_some() {
                        return;
                    }
                    let played = play(seed);
                    if !played.world.problems().is_empty() {
                        broken.lock().unwrap().get_or_insert(played);
                    }
                }
            });
        }
    });
    broken.into_inner().unwrap()
}

#[test]
fn every_promise_holds_whatever_fails() {
    if let Some(seed) = variable("SIGNALBOX_SEED") {
        let played = play(seed, None);
        let lines = played.world.trace.end(usize::MAX);
        eprintln!("{}", lines.join("\n"));
        assert!(played.world.problems().is_empty(), "{}", played.story(0));
        return;
    }
    let seeds = variable("SIGNALBOX_SEEDS").unwrap_or(SEEDS);
    let tally = Tally::default();
    let begun = Instant::now();
    if let Some(broken) = play_all(seeds, None, &tally) {
        panic!("{}", broken.story(LINES_SHOWN));
    }
    eprintln!(
        "SIGNALBOX_SEEDS={seeds} in {} s: {:?}",
        begun.elapsed().as_secs(),
        tally.counts()
    );
    if seeds >= SEEDS {
        assert_eq!(tally.missing(), [], "these never happened in {seeds} seeds");
    }
}

#[test]
fn same_seed_takes_the_same_course() {
    for seed in 0..20 {
        let (first, second) = (play(seed, None), play(seed, None));
        if first.world.trace.digest() == second.world.trace.digest() {
            continue;
        }
        let (first, second) = (
            first.world.trace.end(usize::MAX),
            second.world.trace.end(usize::MAX),
        );
        let place = first.iter().zip(&second).position(|(a, b)| a != b);
        let place = place.unwrap_or(first.len().min(second.len()));
        let from = place.saturating_sub(10);
        let show = |lines: &[String]| lines[from..lines.len().min(place + 3)].join("\n");
        panic!(
            "seed {seed} parts at line {place}:\n{}\n-----\n{}",
            show(&first),
            show(&second)
        );
    }
}

/// Every commit and every request that leaves the house, in the course of a few seeds: the host dies before it, dies
/// after it, and does it twice.
#[test]
fn every_durable_step_may_be_the_last_and_may_be_repeated() {
    for seed in 0..variable("SIGNALBOX_SWEEPS").unwrap_or(SWEEPS) {
        let fair = |failpoint| {
            let world = Arc::new(World::new(company(), seed, None));
            let mut weather = Weather::fair(world.now(), SWEEP_ASKS, failpoint);
            let played = play_in(seed, world, &mut weather);
            (played, weather.durable)
        };
        let (played, durable) = fair(None);
        assert!(
            played.world.problems().is_empty(),
            "{}",
            played.story(LINES_SHOWN)
        );
        let strikes: Vec<Failpoint> = (0..).zip(&durable).flat_map(failpoints).collect();
        eprintln!("seed {seed}: {} stops, {} strikes", durable.len(), strikes.len());
        let count = strikes.len() as u64;
        let strike = |place| strikes[usize::try_from(place).expect("below a length")];
        let broken = first_broken(count, |place| {
            let (mut played, _) = fair(Some(strike(place)));
            played.failpoint = Some(strike(place));
            played
        });
        if let Some(broken) = broken {
            panic!("{:?}\n{}", broken.failpoint, broken.story(LINES_SHOWN));
        }
    }
}

/// What can happen at a stop at a durable step.
fn failpoints((place, stop): (u64, &Stop)) -> Vec<Failpoint> {
    let twice: &[Go] = match stop {
        Stop::BeforeCommit => &[Go::Fails(Fault::Conflict), Go::Fails(Fault::Unavailable)],
        Stop::AfterCommit => &[Go::Fails(Fault::OutcomeUnknown)],
        Stop::AfterRequest => &[Go::Silence],
        Stop::BeforeRequest => &[Go::Refused(429)],
        Stop::BeforeRead | Stop::AfterRead => &[],
    };
    let twice = twice.iter().map(|go| Strike::Twice(*go));
    std::iter::once(Strike::Crash)
        .chain(twice)
        .map(|strikes| Failpoint { place, strikes })
        .collect()
}

#[test]
fn every_planted_defect_is_found() {
    let mut missed = Vec::new();
    for planted in Planted::ALL {
        match play_all(PLANTED_SEEDS, Some(*planted), &Tally::default()) {
            Some(found) => eprintln!("{planted:?}: seed {}: {}", found.seed, found.world.problems()[0]),
            None => missed.push(planted),
        }
    }
    assert!(
        missed.is_empty(),
        "not found in {PLANTED_SEEDS} seeds: {missed:?}"
    );
}
