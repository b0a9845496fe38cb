//! Leads and deals.

use signalbox_crm::finding::ItemQuery;
use signalbox_crm::ids::{ContactId, EmployeeId, ItemId, ItemKind, PipelineId, StageId};
use signalbox_crm::item::Item;
use signalbox_crm::name::search_name;
use signalbox_crm::time::Timestamp;
use signalbox_crm::value::Money;

use crate::batch::Batch;
use crate::board::Due;
use crate::commit::Step;
use crate::dialect::{Arg, Fields, Sql, over_rows};
use crate::encode::Rows;
use crate::error::DbError;
use crate::filter::{Filter, containing};
use crate::open::Db;

/// Bytes of an encoded item, about.
const ROW_BYTES: usize = 320;

const INSERT: Sql = over_rows!(
    "INSERT INTO item (
    id, kind, pipeline, stage, stage_entry, stage_entered_at, title, title_search, assignee, contact,
    amount_hundredths, currency, source, fields, raised_at, last_contact_at, closed_at, lost_reason,
    created_at, updated_at, version
)
SELECT
    CAST(r.value ->> 0 AS BIGINT), r.value ->> 1, CAST(r.value ->> 2 AS BIGINT),
    CAST(r.value ->> 3 AS BIGINT), CAST(r.value ->> 4 AS BIGINT), CAST(r.value ->> 5 AS BIGINT),
    r.value ->> 6, r.value ->> 7, CAST(r.value ->> 8 AS BIGINT), CAST(r.value ->> 9 AS BIGINT),
    CAST(r.value ->> 10 AS BIGINT), r.value ->> 11, r.value ->> 12, r.value ->> 13,
    CAST(r.value ->> 14 AS BIGINT), CAST(r.value ->> 15 AS BIGINT), CAST(r.value ->> 16 AS BIGINT),
    r.value ->> 17, CAST(r.value ->> 18 AS BIGINT), CAST(r.value ->> 19 AS BIGINT),
    CAST(r.value ->> 20 AS BIGINT)",
    ""
);

const UPDATE: Sql = over_rows!(
    "UPDATE item
SET
    kind = r.value ->> 1, pipeline = CAST(r.value ->> 2 AS BIGINT),
    stage = CAST(r.value ->> 3 AS BIGINT), stage_entry = CAST(r.value ->> 4 AS BIGINT),
    stage_entered_at = CAST(r.value ->> 5 AS BIGINT), title = r.value ->> 6,
    title_search = r.value ->> 7, assignee = CAST(r.value ->> 8 AS BIGINT),
    contact = CAST(r.value ->> 9 AS BIGINT), amount_hundredths = CAST(r.value ->> 10 AS BIGINT),
    currency = r.value ->> 11, source = r.value ->> 12, fields = r.value ->> 13,
    raised_at = CAST(r.value ->> 14 AS BIGINT), last_contact_at = CAST(r.value ->> 15 AS BIGINT),
    closed_at = CAST(r.value ->> 16 AS BIGINT), lost_reason = r.value ->> 17,
    created_at = CAST(r.value ->> 18 AS BIGINT), updated_at = CAST(r.value ->> 19 AS BIGINT),
    version = CAST(r.value ->> 20 AS BIGINT)",
    "WHERE item.id = CAST(r.value ->> 0 AS BIGINT)
AND item.version = CAST(r.value ->> 21 AS BIGINT)"
);

/// The columns in the order in which [`read`] takes them.
const SELECT: &str = "SELECT item.id, item.kind, item.pipeline, item.stage, item.stage_entry, item.stage_entered_at, item.title,
    item.assignee, item.contact, item.amount_hundredths, item.currency, item.source, item.fields,
    item.raised_at, item.last_contact_at, item.closed_at, item.lost_reason, item.created_at,
    item.updated_at, item.version
FROM item";

