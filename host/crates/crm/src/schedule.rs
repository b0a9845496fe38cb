//! Schedules: cron expressions over the civil time of a zone.
//!
//! The `cron` crate evaluates the expression over civil time only, as if there were no zones. Around it, the line of
//! time is walked in segments of constant offset. Where the clock is changed, the rules of Vixie cron hold:
//! a schedule with given hours runs once a day, at the change when its time is skipped, and in the first pass when
//! its time is repeated; a schedule of intervals (hours `*` or a step) runs as often as its time is on the clock.

use chrono::{DateTime, Utc};
use jiff::tz::TimeZone;

use crate::said;
use crate::sentence::{Sentence, shown_as_said};
use crate::template;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleError {
    /// No zone has this IANA name.
    UnknownZone(String),
    /// Longer than `EXPRESSION_BYTES_MAX`.
    TooLong(usize),
    /// Neither five nor six fields.
    FieldCount {
        /// The expression.
        expression: String,
        /// How many fields it has.
        count: usize,
    },
    /// Some programs count Sunday as 0 and 7, others as 1.
    NumericWeekday(String),
    /// A field that `cron` does not read.
    BadField {
        /// The field's name.
        field: &'static str,
        /// Its text.
        value: String,
        /// The values it may have.
        accepted: &'static str,
    },
    /// Such as 30 February. Day of month and day of week must both fit, which may be rare as well.
    NeverOccurs(String),
}

shown_as_said!(ScheduleError);

impl ScheduleError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        match self {
            Self::UnknownZone(zone) => said!(
                "`{zone}` is not the IANA name of a time zone such as `Europe/Moscow`",
                zone
            ),
            Self::TooLong(count) => said!(
                "the schedule has {count} bytes, at most {max} are accepted",
                count,
                max = EXPRESSION_BYTES_MAX
            ),
            Self::FieldCount { expression, count } => said!(
                "`{expression}` has {count} fields, not 5 (minute, hour, day of month, month, day of week) or 6 (seconds first)",
                expression,
                count
            ),
            Self::NumericWeekday(value) => said!(
                "`{value}` in the day of week counts from Sunday or from Monday depending on the program: use sun, mon, tue, wed, thu, fri, sat, as in `mon-fri`",
                value
            ),
            Self::BadField {
                field,
                value,
                accepted,
            } => said!(
                "`{value}` is not accepted as the {field}: use {accepted}, `*`, lists `a,b`, ranges `a-b` with a before b, steps `*/n`",
                value,
                field = Sentence::fixed(field),
                accepted
            ),
            Self::NeverOccurs(expression) => said!(
                "`{expression}` does not occur for {years} years or more",
                expression,
                years = IDLE_YEARS_MAX
            ),
        }
    }
}

/// Name and accepted values of the fields, in their order.
const FIELDS: [(&str, &str); 6] = [
    (template!("second"), "0-59"),
    (template!("minute"), "0-59"),
    (template!("hour"), "0-23"),
    (template!("day of month"), "1-31"),
    (template!("month"), "1-12 or jan-dec"),
    (template!("day of week"), "mon, tue, wed, thu, fri, sat, sun"),
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

    /// The last occurrence that is not later than `until`; `first` is one that is not.
    ///
    /// By bisection: a schedule of seconds has millions of occurrences in a month, and nobody wants to walk them.
    pub fn last_until(&self, first: Timestamp, until: Timestamp) -> Timestamp {
        let mut low = first.micros().div_euclid(SECOND);
        let mut high = until.micros().div_euclid(SECOND).max(low);
        while low < high {
            let middle = low + (high - low) / 2;
            let next = instant(middle).and_then(|at| self.next_after(at));
            match next.filter(|next| *next <= until) {
                Some(_) => low = middle + 1,
                None => high = middle,
            }
        }
        instant(low).unwrap_or(first)
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
mod tests;
