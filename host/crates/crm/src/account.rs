//! Accounts: how employees get into the console, and how they like it.

use serde::{Deserialize, Serialize};

use crate::ids::EmployeeId;
use crate::rejection::Rejection;
use crate::said;
use crate::sentence::Sentence;
use crate::time::Timestamp;

/// The shortest password, in characters: what NIST SP 800-63B asks of one that is the only factor.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password, in bytes: a sentence fits, and nobody keeps the host busy with hashing.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Sessions of one employee; a further one ends the oldest.
pub const SESSIONS_MAX: usize = 10;
/// Saved filters of one employee.
pub const FILTERS_MAX: usize = 50;
/// The longest name of a saved filter, in characters.
pub const FILTER_NAME_CHARS_MAX: usize = 60;
/// The longest path with query that a filter keeps, in bytes.
pub const FILTER_PATH_BYTES_MAX: usize = 2000;

/// An employee's way into the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whose it is.
    pub employee: EmployeeId,
    /// The password's hash with its parameters, as a PHC string; none before the first one was chosen.
    pub password: Option<String>,
    /// A link with which the employee chooses a password, once.
    pub invitation: Option<Invitation>,
    /// How the employee likes the console.
    #[serde(default)]
    pub preferences: Preferences,
    /// Grows by one with each change.
    pub version: i64,
}

impl Account {
    /// An account that nobody can use yet.
    pub fn new(employee: EmployeeId) -> Self {
        Account {
            employee,
            password: None,
            invitation: None,
            preferences: Preferences::default(),
            version: 1,
        }
    }
}

/// A link that lets somebody choose a password. Only the digest of its secret is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// SHA-256 of the secret, in lower-case hex.
    pub digest: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A language of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Russian.
    Ru,
    /// English.
    En,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::Ru, Language::En];

    /// The word used in cookies and in HTML.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::Ru => "ru",
            Language::En => "en",
        }
    }
}

/// Colours of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// As the person's system says.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    /// The word used in forms and in HTML.
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

/// How an employee likes the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// The browser's without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Colours.
    #[serde(default)]
    pub theme: Theme,
    /// Whether single letters are shortcuts (WCAG 2.2, SC 2.1.4: they can be switched off).
    #[serde(default = "yes")]
    pub has_shortcuts: bool,
    /// Filters under names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<SavedFilter>,
}

fn yes() -> bool {
    true
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences {
            language: None,
            theme: Theme::System,
            has_shortcuts: true,
            filters: Vec::new(),
        }
    }
}

/// A page with its filter, under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedFilter {
    /// Unique among the employee's.
    pub name: String,
    /// The page and its query, as in the address: `/board/1?assignee=employee:2`.
    pub path: String,
}

/// Somebody who is signed in. Only the digest of the cookie is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// SHA-256 of the cookie's secret, in lower-case hex.
    pub digest: String,
    /// Who it is.
    pub employee: EmployeeId,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// What the browser calls itself, shortened.
    pub agent: String,
    /// Grows by one with each change.
    pub version: i64,
}

/// Checks a password before it is hashed.
///
/// # Errors
/// `invalid`: too short, too long, or the person's own name or address.
pub fn check_password(password: &str, own_words: &[&str]) -> Result<(), Rejection> {
    let count = password.chars().count();
    if count < PASSWORD_CHARS_MIN {
        return Err(refused(said!(
            "the password has {count} characters; it needs {min} at least",
            count,
            min = PASSWORD_CHARS_MIN
        )));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(refused(said!(
            "the password has more than {max} bytes",
            max = PASSWORD_BYTES_MAX
        )));
    }
    let plain = password.trim().to_lowercase();
    if own_words.iter().any(|word| word.trim().to_lowercase() == plain) {
        return Err(refused(said!("the password is the person's own name or address")));
    }
    let first = plain.chars().next();
    if plain.chars().all(|letter| Some(letter) == first) {
        return Err(refused(said!("the password repeats one character")));
    }
    Ok(())
}

fn refused(message: Sentence) -> Rejection {
    invalid("password", message)
}

fn invalid(field: &str, message: Sentence) -> Rejection {
    Rejection {
        fields: vec![field.to_owned()],
        ..Rejection::invalid(message)
    }
}

