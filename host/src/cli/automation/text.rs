//! Automations in words, for people at a terminal.

use serde_json::Value;

use super::super::output::{field, table};

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The entries of a draft, of a version, or of what is in force.
pub(super) fn entries_table(entries: &Value) -> String {
    let rows = list(entries).iter().map(|one| {
        let is_on = one["is_enabled"] == true;
        let state = match list(&one["problems"]).len() {
            0 if !is_on => "off".to_owned(),
            0 => field(one, "state"),
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        };
        [
            field(one, "id"),
            field(one, "column"),
            field(one, "title"),
            match &one["robot_label"] {
                Value::String(label) => label.clone(),
                _ => field(one, "robot"),
            },
            field(one, "timing.kind"),
            state,
        ]
    });
    table(["id", "where", "title", "robot", "when", "state"], rows)
}

/// What differs, a line for each entry.
pub(super) fn difference_text(difference: &Value) -> String {
    match list(&difference["entries"]) {
        [] => "nothing differs\n".to_owned(),
        entries => entries
            .iter()
            .map(|one| format!("{}\n", field(one, "text")))
            .collect(),
    }
}

/// A draft: its entries, what it changes, and what is wrong with it.
pub(super) fn draft_text(draft: &Value) -> String {
    let head = match draft["version"].as_i64() {
        Some(0) => format!(
            "no draft; version {} of {} is in force\n",
            field(draft, "base_number"),
            field(draft, "name")
        ),
        _ => format!(
            "draft {} of {}, by {} at {}, based on version {}{}\n",
            field(draft, "version"),
            field(draft, "name"),
            field(draft, "changed_by"),
            field(draft, "changed_at"),
            field(draft, "base_number"),
            match draft["is_stale"] == true {
                true => ", which is not in force any more: `automation rebase`",
                false => "",
            }
        ),
    };
    let mut text = head + &entries_table(&draft["entries"]);
    text.push_str("\nchanges\n");
    text.push_str(&difference_text(&draft["difference"]));
    let problems = list(&draft["problems"]);
    if !problems.is_empty() {
        text.push_str("\nproblems\n");
    }
    for one in problems {
        let words = ["title", "entry", "field", "message"].map(|key| field(one, key));
        text.push_str(&format!(
            "`{}` ({}), {}: {}\n",
            words[0], words[1], words[2], words[3]
        ));
    }
    text
}

/// A draft after a change: what the person should know comes first.
pub(super) fn edited_text(edited: &Value) -> String {
    let notes = list(&edited["notes"]).iter();
    let notes: String = notes
        .map(|note| format!("note: {}\n", note.as_str().unwrap_or_default()))
        .collect();
    notes + &draft_text(&edited["draft"])
}

/// For how many items robots would run.
pub(super) fn here_text(found: &Value) -> String {
    let mut text = format!(
        "{} items stand there: {} runs would be made\n",
        field(found, "item_count"),
        field(found, "run_count")
    );
    for stage in list(&found["stages"]) {
        let items = list(&stage["items"]).iter();
        let names: Vec<String> = items
            .map(|item| format!("{} {}", field(item, "item"), field(item, "title")))
            .collect();
        text.push_str(&format!(
            "stage `{}`: {} robots for {} items: {}\n",
            field(stage, "key"),
            list(&stage["attachments"]).len(),
            field(stage, "item_count"),
            match names.is_empty() {
                true => "-".to_owned(),
                false => names.join(", "),
            }
        ));
    }
    text
}
