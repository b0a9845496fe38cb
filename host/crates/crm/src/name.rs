//! Names of persons and companies, as they are searched.

use unicode_normalization::UnicodeNormalization;

/// The longest name that is searched, in characters; the rest is cut.
pub const NAME_CHARS_MAX: usize = 256;

/// Legal forms of companies that say nothing about which company it is.
const LEGAL_FORMS: [&str; 22] = [
    "ооо", "оао", "зао", "пао", "нао", "ао", "ип", "тоо", "гуп", "муп", "фгуп", "нко", "ано", "llc", "ltd",
    "inc", "gmbh", "ag", "corp", "plc", "llp", "oy",
];

/// The form of a name in which names are stored for search and compared: compatibility forms composed (NFKC),
/// lower case in every script, `ё` as `е`, no punctuation, one space between words.
///
/// Databases fold the case of Cyrillic letters differently or not at all; this is the only folding that counts.
pub fn search_name(name: &str) -> String {
    let mut found = String::new();
    let folded = name.nfkc().take(NAME_CHARS_MAX).flat_map(char::to_lowercase);
    for c in folded {
        match c {
            'ё' => found.push('е'),
            c if c.is_alphanumeric() => found.push(c),
            // An apostrophe joins: O'Connor is one word.
            '\'' | '\u{2019}' | '\u{2bc}' => {}
            _ if found.ends_with(' ') || found.is_empty() => {}
            _ => found.push(' '),
        }
    }
    found.truncate(found.trim_end().len());
    found
}

/// `search_name` without legal forms such as OOO or GmbH: finds a company however its form is written.
/// A name of nothing but legal forms keeps them.
pub fn company_name(name: &str) -> String {
    let full = search_name(name);
    let words: Vec<&str> = full
        .split(' ')
        .filter(|word| !LEGAL_FORMS.contains(word))
        .collect();
    if words.is_empty() { full } else { words.join(" ") }
}

/// `search_name` with its words in alphabetical order: surname and first name come in either order.
pub fn person_name(name: &str) -> String {
    let full = search_name(name);
    let mut words: Vec<&str> = full.split(' ').collect();
    words.sort_unstable();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn search_folds_case_and_drops_punctuation() {
        for (name, found) in [
            ("  Иван   ПЕТРОВ ", "иван петров"),
            ("Семёнов", "семенов"),
            ("Семе\u{308}нов", "семенов"),
            ("ЁЛКИ", "елки"),
            ("Бои\u{306}ко", "бойко"),
            ("ООО «Ромашка-Плюс»", "ооо ромашка плюс"),
            ("O'Connor, Sinead", "oconnor sinead"),
            ("А.С.Пушкин", "а с пушкин"),
            ("\u{ff21}\u{ff22}\u{ff23} \u{2116}5", "abc no5"),
            ("...", ""),
            ("", ""),
        ] {
            assert_eq!(search_name(name), found);
        }
        assert_eq!(search_name(&"Я".repeat(1_000)).chars().count(), NAME_CHARS_MAX);
    }

    #[test]
    fn legal_form_does_not_hide_a_company() {
        for name in [
            "ООО «Ромашка»",
            "Ромашка, ООО",
            "ромашка",
            "АО Ромашка",
            "\"РОМАШКА\" LLC",
        ] {
            assert_eq!(company_name(name), "ромашка", "{name}");
        }
        assert_eq!(company_name("ООО ИП"), "ооо ип");
        assert_eq!(company_name("Ооочень"), "ооочень");
    }

    #[test]
    fn order_of_a_persons_names_is_ignored() {
        assert_eq!(person_name("Пётр Иванов"), person_name("ИВАНОВ, Петр"));
        assert_ne!(person_name("Пётр Иванов"), person_name("Пётр Петров"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn search_name_of_letters_is_its_own(name in "[a-zA-Zа-яА-ЯёЁ «»'.-]{0,60}") {
            let once = search_name(&name);
            prop_assert_eq!(search_name(&once), once);
        }
    }
}
