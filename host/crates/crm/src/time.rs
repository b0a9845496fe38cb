//! Instants.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::said;
use crate::sentence::{Sentence, shown_as_said};
use jiff::Zoned;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: microseconds since 1970-01-01T00:00:00Z, within the years 0000 to 9999.
///
/// Microseconds, because PostgreSQL keeps no more and both databases must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampError {
    /// The refused text, cut to 64 characters.
    pub text: String,
}

shown_as_said!(TimestampError);

impl TimestampError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        said!(
            "`{text}` is not an RFC 3339 instant such as `2026-03-09T14:20:00Z`",
            text = self.text
        )
    }
}

impl Timestamp {
    /// 0000-01-01T00:00:00Z: RFC 3339 (section 5.6) has four digits for the year and no sign.
    pub const MIN: Self = Self(-62_167_219_200_000_000);
    /// 9999-12-30T22:00:00Z: the last whole instant that jiff shows in every zone.
    pub const MAX: Self = Self(253_402_207_200_000_000);

    /// The instant `micros` microseconds after the epoch; outside `MIN..=MAX` the nearest bound.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the epoch, negative before it.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 instant with any offset. Digits below a microsecond are dropped.
    ///
    /// # Errors
    /// `TimestampError` when the text is not one, has no offset, or lies outside `MIN..=MAX`.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let refused = || TimestampError {
            text: text.chars().take(64).collect(),
        };
        if !has_rfc3339_shape(text.as_bytes()) {
            return Err(refused());
        }
        let instant: jiff::Timestamp = text.parse().map_err(|_| refused())?;
        let micros = whole_micros(instant);
        if !(Self::MIN.0..=Self::MAX.0).contains(&micros) {
            return Err(refused());
        }
        Ok(Self(micros))
    }

    /// This instant and `duration` more (whole microseconds); `None` past `MAX`.
    pub fn plus(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        self.0
            .checked_add(micros)
            .filter(|sum| *sum <= Self::MAX.0)
            .map(Self)
    }

    /// This instant less `duration` (whole microseconds); `None` before `MIN`.
    pub fn minus(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        self.0
            .checked_sub(micros)
            .filter(|rest| *rest >= Self::MIN.0)
            .map(Self)
    }

    /// The time that passed since `earlier`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        // Both lie within `MIN..=MAX`, whose width is far below `i64::MAX`.
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// This instant on the clocks of `zone`.
    pub fn zoned(self, zone: &TimeZone) -> Zoned {
        jiff::Timestamp::from(self).to_zoned(zone.clone())
    }
}

/// The zone of an IANA name such as `Europe/Moscow`, from the rules compiled into this program: they are the
/// same on every host, whatever its system has installed. `None` when there is no such zone.
pub fn zone_named(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled()
        .get(name)
        .ok()
        .filter(|zone| !zone.is_unknown())
}

/// Accepts `YYYY-MM-DDThh:mm:ss[.fraction](Z|+hh:mm|-hh:mm)` and leaves the figures to jiff, which alone
/// would also take `20260309T14Z` or a trailing `[Europe/Berlin]`.
fn has_rfc3339_shape(text: &[u8]) -> bool {
    const CIVIL: &[u8] = b"0000-00-00T00:00:00";
    let Some((civil, rest)) = text.split_at_checked(CIVIL.len()) else {
        return false;
    };
    let rest = match rest.split_first() {
        Some((b'.', fraction)) => {
            let digits_count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits_count == 0 {
                return false;
            }
            &fraction[digits_count..]
        }
        _ => rest,
    };
    let offset_fits = match rest {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', offset @ ..] => fits(offset, b"00:00"),
        _ => false,
    };
    offset_fits && fits(civil, CIVIL)
}

/// Whether `text` has a digit where `pattern` has `0`, and the same letter (in either case) elsewhere.
fn fits(text: &[u8], pattern: &[u8]) -> bool {
    let fits_one = |(byte, wanted): (&u8, &u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        wanted => byte.eq_ignore_ascii_case(wanted),
    };
    text.len() == pattern.len() && text.iter().zip(pattern).all(fits_one)
}

/// Rounds towards the past, also before the epoch, so that order is kept.
fn whole_micros(instant: jiff::Timestamp) -> i64 {
    let micros = instant.as_nanosecond().div_euclid(1_000);
    i64::try_from(micros).expect("jiff's years -9999 to 9999 fit into 64 bits of microseconds")
}

