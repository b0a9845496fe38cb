//! What differs between two lists of attachments: by entry, field by field, in structure and in words.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Column;
use crate::attachment::{Attachment, Moment, Timing};
use crate::directory::Directory;
use crate::ids::AttachmentId;

/// The longest value in a sentence, in characters; the structure has the whole one.
const SHOWN_CHARS_MAX: usize = 120;

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// It is new.
    Added,
    /// Fields of it have other values; it may have another place too.
    Changed,
    /// It has another place, and is the same otherwise.
    Moved,
    /// It is gone.
    Removed,
}

/// A field with another value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldDifference {
    /// The field, such as `timing`; parameters are `params.KEY`.
    pub field: String,
    /// Null: it had none.
    pub before: Value,
    /// Null: it has none.
    pub after: Value,
    /// In words.
    pub text: String,
}

/// From where to where an entry was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The list where it was: a stage's id, `events`, `schedules` or `manual`.
    pub from: String,
    /// Its place there, from 1.
    pub from_place: usize,
    /// The list where it is.
    pub to: String,
    /// Its place there, from 1.
    pub to_place: usize,
    /// In words.
    pub text: String,
}

/// How one entry differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryDifference {
    /// The attachment.
    pub entry: AttachmentId,
    /// Its title: the new one, where there is one.
    pub title: String,
    /// What became of it.
    pub kind: DifferenceKind,
    /// Fields with other values; none of an entry that is new or gone.
    pub fields: Vec<FieldDifference>,
    /// Its new place, if it was moved.
    pub moved: Option<Moved>,
    /// All of it in a sentence.
    pub text: String,
}

/// What differs between two lists of attachments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// New and changed ones in the order of the new list, then those that are gone.
    pub entries: Vec<EntryDifference>,
}

