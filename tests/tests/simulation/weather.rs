//! How rough a seed is.

use std::time::Duration;

use signalbox_crm::time::Timestamp;

use super::chance::Chance;
use super::life::fault_at;
use super::turnstile::{Go, Stop};
use super::world::World;

/// Once in so many times is not within a test.
const NEVER: u64 = u64::MAX;

/// Who passes first.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Whoever chance picks.
    Any,
    /// Who came first, mostly.
    First,
    /// Who came last, mostly: the others wait for long.
    Last,
}

/// Strikes once, at a durable step: a commit or a request that has left the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failpoint {
    /// Counts the stops at durable steps.
    pub(super) place: u64,
    pub(super) strikes: Strike,
}

/// The stops at durable steps, as they came.
pub(super) type Stops = Vec<Stop>;

/// How a failpoint strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strike {
    /// The host dies: before the step, or after it and before anybody has learnt of it.
    Crash,
    /// The step fails, or its outcome is lost: it is executed twice.
    Twice(Go),
}

/// What a seed decides once.
pub(super) struct Weather {
    pub(super) worker_count: u32,
    pub(super) crashes_left: u64,
    pub(super) crash_one_in: u64,
    pub(super) slow_one_in: u64,
    pub(super) jump_one_in: u64,
    pub(super) oust_one_in: u64,
    pub(super) asks_left: u64,
    pub(super) next_ask_at: Timestamp,
    pub(super) step_count: u64,
    pub(super) failpoint: Option<Failpoint>,
    /// The stops at durable steps so far, as they came.
    pub(super) durable: Stops,
    fault_one_in: u64,
    receiver_one_in: u64,
    order: Order,
    /// The longest pause between two requests.
    pause_ms: u64,
}

impl Weather {
    pub(super) fn at_random(chance: &Chance, now: Timestamp) -> Weather {
        Weather {
            worker_count: u32::try_from(chance.between(1, 6)).expect("a small number"),
            crashes_left: chance.below(5),
            crash_one_in: chance.pick(&[30, 150, 400]),
            slow_one_in: chance.pick(&[20, 60, 200]),
            jump_one_in: chance.pick(&[10, 50, 1000]),
            oust_one_in: chance.pick(&[100, 1_000, NEVER]),
            asks_left: chance.between(8, 30),
            next_ask_at: now,
            step_count: 0,
            failpoint: None,
            durable: Vec::new(),
            fault_one_in: chance.pick(&[12, 40, 150, 1000]),
            receiver_one_in: 4,
            order: chance.pick(&[Order::Any, Order::Any, Order::First, Order::Last]),
            pause_ms: chance.pick(&[1, 2_000, 60_000, 200_000]),
        }
    }

    /// Nothing fails but at the failpoint.
    pub(super) fn fair(now: Timestamp, asks: u64, failpoint: Option<Failpoint>) -> Weather {
        Weather {
            worker_count: 2,
            crashes_left: 0,
            crash_one_in: NEVER,
            slow_one_in: NEVER,
            jump_one_in: NEVER,
            oust_one_in: NEVER,
            asks_left: asks,
            next_ask_at: now,
            step_count: 0,
            failpoint,
            durable: Vec::new(),
            fault_one_in: NEVER,
            receiver_one_in: NEVER,
            order: Order::Any,
            pause_ms: 60_000,
        }
    }

    /// A host that has sent something dies more easily, or it would hardly ever die there.
    pub(super) fn crash_one_in_when(&self, has_sent: bool) -> u64 {
        match has_sent {
            true => self.crash_one_in.div_ceil(10),
            false => self.crash_one_in,
        }
    }

    /// Counts a stop at a durable step, and says whether the failpoint strikes here.
    pub(super) fn strike(&mut self, stop: Stop) -> Option<Strike> {
        if matches!(stop, Stop::BeforeRead | Stop::AfterRead) {
            return None;
        }
        let place = self.durable.len() as u64;
        self.durable.push(stop);
        let here = self.failpoint.filter(|failpoint| failpoint.place == place);
        here.map(|failpoint| failpoint.strikes)
    }

    pub(super) fn plan_next_ask(&mut self, chance: &Chance, now: Timestamp) {
        self.asks_left -= 1;
        let pause = match chance.one_in(3) {
            true => 0,
            false => chance.below(self.pause_ms),
        };
        self.next_ask_at = now.plus(Duration::from_millis(pause)).unwrap_or(Timestamp::MAX);
    }

    /// The place of the ticket that passes.
    pub(super) fn choose(&self, chance: &Chance, count: usize) -> usize {
        let any = usize::try_from(chance.below(count as u64)).expect("below a length");
        match self.order {
            Order::Any => any,
            Order::First if chance.one_in(8) => any,
            Order::First => 0,
            Order::Last if chance.one_in(8) => any,
            Order::Last => count - 1,
        }
    }

    /// What happens at a stop. A host that starts is spared mostly, or none would ever do anything.
    pub(super) fn go(&self, world: &World, stop: Stop, is_starting: bool) -> Go {
        if is_starting && !world.chance.one_in(8) {
            return Go::On;
        }
        // An unknown outcome is the end of a life; receivers fail more often than databases.
        let rare = match stop {
            Stop::AfterCommit => self.fault_one_in.saturating_mul(10),
            Stop::BeforeRequest | Stop::AfterRequest => self.receiver_one_in,
            Stop::BeforeRead | Stop::AfterRead | Stop::BeforeCommit => self.fault_one_in,
        };
        match world.chance.one_in(rare) {
            true => fault_at(world, stop),
            false => Go::On,
        }
    }
}
