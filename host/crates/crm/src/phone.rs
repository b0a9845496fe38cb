//! Phone numbers as people in Russia and Kazakhstan write them, in a normal form, and the search for them.
//!
//! Own rules instead of a library: `phonenumber` 0.3 reads the 8 of `8 800 555-35-35` twice and answers with another
//! number, without an error (whisperfish/rust-phonenumber, issue 76).

use std::fmt;

use crate::said;
use crate::sentence::{Sentence, shown_as_said};
use crate::template;
use unicode_normalization::UnicodeNormalization;

/// The longest text that is read as a number, in characters.
pub const PHONE_CHARS_MAX: usize = 64;
/// The most digits a number has: 15 (ITU-T E.164, section 6), after an exit code of at most 3.
pub const PHONE_DIGITS_MAX: usize = 18;

/// Words before an extension, the longer first. Letters that follow (`добавочный`) belong to the word.
const EXTENSION_MARKS: [&str; 7] = [";ext=", "доб", "доп", "ext", "вн", "#", "x"];
/// Digits of the longest extension.
const EXTENSION_DIGITS_MAX: usize = 8;

/// A phone number as it was written and as it is stored for search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    written: String,
    digits: String,
    is_e164: bool,
    extension: Option<String>,
    is_repaired: bool,
}

/// A text that is not a phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneError {
    /// The refused text, cut to `PHONE_CHARS_MAX`.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

shown_as_said!(PhoneError);

impl PhoneError {
    /// What is wrong, for people.
    pub fn said(&self) -> Sentence {
        said!(
            "`{text}` is not a phone number: {reason}",
            text = self.text,
            reason = Sentence::fixed(self.reason)
        )
    }
}

/// The digits of a text, as far as they are understood.
struct Number {
    digits: String,
    is_e164: bool,
    is_repaired: bool,
}

impl Phone {
    /// Reads a number, with an extension or without. A number that fits no plan is kept by its digits: it can be
    /// found, but identifies no one (`e164` is `None`).
    ///
    /// # Errors
    /// `PhoneError` for a text with other letters, without digits, or too long.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let refused = |reason| PhoneError {
            text: text.chars().take(PHONE_CHARS_MAX).collect(),
            reason,
        };
        if text.chars().nth(PHONE_CHARS_MAX).is_some() {
            return Err(refused(template!("it has more than 64 characters")));
        }
        let folded = text.nfkc().collect::<String>().to_lowercase();
        let (main, extension) = cut_extension(&folded);
        if main.contains(char::is_alphabetic) {
            return Err(refused(template!("it has letters")));
        }
        let (is_international, digits) =
            read_digits(main).ok_or(refused(template!("a `+` stands after a digit")))?;
        if digits.is_empty() {
            return Err(refused(template!("it has no digits")));
        }
        if digits.len() > PHONE_DIGITS_MAX {
            return Err(refused(template!("it has more than 18 digits")));
        }
        let Number {
            digits,
            is_e164,
            is_repaired,
        } = normalize(&digits, is_international);
        Ok(Self {
            written: text.trim().to_owned(),
            digits,
            is_e164,
            extension,
            is_repaired,
        })
    }

    /// The number as it was written, trimmed.
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// `+79876543210`: what identifies a client, or `None` when the number fits no plan or lacks its area code.
    pub fn e164(&self) -> Option<String> {
        self.is_e164.then(|| format!("+{}", self.digits))
    }

    /// The stored form: `e164`, or the digits where there is none. Without the extension.
    pub fn normal(&self) -> String {
        self.e164().unwrap_or_else(|| self.digits.clone())
    }

    /// What search compares: the ten digits after `+7`, else all digits.
    pub fn national(&self) -> &str {
        match self.digits.strip_prefix('7') {
            Some(national) if self.is_e164 => national,
            _ => &self.digits,
        }
    }

    /// `national` backwards: an index on it finds numbers by their last digits.
    pub fn reversed(&self) -> String {
        self.national().chars().rev().collect()
    }

    /// The digits to dial after the call is answered.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// Whether `+8 9..` was read as `+7 9..`: no country code begins with 89.
    pub fn is_repaired(&self) -> bool {
        self.is_repaired
    }
}

impl fmt::Display for Phone {
    /// The normal form, else the digits; then the extension.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.normal())?;
        match &self.extension {
            Some(extension) => write!(f, " ext. {extension}"),
            None => Ok(()),
        }
    }
}

/// How to look for what someone typed into a search for phones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneQuery {
    /// Ten digits or more: equality with `Phone::national`.
    National(String),
    /// Five to nine digits, here backwards: `Phone::reversed` begins with them.
    Suffix(String),
    /// Up to four digits: `Phone::national` begins with them.
    Prefix(String),
}

