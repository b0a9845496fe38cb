//! Runs a robot once, in a fresh instance.

use std::time::{Duration, Instant};

use signalbox_crm::run::Verdict;
use tokio::time::timeout;
use wasmtime::{CallHook, Store, UpdateDeadline};

use crate::answers::Answers;
use crate::bindings::types::{self, Failure, Outcome};
use crate::cause;
use crate::compiler::{EPOCH, Ticker};
use crate::convert;
use crate::execution::Execution;
use crate::invocation::Invocation;
use crate::journal::HostCall;
use crate::limits::Limits;
use crate::logbook::LogLine;
use crate::robot::Robot;
use crate::sandbox::Sandbox;
use crate::session::Session;
use crate::stop::{self, Stop};
use crate::wasi::Wasi;
use signalbox_crm::params::ParamValue;

/// Resource handles of one run. Only WASI has resources.
const HANDLES_MAX: usize = 1_000;

/// What a run did and what it cost.
pub struct RunReport {
    /// How it ended.
    pub verdict: Verdict,
    /// Every host call but those of `log`.
    pub calls: Vec<HostCall>,
    /// The log lines that were kept.
    pub logs: Vec<LogLine>,
    /// Log lines beyond the limits.
    pub dropped_line_count: u64,
    /// Bytes of log text beyond the limits.
    pub dropped_byte_count: u64,
    /// Fuel used.
    pub fuel: u64,
    /// All linear memories together at the end, which is their largest size: they only grow.
    pub memory_bytes: u64,
    /// Time from start to end, in microseconds; without the wait for a free slot.
    pub duration_us: u64,
    /// As `duration_us`, finer.
    pub duration: Duration,
    /// Of it, in the robot's own code.
    pub in_robot: Duration,
    /// Of it, in the functions that the robot called.
    pub in_host_calls: Duration,
    /// What the run was given, back. After a failure it may have stopped in the middle of a call.
    pub session: Box<dyn Session>,
}

impl Sandbox {
    /// Runs a robot. Whatever it does, this returns; and it gets no more than `limits`,
    /// nor more than its manifest wishes for.
    ///
    /// Needs a tokio runtime with time. A caller that drops the future ends the run and loses the session.
    pub async fn run(
        &self,
        robot: &Robot,
        invocation: Invocation,
        params: Vec<(String, ParamValue)>,
        session: Box<dyn Session>,
        limits: Limits,
    ) -> RunReport {
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        let _ticking = self.ticker.as_ref().map(Ticker::run_begins);
        let started_at = Instant::now();
        let limits = limits.narrowed(&robot.manifest().limits);
        let execution = Execution::new(invocation.run, Answers::Session(session), params, limits);
        let argument = cause::invocation(invocation);
        let ended = self.execute(robot, execution, &argument).await;
        report(ended, started_at)
    }

    /// Calls the robot in a fresh instance.
    pub(crate) async fn execute(
        &self,
        robot: &Robot,
        mut execution: Execution,
        argument: &types::Invocation,
    ) -> Ended {
        let limits = execution.limits;
        if robot.inspection().uses_wasi {
            let now = execution.answers.now();
            execution.wasi = Some(Wasi::new(now, execution.run, &execution.log));
        }
        let mut store = self.store(execution, &limits);
        let call = async {
            let instance = robot.parts.pre.instantiate_async(&mut store).await?;
            store.data_mut().stopwatch.begin(Instant::now());
            instance
                .signalbox_robot_entry()
                .call_run(&mut store, argument)
                .await
        };
        // Neither fuel nor epochs see a robot that waits inside of a host call.
        let returned = timeout(limits.wall_max, call).await;
        let fuel = limits.fuel_max.saturating_sub(store.get_fuel().unwrap_or(0));
        let mut execution = store.into_data();
        execution.stopwatch.end(Instant::now());
        let verdict = match returned {
            Ok(Ok(returned)) => own_words(returned, &limits),
            Ok(Err(error)) => stopped(&mut execution, &error).into(),
            Err(_) => Stop::time(format!("the run took longer than {:?}", limits.wall_max)).into(),
        };
        // Lines of standard output without an end reach the log when the streams go.
        drop(execution.wasi.take());
        Ended {
            execution,
            verdict,
            fuel,
        }
    }

