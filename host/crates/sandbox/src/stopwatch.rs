//! How long a run is in the robot's own code, and how long in the functions that it calls.

use std::time::{Duration, Instant};

use wasmtime::CallHook;

/// Times between the calls in and out of a component.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    since: Instant,
    /// Calls that are open, the innermost last: a host function that hands over a text calls the robot's allocator.
    open: Vec<Side>,
    pub(crate) robot: Duration,
    pub(crate) host_calls: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Robot,
    Host,
}

impl Stopwatch {
    pub(crate) fn new(now: Instant) -> Self {
        Stopwatch {
            since: now,
            open: Vec::with_capacity(4),
            robot: Duration::ZERO,
            host_calls: Duration::ZERO,
        }
    }

    /// Notes a call or a return.
    pub(crate) fn note(&mut self, hook: CallHook, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        self.since = now;
        match self.open.last() {
            Some(Side::Robot) => self.robot += passed,
            Some(Side::Host) => self.host_calls += passed,
            None => {}
        }
        match hook {
            CallHook::CallingWasm => self.open.push(Side::Robot),
            CallHook::CallingHost => self.open.push(Side::Host),
            CallHook::ReturningFromWasm | CallHook::ReturningFromHost => drop(self.open.pop()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_to_the_innermost_call() {
        let start = Instant::now();
        let mut watch = Stopwatch::new(start);
        let hooks = [
            (3, CallHook::CallingWasm),
            (5, CallHook::CallingHost),
            (9, CallHook::CallingWasm),
            (10, CallHook::ReturningFromWasm),
            (17, CallHook::ReturningFromHost),
            (18, CallHook::ReturningFromWasm),
            (40, CallHook::CallingWasm),
        ];
        for (ms, hook) in hooks {
            watch.note(hook, start + Duration::from_millis(ms));
        }
        let ms = Duration::from_millis;
        assert_eq!((watch.robot, watch.host_calls), (ms(2 + 1 + 1), ms(4 + 7)));
    }
}
