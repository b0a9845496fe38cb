//! The circuit breaker of a robot version: when nearly all of its attempts fail, on many items, its runs wait instead
//! of failing one after the other.
//!
//! One item on which a robot fails is not enough, however often it is tried. After a pause one run is the probe: when
//! it succeeds, all others go on; when it fails, the next pause is twice as long.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::backoff::Backoff;
use crate::ids::{ItemId, RunId};
use crate::rejection::Code;
use crate::run::{Run, Verdict};
use crate::time::Timestamp;

/// When it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The last attempts that are looked at.
    pub attempts: usize,
    /// Failures among them.
    pub failed_min: usize,
    /// Different items among these failures.
    pub items_min: usize,
}

impl Limits {
    /// Four fifths of the last 20: a robot that fails on every other item still does half of its work. Five items:
    /// fewer could be bad items, each tried several times.
    pub const DEFAULT: Limits = Limits {
        attempts: 20,
        failed_min: 16,
        items_min: 5,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}

/// How long the robot pauses: 30 seconds, doubled after each probe that fails, up to an hour.
pub const PAUSE: Backoff = Backoff {
    base: Duration::from_secs(30),
    max: Duration::from_secs(3_600),
};
/// When runs ask again that meet a probe under way. Most probes end in milliseconds, and then call them at once.
pub const PROBE_WAIT: Duration = Duration::from_secs(5);

/// Runs that ask again when the next probe may begin; the rest waits for the end of the pause, which calls them, and
/// asks by itself once in `PAUSE.max`. So a probe that fails costs a few rows, however many runs wait. 16: more than
/// one, because some of them may be cancelled meanwhile.
pub const CANDIDATES_MAX: u32 = 16;

/// What an attempt says about the robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It works.
    Worked,
    /// It failed, by its own word or by a trap, whether or not a later attempt may succeed.
    Failed,
    /// Nothing: a rule refused what it wanted, people are away, or the host could not do its part.
    Neither,
}

/// Refusals by rules. A robot that passes one on has done what it could. The limits are not among them: they are the
/// robot's own doing.
const RULES: [Code; 10] = [
    Code::Denied,
    Code::NotFound,
    Code::Invalid,
    Code::RequiredFields,
    Code::RuleViolated,
    Code::BackwardRefused,
    Code::NoSuchStage,
    Code::NoCandidate,
    Code::Conflict,
    Code::WindowClosed,
];
/// Verdicts of the host about itself.
const HOSTS_OWN: [&str; 3] = ["host", "host-crash", "broken"];

impl From<&Verdict> for Outcome {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Done { .. } | Verdict::Skipped { .. } => Outcome::Worked,
            Verdict::Failed { code, .. } => {
                let is_rule = RULES.iter().any(|rule| rule.as_str() == code);
                if is_rule || HOSTS_OWN.contains(&code.as_str()) {
                    Outcome::Neither
                } else {
                    Outcome::Failed
                }
            }
        }
    }
}

/// What a robot failed on: its item, or the run itself where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    Item(ItemId),
    Run(RunId),
}

/// A pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// When the first pause began.
    pub since: Timestamp,
    /// When a run may try.
    pub probe_at: Timestamp,
    /// Probes that failed since.
    pub failed_probe_count: u32,
}

impl Pause {
    fn after(since: Timestamp, failed_probe_count: u32, now: Timestamp) -> Pause {
        let length = PAUSE.ceiling(failed_probe_count.saturating_add(1));
        Pause {
            since,
            probe_at: now.plus(length).unwrap_or(Timestamp::MAX),
            failed_probe_count,
        }
    }
}

/// The breaker of one robot version. Closed and without a memory at first.
#[derive(Debug, Default)]
pub struct Breaker {
    limits: Limits,
    /// Who failed, or none for an attempt that worked; the newest last.
    last: VecDeque<Option<Subject>>,
    pause: Option<Pause>,
    /// The run that may try although the robot pauses.
    probe: Option<RunId>,
    /// Runs that were told to ask again for the next probe.
    candidate_count: u32,
}

impl Breaker {
    /// One with these limits; with a pause, if it was open when the host ended.
    pub fn new(limits: Limits, pause: Option<Pause>) -> Breaker {
        Breaker {
            limits,
            pause,
            ..Breaker::default()
        }
    }

    /// The pause, while it is open.
    pub fn pause(&self) -> Option<Pause> {
        self.pause
    }

    /// Asked before each execution: none when the run may start, else when it may ask again.
    ///
    /// The first run after the pause is the probe, and may start again and again until it is noted or has left.
    pub fn ask(&mut self, run: RunId, now: Timestamp) -> Option<Timestamp> {
        let pause = self.pause?;
        match self.probe {
            Some(probe) if probe == run => None,
            Some(_) => {
                let soon = now.plus(PROBE_WAIT).unwrap_or(Timestamp::MAX);
                Some(self.later(soon, now))
            }
            None if now < pause.probe_at => Some(self.later(pause.probe_at, now)),
            None => {
                self.probe = Some(run);
                self.candidate_count = 0;
                None
            }
        }
    }

    /// `near` for a few runs, and long for the others.
    fn later(&mut self, near: Timestamp, now: Timestamp) -> Timestamp {
        if self.candidate_count < CANDIDATES_MAX {
            self.candidate_count += 1;
            return near;
        }
        now.plus(PAUSE.max).unwrap_or(Timestamp::MAX)
    }

    /// Notes an attempt that is stored; true when the pause is another now.
    pub fn note(&mut self, run: &Run, outcome: Outcome, now: Timestamp) -> bool {
        let Some(pause) = self.pause else {
            return self.count(run, outcome, now);
        };
        // What began before the pause says nothing new.
        if self.probe != Some(run.id) {
            return false;
        }
        self.probe = None;
        match outcome {
            Outcome::Worked => self.close(),
            Outcome::Failed => {
                let count = pause.failed_probe_count.saturating_add(1);
                self.pause = Some(Pause::after(pause.since, count, now));
                self.candidate_count = 0;
                true
            }
            // The next run is the next probe.
            Outcome::Neither => false,
        }
    }

    fn count(&mut self, run: &Run, outcome: Outcome, now: Timestamp) -> bool {
        let subject = run.item.map_or(Subject::Run(run.id), Subject::Item);
        match outcome {
            Outcome::Worked => self.last.push_back(None),
            Outcome::Failed => self.last.push_back(Some(subject)),
            Outcome::Neither => return false,
        }
        if self.last.len() > self.limits.attempts {
            self.last.pop_front();
        }
        if outcome != Outcome::Failed || !self.is_too_much() {
            return false;
        }
        self.last.clear();
        self.pause = Some(Pause::after(now, 0, now));
        self.candidate_count = 0;
        true
    }

    fn is_too_much(&self) -> bool {
        let failed = || self.last.iter().flatten();
        failed().count() >= self.limits.failed_min
            && failed().collect::<HashSet<_>>().len() >= self.limits.items_min
    }

    /// The run is not executed any more, noted or not: it must not stay the probe for ever.
    pub fn left(&mut self, run: RunId) {
        if self.probe == Some(run) {
            self.probe = None;
        }
    }

    /// Ends the pause, by hand or after a probe that worked; false when there was none. The count begins anew.
    pub fn close(&mut self) -> bool {
        self.probe = None;
        self.last.clear();
        self.pause.take().is_some()
    }
}

#[cfg(test)]
mod tests;
