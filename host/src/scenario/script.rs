//! The steps of a scenario: `steps.txt`, one step a line, checked as a whole before anything is played.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::typo::{Typo, nearest, read_text};

/// The file in a scenario's folder.
pub(super) const STEPS: &str = "steps.txt";
/// 10,000 lines: a scenario is read by people.
const STEPS_MAX: usize = 10_000;

/// What stands after the names: `key=value`.
pub(super) type Values = BTreeMap<String, String>;

/// A kind of step.
#[derive(Debug)]
pub struct Verb {
    /// Its first word.
    pub word: &'static str,
    /// What follows, in order; in brackets what may be left out.
    pub names: &'static str,
    /// Keys of values. `field.` stands for all custom fields.
    pub keys: &'static [&'static str],
    /// What happens.
    pub about: &'static str,
}

const fn verb(
    word: &'static str,
    names: &'static str,
    keys: &'static [&'static str],
    about: &'static str,
) -> Verb {
    Verb {
        word,
        names,
        keys,
        about,
    }
}

const ITEM: &[&str] = &["by", "title", "assignee", "contact", "amount", "source", "field."];

/// Every step. `+DURATION`, such as `+3h59m`, lets time pass and is not in the table.
pub const VERBS: [Verb; 25] = [
    verb("at", "INSTANT", &[], "time passes until then"),
    verb("deal", "NAME STAGE", ITEM, "a person creates a deal"),
    verb("lead", "NAME STAGE", ITEM, "a person creates a lead"),
    verb("move", "NAME STAGE", &["by"], "a person moves it"),
    verb(
        "set",
        "NAME",
        &["by", "title", "amount", "lost-reason", "field."],
        "a person edits it; `field.KEY=` clears a field",
    ),
    verb("assign", "NAME EMPLOYEE", &[], "a person puts somebody in charge"),
    verb("absent", "EMPLOYEE DURATION", &[], "somebody is away from now on"),
    verb(
        "plan",
        "NAME",
        &[
            "by",
            "kind",
            "title",
            "deadline",
            "duration",
            "reminders",
            "assignee",
        ],
        "a person plans an activity",
    ),
    verb(
        "complete",
        "NAME",
        &[],
        "a person completes its earliest open activity",
    ),
    verb("dismiss", "EMPLOYEE", &[], "somebody does not work here any more"),
    verb(
        "contact",
        "NAME",
        &["by", "name", "phone", "email", "assignee"],
        "a person enters a client",
    ),
    verb("find", "PHONE", &[], "a person looks for a client"),
    verb(
        "telegram",
        "CHANNEL",
        &[
            "chat", "name", "text", "album", "phone", "message", "update", "edit",
        ],
        "a client writes",
    ),
    verb(
        "generic",
        "CHANNEL",
        &[
            "chat", "sender", "name", "text", "phone", "email", "message", "event", "edit",
        ],
        "a client writes",
    ),
    verb(
        "answer",
        "CHANNEL CHAT",
        &["by", "text"],
        "a person answers a client",
    ),
    verb(
        "respond",
        "URL",
        &["status", "body", "type", "error"],
        "a service answers the oldest request of a robot whose URL begins so, or with `error=` never does",
    ),
    verb(
        "start",
        "ATTACHMENT [NAME]",
        &[],
        "a person starts a robot by hand",
    ),
    verb("enable", "ATTACHMENT", &[], "an admin switches an attachment on"),
    verb(
        "disable",
        "ATTACHMENT",
        &[],
        "an admin switches an attachment off",
    ),
    verb(
        "down",
        "DURATION",
        &[],
        "the host is stopped, and started again after that time",
    ),
    verb(
        "kill",
        "ATTACHMENT",
        &[],
        "the host is killed between a commit that cancelled the attachment's waiting run and the next, and started again",
    ),
    verb("unread", "EMPLOYEE", &[], "shows what an employee has not read"),
    verb("board", "STAGE", &[], "shows the cards of a column, from the top"),
    verb("history", "NAME", &[], "shows who changed what"),
    verb(
        "journal",
        "NAME",
        &[],
        "shows what robots called, changed and wrote for an item",
    ),
];

impl Verb {
    /// `deal NAME STAGE [by= title= ...]`.
    pub fn form(&self) -> String {
        let keys: Vec<String> = self
            .keys
            .iter()
            .map(|key| match key.strip_suffix('.') {
                Some(key) => format!("{key}.KEY="),
                None => format!("{key}="),
            })
            .collect();
        let keys = match keys.is_empty() {
            true => String::new(),
            false => format!(" [{}]", keys.join(" ")),
        };
        format!("{} {}{keys}", self.word, self.names)
    }

    /// How many names it takes, at least and at most.
    fn name_counts(&self) -> (usize, usize) {
        let all = self.names.split(' ').count();
        (all - self.names.matches('[').count(), all)
    }
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Counts from 1.
    pub(super) number: usize,
    /// As it was written.
    pub(super) text: String,
    pub(super) verb: String,
    pub(super) names: Vec<String>,
    pub(super) values: Values,
}

/// The steps of a scenario.
#[derive(Debug)]
pub struct Script {
    pub(super) path: PathBuf,
    pub(super) steps: Vec<Step>,
    /// The first of the steps whose runs are asked for.
    pub(super) from: usize,
}

impl Script {
    /// Reads `steps.txt` of a scenario's folder.
    ///
    /// # Errors
    /// A file that is missing or too large; [`Typo`] for the first step that is none.
    pub fn read(folder: &Path) -> anyhow::Result<Script> {
        let path = folder.join(STEPS);
        let text = read_text(&path)?;
        let steps = parse_at(&path, &text, 1)?;
        Ok(Script { path, steps, from: 0 })
    }
}

