//! The one door for putting a person in charge.

use std::collections::BTreeMap;

use crate::changes::{ChangeSet, Distribution, ListAssignment};
use crate::directory::Directory;
use crate::event::Fact;
use crate::ids::{EmployeeId, ItemId};
use crate::item::Item;
use crate::rejection::{Code, Rejection};
use crate::rules::Rules;

/// The most people in one list.
pub const CANDIDATES_MAX: usize = 200;

/// Puts a person in charge of an item. Nothing happens when it is the same person.
///
/// # Errors
/// `not-found`; `rule-violated` when the person has left.
pub fn assign(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    mut item: Item,
    to: EmployeeId,
) -> Result<Item, Rejection> {
    check_works_here(rules.directory, to)?;
    if item.assignee == Some(to) {
        return Ok(item);
    }
    let from = item.assignee.replace(to);
    item.updated_at = rules.now;
    rules.note(
        changes,
        item.id,
        "assignee",
        from.map(|id| id.to_string()),
        Some(to.to_string()),
    );
    changes.happened(Fact::ItemAssigned { from, to }, Some(item.id));
    changes.put_item(item.clone());
    Ok(item)
}

/// Refuses a person who has left.
///
/// # Errors
/// `not-found`, `rule-violated`.
pub fn check_works_here(directory: &Directory, id: EmployeeId) -> Result<(), Rejection> {
    let person = directory.employee(id)?;
    if person.is_active {
        return Ok(());
    }
    let message = format!("{id} ({}) does not work here any more", person.name);
    Err(Rejection::new(Code::RuleViolated, message))
}

/// Checks a list assignment now, so that the robot gets its refusal at once; the choice is made at commit.
///
/// # Errors
/// `invalid` (empty, too long), `not-found`, `no-candidate`.
pub fn check_list(rules: &Rules<'_>, list: &ListAssignment) -> Result<(), Rejection> {
    let count = list.candidates.len();
    if count == 0 || count > CANDIDATES_MAX {
        return Err(Rejection::invalid(format!(
            "the list has {count} people, not 1 to {CANDIDATES_MAX}"
        )));
    }
    list.candidates
        .iter()
        .try_for_each(|id| rules.directory.employee(*id).map(drop))?;
    pick(rules, list, &BTreeMap::new())
        .map(drop)
        .ok_or_else(|| nobody(list.item))
}

fn nobody(item: ItemId) -> Rejection {
    Rejection::new(Code::NoCandidate, format!("nobody in the list can take {item}"))
}

/// Chooses: strict takes the first who can; even takes the one whose last turn is longest ago, list order first
/// among those who never had one. `turns` holds the number of each person's last turn.
pub fn pick(
    rules: &Rules<'_>,
    list: &ListAssignment,
    turns: &BTreeMap<EmployeeId, i64>,
) -> Option<EmployeeId> {
    let can =
        |id: &&EmployeeId| {
            rules.directory.employees.get(id).is_some_and(|person| {
                person.is_active && (!list.skip_absent || person.is_available(rules.now))
            })
        };
    let mut able = list.candidates.iter().filter(can).copied();
    match list.distribution {
        Distribution::Strict => able.next(),
        Distribution::Even => able.min_by_key(|id| turns.get(id).copied().unwrap_or(0)),
    }
}
