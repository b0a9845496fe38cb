//! Whether a run would start that has not been made, and when.

use std::time::Duration;

use super::{Bearing, Point, PointCode};
use crate::attachment::{Attachment, Repeat, Timing, Window};
use crate::calendar::WorkCalendar;
use crate::ids::AttachmentId;
use crate::item::Item;
use crate::lifecycle::closed_until;
use crate::run::{Reason, Run, RunState};
use crate::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);

/// What is known before a run starts.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// Whose run it is.
    pub attachment: &'a Attachment,
    /// Whether it is on; matching was told that it is.
    pub is_enabled: bool,
    /// The item.
    pub item: Option<&'a Item>,
    /// What matching made of the moment; none when the moment does not start the attachment.
    pub run: Option<&'a Run>,
    /// The attachment whose run must end first.
    pub previous: Option<(AttachmentId, &'a str)>,
    /// The working time that counts.
    pub calendar: Option<&'a WorkCalendar>,
    /// When the moment comes.
    pub at: Timestamp,
    /// The attachment has completed a run for the item, and that counts.
    pub has_completed: bool,
    /// The last start that runs wait for because of the rate.
    pub last_slot: Option<Timestamp>,
    /// Until when the robot pauses.
    pub pause_until: Option<Timestamp>,
}

/// What would become of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// Why, in the order in which it is decided.
    pub points: Vec<Point>,
    /// When it would be executed, as far as that can be said; no earlier than its moment.
    pub due_at: Timestamp,
}

impl Foreseen {
    /// Whether nothing is against it. A false comparison of one group decides nothing alone.
    pub fn starts(&self) -> bool {
        starts(&self.points)
    }
}

/// Whether nothing among the points is against a start.
pub fn starts(points: &[Point]) -> bool {
    let is_against = |point: &Point| point.bearing == Bearing::Against && point.code != PointCode::TestFalse;
    !points.iter().any(is_against)
}

/// What would become of a run: first the time, then the condition, then how often and how fast. The same order as
/// [`crate::lifecycle::when_due`].
pub fn foresee(before: Before<'_>) -> Foreseen {
    let mut foreseen = Foreseen {
        points: vec![switch(before.attachment, before.is_enabled)],
        due_at: before.at,
    };
    if let Some(run) = before.run {
        foreseen.due_at = run.due_at.unwrap_or(before.at).max(before.at);
        foreseen.points.push(timing(&before, run));
    }
    foreseen.window(&before);
    foreseen.points.extend(condition(before.attachment, before.item));
    foreseen.points.extend(once(&before));
    foreseen.rate(&before);
    foreseen.pause(&before);
    foreseen
}

fn switch(attachment: &Attachment, is_enabled: bool) -> Point {
    let id = attachment.id;
    match is_enabled {
        true => Point::new(
            PointCode::AttachmentOn,
            Bearing::For,
            format!("{id} is switched on"),
        ),
        false => Point::new(
            PointCode::AttachmentOff,
            Bearing::Assumed,
            format!("{id} is switched off, and is taken as if it were on"),
        ),
    }
}

fn timing(before: &Before<'_>, run: &Run) -> Point {
    let reason = run.reason.map_or("", Reason::as_str);
    if run.state.is_final() {
        let detail = run.detail.clone().unwrap_or_default();
        let text = format!("its run would never start: {reason} {detail}");
        return Point::new(PointCode::NeverStarts, Bearing::Against, text.trim_end())
            .with("reason", reason)
            .with("detail", detail);
    }
    match (run.state, run.reason, run.due_at) {
        (RunState::Scheduled, Some(Reason::WaitingForField), _) => {
            let field = match &before.attachment.timing {
                Timing::Relative { field, .. } => field.as_str(),
                Timing::Now | Timing::Delay { .. } | Timing::At { .. } => "",
            };
            let text = format!("it waits until the field `{field}` has a date");
            Point::new(PointCode::WaitsForField, Bearing::Waits, text).with("field", field)
        }
        (RunState::Scheduled, Some(Reason::AfterPrevious), _) => after(before.previous),
        (RunState::Scheduled, _, Some(due_at)) => {
            let text = format!("it is due at {due_at}");
            Point::new(PointCode::Delayed, Bearing::Waits, text).with("due_at", due_at)
        }
        _ => Point::new(PointCode::AtOnce, Bearing::For, "it starts at once"),
    }
}

fn after(previous: Option<(AttachmentId, &str)>) -> Point {
    match previous {
        Some((id, title)) => {
            let text = format!("it runs after {id} ({title})");
            Point::new(PointCode::AfterPrevious, Bearing::Waits, text)
                .with("attachment", id)
                .with("title", title)
        }
        None => Point::new(
            PointCode::AfterPrevious,
            Bearing::Waits,
            "it runs after the robot before it",
        ),
    }
}

