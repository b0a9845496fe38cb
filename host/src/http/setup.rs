//! What all changes of the set-up have in common.

use serde::Serialize;
use serde_json::Value;

use super::problem::Problem;
use crate::engine::draft::Draft;
use signalbox_crm::said;
use signalbox_crm::sentence::Sentence;

/// The most things of one kind in the set-up: it is kept in memory, and copied with each change.
const ENTRIES_MAX: usize = 10_000;

/// Refuses one thing too many.
pub(super) fn check_room(what: &'static str, count: usize) -> Result<(), Problem> {
    if count < ENTRIES_MAX {
        return Ok(());
    }
    Err(Problem::conflict(said!(
        "there are {count} {what}, and more are not possible",
        count,
        what = Sentence::fixed(what)
    )))
}

/// Notes in the history that something new was set up, and how.
pub(super) fn note_created(draft: &mut Draft, subject: &str, view: &impl Serialize) -> Result<(), Problem> {
    let after = serde_json::to_string(view).map_err(|error| super::failure::internal(&error))?;
    draft.rule(|rules, changes| {
        rules.note(changes, subject, "created", None, Some(after));
        Ok(())
    })?;
    Ok(())
}

/// Notes in the history each field in which the views differ.
pub(super) fn note_changed<T: Serialize>(
    draft: &mut Draft,
    subject: &str,
    before: &T,
    after: &T,
) -> Result<(), Problem> {
    let fields = |view: &T| match serde_json::to_value(view) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Ok(serde_json::Map::new()),
        Err(error) => Err(super::failure::internal(&error)),
    };
    let (before, after) = (fields(before)?, fields(after)?);
    let is_changed = |(key, new): &(&String, &Value)| *key != "version" && before.get(*key) != Some(*new);
    draft.rule(|rules, changes| {
        for (key, new) in after.iter().filter(is_changed) {
            rules.note(
                changes,
                subject,
                key,
                before.get(key).map(shown),
                Some(shown(new)),
            );
        }
        Ok(())
    })?;
    Ok(())
}

/// Takes the new value, if there is one.
pub(super) fn set<T: Clone>(field: &mut T, new: Option<&T>) {
    if let Some(new) = new {
        field.clone_from(new);
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
