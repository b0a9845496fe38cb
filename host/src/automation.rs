//! Automation as a whole: what is in force, the draft of what shall be, publishing, history and the way back.
//!
//! The rules are in `signalbox_crm::automation`. The functions here are what the API and the console call; what they
//! answer is shown by both as it is. `seen` is the version of the draft that the caller has seen; none takes any.

mod error;
pub mod here;
mod view;

use std::sync::Arc;

use signalbox_crm::attachment::Attachment;
use signalbox_crm::automation::{
    AutomationDraft, AutomationId, AutomationVersion, Difference, DifferenceKind, DraftEdit, EntryDifference,
    Published, edit as edit_draft, in_force as attachments_in_force, number_of, publish as publish_draft,
    rebase as rebase_draft,
};
use signalbox_crm::changes::ChangeSet;
use signalbox_crm::directory::{Directory, DirectoryChange};
use signalbox_crm::ids::{AttachmentId, IdKind};
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::rules::Rules;
use signalbox_crm::said;

pub use self::error::AutomationError;
pub use self::view::{
    AutomationSummary, AutomationView, DraftSummary, DraftView, EditedView, EntryState, EntryView,
    PublishedView, RobotFacts, VersionView, VersionWhole, VersionsDifference,
};
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};

/// Attempts of one change while others change the set-up: each that fails means that another one got through.
const CONFLICTS_MAX: u32 = 20;

/// The most attachments of a host: the set-up is kept in memory, and copied with each change.
const ATTACHMENTS_MAX: usize = 10_000;

/// All automations: those of the pipelines, and what belongs to none.
pub fn overview(directory: &Directory) -> Vec<AutomationSummary> {
    let pipelines = directory.pipelines.keys().copied().map(AutomationId::Pipeline);
    let all = pipelines.chain([AutomationId::General]);
    all.map(|automation| AutomationSummary::new(directory, automation))
        .collect()
}

/// What is in force.
///
/// # Errors
/// `not-found`.
pub fn in_force(directory: &Directory, automation: AutomationId) -> Result<AutomationView, Rejection> {
    automation.check(directory)?;
    Ok(AutomationView::new(directory, automation))
}

/// The draft. One that nobody has begun has version 0 and shows what is in force; its first change begins it.
///
/// # Errors
/// `not-found`.
pub fn draft(core: &SharedCore, automation: AutomationId) -> Result<DraftView, Rejection> {
    let directory = core.records.directory();
    automation.check(&directory)?;
    let draft = AutomationDraft::of(&directory, automation, core.clock.now(), &Actor::System);
    Ok(DraftView::new(&directory, draft))
}

/// Makes one change of the draft, and begins it where there is none.
///
/// # Errors
/// `StaleVersion`; what the rules say; `Draft`.
pub async fn edit(
    core: &SharedCore,
    actor: &Actor,
    automation: AutomationId,
    seen: Option<i64>,
    change: &DraftEdit,
) -> Result<EditedView, AutomationError> {
    write(core, actor, |draft| {
        let before = seen_draft(draft, automation, seen)?;
        let new_id = |kind| draft.new_id(kind);
        let edited = edit_draft(before, &draft.directory, change, &new_id)?;
        let stored = store(draft, edited.draft);
        Ok(EditedView {
            draft: DraftView::new(&draft.directory, stored),
            made: edited.made,
            notes: edited.notes,
            conflicts: Vec::new(),
        })
    })
    .await
}

/// Takes over what others have brought into force since the draft began.
///
/// # Errors
/// As [`edit`]; `not-found` when nobody has begun a draft.
pub async fn rebase(
    core: &SharedCore,
    actor: &Actor,
    automation: AutomationId,
    seen: Option<i64>,
) -> Result<EditedView, AutomationError> {
    write(core, actor, |draft| {
        let before = begun_draft(draft, automation, seen)?;
        let new_id = |kind| draft.new_id(kind);
        let (rebased, conflicts) = rebase_draft(&before, &draft.directory, &new_id);
        let stored = store(draft, rebased);
        Ok(EditedView {
            draft: DraftView::new(&draft.directory, stored),
            made: Vec::new(),
            notes: conflicts.iter().map(|conflict| conflict.text.clone()).collect(),
            conflicts,
        })
    })
    .await
}

