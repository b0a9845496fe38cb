//! The journal of a run: every host call with its arguments and its answer.

use std::borrow::Cow;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::bindings::types::Error;

/// One host call. `log` is not among them: its lines are the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HostCall {
    /// Counts from 0.
    pub index: u32,
    /// The interface of `signalbox:robot`, for example `items`.
    pub interface: Cow<'static, str>,
    /// The function, for example `get`.
    pub function: Cow<'static, str>,
    /// The arguments, as a JSON array.
    pub args: Box<RawValue>,
    /// `{"ok": ..}` or `{"err": {"code", "message", "retryable"}}`; `null` when the run ended inside the call.
    pub answer: Box<RawValue>,
    /// Time in the host, in microseconds.
    pub duration_us: u64,
    /// Fuel that the robot had used before the call.
    pub fuel: u64,
}

/// Where the robot was when it called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    pub(crate) at: Instant,
    /// What it had used.
    pub(crate) fuel: u64,
}

/// A host call that has begun.
#[derive(Debug)]
pub(crate) struct OpenCall {
    started_at: Instant,
    /// What the record of an earlier run answers.
    pub(crate) recorded: Option<Box<RawValue>>,
}

/// The calls so far. The last one may be open.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    calls: Vec<HostCall>,
    bytes: usize,
}

/// What a robot was told.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Told<T, E> {
    Ok(T),
    Err(E),
}

impl Journal {
    /// Adds a call. Its answer is `null` until [`Journal::close`].
    pub(crate) fn open(
        &mut self,
        interface: &'static str,
        function: &'static str,
        args: &impl Serialize,
        begun: Begun,
    ) -> OpenCall {
        let args = json(args);
        self.bytes += args.get().len();
        self.calls.push(HostCall {
            index: self.count(),
            interface: interface.into(),
            function: function.into(),
            args,
            answer: RawValue::NULL.to_owned(),
            duration_us: 0,
            fuel: begun.fuel,
        });
        OpenCall {
            started_at: begun.at,
            recorded: None,
        }
    }

    /// Notes the answer of the last call.
    pub(crate) fn close(&mut self, call: &OpenCall, answer: Result<&impl Serialize, &Error>) {
        if let Some(last) = self.calls.last_mut() {
            last.duration_us = u64::try_from(call.started_at.elapsed().as_micros()).unwrap_or(u64::MAX);
            last.answer = match answer {
                Ok(value) => json(&Told::<_, &Error>::Ok(value)),
                Err(error) => json(&Told::<(), _>::Err(error)),
            };
            self.bytes += last.answer.get().len();
        }
    }

    /// The call that was noted last.
    pub(crate) fn last(&self) -> Option<&HostCall> {
        self.calls.last()
    }

    /// How many calls there are. The limit on calls keeps it small.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.calls.len()).unwrap_or(u32::MAX)
    }

    /// How long all arguments and answers are together.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// All calls.
    pub(crate) fn take(&mut self) -> Vec<HostCall> {
        std::mem::take(&mut self.calls)
    }
}

fn json(value: &impl Serialize) -> Box<RawValue> {
    // Records of texts, numbers and lists: none of them can fail to be JSON.
    to_raw_value(value).expect("values of the contract are JSON")
}
