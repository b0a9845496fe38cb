//! Placeholders in texts that an admin writes.

use super::{TEXT_CHARS_MAX, is_field};
use crate::contact::Contact;
use crate::directory::Directory;
use crate::event::{Event, Fact};
use crate::ids::EmployeeId;
use crate::item::Item;
use crate::time::Timestamp;

/// What placeholders can show.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The set-up, for names.
    pub directory: &'a Directory,
    /// The run's item.
    pub item: Option<&'a Item>,
    /// The item's client.
    pub contact: Option<&'a Contact>,
    /// What started the run.
    pub event: &'a Event,
    /// The run's logical time.
    pub now: Timestamp,
}

/// Replaces `{=Document:TITLE}` and the like, in one pass: what is inserted is never looked at again, so that a
/// client's text cannot smuggle placeholders in. An unknown placeholder stays as it is; an empty value gives nothing.
pub fn expand(text: &str, shown: Shown<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{=") {
        out.push_str(&rest[..start]);
        let tail = &rest[start..];
        let Some(end) = tail.find('}') else { break };
        match tail[2..end]
            .split_once(':')
            .and_then(|(source, name)| lookup(source, name, shown))
        {
            Some(value) => out.push_str(&value),
            None => out.push_str(&tail[..=end]),
        }
        rest = &tail[end + 1..];
    }
    out.push_str(rest);
    out.chars().take(TEXT_CHARS_MAX).collect()
}

/// The value of a placeholder; none when there is no such placeholder.
fn lookup(source: &str, name: &str, shown: Shown<'_>) -> Option<String> {
    let person = |id: Option<EmployeeId>| id.and_then(|id| shown.directory.employees.get(&id));
    let assignee = person(shown.item.and_then(|item| item.assignee));
    match (source, name) {
        ("Document", "ID") => Some(shown.item.map(|item| item.id.to_string()).unwrap_or_default()),
        ("Document", "STAGE") => {
            let stage = shown
                .item
                .and_then(|item| shown.directory.stages.get(&item.stage));
            Some(stage.map(|stage| stage.title.ru.clone()).unwrap_or_default())
        }
        ("Document", field) => {
            let lower = field.to_lowercase().replace('_', "-");
            let known = [lower.as_str(), field].into_iter();
            let key = known.into_iter().find(|key| is_field(shown.directory, key))?;
            let value = shown.item.and_then(|item| item.field(key));
            Some(value.map(|value| value.to_string()).unwrap_or_default())
        }
        ("Contact", "NAME") => Some(
            shown
                .contact
                .map(|contact| contact.name.clone())
                .unwrap_or_default(),
        ),
        ("Responsible", "NAME") => Some(assignee.map(|person| person.name.clone()).unwrap_or_default()),
        ("Event", "text") => match &shown.event.fact {
            Fact::MessageReceived { text, .. } | Fact::MessageEdited { text, .. } => Some(text.clone()),
            _ => Some(String::new()),
        },
        ("Run", "now") => Some(shown.now.to_string()),
        _ => None,
    }
}
