//! Points in time.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use crate::Failure;

const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time, in UTC, to the nanosecond. Instants compare as time passes; their texts do not always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Since 1970-01-01T00:00:00Z.
    seconds: i64,
    /// 0 to 999,999,999.
    nanoseconds: u32,
}

/// A text is no instant of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstantError(String);

impl Instant {
    /// Reads `2026-03-02T09:00:00Z`, with or without a fraction of a second. Only UTC, as the contract promises.
    ///
    /// # Errors
    /// [`InstantError`] when it is something else.
    pub fn parse(text: &str) -> Result<Instant, InstantError> {
        parse(text).ok_or_else(|| InstantError(text.to_owned()))
    }
}

/// The instant `duration` later. Time does not end: at the last year of RFC 3339, 9999, it stops.
impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        let last = days_from_civil(10_000, 1, 1) * SECONDS_PER_DAY - 1;
        let nanoseconds = self.nanoseconds + duration.subsec_nanos();
        let whole = i64::try_from(duration.as_secs()).unwrap_or(last);
        let seconds = self
            .seconds
            .saturating_add(whole)
            .saturating_add((nanoseconds / 1_000_000_000).into());
        Instant {
            seconds: seconds.min(last),
            nanoseconds: nanoseconds % 1_000_000_000,
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(SECONDS_PER_DAY));
        let second = self.seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}",
            second % 60
        )?;
        if self.nanoseconds > 0 {
            let fraction = format!("{:09}", self.nanoseconds);
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl fmt::Display for InstantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no instant such as 2026-03-02T09:00:00Z", self.0)
    }
}

impl std::error::Error for InstantError {}

/// The failure's code is `invalid`.
impl From<InstantError> for Failure {
    fn from(error: InstantError) -> Failure {
        Failure::new("invalid", error.to_string())
    }
}

fn parse(text: &str) -> Option<Instant> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let in_range =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 60;
    let days = days_from_civil(year, month, day);
    // A day that its month does not have comes back as another date.
    if !in_range || civil_from_days(days) != (year, month, day) {
        return None;
    }
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    Some(Instant {
        seconds,
        nanoseconds: nanoseconds(fraction)?,
    })
}

/// Three numbers of the given widths.
fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut values = [0; 3];
    for (value, width) in values.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width)?;
        *value = digits(part)?;
    }
    parts.next().is_none().then_some(values)
}

/// `5` is half a second: the digits after the point, at most nine.
fn nanoseconds(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    u32::try_from(digits(&format!("{fraction:0<9}"))?).ok()
}

/// A number of ASCII digits only: `parse` alone would take a sign.
fn digits(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar.
/// The year is counted from March, so that the leap day is its last one.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // A cycle of 400 years has 146,097 days.
    let (cycle, day) = (
        (days + 719_468).div_euclid(146_097),
        (days + 719_468).rem_euclid(146_097),
    );
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (cycle * 400 + year + carry, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Instant, civil_from_days, days_from_civil};

    fn instant(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn every_day_of_eight_hundred_years_round_trips_in_order() {
        let mut date = (1900, 1, 1);
        for days in days_from_civil(1900, 1, 1)..=days_from_civil(2700, 1, 1) {
            assert_eq!(civil_from_days(days), date);
            assert_eq!(days_from_civil(date.0, date.1, date.2), days);
            date = day_after(date);
        }
    }

    /// The calendar as people learn it, against the arithmetic above.
    fn day_after((year, month, day): (i64, i64, i64)) -> (i64, i64, i64) {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        match (month, day == last) {
            (_, false) => (year, month, day + 1),
            (12, true) => (year + 1, 1, 1),
            (_, true) => (year, month + 1, 1),
        }
    }

    #[test]
    fn text_round_trips() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2026-03-02T09:00:00Z",
            "2024-02-29T23:59:59.5Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(instant(text).to_string(), text);
        }
        assert_eq!(
            instant("2026-03-02T09:00:00.120Z").to_string(),
            "2026-03-02T09:00:00.12Z"
        );
    }

    #[test]
    fn fraction_is_later_than_the_whole_second() {
        assert!(instant("2026-03-02T09:00:00.5Z") > instant("2026-03-02T09:00:00Z"));
    }

    #[test]
    fn adding_carries() {
        let later = instant("2026-12-31T23:59:59.75Z") + Duration::from_millis(250);
        assert_eq!(later, instant("2027-01-01T00:00:00Z"));
        assert_eq!(
            (later + Duration::MAX).to_string(),
            "9999-12-31T23:59:59.999999999Z"
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "2026-03-02",
            "2026-03-02T09:00:00",
            "2026-03-02T09:00:00+03:00",
            "2026-3-2T09:00:00Z",
            "2026-02-30T09:00:00Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T09:00:00.Z",
            "2026-03-02T09:00:+1Z",
            "2026-03-02T09:00:00:00Z",
        ] {
            assert!(Instant::parse(text).is_err(), "{text}");
        }
    }
}
