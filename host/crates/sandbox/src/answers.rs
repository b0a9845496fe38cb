//! Who answers a robot's host calls: the session of a live run, or the record of an earlier one.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use signalbox_crm::time::Timestamp;

use crate::bindings::params::ParamValue;
use crate::bindings::types::Error;
use crate::journal::{HostCall, Told};
use crate::session::{Answer, CallError, Session};

/// Functions that change nothing. Which of them a robot calls, and in which order, is no difference of what it does.
const READS: [(&str, &str); 18] = [
    ("activities", "get"),
    ("activities", "list-open"),
    ("calendar", "add-working"),
    ("calendar", "is-working"),
    ("contacts", "find-by-email"),
    ("contacts", "find-by-phone"),
    ("contacts", "get"),
    ("conversations", "get"),
    ("conversations", "messages"),
    ("conversations", "of-item"),
    ("employees", "get"),
    ("fields", "get"),
    ("fields", "get-all"),
    ("items", "find"),
    ("items", "get"),
    ("outbound-http", "get-answer"),
    ("stages", "missing-fields"),
    ("state", "get"),
];

/// Who answers.
pub(crate) enum Answers {
    /// A draft of the CRM.
    Session(Box<dyn Session>),
    /// What an earlier run was told.
    Record(Box<Record>),
}

impl Answers {
    /// The session, where there is one.
    pub(crate) fn session(&mut self) -> Answer<&mut dyn Session> {
        match self {
            Answers::Session(session) => Ok(session.as_mut()),
            Answers::Record(_) => Err(CallError::Recorded),
        }
    }

    /// The run's logical time.
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Answers::Session(session) => session.now(),
            Answers::Record(record) => record.now,
        }
    }

    /// A replay cannot go on.
    pub(crate) fn went_off(&mut self, off: Off) {
        if let Answers::Record(record) = self {
            record.off.get_or_insert(off);
        }
    }

    /// What an earlier run was told of a parameter; none where it did not ask, or there is no earlier run.
    pub(crate) fn recorded_param(&self, key: &str) -> Option<Option<ParamValue>> {
        match self {
            Answers::Session(_) => None,
            Answers::Record(record) => record.params.get(key).cloned(),
        }
    }
}

/// Why a replay cannot go on.
pub(crate) enum Off {
    /// The robot makes a call that the earlier run did not make.
    Stray,
    /// The earlier run ended inside this call.
    EndedInside,
    /// The record's answer does not fit the contract.
    Unreadable(String),
}

/// The calls of an earlier run. They are answered in their order; reads also out of it.
pub(crate) struct Record {
    now: Timestamp,
    calls: Vec<HostCall>,
    /// The first call that has not been made again.
    next: usize,
    params: BTreeMap<String, Option<ParamValue>>,
    pub(crate) off: Option<Off>,
}

impl Record {
    pub(crate) fn new(now: Timestamp, calls: Vec<HostCall>) -> Self {
        Record {
            now,
            next: 0,
            params: calls.iter().filter_map(param).collect(),
            calls,
            off: None,
        }
    }

    /// What the earlier run was told when it made this call.
    pub(crate) fn answer(&mut self, call: &HostCall) -> Option<Box<RawValue>> {
        if is_own(call) {
            return None;
        }
        let found = match is_read(call) {
            true => self.read(call),
            false => self.change(call),
        };
        found.map(|place| self.calls[place].answer.clone())
    }

    /// The first change of the earlier run that has not been made again.
    pub(crate) fn left(&self) -> Option<&HostCall> {
        self.next_change().map(|place| &self.calls[place])
    }

    fn next_change(&self) -> Option<usize> {
        let is_change = |place: &usize| !is_read(&self.calls[*place]) && !is_own(&self.calls[*place]);
        (self.next..self.calls.len()).find(is_change)
    }

    /// A read is answered as at the same point of the earlier run: by the next one like it up to the next change,
    /// else by the last one before, else by any later one.
    fn read(&mut self, call: &HostCall) -> Option<usize> {
        let is_it = |place: &usize| is_same(&self.calls[*place], call);
        let (next, end) = (self.next, self.calls.len());
        let horizon = self.next_change().unwrap_or(end);
        let ahead = (next..horizon).find(is_it);
        let found = ahead.or_else(|| (0..next).rev().find(is_it));
        let found = found.or_else(|| (horizon..end).find(is_it));
        if let Some(place) = ahead {
            self.next = place + 1;
        }
        found
    }

    /// Changes are made in the same order, or they are others.
    fn change(&mut self, call: &HostCall) -> Option<usize> {
        let place = self.next_change()?;
        let is_it = is_same(&self.calls[place], call);
        if is_it {
            self.next = place + 1;
        }
        is_it.then_some(place)
    }
}

/// A parameter that was read, and what the robot was told.
fn param(call: &HostCall) -> Option<(String, Option<ParamValue>)> {
    if (&*call.interface, &*call.function) != ("params", "get") {
        return None;
    }
    let (key,): (String,) = serde_json::from_str(call.args.get()).ok()?;
    match serde_json::from_str(call.answer.get()).ok()? {
        Told::<Option<ParamValue>, Error>::Ok(value) => Some((key, value)),
        Told::Err(_) => None,
    }
}

/// Calls that are answered by the run itself: from its time, its number and its parameters.
fn is_own(call: &HostCall) -> bool {
    matches!(&*call.interface, "params" | "clock" | "random")
}

fn is_read(call: &HostCall) -> bool {
    READS.contains(&(&call.interface, &call.function))
}

/// Whether two calls ask for the same.
fn is_same(one: &HostCall, other: &HostCall) -> bool {
    let value = |call: &HostCall| serde_json::from_str::<Value>(call.args.get()).unwrap_or_default();
    one.interface == other.interface && one.function == other.function && value(one) == value(other)
}
