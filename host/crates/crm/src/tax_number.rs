//! Tax numbers (INN) of companies and persons.

use crate::said;
use crate::sentence::{Sentence, shown_as_said};
use std::fmt;

/// A tax number in its normal form: 10 digits of a company or 12 of a person.
///
/// Two companies may share one: branches differ by another number, the KPP.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxNumber {
    digits: String,
    is_checksum_valid: bool,
}

/// Whose tax number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxNumberOwner {
    /// 10 digits.
    Company,
    /// 12 digits; also a sole trader.
    Person,
}

/// A text that is not a tax number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxNumberError {
    /// The refused text, cut to 64 characters.
    pub text: String,
}

shown_as_said!(TaxNumberError);

impl TaxNumberError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        said!(
            "`{text}` is not a tax number: 10 or 12 digits, of which the first two are a region from 01 on",
            text = self.text
        )
    }
}

impl TaxNumber {
    /// Reads digits, between which spaces and hyphens are dropped. A wrong checksum is no refusal: people mistype,
    /// and the record must be kept; see `is_checksum_valid`.
    ///
    /// # Errors
    /// `TaxNumberError` for another character, another length, and region `00` (zeros alone pass the checksum).
    pub fn parse(text: &str) -> Result<Self, TaxNumberError> {
        let refused = || TaxNumberError {
            text: text.chars().take(64).collect(),
        };
        let digits: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .take(13)
            .collect();
        let is_shaped = matches!(digits.len(), 10 | 12) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_shaped || digits.starts_with("00") {
            return Err(refused());
        }
        let is_checksum_valid = has_valid_checksum(&digits);
        Ok(Self {
            digits,
            is_checksum_valid,
        })
    }

    /// The digits alone: what is stored and compared.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// Whose number it is, by its length.
    pub fn owner(&self) -> TaxNumberOwner {
        if self.digits.len() == 10 {
            TaxNumberOwner::Company
        } else {
            TaxNumberOwner::Person
        }
    }

    /// Whether the check digits fit the others. When not, the form warns.
    pub fn is_checksum_valid(&self) -> bool {
        self.is_checksum_valid
    }
}

impl fmt::Display for TaxNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits)
    }
}

/// Weights of a person's second check digit. The first one's are these without the first weight, and those of a
/// company's only one without the first two (order of the Federal Tax Service ED-7-14/559, annex 1).
const WEIGHTS: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];

fn has_valid_checksum(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let fits = |position: usize| {
        let weights = &WEIGHTS[WEIGHTS.len() - position..];
        let sum: u32 = weights
            .iter()
            .zip(&digits)
            .map(|(weight, digit)| weight * digit)
            .sum();
        sum % 11 % 10 == digits[position]
    };
    match digits.len() {
        10 => fits(9),
        _ => fits(10) && fits(11),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_is_a_warning() {
        for (text, digits, owner, is_checksum_valid) in [
            ("7707083893", "7707083893", TaxNumberOwner::Company, true),
            (" 77-3605 0003 ", "7736050003", TaxNumberOwner::Company, true),
            ("500100732259", "500100732259", TaxNumberOwner::Person, true),
            ("7707083894", "7707083894", TaxNumberOwner::Company, false),
            ("7707083983", "7707083983", TaxNumberOwner::Company, false),
            ("500100732258", "500100732258", TaxNumberOwner::Person, false),
            ("500100732249", "500100732249", TaxNumberOwner::Person, false),
        ] {
            let number = TaxNumber::parse(text).unwrap();
            assert_eq!(number.to_string(), digits);
            assert_eq!(
                (number.owner(), number.is_checksum_valid()),
                (owner, is_checksum_valid),
                "{text}"
            );
        }
    }

    #[test]
    fn other_text_is_refused_by_name() {
        for text in [
            "",
            "0000000000",
            "0012345678",
            "77070838",
            "77070838931",
            "7707083893123",
            "INN 7707083893",
        ] {
            let expected = format!(
                "`{text}` is not a tax number: 10 or 12 digits, of which the first two are a region from 01 on"
            );
            assert_eq!(TaxNumber::parse(text).unwrap_err().to_string(), expected);
        }
        assert!(TaxNumber::parse("\u{661}707083893").is_err());
    }
}