/// Throws the draft away.
///
/// # Errors
/// As [`rebase`].
pub async fn discard(
    core: &SharedCore,
    actor: &Actor,
    automation: AutomationId,
    seen: Option<i64>,
) -> Result<(), AutomationError> {
    write(core, actor, |draft| {
        begun_draft(draft, automation, seen)?;
        let removed = DirectoryChange::DraftRemoved(automation);
        draft.changes.directory.push(removed);
        draft.rule(|rules, changes| {
            rules.note(changes, automation, "draft-discarded", None, None);
            Ok(())
        })?;
        Ok(())
    })
    .await
}

/// Brings the draft into force as a whole.
///
/// # Errors
/// `StaleDraft` when others have changed what is in force; `Unfinished` with every problem; else as [`rebase`].
pub async fn publish(
    core: &SharedCore,
    actor: &Actor,
    automation: AutomationId,
    seen: Option<i64>,
    comment: &str,
) -> Result<PublishedView, AutomationError> {
    write(core, actor, |draft| {
        let before = begun_draft(draft, automation, seen)?;
        let directory = Arc::clone(&draft.directory);
        let published = publish_draft(&before, &directory, comment, draft.now, &draft.actor)?;
        check_room(&directory, &published)?;
        draft.rule(|rules, changes| {
            note(rules, changes, &published, &directory);
            Ok(())
        })?;
        draft.changes.directory.extend(published.changes);
        Ok(PublishedView {
            version: VersionView::new(&directory, published.version),
            difference: published.difference,
        })
    })
    .await
}

/// The draft that becomes an old version again. What is not in force any more comes back as a new attachment: its runs
/// were cancelled, and stay so.
///
/// # Errors
/// `not-found` for a version that there is not; else as [`edit`].
pub async fn restore(
    core: &SharedCore,
    actor: &Actor,
    automation: AutomationId,
    number: i64,
    seen: Option<i64>,
) -> Result<EditedView, AutomationError> {
    let old = version_row(core, automation, number).await?;
    write(core, actor, |draft| {
        seen_draft(draft, automation, seen)?;
        let fresh = AutomationDraft::begin(&draft.directory, automation, draft.now, &draft.actor);
        let known: Vec<AttachmentId> = fresh.base.iter().map(|one| one.id).collect();
        let (mut entries, mut made) = (Vec::new(), Vec::new());
        for one in &old.attachments {
            let mut entry = one.clone();
            if !known.contains(&one.id) {
                entry.id = AttachmentId(draft.new_id(IdKind::Attachment));
                entry.version = 0;
                made.push(entry.id);
            }
            entries.push(entry);
        }
        let stored = store(draft, AutomationDraft { entries, ..fresh });
        Ok(EditedView {
            draft: DraftView::new(&draft.directory, stored),
            made,
            notes: Vec::new(),
            conflicts: Vec::new(),
        })
    })
    .await
}

