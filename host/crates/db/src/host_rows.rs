//! Small tables of the host itself: marks, turns, schedules, values, repeated answers.

use std::collections::BTreeMap;

use signalbox_crm::ids::{AttachmentId, EmployeeId};

use crate::batch::{Batch, IdempotencyRow, ScheduleMove, ScheduleRow, Turn};
use crate::commit::Step;
use crate::dialect::{Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

/// The key of the directory's version in `meta`.
pub(crate) const DIRECTORY_VERSION: &str = "directory-version";
/// The key of the installation's id in `meta`: see [`signalbox_crm::directory::Directory`].
pub const INSTALLATION: &str = "installation";

const PUT_META: Sql = over_rows!(
    "INSERT INTO meta (
    key, value
)
SELECT
    r.value ->> 0, r.value ->> 1",
    "WHERE true
ON CONFLICT (key) DO UPDATE SET value = excluded.value"
);

const PUT_ID_MARK: Sql = over_rows!(
    "INSERT INTO id_mark (
    kind, high
)
SELECT
    r.value ->> 0, CAST(r.value ->> 1 AS BIGINT)",
    "WHERE true
ON CONFLICT (kind) DO UPDATE SET high = excluded.high
WHERE id_mark.high < excluded.high"
);

const PUT_TURN: Sql = over_rows!(
    "INSERT INTO turn (
    attachment, employee, seq
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), CAST(r.value ->> 2 AS BIGINT)",
    "WHERE true
ON CONFLICT (attachment, employee) DO UPDATE SET seq = excluded.seq"
);

/// Two hosts that begin with a new schedule: the second is a conflict.
const ADD_SCHEDULE: Sql = over_rows!(
    "INSERT INTO schedule (
    attachment, version, next_at
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), CAST(r.value ->> 2 AS BIGINT)",
    "WHERE true
ON CONFLICT (attachment) DO NOTHING"
);

/// Columns: attachment, version, next tick, the tick that it must stand at.
const MOVE_SCHEDULE: Sql = over_rows!(
    "UPDATE schedule
SET
    version = CAST(r.value ->> 1 AS BIGINT), next_at = CAST(r.value ->> 2 AS BIGINT)",
    "WHERE schedule.attachment = CAST(r.value ->> 0 AS BIGINT)
AND schedule.next_at = CAST(r.value ->> 3 AS BIGINT)"
);

/// Columns: attachment, the tick that it must stand at.
const DELETE_SCHEDULE: Sql = over_rows!(
    "DELETE FROM schedule
WHERE (attachment, next_at) IN (
    SELECT CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT)",
    ")"
);

/// Two requests with one key at the same time: the second is a conflict.
const ADD_IDEMPOTENCY: Sql = over_rows!(
    "INSERT INTO idempotency (
    key, fingerprint, status, body, at
)
SELECT
    r.value ->> 0, r.value ->> 1, CAST(r.value ->> 2 AS BIGINT), r.value ->> 3,
    CAST(r.value ->> 4 AS BIGINT)",
    "WHERE true
ON CONFLICT (key) DO NOTHING"
);

const SELECT_IDEMPOTENCY: &str =
    "SELECT idempotency.key, idempotency.fingerprint, idempotency.status, idempotency.body, idempotency.at
FROM idempotency";

pub(crate) fn put_meta<'t>(values: impl IntoIterator<Item = (&'t str, &'t str)>) -> Step {
    let mut rows = Rows::with_capacity(1, 64);
    for (key, value) in values {
        rows.row().text(key).text(value);
    }
    Step::of_rows(PUT_META, rows)
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.id_marks.is_empty() {
        let mut rows = Rows::with_capacity(batch.id_marks.len(), 32);
        for (kind, high) in &batch.id_marks {
            rows.row().text(kind).int(*high);
        }
        steps.push(Step::of_rows(PUT_ID_MARK, rows));
    }
    if !batch.turns.is_empty() {
        let mut rows = Rows::with_capacity(batch.turns.len(), 48);
        for turn in &batch.turns {
            rows.row()
                .int(turn.attachment.0)
                .int(turn.employee.0)
                .int(turn.seq);
        }
        steps.push(Step::of_rows(PUT_TURN, rows));
    }
    schedules(batch, steps);
    if !batch.meta.is_empty() {
        steps.push(put_meta(
            batch
                .meta
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        ));
    }
    if !batch.idempotency.is_empty() {
        let mut rows = Rows::with_capacity(batch.idempotency.len(), 256);
        for row in &batch.idempotency {
            rows.row()
                .text(&row.key)
                .text(&row.fingerprint)
                .int(i64::from(row.status))
                .text(&row.body)
                .instant(row.at);
        }
        steps.push(Step::of_each(ADD_IDEMPOTENCY, rows, "idempotency"));
    }
}