impl Difference {
    /// Compares; the directory gives stages their names.
    pub fn between(before: &[Attachment], after: &[Attachment], directory: &Directory) -> Difference {
        let old: BTreeMap<AttachmentId, &Attachment> = before.iter().map(|one| (one.id, one)).collect();
        let kept: BTreeSet<AttachmentId> = after.iter().map(|one| one.id).collect();
        let steady = steady(before, after);
        let (old_places, new_places) = (places(before), places(after));
        let mut entries = Vec::new();
        for new in after {
            let Some(old) = old.get(&new.id) else {
                entries.push(added(new, directory));
                continue;
            };
            let moved = (!steady.contains(&new.id)).then(|| {
                let (from, to) = (Column::of(&old.moment), Column::of(&new.moment));
                moved((from, old_places[&new.id]), (to, new_places[&new.id]), directory)
            });
            entries.extend(changed(old, new, moved, directory));
        }
        let gone = before.iter().filter(|one| !kept.contains(&one.id));
        entries.extend(gone.map(|one| removed(one, directory)));
        Difference { entries }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry's difference, if it differs.
    pub fn of(&self, id: AttachmentId) -> Option<&EntryDifference> {
        self.entries.iter().find(|entry| entry.entry == id)
    }
}

fn added(new: &Attachment, directory: &Directory) -> EntryDifference {
    let place = Column::of(&new.moment).text(directory);
    EntryDifference {
        entry: new.id,
        title: new.title.clone(),
        kind: DifferenceKind::Added,
        fields: Vec::new(),
        moved: None,
        text: format!("adds `{}` (robot `{}`) to {place}", new.title, new.robot),
    }
}

fn removed(old: &Attachment, directory: &Directory) -> EntryDifference {
    let place = Column::of(&old.moment).text(directory);
    EntryDifference {
        entry: old.id,
        title: old.title.clone(),
        kind: DifferenceKind::Removed,
        fields: Vec::new(),
        moved: None,
        text: format!("removes `{}` (robot `{}`) from {place}", old.title, old.robot),
    }
}

fn moved(from: (Column, usize), to: (Column, usize), directory: &Directory) -> Moved {
    let text = match from.0 == to.0 {
        true => format!(
            "moves from place {} to place {} in {}",
            from.1,
            to.1,
            to.0.text(directory)
        ),
        false => format!(
            "moves from {} to place {} in {}",
            from.0.text(directory),
            to.1,
            to.0.text(directory)
        ),
    };
    Moved {
        from: from.0.to_string(),
        from_place: from.1,
        to: to.0.to_string(),
        to_place: to.1,
        text,
    }
}

fn changed(
    old: &Attachment,
    new: &Attachment,
    moved: Option<Moved>,
    directory: &Directory,
) -> Option<EntryDifference> {
    let is_stage_move = matches!(
        (&old.moment, &new.moment),
        (Moment::Stage { .. }, Moment::Stage { .. })
    );
    let mut fields = field_differences(old, new, directory);
    if is_stage_move {
        fields.retain(|field| field.field != "moment");
    }
    if fields.is_empty() && moved.is_none() {
        return None;
    }
    let sentences = fields.iter().map(|field| field.text.as_str());
    let sentences = sentences.chain(moved.iter().map(|moved| moved.text.as_str()));
    let sentences: Vec<&str> = sentences.collect();
    Some(EntryDifference {
        entry: new.id,
        title: new.title.clone(),
        kind: match fields.is_empty() {
            true => DifferenceKind::Moved,
            false => DifferenceKind::Changed,
        },
        text: format!("changes `{}`: {}", old.title, sentences.join("; ")),
        fields,
        moved,
    })
}

/// The fields of an attachment that people set, by name; parameters one by one.
pub(super) fn fields_of(attachment: &Attachment) -> BTreeMap<String, Value> {
    let value = serde_json::to_value(attachment).unwrap_or_default();
    let mut fields = BTreeMap::new();
    for (key, value) in value.as_object().cloned().unwrap_or_default() {
        match (key.as_str(), value) {
            ("id" | "version" | "sort", _) => {}
            ("params", Value::Object(params)) => {
                fields.extend(
                    params
                        .into_iter()
                        .map(|(key, value)| (format!("params.{key}"), value)),
                );
            }
            (_, value) => {
                fields.insert(key, value);
            }
        }
    }
    fields
}

fn field_differences(old: &Attachment, new: &Attachment, directory: &Directory) -> Vec<FieldDifference> {
    let (before, after) = (fields_of(old), fields_of(new));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    let difference = |key: &String| {
        let [was, is] = [(&before, old), (&after, new)].map(|(fields, of)| (fields.get(key), of));
        let shown = |(value, of)| shown(key, value, of, directory);
        FieldDifference {
            field: key.clone(),
            before: was.0.cloned().unwrap_or_default(),
            after: is.0.cloned().unwrap_or_default(),
            text: format!("{key} from {} to {}", shown(was), shown(is)),
        }
    };
    differs.map(difference).collect()
}

fn shown(key: &str, value: Option<&Value>, of: &Attachment, directory: &Directory) -> String {
    match (key, value) {
        ("moment", _) => moment_text(&of.moment, directory),
        ("timing", _) => timing_text(&of.timing),
        (_, None | Some(Value::Null)) => "nothing".to_owned(),
        (_, Some(Value::Bool(true))) => "yes".to_owned(),
        (_, Some(Value::Bool(false))) => "no".to_owned(),
        (_, Some(Value::String(text))) => format!("`{}`", short(text)),
        (_, Some(other)) => short(&other.to_string()),
    }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// When an attachment starts, in words.
fn moment_text(moment: &Moment, directory: &Directory) -> String {
    match moment {
        Moment::Stage { .. } => Column::of(moment).text(directory),
        Moment::Event { event, stage, .. } => {
            let place = stage.map(|stage| format!(" in {}", Column::Stage(stage).text(directory)));
            format!("event `{}`{}", event.as_str(), place.unwrap_or_default())
        }
        Moment::Schedule { cron, zone, .. } => format!("schedule `{cron}` in `{zone}`"),
        Moment::Manual => "by hand".to_owned(),
    }
}

fn timing_text(timing: &Timing) -> String {
    match timing {
        Timing::Now => "at once".to_owned(),
        Timing::Delay {
            seconds,
            working: false,
        } => format!("after {seconds} s"),
        Timing::Delay {
            seconds,
            working: true,
        } => format!("after {seconds} s of working time"),
        Timing::Relative { field, offset_s } => match offset_s {
            0 => format!("at `{field}`"),
            before if *before < 0 => format!("{} s before `{field}`", before.unsigned_abs()),
            after => format!("{after} s after `{field}`"),
        },
        Timing::At { at } => format!("at {at}"),
    }
}

/// The place of each entry in its column, from 1.
fn places(list: &[Attachment]) -> BTreeMap<AttachmentId, usize> {
    let mut counts: BTreeMap<Column, usize> = BTreeMap::new();
    let place = |one: &Attachment| {
        let count = counts.entry(Column::of(&one.moment)).or_default();
        *count += 1;
        (one.id, *count)
    };
    list.iter().map(place).collect()
}

/// Entries that are in the same column as before, and in the same order among each other: the most that can be.
fn steady(before: &[Attachment], after: &[Attachment]) -> BTreeSet<AttachmentId> {
    let place: BTreeMap<(Column, AttachmentId), usize> = before
        .iter()
        .enumerate()
        .map(|(at, one)| ((Column::of(&one.moment), one.id), at))
        .collect();
    let mut columns: BTreeMap<Column, Vec<(usize, AttachmentId)>> = BTreeMap::new();
    for one in after {
        let column = Column::of(&one.moment);
        if let Some(at) = place.get(&(column, one.id)) {
            columns.entry(column).or_default().push((*at, one.id));
        }
    }
    columns.values().flat_map(|column| rising(column)).collect()
}

/// The longest part of the list that rises.
fn rising(list: &[(usize, AttachmentId)]) -> Vec<AttachmentId> {
    // For each length, the place in the list of the smallest last element.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(list.len());
    for (at, (value, _)) in list.iter().enumerate() {
        let length = ends.partition_point(|end| list[*end].0 < *value);
        previous.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut found = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        found.push(list[at].1);
        next = previous[at];
    }
    found
}
