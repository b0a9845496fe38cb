//! A draft comes into force as a whole, by the rules for single attachments, or not at all.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::difference::Difference;
use super::{
    AutomationDraft, AutomationHead, AutomationId, AutomationVersion, COMMENT_CHARS_MAX, Column, Origin,
    in_force, number_of,
};
use crate::attaching::attachment_problems;
use crate::attachment::Attachment;
use crate::directory::{Directory, DirectoryChange};
use crate::ids::AttachmentId;
use crate::people::Actor;
use crate::rejection::{Code, Rejection};
use crate::said;
use crate::sentence::Sentence;
use crate::time::Timestamp;

/// From one place in a list to the next, so that a later one fits between.
const SORT_STEP: i32 = 10;

/// Why an entry cannot come into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryProblem {
    /// The entry.
    pub entry: AttachmentId,
    /// Its title.
    pub title: String,
    /// The field, such as `timing`; parameters are `params.KEY`.
    pub field: String,
    /// What is wrong with it: names the value.
    pub message: Sentence,
}

/// Why a draft cannot be published.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// Others have changed what is in force since the draft began.
    Stale {
        /// The version from which the draft began.
        base_number: i64,
        /// What is in force now.
        head: Option<AutomationHead>,
        /// What they have changed.
        theirs: Difference,
    },
    /// Entries that are wrong or unfinished.
    Unfinished(Vec<EntryProblem>),
    /// A rule says no.
    Rule(Rejection),
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Refused::Rule(rejection)
    }
}

/// A draft on its way into force.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// What is to be stored, in one commit.
    pub changes: Vec<DirectoryChange>,
    /// The version that comes into force; it is among the changes.
    pub version: AutomationVersion,
    /// What it changes.
    pub difference: Difference,
}

/// Everything that keeps the draft from being published. Entries that are in force as they are cause none: they stay
/// what they are, broken ones too.
pub fn problems(draft: &AutomationDraft, directory: &Directory) -> Vec<EntryProblem> {
    let own = draft.entries.iter().filter(|entry| differs(entry, directory));
    own.flat_map(|entry| entry_problems(entry, draft.automation, directory))
        .collect()
}

fn differs(entry: &Attachment, directory: &Directory) -> bool {
    let found = directory.attachments.get(&entry.id);
    found.is_none_or(|found| *entry != same_place(found, entry))
}

/// The attachment with the place and the version of another.
fn same_place(attachment: &Attachment, as_in: &Attachment) -> Attachment {
    Attachment {
        sort: as_in.sort,
        version: as_in.version,
        ..attachment.clone()
    }
}

/// Everything that is wrong with an entry of this automation, whether it is in force or not.
pub fn entry_problems(
    entry: &Attachment,
    automation: AutomationId,
    directory: &Directory,
) -> Vec<EntryProblem> {
    let problem = |field: String, message: Sentence| EntryProblem {
        entry: entry.id,
        title: entry.title.clone(),
        field,
        message,
    };
    let found = attachment_problems(entry, directory);
    let mut found: Vec<EntryProblem> = found
        .into_iter()
        .map(|(field, message)| problem(field, message))
        .collect();
    let other = AutomationId::of(&entry.moment, directory);
    if other != automation && !found.iter().any(|one| one.field == "moment") {
        let (is, wanted) = (other.name(directory), automation.name(directory));
        let message = said!(
            "the moment belongs to `{is}`, and this is the automation of `{wanted}`",
            is,
            wanted
        );
        found.push(problem("moment".to_owned(), message));
    }
    found
}

/// Makes of a draft what is to be stored.
///
/// # Errors
/// `Stale`; `Unfinished` with every problem of every entry; `conflict` when it changes nothing; `invalid` for a comment
/// that is too long.
pub fn publish(
    draft: &AutomationDraft,
    directory: &Directory,
    comment: &str,
    now: Timestamp,
    actor: &Actor,
) -> Result<Published, Refused> {
    let automation = draft.automation;
    check_comment(comment)?;
    if draft.is_stale(directory) {
        return Err(Refused::Stale {
            base_number: draft.base_number,
            head: directory.automation_heads.get(&automation).cloned(),
            theirs: Difference::between(&draft.base, &in_force(directory, automation), directory),
        });
    }
    let problems = problems(draft, directory);
    if !problems.is_empty() {
        return Err(Refused::Unfinished(problems));
    }
    let before = in_force(directory, automation);
    let difference = Difference::between(&before, &draft.entries, directory);
    if difference.is_empty() {
        let message = said!("the draft of {automation} changes nothing", automation);
        return Err(Rejection::new(Code::Conflict, message).into());
    }
    let after = placed(&draft.entries);
    let after: Vec<Attachment> = after
        .into_iter()
        .map(|entry| versioned(entry, directory))
        .collect();
    let mut changes = changes(&before, &after);
    let version = AutomationVersion {
        automation,
        number: number_of(directory, automation) + 1,
        at: now,
        by: actor.to_string(),
        origin: Origin::Published,
        comment: comment.trim().to_owned(),
        counts: difference.counts(),
        attachments: after,
    };
    changes.push(DirectoryChange::AutomationVersion(Box::new(version.clone())));
    if draft.version > 0 {
        changes.push(DirectoryChange::DraftRemoved(automation));
    }
    Ok(Published {
        changes,
        version,
        difference,
    })
}

fn check_comment(comment: &str) -> Result<(), Rejection> {
    let count = comment.chars().count();
    if count <= COMMENT_CHARS_MAX {
        return Ok(());
    }
    let message = said!(
        "the comment has {count} characters, more than {max}",
        count,
        max = COMMENT_CHARS_MAX
    );
    Err(Rejection {
        fields: vec!["comment".to_owned()],
        ..Rejection::invalid(message)
    })
}

/// The entry with the version that it gets: the one that is in force, if it is the same, or the next one.
fn versioned(entry: Attachment, directory: &Directory) -> Attachment {
    match directory.attachments.get(&entry.id) {
        None => Attachment { version: 1, ..entry },
        Some(found) => {
            let is_same = Attachment {
                version: found.version,
                ..entry.clone()
            } == **found;
            let version = found.version + i64::from(!is_same);
            Attachment { version, ..entry }
        }
    }
}

fn changes(before: &[Attachment], after: &[Attachment]) -> Vec<DirectoryChange> {
    let kept: BTreeSet<AttachmentId> = after.iter().map(|one| one.id).collect();
    let gone = before.iter().filter(|one| !kept.contains(&one.id));
    let gone = gone.map(|one| DirectoryChange::AttachmentRemoved(one.id));
    let is_new = |one: &&Attachment| !before.contains(one);
    let new = after.iter().filter(is_new);
    gone.chain(new.map(|one| DirectoryChange::Attachment(one.clone())))
        .collect()
}

/// Numbers the places of each column, where the numbers that are there do not give the order already: whoever stays
/// where he is keeps his number.
fn placed(entries: &[Attachment]) -> Vec<Attachment> {
    let mut placed = entries.to_vec();
    let mut columns: BTreeMap<Column, Vec<usize>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        columns.entry(Column::of(&entry.moment)).or_default().push(at);
    }
    for column in columns.into_values() {
        let key = |at: &usize| (entries[*at].sort, entries[*at].id);
        if column.is_sorted_by(|one, next| key(one) < key(next)) {
            continue;
        }
        for (place, at) in (1_i32..).zip(column) {
            placed[at].sort = place * SORT_STEP;
        }
    }
    placed
}
