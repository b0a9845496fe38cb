//! Working time: weekly hours, holidays and transferred working days, in the civil time of one zone.

mod spec;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::time::{Timestamp, zone_named};

use crate::said;
use crate::sentence::{Sentence, shown_as_said};
pub(crate) use spec::clock;
pub use spec::{
    CalendarSpec, CalendarSpecError, INTERVALS_PER_DAY_MAX, SPECIAL_DAYS_MAX, WeeklyHours, WorkingException,
};
use spec::{Hours, Week};

/// How far ahead the next working day is looked for. 400: a year and a month, so that even a calendar with
/// one working day a year is served, and a calendar without any is an error instead of a hang.
pub const IDLE_DAYS_MAX: u32 = 400;
/// How many days one question may cross: about 100 years.
pub const CROSSED_DAYS_MAX: u32 = 36_600;

/// Why a question about working time has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarError {
    /// The calendar is empty from here on.
    NoWorkingDay {
        /// The last date that was known to have work, or the date of the start.
        after: Date,
    },
    /// The answer lies beyond `CROSSED_DAYS_MAX` or the last representable instant.
    TooFar {
        /// The start of the question.
        start: Timestamp,
    },
}

shown_as_said!(CalendarError);

impl CalendarError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        match self {
            Self::NoWorkingDay { after } => said!(
                "the calendar has no working day within {max} days after {after}",
                max = IDLE_DAYS_MAX,
                after
            ),
            Self::TooFar { start } => said!(
                "the answer lies more than {max} days after {start}",
                max = CROSSED_DAYS_MAX,
                start
            ),
        }
    }
}

/// A checked calendar.
///
/// An interval belongs to the date on which it starts: a holiday removes the intervals that start on it, and a
/// night shift from the evening before runs to its end. Overlapping intervals count once. Hours are civil; a time
/// that a zone change skips means the same distance after the change, a repeated one means its first pass.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkCalendar {
    zone: TimeZone,
    /// By `Weekday::to_monday_zero_offset`.
    weekly: Week,
    /// Dates that differ from their day of the week; without hours: a holiday.
    special: BTreeMap<Date, Vec<Hours>>,
}