    /// A fresh store: nothing of a run is left for the next one.
    fn store(&self, execution: Execution, limits: &Limits) -> Store<Execution> {
        let mut store = Store::new(self.engine(), execution);
        store.limiter(|execution| &mut execution.meter);
        store.set_hostcall_fuel(limits.payload_bytes_max);
        store.set_max_component_handles(HANDLES_MAX);
        let fuel_max = limits.fuel_max;
        store.set_fuel(fuel_max).expect("the engine counts fuel");
        store.call_hook(move |mut context, hook| {
            if matches!(hook, CallHook::CallingHost) {
                let used = fuel_max.saturating_sub(context.get_fuel()?);
                context.data_mut().fuel_used = used;
            }
            context.data_mut().stopwatch.note(hook, Instant::now);
            Ok(())
        });
        let epoch_count_max = limits.cpu_max.as_millis().div_ceil(EPOCH.as_millis());
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |mut context| {
            let execution = context.data_mut();
            execution.epoch_count += 1;
            if u128::from(execution.epoch_count) > epoch_count_max {
                return Ok(UpdateDeadline::Interrupt);
            }
            // wasmtime's own yield is polled again at once by tokio, before anything else gets its turn.
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        store
    }
}

/// A robot that has returned, or was stopped.
pub(crate) struct Ended {
    pub(crate) execution: Execution,
    pub(crate) verdict: Verdict,
    pub(crate) fuel: u64,
}

/// What the robot returned, unless it is too long.
fn own_words(returned: Result<Outcome, Failure>, limits: &Limits) -> Verdict {
    let bytes = match &returned {
        Ok(Outcome::Done(summary) | Outcome::Skipped(summary)) => summary.len(),
        Err(failure) => failure.code.len() + failure.message.len(),
    };
    let max = limits.result_bytes_max;
    if bytes > max {
        let message = format!("the robot's result has {bytes} bytes of text, {max} are allowed");
        return Stop::limit("limit.payload", message).into();
    }
    convert::verdict(returned)
}

/// Why the run ended without a result: what the sandbox decided stands before what wasmtime says.
fn stopped(execution: &mut Execution, error: &wasmtime::Error) -> Stop {
    if let Some(backtrace) = stop::backtrace(error) {
        execution.logbook().end_with(backtrace);
    }
    let decided = execution.stop.take().or_else(|| execution.meter.refused.take());
    decided.unwrap_or_else(|| Stop::from_error(error, execution.panic.take()))
}

fn report(ended: Ended, started_at: Instant) -> RunReport {
    let Ended {
        mut execution,
        verdict,
        fuel,
    } = ended;
    let (logs, dropped_line_count, dropped_byte_count) = execution.logbook().take();
    let duration = started_at.elapsed();
    let Answers::Session(session) = execution.answers else {
        unreachable!("a run that is no replay has a session");
    };
    RunReport {
        verdict,
        calls: execution.journal.take(),
        logs,
        dropped_line_count,
        dropped_byte_count,
        fuel,
        memory_bytes: execution.meter.memory_bytes(),
        duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        duration,
        in_robot: execution.stopwatch.robot,
        in_host_calls: execution.stopwatch.host_calls,
        session,
    }
}

impl std::fmt::Debug for RunReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunReport")
            .field("verdict", &self.verdict)
            .field("calls", &self.calls.len())
            .field("logs", &self.logs.len())
            .field("fuel", &self.fuel)
            .field("memory_bytes", &self.memory_bytes)
            .field("duration_us", &self.duration_us)
            .field("in_robot", &self.in_robot)
            .field("in_host_calls", &self.in_host_calls)
            .finish_non_exhaustive()
    }
}
