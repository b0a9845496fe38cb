//! Counts over everything that robots did, for reports: each is one statement that reads whole tables.
//!
//! Rows come in no order: the two databases sort texts differently, and whoever shows them sorts them.

pub mod first;

use signalbox_crm::ids::{AttachmentId, EmployeeId, StageId};
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;

use crate::dialect::{Arg, Fields, Sql};
use crate::error::DbError;
use crate::open::Db;

/// A statement over the elements of a JSON array in each attempt: the table `e` with one column `value`.
///
/// Differs because the function that unfolds a JSON array has another name.
macro_rules! over_elements {
    ($select:expr, $column:literal, $rest:expr) => {
        Sql {
            sqlite: concat!(
                $select,
                "\nFROM attempt\nJOIN run ON run.id = attempt.run\nCROSS JOIN json_each(attempt.",
                $column,
                ") AS e\n",
                $rest
            ),
            postgres: concat!(
                $select,
                "\nFROM attempt\nJOIN run ON run.id = attempt.run\nCROSS JOIN jsonb_array_elements(CAST(attempt.",
                $column,
                " AS jsonb)) AS e (value)\n",
                $rest
            ),
        }
    };
}

const DEALS: &str = "SELECT item.stage, COUNT(*)
FROM item
GROUP BY item.stage";

const RUNS: &str = "SELECT run.attachment, run.state, COALESCE(run.reason, ''), COUNT(*)
FROM run
GROUP BY run.attachment, run.state, COALESCE(run.reason, '')";

const ATTEMPTS: &str = "SELECT run.attachment, attempt.verdict, COALESCE(attempt.code, ''), COUNT(*),
    CAST(SUM(attempt.duration_us) AS BIGINT)
FROM attempt
JOIN run ON run.id = attempt.run
GROUP BY run.attachment, attempt.verdict, COALESCE(attempt.code, '')";

/// What a change of an activity is called holds its id; the id is cut off, so that such changes are one kind.
const EFFECTS: Sql = over_elements!(
    "SELECT run.attachment, e.value ->> 'effect',
    CASE
        WHEN e.value ->> 'what' LIKE 'activity:%' THEN 'activity'
        ELSE COALESCE(e.value ->> 'what', '')
    END, COUNT(*)",
    "effects",
    "WHERE attempt.effects <> '[]'
GROUP BY 1, 2, 3"
);

const NOTIFIED: Sql = over_elements!(
    "SELECT run.attachment, e.value ->> 'employee', COUNT(*)",
    "effects",
    "WHERE attempt.effects LIKE '%\"notified\"%'
AND e.value ->> 'effect' = 'notified'
GROUP BY 1, 2"
);

const REFUSED_CALLS: Sql = over_elements!(
    "SELECT run.attachment, e.value ->> 'interface', e.value ->> 'function',
    e.value -> 'answer' -> 'err' ->> 'code', COUNT(*)",
    "calls",
    "WHERE attempt.calls LIKE '%\"err\"%'
AND e.value -> 'answer' -> 'err' ->> 'code' IS NOT NULL
GROUP BY 1, 2, 3, 4"
);

const NOTIFIED_BY_THE_HOST: &str = "SELECT notification.employee, COUNT(*)
FROM notification
WHERE notification.run IS NULL
GROUP BY notification.employee";

const CHANGES: &str = "SELECT history.what,
    CASE WHEN history.actor LIKE 'employee:%' THEN 'people' ELSE history.actor END, COUNT(*)
FROM history
WHERE history.what IN ('created', 'stage', 'assignee')
GROUP BY 1, 2";

const NOTES: &str = "SELECT timeline.text, COUNT(*)
FROM timeline
WHERE timeline.kind = $1
GROUP BY timeline.text";

/// Runs that waited, and then changed something.
const LATE_ACTS: &str =
    "SELECT run.attachment, COALESCE(run.timer_key, ''), COUNT(*), COUNT(DISTINCT run.item)
FROM attempt
JOIN run ON run.id = attempt.run
WHERE attempt.verdict = 'done'
AND attempt.effects <> '[]'
AND attempt.started_at > run.created_at
GROUP BY run.attachment, COALESCE(run.timer_key, '')";