impl From<jiff::Timestamp> for Timestamp {
    /// Drops digits below a microsecond; outside `MIN..=MAX` gives the nearest bound.
    fn from(instant: jiff::Timestamp) -> Self {
        Self::from_micros(whole_micros(instant))
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        jiff::Timestamp::from_microsecond(timestamp.0).expect("MIN..=MAX lies within jiff's range")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        Self::parse(text)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with `Z`; no fraction when it is zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", jiff::Timestamp::from(*self))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn instant_is_shown_in_utc_without_an_empty_fraction() {
        for (text, shown) in [
            ("2026-03-09T14:20:00Z", "2026-03-09T14:20:00Z"),
            ("2026-03-09T14:20:00+03:00", "2026-03-09T11:20:00Z"),
            ("2026-03-09t14:20:00.500-09:30", "2026-03-09T23:50:00.5Z"),
            ("2026-03-09T14:20:00.0000019z", "2026-03-09T14:20:00.000001Z"),
            ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(at(text).to_string(), shown);
        }
    }

    #[test]
    fn text_of_another_form_is_refused_by_name() {
        for text in [
            "",
            "2026-03-09",
            "2026-03-09T14:20:00",
            "2026-03-09T14:20Z",
            "2026-03-09 14:20:00Z",
            "2026-02-30T14:20:00Z",
            "2026-03-09T25:20:00Z",
            "2026-03-09T14:20:00.Z",
            "2026-03-09T14:20:00+03",
            "20260309T142000Z",
            "2026-03-09T14:20:00+03:00[Europe/Moscow]",
            "-00001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "\u{41f}026-03-09T14:20:00Z",
        ] {
            let error = Timestamp::parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn arithmetic_stops_at_the_bounds() {
        let day = Duration::from_secs(86_400);
        assert_eq!(
            at("2026-03-09T14:20:00Z").plus(day),
            Some(at("2026-03-10T14:20:00Z"))
        );
        assert_eq!(
            at("2026-03-09T14:20:00Z").minus(day),
            Some(at("2026-03-08T14:20:00Z"))
        );
        assert_eq!(Timestamp::MAX.plus(Duration::from_micros(1)), None);
        assert_eq!(Timestamp::MIN.minus(Duration::from_micros(1)), None);
        assert_eq!(Timestamp::MIN.plus(Duration::MAX), None);
        assert_eq!(Timestamp::from_micros(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_micros(i64::MIN), Timestamp::MIN);
    }

    #[test]
    fn time_since_a_later_instant_is_zero() {
        let (early, late) = (at("2026-03-09T14:20:00Z"), at("2026-03-09T14:20:01Z"));
        assert_eq!(late.since(early), Duration::from_secs(1));
        assert_eq!(early.since(late), Duration::ZERO);
        assert!(Timestamp::MAX.since(Timestamp::MIN) > Duration::ZERO);
    }

    #[test]
    fn json_is_the_shown_text() {
        let json = serde_json::to_string(&at("2026-03-09T14:20:00+03:00")).unwrap();
        assert_eq!(json, r#""2026-03-09T11:20:00Z""#);
        assert_eq!(
            serde_json::from_str::<Timestamp>(&json).unwrap(),
            at("2026-03-09T11:20:00Z")
        );
        assert!(serde_json::from_str::<Timestamp>("1773055200").is_err());
    }

    #[test]
    fn zone_has_a_name_from_the_compiled_rules() {
        assert_eq!(
            zone_named("Europe/Moscow").unwrap().iana_name(),
            Some("Europe/Moscow")
        );
        for name in ["", "Moscow", "Etc/Unknown", "+03:00", "../UTC"] {
            assert!(zone_named(name).is_none(), "{name}");
        }
    }

    #[test]
    fn bounds_survive_the_way_through_jiff_and_text() {
        for bound in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(Timestamp::from(jiff::Timestamp::from(bound)), bound);
            assert_eq!(at(&bound.to_string()), bound);
            bound.zoned(&TimeZone::fixed(jiff::tz::Offset::MAX));
            bound.zoned(&TimeZone::fixed(jiff::tz::Offset::MIN));
        }
    }
}
