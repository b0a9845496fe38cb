//! People from lists: chosen at commit and not in the draft, so that a turn is taken once.

use signalbox_crm::assigning::{assign, pick};
use signalbox_crm::changes::ListAssignment;
use signalbox_crm::ids::EmployeeId;
use signalbox_crm::rejection::{Code, Rejection};
use signalbox_crm::rules::Rules;
use signalbox_crm::said;
use signalbox_db::{Check, Turn};

use super::Plan;
use crate::engine::committer::Proposal;

impl Plan<'_> {
    /// Chooses the people of list assignments: here and not in the draft, so that a turn is taken once.
    pub(super) fn decide_assignments(&mut self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let lists = std::mem::take(&mut proposal.changes.assignments);
        if lists.is_empty() {
            return Ok(());
        }
        let before = self.turns.clone();
        let mut taken = Vec::new();
        for list in lists {
            let person = match self.next_turn(proposal, &list) {
                Ok(person) => person,
                Err(rejection) => {
                    self.turns = before;
                    return Err(rejection);
                }
            };
            let stored = self.memory.last_turn(list.turns_of);
            self.check(None, Check::Turn(list.turns_of, stored));
            let of_queue = self.turns.range((list.turns_of, EmployeeId(i64::MIN))..);
            let of_queue = of_queue.take_while(|((queue, _), _)| *queue == list.turns_of);
            let seq = of_queue.map(|(_, seq)| *seq).max().unwrap_or(stored) + 1;
            taken.push(((list.turns_of, person), seq));
            self.turns.insert((list.turns_of, person), seq);
        }
        self.outcome
            .batch
            .turns
            .extend(taken.into_iter().map(|((attachment, employee), seq)| Turn {
                attachment,
                employee,
                seq,
            }));
        Ok(())
    }

    fn next_turn(&self, proposal: &mut Proposal, list: &ListAssignment) -> Result<EmployeeId, Rejection> {
        let new_id = |kind| self.core.new_id(kind);
        let rules = Rules {
            directory: self.directory(),
            now: proposal.at,
            actor: &proposal.actor,
            new_id: &new_id,
            overrides_required_fields: false,
        };
        let mut turns = self.memory.turns.get(&list.turns_of).cloned().unwrap_or_default();
        let newer = self
            .turns
            .iter()
            .filter(|((owner, _), _)| *owner == list.turns_of);
        turns.extend(newer.map(|((_, employee), seq)| (*employee, *seq)));
        let person = pick(&rules, list, &turns).ok_or_else(|| {
            Rejection::new(
                Code::NoCandidate,
                said!("nobody in the list can take {item}", item = list.item),
            )
        })?;
        let item = proposal
            .changes
            .items
            .get(&list.item.number)
            .map(|staged| staged.row.clone());
        let item = item.ok_or_else(|| Rejection::not_found(list.item))?;
        assign(&rules, &mut proposal.changes, item, person)?;
        Ok(person)
    }
}
