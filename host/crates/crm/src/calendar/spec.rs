//! Working time as an admin writes it, and its validation.

use std::collections::BTreeMap;

use crate::said;
use crate::sentence::{Sentence, shown_as_said};
use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};

/// How many intervals one day may have.
pub const INTERVALS_PER_DAY_MAX: usize = 12;
/// How many holidays, and how many working exceptions: 50 years of 40.
pub const SPECIAL_DAYS_MAX: usize = 2_000;

/// Working time as an admin writes it. `WorkCalendar::new` checks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// IANA name of the zone in which all hours and dates are meant, such as `Europe/Moscow`.
    pub zone: String,
    /// The usual week. Several entries may name the same day.
    #[serde(default)]
    pub weekly: Vec<WeeklyHours>,
    /// Dates without work, `2026-11-04`.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// Dates with hours of their own, such as a transferred Saturday or a short day before a holiday.
    #[serde(default)]
    pub exceptions: Vec<WorkingException>,
}

/// The hours of some days of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeeklyHours {
    /// Days or ranges of days: `mon`, `sat`, `mon-fri`.
    pub days: Vec<String>,
    /// Intervals, `09:00-13:00`. One that ends at or before its start ends on the next day, `22:00-06:00`.
    pub hours: Vec<String>,
}

/// The hours of one date; they replace those of its day of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkingException {
    /// The date, `2026-11-07`.
    pub date: String,
    /// As in `WeeklyHours`; at least one.
    pub hours: Vec<String>,
}

/// Why a `CalendarSpec` is refused. Each names the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarSpecError {
    /// No zone has this IANA name.
    UnknownZone(String),
    /// Neither a day nor a range of days.
    BadDays(String),
    /// Not an interval.
    BadHours(String),
    /// Not a date.
    BadDate(String),
    /// An entry without hours or without days means nothing.
    Empty(String),
    /// One date is a holiday and an exception, or an exception twice.
    DateTwice(Date),
    /// A list is longer than its limit.
    TooMany {
        /// The list.
        what: String,
        /// Its length.
        count: usize,
        /// The limit.
        max: usize,
    },
}

shown_as_said!(CalendarSpecError);

impl CalendarSpecError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        match self {
            Self::UnknownZone(zone) => said!(
                "`{zone}` is not the IANA name of a time zone such as `Europe/Moscow`",
                zone
            ),
            Self::BadDays(days) => said!(
                "`{days}` is not a day of the week or a range of them: use mon, tue, wed, thu, fri, sat, sun, mon-fri",
                days
            ),
            Self::BadHours(hours) => said!(
                "`{hours}` is not an interval of hours such as `09:00-18:00` or `22:00-06:00`",
                hours
            ),
            Self::BadDate(date) => said!("`{date}` is not a date such as `2026-11-04`", date),
            Self::Empty(entry) => said!("`{entry}` has no days or no hours", entry),
            Self::DateTwice(date) => said!(
                "`{date}` is given twice: a date is either one holiday or one working exception",
                date
            ),
            Self::TooMany { what, count, max } => said!(
                "`{what}` has {count} entries, at most {max} are accepted",
                what,
                count,
                max
            ),
        }
    }
}

/// The usual hours of each day, by `index`.
pub(super) type Week = [Vec<Hours>; 7];

/// One interval of civil time. Its end may lie on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hours {
    pub(super) from: Time,
    pub(super) to: Time,
    pub(super) ends_next_day: bool,
}

impl CalendarSpec {
    /// Monday to Friday, 9:00 to 18:00 with a break from 13:00 to 14:00; no holidays.
    pub fn office(zone: &str) -> Self {
        let hours = ["09:00-13:00", "14:00-18:00"].map(str::to_owned).to_vec();
        let weekly = vec![WeeklyHours {
            days: vec!["mon-fri".to_owned()],
            hours,
        }];
        Self {
            zone: zone.to_owned(),
            weekly,
            holidays: Vec::new(),
            exceptions: Vec::new(),
        }
    }