/// The condition, comparison by comparison, against the present item.
pub fn condition(attachment: &Attachment, item: Option<&Item>) -> Vec<Point> {
    let condition = &attachment.condition;
    if condition.any.is_empty() {
        return vec![Point::new(
            PointCode::Unconditional,
            Bearing::For,
            "it has no condition",
        )];
    }
    let Some(item) = item else {
        let why = "the run has no item";
        return vec![Point::new(PointCode::ConditionFalse, Bearing::Against, why).with("detail", why)];
    };
    let mut points: Vec<Point> = condition.results(item).into_iter().map(Point::from).collect();
    points.push(match condition.check(item) {
        Ok(()) => Point::new(PointCode::ConditionTrue, Bearing::For, "its condition is true"),
        Err(why) => {
            let text = format!("its condition is false: {why}");
            Point::new(PointCode::ConditionFalse, Bearing::Against, text).with("detail", why)
        }
    });
    points
}

fn once(before: &Before<'_>) -> Option<Point> {
    if before.attachment.repeat != Repeat::OncePerItem {
        return None;
    }
    Some(match before.has_completed {
        true => Point::new(
            PointCode::AlreadyRan,
            Bearing::Against,
            "it runs once for an item, and did",
        ),
        false => Point::new(
            PointCode::FirstForItem,
            Bearing::For,
            "it runs once for an item, and has not yet",
        ),
    })
}

impl Foreseen {
    fn window(&mut self, before: &Before<'_>) {
        if before.attachment.window != Window::Working {
            return;
        }
        let due_at = self.due_at;
        self.points.push(match closed_until(before.calendar, due_at) {
            Ok(None) => Point::new(
                PointCode::WindowOpen,
                Bearing::For,
                format!("{due_at} is working time"),
            ),
            Ok(Some(until)) => {
                self.due_at = until;
                let text = format!("{due_at} is no working time: it waits until {until}");
                Point::new(PointCode::WindowClosed, Bearing::Waits, text).with("until", until)
            }
            Err(why) => Point::new(
                PointCode::NeverStarts,
                Bearing::Against,
                format!("its run would never start: {why}"),
            )
            .with("reason", Reason::Broken.as_str())
            .with("detail", why),
        });
    }

    fn rate(&mut self, before: &Before<'_>) {
        let per_minute = before.attachment.rate_per_minute;
        if per_minute == 0 {
            return;
        }
        let next = before.last_slot.and_then(|slot| slot.plus(MINUTE / per_minute));
        let point = match next.filter(|next| *next > self.due_at) {
            Some(until) => {
                self.due_at = until;
                let text = format!("{per_minute} of its runs start in a minute: the next one at {until}");
                Point::new(PointCode::RateLimited, Bearing::Waits, text).with("until", until)
            }
            None => Point::new(
                PointCode::RateFree,
                Bearing::For,
                format!("{per_minute} of its runs start in a minute, and none waits"),
            ),
        };
        self.points.push(point.with("per_minute", per_minute));
    }

