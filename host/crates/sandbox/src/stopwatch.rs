//! How long a run is in the robot's own code, and how long in the functions that it calls.

use std::time::{Duration, Instant};

use wasmtime::CallHook;

/// Times between a robot's call of the host and its return, and the time around them.
///
/// Calls of the robot's allocator, one for each text that the host hands over, are not told apart: to look at the clock
/// twice for each of them costs a small run a tenth of its time. Where the text is an argument of `run`, they count as
/// the robot's time, and inside of a host function as that function's.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    since: Instant,
    /// Calls that are open: 1 in the robot, 2 in a host function, more inside of that.
    depth: u32,
    pub(crate) robot: Duration,
    pub(crate) host_calls: Duration,
}

/// Inside of a host function that the robot has called.
const HOST_CALL: u32 = 2;

impl Stopwatch {
    pub(crate) fn new(now: Instant) -> Self {
        Stopwatch {
            since: now,
            depth: 0,
            robot: Duration::ZERO,
            host_calls: Duration::ZERO,
        }
    }

    /// The instance is made, and the robot is called now.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.since = now;
    }

    /// The robot has returned, or was stopped where it was.
    pub(crate) fn end(&mut self, now: Instant) {
        let is_in_host_call = self.depth >= HOST_CALL;
        self.pass(now, is_in_host_call);
    }

    /// In a host function: when it was called.
    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    /// Notes a call or a return; asks for the time only where it counts.
    pub(crate) fn note(&mut self, hook: CallHook, now: impl FnOnce() -> Instant) {
        match hook {
            CallHook::CallingWasm => self.depth += 1,
            CallHook::ReturningFromWasm => self.depth = self.depth.saturating_sub(1),
            CallHook::CallingHost => {
                self.depth += 1;
                self.pass(now(), false);
            }
            CallHook::ReturningFromHost => {
                self.depth = self.depth.saturating_sub(1);
                self.pass(now(), true);
            }
        }
    }

    fn pass(&mut self, now: Instant, was_in_host_call: bool) {
        let passed = now.saturating_duration_since(self.since);
        self.since = now;
        match was_in_host_call {
            true => self.host_calls += passed,
            false => self.robot += passed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Begins after 2 ms, notes what happens at these milliseconds, and ends after 50.
    fn measured(hooks: &[(u32, CallHook)]) -> (Duration, Duration) {
        let start = Instant::now();
        let mut watch = Stopwatch::new(start);
        watch.begin(start + 2 * MS);
        for (ms, hook) in hooks {
            watch.note(*hook, || start + *ms * MS);
        }
        watch.end(start + 50 * MS);
        (watch.robot, watch.host_calls)
    }

    #[test]
    fn time_of_a_host_call_holds_what_it_calls_in_the_robot() {
        let hooks = [
            (3, CallHook::CallingWasm),
            (5, CallHook::CallingHost),
            (9, CallHook::CallingWasm),
            (10, CallHook::ReturningFromWasm),
            (17, CallHook::ReturningFromHost),
            (18, CallHook::ReturningFromWasm),
        ];
        assert_eq!(measured(&hooks), (36 * MS, 12 * MS));
    }

    #[test]
    fn robot_that_is_stopped_in_a_host_call_was_there() {
        let hooks = [(3, CallHook::CallingWasm), (5, CallHook::CallingHost)];
        assert_eq!(measured(&hooks), (3 * MS, 45 * MS));
    }
}