/// Versions, newest first; `before` is the number of the last one of the page before.
///
/// # Errors
/// `not-found`; the database.
pub async fn versions(
    core: &SharedCore,
    automation: AutomationId,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<VersionView>, AutomationError> {
    let directory = core.records.directory();
    automation.check(&directory)?;
    let found = core.db.automation_versions(automation, before, limit).await;
    let found = found.map_err(DraftError::from)?;
    Ok(found
        .into_iter()
        .map(|version| VersionView::new(&directory, version))
        .collect())
}

/// One version with its attachments.
///
/// # Errors
/// `not-found`; the database.
pub async fn version(
    core: &SharedCore,
    automation: AutomationId,
    number: i64,
) -> Result<VersionWhole, AutomationError> {
    let directory = core.records.directory();
    let found = version_row(core, automation, number).await?;
    Ok(VersionWhole::new(&directory, found))
}

/// What differs from one version to another, or to what is in force. Version 0 is empty.
///
/// # Errors
/// `not-found`; the database.
pub async fn difference(
    core: &SharedCore,
    automation: AutomationId,
    from: i64,
    to: Option<i64>,
) -> Result<VersionsDifference, AutomationError> {
    let directory = core.records.directory();
    automation.check(&directory)?;
    let before = content(core, automation, from).await?;
    let after = match to {
        Some(to) => content(core, automation, to).await?,
        None => attachments_in_force(&directory, automation),
    };
    Ok(VersionsDifference {
        from,
        to: to.unwrap_or_else(|| number_of(&directory, automation)),
        difference: Difference::between(&before, &after, &directory),
    })
}

async fn content(
    core: &SharedCore,
    automation: AutomationId,
    number: i64,
) -> Result<Vec<Attachment>, AutomationError> {
    match number {
        0 => Ok(Vec::new()),
        number => Ok(version_row(core, automation, number).await?.attachments),
    }
}

async fn version_row(
    core: &SharedCore,
    automation: AutomationId,
    number: i64,
) -> Result<AutomationVersion, AutomationError> {
    automation.check(&core.records.directory())?;
    let found = core.db.automation_version(automation, number).await;
    let missing = || {
        Rejection::new(
            Code::NotFound,
            said!(
                "`version {number} of {id}` does not exist",
                number,
                id = automation
            ),
        )
    };
    Ok(found.map_err(DraftError::from)?.ok_or_else(missing)?)
}

/// Makes a change and commits it; again, when others have changed the set-up meanwhile.
pub(crate) async fn write<T>(
    core: &SharedCore,
    actor: &Actor,
    make: impl Fn(&mut Draft) -> Result<T, AutomationError>,
) -> Result<T, AutomationError> {
    let mut left = CONFLICTS_MAX;
    loop {
        let mut draft = Draft::new(core, actor.clone());
        let made = make(&mut draft)?;
        match draft.commit().await {
            Ok(_) => return Ok(made),
            Err(DraftError::Commit(error)) if error.is_conflict() && left > 0 => left -= 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// The draft, if it is the one that the caller has seen.
fn seen_draft(
    draft: &Draft,
    automation: AutomationId,
    seen: Option<i64>,
) -> Result<AutomationDraft, AutomationError> {
    automation.check(&draft.directory)?;
    let found = AutomationDraft::of(&draft.directory, automation, draft.now, &draft.actor);
    match seen {
        Some(asked) if asked != found.version => Err(AutomationError::StaleVersion {
            automation,
            asked,
            present: found.version,
            by: found.changed_by,
        }),
        _ => Ok(found),
    }
}

/// Likewise, and somebody has begun it.
fn begun_draft(
    draft: &Draft,
    automation: AutomationId,
    seen: Option<i64>,
) -> Result<AutomationDraft, AutomationError> {
    let found = seen_draft(draft, automation, seen)?;
    match found.version {
        0 => Err(Rejection::new(
            Code::NotFound,
            said!("`draft of {automation}` does not exist", automation),
        )
        .into()),
        _ => Ok(found),
    }
}

/// Stages the draft with a version of its own.
fn store(draft: &mut Draft, new: AutomationDraft) -> AutomationDraft {
    let new = new.changed(&draft.directory, draft.now, &draft.actor);
    let change = DirectoryChange::Draft(Box::new(new.clone()));
    draft.changes.directory.push(change);
    new
}

/// As for single attachments.
fn check_room(directory: &Directory, published: &Published) -> Result<(), Rejection> {
    let counts = published.version.counts;
    let added = usize::try_from(counts.added).unwrap_or(usize::MAX);
    let count = directory.attachments.len().saturating_add(added);
    if added == 0 || count <= ATTACHMENTS_MAX {
        return Ok(());
    }
    let message = said!(
        "there would be {count} attachments, more than {max}",
        count,
        max = ATTACHMENTS_MAX
    );
    Err(Rejection::new(Code::Conflict, message))
}

/// Notes in the history who published, and what became of each attachment.
fn note(rules: &Rules<'_>, changes: &mut ChangeSet, published: &Published, directory: &Directory) {
    let version = &published.version;
    let words = match version.comment.is_empty() {
        true => format!("version {}", version.number),
        false => format!("version {}: {}", version.number, version.comment),
    };
    rules.note(changes, version.automation, "published", None, Some(words));
    for entry in &published.difference.entries {
        note_entry(rules, changes, entry, version, directory);
    }
}

fn note_entry(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    entry: &EntryDifference,
    version: &AutomationVersion,
    directory: &Directory,
) {
    match entry.kind {
        DifferenceKind::Added => {
            let new = version.attachments.iter().find(|one| one.id == entry.entry);
            let text = new.and_then(|new| serde_json::to_string(new).ok());
            rules.note(changes, entry.entry, "created", None, text);
        }
        DifferenceKind::Removed => {
            let title = directory
                .attachments
                .get(&entry.entry)
                .map(|old| old.title.clone());
            rules.note(changes, entry.entry, "removed", title, None);
        }
        DifferenceKind::Changed | DifferenceKind::Moved => {
            let words = |value: &serde_json::Value| match value {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            };
            for field in &entry.fields {
                let (before, after) = (words(&field.before), words(&field.after));
                rules.note(changes, entry.entry, &field.field, before, after);
            }
            if let Some(moved) = &entry.moved {
                let (from, to) = (moved.from.clone(), moved.to.clone());
                rules.note(changes, entry.entry, "place", Some(from), Some(to));
            }
        }
    }
}
