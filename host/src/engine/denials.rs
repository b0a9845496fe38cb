//! What attachments were denied since the host started, for those who grant: a robot that goes on after a denial
//! completes, and its runs look well in a list.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde::de::IgnoredAny;
use signalbox_crm::attachment::Attachment;
use signalbox_crm::ids::{AttachmentId, RunId};
use signalbox_crm::rejection::Code;

/// Attachments that are remembered. As many as there may be.
const ATTACHMENTS_MAX: usize = 1_000;

/// What one attachment was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The version of the attachment: with another one it may be granted.
    pub version: i64,
    /// Executions that were denied anything.
    pub execution_count: u64,
    /// The last of them.
    pub run: RunId,
    /// The function, and what is missing.
    pub what: String,
}

/// The denials of all attachments.
#[derive(Debug, Default)]
pub struct Denials(Mutex<BTreeMap<AttachmentId, Denied>>);

impl Denials {
    /// Notes what an execution was denied, given the journal of its calls.
    pub fn note(&self, attachment: &Attachment, run: RunId, calls: &str) {
        let Some(what) = denied_calls(calls).into_iter().next() else {
            return;
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ATTACHMENTS_MAX && !all.contains_key(&attachment.id) {
            return;
        }
        let before = all.get(&attachment.id);
        let before = before.filter(|before| before.version == attachment.version);
        let denied = Denied {
            version: attachment.version,
            execution_count: before.map_or(0, |before| before.execution_count) + 1,
            run,
            what,
        };
        all.insert(attachment.id, denied);
    }

    /// What was denied to the attachments as they are now.
    pub fn standing<'a>(
        &self,
        attachments: impl Iterator<Item = &'a Attachment>,
    ) -> Vec<(&'a Attachment, Denied)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let denied = |attachment: &'a Attachment| {
            let denied = all.get(&attachment.id)?;
            (denied.version == attachment.version).then(|| (attachment, denied.clone()))
        };
        attachments.filter_map(denied).collect()
    }
}

/// The part of a recorded call that says what was denied.
#[derive(Deserialize)]
struct Call {
    interface: String,
    function: String,
    answer: Answer,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Refused { err: Refusal },
    Other(IgnoredAny),
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

/// Which calls of a journal were denied, each once: `notifications.send: ...`.
pub fn denied_calls(calls: &str) -> Vec<String> {
    let denied = Code::Denied.as_str();
    // Most runs are denied nothing, and their calls need not be read.
    if !calls.contains(&format!("\"code\":\"{denied}\"")) {
        return Vec::new();
    }
    let calls: Vec<Call> = serde_json::from_str(calls).unwrap_or_default();
    let mut lines = Vec::new();
    for call in calls {
        let Answer::Refused { err } = call.answer else {
            continue;
        };
        let line = format!("{}.{}: {}", call.interface, call.function, err.message);
        if err.code == denied && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: &str, answer: &str) -> String {
        format!(r#"{{"interface":"fields","function":"{function}","args":[],"answer":{answer}}}"#)
    }

    #[test]
    fn denied_calls_are_named_once() {
        let denied = r#"{"err":{"code":"denied","message":"no","retryable":false}}"#;
        let invalid = r#"{"err":{"code":"invalid","message":"x","retryable":false}}"#;
        let calls = [
            call("get", denied),
            call("get", r#"{"ok":{"code":"denied"}}"#),
            call("get", invalid),
            call("get", "null"),
            call("get", denied),
            call("set", denied),
        ];
        let journal = format!("[{}]", calls.join(","));
        assert_eq!(denied_calls(&journal), ["fields.get: no", "fields.set: no"]);
        assert_eq!(denied_calls(&format!("[{}]", call("get", invalid))), [""; 0]);
    }
}
