//! The parameter type `deadline`: a rule that gives an instant when it is needed.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Time;
use jiff::{RoundMode, Span, ToSpan, Unit, Zoned, ZonedRound};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::calendar::{self, CalendarError, WorkCalendar};
use crate::said;
use crate::sentence::{Sentence, shown_as_said};
use crate::time::Timestamp;

/// The furthest deadline that can be written as a distance: ten years.
pub const DAYS_AHEAD_MAX: u32 = 3_660;
/// The longest text of a deadline in bytes; an instant with fraction and offset has 32.
pub const DEADLINE_BYTES_MAX: usize = 64;

/// When something is due, seen from the moment at which it is asked.
///
/// | Text | Meaning |
/// |---|---|
/// | `+3d` | three dates later, at the same time of the clock |
/// | `+4h`, `+30m` | after so much time |
/// | `+2wd` | the end of the second working day after today |
/// | `+3d 18:00`, `+1wd 10:00` | that date, at this time of the clock |
/// | `today 18:00`, `tomorrow 10:00` | likewise |
/// | `+3d round 1h`, `+90m round 15m` | rounded up to the whole hour, quarter of an hour |
/// | `2026-03-09T14:20:00Z` | this instant |
///
/// Dates and times of the clock are those of the calendar's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    moment: Moment,
    round: Option<Round>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Days { count: u32, clock: Option<Time> },
    WorkingDays { count: u32, clock: Option<Time> },
    Hours(u32),
    Minutes(u32),
    Instant(Timestamp),
}

/// Up to whole hours or minutes; the count divides a day or an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    Hours(u8),
    Minutes(u8),
}

/// Why a text is not a deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadlineError {
    /// None of the forms.
    Malformed(String),
    /// Further than `DAYS_AHEAD_MAX`.
    TooFar(String),
    /// A step that does not divide a day or an hour.
    BadRound(String),
}

shown_as_said!(DeadlineError);

impl DeadlineError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        match self {
            Self::Malformed(text) => said!(
                "`{text}` is not a deadline: use `+3d`, `+4h`, `+30m`, `+2wd`, `+1wd 10:00`, `+3d round 1h`, `today 18:00`, `tomorrow 10:00` or an instant such as `2026-03-09T14:20:00Z`",
                text
            ),
            Self::TooFar(text) => said!(
                "`{text}` lies more than {max} days ahead",
                text,
                max = DAYS_AHEAD_MAX
            ),
            Self::BadRound(text) => said!(
                "`{text}` cannot be rounded to: use 1h, 2h, 3h, 4h, 6h, 8h, 12h, 1m, 5m, 10m, 15m, 20m or 30m",
                text
            ),
        }
    }
}

/// Why a deadline has no instant now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// The calendar has no answer for working days.
    Calendar(CalendarError),
    /// At the end of the representable years.
    OutOfRange {
        /// The deadline.
        deadline: String,
        /// The moment at which it was asked.
        now: Timestamp,
    },
}

shown_as_said!(ResolveError);

impl From<CalendarError> for ResolveError {
    fn from(error: CalendarError) -> Self {
        ResolveError::Calendar(error)
    }
}

impl ResolveError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        match self {
            Self::Calendar(error) => error.said(),
            Self::OutOfRange { deadline, now } => said!(
                "`{deadline}` after {now} lies beyond the last instant",
                deadline,
                now
            ),
        }
    }
}

impl Default for Deadline {
    /// What an activity without a deadline gets: three days, up to the whole hour.
    fn default() -> Self {
        Self {
            moment: Moment::Days {
                count: 3,
                clock: None,
            },
            round: Some(Round::Hours(1)),
        }
    }
}

impl Deadline {
    /// Reads one of the forms above.
    ///
    /// # Errors
    /// `DeadlineError` with the text.
    pub fn parse(text: &str) -> Result<Self, DeadlineError> {
        let malformed = || DeadlineError::Malformed(text.chars().take(DEADLINE_BYTES_MAX).collect());
        if text.len() > DEADLINE_BYTES_MAX {
            return Err(malformed());
        }
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let (moment, step) = match words[..] {
            [first, "round", step] => (read_moment(first, None), Some(step)),
            [first, clock] => (
                calendar::clock(clock).and_then(|clock| read_moment(first, Some(clock))),
                None,
            ),
            [first] => (read_moment(first, None), None),
            _ => (None, None),
        };
        let moment = moment.ok_or_else(malformed)?;
        if days_ahead(moment) > u64::from(DAYS_AHEAD_MAX) {
            return Err(DeadlineError::TooFar(text.to_owned()));
        }
        let bad_round = |step: &str| DeadlineError::BadRound(step.to_owned());
        let round = step
            .map(|step| read_round(step).ok_or_else(|| bad_round(step)))
            .transpose()?;
        Ok(Self { moment, round })
    }