/// Checks preferences before they are kept.
///
/// # Errors
/// `invalid` (filters).
pub fn check_preferences(preferences: &Preferences) -> Result<(), Rejection> {
    let filters = &preferences.filters;
    if filters.len() > FILTERS_MAX {
        return Err(invalid(
            "filters",
            said!("more than {max} filters are saved", max = FILTERS_MAX),
        ));
    }
    for (index, filter) in filters.iter().enumerate() {
        let name = filter.name.trim();
        if name.is_empty() || name.chars().count() > FILTER_NAME_CHARS_MAX {
            let message = said!(
                "a filter's name has 1 to {max} characters, not `{name}`",
                max = FILTER_NAME_CHARS_MAX,
                name
            );
            return Err(invalid("name", message));
        }
        if filters[..index].iter().any(|other| other.name.trim() == name) {
            return Err(invalid("name", said!("there is a filter `{name}` already", name)));
        }
        if !is_own_path(&filter.path) {
            return Err(invalid(
                "path",
                said!("`{path}` is no page of the console", path = filter.path),
            ));
        }
    }
    Ok(())
}

/// Whether it is a path on this host and nothing else: `//evil.example` and `/\evil.example` are other hosts for
/// browsers.
pub fn is_own_path(path: &str) -> bool {
    let is_plain = path
        .bytes()
        .all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
    path.starts_with('/') && !path.starts_with("//") && path.len() <= FILTER_PATH_BYTES_MAX && is_plain
}

/// The sessions that a new one of this employee ends: those that are over, and the oldest of too many.
pub fn outlived(sessions: &[&Session], now: Timestamp) -> Vec<String> {
    let mut open: Vec<&&Session> = sessions
        .iter()
        .filter(|session| session.expires_at > now)
        .collect();
    open.sort_by_key(|session| session.created_at);
    let over = sessions.iter().filter(|session| session.expires_at <= now);
    let excess = open.len().saturating_sub(SESSIONS_MAX - 1);
    over.chain(open.into_iter().take(excess))
        .map(|session| session.digest.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_with_the_reason() {
        let own = ["Anna Petrova-Long", "anna@example.com"];
        assert_eq!(check_password("correct horse battery", &own), Ok(()));
        for (wrong, reason) in [
            ("short", "5 characters"),
            ("ANNA@example.com ", "own name"),
            ("aaaaaaaaaaaaaa", "repeats"),
            (&"x1".repeat(200), "bytes"),
        ] {
            let refused = check_password(wrong, &own).expect_err(wrong);
            assert!(refused.message.english().contains(reason), "{refused}");
            assert_eq!(refused.fields, ["password"]);
        }
    }

    #[test]
    fn paths_lead_nowhere_else() {
        for own in ["/", "/board/1?assignee=employee:2&q=%D0%B0"] {
            assert!(is_own_path(own), "{own}");
        }
        for other in [
            "",
            "board",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a b",
            "/a\n",
        ] {
            assert!(!is_own_path(other), "{other}");
        }
    }

    #[test]
    fn filters_have_names_of_their_own() {
        let filter = |name: &str, path: &str| SavedFilter {
            name: name.to_owned(),
            path: path.to_owned(),
        };
        let of = |filters| Preferences {
            filters,
            ..Preferences::default()
        };
        assert_eq!(check_preferences(&of(vec![filter("Mine", "/board/1")])), Ok(()));
        for wrong in [
            vec![filter(" ", "/board/1")],
            vec![filter("Mine", "/a"), filter("Mine ", "/b")],
            vec![filter("Mine", "//evil.example")],
            vec![filter("x", "/a"); FILTERS_MAX + 1],
        ] {
            assert!(check_preferences(&of(wrong)).is_err());
        }
    }

    #[test]
    fn a_new_session_ends_those_that_are_over_and_the_oldest() {
        let session = |digest: &str, created: i64, expires: i64| Session {
            digest: digest.to_owned(),
            employee: EmployeeId(1),
            created_at: Timestamp::from_micros(created),
            expires_at: Timestamp::from_micros(expires),
            agent: String::new(),
            version: 1,
        };
        let mut all = vec![session("over", 1, 50)];
        for number in 0..10 {
            all.push(session(&format!("open-{number}"), 10 + number, 1000));
        }
        let all: Vec<&Session> = all.iter().collect();
        assert_eq!(outlived(&all, Timestamp::from_micros(50)), ["over", "open-0"]);
        assert!(outlived(&all[1..5], Timestamp::from_micros(50)).is_empty());
    }
}
