//! The rows of a report.

use std::collections::BTreeMap;

use serde::Serialize;
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::time::Timestamp;
use signalbox_db::tally::first::Trouble;

/// Deals in a stage.
#[derive(Debug, Clone, Serialize)]
pub struct StageRow {
    /// The stage's key.
    pub stage: String,
    /// Deals.
    pub count: i64,
}

/// What people or a robot changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ChangeRow {
    /// `created`, `stage` or `assignee`.
    pub what: String,
    /// `people`, a robot, or the system.
    pub by: String,
    /// Changes.
    pub count: i64,
}

/// Steps of the history that met something else than there was.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryRow {
    /// What they met.
    pub kind: String,
    /// Steps.
    pub count: i64,
    /// What was to be done, and why it was not.
    pub by_text: BTreeMap<String, i64>,
    /// The first few.
    pub first: Vec<DealLine>,
}

/// One deal under a count.
#[derive(Debug, Clone, Serialize)]
pub struct DealLine {
    /// Its title.
    pub deal: String,
    /// When.
    pub at: Timestamp,
    /// When the wait began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// More words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The runs of an attachment.
#[derive(Debug, Clone, Serialize)]
pub struct AttachmentRuns {
    /// The attachment's title.
    pub attachment: String,
    /// Its robot.
    pub robot: String,
    /// Runs.
    pub count: i64,
    /// Times that the robot was executed, or failed before it could be.
    pub attempt_count: i64,
    /// How they ended, or what they wait for.
    pub ended: BTreeMap<String, i64>,
}

/// What the runs of an attachment changed.
#[derive(Debug, Clone, Serialize)]
pub struct EffectRow {
    /// The attachment's title.
    pub attachment: String,
    /// The effect.
    pub effect: String,
    /// Effects.
    pub count: i64,
}

/// Calls that a rule refused.
#[derive(Debug, Clone, Serialize)]
pub struct RefusalRow {
    /// The attachment's title.
    pub attachment: String,
    /// Interface and function.
    pub call: String,
    /// The code of the refusal.
    pub code: String,
    /// Calls.
    pub count: i64,
}

/// How often somebody was notified.
#[derive(Debug, Clone, Serialize)]
pub struct NotifiedRow {
    /// The attachment's title; none for reminders and passed deadlines, which the host itself sends.
    pub attachment: Option<String>,
    /// The person's name.
    pub employee: String,
    /// Notifications.
    pub count: i64,
}

/// Deals on which an attachment acted because time had passed.
#[derive(Debug, Clone, Serialize)]
pub struct EscalationRow {
    /// The attachment's title.
    pub attachment: String,
    /// Which of the robot's wake-ups; none for an attachment with a delay.
    pub step: Option<String>,
    /// Runs.
    pub run_count: i64,
    /// Different deals.
    pub deal_count: i64,
    /// The first few.
    pub first: Vec<DealLine>,
}

/// A run that failed or was stopped.
#[derive(Debug, Clone, Serialize)]
pub struct TroubleRow {
    /// The attachment's title.
    pub attachment: String,
    /// The deal's title.
    pub deal: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The code of the failure, or the reason.
    pub code: String,
    /// More words.
    pub message: String,
}

pub(super) fn troubles(found: Vec<Trouble>, name: impl Fn(AttachmentId) -> String) -> Vec<TroubleRow> {
    let row = |trouble: Trouble| TroubleRow {
        attachment: name(trouble.attachment),
        deal: trouble.item,
        at: trouble.at,
        code: trouble.code,
        message: without_numbers(&trouble.message),
    };
    found.into_iter().map(row).collect()
}

/// A text without the numbers of ids, which a session that was killed may have skipped: `deal:17` becomes `deal`.
pub(super) fn without_numbers(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(' ') {
        let end = word.trim_end_matches([',', '.', ';', ':', ')', '`']);
        let id = end
            .split_once(':')
            .filter(|(_, number)| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()));
        match id {
            Some((kind, _)) => words.push(format!("{kind}{}", &word[end.len()..])),
            None => words.push(word.to_owned()),
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::without_numbers;

    #[test]
    fn ids_lose_their_numbers_and_other_words_stay() {
        for (text, expected) in [
            (
                "nobody in the list can take deal:17",
                "nobody in the list can take deal",
            ),
            ("(deal:17), at 10:30:00", "(deal), at 10:30:00"),
            (
                "`stage:3` of 2012-01-01T10:00:00Z",
                "`stage` of 2012-01-01T10:00:00Z",
            ),
            ("a: b", "a: b"),
        ] {
            assert_eq!(without_numbers(text), expected);
        }
    }
}
