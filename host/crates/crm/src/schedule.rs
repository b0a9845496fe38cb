//! Schedules: cron expressions over the civil time of a zone.
//!
//! The `cron` crate evaluates the expression over civil time only, as if there were no zones. Around it, the line of
//! time is walked in segments of constant offset. Where the clock is changed, the rules of Vixie cron hold:
//! a schedule with given hours runs once a day, at the change when its time is skipped, and in the first pass when
//! its time is repeated; a schedule of intervals (hours `*` or a step) runs as often as its time is on the clock.

use chrono::{DateTime, Utc};
use jiff::tz::TimeZone;

use crate::time::{Timestamp, zone_named};

/// The longest accepted expression in bytes: every minute of the hour as a list takes 170.
pub const EXPRESSION_BYTES_MAX: usize = 256;
/// A schedule must occur within so many years, counted from the start of any year.
pub const IDLE_YEARS_MAX: i16 = 5;
/// How many occurrences `next_n` gives at most.
pub const OCCURRENCES_MAX: usize = 100;

/// Zone changes within `IDLE_YEARS_MAX`: Morocco has had four a year, and a start may lie late in its year.
const SEGMENTS_MAX: usize = 40;

/// A cron expression in a zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    expression: String,
    zone: TimeZone,
    civil: cron::Schedule,
    kind: Kind,
}

/// What happens at a change of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Given hours: once for each civil time.
    Fixed,
    /// Hours `*` or a step: as often as the clock shows the time.
    Interval,
}

/// Why an expression is refused. Each names the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// No zone has this IANA name.
    #[error("`{0}` is not the IANA name of a time zone such as `Europe/Moscow`")]
    UnknownZone(String),
    /// Longer than `EXPRESSION_BYTES_MAX`.
    #[error("the schedule has {0} bytes, at most {EXPRESSION_BYTES_MAX} are accepted")]
    TooLong(usize),
    /// Neither five nor six fields.
    #[error(
        "`{expression}` has {count} fields, not 5 (minute, hour, day of month, month, day of week) or 6 (seconds first)"
    )]
    FieldCount {
        /// The expression.
        expression: String,
        /// How many fields it has.
        count: usize,
    },
    /// Some programs count Sunday as 0 and 7, others as 1.
    #[error(
        "`{0}` in the day of week counts from Sunday or from Monday depending on the program: \
         use sun, mon, tue, wed, thu, fri, sat, as in `mon-fri`"
    )]
    NumericWeekday(String),
    /// A field that `cron` does not read.
    #[error(
        "`{value}` is not accepted as the {field}: use {accepted}, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
    )]
    BadField {
        /// The field's name.
        field: &'static str,
        /// Its text.
        value: String,
        /// The values it may have.
        accepted: &'static str,
    },
    /// Such as 30 February. Day of month and day of week must both fit, which may be rare as well.
    #[error("`{0}` does not occur for {IDLE_YEARS_MAX} years or more")]
    NeverOccurs(String),
}

/// Name and accepted values of the fields, in their order.
const FIELDS: [(&str, &str); 6] = [
    ("second", "0-59"),
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31"),
    ("month", "1-12 or jan-dec"),
    ("day of week", "mon, tue, wed, thu, fri, sat, sun"),
];

impl Schedule {
    /// Reads a cron expression of five fields, or of six with seconds first, for the zone of an IANA name.
    ///
    /// When day of month and day of week are both given, both must fit: `0 9 13 * fri` is Friday the 13th.
    ///
    /// # Errors
    /// `ScheduleError` with the value.
    pub fn parse(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        let zone = zone_named(zone).ok_or_else(|| ScheduleError::UnknownZone(zone.to_owned()))?;
        if expression.len() > EXPRESSION_BYTES_MAX {
            return Err(ScheduleError::TooLong(expression.len()));
        }
        let fields = read_fields(expression)?;
        check_weekday(fields[5])?;
        check_fields(&fields)?;
        // Each field is good by itself, so that only their combination can be refused here.
        let never = || ScheduleError::NeverOccurs(expression.to_owned());
        let civil: cron::Schedule = fields.join(" ").parse().map_err(|_| never())?;
        if !occurs_often_enough(&civil) {
            return Err(never());
        }
        let kind = if fields[2].contains(['*', '/', '?']) {
            Kind::Interval
        } else {
            Kind::Fixed
        };
        Ok(Self {
            expression: expression.to_owned(),
            zone,
            civil,
            kind,
        })
    }

