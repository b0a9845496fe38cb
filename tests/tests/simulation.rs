//! A simulation of the engine above the database: one thread, virtual time, and a seed that decides who goes on, what
//! fails and when the host dies. The database, the robots and the sandbox are the real ones.
//!
//! `SIGNALBOX_SEEDS=100000` plays so many seeds; `SIGNALBOX_SEED=123` plays one and tells what happens.
//! `SIGNALBOX_SWEEPS=50` lets every durable step of so many seeds fail; a failure names its `SIGNALBOX_FAILPOINT`.

mod chance;
mod check;
mod company;
mod life;
mod observer;
mod people;
mod planted;
mod receiver;
mod requests;
mod series;
mod sometimes;
mod sweep;
mod trace;
mod turnstile;
mod weather;
mod world;

use std::time::Instant;

use self::planted::Planted;
use self::series::{Course, first_broken, play, variable};
use self::sometimes::Tally;

/// Seeds of a run in CI: about 7 minutes of one core.
const SEEDS: u64 = 1_000;
/// Seeds that are played twice.
const REPEATED_SEEDS: u64 = 20;
/// Seeds within which every planted defect must be found.
const PLANTED_SEEDS: u64 = 200;
/// Seeds of which every durable step fails.
const SWEEPS: u64 = 1;
/// Lines that a failure shows.
const LINES_SHOWN: usize = 60;

#[test]
fn every_promise_holds_whatever_fails() {
    if variable("SIGNALBOX_FAILPOINT").is_some() {
        return;
    }
    if let Some(seed) = variable("SIGNALBOX_SEED") {
        return play(Course::of(seed)).tell();
    }
    let seeds = variable("SIGNALBOX_SEEDS").unwrap_or(SEEDS);
    let (tally, begun) = (Tally::default(), Instant::now());
    let broken = first_broken(seeds, |seed| {
        let played = play(Course::of(seed));
        tally.add(&played.world.tally);
        played
    });
    if let Some(broken) = broken {
        panic!("{}", broken.story(LINES_SHOWN));
    }
    let seconds = begun.elapsed().as_secs();
    eprintln!("SIGNALBOX_SEEDS={seeds} in {seconds} s: {:?}", tally.counts());
    if seeds >= SEEDS {
        assert_eq!(tally.missing(), [], "these never happened in {seeds} seeds");
    }
}

#[test]
fn same_seed_takes_the_same_course() {
    let seeds = match variable("SIGNALBOX_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..REPEATED_SEEDS,
    };
    for seed in seeds {
        let [first, second] = [(); 2].map(|()| play(Course::of(seed)).world);
        if first.trace.digest() != second.trace.digest() {
            panic!("seed {seed}: {}", first.trace.parting(&second.trace));
        }
    }
}

/// Every commit and every request that leaves the house: the host dies before it, dies after it, and does it twice.
#[test]
fn every_durable_step_may_be_the_last_and_may_be_repeated() {
    if let (Some(seed), Some(number)) = (variable("SIGNALBOX_SEED"), variable("SIGNALBOX_FAILPOINT")) {
        return sweep::played(seed, number).tell();
    }
    if variable("SIGNALBOX_SEED").is_some() {
        return;
    }
    for seed in 0..variable("SIGNALBOX_SWEEPS").unwrap_or(SWEEPS) {
        let count = sweep::strikes(seed).len() as u64;
        eprintln!("SIGNALBOX_SEED={seed}: {count} failpoints");
        if let Some(broken) = first_broken(count, |number| sweep::played(seed, number)) {
            panic!("{}", broken.story(LINES_SHOWN));
        }
    }
}

#[test]
fn every_planted_defect_is_found() {
    if variable("SIGNALBOX_SEED").is_some() {
        return;
    }
    let mut missed = Vec::new();
    // A release has no defects on purpose of its own.
    let all = Planted::ALL.iter();
    for planted in all.filter(|planted| cfg!(debug_assertions) || **planted != Planted::ReadsForgotten) {
        let course = |seed| Course {
            planted: Some(*planted),
            ..Course::of(seed)
        };
        match first_broken(PLANTED_SEEDS, |seed| play(course(seed))) {
            Some(found) => eprintln!(
                "{planted:?}: seed {}: {}",
                found.course.seed,
                found.world.problems()[0]
            ),
            None => missed.push(planted),
        }
    }
    assert!(
        missed.is_empty(),
        "not found in {PLANTED_SEEDS} seeds: {missed:?}"
    );
}