const LAST_EVENT_AT: &str = "SELECT event.at
FROM event
ORDER BY event.id DESC
LIMIT 1";

const LAST_AVAILABLE_AT: &str = "SELECT MAX(run.due_at)
FROM run
WHERE run.state = 'available'";

/// How many items are in a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageCount {
    /// The stage.
    pub stage: StageId,
    /// Items in it.
    pub count: i64,
}

/// How many runs of an attachment are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCount {
    /// Whose.
    pub attachment: AttachmentId,
    /// Where they stand.
    pub state: RunState,
    /// Why, as stored; empty without a reason.
    pub reason: String,
    /// Runs.
    pub count: i64,
}

/// How many attempts of an attachment ended so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptCount {
    /// Whose.
    pub attachment: AttachmentId,
    /// `done`, `skipped` or `failed`.
    pub verdict: String,
    /// The code of a failure; empty without one.
    pub code: String,
    /// Attempts.
    pub count: i64,
    /// Time that they took, in microseconds: of the machine, not of the clock.
    pub duration_us: i64,
}

/// How often an attachment had an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectCount {
    /// Whose.
    pub attachment: AttachmentId,
    /// The kind, such as `changed`.
    pub effect: String,
    /// With `changed`: what was changed; `activity` for any change of an activity. Empty otherwise.
    pub what: String,
    /// Effects.
    pub count: i64,
}

/// How often an attachment notified somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifiedCount {
    /// Whose; none for what the host itself sends: reminders and deadlines that have passed.
    pub attachment: Option<AttachmentId>,
    /// Who was told.
    pub employee: EmployeeId,
    /// Notifications. The host's are counted as they are stored: a later one for the same activity replaces an unread.
    pub count: i64,
}

/// How often a call of an attachment was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCount {
    /// Whose.
    pub attachment: AttachmentId,
    /// The interface and the function, such as `stages.move`.
    pub call: String,
    /// The code of the refusal.
    pub code: String,
    /// Calls.
    pub count: i64,
}

/// How often people or a robot changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCount {
    /// `created`, `stage` or `assignee`.
    pub what: String,
    /// `people`, a robot, a channel or the system.
    pub by: String,
    /// Changes.
    pub count: i64,
}

/// How often an attachment acted after a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateCount {
    /// Whose.
    pub attachment: AttachmentId,
    /// The key of the robot's own wake-up; empty for an attachment with a delay.
    pub timer_key: String,
    /// Runs.
    pub count: i64,
    /// Different items.
    pub item_count: i64,
}

fn stage_count(fields: &mut Fields<'_>) -> Result<StageCount, DbError> {
    Ok(StageCount {
        stage: StageId(fields.int()?),
        count: fields.int()?,
    })
}

fn run_count(fields: &mut Fields<'_>) -> Result<RunCount, DbError> {
    Ok(RunCount {
        attachment: AttachmentId(fields.int()?),
        state: fields.word("run state")?,
        reason: fields.text()?,
        count: fields.int()?,
    })
}

fn attempt_count(fields: &mut Fields<'_>) -> Result<AttemptCount, DbError> {
    Ok(AttemptCount {
        attachment: AttachmentId(fields.int()?),
        verdict: fields.text()?,
        code: fields.text()?,
        count: fields.int()?,
        duration_us: fields.int()?,
    })
}

fn effect_count(fields: &mut Fields<'_>) -> Result<EffectCount, DbError> {
    Ok(EffectCount {
        attachment: AttachmentId(fields.int()?),
        effect: fields.text()?,
        what: fields.text()?,
        count: fields.int()?,
    })
}

fn notified_count(fields: &mut Fields<'_>) -> Result<NotifiedCount, DbError> {
    let attachment = Some(AttachmentId(fields.int()?));
    let employee = fields.text()?;
    Ok(NotifiedCount {
        attachment,
        employee: employee
            .parse()
            .map_err(|_| DbError::bad_row("employee", &employee))?,
        count: fields.int()?,
    })
}