    /// The instant, asked at `now`. It may have passed already: `today 10:00` in the afternoon.
    ///
    /// A time that the clock skips means the same distance after the change, a repeated one its first pass.
    ///
    /// # Errors
    /// `ResolveError::Calendar` for working days of an empty calendar, `OutOfRange` at the end of time.
    pub fn resolve(&self, now: Timestamp, calendar: &WorkCalendar) -> Result<Timestamp, ResolveError> {
        let out_of_range = || ResolveError::OutOfRange {
            deadline: self.to_string(),
            now,
        };
        let today = now.zoned(calendar.zone());
        let exact = match self.moment {
            Moment::Days { count, clock } => {
                later(&today, i64::from(count).days(), clock).ok_or_else(out_of_range)?
            }
            Moment::WorkingDays { count, clock: None } => calendar.end_of_working_day_after(now, count)?,
            Moment::WorkingDays {
                count,
                clock: Some(clock),
            } => {
                let date = calendar.working_date_after(now, count)?;
                let zoned = date.to_datetime(clock).to_zoned(calendar.zone().clone());
                zoned
                    .map(|zoned| zoned.timestamp().into())
                    .map_err(|_| out_of_range())?
            }
            Moment::Hours(count) => after_minutes(now, u64::from(count) * 60).ok_or_else(out_of_range)?,
            Moment::Minutes(count) => after_minutes(now, u64::from(count)).ok_or_else(out_of_range)?,
            Moment::Instant(instant) => instant,
        };
        let Some(round) = self.round else { return Ok(exact) };
        round_up(&exact.zoned(calendar.zone()), round).ok_or_else(out_of_range)
    }
}

fn later(today: &Zoned, distance: Span, clock: Option<Time>) -> Option<Timestamp> {
    let then = today.checked_add(distance).ok()?;
    let then = match clock {
        Some(clock) => then.with().time(clock).build().ok()?,
        None => then,
    };
    Some(then.timestamp().into())
}

fn after_minutes(now: Timestamp, count: u64) -> Option<Timestamp> {
    now.plus(Duration::from_secs(count * 60))
}

fn round_up(exact: &Zoned, round: Round) -> Option<Timestamp> {
    let (unit, count) = match round {
        Round::Hours(count) => (Unit::Hour, count),
        Round::Minutes(count) => (Unit::Minute, count),
    };
    let rounding = ZonedRound::new()
        .smallest(unit)
        .increment(i64::from(count))
        .mode(RoundMode::Ceil);
    exact
        .round(rounding)
        .ok()
        .map(|rounded| rounded.timestamp().into())
}

fn read_moment(text: &str, clock: Option<Time>) -> Option<Moment> {
    match (text, clock) {
        ("today", Some(_)) => return Some(Moment::Days { count: 0, clock }),
        ("tomorrow", Some(_)) => return Some(Moment::Days { count: 1, clock }),
        _ => {}
    }
    let Some(distance) = text.strip_prefix('+') else {
        let instant = Timestamp::parse(text).ok()?;
        return clock.is_none().then_some(Moment::Instant(instant));
    };
    let (count, unit) = read_count(distance)?;
    match (unit, clock) {
        ("d", clock) => Some(Moment::Days { count, clock }),
        ("wd", clock) => Some(Moment::WorkingDays { count, clock }),
        ("h", None) => Some(Moment::Hours(count)),
        ("m", None) => Some(Moment::Minutes(count)),
        _ => None,
    }
}

fn read_round(text: &str) -> Option<Round> {
    match read_count(text)? {
        (count @ (1 | 2 | 3 | 4 | 6 | 8 | 12), "h") => Some(Round::Hours(u8::try_from(count).ok()?)),
        (count @ (1 | 5 | 10 | 15 | 20 | 30), "m") => Some(Round::Minutes(u8::try_from(count).ok()?)),
        _ => None,
    }
}

