//! Looking for leads and deals.

use crate::ids::{ContactId, EmployeeId, PipelineId, StageId};
use crate::item::Item;
use crate::rejection::Rejection;
use crate::said;
use crate::time::Timestamp;

/// Which items are looked for: those that fit everything that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ItemQuery {
    /// Of this pipeline.
    pub pipeline: Option<PipelineId>,
    /// In this stage.
    pub stage: Option<StageId>,
    /// This employee is in charge.
    pub assignee: Option<EmployeeId>,
    /// Of this client.
    pub contact: Option<ContactId>,
    /// Open ones, or closed ones.
    pub is_open: Option<bool>,
    /// They entered their stage before this instant.
    pub entered_before: Option<Timestamp>,
}

/// The smallest known part of all items in which everything lies that fits a query. Who has looked there must look
/// again when an item comes into it or changes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemRange {
    /// The items of a client.
    Contact(ContactId),
    /// The items in a stage.
    Stage(StageId),
    /// The items of which an employee is in charge.
    Assignee(EmployeeId),
    /// The items of a pipeline: of all of its stages.
    Pipeline(PipelineId),
}

impl ItemQuery {
    /// Where to look.
    ///
    /// # Errors
    /// `invalid` for a query that would look at everything.
    pub fn range(&self) -> Result<ItemRange, Rejection> {
        let ranges = [
            self.contact.map(ItemRange::Contact),
            self.stage.map(ItemRange::Stage),
            self.assignee.map(ItemRange::Assignee),
            self.pipeline.map(ItemRange::Pipeline),
        ];
        ranges.into_iter().flatten().next().ok_or_else(|| {
            Rejection::invalid(said!("the query names no pipeline, stage, assignee or contact"))
        })
    }

    /// Whether the item is one of those.
    pub fn fits(&self, item: &Item) -> bool {
        self.pipeline.is_none_or(|id| item.pipeline == id)
            && self.stage.is_none_or(|id| item.stage == id)
            && self.assignee.is_none_or(|id| item.assignee == Some(id))
            && self.contact.is_none_or(|id| item.contact == Some(id))
            && self
                .is_open
                .is_none_or(|is_open| item.closed_at.is_none() == is_open)
            && self.entered_before.is_none_or(|at| item.stage_entered_at < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::deal;

    #[test]
    fn an_item_fits_only_if_everything_does() {
        let item = Item {
            assignee: Some(EmployeeId(3)),
            contact: Some(ContactId(4)),
            ..deal()
        };
        let own = ItemQuery {
            pipeline: Some(item.pipeline),
            stage: Some(item.stage),
            assignee: Some(EmployeeId(3)),
            contact: Some(ContactId(4)),
            is_open: Some(true),
            entered_before: item.stage_entered_at.plus(std::time::Duration::from_secs(1)),
        };
        assert!(own.fits(&item));
        for other in [
            ItemQuery {
                pipeline: Some(PipelineId(999)),
                ..own.clone()
            },
            ItemQuery {
                stage: Some(StageId(999)),
                ..own.clone()
            },
            ItemQuery {
                assignee: Some(EmployeeId(999)),
                ..own.clone()
            },
            ItemQuery {
                contact: Some(ContactId(999)),
                ..own.clone()
            },
            ItemQuery {
                is_open: Some(false),
                ..own.clone()
            },
            ItemQuery {
                entered_before: Some(item.stage_entered_at),
                ..own.clone()
            },
        ] {
            assert!(!other.fits(&item), "{other:?}");
        }
    }

    #[test]
    fn the_range_is_the_smallest_one_and_never_everything() {
        let mut query = ItemQuery {
            pipeline: Some(PipelineId(1)),
            ..ItemQuery::default()
        };
        assert_eq!(query.range(), Ok(ItemRange::Pipeline(PipelineId(1))));
        query.stage = Some(StageId(2));
        assert_eq!(query.range(), Ok(ItemRange::Stage(StageId(2))));
        query.contact = Some(ContactId(3));
        assert_eq!(query.range(), Ok(ItemRange::Contact(ContactId(3))));
        let open = ItemQuery {
            is_open: Some(true),
            ..ItemQuery::default()
        };
        assert!(open.range().is_err());
    }
}