    pub(super) fn read_weekly(&self) -> Result<Week, CalendarSpecError> {
        let mut week = Week::default();
        check_count("weekly", self.weekly.len(), 7 * INTERVALS_PER_DAY_MAX)?;
        for entry in &self.weekly {
            if entry.days.is_empty() {
                return Err(CalendarSpecError::Empty("weekly".to_owned()));
            }
            check_count("days", entry.days.len(), 7)?;
            let hours = read_hours_list("weekly", &entry.hours)?;
            for days in &entry.days {
                for day in read_days(days)? {
                    let of_day = &mut week[index(day)];
                    of_day.extend_from_slice(&hours);
                    check_count(days, of_day.len(), INTERVALS_PER_DAY_MAX)?;
                    of_day.sort_unstable();
                }
            }
        }
        Ok(week)
    }

    pub(super) fn read_special(&self) -> Result<BTreeMap<Date, Vec<Hours>>, CalendarSpecError> {
        check_count("holidays", self.holidays.len(), SPECIAL_DAYS_MAX)?;
        check_count("exceptions", self.exceptions.len(), SPECIAL_DAYS_MAX)?;
        let mut special = BTreeMap::new();
        let holidays = self
            .holidays
            .iter()
            .map(|date| Ok((read_date(date)?, Vec::new())));
        let exceptions = self.exceptions.iter().map(|exception| {
            Ok((
                read_date(&exception.date)?,
                read_hours_list(&exception.date, &exception.hours)?,
            ))
        });
        for entry in holidays.chain(exceptions) {
            let (date, hours) = entry?;
            if special.insert(date, hours).is_some() {
                return Err(CalendarSpecError::DateTwice(date));
            }
        }
        Ok(special)
    }
}

/// Where `Week` keeps the hours of `day`.
pub(super) fn index(day: Weekday) -> usize {
    usize::from(day.to_monday_zero_offset().unsigned_abs())
}

fn check_count(what: &str, count: usize, max: usize) -> Result<(), CalendarSpecError> {
    if count > max {
        return Err(CalendarSpecError::TooMany {
            what: what.to_owned(),
            count,
            max,
        });
    }
    Ok(())
}

fn read_date(text: &str) -> Result<Date, CalendarSpecError> {
    // jiff alone would also read `20261104` and a date with a time.
    let date = text.parse().ok().filter(|date: &Date| date.to_string() == text);
    date.ok_or_else(|| CalendarSpecError::BadDate(text.to_owned()))
}

/// `mon` or `mon-fri`; a range may pass Sunday.
fn read_days(text: &str) -> Result<Vec<Weekday>, CalendarSpecError> {
    let read = |name: &str| read_weekday(name).ok_or_else(|| CalendarSpecError::BadDays(text.to_owned()));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (mut day, last) = (read(first)?, read(last)?);
    let mut days = vec![day];
    while day != last {
        day = day.next();
        days.push(day);
    }
    Ok(days)
}

fn read_weekday(name: &str) -> Option<Weekday> {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let found = names
        .iter()
        .position(|known| known.eq_ignore_ascii_case(name.trim()))?;
    Weekday::from_monday_zero_offset(i8::try_from(found).ok()?).ok()
}

fn read_hours_list(owner: &str, list: &[String]) -> Result<Vec<Hours>, CalendarSpecError> {
    if list.is_empty() {
        return Err(CalendarSpecError::Empty(owner.to_owned()));
    }
    check_count(owner, list.len(), INTERVALS_PER_DAY_MAX)?;
    let mut hours = list
        .iter()
        .map(|text| read_hours(text))
        .collect::<Result<Vec<_>, _>>()?;
    hours.sort_unstable();
    Ok(hours)
}

fn read_hours(text: &str) -> Result<Hours, CalendarSpecError> {
    let read = || {
        let (from, to) = text.split_once('-')?;
        let from = clock(from.trim())?;
        if to.trim() == "24:00" {
            return Some(Hours {
                from,
                to: Time::midnight(),
                ends_next_day: true,
            });
        }
        let to = clock(to.trim())?;
        // Equal ends may mean a whole day or nothing; whoever means a whole day writes `00:00-24:00`.
        (from != to).then_some(Hours {
            from,
            to,
            ends_next_day: to < from,
        })
    };
    read().ok_or_else(|| CalendarSpecError::BadHours(text.to_owned()))
}