/// `30m` as 30 and `m`.
fn read_count(text: &str) -> Option<(u32, &str)> {
    let digits_count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at(digits_count);
    Some((digits.parse().ok()?, unit))
}

fn days_ahead(moment: Moment) -> u64 {
    match moment {
        Moment::Days { count, .. } | Moment::WorkingDays { count, .. } => u64::from(count),
        Moment::Hours(count) => u64::from(count).div_ceil(24),
        Moment::Minutes(count) => u64::from(count).div_ceil(24 * 60),
        Moment::Instant(_) => 0,
    }
}

impl FromStr for Deadline {
    type Err = DeadlineError;

    fn from_str(text: &str) -> Result<Self, DeadlineError> {
        Self::parse(text)
    }
}

impl fmt::Display for Deadline {
    /// A text that `parse` reads as the same deadline; `tomorrow 10:00` becomes `+1d 10:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = match self.moment {
            Moment::Days { count, clock } => write!(f, "+{count}d").map(|()| clock)?,
            Moment::WorkingDays { count, clock } => write!(f, "+{count}wd").map(|()| clock)?,
            Moment::Hours(count) => write!(f, "+{count}h").map(|()| None)?,
            Moment::Minutes(count) => write!(f, "+{count}m").map(|()| None)?,
            Moment::Instant(instant) => write!(f, "{instant}").map(|()| None)?,
        };
        if let Some(clock) = clock {
            write!(f, " {:02}:{:02}", clock.hour(), clock.minute())?;
        }
        match self.round {
            Some(Round::Hours(count)) => write!(f, " round {count}h"),
            Some(Round::Minutes(count)) => write!(f, " round {count}m"),
            None => Ok(()),
        }
    }
}

