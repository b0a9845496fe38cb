//! Small values that many entities share.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::said;
use crate::sentence::{Sentence, refuse, shown_as_said};
use crate::time::Timestamp;

/// A text in the languages of the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct LocalText {
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
}

impl LocalText {
    /// The same words in both languages.
    pub fn same(text: &str) -> Self {
        LocalText {
            ru: text.to_owned(),
            en: text.to_owned(),
        }
    }
}

/// An amount in hundredths and its ISO 4217 code. Range: plus or minus 90 trillion units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// Hundredths of the unit.
    pub hundredths: i64,
    /// Three capital letters.
    pub currency: String,
}

/// A text that is not an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyError(Sentence);

shown_as_said!(MoneyError);

impl MoneyError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        self.0.clone()
    }
}

/// The largest amount, in hundredths: 2^53, so that every JSON reader keeps it exact.
pub const MONEY_HUNDREDTHS_MAX: i64 = 1 << 53;

impl Money {
    /// Reads `1500`, `1500.5` or `-1500.50`.
    ///
    /// # Errors
    /// `MoneyError` with the value.
    pub fn new(amount: &str, currency: &str) -> Result<Self, MoneyError> {
        let bad = || MoneyError(said!("`{amount}` is not an amount such as `1500.00`", amount));
        if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
            let message = said!("`{currency}` is not a currency code such as `RUB`", currency);
            return Err(MoneyError(message));
        }
        let (sign, digits) = match amount.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, amount),
        };
        let (whole, cents) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let is_cut = digits.ends_with('.');
        if is_cut || whole.is_empty() || cents.len() > 2 || !plain(whole) || !plain(cents) {
            return Err(bad());
        }
        let whole: i64 = whole.parse().map_err(|_| bad())?;
        let cents: i64 = format!("{cents:0<2}").parse().map_err(|_| bad())?;
        let hundredths = whole
            .checked_mul(100)
            .and_then(|h| h.checked_add(cents))
            .ok_or_else(bad)?;
        if hundredths > MONEY_HUNDREDTHS_MAX {
            return Err(bad());
        }
        Ok(Money {
            hundredths: sign * hundredths,
            currency: currency.to_owned(),
        })
    }

    /// The amount as a decimal string with two decimals.
    pub fn amount(&self) -> String {
        let sign = if self.hundredths < 0 { "-" } else { "" };
        let abs = self.hundredths.unsigned_abs();
        format!("{sign}{}.{:02}", abs / 100, abs % 100)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (amount, currency) = text
            .split_once(' ')
            .ok_or_else(|| MoneyError(said!("`{text}` is not an amount such as `1500.00 RUB`", text)))?;
        Money::new(amount, currency)
    }
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(refuse)
    }
}

/// The value of a custom field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type", content = "value")]
pub enum FieldValue {
    /// Any text; also a choice by its key, and a file by its reference.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// An instant.
    Instant(Timestamp),
    /// An amount.
    Money(Money),
    /// Several texts.
    Many(Vec<String>),
}

impl FieldValue {
    /// Whether a required field counts as filled: blank text, empty lists and a zero amount do not.
    pub fn is_filled(&self) -> bool {
        match self {
            FieldValue::Text(text) => !text.trim().is_empty(),
            FieldValue::Money(money) => money.hundredths != 0,
            FieldValue::Many(many) => many.iter().any(|text| !text.trim().is_empty()),
            FieldValue::Number(_) | FieldValue::Flag(_) | FieldValue::Instant(_) => true,
        }
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldValue::Text(text) => f.write_str(text),
            FieldValue::Number(number) => write!(f, "{number}"),
            FieldValue::Flag(flag) => write!(f, "{flag}"),
            FieldValue::Instant(at) => write!(f, "{at}"),
            FieldValue::Money(money) => write!(f, "{money}"),
            FieldValue::Many(many) => f.write_str(&many.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_its_cents() {
        for (text, hundredths) in [("0.00 RUB", 0), ("1500.00 RUB", 150_000), ("-0.05 EUR", -5)] {
            let money: Money = text.parse().expect(text);
            assert_eq!((money.hundredths, money.to_string().as_str()), (hundredths, text));
        }
        assert_eq!(Money::new("7.5", "RUB").expect("one decimal").hundredths, 750);
    }

    #[test]
    fn money_with_three_decimals_or_a_lower_case_code_is_refused() {
        for (amount, currency) in [
            ("1.001", "RUB"),
            ("1", "rub"),
            ("", "RUB"),
            (".5", "RUB"),
            ("5.", "RUB"),
            ("+5", "RUB"),
            ("--5", "RUB"),
            ("1e3", "RUB"),
            ("99999999999999999999", "RUB"),
        ] {
            assert!(Money::new(amount, currency).is_err(), "{amount} {currency}");
        }
    }
}
