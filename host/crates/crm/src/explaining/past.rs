//! Why a robot ran or did not run for an item: from what is stored, in the order in which it happened.

use serde::Serialize;

use super::{Bearing, Point, PointCode};
use crate::attachment::{Attachment, Moment};
use crate::directory::Directory;
use crate::event::{Event, Fact, FactKind};
use crate::ids::{EventId, RunId, StageId};
use crate::item::Item;
use crate::matching::waits_for;
use crate::notification::HistoryEntry;
use crate::run::{Attempt, Run, RunState};
use crate::time::Timestamp;

mod runs;

/// Entries into a stage, or events, of which an explanation speaks: the newest.
pub const MOMENTS_MAX: usize = 5;
/// Runs of which it speaks besides: the newest.
pub const RUNS_MAX: usize = 10;

/// A run with what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// The run.
    pub run: Run,
    /// What started it.
    pub event: Event,
    /// Its last attempt, where it had one.
    pub last: Option<Attempt>,
    /// It is being executed.
    pub is_running: bool,
    /// Why it has not started although it may, in words.
    pub waits: Option<String>,
    /// What its last attempt was denied.
    pub denied: Vec<String>,
}

/// A moment at which an attachment was switched on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switched {
    /// When.
    pub at: Timestamp,
    /// On from then on.
    pub is_on: bool,
}

/// What is stored about an attachment and an item.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// The set-up.
    pub directory: &'a Directory,
    /// The attachment as it is now.
    pub attachment: &'a Attachment,
    /// Since when it is attached to its moment; none when that is not stored.
    pub attached_at: Option<Timestamp>,
    /// Its switches, oldest first.
    pub switches: &'a [Switched],
    /// The item as it is now.
    pub item: &'a Item,
    /// The item's events of the kind of the moment, newest first.
    pub events: &'a [Event],
    /// The item's moves from stage to stage, newest first.
    pub moves: &'a [HistoryEntry],
    /// The runs of both, newest first.
    pub runs: &'a [PastRun],
    /// Until when the robot pauses.
    pub pause_until: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

/// What became of a robot for an item: the four states that screens show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It did its work, or found that there was none.
    Ran,
    /// It was started and did not do it.
    Failed,
    /// It is to run, now or later.
    Waits,
    /// It was not started.
    DidNotStart,
}

/// What became of a robot for an item, and the point that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// One of four.
    pub state: State,
    /// The run; none when there was none.
    pub run: Option<RunId>,
    /// While it waits: until when, as far as that is known.
    pub until: Option<Timestamp>,
    /// Why.
    pub because: Point,
}

/// The reasons why the robot ran or did not run, in order: its set-up, then moment by moment what became of it.
pub fn explain(past: &Past<'_>) -> Vec<Point> {
    let mut points = set_up(past);
    let moments = past.moments();
    if moments.is_empty() {
        points.extend(past.no_moment());
    }
    for event in moments.iter().rev() {
        points.push(past.happened(event));
        match past.runs.iter().find(|found| found.run.event == event.id) {
            Some(found) => points.extend(past.of_run(found)),
            None => points.push(past.why_no_run(event)),
        }
    }
    let is_told = |id: EventId| moments.iter().any(|event| event.id == id);
    let others = past.runs.iter().filter(|found| !is_told(found.run.event));
    let mut others: Vec<&PastRun> = others.take(RUNS_MAX).collect();
    others.reverse();
    for found in others {
        points.push(past.happened(&found.event));
        points.extend(past.of_run(found));
    }
    points
}

/// What became of the robot for the item, by its newest run; for a robot of a stage, by the newest entry into it.
pub fn standing(past: &Past<'_>) -> Standing {
    let is_stage = matches!(past.attachment.moment, Moment::Stage { .. });
    let moment = past.moments().into_iter().next().filter(|_| is_stage);
    let newest = past.runs.first();
    // A start by hand and what came later count more than an entry without a run.
    let newest = newest.filter(|found| moment.is_none_or(|event| found.event.id >= event.id));
    match (newest, moment) {
        (Some(found), _) => past.standing_of(found),
        (None, Some(event)) => not_started(past.why_no_run(event)),
        (None, None) => {
            let points = set_up(past).into_iter().chain(past.no_moment());
            let because = points.into_iter().find(|point| point.bearing == Bearing::Against);
            not_started(because.unwrap_or_else(no_run_yet))
        }
    }
}

fn not_started(because: Point) -> Standing {
    Standing {
        state: State::DidNotStart,
        run: None,
        until: None,
        because,
    }
}

fn no_run_yet() -> Point {
    Point::new(
        PointCode::NoRunKnown,
        Bearing::Against,
        "nothing has started it for this item",
    )
}

fn set_up(past: &Past<'_>) -> Vec<Point> {
    let Attachment {
        id, robot, digest, ..
    } = past.attachment;
    let mut points = vec![match past.attachment.is_enabled {
        true => Point::new(
            PointCode::AttachmentOn,
            Bearing::For,
            format!("{id} is switched on"),
        ),
        false => Point::new(
            PointCode::AttachmentOff,
            Bearing::Against,
            format!("{id} is switched off"),
        ),
    }];
    if !past.directory.robots.contains_key(digest) {
        let text = format!("robot `{robot}` ({digest}) is not installed");
        let point = Point::new(PointCode::RobotMissing, Bearing::Against, text);
        points.push(point.with("robot", robot).with("digest", digest));
    }
    if let Some(until) = past.pause_until {
        let text = format!("robot `{robot}` failed on many items and pauses until {until}");
        let point = Point::new(PointCode::RobotPauses, Bearing::Waits, text);
        points.push(point.with("robot", robot).with("until", until));
    }
    points
}