/// One interval on the line of time; `from < to`.
#[derive(Clone, Copy)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl WorkCalendar {
    /// Checks `spec`. A calendar without any hours is accepted here; questions to it are answered with
    /// `NoWorkingDay`.
    ///
    /// # Errors
    /// The first value that is wrong.
    pub fn new(spec: &CalendarSpec) -> Result<Self, CalendarSpecError> {
        let zone = zone_named(&spec.zone).ok_or_else(|| CalendarSpecError::UnknownZone(spec.zone.clone()))?;
        Ok(Self {
            zone,
            weekly: spec.read_weekly()?,
            special: spec.read_special()?,
        })
    }

    /// The zone in which hours and dates are meant.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether people work at `at`. The end of an interval is not working time.
    pub fn is_working(&self, at: Timestamp) -> bool {
        let today = at.zoned(&self.zone).date();
        let yesterday = today.yesterday().unwrap_or(today);
        let covers = |span: &Span| span.from <= at && at < span.to;
        self.spans_on(yesterday).iter().any(covers) || self.spans_on(today).iter().any(covers)
    }

    /// `at` itself when people work then, else the start of the next interval.
    ///
    /// # Errors
    /// `NoWorkingDay`, `TooFar` (at the end of the representable years).
    pub fn next_working(&self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        self.walk(at, |span| Some(span.from))
    }

    /// The instant at which `duration` of working time has passed since `start`, counted in elapsed time: an hour
    /// that a zone change skips is not worked, a repeated one is worked twice.
    ///
    /// When the time is used up exactly at the end of an interval, the answer is that end, not the start of the next
    /// interval. A zero duration gives `start`, working or not.
    ///
    /// # Errors
    /// `NoWorkingDay`, `TooFar`.
    pub fn add_working(&self, start: Timestamp, duration: Duration) -> Result<Timestamp, CalendarError> {
        if duration.is_zero() {
            return Ok(start);
        }
        let mut left = duration;
        self.walk(start, |span| {
            let length = span.to.since(span.from);
            if left <= length {
                return span.from.plus(left);
            }
            left -= length;
            None
        })
    }

    /// The end of the working day that is `days` working days after the date of `start`, whose own date is day 0:
    /// the latest deadline that "within `days` working days after the last contact" allows.
    ///
    /// With `days` 0 it is the end of the own date, or of the first working day after it when that is a day off.
    ///
    /// # Errors
    /// `NoWorkingDay`, `TooFar`.
    pub fn end_of_working_day_after(&self, start: Timestamp, days: u32) -> Result<Timestamp, CalendarError> {
        let date = self.working_date_after(start, days)?;
        let end = self.spans_on(date).iter().map(|span| span.to).max();
        end.ok_or(CalendarError::TooFar { start })
    }

    /// The date of the working day that `end_of_working_day_after` ends.
    ///
    /// # Errors
    /// `NoWorkingDay`, `TooFar`.
    pub fn working_date_after(&self, start: Timestamp, days: u32) -> Result<Date, CalendarError> {
        let own = start.zoned(&self.zone).date();
        let first = if days == 0 { Some(own) } else { own.tomorrow().ok() };
        let mut left = days.max(1);
        self.walk_days(start, first, |date, spans| {
            left -= u32::from(!spans.is_empty());
            (left == 0).then_some(date)
        })
    }

    /// Offers what is left of each interval from `start` on, in order and without overlap, until `take` answers.
    fn walk(
        &self,
        start: Timestamp,
        mut take: impl FnMut(Span) -> Option<Timestamp>,
    ) -> Result<Timestamp, CalendarError> {
        let own = start.zoned(&self.zone).date();
        // A shift of the evening before may still run.
        let first = own.yesterday().unwrap_or(own);
        let mut reached = start;
        self.walk_days(start, Some(first), |_, spans| {
            spans.iter().find_map(|span| {
                let rest = Span {
                    from: span.from.max(reached),
                    to: span.to,
                };
                if rest.from >= rest.to {
                    return None;
                }
                reached = rest.to;
                take(rest)
            })
        })
    }

    /// Offers the dates from `first` on with their intervals, until `take` answers or a limit is met.
    fn walk_days<T>(
        &self,
        start: Timestamp,
        first: Option<Date>,
        mut take: impl FnMut(Date, &[Span]) -> Option<T>,
    ) -> Result<T, CalendarError> {
        let too_far = CalendarError::TooFar { start };
        let mut date = first.ok_or(too_far.clone())?;
        let mut after = date;
        let mut idle_days = 0;
        for _ in 0..CROSSED_DAYS_MAX {
            let spans = self.spans_on(date);
            if let Some(answer) = take(date, &spans) {
                return Ok(answer);
            }
            if spans.is_empty() {
                idle_days += 1;
            } else {
                (idle_days, after) = (0, date);
            }
            if idle_days > IDLE_DAYS_MAX {
                return Err(CalendarError::NoWorkingDay { after });
            }
            date = date.tomorrow().map_err(|_| too_far.clone())?;
        }
        Err(too_far)
    }

    /// The intervals that start on `date`, by their start.
    fn spans_on(&self, date: Date) -> Vec<Span> {
        let usual = &self.weekly[spec::index(date.weekday())];
        let hours = self.special.get(&date).unwrap_or(usual);
        hours.iter().filter_map(|hours| self.span(date, *hours)).collect()
    }

    /// `None` when a zone change leaves nothing of the interval, or at the end of the representable years.
    fn span(&self, date: Date, hours: Hours) -> Option<Span> {
        let last_date = if hours.ends_next_day {
            date.tomorrow().ok()?
        } else {
            date
        };
        let from = self.instant(date.to_datetime(hours.from))?;
        let to = self.instant(last_date.to_datetime(hours.to))?;
        (from < to).then_some(Span { from, to })
    }

    fn instant(&self, civil: DateTime) -> Option<Timestamp> {
        self.zone.to_timestamp(civil).ok().map(Timestamp::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The office of Moscow with the holiday of 4 November 2026, a Wednesday.
    fn moscow(adapt: impl FnOnce(&mut CalendarSpec)) -> WorkCalendar {
        let mut spec = CalendarSpec::office("Europe/Moscow");
        spec.holidays.push("2026-11-04".to_owned());
        adapt(&mut spec);
        WorkCalendar::new(&spec).unwrap()
    }

    fn shifts(zone: &str, hours: &str) -> WorkCalendar {
        let mut spec = CalendarSpec::office(zone);
        spec.weekly = vec![WeeklyHours {
            days: vec!["mon-sun".to_owned()],
            hours: vec![hours.to_owned()],
        }];
        WorkCalendar::new(&spec).unwrap()
    }

    fn at(calendar: &WorkCalendar, civil: &str) -> Timestamp {
        calendar.instant(civil.parse().unwrap()).unwrap()
    }

    fn civil(calendar: &WorkCalendar, at: Timestamp) -> String {
        at.zoned(calendar.zone()).strftime("%a %F %H:%M").to_string()
    }

    fn check_add(calendar: &WorkCalendar, start: &str, minutes: u64, end: &str) {
        let answer = calendar
            .add_working(at(calendar, start), Duration::from_secs(minutes * 60))
            .unwrap();
        assert_eq!(civil(calendar, answer), end, "{start} + {minutes} min");
    }

    #[test]
    fn working_hours_pass_over_breaks_weekends_and_holidays() {
        let calendar = moscow(|_| {});
        for (start, minutes, end) in [
            ("2026-11-03T17:00", 240, "Thu 2026-11-05 12:00"),
            ("2026-11-06T17:30", 180, "Mon 2026-11-09 11:30"),
            ("2026-11-07T12:00", 240, "Mon 2026-11-09 13:00"),
            ("2026-11-03T17:00", 60, "Tue 2026-11-03 18:00"),
            ("2026-11-03T12:00", 61, "Tue 2026-11-03 14:01"),
            ("2026-11-03T13:30", 1, "Tue 2026-11-03 14:01"),
            ("2026-11-07T12:00", 0, "Sat 2026-11-07 12:00"),
        ] {
            check_add(&calendar, start, minutes, end);
        }
    }

    #[test]
    fn transferred_saturday_is_worked() {
        let calendar = moscow(|spec| {
            let hours = spec.weekly[0].hours.clone();
            spec.exceptions.push(WorkingException {
                date: "2026-11-07".to_owned(),
                hours,
            });
        });
        check_add(&calendar, "2026-11-06T16:00", 600, "Sat 2026-11-07 18:00");
    }

    #[test]
    fn night_shift_is_counted_in_elapsed_time_across_a_zone_change() {
        let calendar = shifts("Europe/Berlin", "22:00-06:00");
        check_add(&calendar, "2026-03-28T22:00", 420, "Sun 2026-03-29 06:00");
        check_add(&calendar, "2026-10-24T22:00", 420, "Sun 2026-10-25 04:00");
        check_add(&calendar, "2026-03-30T01:00", 360, "Mon 2026-03-30 23:00");
    }

    #[test]
    fn interval_that_a_zone_change_swallows_is_not_worked() {
        let calendar = shifts("Europe/Berlin", "02:30-03:00");
        check_add(&calendar, "2026-03-28T12:00", 10, "Mon 2026-03-30 02:40");
        assert!(!calendar.is_working(at(&calendar, "2026-03-29T03:15")));
    }

    #[test]
    fn holiday_lets_the_shift_of_the_evening_before_end() {
        let mut spec = CalendarSpec::office("Europe/Moscow");
        spec.weekly[0].hours = vec!["22:00-06:00".to_owned()];
        spec.holidays.push("2026-11-04".to_owned());
        let calendar = WorkCalendar::new(&spec).unwrap();
        assert!(calendar.is_working(at(&calendar, "2026-11-04T05:59")));
        assert!(!calendar.is_working(at(&calendar, "2026-11-04T06:00")));
        assert!(!calendar.is_working(at(&calendar, "2026-11-04T22:00")));
        let next = calendar.next_working(at(&calendar, "2026-11-04T06:00")).unwrap();
        assert_eq!(civil(&calendar, next), "Thu 2026-11-05 22:00");
    }

    #[test]
    fn start_of_an_interval_is_working_time_and_its_end_is_not() {
        let calendar = moscow(|_| {});
        for (when, next) in [
            ("2026-11-03T08:59", "Tue 2026-11-03 09:00"),
            ("2026-11-03T09:00", "Tue 2026-11-03 09:00"),
            ("2026-11-03T13:00", "Tue 2026-11-03 14:00"),
            ("2026-11-03T17:59", "Tue 2026-11-03 17:59"),
            ("2026-11-03T18:00", "Thu 2026-11-05 09:00"),
        ] {
            let when = at(&calendar, when);
            let answer = calendar.next_working(when).unwrap();
            assert_eq!(civil(&calendar, answer), next);
            assert_eq!(calendar.is_working(when), answer == when);
        }
    }

    #[test]
    fn overlapping_intervals_count_once() {
        let mut spec = CalendarSpec::office("UTC");
        spec.weekly[0].hours = ["09:00-12:00", "10:00-11:00", "11:00-14:00"]
            .map(str::to_owned)
            .to_vec();
        let calendar = WorkCalendar::new(&spec).unwrap();
        check_add(&calendar, "2026-11-03T09:00", 300, "Tue 2026-11-03 14:00");
    }

    #[test]
    fn day_of_the_contact_is_day_zero() {
        let calendar = moscow(|_| {});
        for (contact, days, deadline) in [
            ("2026-11-02T10:00", 5, "Tue 2026-11-10 18:00"),
            ("2026-11-02T23:30", 1, "Tue 2026-11-03 18:00"),
            ("2026-11-07T10:00", 1, "Mon 2026-11-09 18:00"),
            ("2026-11-02T10:00", 0, "Mon 2026-11-02 18:00"),
            ("2026-11-04T10:00", 0, "Thu 2026-11-05 18:00"),
        ] {
            let answer = calendar
                .end_of_working_day_after(at(&calendar, contact), days)
                .unwrap();
            assert_eq!(civil(&calendar, answer), deadline, "{contact} + {days}");
        }
    }

    #[test]
    fn calendar_without_a_working_day_is_an_error() {
        let mut spec = CalendarSpec::office("Europe/Moscow");
        spec.weekly.clear();
        let hours = vec!["09:00-10:00".to_owned()];
        spec.exceptions.push(WorkingException {
            date: "2026-11-07".to_owned(),
            hours,
        });
        let calendar = WorkCalendar::new(&spec).unwrap();
        let start = at(&calendar, "2026-11-02T10:00");
        check_add(&calendar, "2026-11-02T10:00", 60, "Sat 2026-11-07 10:00");
        let expected = Err(CalendarError::NoWorkingDay {
            after: "2026-11-07".parse().unwrap(),
        });
        assert_eq!(calendar.add_working(start, Duration::from_secs(3_601)), expected);
        assert_eq!(calendar.end_of_working_day_after(start, 2), expected);
        let late = at(&calendar, "2026-11-08T10:00");
        assert_eq!(
            calendar.next_working(late).unwrap_err().to_string(),
            "the calendar has no working day within 400 days after 2026-11-07"
        );
    }

    #[test]
    fn answer_beyond_the_horizon_is_an_error() {
        let calendar = moscow(|_| {});
        let start = at(&calendar, "2026-11-02T10:00");
        let far = Err(CalendarError::TooFar { start });
        assert_eq!(calendar.add_working(start, Duration::MAX), far);
        assert_eq!(calendar.end_of_working_day_after(start, u32::MAX), far);
        assert!(calendar.next_working(Timestamp::MAX).is_err());
        assert!(!calendar.is_working(Timestamp::MIN));
    }
}
