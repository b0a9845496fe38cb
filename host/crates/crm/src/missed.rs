//! Instants that passed while nobody acted on them: the host was down, its clock was set forward, or more was due than
//! there was room for.
//!
//! What becomes of them is the attachment's `missed`. Other programs call it misfire policy (Quartz), grace time
//! (APScheduler), starting deadline (Kubernetes) or catch-up window (Temporal).

use std::time::Duration;

use crate::attachment::{Attachment, Missed};
use crate::schedule::Schedule;
use crate::time::Timestamp;

/// Up to here something is late and not missed, where the attachment says skip. A minute, as Quartz has it: a busy host,
/// a restart and a correction of the clock take less.
pub const LATE_MAX: Duration = Duration::from_secs(60);
/// Missed ticks are counted up to here.
pub const TICKS_COUNTED_MAX: usize = 1000;

/// Why nothing makes up for what was due at `due_at`; none when it runs.
pub fn given_up(attachment: &Attachment, due_at: Timestamp, now: Timestamp) -> Option<String> {
    let TooLate { late_s, policy } = too_late(attachment, due_at, now)?;
    Some(format!("it was due at {due_at}, {late_s} s ago; {policy}"))
}

struct TooLate {
    late_s: u64,
    policy: String,
}

fn too_late(attachment: &Attachment, due_at: Timestamp, now: Timestamp) -> Option<TooLate> {
    let late = now.since(due_at);
    let (late_max, policy) = match attachment.missed {
        Missed::RunNow => return None,
        Missed::Skip => (LATE_MAX, "the attachment skips what was missed".to_owned()),
        Missed::IfWithin => {
            let within_s = attachment.missed_within_s;
            let late_max = Duration::from_secs(u64::from(within_s));
            (late_max, format!("the attachment allows {within_s} s"))
        }
    };
    let late_s = late.as_secs();
    (late > late_max).then_some(TooLate { late_s, policy })
}

/// What becomes of the ticks of a schedule that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTicks {
    /// The tick that runs, if one does: the last one stands for those before it.
    pub runs: Option<Timestamp>,
    /// Those that do not run.
    pub missed: Option<MissedTicks>,
}

/// Ticks that nothing makes up for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedTicks {
    /// The first of them.
    pub first_at: Timestamp,
    /// The last of them.
    pub last_at: Timestamp,
    /// How many, and why they do not run.
    pub why: String,
}

/// Decides about the ticks from `first`, which is due, up to `now`.
pub fn due_ticks(attachment: &Attachment, schedule: &Schedule, first: Timestamp, now: Timestamp) -> DueTicks {
    let last = schedule.last_until(first, now);
    if let Some(TooLate { late_s, policy }) = too_late(attachment, last, now) {
        let why = format!("the last was due {late_s} s ago; {policy}");
        let missed = Some(missed_ticks(schedule, first, last, &why));
        return DueTicks { runs: None, missed };
    }
    let before = last
        .minus(Duration::from_secs(1))
        .filter(|before| *before >= first);
    let missed = before.map(|before| {
        let last_missed = schedule.last_until(first, before);
        let why = format!("the one at {last} stands for them");
        missed_ticks(schedule, first, last_missed, &why)
    });
    DueTicks {
        runs: Some(last),
        missed,
    }
}

