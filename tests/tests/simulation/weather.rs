//! How rough a seed is.

use std::time::Duration;

use signalbox_crm::time::Timestamp;

use super::chance::Chance;
use super::life::fault_at;
use super::turnstile::{Go, Stop};
use super::world::World;

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

/// What a seed decides once.
pub(super) struct Weather {
    pub(super) worker_count: u32,
    pub(super) crashes_left: u64,
    pub(super) crash_one_in: u64,
    pub(super) slow_one_in: u64,
    pub(super) jump_one_in: u64,
    pub(super) asks_left: u64,
    pub(super) next_ask_at: Timestamp,
    pub(super) step_count: u64,
    fault_one_in: u64,
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
            asks_left: chance.between(10, 40),
            next_ask_at: now,
            step_count: 0,
            fault_one_in: chance.pick(&[12, 40, 150, 1000]),
            order: chance.pick(&[Order::Any, Order::Any, Order::First, Order::Last]),
            pause_ms: chance.pick(&[1, 2_000, 60_000, 200_000]),
        }
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

    /// What happens at a stop.
    pub(super) fn go(&self, world: &World, stop: Stop) -> Go {
        // An unknown outcome is the end of a life; receivers fail more often than databases.
        let rare = match stop {
            Stop::AfterCommit => 10 * self.fault_one_in,
            Stop::BeforeRequest | Stop::AfterRequest => 4,
            Stop::BeforeRead | Stop::AfterRead | Stop::BeforeCommit => self.fault_one_in,
        };
        match world.chance.one_in(rare) {
            true => fault_at(world, stop),
            false => Go::On,
        }
    }
}