/// The steps of a text that begins in line `from` of the file.
pub(super) fn parse_at(path: &Path, text: &str, from: usize) -> Result<Vec<Step>, Typo> {
    let mut steps = Vec::new();
    for (number, line) in (from..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let typo = |(problem, hint_word): Problem| Typo {
            file: path.to_owned(),
            line: number,
            problem,
            hint_word,
        };
        if steps.len() == STEPS_MAX {
            return Err(typo((format!("a scenario has at most {STEPS_MAX} steps"), None)));
        }
        let words = split(line).map_err(typo)?;
        steps.push(step(number, line, words).map_err(typo)?);
    }
    Ok(steps)
}

/// What is wrong, and what was probably meant.
type Problem = (String, Option<String>);

fn step(number: usize, line: &str, words: Vec<String>) -> Result<Step, Problem> {
    let mut words = words.into_iter();
    let first = words.next().unwrap_or_default();
    let (names, values) = names_and_values(words);
    let step = Step {
        number,
        text: line.to_owned(),
        verb: first,
        names,
        values,
    };
    match step.verb.starts_with('+') {
        true if step.names.is_empty() && step.values.is_empty() => Ok(step),
        true => Err((format!("`{}` takes nothing else on its line", step.verb), None)),
        false => check(step),
    }
}

fn check(step: Step) -> Result<Step, Problem> {
    let word = step.verb.as_str();
    let Some(verb) = VERBS.iter().find(|verb| verb.word == word) else {
        let hint = nearest(word, VERBS.iter().map(|verb| verb.word));
        return Err((format!("`{word}` is no step"), hint.map(str::to_owned)));
    };
    let (least, most) = verb.name_counts();
    if !(least..=most).contains(&step.names.len()) {
        let problem = format!("`{word}` has {} names: write `{}`", step.names.len(), verb.form());
        return Err((problem, None));
    }
    let is_known = |key: &str| {
        verb.keys
            .iter()
            .any(|known| *known == key || known.ends_with('.') && key.starts_with(known))
    };
    if let Some(key) = step.values.keys().find(|key| !is_known(key)) {
        let hint = nearest(key, verb.keys.iter().copied());
        let problem = format!("`{word}` has no value `{key}`: write `{}`", verb.form());
        return Err((problem, hint.map(str::to_owned)));
    }
    Ok(step)
}

/// Words of a line; double quotes keep spaces together. Single quotes do so where a word or a value begins, and keep
/// double quotes as well: those of JSON.
fn split(line: &str) -> Result<Vec<String>, Problem> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        let word = words.last_mut().expect("begins with one");
        match (quote, letter) {
            (Some(end), letter) if letter == end => quote = None,
            (None, '"') => quote = Some('"'),
            (None, '\'') if word.is_empty() || word.ends_with('=') => quote = Some('\''),
            (None, ' ' | '\t') => words.push(String::new()),
            (_, other) => word.push(other),
        }
    }
    if quote.is_some() {
        return Err(("a quotation mark is not closed".to_owned(), None));
    }
    words.retain(|word| !word.is_empty());
    Ok(words)
}

fn names_and_values(words: impl Iterator<Item = String>) -> (Vec<String>, Values) {
    let mut names = Vec::new();
    let mut values = Values::new();
    for word in words {
        match word.split_once('=') {
            Some((key, value)) => drop(values.insert(key.to_owned(), value.to_owned())),
            None => names.push(word),
        }
    }
    (names, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The refusal of a line.
    fn refusal(line: &str) -> String {
        parse_at(Path::new("steps.txt"), line, 1)
            .map_or_else(|typo| typo.to_string(), |steps| format!("{steps:?}"))
    }

    #[test]
    fn typos_are_told_with_their_line_and_what_was_meant() {
        for (line, words) in [
            (
                "# about\n\ndael big sales/new",
                "steps.txt:3: `dael` is no step; did you mean `deal`?",
            ),
            (
                "deal big",
                "steps.txt:1: `deal` has 1 names: write `deal NAME STAGE [by= title= assignee= contact= amount= source= field.KEY=]`",
            ),
            (
                "deal a b amuont=1",
                "steps.txt:1: `deal` has no value `amuont`: write `deal NAME STAGE [by= title= assignee= contact= amount= source= field.KEY=]`; did you mean `amount`?",
            ),
            ("set a title=\"b", "steps.txt:1: a quotation mark is not closed"),
            ("+3h 4m", "steps.txt:1: `+3h` takes nothing else on its line"),
            (
                "start",
                "steps.txt:1: `start` has 0 names: write `start ATTACHMENT [NAME]`",
            ),
        ] {
            assert_eq!(refusal(line), words);
        }
    }

    #[test]
    fn quotes_keep_words_together_and_fields_have_any_key() {
        let steps = parse_at(Path::new("s"), "set \"a b\" title=\"c d\"  field.x-y=", 1).unwrap();
        assert_eq!(steps[0].names, ["a b"]);
        assert_eq!(steps[0].values["title"], "c d");
        assert_eq!(steps[0].values["field.x-y"], "");
        let steps = parse_at(
            Path::new("s"),
            r#"respond https://a.b/ body='{"a": "b c"}' type=don't"#,
            1,
        )
        .unwrap();
        assert_eq!(steps[0].values["body"], r#"{"a": "b c"}"#);
        assert_eq!(steps[0].values["type"], "don't");
    }

    #[test]
    fn too_many_steps_are_refused() {
        let text = "+1s\n".repeat(STEPS_MAX + 1);
        assert_eq!(
            refusal(&text),
            "steps.txt:10001: a scenario has at most 10000 steps"
        );
    }
}
