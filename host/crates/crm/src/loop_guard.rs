//! Stops robots that start each other for ever, and says which they were.

use std::collections::{BTreeMap, VecDeque};

use crate::ids::{AttachmentId, EventId, ItemId};

/// Runs between the first event and the last of a chain. 16: long enough for any chain that people design.
pub const DEPTH_MAX: u32 = 16;
/// Runs of one chain, over all its branches.
pub const RUNS_PER_ROOT_MAX: u32 = 200;
/// Runs of one attachment for one item in one chain. A robot that helps twice is a design; four times is a loop.
pub const RUNS_PER_ATTACHMENT_AND_ITEM_MAX: u32 = 3;
/// Chains that are remembered; the oldest is forgotten first. Depth is kept on the events and needs no memory.
const ROOTS_MAX: usize = 10_000;

/// Counts the runs of each chain of causes.
#[derive(Debug, Default)]
pub struct LoopGuard {
    roots: BTreeMap<EventId, Root>,
    oldest: VecDeque<EventId>,
}

#[derive(Debug, Default)]
struct Root {
    run_count: u32,
    is_told: bool,
    by_attachment: BTreeMap<(AttachmentId, Option<ItemId>), u32>,
}

impl LoopGuard {
    /// Counts one more run.
    ///
    /// # Errors
    /// When the run must be stopped: the limit that it hit, and the attachments of its chain.
    pub fn admit(
        &mut self,
        root: EventId,
        depth: u32,
        attachment: AttachmentId,
        item: Option<ItemId>,
    ) -> Result<(), LoopStopped> {
        if !self.roots.contains_key(&root) {
            self.remember(root);
        }
        let chain = self.roots.entry(root).or_default();
        let count = chain.by_attachment.entry((attachment, item)).or_default();
        let limit = if depth > DEPTH_MAX {
            Some("depth")
        } else if *count >= RUNS_PER_ATTACHMENT_AND_ITEM_MAX {
            Some("runs of one attachment for one item")
        } else if chain.run_count >= RUNS_PER_ROOT_MAX {
            Some("runs of one chain")
        } else {
            None
        };
        if let Some(limit) = limit {
            let mut attachments: Vec<_> = chain.by_attachment.keys().map(|(id, _)| *id).collect();
            attachments.dedup();
            return Err(LoopStopped { limit, attachments });
        }
        *count += 1;
        chain.run_count += 1;
        Ok(())
    }

    /// Takes a count back: the commit that made the run did not happen.
    pub fn withdraw(&mut self, root: EventId, attachment: AttachmentId, item: Option<ItemId>) {
        let Some(chain) = self.roots.get_mut(&root) else {
            return;
        };
        chain.run_count = chain.run_count.saturating_sub(1);
        if let Some(count) = chain.by_attachment.get_mut(&(attachment, item)) {
            *count = count.saturating_sub(1);
        }
    }

    /// Whether nobody has been told yet that the chain was stopped. Only the first who asks is to tell.
    pub fn is_first_stop(&mut self, root: EventId) -> bool {
        let Some(chain) = self.roots.get_mut(&root) else {
            return true;
        };
        !std::mem::replace(&mut chain.is_told, true)
    }

    /// The commit that tells of the stop did not happen.
    pub fn untell(&mut self, root: EventId) {
        if let Some(chain) = self.roots.get_mut(&root) {
            chain.is_told = false;
        }
    }

    fn remember(&mut self, root: EventId) {
        self.oldest.push_back(root);
        let is_full = self.oldest.len() > ROOTS_MAX;
        if let Some(forgotten) = is_full.then(|| self.oldest.pop_front()).flatten() {
            self.roots.remove(&forgotten);
        }
    }
}

/// A chain was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopStopped {
    /// The limit that it hit, in words.
    pub limit: &'static str,
    /// The attachments of the chain.
    pub attachments: Vec<AttachmentId>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ItemKind;

    const DEAL: Option<ItemId> = Some(ItemId {
        kind: ItemKind::Deal,
        number: 1,
    });

    #[test]
    fn two_attachments_that_start_each_other_are_stopped_and_named() {
        let mut guard = LoopGuard::default();
        let stopped = (1..).find_map(|depth| {
            let attachment = AttachmentId(1 + i64::from(depth) % 2);
            guard.admit(EventId(1), depth, attachment, DEAL).err()
        });
        let stopped = stopped.expect("stopped");
        assert_eq!(stopped.attachments, [AttachmentId(1), AttachmentId(2)]);
        assert_eq!(stopped.limit, "runs of one attachment for one item");
    }

    #[test]
    fn a_long_chain_of_different_attachments_is_stopped_by_its_depth() {
        let mut guard = LoopGuard::default();
        for depth in 0..=DEPTH_MAX {
            guard
                .admit(EventId(1), depth, AttachmentId(i64::from(depth) + 1), DEAL)
                .expect("within the depth");
        }
        let stopped = guard
            .admit(EventId(1), DEPTH_MAX + 1, AttachmentId(99), DEAL)
            .expect_err("too deep");
        assert_eq!(stopped.limit, "depth");
    }

    #[test]
    fn stop_is_told_once_for_each_chain_unless_the_commit_failed() {
        let mut guard = LoopGuard::default();
        for root in [EventId(1), EventId(2)] {
            guard.admit(root, 0, AttachmentId(1), DEAL).expect("admitted");
        }
        let asked = [1, 1, 2, 1].map(|root| guard.is_first_stop(EventId(root)));
        assert_eq!(asked, [true, false, true, false]);
        guard.untell(EventId(1));
        assert!(guard.is_first_stop(EventId(1)));
    }

    #[test]
    fn chains_do_not_count_against_each_other() {
        let mut guard = LoopGuard::default();
        for root in 1..=10_i64 {
            guard
                .admit(EventId(root), 0, AttachmentId(1), DEAL)
                .expect("its own chain");
        }
    }
}
