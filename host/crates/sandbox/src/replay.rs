//! Runs a robot once more on the record of an earlier run: nothing is asked of any CRM, and nothing is changed.

use serde::Serialize;
use signalbox_crm::ids::RunId;
use signalbox_crm::params;
use signalbox_crm::run::Verdict;

use crate::answers::{Answers, Off, Record};
use crate::execution::Execution;
use crate::journal::HostCall;
use crate::limits::Limits;
use crate::logbook::LogLine;
use crate::robot::Robot;
use crate::run::Ended;
use crate::run_file::{RunFile, RunFileError};
use crate::sandbox::Sandbox;

/// What a robot did when it was run on the record of an earlier run.
#[derive(Debug, Clone, Serialize)]
pub struct Replay {
    /// The first thing that is not as it was; none when the robot did the same.
    pub difference: Option<Difference>,
    /// Whether the log has other lines. That is no difference of what the robot did.
    pub is_log_other: bool,
    /// How it ended; meaningless where a host call differs.
    pub verdict: Verdict,
    /// Every host call, up to the first that differs.
    pub calls: Vec<HostCall>,
    /// The log lines that were kept.
    pub logs: Vec<LogLine>,
    /// Fuel used.
    pub fuel: u64,
    /// Largest linear memory, in bytes.
    pub memory_bytes: u64,
}

/// What a robot does otherwise than it did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Difference {
    /// It asks for something, or changes something, that the earlier run did not. It was stopped there.
    Call {
        /// What it asks for.
        now: HostCall,
        /// What the earlier run changed next; none when it changed nothing more.
        recorded: Option<HostCall>,
    },
    /// It ended without this change.
    Missing {
        /// What the earlier run changed next.
        recorded: HostCall,
    },
    /// It says otherwise how it went.
    Verdict {
        /// What it says.
        now: Verdict,
        /// What the earlier run came to.
        recorded: Verdict,
    },
}

impl Sandbox {
    /// Runs the robot on a record: host calls are answered as they were, the clock and the random numbers are those of
    /// the recorded run, and so are the parameters; a parameter that was not read then has its default.
    ///
    /// Calls that change something must come as they came. Calls that only read may come in another order, more often,
    /// or not at all: then the robot does the same in another way.
    ///
    /// # Errors
    /// When the file's invocation or an answer does not fit the contract.
    pub async fn replay(
        &self,
        robot: &Robot,
        file: &RunFile,
        limits: Limits,
    ) -> Result<Replay, RunFileError> {
        let argument = file.argument()?;
        let run: RunId = argument.run.parse().map_err(|_| {
            let run = &argument.run;
            RunFileError::Malformed(format!("`{run}` is no run"))
        })?;
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        let _ticking = self.ticker.as_ref().map(|ticker| ticker.run_begins());
        let answers = Answers::Record(Box::new(Record::new(file.now, file.calls.clone())));
        let limits = limits.narrowed(&robot.manifest().limits);
        let execution = Execution::new(run, answers, params::defaults(robot.manifest()), limits);
        let ended = self.execute(robot, execution, &argument).await;
        compare(ended, file, robot.digest())
    }
}

fn compare(ended: Ended, file: &RunFile, digest: &str) -> Result<Replay, RunFileError> {
    let Ended {
        mut execution,
        verdict,
        fuel,
    } = ended;
    let calls = execution.journal.take();
    let Answers::Record(record) = &execution.answers else {
        unreachable!("a replay has a record");
    };
    let recorded = record.left().cloned();
    let mut verdict = verdict;
    let difference = match (&record.off, calls.last()) {
        (Some(Off::Unreadable(why)), last) => {
            let place = last.map(|call| format!("{}.{}", call.interface, call.function));
            let place = place.unwrap_or_default();
            return Err(RunFileError::Malformed(format!("the answer to {place}: {why}")));
        }
        (Some(Off::Stray), Some(now)) => Some(Difference::Call {
            now: now.clone(),
            recorded,
        }),
        (Some(_), _) => {
            verdict = file.verdict.clone();
            None
        }
        (None, _) => {
            let missing = recorded.map(|recorded| Difference::Missing { recorded });
            let words = verdict_difference(&verdict, file, digest);
            // A robot that failed half-way has not only left something out.
            if is_failed(&verdict) {
                words.or(missing)
            } else {
                missing.or(words)
            }
        }
    };
    let (logs, ..) = execution.logbook().take();
    Ok(Replay {
        is_log_other: difference.is_none() && logs != file.logs,
        difference,
        verdict,
        calls,
        logs,
        fuel,
        memory_bytes: execution.meter.memory_bytes(),
    })
}

/// Where the same component ends well and its run had failed, the commit had refused what it did: no difference.
fn verdict_difference(now: &Verdict, file: &RunFile, digest: &str) -> Option<Difference> {
    let was_refused = digest == file.digest && is_failed(&file.verdict) && !is_failed(now);
    if *now == file.verdict || was_refused {
        return None;
    }
    Some(Difference::Verdict {
        now: now.clone(),
        recorded: file.verdict.clone(),
    })
}

fn is_failed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Failed { .. })
}
