//! Changes of a draft, one at a time. What is wrong or missing in an entry is kept and shown; it only cannot be
//! published.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::copying::{copy_from, copy_one};
use super::{AutomationDraft, AutomationId};
use crate::attachment::{
    Attachment, CancelOn, Missed, Mode, Moment, OnError, Repeat, Scope, Timing, Window, attempts_max,
    backoff_base_s, backoff_max_s,
};
use crate::condition::Condition;
use crate::directory::Directory;
use crate::ids::{AttachmentId, IdKind, StageId};
use crate::rejection::{Code, Rejection};
use crate::said;
use crate::sentence::Sentence;

/// One change of a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum DraftEdit {
    /// A new entry: at the end of its list, or before another one.
    Add {
        /// The robot's id, such as `notify`.
        robot: String,
        /// The version; the current one without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<String>,
        /// When it starts.
        moment: Moment,
        /// What is known of the rest. It gets all permissions that the robot asks for, unless this says otherwise.
        #[serde(default)]
        set: Box<EntryPatch>,
        /// The entry before which it stands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<AttachmentId>,
    },
    /// Other values for some fields of an entry.
    Change {
        /// The entry.
        entry: AttachmentId,
        /// The new values; what is absent stays.
        set: Box<EntryPatch>,
    },
    /// Takes an entry out.
    Remove {
        /// The entry.
        entry: AttachmentId,
    },
    /// Takes back what the draft has made of an entry that is in force, also its removal.
    Restore {
        /// The entry.
        entry: AttachmentId,
    },
    /// Another place in the list, or another stage.
    Move {
        /// The entry.
        entry: AttachmentId,
        /// The stage; the same without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<StageId>,
        /// The entry before which it stands; without it, the end of the list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<AttachmentId>,
    },
    /// One more like this one: of the draft, or of another automation.
    Copy {
        /// The one that is copied.
        entry: AttachmentId,
        /// The stage of the copy; the same without it, or its counterpart in this pipeline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<StageId>,
        /// The entry before which it stands; without it, the end of the list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<AttachmentId>,
    },
    /// Copies of everything that another automation has in force. Stages are matched by their key, else by their
    /// place; what has no counterpart is not copied, and told.
    CopyFrom {
        /// The automation.
        from: AutomationId,
        /// Counterparts of its stages that are chosen by hand.
        #[serde(default)]
        stages: BTreeMap<StageId, StageId>,
    },
}

/// What a change has made.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The draft after it.
    pub draft: AutomationDraft,
    /// New entries.
    pub made: Vec<AttachmentId>,
    /// What the person should know: what could not be copied, and why.
    pub notes: Vec<Sentence>,
}

macro_rules! patch {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// Values for some fields of an entry; what is absent stays. The fields are those of an attachment.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs, reason = "`Attachment` documents them")]
        pub struct EntryPatch {
            $(#[serde(default, skip_serializing_if = "Option::is_none")] pub $name: Option<$type>,)*
        }

        impl EntryPatch {
            /// Takes the values over.
            pub fn apply(&self, attachment: &mut Attachment) {
                $(if let Some(value) = &self.$name {
                    attachment.$name.clone_from(value);
                })*
            }
        }
    };
}

patch! {
    title: String,
    digest: String,
    moment: Moment,
    timing: Timing,
    window: Window,
    condition: Condition,
    mode: Mode,
    cancel_on: CancelOn,
    repeat: Repeat,
    missed: Missed,
    missed_within_s: u32,
    on_error: OnError,
    attempts_max: u32,
    backoff_base_s: u32,
    backoff_max_s: u32,
    concurrency_max: u32,
    rate_per_minute: u32,
    overrides_required_fields: bool,
    scope: Scope,
    grants: Vec<String>,
    http_hosts: Vec<String>,
    grant_fields: Vec<String>,
    grant_audience: Vec<String>,
    params: BTreeMap<String, Value>,
    is_enabled: bool,
}

/// Makes one change of a draft.
///
/// # Errors
/// `not-found` for entries, robots and automations that do not exist, `no-such-stage`, `invalid` for a move that the
/// entry cannot make, `conflict` for a draft that gets too large.
pub fn edit(
    mut draft: AutomationDraft,
    directory: &Directory,
    change: &DraftEdit,
    new_id: &dyn Fn(IdKind) -> i64,
) -> Result<Edited, Rejection> {
    let next_id = || AttachmentId(new_id(IdKind::Attachment));
    let (mut made, mut notes) = (Vec::new(), Vec::new());
    match change {
        DraftEdit::Add {
            robot,
            digest,
            moment,
            set,
            before,
        } => {
            let mut entry = fresh(directory, robot, digest.as_deref(), moment.clone())?;
            set.apply(&mut entry);
            entry.id = next_id();
            made.push(entry.id);
            insert(&mut draft, entry, *before)?;
        }
        DraftEdit::Change { entry, set } => {
            let entry = entry_mut(&mut draft, *entry)?;
            set.apply(entry);
        }
        DraftEdit::Remove { entry } => {
            draft.entry(*entry)?;
            draft.entries.retain(|one| one.id != *entry);
        }
        DraftEdit::Restore { entry } => restore(&mut draft, *entry)?,
        DraftEdit::Move { entry, stage, before } => {
            let mut moved = draft.entry(*entry)?.clone();
            if let Some(stage) = stage {
                check_stage(directory, draft.automation, *stage)?;
                moved.moment = at_stage(&moved, *stage)?;
            }
            if *before != Some(*entry) {
                draft.entries.retain(|one| one.id != *entry);
                insert(&mut draft, moved, *before)?;
            }
        }
        DraftEdit::Copy { entry, stage, before } => {
            let copied = copy_one(&draft, directory, *entry, *stage, &mut notes)?;
            let copied = Attachment {
                id: next_id(),
                ..copied
            };
            made.push(copied.id);
            insert(&mut draft, copied, *before)?;
        }
        DraftEdit::CopyFrom { from, stages } => {
            for copied in copy_from(&draft, directory, *from, stages, &mut notes)? {
                let copied = Attachment {
                    id: next_id(),
                    ..copied
                };
                made.push(copied.id);
                draft.entries.push(copied);
            }
        }
    }
    draft.check_size()?;
    Ok(Edited { draft, made, notes })
}

