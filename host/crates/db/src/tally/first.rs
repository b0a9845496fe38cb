//! The first few rows behind a count, with the title of the item: what people want to look at.

use signalbox_crm::ids::AttachmentId;
use signalbox_crm::time::Timestamp;

use crate::dialect::Fields;
use crate::error::DbError;
use crate::open::Db;

const LATE_ACTS: &str = "SELECT run.attachment, item.title, attempt.started_at, run.created_at
FROM attempt
JOIN run ON run.id = attempt.run
LEFT JOIN item ON item.id = run.item
WHERE attempt.verdict = 'done'
AND attempt.effects <> '[]'
AND attempt.started_at > run.created_at
AND run.attachment = $1
AND COALESCE(run.timer_key, '') = $2
ORDER BY run.id, attempt.number
LIMIT $3";

const FAILURES: &str =
    "SELECT run.attachment, item.title, attempt.started_at, COALESCE(attempt.code, ''), attempt.message
FROM attempt
JOIN run ON run.id = attempt.run
LEFT JOIN item ON item.id = run.item
WHERE attempt.verdict = 'failed'
ORDER BY run.id, attempt.number
LIMIT $1";

const LOOP_STOPS: &str =
    "SELECT run.attachment, item.title, run.created_at, COALESCE(run.reason, ''), COALESCE(run.detail, '')
FROM run
LEFT JOIN item ON item.id = run.item
WHERE run.state = 'discarded'
AND run.reason = 'loop-stopped'
ORDER BY run.id
LIMIT $1";

const NOTES: &str = "SELECT item.title, timeline.at, timeline.text
FROM timeline
LEFT JOIN item ON item.id = timeline.item
WHERE timeline.kind = $1
ORDER BY timeline.id
LIMIT $2";

/// A run that acted after a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateAct {
    /// Whose.
    pub attachment: AttachmentId,
    /// The title of its item.
    pub item: Option<String>,
    /// When it acted.
    pub at: Timestamp,
    /// When it began to wait.
    pub since: Timestamp,
}

/// A run that failed, or was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Whose.
    pub attachment: AttachmentId,
    /// The title of its item.
    pub item: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The code of the failure, or the reason of the run.
    pub code: String,
    /// More words.
    pub message: String,
}

/// An entry of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteLine {
    /// The title of its item.
    pub item: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The words.
    pub text: String,
}

fn late_act(fields: &mut Fields<'_>) -> Result<LateAct, DbError> {
    Ok(LateAct {
        attachment: AttachmentId(fields.int()?),
        item: fields.maybe_text()?,
        at: fields.instant()?,
        since: fields.instant()?,
    })
}

fn trouble(fields: &mut Fields<'_>) -> Result<Trouble, DbError> {
    Ok(Trouble {
        attachment: AttachmentId(fields.int()?),
        item: fields.maybe_text()?,
        at: fields.instant()?,
        code: fields.text()?,
        message: fields.text()?,
    })
}

fn note_line(fields: &mut Fields<'_>) -> Result<NoteLine, DbError> {
    Ok(NoteLine {
        item: fields.maybe_text()?,
        at: fields.instant()?,
        text: fields.text()?,
    })
}

impl Db {
    /// The first runs of an attachment that acted after a wait; see `count_late_acts`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn first_late_acts(
        &self,
        attachment: AttachmentId,
        timer_key: &str,
        limit: u32,
    ) -> Result<Vec<LateAct>, DbError> {
        let args = vec![attachment.0.into(), timer_key.into(), limit.into()];
        self.rows(LATE_ACTS, args, late_act).await
    }

    /// The first attempts that failed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn first_failures(&self, limit: u32) -> Result<Vec<Trouble>, DbError> {
        self.rows(FAILURES, vec![limit.into()], trouble).await
    }

    /// The first runs that were stopped because robots started each other.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn first_loop_stops(&self, limit: u32) -> Result<Vec<Trouble>, DbError> {
        self.rows(LOOP_STOPS, vec![limit.into()], trouble).await
    }

    /// The first timeline entries of a kind.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn first_notes(&self, kind: &str, limit: u32) -> Result<Vec<NoteLine>, DbError> {
        self.rows(NOTES, vec![kind.into(), limit.into()], note_line).await
    }
}