impl PhoneQuery {
    /// Reads a number or its end, in any of the ways in which it may be written. An extension is ignored.
    ///
    /// # Errors
    /// As for `Phone::parse`.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let phone = Phone::parse(text)?;
        let national = phone.national();
        Ok(match national.len() {
            0..5 => Self::Prefix(national.to_owned()),
            5..10 => Self::Suffix(phone.reversed()),
            _ => Self::National(national.to_owned()),
        })
    }

    /// Whether the query finds `phone`: what the database's query must answer too.
    pub fn matches(&self, phone: &Phone) -> bool {
        match self {
            Self::National(national) => phone.national() == national,
            Self::Suffix(reversed) => phone.reversed().starts_with(reversed),
            Self::Prefix(prefix) => phone.national().starts_with(prefix),
        }
    }
}

/// What stands before the first mark that is followed by an extension, and that extension.
fn cut_extension(text: &str) -> (&str, Option<String>) {
    let found = EXTENSION_MARKS.iter().filter_map(|mark| {
        let (main, rest) = text.split_once(mark)?;
        let rest = rest
            .trim_start_matches(|c: char| c.is_alphabetic() || " .:=".contains(c))
            .trim_end();
        let is_number = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && rest.len() <= EXTENSION_DIGITS_MAX).then_some((main, rest))
    });
    // The first mark in the text: `;ext=` also contains `ext`.
    match found.min_by_key(|(main, _)| main.len()) {
        Some((main, rest)) => (main, Some(rest.to_owned())),
        None => (text, None),
    }
}

/// Whether a `+` stands before the digits, and the digits. `None` when it stands after one.
fn read_digits(text: &str) -> Option<(bool, String)> {
    let first_digit = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let (before, rest) = text.split_at(first_digit);
    let digits = rest.chars().filter(char::is_ascii_digit).collect();
    (!rest.contains('+')).then(|| (before.contains('+'), digits))
}

fn normalize(digits: &str, is_international: bool) -> Number {
    let seven = |national: &str| format!("7{national}");
    let abroad = exit_code(digits).filter(|_| !is_international);
    let (number, is_whole, is_repaired) = match (abroad, is_international, digits.len()) {
        (Some(number), _, _) => (number.to_owned(), true, false),
        (None, true, 11) if digits.starts_with("89") => (seven(&digits[1..]), true, true),
        (None, true, _) => (digits.to_owned(), true, false),
        (None, false, 11) if digits.starts_with(['7', '8']) => (seven(&digits[1..]), true, false),
        (None, false, 10) if digits.starts_with(|c: char| ('3'..='9').contains(&c)) => {
            (seven(digits), true, false)
        }
        (None, false, _) => (digits.to_owned(), false, false),
    };
    if is_whole && fits_plan(&number) {
        return Number {
            digits: number,
            is_e164: true,
            is_repaired,
        };
    }
    Number {
        digits: digits.to_owned(),
        is_e164: false,
        is_repaired: false,
    }
}

/// What follows `8 10` or `00`, the exit codes of Russia and of most other countries, when it may be a number.
fn exit_code(digits: &str) -> Option<&str> {
    let number = digits.strip_prefix("810").or_else(|| digits.strip_prefix("00"))?;
    (number.len() >= 8).then_some(number)
}

