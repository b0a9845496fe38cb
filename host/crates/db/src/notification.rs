//! Notifications of employees.

use std::collections::HashSet;

use signalbox_crm::ids::{EmployeeId, NotificationId, RunId};
use signalbox_crm::notification::Notification;

use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::Filter;
use crate::open::Db;

const ROW_BYTES: usize = 240;

/// A new one takes the place of the unread one with the same tag, its id included, so that it is newest again.
const INSERT: Sql = over_rows!(
    "INSERT INTO notification (
    id, employee, title, text, item, item_kind, tag, run, created_at, read_at
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), CAST(r.value ->> 1 AS BIGINT), r.value ->> 2, r.value ->> 3,
    CAST(r.value ->> 4 AS BIGINT), r.value ->> 5, r.value ->> 6, CAST(r.value ->> 7 AS BIGINT),
    CAST(r.value ->> 8 AS BIGINT), CAST(r.value ->> 9 AS BIGINT)",
    "WHERE true
ON CONFLICT (employee, tag) WHERE read_at IS NULL AND tag IS NOT NULL
DO UPDATE SET
    id = excluded.id, title = excluded.title, text = excluded.text, item = excluded.item,
    item_kind = excluded.item_kind, run = excluded.run, created_at = excluded.created_at"
);

const MARK_READ: Sql = over_rows!(
    "UPDATE notification
SET read_at = CAST(r.value ->> 1 AS BIGINT)",
    "WHERE notification.id = CAST(r.value ->> 0 AS BIGINT)
AND notification.read_at IS NULL"
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str =
    "SELECT notification.id, notification.employee, notification.title, notification.text, notification.item,
    notification.item_kind, notification.tag, notification.run, notification.created_at,
    notification.read_at
FROM notification";

fn read(fields: &mut Fields<'_>) -> Result<Notification, DbError> {
    Ok(Notification {
        id: NotificationId(fields.int()?),
        employee: EmployeeId(fields.int()?),
        title: fields.text()?,
        text: fields.text()?,
        item: fields.maybe_item()?,
        tag: fields.maybe_text()?,
        run: fields.maybe_int()?.map(RunId),
        created_at: fields.instant()?,
        read_at: fields.maybe_instant()?,
    })
}

fn write(rows: &mut Rows, notification: &Notification) {
    rows.row()
        .int(notification.id.0)
        .int(notification.employee.0)
        .text(&notification.title)
        .text(&notification.text)
        .maybe_item(notification.item)
        .maybe_text(notification.tag.as_deref())
        .maybe_int(notification.run.map(|id| id.0))
        .instant(notification.created_at)
        .maybe_instant(notification.read_at);
}

/// Of several with the same tag for the same employee only the last is stored.
fn last_of_each_tag(notifications: &[Notification]) -> Vec<&Notification> {
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(notifications.len());
    for notification in notifications.iter().rev() {
        let tag = notification.tag.as_deref();
        if tag.is_none_or(|tag| seen.insert((notification.employee, tag))) {
            kept.push(notification);
        }
    }
    kept.reverse();
    kept
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.notifications_read.is_empty() {
        let mut rows = Rows::with_capacity(batch.notifications_read.len(), 32);
        for (id, _, at) in &batch.notifications_read {
            rows.row().int(id.0).instant(*at);
        }
        steps.push(Step::of_rows(MARK_READ, rows));
    }
    if !batch.notifications.is_empty() {
        let mut rows = Rows::with_capacity(batch.notifications.len(), ROW_BYTES);
        for notification in last_of_each_tag(&batch.notifications) {
            write(&mut rows, notification);
        }
        steps.push(Step::of_each(INSERT, rows, "notification"));
    }
}

impl Db {
    /// The notification.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn notification(&self, id: NotificationId) -> Result<Option<Notification>, DbError> {
        let mut filter = Filter::default();
        filter.and("notification.id = ?", [id.0.into()]);
        let (sql, args) = filter.page(SELECT, "", 1);
        self.row(sql, args, read).await
    }

    /// A page of an employee's notifications, newest first; `before` is the last of the page before it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn notifications(
        &self,
        employee: EmployeeId,
        unread_only: bool,
        before: Option<NotificationId>,
        limit: u32,
    ) -> Result<Vec<Notification>, DbError> {
        let mut filter = Filter::default();
        filter
            .and("notification.employee = ?", [employee.0.into()])
            .maybe("notification.id < ?", before.map(|id| id.0));
        if unread_only {
            filter.and("notification.read_at IS NULL", []);
        }
        let (sql, args) = filter.page(SELECT, "ORDER BY notification.id DESC", limit);
        self.rows(sql, args, read).await
    }

    /// How many notifications the employee has not read.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn unread_count(&self, employee: EmployeeId) -> Result<i64, DbError> {
        let mut filter = Filter::default();
        filter.and(
            "notification.employee = ? AND notification.read_at IS NULL",
            [employee.0.into()],
        );
        let (sql, args) = filter.page("SELECT COUNT(*)\nFROM notification", "", 1);
        Ok(self.row(sql, args, |fields| fields.int()).await?.unwrap_or(0))
    }
}
