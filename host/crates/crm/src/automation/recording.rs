//! Every commit that changes attachments makes a version of each automation concerned, whoever makes it.

use std::collections::BTreeSet;

use super::difference::Difference;
use super::{AutomationId, AutomationVersion, Counts, DifferenceKind, Origin, in_force, number_of};
use crate::directory::{Directory, DirectoryChange};
use crate::people::Actor;
use crate::time::Timestamp;

/// The versions that these changes make, besides those that are among them: one of each automation that differs.
pub fn recorded(
    before: &Directory,
    after: &Directory,
    changes: &[DirectoryChange],
    at: Timestamp,
    actor: &Actor,
) -> Vec<AutomationVersion> {
    let mut touched = BTreeSet::new();
    for change in changes {
        let id = match change {
            DirectoryChange::Attachment(new) => new.id,
            DirectoryChange::AttachmentRemoved(id) => *id,
            _ => continue,
        };
        let old = before.attachments.get(&id).map(|old| (old, before));
        let new = after.attachments.get(&id).map(|new| (new, after));
        let both = old.into_iter().chain(new);
        touched.extend(both.map(|(one, directory)| AutomationId::of(&one.moment, directory)));
    }
    for change in changes {
        if let DirectoryChange::AutomationVersion(version) = change {
            touched.remove(&version.automation);
        }
    }
    let versions = touched.into_iter().map(|automation| {
        let attachments = in_force(after, automation);
        let old = in_force(before, automation);
        AutomationVersion {
            automation,
            number: number_of(after, automation) + 1,
            at,
            by: actor.to_string(),
            origin: Origin::Direct,
            comment: String::new(),
            counts: Difference::between(&old, &attachments, after).counts(),
            attachments,
        }
    });
    versions.collect()
}

impl Difference {
    /// How many entries differ, by how.
    pub fn counts(&self) -> Counts {
        let count = |kinds: &[DifferenceKind]| {
            let entries = self.entries.iter();
            let found = entries.filter(|entry| kinds.contains(&entry.kind)).count();
            u32::try_from(found).unwrap_or(u32::MAX)
        };
        Counts {
            added: count(&[DifferenceKind::Added]),
            changed: count(&[DifferenceKind::Changed, DifferenceKind::Moved]),
            removed: count(&[DifferenceKind::Removed]),
        }
    }
}