fn read(fields: &mut Fields<'_>) -> Result<Item, DbError> {
    let number = fields.int()?;
    let kind: ItemKind = fields.word("item kind")?;
    Ok(Item {
        id: ItemId { kind, number },
        pipeline: PipelineId(fields.int()?),
        stage: StageId(fields.int()?),
        stage_entry: fields.int()?,
        stage_entered_at: fields.instant()?,
        title: fields.text()?,
        assignee: fields.maybe_int()?.map(EmployeeId),
        contact: fields.maybe_int()?.map(ContactId),
        amount: amount(fields)?,
        source: fields.maybe_text()?,
        fields: fields.json("item fields")?,
        raised_at: fields.instant()?,
        last_contact_at: fields.maybe_instant()?,
        closed_at: fields.maybe_instant()?,
        lost_reason: fields.maybe_text()?,
        created_at: fields.instant()?,
        updated_at: fields.instant()?,
        version: fields.int()?,
    })
}

fn amount(fields: &mut Fields<'_>) -> Result<Option<Money>, DbError> {
    let hundredths = fields.maybe_int()?;
    let currency = fields.maybe_text()?;
    Ok(hundredths
        .zip(currency)
        .map(|(hundredths, currency)| Money { hundredths, currency }))
}

fn write<'r>(rows: &'r mut Rows, item: &Item) -> &'r mut Rows {
    let amount = item.amount.as_ref();
    rows.row()
        .int(item.id.number)
        .word(item.id.kind.as_str())
        .int(item.pipeline.0)
        .int(item.stage.0)
        .int(item.stage_entry)
        .instant(item.stage_entered_at)
        .text(&item.title)
        .text(&search_name(&item.title))
        .maybe_int(item.assignee.map(|id| id.0))
        .maybe_int(item.contact.map(|id| id.0))
        .maybe_int(amount.map(|money| money.hundredths))
        .maybe_text(amount.map(|money| money.currency.as_str()))
        .maybe_text(item.source.as_deref());
    if item.fields.is_empty() {
        rows.word("{}");
    } else {
        rows.json_of(&item.fields);
    }
    rows.instant(item.raised_at)
        .maybe_instant(item.last_contact_at)
        .maybe_instant(item.closed_at)
        .maybe_text(item.lost_reason.as_deref())
        .instant(item.created_at)
        .instant(item.updated_at)
        .int(item.version)
}

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if !batch.items.is_empty() {
        let mut rows = Rows::with_capacity(batch.items.len(), ROW_BYTES);
        for (base, item) in &batch.items {
            write(&mut rows, item).int(*base);
        }
        steps.push(Step::of_each(UPDATE, rows, "item"));
    }
    if !batch.items_new.is_empty() {
        let mut rows = Rows::with_capacity(batch.items_new.len(), ROW_BYTES);
        for item in &batch.items_new {
            write(&mut rows, item);
        }
        steps.push(Step::of_each(INSERT, rows, "item"));
    }
}

/// Which items a page shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemFilter {
    /// Leads or deals.
    pub kind: Option<ItemKind>,
    /// Of this pipeline.
    pub pipeline: Option<PipelineId>,
    /// In this stage.
    pub stage: Option<StageId>,
    /// In charge.
    pub assignee: Option<EmployeeId>,
    /// The client.
    pub contact: Option<ContactId>,
    /// Open ones, or closed ones.
    pub is_open: Option<bool>,
    /// The title contains this, in any case.
    pub title: Option<String>,
    /// They entered their stage before this instant.
    pub entered_before: Option<Timestamp>,
    /// Their next activity stands so.
    pub due: Option<DueFilter>,
}

/// How the next activity of an item stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueFilter {
    /// None: there is no open activity.
    pub due: Option<Due>,
    /// The instant.
    pub now: Timestamp,
    /// When its day ends.
    pub tomorrow: Timestamp,
}

