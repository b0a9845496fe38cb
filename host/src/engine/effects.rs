//! What a run changed, in words that stay: the effects of its record.

use serde::Serialize;
use signalbox_crm::changes::{ChangeSet, Distribution};

/// How much of a comment an effect repeats, in characters: a line of a list.
const COMMENT_CHARS_MAX: usize = 200;

/// One change that a run made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "effect")]
enum Effect<'a> {
    /// A field of an item, contact or other subject.
    Changed {
        subject: &'a str,
        what: &'a str,
        before: Option<&'a str>,
        after: Option<&'a str>,
    },
    Notified {
        employee: String,
        title: &'a str,
        /// With a tag it takes the place of an unread one.
        #[serde(skip_serializing_if = "Option::is_none")]
        tag: Option<&'a str>,
    },
    AssignedFromList {
        item: String,
        distribution: &'static str,
        candidates: usize,
    },
    Commented {
        item: String,
        /// Its beginning.
        text: String,
    },
    Replied {
        conversation: String,
        message: String,
    },
    Requested {
        request: String,
        method: &'static str,
        /// Scheme, host and port.
        to: &'a str,
    },
    Remembered {
        owner: String,
        key: &'a str,
    },
    Forgotten {
        owner: String,
        key: &'a str,
    },
    WakeUpSet {
        key: &'a str,
        at: String,
    },
    WakeUpCancelled {
        key: &'a str,
    },
}

/// The effects as a JSON array.
pub fn describe(changes: &ChangeSet) -> String {
    let mut effects = Vec::new();
    for entry in &changes.history {
        effects.push(Effect::Changed {
            subject: &entry.subject,
            what: &entry.what,
            before: entry.before.as_deref(),
            after: entry.after.as_deref(),
        });
    }
    for notification in &changes.notifications {
        let employee = notification.employee.to_string();
        effects.push(Effect::Notified {
            employee,
            title: &notification.title,
            tag: notification.tag.as_deref(),
        });
    }
    for list in &changes.assignments {
        let distribution = match list.distribution {
            Distribution::Strict => "strict",
            Distribution::Even => "even",
        };
        let item = list.item.to_string();
        effects.push(Effect::AssignedFromList {
            item,
            distribution,
            candidates: list.candidates.len(),
        });
    }
    for entry in &changes.timeline {
        effects.push(Effect::Commented {
            item: entry.item.to_string(),
            text: entry.text.chars().take(COMMENT_CHARS_MAX).collect(),
        });
    }
    for delivery in &changes.deliveries {
        let conversation = delivery.conversation.to_string();
        effects.push(Effect::Replied {
            conversation,
            message: delivery.message.to_string(),
        });
    }
    for request in &changes.requests {
        effects.push(Effect::Requested {
            request: request.id.to_string(),
            method: request.asked.method.as_str(),
            to: &request.origin,
        });
    }
    for ((owner, key), remembered) in &changes.state {
        let owner = owner.to_string();
        effects.push(match remembered.value {
            Some(_) => Effect::Remembered { owner, key },
            None => Effect::Forgotten { owner, key },
        });
    }
    for wake_up in &changes.wake_ups {
        effects.push(match &wake_up.set {
            Some((at, _)) => Effect::WakeUpSet {
                key: &wake_up.key,
                at: at.to_string(),
            },
            None => Effect::WakeUpCancelled { key: &wake_up.key },
        });
    }
    serde_json::to_string(&effects).unwrap_or_else(|error| format!("[\"{error}\"]"))
}
