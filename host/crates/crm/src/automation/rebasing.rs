//! A draft takes over what others have brought into force since it began.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use super::difference::fields_of;
use super::{AutomationDraft, in_force, number_of};
use crate::attachment::Attachment;
use crate::directory::Directory;
use crate::ids::{AttachmentId, IdKind};
use crate::said;
use crate::sentence::Sentence;

/// What both have changed, in different ways. The draft keeps its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conflict {
    /// The entry in the draft.
    pub entry: AttachmentId,
    /// Its title.
    pub title: String,
    /// The field; none when it is about the entry as a whole.
    pub field: Option<String>,
    /// What they have made of it; null: removed.
    pub theirs: Value,
    /// What the draft has made of it; null: removed.
    pub mine: Value,
    /// In words.
    pub text: Sentence,
}

/// Makes the draft begin from what is in force now. Changes of the others are taken over, entry by entry and field by
/// field, where the draft has not changed the same; where it has, it keeps its own, and that is told.
pub fn rebase(
    draft: &AutomationDraft,
    directory: &Directory,
    new_id: &dyn Fn(IdKind) -> i64,
) -> (AutomationDraft, Vec<Conflict>) {
    let theirs = in_force(directory, draft.automation);
    let mut merge = Merge {
        base: by_id(&draft.base),
        theirs: by_id(&theirs),
        conflicts: Vec::new(),
    };
    let mine: BTreeSet<AttachmentId> = draft.entries.iter().map(|one| one.id).collect();
    let mut entries: Vec<Attachment> = Vec::with_capacity(draft.entries.len());
    for entry in &draft.entries {
        entries.extend(merge.kept(entry, new_id));
    }
    for (at, new) in theirs
        .iter()
        .enumerate()
        .filter(|(_, new)| !mine.contains(&new.id))
    {
        if merge.is_removed_here(new) {
            continue;
        }
        // Behind whoever is before it there.
        let before = theirs[..at].iter().rev().map(|one| one.id);
        let place = before
            .filter_map(|id| entries.iter().position(|entry| entry.id == id))
            .next();
        entries.insert(place.map_or(0, |place| place + 1), new.clone());
    }
    if ids(&draft.base, &mine) == ids(&draft.entries, &by_id(&draft.base).into_keys().collect()) {
        as_ordered(&mut entries, &theirs);
    }
    let conflicts = merge.conflicts;
    let rebased = AutomationDraft {
        base_number: number_of(directory, draft.automation),
        base: theirs,
        entries,
        ..draft.clone()
    };
    (rebased, conflicts)
}

/// The ids of a list that are among `these`, in its order.
fn ids(list: &[Attachment], these: &BTreeSet<AttachmentId>) -> Vec<AttachmentId> {
    list.iter()
        .map(|one| one.id)
        .filter(|id| these.contains(id))
        .collect()
}

/// Gives those entries that are in `list` its order; the others keep their places.
fn as_ordered(entries: &mut [Attachment], list: &[Attachment]) {
    let found = by_id(entries);
    let mut ordered = list.iter().filter_map(|one| found.get(&one.id));
    let known: BTreeSet<AttachmentId> = list.iter().map(|one| one.id).collect();
    for entry in entries.iter_mut().filter(|entry| known.contains(&entry.id)) {
        if let Some(next) = ordered.next() {
            entry.clone_from(next);
        }
    }
}

fn by_id(list: &[Attachment]) -> BTreeMap<AttachmentId, Attachment> {
    list.iter().map(|one| (one.id, one.clone())).collect()
}

struct Merge {
    base: BTreeMap<AttachmentId, Attachment>,
    theirs: BTreeMap<AttachmentId, Attachment>,
    conflicts: Vec<Conflict>,
}

impl Merge {
    /// What becomes of an entry of the draft; none: others have removed it, and the draft had left it as it was.
    fn kept(&mut self, mine: &Attachment, new_id: &dyn Fn(IdKind) -> i64) -> Option<Attachment> {
        let Some(base) = self.base.get(&mine.id).cloned() else {
            return Some(mine.clone());
        };
        let Some(theirs) = self.theirs.get(&mine.id).cloned() else {
            if fields_of(&base) == fields_of(mine) {
                return None;
            }
            let entry = Attachment {
                id: AttachmentId(new_id(IdKind::Attachment)),
                version: 0,
                ..mine.clone()
            };
            let text = said!(
                "others have removed `{title}`, which the draft changes: it is new now",
                title = mine.title
            );
            self.conflict(&entry, None, (Value::Null, Value::from(mine.title.clone())), text);
            return Some(entry);
        };
        Some(self.merged(&base, &theirs, mine))
    }

    fn merged(&mut self, base: &Attachment, theirs: &Attachment, mine: &Attachment) -> Attachment {
        let (old, their, own) = (fields_of(base), fields_of(theirs), fields_of(mine));
        let keys: BTreeSet<&String> = old.keys().chain(their.keys()).chain(own.keys()).collect();
        let mut fields = BTreeMap::new();
        for key in keys {
            let (was, they, i) = (old.get(key), their.get(key), own.get(key));
            let takes_theirs = i == was;
            if !takes_theirs && they != was && they != i {
                let both = (they.cloned().unwrap_or_default(), i.cloned().unwrap_or_default());
                let text = said!(
                    "others have changed {key} of `{title}` too; the draft keeps its own",
                    key,
                    title = mine.title
                );
                self.conflict(mine, Some(key.clone()), both, text);
            }
            if let Some(value) = if takes_theirs { they } else { i } {
                fields.insert(key.clone(), value.clone());
            }
        }
        let sort = if mine.sort == base.sort {
            theirs.sort
        } else {
            mine.sort
        };
        whole(
            fields,
            &Attachment {
                sort,
                ..theirs.clone()
            },
        )
        .unwrap_or_else(|| mine.clone())
    }

    /// Whether the draft has removed what others have in force.
    fn is_removed_here(&mut self, theirs: &Attachment) -> bool {
        let Some(base) = self.base.get(&theirs.id) else {
            return false;
        };
        if fields_of(base) != fields_of(theirs) {
            let text = said!(
                "others have changed `{title}`, which the draft removes",
                title = theirs.title
            );
            self.conflict(
                theirs,
                None,
                (Value::from(theirs.title.clone()), Value::Null),
                text,
            );
        }
        true
    }

    fn conflict(
        &mut self,
        entry: &Attachment,
        field: Option<String>,
        (theirs, mine): (Value, Value),
        text: Sentence,
    ) {
        self.conflicts.push(Conflict {
            entry: entry.id,
            title: entry.title.clone(),
            field,
            theirs,
            mine,
            text,
        });
    }
}

/// The attachment with these fields, and the id, the place and the version of `as_in`.
fn whole(fields: BTreeMap<String, Value>, as_in: &Attachment) -> Option<Attachment> {
    let mut object = Map::new();
    let mut params = Map::new();
    for (key, value) in fields {
        match key.strip_prefix("params.") {
            Some(key) => params.insert(key.to_owned(), value),
            None => object.insert(key, value),
        };
    }
    object.insert("params".to_owned(), Value::Object(params));
    object.insert("id".to_owned(), as_in.id.to_string().into());
    object.insert("sort".to_owned(), as_in.sort.into());
    object.insert("version".to_owned(), as_in.version.into());
    serde_json::from_value(Value::Object(object)).ok()
}
