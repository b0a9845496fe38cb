//! What every rule needs to know: the set-up, the time, and who acts.

use crate::changes::ChangeSet;
use crate::directory::Directory;
use crate::ids::IdKind;
use crate::notification::HistoryEntry;
use crate::people::Actor;
use crate::time::Timestamp;

/// The surroundings of a rule. Time and new ids come from outside, so that rules stay pure.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The set-up.
    pub directory: &'a Directory,
    /// The time at which the change happens.
    pub now: Timestamp,
    /// Who makes it.
    pub actor: &'a Actor,
    /// Gives out a number that nobody else gets.
    pub new_id: &'a (dyn Fn(IdKind) -> i64 + Sync),
    /// An admin allowed this attachment to move items although required fields are empty.
    pub overrides_required_fields: bool,
}

impl Rules<'_> {
    /// Notes who changed what.
    pub fn note(
        &self,
        changes: &mut ChangeSet,
        subject: impl ToString,
        what: &str,
        before: Option<String>,
        after: Option<String>,
    ) {
        changes.history.push(HistoryEntry {
            subject: subject.to_string(),
            at: self.now,
            actor: self.actor.to_string(),
            run: self.actor.run(),
            what: what.to_owned(),
            before,
            after,
        });
    }
}
