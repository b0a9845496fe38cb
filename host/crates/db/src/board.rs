//! What a board shows beside its cards: counts and sums of columns, and what waits for the items of a page.

use signalbox_crm::ids::{AttachmentId, StageId};
use signalbox_crm::run::RunState;
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::Money;

use crate::dialect::{Arg, Fields};
use crate::error::DbError;
use crate::filter::Filter;
use crate::item::ItemFilter;
use crate::open::Db;

/// The sum in two parts, which no number of items makes too large for 64 bits: amounts go up to 2 to the 53rd.
const COLUMNS: &str = "SELECT item.stage, item.currency, COUNT(*),
    CAST(SUM(item.amount_hundredths / 65536) AS BIGINT), CAST(SUM(item.amount_hundredths % 65536) AS BIGINT)
FROM item";

/// The next deadline of each item that has one.
const NEXT: &str = "SELECT item.stage, MIN(activity.deadline_at)
FROM item
JOIN activity ON activity.item = item.id";

const NEXT_OF: &str = "SELECT activity.item, COUNT(*), MIN(activity.deadline_at)
FROM activity";

const WAITING_OF: &str = "SELECT run.item, run.attachment, run.state, run.due_at
FROM run";

const TALKING_OF: &str = "SELECT conversation.item, MIN(conversation.last_inbound_at)
FROM conversation";

/// Items of a stage in one currency, or without an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSum {
    /// The stage.
    pub stage: StageId,
    /// Items.
    pub count: i64,
    /// Their amounts together, at most 64 bits of hundredths; none for those without one.
    pub sum: Option<Money>,
}

/// How the items of a stage stand with their next activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueCount {
    /// The stage.
    pub stage: StageId,
    /// When the next activity of each item is due.
    pub due: Due,
    /// Items.
    pub count: i64,
}

/// When something is due, as boards show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// The deadline has passed.
    Overdue,
    /// Later today.
    Today,
    /// After today.
    Planned,
}

/// The open activities of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemDue {
    /// The item's number.
    pub item: i64,
    /// Open activities.
    pub count: i64,
    /// The next deadline.
    pub next_at: Timestamp,
}

/// A run that waits for its time, or is about to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemWaits {
    /// The item's number.
    pub item: i64,
    /// What will run.
    pub attachment: AttachmentId,
    /// Where it stands.
    pub state: RunState,
    /// When, where that is known.
    pub due_at: Option<Timestamp>,
}

impl Db {
    /// Counts and sums of the items that fit, by stage and currency.
    ///
    /// # Errors
    /// `Unavailable`. Likewise below.
    pub async fn column_sums(&self, filter: &ItemFilter) -> Result<Vec<ColumnSum>, DbError> {
        let (sql, args) = filter
            .conditions()
            .all(COLUMNS, "GROUP BY item.stage, item.currency");
        self.rows(sql, args, |fields| {
            let (stage, currency) = (StageId(fields.int()?), fields.maybe_text()?);
            let count = fields.int()?;
            let (high, low) = (fields.maybe_int()?, fields.maybe_int()?);
            let hundredths = i128::from(high.unwrap_or(0)) * 65536 + i128::from(low.unwrap_or(0));
            let hundredths = i64::try_from(hundredths).unwrap_or(i64::MAX);
            Ok(ColumnSum {
                stage,
                count,
                sum: currency.map(|currency| Money { hundredths, currency }),
            })
        })
        .await
    }

    /// How the items that fit stand with their next activity, by stage. Items without one are not counted.
    pub async fn due_counts(
        &self,
        filter: &ItemFilter,
        now: Timestamp,
        tomorrow: Timestamp,
    ) -> Result<Vec<DueCount>, DbError> {
        let mut conditions = filter.conditions();
        conditions.and("activity.state = 'open'", []);
        let (sql, args) = conditions.all(NEXT, "GROUP BY item.id, item.stage");
        let next = self
            .rows(sql, args, |fields| {
                Ok((StageId(fields.int()?), fields.instant()?))
            })
            .await?;
        let mut counts = std::collections::BTreeMap::new();
        for (stage, at) in next {
            *counts.entry((stage, Due::of(at, now, tomorrow))).or_insert(0) += 1;
        }
        let count = |((stage, due), count)| DueCount { stage, due, count };
        Ok(counts.into_iter().map(count).collect())
    }