impl Past<'_> {
    /// What should have started the robot, newest first.
    fn moments(&self) -> Vec<&Event> {
        let is_one = |event: &&Event| match (&self.attachment.moment, &event.fact) {
            (Moment::Stage { stage }, Fact::StageEntered { stage: entered, .. }) => entered == stage,
            (Moment::Event { .. }, fact) => waits_for(self.attachment, fact, Some(self.item)),
            (Moment::Stage { .. } | Moment::Schedule { .. } | Moment::Manual, _) => false,
        };
        self.events.iter().filter(is_one).take(MOMENTS_MAX).collect()
    }

    /// Nothing that should have started it is known.
    fn no_moment(&self) -> Option<Point> {
        match &self.attachment.moment {
            Moment::Stage { stage } => Some(self.never_entered(*stage)),
            Moment::Event { event, .. } => Some(self.never_happened(*event)),
            Moment::Schedule { .. } if self.runs.is_empty() => {
                let text = format!("its schedule has not visited {}", self.item.id);
                Some(
                    Point::new(PointCode::ScheduleDoesNotFit, Bearing::Against, text).with("why", "no-visit"),
                )
            }
            Moment::Manual if self.runs.is_empty() => {
                let text = "it starts only by hand, and nobody has started it";
                Some(Point::new(PointCode::ByHand, Bearing::Against, text))
            }
            Moment::Schedule { .. } | Moment::Manual => None,
        }
    }

    fn never_entered(&self, stage: StageId) -> Point {
        let (item, wanted) = (self.item, self.stage_name(stage));
        let point = match item.stage == stage {
            true => {
                let at = item.stage_entered_at;
                let text = format!("{} entered {wanted} at {at}, of which no event is kept", item.id);
                Point::new(PointCode::NoRunKnown, Bearing::Against, text).with("at", at)
            }
            false => {
                let stands_in = self.stage_name(item.stage);
                let text = format!("{} has not entered {wanted}: it stands in {stands_in}", item.id);
                Point::new(PointCode::NeverEntered, Bearing::Against, text)
            }
        };
        point.with("stage", stage).with("stands_in", item.stage)
    }

    /// Events of the kind there may be: then the filter did not let them through.
    fn never_happened(&self, kind: FactKind) -> Point {
        let kind = kind.as_str();
        let id = self.item.id;
        let point = match self.events.is_empty() {
            true => {
                let text = format!("no `{kind}` has happened to {id}");
                Point::new(PointCode::EventNeverHappened, Bearing::Against, text)
            }
            false => {
                let text = format!("its filter does not let `{kind}` of {id} through");
                Point::new(PointCode::MomentDoesNotFit, Bearing::Against, text)
            }
        };
        point.with("kind", kind)
    }

    fn happened(&self, event: &Event) -> Point {
        let (id, at) = (self.item.id, event.at);
        let point = match &event.fact {
            Fact::StageEntered { stage, .. } => {
                let text = format!("{id} entered {} at {at}", self.stage_name(*stage));
                Point::new(PointCode::EnteredStage, Bearing::For, text).with("stage", stage)
            }
            other => {
                let kind = other.kind().as_str();
                let text = format!("`{kind}` happened to {id} at {at}");
                Point::new(PointCode::EventHappened, Bearing::For, text).with("kind", kind)
            }
        };
        point.with("at", at).with("event", event.id)
    }

    fn why_no_run(&self, event: &Event) -> Point {
        let at = event.at;
        if let Some(attached_at) = self.attached_at.filter(|attached_at| *attached_at > at) {
            return self.was_there_before(at, attached_at);
        }
        if !self.was_on(at) {
            let text = format!("{} was switched off then", self.attachment.id);
            return Point::new(PointCode::WasOff, Bearing::Against, text).with("at", at);
        }
        // Both at one instant: a robot that had been there first would have a run.
        if self.attached_at == Some(at) {
            return self.was_there_before(at, at);
        }
        let text = "no run of it is stored: its set-up was another one then, or its record was deleted";
        Point::new(PointCode::NoRunKnown, Bearing::Against, text).with("at", at)
    }

    fn was_there_before(&self, at: Timestamp, attached_at: Timestamp) -> Point {
        let text = format!(
            "{} was there before the robot was attached ({attached_at}): robots do not start for what has been",
            self.item.id
        );
        let point = Point::new(PointCode::BeforeAttached, Bearing::Against, text);
        point.with("at", at).with("attached_at", attached_at)
    }

    fn was_on(&self, at: Timestamp) -> bool {
        let before = self.switches.iter().rfind(|switched| switched.at <= at);
        match (before, self.switches.first()) {
            (Some(before), _) => before.is_on,
            // The first switch says what it was before.
            (None, Some(first)) => !first.is_on,
            (None, None) => self.attachment.is_enabled,
        }
    }

    fn stage_name(&self, stage: StageId) -> String {
        let found = self.directory.stages.get(&stage);
        found.map_or_else(|| stage.to_string(), |found| format!("stage `{}`", found.key))
    }

    fn standing_of(&self, found: &PastRun) -> Standing {
        let run = &found.run;
        let has_started = run.attempt_count > 0;
        let state = match run.state {
            RunState::Completed => State::Ran,
            RunState::Scheduled | RunState::Available | RunState::Running | RunState::Retryable => {
                State::Waits
            }
            RunState::Discarded | RunState::Cancelled if has_started => State::Failed,
            RunState::Discarded | RunState::Cancelled => State::DidNotStart,
        };
        Standing {
            state,
            run: Some(run.id),
            until: run.due_at.filter(|_| state == State::Waits),
            because: self.of_state(found),
        }
    }
}

#[cfg(test)]
mod tests;
