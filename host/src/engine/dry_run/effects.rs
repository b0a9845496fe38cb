//! What a draft would change, in words that are the same for everything.

use serde::Serialize;
use signalbox_crm::changes::ChangeSet;
use signalbox_crm::ids::{EmployeeId, ItemId};

use crate::engine::trial_ids::named;

/// One change that a run would make. The kinds are those of the effects in the record of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// `changed`, `notified`, `assigned-from-list`, `commented`, `replied`, `requested`, `remembered`, `forgotten`,
    /// `wake-up-set` or `wake-up-cancelled`.
    pub kind: &'static str,
    /// The id of what it concerns: an item, an employee, a conversation, a service.
    pub target: String,
    /// What of it: a field, a title, a method, a key.
    pub what: String,
    /// The value that is there now, where one is replaced.
    pub before: Option<String>,
    /// The value that would be there; the text that would be sent.
    pub after: Option<String>,
    /// The whole as an English sentence.
    pub text: String,
}

/// Who of a list would get an item; none when nobody can.
pub(super) type Chosen = Vec<(ItemId, Option<EmployeeId>)>;

/// Collects effects.
struct Effects(Vec<Effect>);

impl Effects {
    fn add(
        &mut self,
        kind: &'static str,
        target: impl ToString,
        what: impl ToString,
        after: Option<String>,
        text: String,
    ) {
        self.0.push(Effect {
            kind,
            target: named(&target.to_string()),
            what: what.to_string(),
            before: None,
            after: after.as_deref().map(named),
            text: named(&text),
        });
    }
}

/// What the changes come to, in the order of [`crate::engine::effects::describe`].
pub(super) fn describe(changes: &ChangeSet, chosen: &Chosen) -> Vec<Effect> {
    let mut effects = Effects(Vec::new());
    fields(&mut effects, changes);
    people(&mut effects, changes, chosen);
    outside(&mut effects, changes);
    memory(&mut effects, changes);
    effects.0
}

fn fields(effects: &mut Effects, changes: &ChangeSet) {
    for entry in &changes.history {
        let (subject, what) = (&entry.subject, &entry.what);
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "empty".to_owned());
        let text = match (&entry.before, &entry.after) {
            (None, None) => format!("{subject}: {what}"),
            (None, Some(after)) => format!("{subject}: {what}: {after}"),
            (before, after) => format!("{subject}: {what}: {} -> {}", shown(before), shown(after)),
        };
        effects.add("changed", subject, what, entry.after.clone(), text);
        if let Some(effect) = effects.0.last_mut() {
            effect.before = entry.before.as_deref().map(named);
        }
    }
}

fn people(effects: &mut Effects, changes: &ChangeSet, chosen: &Chosen) {
    for told in &changes.notifications {
        let text = format!("{} is told: {}", told.employee, told.title);
        effects.add(
            "notified",
            told.employee,
            &told.title,
            Some(told.text.clone()),
            text,
        );
    }
    for (list, (item, person)) in changes.assignments.iter().zip(chosen) {
        let count = list.candidates.len();
        let person = person.map(|person| person.to_string());
        let text = match &person {
            Some(person) => format!("{item} goes to {person}, whose turn it is among {count}"),
            None => format!("{item} goes to nobody: none of {count} can take it"),
        };
        effects.add("assigned-from-list", item, "assignee", person, text);
    }
    for entry in &changes.timeline {
        let text = format!("{} gets a {}: {}", entry.item, entry.kind, entry.text);
        effects.add(
            "commented",
            entry.item,
            &entry.kind,
            Some(entry.text.clone()),
            text,
        );
    }
}

fn outside(effects: &mut Effects, changes: &ChangeSet) {
    for delivery in &changes.deliveries {
        let text = format!("a message leaves in {}: {}", delivery.conversation, delivery.text);
        let after = Some(delivery.text.clone());
        effects.add("replied", delivery.conversation, delivery.message, after, text);
    }
    for request in &changes.requests {
        let (method, url) = (request.asked.method.as_str(), &request.asked.url);
        let text = format!("a request leaves: {method} {url}");
        effects.add("requested", url, method, request.asked.body.clone(), text);
    }
}

fn memory(effects: &mut Effects, changes: &ChangeSet) {
    for ((owner, key), remembered) in &changes.state {
        match &remembered.value {
            Some(value) => {
                let text = format!("{owner} remembers {key}: {value}");
                effects.add("remembered", owner, key, Some(value.clone()), text);
            }
            None => effects.add("forgotten", owner, key, None, format!("{owner} forgets {key}")),
        }
    }
    for wake_up in &changes.wake_ups {
        let (id, key) = (wake_up.attachment, &wake_up.key);
        match &wake_up.set {
            Some((at, _)) => {
                let text = format!("{id} wakes up at {at} ({key})");
                effects.add("wake-up-set", id, key, Some(at.to_string()), text);
            }
            None => {
                let text = format!("{id} does not wake up any more ({key})");
                effects.add("wake-up-cancelled", id, key, None, text);
            }
        }
    }
}
