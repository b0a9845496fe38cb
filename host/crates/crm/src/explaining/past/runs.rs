//! What became of a run, in points.

use super::super::{Bearing, Point, PointCode};
use super::{Past, PastRun};
use crate::attachment::Timing;
use crate::notification::HistoryEntry;
use crate::run::{Reason, Run, RunState, Verdict};
use crate::time::Timestamp;

impl Past<'_> {
    /// Where the run stands and why, and what it was denied.
    pub(super) fn of_run(&self, found: &PastRun) -> Vec<Point> {
        let mut points = vec![self.of_state(found)];
        for what in &found.denied {
            let text = format!("{} was denied {what}", found.run.id);
            let point = Point::new(PointCode::RunDenied, Bearing::Against, text);
            points.push(point.with("run", found.run.id).with("what", what));
        }
        points
    }

    /// Where the run stands and why.
    pub(super) fn of_state(&self, found: &PastRun) -> Point {
        let run = &found.run;
        let point = match run.state {
            RunState::Completed => completed(found),
            RunState::Running => executes(run),
            RunState::Available if found.is_running => executes(run),
            RunState::Available => ready(found),
            RunState::Scheduled => self.waits(run),
            RunState::Retryable => failed(found),
            RunState::Cancelled => self.cancelled(run),
            RunState::Discarded => discarded(found),
        };
        point.with("run", run.id)
    }

    fn waits(&self, run: &Run) -> Point {
        let reason = run.reason.map_or("delay", Reason::as_str);
        let until = run.due_at.map(|at| format!(" until {at}")).unwrap_or_default();
        let why = match run.reason {
            Some(Reason::AfterPrevious) => format!("for {}", self.previous(run)),
            Some(Reason::WaitingForField) => format!("until the field `{}` has a date", self.field()),
            Some(Reason::OutsideWindow) => format!("for working time{until}"),
            Some(Reason::RateLimited) => format!("for its place among many runs of the attachment{until}"),
            Some(Reason::RobotPaused) => format!("because the robot pauses{until}"),
            _ => format!("as its timing says{until}"),
        };
        let mut point = Point::new(
            PointCode::RunWaits,
            Bearing::Waits,
            format!("{} waits {why}", run.id),
        );
        point = point.with("reason", reason);
        if let Some(at) = run.due_at {
            point = point.with("until", at);
        }
        if let Some(after) = run.after {
            point = point.with("after", after);
        }
        match run.reason {
            Some(Reason::WaitingForField) => point.with("field", self.field()),
            _ => point,
        }
    }

    fn field(&self) -> &str {
        match &self.attachment.timing {
            Timing::Relative { field, .. } => field,
            Timing::Now | Timing::Delay { .. } | Timing::At { .. } => "",
        }
    }

    fn previous(&self, run: &Run) -> String {
        run.after
            .map_or_else(|| "the run before it".to_owned(), |id| id.to_string())
    }

    fn cancelled(&self, run: &Run) -> Point {
        let reason = run.reason.map_or("", Reason::as_str);
        let at = run.finished_at.unwrap_or(run.created_at);
        let detail = run.detail.clone().unwrap_or_default();
        let left = matches!(
            run.reason,
            Some(Reason::LeftStage | Reason::LeftPipeline | Reason::ItemClosed)
        );
        let by = left.then(|| self.left_at(at)).flatten();
        let more = match by {
            Some(HistoryEntry {
                actor, before, after, ..
            }) => {
                let stage = |key: &Option<String>| key.clone().unwrap_or_default();
                format!(
                    ": {actor} moved {} from `{}` to `{}`",
                    self.item.id,
                    stage(before),
                    stage(after)
                )
            }
            None if detail.is_empty() => String::new(),
            None => format!(": {detail}"),
        };
        let text = format!("{} was cancelled at {at} ({reason}){more}", run.id);
        let point = Point::new(PointCode::RunCancelled, Bearing::Against, text)
            .with("reason", reason)
            .with("at", at)
            .with("detail", detail);
        match by {
            Some(moved) => point
                .with("by", &moved.actor)
                .with("from", moved.before.as_deref().unwrap_or_default())
                .with("to", moved.after.as_deref().unwrap_or_default()),
            None => point,
        }
    }

    /// The move that was stored together with what happened at this instant, or the last one before.
    fn left_at(&self, at: Timestamp) -> Option<&HistoryEntry> {
        self.moves.iter().find(|moved| moved.at <= at)
    }
}

fn executes(run: &Run) -> Point {
    let text = format!("{} is being executed", run.id);
    Point::new(PointCode::RunExecutes, Bearing::For, text)
}

fn ready(found: &PastRun) -> Point {
    let id = found.run.id;
    match &found.waits {
        Some(why) => {
            let text = format!("{id} may start: {why}");
            Point::new(PointCode::RunReady, Bearing::Waits, text).with("why", why)
        }
        None => Point::new(PointCode::RunReady, Bearing::Waits, format!("{id} may start")),
    }
}

fn completed(found: &PastRun) -> Point {
    let run = &found.run;
    let at = run.finished_at.unwrap_or(run.created_at);
    let (code, summary, word) = match found.last.as_ref().map(|last| &last.verdict) {
        Some(Verdict::Skipped { summary }) => {
            (PointCode::RunSkipped, summary.as_str(), "found nothing to do")
        }
        Some(Verdict::Done { summary }) => (PointCode::RunCompleted, summary.as_str(), "did its work"),
        Some(Verdict::Failed { .. }) | None => (PointCode::RunCompleted, "", "did its work"),
    };
    let more = match summary {
        "" => String::new(),
        summary => format!(": {summary}"),
    };
    let text = format!("{} {word} at {at}{more}", run.id);
    Point::new(code, Bearing::For, text)
        .with("at", at)
        .with("summary", summary)
}

/// The robot's failure, where an attempt has one.
fn failure(found: &PastRun) -> (&str, &str) {
    match found.last.as_ref().map(|last| &last.verdict) {
        Some(Verdict::Failed { code, message, .. }) => (code, message),
        Some(Verdict::Done { .. } | Verdict::Skipped { .. }) | None => ("", ""),
    }
}

fn failed(found: &PastRun) -> Point {
    let run = &found.run;
    let (code, message) = failure(found);
    let until = run.due_at.map(|at| format!(" at {at}")).unwrap_or_default();
    let text = match code {
        "" => format!("{} is tried again{until}", run.id),
        code => format!("{} failed ({code}: {message}) and is tried again{until}", run.id),
    };
    let point = Point::new(PointCode::RunFailed, Bearing::Waits, text)
        .with("code", code)
        .with("message", message)
        .with("attempt", run.attempt_count);
    match run.due_at {
        Some(at) => point.with("until", at),
        None => point,
    }
}

fn discarded(found: &PastRun) -> Point {
    let run = &found.run;
    let reason = run.reason.map_or("", Reason::as_str);
    let at = run.finished_at.unwrap_or(run.created_at);
    let detail = run.detail.clone().unwrap_or_default();
    let (code, message) = failure(found);
    let why = match (code, detail.as_str()) {
        ("", detail) => detail.to_owned(),
        (code, _) => format!("{code}: {message}"),
    };
    let text = format!("{} was given up at {at} ({reason}): {why}", run.id);
    Point::new(PointCode::RunDiscarded, Bearing::Against, text)
        .with("reason", reason)
        .with("at", at)
        .with("detail", detail)
        .with("code", code)
        .with("message", message)
        .with("attempt", run.attempt_count)
}
