//! Mistakes in the files of a scenario: the line, what is wrong, and the word that was probably meant.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// 1 MB: the longest scenario has a hundred lines.
const FILE_BYTES_MAX: u64 = 1_000_000;

/// A mistake in a file that a person wrote.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {problem}{}", file.display(), hint(hint_word.as_deref()))]
pub struct Typo {
    /// The file.
    pub file: PathBuf,
    /// Counts from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
    /// What was probably meant.
    pub hint_word: Option<String>,
}

fn hint(word: Option<&str>) -> String {
    word.map(|word| format!("; did you mean `{word}`?"))
        .unwrap_or_default()
}

impl Typo {
    /// A mistake that the message of a reader tells, with what it knows.
    pub(super) fn of_message(file: &Path, line: usize, message: &str) -> Typo {
        Typo {
            file: file.to_owned(),
            line,
            problem: message.to_owned(),
            hint_word: nearest_in(message),
        }
    }

    /// A mistake that TOML's reader has found.
    pub(super) fn of_toml(file: &Path, text: &str, error: &toml::de::Error) -> Typo {
        let at = error.span().map_or(0, |span| span.start);
        let line = text
            .as_bytes()
            .iter()
            .take(at)
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        Typo::of_message(file, line, error.message().trim())
    }

    /// A mistake in what a file means, such as a name that nobody has: the line is the first that has the word which
    /// the message names first.
    pub(super) fn of_meaning(file: &Path, text: &str, error: &anyhow::Error) -> Typo {
        let message = format!("{error:#}");
        let has_word = |word: &&str| {
            let quoted = format!("\"{word}\"");
            text.lines()
                .position(|line| line.contains(&quoted) || is_key(line, word))
        };
        let words = quoted(&message);
        let line = words.iter().rev().find_map(has_word).map_or(1, |at| at + 1);
        Typo::of_message(file, line, &message)
    }
}

/// `word = ...`, also inside of an inline table.
fn is_key(line: &str, word: &str) -> bool {
    let mut keys = line
        .split('=')
        .map(|part| part.split(['{', ',', ' ']).rfind(|key| !key.is_empty()));
    keys.next_back();
    keys.any(|key| key == Some(word))
}

/// Reads a file of a scenario.
pub(super) fn read_text(path: &Path) -> anyhow::Result<String> {
    let shown = path.display();
    let size = std::fs::metadata(path)
        .with_context(|| format!("cannot read `{shown}`"))?
        .len();
    if size > FILE_BYTES_MAX {
        bail!("`{shown}` has {size} bytes, a file of a scenario has at most {FILE_BYTES_MAX}");
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{shown}`"))
}

/// The words between backticks.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

/// The known word that is nearest to the wrong one, as messages tell them: "there is no employee `ana`; known: anna,
/// boris", "unknown field `robts`, expected one of `about`, `robots`".
fn nearest_in(message: &str) -> Option<String> {
    let (before, known) = ["known: ", "known are ", "expected one of ", "expected "]
        .iter()
        .find_map(|words| message.split_once(words))?;
    let wrong = quoted(before).pop()?;
    let known = known.split([',', ' ', '`']).filter(|word| !word.is_empty());
    nearest(wrong, known).map(str::to_owned)
}

/// The word that differs in few letters; none when all differ in more than a third of theirs.
pub(super) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far = wrong.chars().count().div_ceil(3);
    let measured = known.into_iter().map(|word| (distance(wrong, word), word));
    let best = measured.min_by_key(|(distance, _)| *distance)?;
    (best.0 <= far && best.0 > 0).then_some(best.1)
}

/// Letters that are added, left out, changed or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) =
        (one.chars().take(64).collect(), other.chars().take(64).collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for (i, letter) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, wanted) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(letter != wanted);
            let mut best = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == other[j - 1] && one[i - 1] == *wanted {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_word_is_found_when_it_is_near() {
        let known = ["deal", "lead", "move", "complete"];
        let found = ["dael", "mvoe", "complte", "remove", "xyz", "move", ""];
        assert_eq!(
            found.map(|word| nearest(word, known)),
            [
                Some("deal"),
                Some("move"),
                Some("complete"),
                Some("move"),
                None,
                None,
                None
            ]
        );
    }

    #[test]
    fn messages_tell_what_was_meant() {
        for (message, word) in [
            ("there is no employee `ana`; known: anna, boris", Some("anna")),
            (
                "unknown field `robts`, expected one of `about`, `robots`",
                Some("robots"),
            ),
            (
                "unknown field `fule`, expected `fuel` or `host_calls`",
                Some("fuel"),
            ),
            (
                "there is no stage `sales/nw`; known: law/new, sales/new",
                Some("sales/new"),
            ),
            ("there is no item `x`", None),
            ("expected something", None),
        ] {
            assert_eq!(nearest_in(message).as_deref(), word, "{message}");
        }
    }

    #[test]
    fn line_is_that_of_the_word() {
        let text = "at = \"x\"\nstage = \"sales/nw\"\nparams = { a = 1, treshold = 2 }\n";
        let typo = |message: &str| {
            let typo = Typo::of_meaning(
                Path::new("given.toml"),
                text,
                &anyhow::anyhow!(message.to_owned()),
            );
            typo.to_string()
        };
        assert_eq!(
            typo("there is no stage `sales/nw`; known: sales/new"),
            "given.toml:2: there is no stage `sales/nw`; known: sales/new; did you mean `sales/new`?"
        );
        assert!(typo("parameter `treshold` is unknown").starts_with("given.toml:3: "));
        assert!(typo("something else").starts_with("given.toml:1: "));
    }
}