fn schedules(batch: &Batch, steps: &mut Vec<Step>) {
    let mut add = Rows::with_capacity(batch.schedules.len(), 48);
    let mut go_on = Rows::with_capacity(batch.schedules.len(), 64);
    let mut delete = Rows::with_capacity(batch.schedules.len(), 32);
    for schedule in &batch.schedules {
        let ScheduleMove {
            attachment, version, ..
        } = schedule;
        match (schedule.was, schedule.next_at) {
            (None, Some(next_at)) => add.row().int(attachment.0).int(*version).instant(next_at),
            (Some(was), Some(next_at)) => go_on
                .row()
                .int(attachment.0)
                .int(*version)
                .instant(next_at)
                .instant(was),
            (Some(was), None) => delete.row().int(attachment.0).instant(was),
            (None, None) => continue,
        };
    }
    for (sql, rows) in [
        (DELETE_SCHEDULE, delete),
        (MOVE_SCHEDULE, go_on),
        (ADD_SCHEDULE, add),
    ] {
        if rows.count() > 0 {
            steps.push(Step::of_each(sql, rows, "schedule"));
        }
    }
}

fn read_mark(fields: &mut Fields<'_>) -> Result<(String, i64), DbError> {
    Ok((fields.text()?, fields.int()?))
}

fn read_turn(fields: &mut Fields<'_>) -> Result<Turn, DbError> {
    Ok(Turn {
        attachment: AttachmentId(fields.int()?),
        employee: EmployeeId(fields.int()?),
        seq: fields.int()?,
    })
}

fn read_schedule(fields: &mut Fields<'_>) -> Result<ScheduleRow, DbError> {
    Ok(ScheduleRow {
        attachment: AttachmentId(fields.int()?),
        version: fields.int()?,
        next_at: fields.instant()?,
    })
}

fn read_idempotency(fields: &mut Fields<'_>) -> Result<IdempotencyRow, DbError> {
    let key = fields.text()?;
    let fingerprint = fields.text()?;
    let status = fields.int()?;
    Ok(IdempotencyRow {
        key,
        fingerprint,
        status: u16::try_from(status).map_err(|_| DbError::bad_row("status", &status.to_string()))?,
        body: fields.text()?,
        at: fields.instant()?,
    })
}

impl Db {
    /// The highest number given out, by kind of id.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn load_id_marks(&self) -> Result<BTreeMap<String, i64>, DbError> {
        let marks = self
            .rows("SELECT kind, high FROM id_mark", vec![], read_mark)
            .await?;
        Ok(marks.into_iter().collect())
    }

    /// The last turns of people in queues.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn load_turns(&self) -> Result<Vec<Turn>, DbError> {
        let sql = "SELECT attachment, employee, seq FROM turn ORDER BY attachment, employee";
        self.rows(sql, vec![], read_turn).await
    }

    /// The next ticks of schedules, next one first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn load_schedules(&self) -> Result<Vec<ScheduleRow>, DbError> {
        let sql = "SELECT attachment, version, next_at FROM schedule ORDER BY next_at, attachment";
        self.rows(sql, vec![], read_schedule).await
    }

    /// A value of the host itself.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn meta(&self, key: &str) -> Result<Option<String>, DbError> {
        self.row(
            "SELECT value FROM meta WHERE key = $1",
            vec![key.into()],
            |fields| fields.text(),
        )
        .await
    }

    /// The values of the host itself whose keys begin so, by key.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn metas(&self, prefix: &str) -> Result<BTreeMap<String, String>, DbError> {
        let sql = "SELECT key, value FROM meta WHERE substr(key, 1, length($1)) = $1";
        let read = |fields: &mut Fields<'_>| Ok((fields.text()?, fields.text()?));
        let found = self.rows(sql, vec![prefix.into()], read).await?;
        Ok(found.into_iter().collect())
    }

    /// The answer that was given to the request with this key.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn idempotency(&self, key: &str) -> Result<Option<IdempotencyRow>, DbError> {
        let mut filter = Filter::default();
        filter.and("idempotency.key = ?", [key.into()]);
        let (sql, args) = filter.page(SELECT_IDEMPOTENCY, "", 1);
        self.row(sql, args, read_idempotency).await
    }
}
