//! What the host functions of one run share: the data of its wasmtime store.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use signalbox_crm::ids::RunId;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::sentence::Sentence;

use crate::answers::{Answers, Off};
use crate::bindings::types::Error;
use crate::convert;
use crate::dice::Dice;
use crate::journal::{Begun, Journal, OpenCall, Told};
use crate::limits::{LIMIT_REFUSALS_MAX, Limits};
use crate::logbook::Logbook;
use crate::meter::Meter;
use crate::session::{Answer, CallError, Session};
use crate::stop::Stop;
use crate::stopwatch::Stopwatch;
use crate::wasi::Wasi;
use signalbox_crm::params::ParamValue;

/// One attempt of one run.
pub(crate) struct Execution {
    pub(crate) run: RunId,
    /// Who answers the calls.
    pub(crate) answers: Answers,
    pub(crate) params: Vec<(String, ParamValue)>,
    pub(crate) limits: Limits,
    pub(crate) meter: Meter,
    pub(crate) journal: Journal,
    /// Shared with the streams that catch standard output and standard error.
    pub(crate) log: Arc<Mutex<Logbook>>,
    /// What the robot said before it trapped.
    pub(crate) panic: Option<String>,
    /// Why the sandbox ended the run; the first reason stands.
    pub(crate) stop: Option<Stop>,
    /// Fuel used when the robot last called the host.
    pub(crate) fuel_used: u64,
    /// Epochs in which the robot computed.
    pub(crate) epoch_count: u64,
    pub(crate) stopwatch: Stopwatch,
    pub(crate) dice: Dice,
    /// Only for robots that import WASI.
    pub(crate) wasi: Option<Wasi>,
    limit_refusals: Vec<(Code, u32)>,
}

impl Execution {
    pub(crate) fn new(
        run: RunId,
        answers: Answers,
        params: Vec<(String, ParamValue)>,
        limits: Limits,
    ) -> Self {
        Execution {
            run,
            answers,
            params,
            meter: Meter::new(&limits),
            journal: Journal::default(),
            log: Arc::new(Mutex::new(Logbook::new(&limits))),
            limits,
            panic: None,
            stop: None,
            fuel_used: 0,
            epoch_count: 0,
            stopwatch: Stopwatch::new(Instant::now()),
            dice: Dice::new(run),
            wasi: None,
            limit_refusals: Vec::new(),
        }
    }

    /// Notes that a host call begins.
    pub(crate) fn begin(
        &mut self,
        interface: &'static str,
        function: &'static str,
        args: &impl Serialize,
    ) -> OpenCall {
        let begun = Begun {
            at: self.stopwatch.since(),
            fuel: self.fuel_used,
        };
        let mut call = self.journal.open(interface, function, args, begun);
        self.logbook().call_count = self.journal.count();
        if let (Answers::Record(record), Some(noted)) = (&mut self.answers, self.journal.last()) {
            call.recorded = record.answer(noted);
        }
        call
    }

    /// Who answers, unless there are too many calls or a record has the answer. Host functions ask before they do
    /// anything.
    pub(crate) fn admit(&mut self) -> Answer<&mut dyn Session> {
        if let Answers::Session(_) = self.answers {
            self.check_call_count()?;
        }
        self.answers.session()
    }

    fn check_call_count(&self) -> Result<(), Rejection> {
        let max = self.limits.call_count_max;
        if self.journal.count() > max {
            let message = Sentence::plain(format!("this run has made more than {max} host calls"));
            return Err(Rejection::new(Code::LimitCalls, message));
        }
        Ok(())
    }

    /// Notes the answer and gives it to the robot, or ends the run.
    pub(crate) fn finish<T: Serialize + DeserializeOwned>(
        &mut self,
        call: OpenCall,
        answer: Answer<T>,
    ) -> wasmtime::Result<Result<T, Error>> {
        let answer = match answer {
            Ok(value) => Ok(value),
            Err(CallError::Host(message)) => return Err(self.stop(Stop::host(message))),
            Err(CallError::Rejected(rejection)) => Err(convert::error(rejection)),
            Err(CallError::Recorded) => self.recorded(&call)?,
        };
        if let Err(refusal) = &answer {
            self.count_refusal(refusal)?;
        }
        self.journal.close(&call, answer.as_ref());
        self.check_journal()?;
        Ok(answer)
    }

    /// As [`Execution::finish`], for functions that cannot refuse: beyond the limit they end the run.
    pub(crate) fn finish_plain<T: Serialize>(&mut self, call: OpenCall, value: T) -> wasmtime::Result<T> {
        if let Err(rejection) = self.check_call_count() {
            self.count_refusal(&convert::error(rejection))?;
        }
        self.journal.close(&call, Ok(&value));
        self.check_journal()?;
        Ok(value)
    }

    /// What the record answers. A robot that goes another way than before, or further, is stopped.
    fn recorded<T: DeserializeOwned>(&mut self, call: &OpenCall) -> wasmtime::Result<Result<T, Error>> {
        let off = match call
            .recorded
            .as_ref()
            .map(|answer| serde_json::from_str(answer.get()))
        {
            Some(Ok(Some(Told::Ok(value)))) => return Ok(Ok(value)),
            Some(Ok(Some(Told::Err(error)))) => return Ok(Err(error)),
            Some(Ok(None)) => Off::EndedInside,
            Some(Err(error)) => Off::Unreadable(error.to_string()),
            None => Off::Stray,
        };
        self.answers.went_off(off);
        Err(self.stop(Stop::off_record()))
    }

    /// Ends the run for this reason, unless it has ended already.
    pub(crate) fn stop(&mut self, stop: Stop) -> wasmtime::Error {
        let error = wasmtime::Error::msg(stop.message.clone());
        self.stop.get_or_insert(stop);
        error
    }

    /// The log. It is never held across an await.
    pub(crate) fn logbook(&self) -> MutexGuard<'_, Logbook> {
        self.log
            .lock()
            .expect("nothing panics while it writes to the log")
    }

    /// A robot that goes on after many refusals for the same limit is stopped.
    fn count_refusal(&mut self, refusal: &Error) -> wasmtime::Result<()> {
        let Some(code) = LIMITS.into_iter().find(|code| code.as_str() == refusal.code) else {
            return Ok(());
        };
        let place = match self.limit_refusals.iter().position(|(known, _)| *known == code) {
            Some(place) => place,
            None => {
                self.limit_refusals.push((code, 0));
                self.limit_refusals.len() - 1
            }
        };
        self.limit_refusals[place].1 += 1;
        if self.limit_refusals[place].1 <= LIMIT_REFUSALS_MAX {
            return Ok(());
        }
        let message = format!(
            "{}; the robot went on after {LIMIT_REFUSALS_MAX} refusals",
            refusal.message
        );
        Err(self.stop(Stop::limit(code.as_str(), message)))
    }

    fn check_journal(&mut self) -> wasmtime::Result<()> {
        let max = self.limits.journal_bytes_max;
        if self.journal.bytes() <= max {
            return Ok(());
        }
        let message = format!("arguments and answers of all host calls have more than {max} bytes");
        Err(self.stop(Stop::limit("limit.payload", message)))
    }
}

/// The codes of refusals that are about a limit of the run, and not about the call.
const LIMITS: [Code; 7] = [
    Code::LimitNotifications,
    Code::LimitMessages,
    Code::LimitWrites,
    Code::LimitRequests,
    Code::LimitTimers,
    Code::LimitState,
    Code::LimitCalls,
];
