//! Why a change of an automation does not happen.

use signalbox_crm::automation::{AutomationHead, AutomationId, Difference, EntryProblem, Refused};
use signalbox_crm::rejection::Rejection;

use crate::engine::draft::DraftError;

/// Problems that are told in one sentence; all are in the draft's view.
const TOLD_MAX: usize = 20;

/// Why a change of an automation does not happen.
#[derive(Debug, thiserror::Error)]
pub enum AutomationError {
    /// The draft has another version than the caller has seen.
    #[error("the draft of `{automation}` has version {present} by {by}, not {asked}")]
    StaleVersion {
        /// Whose draft.
        automation: AutomationId,
        /// What the caller has seen; 0: no draft.
        asked: i64,
        /// What there is; 0: no draft.
        present: i64,
        /// Who changed it last.
        by: String,
    },
    /// Others have changed what is in force since the draft began.
    #[error("{}", stale(*base_number, head.as_ref(), theirs))]
    StaleDraft {
        /// The version from which the draft began.
        base_number: i64,
        /// What is in force now.
        head: Option<AutomationHead>,
        /// What they have changed.
        theirs: Difference,
    },
    /// Entries that are wrong or unfinished.
    #[error("{}", told(problems))]
    Unfinished {
        /// All of them.
        problems: Vec<EntryProblem>,
    },
    /// A rule says no, the database cannot answer, or the commit did not happen.
    #[error(transparent)]
    Draft(#[from] DraftError),
}

impl From<Rejection> for AutomationError {
    fn from(rejection: Rejection) -> Self {
        AutomationError::Draft(rejection.into())
    }
}

impl From<Refused> for AutomationError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Stale {
                base_number,
                head,
                theirs,
            } => AutomationError::StaleDraft {
                base_number,
                head,
                theirs,
            },
            Refused::Unfinished(problems) => AutomationError::Unfinished { problems },
            Refused::Rule(rejection) => rejection.into(),
        }
    }
}

fn stale(base_number: i64, head: Option<&AutomationHead>, theirs: &Difference) -> String {
    let who = head.map(|head| format!("version {} by {} at {}", head.number, head.by, head.at));
    let what: Vec<&str> = theirs.entries.iter().map(|entry| entry.text.as_str()).collect();
    format!(
        "the draft began with version {base_number}, and {} is in force, which {}: rebase the draft to take it over",
        who.unwrap_or_else(|| "nothing".to_owned()),
        match what.is_empty() {
            true => "changes nothing that is left".to_owned(),
            false => some(&what),
        }
    )
}

fn told(problems: &[EntryProblem]) -> String {
    let sentence = |one: &EntryProblem| {
        let EntryProblem {
            entry,
            title,
            field,
            message,
        } = one;
        format!("`{title}` ({entry}), {field}: {}", message.english())
    };
    let sentences: Vec<String> = problems.iter().map(sentence).collect();
    let sentences: Vec<&str> = sentences.iter().map(String::as_str).collect();
    some(&sentences)
}

/// The first sentences, and how many more there are.
fn some(sentences: &[&str]) -> String {
    let first = &sentences[..sentences.len().min(TOLD_MAX)];
    match sentences.len() - first.len() {
        0 => first.join("; "),
        more => format!("{}; and {more} more", first.join("; ")),
    }
}