/// Reads `9:00` or `09:00`.
pub(crate) fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) || hour.len() > 2 || minute.len() != 2 {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::WorkCalendar;

    fn check(json: &str, refusal: &str) {
        let spec = serde_json::from_str::<CalendarSpec>(json).unwrap();
        let error = WorkCalendar::new(&spec)
            .map(|_| "accepted")
            .map_err(|error| error.to_string());
        assert_eq!(
            error.err().as_deref().unwrap_or("accepted").split(':').next(),
            Some(refusal),
            "{json}"
        );
    }

    #[test]
    fn refusal_names_the_value() {
        for (zone, refusal) in [
            (
                "Moscow",
                "`Moscow` is not the IANA name of a time zone such as `Europe/Moscow`",
            ),
            ("UTC", "accepted"),
        ] {
            check(&format!(r#"{{"zone": "{zone}"}}"#), refusal);
        }
        for (days, hours, refusal) in [
            (
                r#""mon", "sat-tue""#,
                r#""22:00-06:00", "00:00-24:00""#,
                "accepted",
            ),
            (r#""Mon-Fri""#, r#""9:00-18:00""#, "accepted"),
            (
                r#""monday""#,
                r#""09:00-18:00""#,
                "`monday` is not a day of the week or a range of them",
            ),
            (
                r#""mon-fri-sun""#,
                r#""09:00-18:00""#,
                "`mon-fri-sun` is not a day of the week or a range of them",
            ),
            (
                r#""1""#,
                r#""09:00-18:00""#,
                "`1` is not a day of the week or a range of them",
            ),
            ("", r#""09:00-18:00""#, "`weekly` has no days or no hours"),
            (r#""mon""#, "", "`weekly` has no days or no hours"),
        ] {
            check(
                &format!(r#"{{"zone": "UTC", "weekly": [{{"days": [{days}], "hours": [{hours}]}}]}}"#),
                refusal,
            );
        }
        for (holiday, exception, refusal) in [
            ("2026-11-04", "2026-11-07", "accepted"),
            (
                "2026-11-31",
                "2026-11-07",
                "`2026-11-31` is not a date such as `2026-11-04`",
            ),
            (
                "20261104",
                "2026-11-07",
                "`20261104` is not a date such as `2026-11-04`",
            ),
            (
                "2026-11-04",
                "7 Nov",
                "`7 Nov` is not a date such as `2026-11-04`",
            ),
            ("2026-11-07", "2026-11-07", "`2026-11-07` is given twice"),
        ] {
            check(
                &format!(
                    r#"{{"zone": "UTC", "holidays": ["{holiday}"],
                        "exceptions": [{{"date": "{exception}", "hours": ["09:00-18:00"]}}]}}"#
                ),
                refusal,
            );
        }
    }

    #[test]
    fn hours_are_two_clock_times_that_differ() {
        for text in [
            "09:00",
            "09:00-09:00",
            "9-18",
            "09:00-25:00",
            "24:00-06:00",
            "+9:00-18:00",
            "09:0-18:00",
            "",
        ] {
            assert_eq!(
                read_hours(text),
                Err(CalendarSpecError::BadHours(text.to_owned()))
            );
        }
        assert!(read_hours("09:00 - 18:00").is_ok_and(|hours| !hours.ends_next_day));
        assert!(read_hours("22:00-06:00").is_ok_and(|hours| hours.ends_next_day));
    }

    #[test]
    fn lists_have_limits() {
        let mut spec = CalendarSpec::office("UTC");
        spec.weekly[0].hours = vec!["09:00-10:00".to_owned(); INTERVALS_PER_DAY_MAX + 1];
        let refusal = WorkCalendar::new(&spec).unwrap_err().to_string();
        assert_eq!(refusal, "`weekly` has 13 entries, at most 12 are accepted");
        spec.weekly[0].hours = vec!["09:00-10:00".to_owned(); INTERVALS_PER_DAY_MAX];
        spec.weekly[0].days = vec!["mon-fri".to_owned(), "tue".to_owned()];
        let refusal = WorkCalendar::new(&spec).unwrap_err().to_string();
        assert_eq!(refusal, "`tue` has 24 entries, at most 12 are accepted");
        spec.weekly.clear();
        spec.holidays = vec!["2026-11-04".to_owned(); SPECIAL_DAYS_MAX + 1];
        let refusal = WorkCalendar::new(&spec).unwrap_err().to_string();
        assert_eq!(refusal, "`holidays` has 2001 entries, at most 2000 are accepted");
    }
}