impl From<&ItemQuery> for ItemFilter {
    fn from(query: &ItemQuery) -> Self {
        ItemFilter {
            kind: None,
            pipeline: query.pipeline,
            stage: query.stage,
            assignee: query.assignee,
            contact: query.contact,
            is_open: query.is_open,
            title: None,
            entered_before: query.entered_before,
            due: None,
        }
    }
}

impl ItemFilter {
    pub(crate) fn conditions(&self) -> Filter {
        let mut filter = Filter::default();
        filter
            .maybe("item.kind = ?", self.kind.map(|kind| kind.as_str()))
            .maybe("item.pipeline = ?", self.pipeline.map(|id| id.0))
            .maybe("item.stage = ?", self.stage.map(|id| id.0))
            .maybe("item.assignee = ?", self.assignee.map(|id| id.0))
            .maybe("item.contact = ?", self.contact.map(|id| id.0))
            .maybe("item.stage_entered_at < ?", self.entered_before);
        match self.is_open {
            Some(true) => filter.and("item.closed_at IS NULL", []),
            Some(false) => filter.and("item.closed_at IS NOT NULL", []),
            None => &mut filter,
        };
        if let Some(DueFilter { due, now, tomorrow }) = self.due {
            Due::condition(due, now, tomorrow, &mut filter);
        }
        let title = self.title.as_deref().map(|title| containing(&search_name(title)));
        filter.maybe("item.title_search LIKE ? ESCAPE '\\'", title);
        filter
    }
}

/// The order of a page, and the last item of the page before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemPage {
    /// As cards are sorted: latest `raised_at` first.
    Raised(Option<(Timestamp, i64)>),
    /// By number, lowest first.
    Number(Option<i64>),
}

impl Db {
    /// The item with this number.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn item(&self, number: i64) -> Result<Option<Item>, DbError> {
        let mut filter = Filter::default();
        filter.and("item.id = ?", [number.into()]);
        let (sql, args) = filter.page(SELECT, "", 1);
        self.row(sql, args, read).await
    }

    /// The items with these numbers, in no order; unknown numbers are left out.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn items_by_number(&self, numbers: &[i64]) -> Result<Vec<Item>, DbError> {
        let sql = self.one_of(SELECT, "item.id");
        self.rows(sql, vec![Arg::ids(numbers)], read).await
    }

    /// A page of items.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn items(&self, filter: &ItemFilter, page: ItemPage, limit: u32) -> Result<Vec<Item>, DbError> {
        let mut filter = filter.conditions();
        let order = match page {
            ItemPage::Raised(after) => {
                if let Some((raised_at, number)) = after {
                    filter.and(
                        "(item.raised_at, item.id) < (?, ?)",
                        [raised_at.into(), number.into()],
                    );
                }
                "ORDER BY item.raised_at DESC, item.id DESC"
            }
            ItemPage::Number(after) => {
                filter.maybe("item.id > ?", after);
                "ORDER BY item.id"
            }
        };
        let (sql, args) = filter.page(SELECT, order, limit);
        self.rows(sql, args, read).await
    }

    /// How many items fit the filter.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn item_count(&self, filter: &ItemFilter) -> Result<i64, DbError> {
        let (sql, args) = filter.conditions().page("SELECT COUNT(*)\nFROM item", "", 1);
        Ok(self.row(sql, args, |fields| fields.int()).await?.unwrap_or(0))
    }

    /// The highest number of an item; 0 without items.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn last_item_number(&self) -> Result<i64, DbError> {
        let sql = "SELECT COALESCE(MAX(item.id), 0)\nFROM item";
        Ok(self.row(sql, vec![], |fields| fields.int()).await?.unwrap_or(0))
    }

    /// The open items of a client, oldest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn open_items(&self, contact: ContactId, limit: u32) -> Result<Vec<Item>, DbError> {
        let filter = ItemFilter {
            contact: Some(contact),
            is_open: Some(true),
            ..ItemFilter::default()
        };
        self.items(&filter, ItemPage::Number(None), limit).await
    }
}