fn notified_by_the_host(fields: &mut Fields<'_>) -> Result<NotifiedCount, DbError> {
    Ok(NotifiedCount {
        attachment: None,
        employee: EmployeeId(fields.int()?),
        count: fields.int()?,
    })
}

fn refused_count(fields: &mut Fields<'_>) -> Result<RefusedCount, DbError> {
    let attachment = AttachmentId(fields.int()?);
    let (interface, function) = (fields.text()?, fields.text()?);
    Ok(RefusedCount {
        attachment,
        call: format!("{interface}.{function}"),
        code: fields.text()?,
        count: fields.int()?,
    })
}

fn change_count(fields: &mut Fields<'_>) -> Result<ChangeCount, DbError> {
    Ok(ChangeCount {
        what: fields.text()?,
        by: fields.text()?,
        count: fields.int()?,
    })
}

fn note_count(fields: &mut Fields<'_>) -> Result<(String, i64), DbError> {
    Ok((fields.text()?, fields.int()?))
}

fn late_count(fields: &mut Fields<'_>) -> Result<LateCount, DbError> {
    Ok(LateCount {
        attachment: AttachmentId(fields.int()?),
        timer_key: fields.text()?,
        count: fields.int()?,
        item_count: fields.int()?,
    })
}

impl Db {
    async fn tally<T>(
        &self,
        sql: Sql,
        args: Vec<Arg>,
        read: fn(&mut Fields<'_>) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let text = if self.is_postgres() {
            sql.postgres
        } else {
            sql.sqlite
        };
        self.rows(text, args, read).await
    }

    /// Items by stage.
    ///
    /// # Errors
    /// `Unavailable`. Likewise below.
    pub async fn count_items_by_stage(&self) -> Result<Vec<StageCount>, DbError> {
        self.rows(DEALS, vec![], stage_count).await
    }

    /// Runs by attachment, state and reason.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_runs(&self) -> Result<Vec<RunCount>, DbError> {
        self.rows(RUNS, vec![], run_count).await
    }

    /// Attempts by attachment, verdict and code.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_attempts(&self) -> Result<Vec<AttemptCount>, DbError> {
        self.rows(ATTEMPTS, vec![], attempt_count).await
    }

    /// Effects by attachment and kind.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_effects(&self) -> Result<Vec<EffectCount>, DbError> {
        self.tally(EFFECTS, vec![], effect_count).await
    }

    /// Notifications by attachment and recipient, and those of the host itself.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_notified(&self) -> Result<Vec<NotifiedCount>, DbError> {
        let mut found = self.tally(NOTIFIED, vec![], notified_count).await?;
        found.extend(
            self.rows(NOTIFIED_BY_THE_HOST, vec![], notified_by_the_host)
                .await?,
        );
        Ok(found)
    }

    /// Refused calls by attachment, call and code.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_refused_calls(&self) -> Result<Vec<RefusedCount>, DbError> {
        self.tally(REFUSED_CALLS, vec![], refused_count).await
    }

    /// What was created, moved and assigned, and by whom.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_changes(&self) -> Result<Vec<ChangeCount>, DbError> {
        self.rows(CHANGES, vec![], change_count).await
    }

    /// Timeline entries of a kind, by their text.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_notes(&self, kind: &str) -> Result<Vec<(String, i64)>, DbError> {
        self.rows(NOTES, vec![kind.into()], note_count).await
    }

    /// Runs that started later than they were made and changed something, by attachment and wake-up. Also those that
    /// were tried again or waited for working time: the caller knows which attachments watch the time.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_late_acts(&self) -> Result<Vec<LateCount>, DbError> {
        self.rows(LATE_ACTS, vec![], late_count).await
    }

    /// An instant that is not before any commit, as far as events and runs that may start can tell: where a virtual
    /// clock goes on.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn last_instant(&self) -> Result<Option<Timestamp>, DbError> {
        let event = self.row(LAST_EVENT_AT, vec![], |fields| fields.instant()).await?;
        let run = self
            .row(LAST_AVAILABLE_AT, vec![], |fields| fields.maybe_instant())
            .await?;
        Ok(event.max(run.flatten()))
    }
}