fn missed_ticks(schedule: &Schedule, first_at: Timestamp, last_at: Timestamp, why: &str) -> MissedTicks {
    let all = std::iter::successors(Some(first_at), |at| schedule.next_after(*at));
    let due = all.take_while(|at| *at <= last_at);
    let why = match due.take(TICKS_COUNTED_MAX + 1).count() {
        1 => format!("the tick at {first_at} was missed; {why}"),
        count if count <= TICKS_COUNTED_MAX => {
            format!("{count} ticks from {first_at} to {last_at} were missed; {why}")
        }
        _ => format!("more than {TICKS_COUNTED_MAX} ticks from {first_at} to {last_at} were missed; {why}"),
    };
    MissedTicks {
        first_at,
        last_at,
        why,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::fixture::{at, attachment};

    fn with(missed: Missed, missed_within_s: u32) -> Attachment {
        Attachment {
            missed,
            missed_within_s,
            ..attachment(1)
        }
    }

    fn check(missed: Missed, within_s: u32, cron: &str, first: &str, now: &str, expected: Expect) {
        let schedule = Schedule::parse(cron, "UTC").expect("a schedule");
        let due = due_ticks(&with(missed, within_s), &schedule, at(first), at(now));
        let runs = due.runs.map_or_else(|| "nothing".to_owned(), |at| at.to_string());
        let why = due.missed.map_or_else(String::new, |missed| missed.why);
        expected.assert_eq(&format!("{runs}\n{why}"));
    }

    const EVERY_MORNING: &str = "0 9 * * *";

    #[test]
    fn a_tick_in_time_runs_and_leaves_nothing_behind() {
        for missed in [Missed::RunNow, Missed::Skip, Missed::IfWithin] {
            check(
                missed,
                60,
                EVERY_MORNING,
                "2026-03-02T09:00:00Z",
                "2026-03-02T09:00:00.5Z",
                expect![[r#"
                    2026-03-02T09:00:00Z
                "#]],
            );
        }
    }

    #[test]
    fn the_last_tick_runs_for_those_before_it() {
        check(
            Missed::RunNow,
            0,
            EVERY_MORNING,
            "2026-03-02T09:00:00Z",
            "2026-03-05T12:00:00Z",
            expect![[r#"
                2026-03-05T09:00:00Z
                3 ticks from 2026-03-02T09:00:00Z to 2026-03-04T09:00:00Z were missed; the one at 2026-03-05T09:00:00Z stands for them"#]],
        );
    }

    #[test]
    fn skip_runs_what_is_late_by_a_minute_and_no_more() {
        let first = "2026-03-02T09:00:00Z";
        check(
            Missed::Skip,
            0,
            EVERY_MORNING,
            first,
            "2026-03-02T09:01:00Z",
            expect![[r#"
                2026-03-02T09:00:00Z
            "#]],
        );
        check(
            Missed::Skip,
            0,
            EVERY_MORNING,
            first,
            "2026-03-02T09:01:01Z",
            expect![[r#"
                nothing
                the tick at 2026-03-02T09:00:00Z was missed; the last was due 61 s ago; the attachment skips what was missed"#]],
        );
    }

    #[test]
    fn if_within_looks_at_the_last_tick() {
        let first = "2026-03-02T09:00:00Z";
        check(
            Missed::IfWithin,
            3 * 3600,
            EVERY_MORNING,
            first,
            "2026-03-04T12:00:00Z",
            expect![[r#"
                2026-03-04T09:00:00Z
                2 ticks from 2026-03-02T09:00:00Z to 2026-03-03T09:00:00Z were missed; the one at 2026-03-04T09:00:00Z stands for them"#]],
        );
        check(
            Missed::IfWithin,
            3 * 3600,
            EVERY_MORNING,
            first,
            "2026-03-04T12:00:01Z",
            expect![[r#"
                nothing
                3 ticks from 2026-03-02T09:00:00Z to 2026-03-04T09:00:00Z were missed; the last was due 10801 s ago; the attachment allows 10800 s"#]],
        );
    }

    #[test]
    fn a_schedule_of_seconds_is_not_walked_over_a_year() {
        check(
            Missed::RunNow,
            0,
            "* * * * * *",
            "2026-03-02T09:00:00Z",
            "2027-03-02T09:00:00.25Z",
            expect![[r#"
                2027-03-02T09:00:00Z
                more than 1000 ticks from 2026-03-02T09:00:00Z to 2027-03-02T08:59:59Z were missed; the one at 2027-03-02T09:00:00Z stands for them"#]],
        );
    }

    #[test]
    fn a_run_is_given_up_by_the_policy_of_its_attachment() {
        let (due_at, now) = (at("2026-03-02T09:00:00Z"), at("2026-03-02T10:00:00Z"));
        let is_given_up = |missed, within_s| given_up(&with(missed, within_s), due_at, now).is_some();
        assert!(!is_given_up(Missed::RunNow, 0));
        assert!(is_given_up(Missed::Skip, 0));
        assert!(!is_given_up(Missed::IfWithin, 3600));
        assert!(is_given_up(Missed::IfWithin, 3599));
    }
}