    fn pause(&mut self, before: &Before<'_>) {
        let Some(until) = before.pause_until else { return };
        self.due_at = self.due_at.max(until);
        let robot = &before.attachment.robot;
        let text = format!("robot `{robot}` failed on many items and pauses until {until}");
        let point = Point::new(PointCode::RobotPauses, Bearing::Waits, text);
        self.points.push(point.with("robot", robot).with("until", until));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::condition::{Condition, Op, Test};
    use crate::directory::Directory;
    use crate::event::Fact;
    use crate::fixture::{NEW, NOW, SALES, World, at, attachment, deal, event};
    use crate::loop_guard::LoopGuard;
    use crate::matching::Matcher;

    fn matched(directory: &Directory, id: AttachmentId, now: Timestamp) -> Option<Run> {
        let entered = Fact::StageEntered {
            pipeline: SALES,
            stage: NEW,
            from: None,
        };
        let new_id = |_| 1;
        let mut guard = LoopGuard::default();
        let mut matcher = Matcher {
            directory,
            now,
            new_id: &new_id,
            guard: &mut guard,
        };
        let runs = matcher.runs_for(&event(entered, Some(&deal())), Some(&deal()));
        runs.into_iter().find(|run| run.attachment == id)
    }

    fn check(change: impl Fn(&mut Attachment), more: impl Fn(&mut Before<'_>), expected: Expect) {
        let mut world = World::new();
        let mut attachment = attachment(1);
        change(&mut attachment);
        world.attach(attachment.clone());
        let item = deal();
        let now = at(NOW);
        let run = matched(&world.directory, attachment.id, now);
        let mut before = Before {
            attachment: &attachment,
            is_enabled: true,
            item: Some(&item),
            run: run.as_ref(),
            previous: None,
            calendar: world.directory.work_calendar(None).ok().map(AsRef::as_ref),
            at: now,
            has_completed: false,
            last_slot: None,
            pause_until: None,
        };
        more(&mut before);
        let foreseen = foresee(before);
        let mut text = format!("starts: {}, due at {}\n", foreseen.starts(), foreseen.due_at);
        for point in foreseen.points {
            text.push_str(&format!(
                "{:?} {}: {}\n",
                point.bearing,
                point.code.as_str(),
                point.text
            ));
        }
        expected.assert_eq(&text);
    }

    fn is(field: &str, op: Op, value: &str) -> Test {
        Test {
            field: field.to_owned(),
            op,
            value: value.to_owned(),
        }
    }

    #[test]
    fn a_run_that_nothing_holds_up_starts_at_once() {
        check(
            |_| {},
            |_| {},
            expect![[r#"
            starts: true, due at 2026-03-02T11:20:00Z
            For attachment-on: attachment:1 is switched on
            For at-once: it starts at once
            For unconditional: it has no condition
        "#]],
        );
    }

    #[test]
    fn delay_window_rate_and_pause_add_up() {
        check(
            |attachment| {
                attachment.timing = Timing::Delay {
                    seconds: 8 * 3600,
                    working: false,
                };
                attachment.window = Window::Working;
                attachment.rate_per_minute = 2;
            },
            |before| {
                before.last_slot = Some(at("2026-03-03T06:00:30Z"));
                before.pause_until = Some(at("2026-03-03T07:00:00Z"));
            },
            expect![[r#"
                starts: true, due at 2026-03-03T07:00:00Z
                For attachment-on: attachment:1 is switched on
                Waits delayed: it is due at 2026-03-02T19:20:00Z
                Waits window-closed: 2026-03-02T19:20:00Z is no working time: it waits until 2026-03-03T06:00:00Z
                For unconditional: it has no condition
                Waits rate-limited: 2 of its runs start in a minute: the next one at 2026-03-03T06:01:00Z
                Waits robot-pauses: robot `notify` failed on many items and pauses until 2026-03-03T07:00:00Z
            "#]],
        );
    }

    #[test]
    fn a_condition_is_told_part_by_part_and_one_true_group_will_do() {
        check(
            |attachment| {
                let no = vec![is("title", Op::Eq, "x"), is("source", Op::Filled, "")];
                attachment.condition = Condition { any: vec![no] };
            },
            |_| {},
            expect![[r#"
                starts: false, due at 2026-03-02T11:20:00Z
                For attachment-on: attachment:1 is switched on
                For at-once: it starts at once
                Against test-false: title is `Фасад`, wanted eq `x`
                Against test-false: source is empty, wanted filled
                Against condition-false: its condition is false: title is `Фасад`, wanted eq `x`
            "#]],
        );
        check(
            |attachment| {
                let (no, yes) = (is("title", Op::Eq, "x"), is("title", Op::Filled, ""));
                attachment.condition = Condition {
                    any: vec![vec![no], vec![yes]],
                };
            },
            |_| {},
            expect![[r#"
                starts: true, due at 2026-03-02T11:20:00Z
                For attachment-on: attachment:1 is switched on
                For at-once: it starts at once
                Against test-false: title is `Фасад`, wanted eq `x`
                For test-true: title is `Фасад`, wanted filled
                For condition-true: its condition is true
            "#]],
        );
    }

    #[test]
    fn what_is_off_is_taken_as_on_and_what_ran_does_not_run_again() {
        check(
            |attachment| attachment.repeat = Repeat::OncePerItem,
            |before| {
                before.is_enabled = false;
                before.has_completed = true;
            },
            expect![[r#"
                starts: false, due at 2026-03-02T11:20:00Z
                Assumed attachment-off: attachment:1 is switched off, and is taken as if it were on
                For at-once: it starts at once
                For unconditional: it has no condition
                Against already-ran: it runs once for an item, and did
            "#]],
        );
    }

    #[test]
    fn what_matching_refuses_never_starts() {
        check(
            |attachment| attachment.digest = "gone".to_owned(),
            |_| {},
            expect![[r#"
                starts: false, due at 2026-03-02T11:20:00Z
                For attachment-on: attachment:1 is switched on
                Against never-starts: its run would never start: broken robot `notify` (gone) is not installed
                For unconditional: it has no condition
            "#]],
        );
    }
}