    /// The open activities of these items.
    pub async fn dues_of(&self, items: &[i64]) -> Result<Vec<ItemDue>, DbError> {
        let sql = self.one_of(NEXT_OF, "activity.item");
        let sql = format!("{sql}\nAND activity.state = 'open'\nGROUP BY activity.item");
        self.rows(sql, vec![Arg::ids(items)], |fields: &mut Fields<'_>| {
            Ok(ItemDue {
                item: fields.int()?,
                count: fields.int()?,
                next_at: fields.instant()?,
            })
        })
        .await
    }

    /// The runs that wait for these items, next one first.
    pub async fn waits_of(&self, items: &[i64]) -> Result<Vec<ItemWaits>, DbError> {
        let sql = self.one_of(WAITING_OF, "run.item");
        let sql = format!(
            "{sql}\nAND run.state IN ('scheduled', 'available', 'retryable')\nORDER BY run.due_at, run.id"
        );
        self.rows(sql, vec![Arg::ids(items)], |fields: &mut Fields<'_>| {
            Ok(ItemWaits {
                item: fields.int()?,
                attachment: AttachmentId(fields.int()?),
                state: fields.word("run state")?,
                due_at: fields.maybe_instant()?,
            })
        })
        .await
    }

    /// Of these items, those whose client has written last and waits for an answer, with the oldest such message.
    pub async fn unanswered_of(&self, items: &[i64]) -> Result<Vec<(i64, Timestamp)>, DbError> {
        let sql = self.one_of(TALKING_OF, "conversation.item");
        let sql = format!(
            "{sql}\nAND conversation.closed_at IS NULL
AND conversation.last_inbound_at IS NOT NULL
AND (conversation.last_outbound_at IS NULL OR conversation.last_outbound_at < conversation.last_inbound_at)
GROUP BY conversation.item"
        );
        self.rows(sql, vec![Arg::ids(items)], |fields: &mut Fields<'_>| {
            Ok((fields.int()?, fields.instant()?))
        })
        .await
    }
}

impl Due {
    /// How something due at `at` stands, where the day ends at `tomorrow`.
    pub fn of(at: Timestamp, now: Timestamp, tomorrow: Timestamp) -> Self {
        if at <= now {
            Due::Overdue
        } else if at < tomorrow {
            Due::Today
        } else {
            Due::Planned
        }
    }

    /// Keeps the items whose next activity stands so; `None`: those without an open one.
    pub(crate) fn condition(due: Option<Due>, now: Timestamp, tomorrow: Timestamp, filter: &mut Filter) {
        const OPEN: &str = "EXISTS (SELECT 1 FROM activity WHERE activity.item = item.id AND activity.state = 'open' AND activity.deadline_at <= ?)";
        const NONE_UNTIL: &str = "NOT EXISTS (SELECT 1 FROM activity WHERE activity.item = item.id AND activity.state = 'open' AND activity.deadline_at <= ?)";
        const NONE_BEFORE: &str = "NOT EXISTS (SELECT 1 FROM activity WHERE activity.item = item.id AND activity.state = 'open' AND activity.deadline_at < ?)";
        const BEFORE: &str = "EXISTS (SELECT 1 FROM activity WHERE activity.item = item.id AND activity.state = 'open' AND activity.deadline_at < ?)";
        const FROM: &str = "EXISTS (SELECT 1 FROM activity WHERE activity.item = item.id AND activity.state = 'open' AND activity.deadline_at >= ?)";
        const NONE: &str =
            "NOT EXISTS (SELECT 1 FROM activity WHERE activity.item = item.id AND activity.state = 'open')";
        match due {
            Some(Due::Overdue) => filter.and(OPEN, [now.into()]),
            Some(Due::Today) => filter
                .and(NONE_UNTIL, [now.into()])
                .and(BEFORE, [tomorrow.into()]),
            Some(Due::Planned) => filter
                .and(NONE_BEFORE, [tomorrow.into()])
                .and(FROM, [tomorrow.into()]),
            None => filter.and(NONE, []),
        };
    }
}
