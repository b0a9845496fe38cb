//! The admin's file that says how an event log becomes a pipeline.
//!
//! It names every activity of the log: one that enters a stage, one that is a CRM activity, or one that is ignored.
//! What it leaves out is refused, so that nothing of a history is lost without a word.
//! `examples/bpic2012/mapping.toml` is a complete one.

mod check;
mod rules;
#[cfg(test)]
mod tests;
mod trigger;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use serde::Deserialize;

pub use check::MappingProblem;
pub use rules::Meaning;
pub use trigger::Trigger;

use rules::Rules;

/// A checked mapping. The fields stand in the order of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The zone in which the company of the log works, as an IANA name.
    #[serde(with = "jiff::fmt::serde::tz::required")]
    pub time_zone: TimeZone,
    /// What happens to an activity that the file does not name.
    #[serde(default)]
    pub unknown_activities: UnknownActivities,
    /// Activities that mean nothing for the pipeline, on purpose.
    #[serde(default)]
    pub ignore: Vec<Trigger>,
    /// The pipeline into which the cases go.
    pub pipeline: Pipeline,
    /// The stages in the order of the board; a deal is created in the first.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
    /// The work that becomes CRM activities.
    #[serde(rename = "activity", default)]
    pub activities: Vec<Activity>,
    /// How a case becomes a deal.
    pub deal: Deal,
    /// How resources become employees.
    pub employees: Employees,
    #[serde(skip)]
    rules: Rules,
}

/// What happens to an activity that the mapping does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownActivities {
    /// The plan is refused, with the names and counts.
    #[default]
    Refuse,
    /// It is left out and counted.
    Ignore,
}

/// The pipeline of a mapping.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Its key in the CRM.
    pub key: String,
    /// Its name on the board.
    pub title: Titles,
    /// What happens when an event would move an open deal to an earlier stage.
    #[serde(default)]
    pub backward: Moves,
    /// What happens when an event would move a won or lost deal.
    #[serde(default = "Moves::ignore")]
    pub reopen: Moves,
}

/// Whether moves of some direction are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Moves {
    /// The deal moves.
    #[default]
    Follow,
    /// The deal stays, and the move is counted.
    Ignore,
}

/// One stage of the board.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its key, unique in the pipeline.
    pub key: String,
    /// Its name on the board.
    pub title: Titles,
    /// What being in it means.
    pub kind: StageKind,
    /// The events that bring a deal here.
    pub entered_by: Vec<Trigger>,
}

/// What being in a stage means for a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StageKind {
    /// Work goes on.
    Open,
    /// Closed with success.
    Won,
    /// Closed without.
    Lost,
}

/// Work in the log that becomes CRM activities.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activity {
    /// The activity's name in the log.
    pub name: String,
    /// What it is in the CRM.
    pub kind: ActivityKind,
    /// Its title in the CRM.
    pub title: Titles,
    /// The transition that creates it.
    #[serde(default = "schedule")]
    pub plan: String,
    /// The transition that begins work; it creates the activity when none is open.
    #[serde(default = "start")]
    pub start: String,
    /// The transition that completes the oldest open one; it creates the activity when none is open.
    #[serde(default = "complete")]
    pub complete: String,
}

/// The kind of a CRM activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActivityKind {
    /// A telephone call.
    Call,
    /// A letter.
    Mail,
    /// A meeting.
    Meeting,
    /// Any other work.
    Todo,
}

/// How a case becomes a deal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deal {
    /// The deal's title; `{id}` stands for the case's name.
    pub title: Titles,
    /// Where the amount comes from.
    #[serde(default)]
    pub amount: Option<AmountSource>,
    /// The case's attribute of type date that says when the deal was created; without it, the first event says.
    #[serde(default)]
    pub created_at: Option<String>,
    /// Where the deals came from, as a word for the CRM.
    #[serde(default)]
    pub source: Option<String>,
}

/// Where a deal's amount comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountSource {
    /// The case's attribute: an int, a float, or a string that is a decimal number.
    pub attribute: String,
    /// The currency as an ISO 4217 code.
    pub currency: String,
}

/// How resources become employees.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Employees {
    /// The name of an employee; `{resource}` stands for the log's word.
    pub name: Titles,
    /// Resources that are software, not people: no employee is made of them.
    #[serde(default)]
    pub software: Vec<String>,
    /// The resource who is head of everybody not named in `head_of`.
    #[serde(default)]
    pub head: Option<String>,
    /// Exceptions: resource = its head.
    #[serde(default)]
    pub head_of: BTreeMap<String, String>,
}

/// One text in the languages of the product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Titles {
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
}

/// A language of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Russian.
    Ru,
    /// English.
    En,
}

/// A mapping that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("mapping {file} cannot be read")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has a wrong field; the message shows the line.
    #[error("mapping {file}: {message}")]
    Malformed {
        /// The file.
        file: String,
        /// The parser's message with the line.
        message: String,
    },
    /// The file contradicts itself; every contradiction is listed.
    #[error("mapping {file}: {}", check::list(problems))]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong, in the order of the file.
        problems: Vec<MappingProblem>,
    },
}

impl Mapping {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file cannot be read, is malformed, or contradicts itself.
    pub fn load(path: &Path) -> Result<Self, MappingError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(source) => Err(MappingError::Unreadable { file, source }),
        }
    }

    /// Checks the text of a mapping; `file` names it in errors.
    ///
    /// # Errors
    /// The text is malformed, or contradicts itself.
    pub fn parse(file: &str, text: &str) -> Result<Self, MappingError> {
        let file = file.to_owned();
        let mut mapping: Self = match toml::from_str(text) {
            Ok(mapping) => mapping,
            Err(error) => {
                return Err(MappingError::Malformed {
                    file,
                    message: error.to_string(),
                });
            }
        };
        let (rules, mut problems) = Rules::new(&mapping);
        problems.splice(0..0, check::problems(&mapping));
        if !problems.is_empty() {
            return Err(MappingError::Invalid { file, problems });
        }
        mapping.rules = rules;
        Ok(mapping)
    }

    /// What an event means for the pipeline; `None` when the mapping does not name it.
    ///
    /// `lifecycle` is in lower case, as the reader gives it.
    pub fn meaning(&self, activity: &str, lifecycle: &str) -> Option<Meaning> {
        self.rules.meaning(activity, lifecycle)
    }
}

impl Moves {
    fn ignore() -> Self {
        Self::Ignore
    }
}

impl Employees {
    /// The resource who is head of `resource`; nobody is above the default head but by an exception.
    pub fn head_for<'a>(&'a self, resource: &str) -> Option<&'a str> {
        let default = || self.head.as_deref().filter(|head| *head != resource);
        self.head_of.get(resource).map(String::as_str).or_else(default)
    }
}

impl Titles {
    /// The text in one language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Ru => &self.ru,
            Language::En => &self.en,
        }
    }
}

fn schedule() -> String {
    "schedule".to_owned()
}

fn start() -> String {
    "start".to_owned()
}

fn complete() -> String {
    "complete".to_owned()
}
