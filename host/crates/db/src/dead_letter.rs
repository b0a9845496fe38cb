//! Dead letters: runs that failed for good, as those see them who want them repeated.

use signalbox_crm::ids::{AttachmentId, ItemId, RunId};
use signalbox_crm::run::{Reason, RunState};
use signalbox_crm::time::Timestamp;

use crate::dialect::Fields;
use crate::error::DbError;
use crate::open::Db;
use crate::run::RunFilter;

/// The columns in the order in which [`read`] takes them: a run, and the code of its last attempt.
const SELECT: &str =
    "SELECT run.id, run.attachment, run.item, run.item_kind, run.state, run.reason, attempt.code, run.finished_at
FROM run
LEFT JOIN attempt ON attempt.run = run.id AND attempt.number = run.attempt_count";

/// A run that failed for good, or was cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The run.
    pub run: RunId,
    /// What it would execute.
    pub attachment: AttachmentId,
    /// The item that it is about.
    pub item: Option<ItemId>,
    /// Where it stands.
    pub state: RunState,
    /// Why.
    pub reason: Option<Reason>,
    /// The failure of its last attempt; none when it was never executed.
    pub code: Option<String>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// Dead letters that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadGroup {
    /// What they would execute.
    pub attachment: AttachmentId,
    /// Why they ended.
    pub reason: Option<Reason>,
    /// The failure of their last attempts.
    pub code: Option<String>,
    /// How many there are.
    pub count: i64,
}

fn read(fields: &mut Fields<'_>) -> Result<DeadLetter, DbError> {
    Ok(DeadLetter {
        run: RunId(fields.int()?),
        attachment: AttachmentId(fields.int()?),
        item: fields.maybe_item()?,
        state: fields.word("run state")?,
        reason: fields.maybe_word("reason")?,
        code: fields.maybe_text()?,
        finished_at: fields.maybe_instant()?,
    })
}

fn read_group(fields: &mut Fields<'_>) -> Result<DeadGroup, DbError> {
    Ok(DeadGroup {
        attachment: AttachmentId(fields.int()?),
        reason: fields.maybe_word("reason")?,
        code: fields.maybe_text()?,
        count: fields.int()?,
    })
}

impl Db {
    /// A page of the runs that fit the filter, in the order in which they were made; `after` is the last of the page
    /// before it. The caller names a final state in the filter.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn dead_letters(
        &self,
        filter: &RunFilter,
        after: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, DbError> {
        let mut filter = filter.conditions();
        filter.maybe("run.id > ?", after.map(|id| id.0));
        let (sql, args) = filter.page(SELECT, "ORDER BY run.id", limit);
        self.rows(sql, args, read).await
    }

    /// The runs that fit the filter, counted by attachment, reason and failure, most first. At most `max` runs are
    /// counted: their sum says whether there may be more.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn dead_groups(&self, filter: &RunFilter, max: u32) -> Result<Vec<DeadGroup>, DbError> {
        let (found, args) = filter.conditions().page(SELECT, "", max);
        let sql = format!(
            "SELECT found.attachment, found.reason, found.code, COUNT(*)
FROM (
{found}
) AS found
GROUP BY found.attachment, found.reason, found.code
ORDER BY COUNT(*) DESC, found.attachment, found.reason, found.code"
        );
        self.rows(sql, args, read_group).await
    }
}