    /// The expression as it was written.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The zone whose clock counts.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first occurrence later than `after`; `None` at the end of the year 2100, where `cron` ends.
    ///
    /// To go on, give the occurrence that was found; no occurrence is given twice or left out.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let mut start = after.micros().div_euclid(SECOND);
        let mut passed = self.passed_before(start)?.max(start + self.offset_at(start)?);
        for _ in 0..SEGMENTS_MAX {
            let offset = self.offset_at(start)?;
            let found = self.civil_after(passed)?;
            let change = self.change_after(start);
            let Some(change) = change.filter(|change| *change <= found - offset) else {
                return instant(found - offset);
            };
            let is_skipped = found < change + self.offset_at(change)?;
            if is_skipped && self.kind == Kind::Fixed {
                return instant(change);
            }
            passed = self.passed_before(change)?;
            start = change;
        }
        None
    }

    /// The first `count` occurrences later than `after`, at most `OCCURRENCES_MAX`.
    pub fn next_n(&self, after: Timestamp, count: usize) -> Vec<Timestamp> {
        let first = self.next_after(after);
        let all = std::iter::successors(first, |previous| self.next_after(*previous));
        all.take(count.min(OCCURRENCES_MAX)).collect()
    }

    /// The civil second up to which occurrences have passed before the instant `second`: the one before what the
    /// clock shows, or for a `Fixed` schedule the latest that the clock has shown around its last change.
    fn passed_before(&self, second: i64) -> Option<i64> {
        let shown = second + self.offset_at(second)?;
        if self.kind == Kind::Interval {
            return Some(shown - 1);
        }
        // The search excludes its start; one second later includes a change at `second`.
        let change = self.zone.preceding(jiff_second(second + 1)?).next();
        let Some(change) = change.map(|change| change.timestamp().as_second()) else {
            return Some(shown - 1);
        };
        Some(shown.max(change + self.offset_at(change - 1)?) - 1)
    }

    /// Seconds east of UTC at the instant `second`.
    fn offset_at(&self, second: i64) -> Option<i64> {
        Some(i64::from(self.zone.to_offset(jiff_second(second)?).seconds()))
    }

    fn change_after(&self, second: i64) -> Option<i64> {
        Some(
            self.zone
                .following(jiff_second(second)?)
                .next()?
                .timestamp()
                .as_second(),
        )
    }

    fn civil_after(&self, second: i64) -> Option<i64> {
        civil_after(&self.civil, second)
    }
}

const SECOND: i64 = 1_000_000;

fn jiff_second(second: i64) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(second).ok()
}

fn instant(second: i64) -> Option<Timestamp> {
    jiff_second(second).map(Timestamp::from)
}

/// The next civil second that fits; civil time is given to `cron` as if it were UTC.
fn civil_after(schedule: &cron::Schedule, second: i64) -> Option<i64> {
    let start: DateTime<Utc> = DateTime::from_timestamp(second, 0)?;
    schedule.after(&start).next().map(|found| found.timestamp())
}

/// Six fields, seconds first.
fn read_fields(expression: &str) -> Result<[&str; 6], ScheduleError> {
    let fields: Vec<&str> = expression.split_ascii_whitespace().collect();
    match fields[..] {
        [minute, hour, day, month, weekday] => Ok(["0", minute, hour, day, month, weekday]),
        [second, minute, hour, day, month, weekday] => Ok([second, minute, hour, day, month, weekday]),
        _ => Err(ScheduleError::FieldCount {
            expression: expression.to_owned(),
            count: fields.len(),
        }),
    }
}

/// `cron` counts Sunday as 1, Vixie cron as 0: numbers are refused. The number after `/` is a step.
fn check_weekday(field: &str) -> Result<(), ScheduleError> {
    let days = field
        .split(',')
        .map(|item| item.split('/').next().unwrap_or(item));
    match days
        .into_iter()
        .find(|day| day.contains(|c: char| c.is_ascii_digit()))
    {
        Some(day) => Err(ScheduleError::NumericWeekday(day.to_owned())),
        None => Ok(()),
    }
}

