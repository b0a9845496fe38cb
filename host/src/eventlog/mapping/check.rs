//! What a mapping may not say.

use std::collections::{BTreeSet, HashSet};

use super::{Mapping, StageKind, Titles};

/// The most problems that one message lists.
const PROBLEMS_SHOWN_MAX: usize = 20;

/// One contradiction in a mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingProblem {
    /// A key that cannot be a key.
    #[error("{what} `{key}`: a key is 1 to 64 of a-z, 0-9, `_` and `-`")]
    BadKey {
        /// Pipeline or stage.
        what: &'static str,
        /// The key.
        key: String,
    },
    /// A title that is empty.
    #[error("the title of {of} is empty in `{language}`")]
    EmptyTitle {
        /// Whose title.
        of: String,
        /// `ru` or `en`.
        language: &'static str,
    },
    /// A template without its placeholder: every deal or employee would have the same name.
    #[error("{of} in `{language}` is `{template}`, without `{placeholder}`")]
    NoPlaceholder {
        /// The field.
        of: &'static str,
        /// `ru` or `en`.
        language: &'static str,
        /// The text.
        template: String,
        /// What it needs.
        placeholder: &'static str,
    },
    /// Two stages with one key.
    #[error("stage `{0}` stands twice in the file")]
    DuplicateStage(String),
    /// No stage at all, or none of a needed kind.
    #[error("the pipeline has no stage of kind `{0}`")]
    NoStageOfKind(&'static str),
    /// Deals are created in the first stage.
    #[error("the first stage, `{0}`, is not `open`: deals are created in it")]
    FirstStageClosed(String),
    /// No event leads to a stage.
    #[error("stage `{0}` is never entered: `entered_by` is empty")]
    NeverEntered(String),
    /// One event with two meanings.
    #[error("activity {trigger} is mapped twice: by {first} and by {second}")]
    MappedTwice {
        /// The activity.
        trigger: String,
        /// Its place in the file.
        first: String,
        /// The other place.
        second: String,
    },
    /// A currency that is none.
    #[error("currency `{0}` is not a code of three letters such as `EUR`")]
    BadCurrency(String),
    /// Software is nobody's head.
    #[error("resource `{0}` is a head and `software` at once")]
    SoftwareHead(String),
    /// A circle of heads.
    #[error("resource `{0}` is, over others, head of itself")]
    HeadOfItself(String),
}

/// Everything wrong with a mapping but double meanings, in the order of the file.
pub(super) fn problems(mapping: &Mapping) -> Vec<MappingProblem> {
    let mut problems = Vec::new();
    check_key("pipeline", &mapping.pipeline.key, &mut problems);
    check_titles("the pipeline", &mapping.pipeline.title, &mut problems);
    check_stages(mapping, &mut problems);
    for activity in &mapping.activities {
        check_titles(
            &format!("activity `{}`", activity.name),
            &activity.title,
            &mut problems,
        );
    }
    check_template("the title of a deal", &mapping.deal.title, "{id}", &mut problems);
    if let Some(amount) = &mapping.deal.amount
        && !(amount.currency.len() == 3 && amount.currency.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        problems.push(MappingProblem::BadCurrency(amount.currency.clone()));
    }
    check_template(
        "the name of an employee",
        &mapping.employees.name,
        "{resource}",
        &mut problems,
    );
    check_heads(mapping, &mut problems);
    problems
}

/// The problems as one sentence, or as a list when there are several.
pub(super) fn list(problems: &[MappingProblem]) -> String {
    if let [problem] = problems {
        return problem.to_string();
    }
    let mut text = format!("{} problems", problems.len());
    for problem in problems.iter().take(PROBLEMS_SHOWN_MAX) {
        text.push_str(&format!("\n  {problem}"));
    }
    text
}

fn check_stages(mapping: &Mapping, problems: &mut Vec<MappingProblem>) {
    let mut seen = HashSet::new();
    for stage in &mapping.stages {
        check_key("stage", &stage.key, problems);
        check_titles(&format!("stage `{}`", stage.key), &stage.title, problems);
        if !seen.insert(&stage.key) {
            problems.push(MappingProblem::DuplicateStage(stage.key.clone()));
        }
        if stage.entered_by.is_empty() {
            problems.push(MappingProblem::NeverEntered(stage.key.clone()));
        }
    }
    if let Some(first) = mapping.stages.first()
        && first.kind != StageKind::Open
    {
        problems.push(MappingProblem::FirstStageClosed(first.key.clone()));
    }
    for (kind, name) in [
        (StageKind::Open, "open"),
        (StageKind::Won, "won"),
        (StageKind::Lost, "lost"),
    ] {
        if !mapping.stages.iter().any(|stage| stage.kind == kind) {
            problems.push(MappingProblem::NoStageOfKind(name));
        }
    }
}

fn check_key(what: &'static str, key: &str, problems: &mut Vec<MappingProblem>) {
    let is_key_byte = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    if !(1..=64).contains(&key.len()) || !key.bytes().all(is_key_byte) {
        problems.push(MappingProblem::BadKey {
            what,
            key: key.to_owned(),
        });
    }
}

fn check_titles(of: &str, titles: &Titles, problems: &mut Vec<MappingProblem>) {
    for (language, text) in [("ru", &titles.ru), ("en", &titles.en)] {
        if text.trim().is_empty() {
            problems.push(MappingProblem::EmptyTitle {
                of: of.to_owned(),
                language,
            });
        }
    }
}

fn check_template(
    of: &'static str,
    titles: &Titles,
    placeholder: &'static str,
    problems: &mut Vec<MappingProblem>,
) {
    for (language, text) in [("ru", &titles.ru), ("en", &titles.en)] {
        if !text.contains(placeholder) {
            let template = text.clone();
            problems.push(MappingProblem::NoPlaceholder {
                of,
                language,
                template,
                placeholder,
            });
        }
    }
}

fn check_heads(mapping: &Mapping, problems: &mut Vec<MappingProblem>) {
    let employees = &mapping.employees;
    let heads: BTreeSet<_> = employees.head.iter().chain(employees.head_of.values()).collect();
    for head in heads {
        if employees.software.contains(head) {
            problems.push(MappingProblem::SoftwareHead(head.clone()));
        }
    }
    for resource in employees.head_of.keys() {
        let mut above = employees.head_for(resource);
        // A chain longer than the list of exceptions runs in a circle that another resource reports.
        for _ in 0..=employees.head_of.len() {
            if above == Some(resource) {
                problems.push(MappingProblem::HeadOfItself(resource.clone()));
                break;
            }
            above = above.and_then(|head| employees.head_for(head));
        }
    }
}
