//! Plays seeds, and tells of those that broke a promise.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use signalbox::engine::plan::planted::IS_BLIND;

use super::company::company;
use super::life::{End, live};
use super::planted::Planted;
use super::weather::{Failpoint, Stops, Weather};
use super::world::{Phase, World};

/// What is asked of a world in which nothing fails but at a failpoint.
const FAIR_ASKS: u64 = 10;

/// A number from the environment.
pub(super) fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What is played.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    pub(super) seed: u64,
    pub(super) planted: Option<Planted>,
    /// Nothing else fails.
    pub(super) is_fair: bool,
    /// With its number in the seed.
    pub(super) failpoint: Option<(u64, Failpoint)>,
}

impl Course {
    /// A seed with all its faults.
    pub(super) fn of(seed: u64) -> Course {
        Course {
            seed,
            planted: None,
            is_fair: false,
            failpoint: None,
        }
    }
}

/// What came of it.
pub(super) struct Played {
    pub(super) course: Course,
    pub(super) world: Arc<World>,
    pub(super) stops: Stops,
}

/// Names the seed when the simulation itself panics.
struct Named(Course);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the simulation panicked in {:?}", self.0);
        }
    }
}

/// Plays until everything has come to rest and a host that starts again has nothing to do, or a promise is broken.
pub(super) fn play(course: Course) -> Played {
    let _named = Named(course);
    IS_BLIND.set(course.planted == Some(Planted::ReadsForgotten));
    let world = Arc::new(World::new(company(), course.seed, course.planted));
    let mut weather = match course.is_fair {
        true => {
            let failpoint = course.failpoint.map(|(_, failpoint)| failpoint);
            Weather::fair(world.now(), FAIR_ASKS, failpoint)
        }
        false => Weather::at_random(&world.chance, world.now()),
    };
    loop {
        match live(&world, &mut weather) {
            End::Dead => {}
            End::Broken => break,
            End::Rest if world.phase() == Phase::Again => break,
            End::Rest => world.enter(Phase::Again),
        }
    }
    Played {
        course,
        world,
        stops: weather.durable,
    }
}

impl Played {
    /// What is wrong, the last lines before it, and how to see it again.
    pub(super) fn story(&self, lines: usize) -> String {
        let failpoint = match self.course.failpoint {
            Some((number, _)) => format!(" SIGNALBOX_FAILPOINT={number}"),
            None => String::new(),
        };
        let variables = format!("SIGNALBOX_SEED={}{failpoint}", self.course.seed);
        format!(
            "{variables} broke {:#?}\n{}\nplay it again: {variables} cargo test -p signalbox-tests --test main -- \
             simulation --nocapture",
            self.world.problems(),
            self.world.trace.end(lines).join("\n"),
        )
    }

    /// Tells everything.
    ///
    /// # Panics
    /// When a promise is broken.
    pub(super) fn tell(&self) {
        eprintln!("{}", self.world.trace.end(usize::MAX).join("\n"));
        assert!(self.world.problems().is_empty(), "{}", self.story(0));
    }
}

/// Plays numbers on all cores until one is broken, and gives that one.
pub(super) fn first_broken(count: u64, play: impl Fn(u64) -> Played + Sync) -> Option<Played> {
    let next = AtomicU64::new(0);
    let broken: Mutex<Option<Played>> = Mutex::new(None);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count || broken.lock().unwrap().is_some() {
                return;
            }
            let played = play(number);
            if !played.world.problems().is_empty() {
                broken.lock().unwrap().get_or_insert(played);
            }
        }
    };
    let core_count = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..core_count {
            scope.spawn(work);
        }
    });
    broken.into_inner().unwrap()
}
