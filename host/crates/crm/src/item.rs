//! Leads and deals.

use std::collections::BTreeMap;

use crate::ids::{ContactId, EmployeeId, ItemId, PipelineId, StageId};
use crate::time::Timestamp;
use crate::value::{FieldValue, Money};

/// A lead or a deal.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The id.
    pub id: ItemId,
    /// Its pipeline.
    pub pipeline: PipelineId,
    /// Its stage.
    pub stage: StageId,
    /// Counts the stage entries, from 1. Runs and timers carry it: a stale one never commits.
    pub stage_entry: i64,
    /// When it entered the present stage.
    pub stage_entered_at: Timestamp,
    /// What the card shows.
    pub title: String,
    /// The employee in charge.
    pub assignee: Option<EmployeeId>,
    /// The client.
    pub contact: Option<ContactId>,
    /// The expected amount.
    pub amount: Option<Money>,
    /// Where it came from.
    pub source: Option<String>,
    /// Custom fields by key.
    pub fields: BTreeMap<String, FieldValue>,
    /// Cards are sorted by this, latest first: a due reminder lifts the item.
    pub raised_at: Timestamp,
    /// When somebody last talked to the client.
    pub last_contact_at: Option<Timestamp>,
    /// When it entered a won or lost stage; none while open.
    pub closed_at: Option<Timestamp>,
    /// Why it was lost.
    pub lost_reason: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows by one with each run and each request that changes it.
    pub version: i64,
}

impl Item {
    /// The value of a core or custom field, as text; none when it is empty or unknown.
    pub fn field(&self, key: &str) -> Option<FieldValue> {
        let text = |value: String| Some(FieldValue::Text(value));
        match key {
            "title" => text(self.title.clone()),
            "amount" => self.amount.clone().map(FieldValue::Money),
            "assignee" => self.assignee.and_then(|id| text(id.to_string())),
            "contact" => self.contact.and_then(|id| text(id.to_string())),
            "source" => self.source.clone().map(FieldValue::Text),
            "stage" => text(self.stage.to_string()),
            "pipeline" => text(self.pipeline.to_string()),
            "lost-reason" => self.lost_reason.clone().map(FieldValue::Text),
            "last-contact-at" => self.last_contact_at.map(FieldValue::Instant),
            "stage-entered-at" => Some(FieldValue::Instant(self.stage_entered_at)),
            "created-at" => Some(FieldValue::Instant(self.created_at)),
            custom => self.fields.get(custom).cloned(),
        }
    }
}
