//! Stopped loops, for people: a line in the item's history, and a notification for the admins.

use signalbox_crm::changes::ChangeSet;
use signalbox_crm::notifying::tell_of_loop;
use signalbox_crm::people::Actor;
use signalbox_crm::rules::Rules;
use signalbox_crm::run::{Reason, Run};

use super::Plan;
use crate::engine::committer::Proposal;

impl Plan<'_> {
    /// Says of the proposal's runs which of them the loop guard has stopped: the item's history says it each time, the
    /// admins are told once for each chain.
    pub(super) fn tell_of_stops(&mut self, proposal: &Proposal, runs: &[Run]) {
        let stopped = runs.iter().filter(|run| run.reason == Some(Reason::LoopStopped));
        for run in stopped {
            let root = proposal.origin.root.unwrap_or(run.event);
            let is_first = self.memory.guard.is_first_stop(root);
            let core = self.core;
            let new_id = |kind| core.new_id(kind);
            let rules = Rules {
                directory: self.directory(),
                now: proposal.at,
                actor: &Actor::System,
                new_id: &new_id,
                overrides_required_fields: false,
            };
            let mut changes = ChangeSet::default();
            if let Some(item) = run.item {
                let detail = run.detail.as_deref().unwrap_or_default();
                let after = Some(format!("{}: {detail}", run.id));
                rules.note(&mut changes, item, "loop-stopped", None, after);
            }
            if is_first {
                tell_of_loop(&rules, &mut changes, run, root);
                self.outcome.told.push(root);
            }
            self.rows(changes);
        }
    }
}
