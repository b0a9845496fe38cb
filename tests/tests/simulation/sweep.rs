//! Failpoints: in the course of a seed in which nothing else fails, each durable step fails in each way once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use signalbox_db::Fault;

use super::series::{Course, Played, play};
use super::turnstile::{Go, Stop};
use super::weather::{Failpoint, Strike};

fn fair(seed: u64, failpoint: Option<(u64, Failpoint)>) -> Played {
    play(Course {
        is_fair: true,
        failpoint,
        ..Course::of(seed)
    })
}

/// Plays a seed with one of its failpoints.
pub(super) fn played(seed: u64, number: u64) -> Played {
    let strikes = strikes(seed);
    let place = usize::try_from(number).expect("a small number");
    fair(seed, Some((number, strikes[place])))
}

/// All failpoints of a seed.
pub(super) fn strikes(seed: u64) -> Vec<Failpoint> {
    static KNOWN: Mutex<BTreeMap<u64, Vec<Failpoint>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let found = known.entry(seed).or_insert_with(|| {
        let played = fair(seed, None);
        assert!(played.world.problems().is_empty(), "{}", played.story(usize::MAX));
        (0..).zip(&played.stops).flat_map(failpoints).collect()
    });
    found.clone()
}

/// What can happen at a stop at a durable step.
fn failpoints((place, stop): (u64, &Stop)) -> Vec<Failpoint> {
    let twice: &[Go] = match stop {
        Stop::BeforeCommit => &[Go::Fails(Fault::Conflict), Go::Fails(Fault::Unavailable)],
        Stop::AfterCommit => &[Go::Fails(Fault::OutcomeUnknown)],
        Stop::BeforeRequest => &[Go::Refused(429)],
        Stop::AfterRequest => &[Go::Silence],
        Stop::BeforeRead | Stop::AfterRead => &[],
    };
    let twice = twice.iter().map(|go| Strike::Twice(*go));
    let strikes = std::iter::once(Strike::Crash).chain(twice);
    strikes.map(|strikes| Failpoint { place, strikes }).collect()
}
