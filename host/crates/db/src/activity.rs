//! Activities.

use signalbox_crm::activity::{Activity, ActivityState};
use signalbox_crm::ids::{ActivityId, EmployeeId};
use signalbox_crm::time::Timestamp;

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

const ROW_BYTES: usize = 240;

const INSERT: Sql = over_rows!(
    "INSERT INTO activity (
    id, item, item_kind, kind, title, description, deadline_at, duration_s, assignee, reminders_min,
    state, created_at, finished_at, version
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), r.value ->> 2, r.value ->> 3,
    r.value ->> 4, r.value ->> 5, CAST(r.value ->> 6 AS BIGINT), CAST(r.value ->> 7 AS BIGINT),
    CAST(r.value ->> 8 AS BIGINT), r.value ->> 9, r.value ->> 10, CAST(r.value ->> 11 AS BIGINT),
    CAST(r.value ->> 12 AS BIGINT), CAST(r.value ->> 13 AS BIGINT)",
    ""
);

const UPDATE: Sql = over_rows!(
    "UPDATE activity
SET
    item = CAST(r.value ->> 1 AS BIGINT), item_kind = r.value ->> 2, kind = r.value ->> 3,
    title = r.value ->> 4, description = r.value ->> 5, deadline_at = CAST(r.value ->> 6 AS BIGINT),
    duration_s = CAST(r.value ->> 7 AS BIGINT), assignee = CAST(r.value ->> 8 AS BIGINT),
    reminders_min = r.value ->> 9, state = r.value ->> 10, created_at = CAST(r.value ->> 11 AS BIGINT),
    finished_at = CAST(r.value ->> 12 AS BIGINT), version = CAST(r.value ->> 13 AS BIGINT)",
    "WHERE activity.id = CAST(r.value ->> 0 AS BIGINT)
AND activity.version = CAST(r.value ->> 14 AS BIGINT)"
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str = "SELECT activity.id, activity.item, activity.item_kind, activity.kind, activity.title, activity.description,
    activity.deadline_at, activity.duration_s, activity.assignee, activity.reminders_min,
    activity.state, activity.created_at, activity.finished_at, activity.version
FROM activity";

fn read(fields: &mut Fields<'_>) -> Result<Activity, DbError> {
    Ok(Activity {
        id: ActivityId(fields.int()?),
        item: fields.item()?,
        kind: fields.word("activity kind")?,
        title: fields.text()?,
        description: fields.text()?,
        deadline_at: fields.instant()?,
        duration_s: fields.maybe_count()?,
        assignee: fields.maybe_int()?.map(EmployeeId),
        reminders_min: fields.json("reminders")?,
        state: fields.word("activity state")?,
        created_at: fields.instant()?,
        finished_at: fields.maybe_instant()?,
        version: fields.int()?,
    })
}

fn write<'r>(rows: &'r mut Rows, activity: &Activity) -> &'r mut Rows {
    rows.row()
        .int(activity.id.0)
        .item(activity.item)
        .word(activity.kind.as_str())
        .text(&activity.title)
        .text(&activity.description)
        .instant(activity.deadline_at)
        .maybe_int(activity.duration_s.map(i64::from))
        .maybe_int(activity.assignee.map(|id| id.0))
        .json_of(&activity.reminders_min)
        .word(activity.state.as_str())
        .instant(activity.created_at)
        .maybe_instant(activity.finished_at)
        .int(activity.version)
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.activities.is_empty() {
        let mut rows = Rows::with_capacity(batch.activities.len(), ROW_BYTES);
        for (base, activity) in &batch.activities {
            write(&mut rows, activity).int(*base);
        }
        steps.push(Step::of_each(UPDATE, rows, "activity"));
    }
    if !batch.activities_new.is_empty() {
        let mut rows = Rows::with_capacity(batch.activities_new.len(), ROW_BYTES);
        for activity in &batch.activities_new {
            write(&mut rows, activity);
        }
        steps.push(Step::of_each(INSERT, rows, "activity"));
    }
}

/// Which activities a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Who.
    pub assignee: Option<EmployeeId>,
    /// The item's number.
    pub item: Option<i64>,
    /// Where they stand.
    pub state: Option<ActivityState>,
    /// The deadline is not before this.
    pub deadline_from: Option<Timestamp>,
    /// The deadline is before this.
    pub deadline_until: Option<Timestamp>,
}

impl ActivityFilter {
    fn conditions(&self) -> Filter {
        let mut filter = Filter::default();
        filter
            .maybe("activity.assignee = ?", self.assignee.map(|id| id.0))
            .maybe("activity.item = ?", self.item)
            .maybe("activity.deadline_at >= ?", self.deadline_from)
            .maybe("activity.deadline_at < ?", self.deadline_until);
        // As literals, so that the partial index serves them.
        match self.state {
            Some(ActivityState::Open) => filter.and("activity.state = 'open'", []),
            Some(ActivityState::Completed) => filter.and("activity.state = 'completed'", []),
            Some(ActivityState::Cancelled) => filter.and("activity.state = 'cancelled'", []),
            None => &mut filter,
        };
        filter
    }
}

impl Db {
    /// The activity.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn activity(&self, id: ActivityId) -> Result<Option<Activity>, DbError> {
        Ok(self.activities_by_id(&[id]).await?.pop())
    }

    /// The activities with these ids, in no order; unknown ids are left out.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn activities_by_id(&self, ids: &[ActivityId]) -> Result<Vec<Activity>, DbError> {
        let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let sql = self.one_of(SELECT, "activity.id");
        self.rows(sql, vec![Arg::ids(&numbers)], read).await
    }

    /// The open activities of an item, next deadline first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn open_activities(&self, item: i64, limit: u32) -> Result<Vec<Activity>, DbError> {
        let filter = ActivityFilter {
            item: Some(item),
            state: Some(ActivityState::Open),
            ..ActivityFilter::default()
        };
        self.activities(&filter, None, limit).await
    }

    /// A page of activities, next deadline first; `after` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn activities(
        &self,
        filter: &ActivityFilter,
        after: Option<(Timestamp, ActivityId)>,
        limit: u32,
    ) -> Result<Vec<Activity>, DbError> {
        let mut filter = filter.conditions();
        if let Some((deadline_at, id)) = after {
            filter.and(
                "(activity.deadline_at, activity.id) > (?, ?)",
                [deadline_at.into(), id.0.into()],
            );
        }
        let (sql, args) = filter.page(SELECT, "ORDER BY activity.deadline_at, activity.id", limit);
        self.rows(sql, args, read).await
    }
}