/// `cron` says only that an expression is wrong, not where: each field is tried alone.
fn check_fields(fields: &[&str; 6]) -> Result<(), ScheduleError> {
    for (position, (field, accepted)) in FIELDS.into_iter().enumerate() {
        let mut alone = ["*"; 6];
        alone[position] = fields[position];
        if alone.join(" ").parse::<cron::Schedule>().is_err() {
            return Err(ScheduleError::BadField {
                field,
                value: fields[position].to_owned(),
                accepted,
            });
        }
    }
    Ok(())
}

/// Looks from the start of each of 28 years: after them the days of the week fall on the same dates again.
fn occurs_often_enough(schedule: &cron::Schedule) -> bool {
    let new_year = |year: i16| {
        jiff::civil::date(year, 1, 1)
            .to_zoned(TimeZone::UTC)
            .map(|day| day.timestamp())
    };
    (2024..2024 + 28).all(|year| {
        let (Ok(start), Ok(end)) = (new_year(year), new_year(year + IDLE_YEARS_MAX)) else {
            return false;
        };
        civil_after(schedule, start.as_second() - 1).is_some_and(|found| found < end.as_second())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn check(expression: &str, zone: &str, after: &str, expected: Expect) {
        let schedule = Schedule::parse(expression, zone).unwrap();
        let after = Timestamp::parse(after).unwrap();
        let shown = schedule
            .next_n(after, 4)
            .into_iter()
            .map(|at| at.zoned(schedule.zone()));
        let lines: Vec<String> = shown.map(|at| at.strftime("%a %F %T %:z").to_string()).collect();
        expected.assert_eq(&lines.join("\n"));
    }

    fn check_refusal(expression: &str, expected: Expect) {
        expected.assert_eq(
            &Schedule::parse(expression, "Europe/Moscow")
                .unwrap_err()
                .to_string(),
        );
    }

    #[test]
    fn schedule_follows_the_clock_of_its_zone() {
        check(
            "0 9 * * mon-fri",
            "Europe/Moscow",
            "2026-11-05T06:00:00Z",
            expect![[r#"
                Fri 2026-11-06 09:00:00 +03:00
                Mon 2026-11-09 09:00:00 +03:00
                Tue 2026-11-10 09:00:00 +03:00
                Wed 2026-11-11 09:00:00 +03:00"#]],
        );
        check(
            "*/30 0 9 * * *",
            "UTC",
            "2026-11-05T09:00:00.5Z",
            expect![[r#"
            Thu 2026-11-05 09:00:30 +00:00
            Fri 2026-11-06 09:00:00 +00:00
            Fri 2026-11-06 09:00:30 +00:00
            Sat 2026-11-07 09:00:00 +00:00"#]],
        );
        check(
            "0 9 13 * fri",
            "UTC",
            "2026-01-01T00:00:00Z",
            expect![[r#"
            Fri 2026-02-13 09:00:00 +00:00
            Fri 2026-03-13 09:00:00 +00:00
            Fri 2026-11-13 09:00:00 +00:00
            Fri 2027-08-13 09:00:00 +00:00"#]],
        );
        check(
            "0 0 29 2 *",
            "UTC",
            "2026-01-01T00:00:00Z",
            expect![[r#"
            Tue 2028-02-29 00:00:00 +00:00
            Sun 2032-02-29 00:00:00 +00:00
            Fri 2036-02-29 00:00:00 +00:00
            Wed 2040-02-29 00:00:00 +00:00"#]],
        );
    }

    #[test]
    fn given_time_that_the_clock_skips_runs_at_the_change() {
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T00:00:00Z",
            expect![[r#"
                Sat 2026-03-28 02:30:00 +01:00
                Sun 2026-03-29 03:00:00 +02:00
                Mon 2026-03-30 02:30:00 +02:00
                Tue 2026-03-31 02:30:00 +02:00"#]],
        );
        check(
            "0,30 2,3 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            expect![[r#"
                Sun 2026-03-29 03:00:00 +02:00
                Sun 2026-03-29 03:30:00 +02:00
                Mon 2026-03-30 02:00:00 +02:00
                Mon 2026-03-30 02:30:00 +02:00"#]],
        );
    }

    #[test]
    fn day_that_the_calendar_skips_runs_at_the_change() {
        check(
            "30 2 * * *",
            "Pacific/Apia",
            "2011-12-29T00:00:00Z",
            expect![[r#"
                Thu 2011-12-29 02:30:00 -10:00
                Sat 2011-12-31 00:00:00 +14:00
                Sat 2011-12-31 02:30:00 +14:00
                Sun 2012-01-01 02:30:00 +14:00"#]],
        );
        check(
            "0 */12 * * *",
            "Pacific/Apia",
            "2011-12-29T12:00:00Z",
            expect![[r#"
                Thu 2011-12-29 12:00:00 -10:00
                Sat 2011-12-31 00:00:00 +14:00
                Sat 2011-12-31 12:00:00 +14:00
                Sun 2012-01-01 00:00:00 +14:00"#]],
        );
    }

    #[test]
    fn given_time_that_the_clock_repeats_runs_once() {
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            expect![[r#"
                Sun 2026-10-25 02:30:00 +02:00
                Mon 2026-10-26 02:30:00 +01:00
                Tue 2026-10-27 02:30:00 +01:00
                Wed 2026-10-28 02:30:00 +01:00"#]],
        );
        // From within the second pass.
        check(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-25T01:10:00Z",
            expect![[r#"
                Mon 2026-10-26 02:30:00 +01:00
                Tue 2026-10-27 02:30:00 +01:00
                Wed 2026-10-28 02:30:00 +01:00
                Thu 2026-10-29 02:30:00 +01:00"#]],
        );
        // The end of the repeated hour itself is not repeated.
        check(
            "0 3 * * *",
            "Europe/Berlin",
            "2026-10-25T01:10:00Z",
            expect![[r#"
                Sun 2026-10-25 03:00:00 +01:00
                Mon 2026-10-26 03:00:00 +01:00
                Tue 2026-10-27 03:00:00 +01:00
                Wed 2026-10-28 03:00:00 +01:00"#]],
        );
    }

    #[test]
    fn interval_runs_as_often_as_the_clock_shows_its_time() {
        check(
            "*/30 * * * *",
            "Europe/Berlin",
            "2026-03-29T00:15:00Z",
            expect![[r#"
                Sun 2026-03-29 01:30:00 +01:00
                Sun 2026-03-29 03:00:00 +02:00
                Sun 2026-03-29 03:30:00 +02:00
                Sun 2026-03-29 04:00:00 +02:00"#]],
        );
        check(
            "*/30 * * * *",
            "Europe/Berlin",
            "2026-10-25T00:15:00Z",
            expect![[r#"
                Sun 2026-10-25 02:30:00 +02:00
                Sun 2026-10-25 02:00:00 +01:00
                Sun 2026-10-25 02:30:00 +01:00
                Sun 2026-10-25 03:00:00 +01:00"#]],
        );
    }

    #[test]
    fn refusal_names_the_field_and_the_value() {
        check_refusal(
            "0 9 * *",
            expect![
                "`0 9 * *` has 4 fields, not 5 (minute, hour, day of month, month, day of week) or 6 (seconds first)"
            ],
        );
        check_refusal(
            "0 0 9 * * mon 2026",
            expect![
                "`0 0 9 * * mon 2026` has 7 fields, not 5 (minute, hour, day of month, month, day of week) or 6 (seconds first)"
            ],
        );
        check_refusal(
            "@daily",
            expect![
                "`@daily` has 1 fields, not 5 (minute, hour, day of month, month, day of week) or 6 (seconds first)"
            ],
        );
        check_refusal(
            "0 9 * * 1-5",
            expect![
                "`1-5` in the day of week counts from Sunday or from Monday depending on the program: use sun, mon, tue, wed, thu, fri, sat, as in `mon-fri`"
            ],
        );
        check_refusal(
            "0 9 * * mon,7",
            expect![
                "`7` in the day of week counts from Sunday or from Monday depending on the program: use sun, mon, tue, wed, thu, fri, sat, as in `mon-fri`"
            ],
        );
        check_refusal(
            "60 9 * * *",
            expect![
                "`60` is not accepted as the minute: use 0-59, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
            ],
        );
        check_refusal(
            "0 22-2 * * *",
            expect![
                "`22-2` is not accepted as the hour: use 0-23, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
            ],
        );
        check_refusal(
            "0 9 L * *",
            expect![
                "`L` is not accepted as the day of month: use 1-31, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
            ],
        );
        check_refusal(
            "*/0 9 * * *",
            expect![
                "`*/0` is not accepted as the minute: use 0-59, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
            ],
        );
        check_refusal(
            "0 9 * foo *",
            expect![
                "`foo` is not accepted as the month: use 1-12 or jan-dec, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
            ],
        );
        check_refusal(
            "0 9 * * fri-mon",
            expect![
                "`fri-mon` is not accepted as the day of week: use mon, tue, wed, thu, fri, sat, sun, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`"
            ],
        );
        check_refusal(
            "0 9 30 2 *",
            expect!["`0 9 30 2 *` does not occur for 5 years or more"],
        );
        check_refusal(
            "0 9 29 2 fri",
            expect!["`0 9 29 2 fri` does not occur for 5 years or more"],
        );
        check_refusal(
            &"0".repeat(257),
            expect!["the schedule has 257 bytes, at most 256 are accepted"],
        );
        let refusal = Schedule::parse("0 9 * * *", "Moscow").unwrap_err().to_string();
        expect!["`Moscow` is not the IANA name of a time zone such as `Europe/Moscow`"].assert_eq(&refusal);
    }

    #[test]
    fn schedule_ends_with_the_year_2100() {
        let schedule = Schedule::parse("0 9 * * *", "Europe/Berlin").unwrap();
        assert_eq!(
            schedule.next_after(Timestamp::parse("2100-12-31T12:00:00Z").unwrap()),
            None
        );
        assert_eq!(schedule.next_after(Timestamp::MAX), None);
        assert_eq!(
            schedule.next_n(Timestamp::from_micros(0), 1_000).len(),
            OCCURRENCES_MAX
        );
    }

    /// What another crate says. It calls a schedule fixed only when it has one time a day, so that the
    /// expressions of the comparison have one time a day or `*` in the hours. It finds nothing across the day
    /// that Samoa left out.
    fn by_croner(expression: &str, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let cron = croner::parser::CronParser::builder()
            .dom_and_dow(true)
            .build()
            .parse(expression)
            .unwrap();
        let found = cron.find_next_occurrence(&after.zoned(zone), false).ok()?;
        Some(Timestamp::from(found.timestamp()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn occurrences_agree_with_another_crate(
            expression in prop::sample::select(vec![
                "30 2 * * *", "0 2 * * *", "0 3 * * *", "15 1 * * sun", "*/20 * * * *", "0 0 * * *", "45 23 31 * *",
                "5 */2 * * *", "59 59 2 * * *", "0 3 13 * fri", "0 12 29 2 *",
            ]),
            zone in prop::sample::select(vec![
                "Europe/Berlin", "America/New_York", "Europe/Moscow", "Australia/Lord_Howe", "America/Sao_Paulo",
                "Africa/Casablanca", "Asia/Kolkata", "America/St_Johns", "Asia/Beirut",
            ]),
            second in 946_684_800_i64..2_208_988_800,
        ) {
            let schedule = Schedule::parse(expression, zone).unwrap();
            // Starts near a change of the clock tell more than random ones.
            let near = jiff_second(second).and_then(|at| schedule.zone.following(at).next().map(|t| t.timestamp()));
            let shift = second.rem_euclid(14_400) - 10_800;
            for start in [Some(second), near.map(|at| at.as_second() + shift)].into_iter().flatten() {
                let mut at = instant(start).unwrap();
                for _ in 0..20 {
                    let Some(next) = schedule.next_after(at) else { break };
                    prop_assert_eq!(Some(next), by_croner(expression, schedule.zone(), at), "after {}", at);
                    prop_assert!(next > at);
                    at = next;
                }
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[0-9*/,?@LW#a-z -]{0,40}") {
            if let Ok(schedule) = Schedule::parse(&text, "Europe/Berlin") {
                prop_assert!(schedule.next_after(Timestamp::from_micros(0)).is_some());
            }
        }

        #[test]
        fn no_fields_make_the_parser_panic(
            fields in prop::collection::vec(r"(\*|[0-9]{1,3}|[a-z]{3})([-/,][0-9]{1,10})?", 5..7),
        ) {
            let _ = Schedule::parse(&fields.join(" "), "Europe/Berlin");
        }
    }
}