impl Serialize for Deadline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Deadline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::CalendarSpec;

    fn berlin() -> WorkCalendar {
        WorkCalendar::new(&CalendarSpec::office("Europe/Berlin")).unwrap()
    }

    fn instant(calendar: &WorkCalendar, civil: &str) -> Timestamp {
        let civil: jiff::civil::DateTime = civil.parse().unwrap();
        civil
            .to_zoned(calendar.zone().clone())
            .unwrap()
            .timestamp()
            .into()
    }

    fn check(deadline: &str, now: &str, expected: &str) {
        let calendar = berlin();
        let parsed = Deadline::parse(deadline).unwrap();
        let answer = parsed.resolve(instant(&calendar, now), &calendar).unwrap();
        let shown = answer
            .zoned(calendar.zone())
            .strftime("%a %F %H:%M %:z")
            .to_string();
        assert_eq!(shown, expected, "{deadline} at {now}");
        assert_eq!(parsed.to_string().parse(), Ok(parsed));
    }

    #[test]
    fn default_is_three_days_up_to_the_whole_hour() {
        assert_eq!(Deadline::default(), Deadline::parse("+3d round 1h").unwrap());
        check("+3d round 1h", "2026-11-02T14:20", "Thu 2026-11-05 15:00 +01:00");
        check("+3d round 1h", "2026-11-02T14:00", "Thu 2026-11-05 14:00 +01:00");
        check(
            "+3d round 1h",
            "2026-11-02T14:00:00.000001",
            "Thu 2026-11-05 15:00 +01:00",
        );
        check("+3d round 1h", "2026-11-02T23:20", "Fri 2026-11-06 00:00 +01:00");
    }

    #[test]
    fn rounding_is_by_the_clock_of_the_zone() {
        let calendar = WorkCalendar::new(&CalendarSpec::office("Asia/Kolkata")).unwrap();
        let now = instant(&calendar, "2026-11-02T14:20");
        let answer = Deadline::default().resolve(now, &calendar).unwrap();
        assert_eq!(answer, instant(&calendar, "2026-11-05T15:00"));
        check("+1m round 15m", "2026-11-02T14:15", "Mon 2026-11-02 14:30 +01:00");
        check("+0m round 4h", "2026-11-02T14:20", "Mon 2026-11-02 16:00 +01:00");
    }

    #[test]
    fn day_keeps_the_time_of_the_clock_and_an_hour_does_not() {
        check("+1d", "2026-03-28T12:00", "Sun 2026-03-29 12:00 +02:00");
        check("+24h", "2026-03-28T12:00", "Sun 2026-03-29 13:00 +02:00");
        check("+4h", "2026-11-02T22:30", "Tue 2026-11-03 02:30 +01:00");
        check("+30m", "2026-11-02T23:45", "Tue 2026-11-03 00:15 +01:00");
        check("+1d", "2026-03-28T02:30", "Sun 2026-03-29 03:30 +02:00");
    }

    #[test]
    fn working_day_ends_with_its_hours() {
        check("+2wd", "2026-11-05T14:20", "Mon 2026-11-09 18:00 +01:00");
        check("+0wd", "2026-11-05T14:20", "Thu 2026-11-05 18:00 +01:00");
        check("+1wd 10:00", "2026-11-06T19:00", "Mon 2026-11-09 10:00 +01:00");
    }

    #[test]
    fn named_day_is_that_of_the_zone() {
        check("today 18:00", "2026-11-02T00:10", "Mon 2026-11-02 18:00 +01:00");
        check("today 9:00", "2026-11-02T10:00", "Mon 2026-11-02 09:00 +01:00");
        check(
            "tomorrow 10:00",
            "2026-11-02T23:50",
            "Tue 2026-11-03 10:00 +01:00",
        );
        check("+3d 18:00", "2026-11-02T23:50", "Thu 2026-11-05 18:00 +01:00");
        check(
            "tomorrow 02:30",
            "2026-03-28T12:00",
            "Sun 2026-03-29 03:30 +02:00",
        );
        check(
            "2026-03-09T14:20:00+03:00",
            "2026-11-02T10:00",
            "Mon 2026-03-09 12:20 +01:00",
        );
    }

    #[test]
    fn text_of_another_form_is_refused_by_name() {
        for text in [
            "",
            "3d",
            "+d",
            "+3",
            "+3w",
            "+-3d",
            "+3d round",
            "round 1h",
            "+3 d",
            "+4h 10:00",
            "+3d 25:00",
            "today",
            "tomorrow",
            "yesterday 10:00",
            "today 10",
            "2026-03-09",
            "2026-03-09T14:20:00Z 10:00",
            "+99999999999d",
            "today 10:00 round 1h",
        ] {
            let error = Deadline::parse(text).unwrap_err();
            assert_eq!(error, DeadlineError::Malformed(text.to_owned()));
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("`{text}` is not a deadline")),
                "{error}"
            );
        }
        for step in ["5h", "24h", "0h", "7m", "60m", "1d", "h"] {
            let error = Deadline::parse(&format!("+3d round {step}")).unwrap_err();
            assert_eq!(error, DeadlineError::BadRound(step.to_owned()));
        }
        for text in ["+3661d", "+87841h", "+5270401m", "+3661wd"] {
            let error = Deadline::parse(text).unwrap_err().to_string();
            assert_eq!(error, format!("`{text}` lies more than 3660 days ahead"));
        }
        assert!(Deadline::parse("+3660d").is_ok() && Deadline::parse("+87840h").is_ok());
    }

    #[test]
    fn answer_that_does_not_exist_is_an_error() {
        let calendar = berlin();
        for text in ["+3d", "+3d 10:00", "+40h", "+9999m", "+3wd", "+3wd 10:00"] {
            assert!(
                Deadline::parse(text)
                    .unwrap()
                    .resolve(Timestamp::MAX, &calendar)
                    .is_err(),
                "{text}"
            );
        }
        let mut spec = CalendarSpec::office("Europe/Berlin");
        spec.weekly.clear();
        let empty = WorkCalendar::new(&spec).unwrap();
        let now = instant(&empty, "2026-11-02T10:00");
        let error = Deadline::parse("+2wd").unwrap().resolve(now, &empty).unwrap_err();
        assert!(
            matches!(error, ResolveError::Calendar(CalendarError::NoWorkingDay { .. })),
            "{error}"
        );
        assert!(Deadline::default().resolve(now, &empty).is_ok());
    }

    #[test]
    fn json_is_the_text() {
        let deadline: Deadline = serde_json::from_str(r#""tomorrow 10:00""#).unwrap();
        assert_eq!(serde_json::to_string(&deadline).unwrap(), r#""+1d 10:00""#);
        assert!(serde_json::from_str::<Deadline>(r#""soon""#).is_err());
    }
}