/// The plan of `+7`: ten digits, 3, 4, 8, 9 first in Russia, 6, 7 in Kazakhstan. Elsewhere only the length counts.
fn fits_plan(number: &str) -> bool {
    match number.strip_prefix('7') {
        Some(national) => national.len() == 10 && national.starts_with(['3', '4', '6', '7', '8', '9']),
        None => (8..=15).contains(&number.len()) && !number.starts_with('0'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn phone(text: &str) -> Phone {
        Phone::parse(text).unwrap()
    }

    #[test]
    fn number_has_one_normal_form() {
        for (text, normal) in [
            ("8(987) 654-32-10", "+79876543210"),
            ("(987) 654-32-10", "+79876543210"),
            ("+7 987 654 32 10", "+79876543210"),
            ("7-987-654-32-10", "+79876543210"),
            ("810 7 987 654 32 10", "+79876543210"),
            ("00 7 987 6543210", "+79876543210"),
            (
                "\u{ff0b}\u{ff17} \u{ff19}\u{ff18}\u{ff17} 654-32-10",
                "+79876543210",
            ),
            ("8 800 555-35-35", "+78005553535"),
            ("8(812)312-34-56", "+78123123456"),
            ("812 312-34-56", "+78123123456"),
            ("8 701 234 56 78", "+77012345678"),
            ("+49 30 123456", "+4930123456"),
            ("8 10 49 30 123456", "+4930123456"),
            ("+375 29 123-45-67", "+375291234567"),
        ] {
            assert_eq!(phone(text).e164().as_deref(), Some(normal), "{text}");
            assert!(!phone(text).is_repaired());
            assert_eq!(phone(normal).national(), phone(text).national());
        }
    }

    #[test]
    fn number_that_fits_no_plan_is_kept_by_its_digits() {
        for (text, digits) in [
            ("654-32-10", "6543210"),
            ("112", "112"),
            ("8 512 345-67-89", "85123456789"),
            ("512 345-67-89", "5123456789"),
            ("+7 987 654 32", "798765432"),
            ("+7 987 654 32 101", "798765432101"),
            ("+1234567", "1234567"),
            ("1234567890", "1234567890"),
            ("123456789012", "123456789012"),
            ("00 1234567", "001234567"),
        ] {
            assert_eq!(phone(text).e164(), None, "{text}");
            assert_eq!(phone(text).national(), digits, "{text}");
            assert_eq!(phone(text).normal(), digits, "{text}");
        }
    }

    #[test]
    fn eight_after_a_plus_is_repaired() {
        let repaired = phone("+8 987 654-32-10");
        assert_eq!(
            (repaired.e164().as_deref(), repaired.is_repaired()),
            (Some("+79876543210"), true)
        );
        let japanese = phone("+81 90 1234 5678");
        assert_eq!(
            (japanese.e164().as_deref(), japanese.is_repaired()),
            (Some("+819012345678"), false)
        );
    }

    #[test]
    fn extension_is_kept_apart() {
        for text in [
            "8 (495) 123-45-67 доб. 123",
            "8 (495) 123-45-67, добавочный 123",
            "84951234567 ДОБ123",
            "84951234567 доп. 123",
            "84951234567 вн. 123",
            "84951234567 внутр. 123",
            "84951234567 ext. 123",
            "+74951234567;ext=123",
            "84951234567 x123",
            "84951234567#123",
            "84951234567 extension: 123 ",
        ] {
            let phone = phone(text);
            assert_eq!(
                (phone.to_string(), phone.extension()),
                ("+74951234567 ext. 123".to_owned(), Some("123"))
            );
            assert_eq!(phone.as_written(), text.trim());
        }
        assert_eq!(phone("84951234567#").extension(), None);
    }

    #[test]
    fn other_text_is_refused_by_name() {
        for (text, reason) in [
            ("", "it has no digits"),
            ("()-", "it has no digits"),
            ("Иван 89876543210", "it has letters"),
            ("8987654321O", "it has letters"),
            ("89876543210 доб.", "it has letters"),
            ("89876543210 доб. 123456789", "it has letters"),
            ("8+7 987 654 32 10", "a `+` stands after a digit"),
            ("89876543210, 89876543211", "it has more than 18 digits"),
        ] {
            let expected = format!("`{text}` is not a phone number: {reason}");
            assert_eq!(Phone::parse(text).unwrap_err().to_string(), expected);
        }
        assert!(Phone::parse(&" ".repeat(65)).is_err());
    }

    #[test]
    fn query_finds_the_number_however_it_is_written() {
        let stored = phone("+7 (987) 654-32-10");
        for (query, is_found) in [
            ("8(987) 654-32-10", true),
            ("(987) 654-32-10", true),
            ("654-32-10", true),
            ("+7 987 654-32-10", true),
            ("54-32-10", true),
            ("43210", true),
            ("987654321", false),
            ("8987", false),
            ("987", true),
            ("3210", false),
            ("(987) 654-32-11", false),
            ("655-32-10", false),
            ("+8 987 654 32 10", true),
            ("654-32-10 доб. 5", true),
        ] {
            assert_eq!(
                PhoneQuery::parse(query).unwrap().matches(&stored),
                is_found,
                "{query}"
            );
        }
    }

    #[test]
    fn query_finds_numbers_outside_every_plan() {
        let local = phone("654-32-10");
        assert!(PhoneQuery::parse("654-32-10").unwrap().matches(&local));
        assert!(!PhoneQuery::parse("8(987) 654-32-10").unwrap().matches(&local));
        let foreign = phone("+49 30 1234567");
        assert!(PhoneQuery::parse("8 10 49 30 1234567").unwrap().matches(&foreign));
        assert!(PhoneQuery::parse("1234567").unwrap().matches(&foreign));
    }

    #[test]
    fn query_has_the_kind_of_its_length() {
        let query = |text| PhoneQuery::parse(text).unwrap();
        assert_eq!(
            query("8(987) 654-32-10"),
            PhoneQuery::National("9876543210".to_owned())
        );
        assert_eq!(query("654-32-10"), PhoneQuery::Suffix("0123456".to_owned()));
        assert_eq!(query("987"), PhoneQuery::Prefix("987".to_owned()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn normal_form_is_its_own_and_finds_itself(text in r"[+0-9() .;#-]{0,20}(доб|ext|x)?[0-9]{0,4}") {
            if let Ok(phone) = Phone::parse(&text) {
                let again = Phone::parse(&phone.to_string()).unwrap();
                prop_assert_eq!(again.national(), phone.national());
                prop_assert_eq!(again.e164(), phone.e164());
                prop_assert!(PhoneQuery::parse(&text).unwrap().matches(&phone));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = Phone::parse(&text);
        }
    }
}