/// An entry as the robot's manifest would have it.
fn fresh(
    directory: &Directory,
    robot: &str,
    digest: Option<&str>,
    moment: Moment,
) -> Result<Attachment, Rejection> {
    let version = match digest {
        Some(digest) => directory.robots.get(digest),
        None => directory.current_robot(robot),
    };
    let version = version.filter(|version| version.manifest.id == robot);
    let version = version.ok_or_else(|| {
        let message = match digest {
            Some(digest) => said!(
                "robot `{robot}` with the digest `{digest}` is not installed",
                robot,
                digest
            ),
            None => said!("robot `{robot}` is not installed", robot),
        };
        Rejection::new(Code::NotFound, message)
    })?;
    let asked = version.manifest.permission.iter();
    Ok(Attachment {
        id: AttachmentId(0),
        title: version.manifest.name.en.clone(),
        robot: robot.to_owned(),
        digest: version.digest.clone(),
        moment,
        timing: Timing::default(),
        window: Window::default(),
        condition: Condition::default(),
        mode: Mode::default(),
        cancel_on: CancelOn::default(),
        repeat: Repeat::default(),
        missed: Missed::default(),
        missed_within_s: 0,
        on_error: OnError::default(),
        attempts_max: attempts_max(),
        backoff_base_s: backoff_base_s(),
        backoff_max_s: backoff_max_s(),
        concurrency_max: 0,
        rate_per_minute: 0,
        overrides_required_fields: false,
        scope: Scope::default(),
        grants: asked.map(|permission| permission.interface.clone()).collect(),
        http_hosts: version.manifest.http_hosts_named(),
        grant_fields: Vec::new(),
        grant_audience: Vec::new(),
        params: BTreeMap::new(),
        sort: 0,
        is_enabled: true,
        version: 0,
    })
}

fn entry_mut(draft: &mut AutomationDraft, id: AttachmentId) -> Result<&mut Attachment, Rejection> {
    draft.entry(id)?;
    let found = draft.entries.iter_mut().find(|entry| entry.id == id);
    found.ok_or_else(|| Rejection::not_found(id))
}

/// Puts an entry before another one, or at the end. One that is new has the place of whoever is there before it.
fn insert(
    draft: &mut AutomationDraft,
    mut entry: Attachment,
    before: Option<AttachmentId>,
) -> Result<(), Rejection> {
    let place = match before {
        Some(before) => {
            draft.entry(before)?;
            let found = draft.entries.iter().position(|one| one.id == before);
            found.unwrap_or(draft.entries.len())
        }
        None => draft.entries.len(),
    };
    if before.is_none() {
        let last = draft.entries.iter().map(|one| one.sort).max();
        entry.sort = entry.sort.max(last.unwrap_or(0));
    }
    draft.entries.insert(place, entry);
    Ok(())
}

fn restore(draft: &mut AutomationDraft, id: AttachmentId) -> Result<(), Rejection> {
    let place = draft.base.iter().position(|one| one.id == id);
    let Some(place) = place else {
        let message = said!("{id} was not in force when the draft began", id);
        return Err(Rejection::new(Code::NotFound, message));
    };
    let was = draft.base[place].clone();
    draft.entries.retain(|one| one.id != id);
    let before = draft.base[..place].iter().rev().map(|one| one.id);
    let behind = before
        .filter_map(|id| draft.entries.iter().position(|one| one.id == id))
        .next();
    draft.entries.insert(behind.map_or(0, |at| at + 1), was);
    Ok(())
}

fn check_stage(directory: &Directory, automation: AutomationId, id: StageId) -> Result<(), Rejection> {
    let stage = directory.stage(id)?;
    if AutomationId::Pipeline(stage.pipeline) == automation {
        return Ok(());
    }
    let message = said!(
        "stage `{stage}` does not belong to {automation}",
        stage = stage.key,
        automation
    );
    Err(Rejection::new(Code::NoSuchStage, message))
}

/// The moment of an entry in another stage.
pub(super) fn at_stage(entry: &Attachment, stage: StageId) -> Result<Moment, Rejection> {
    let mut moment = entry.moment.clone();
    match &mut moment {
        Moment::Stage { stage: own } => *own = stage,
        Moment::Event { stage: own, .. } => *own = Some(stage),
        Moment::Schedule {
            items: Some(query), ..
        } => query.stage = Some(stage),
        Moment::Schedule { items: None, .. } | Moment::Manual => {
            let message = said!(
                "`{title}` belongs to no item, and so to no stage",
                title = entry.title
            );
            return Err(Rejection::invalid(message));
        }
    }
    Ok(moment)
}
