//! The one door for putting a person in charge.

use std::collections::BTreeMap;

use crate::changes::{ChangeSet, Distribution, ListAssignment};
use crate::directory::Directory;
use crate::event::Fact;
use crate::ids::{EmployeeId, ItemId};
use crate::item::Item;
use crate::rejection::{Code, Rejection};
use crate::rules::Rules;
use crate::said;

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
    let message = said!(
        "{id} ({person}) does not work here any more",
        id,
        person = person.name
    );
    Err(Rejection::new(Code::RuleViolated, message))
}

/// Checks a list assignment now, so that the robot gets its refusal at once; the choice is made at commit.
///
/// # Errors
/// `invalid` (empty, too long), `not-found`, `no-candidate`.
pub fn check_list(rules: &Rules<'_>, list: &ListAssignment) -> Result<(), Rejection> {
    let count = list.candidates.len();
    if count == 0 || count > CANDIDATES_MAX {
        return Err(Rejection::invalid(said!(
            "the list has {count} people, not 1 to {max}",
            count,
            max = CANDIDATES_MAX
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
    Rejection::new(
        Code::NoCandidate,
        said!("nobody in the list can take {item}", item),
    )
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{ANNA, BORIS, DINA, GLEB, VERA, World, deal};
    use crate::ids::AttachmentId;

    fn list(candidates: &[EmployeeId], distribution: Distribution, skip_absent: bool) -> ListAssignment {
        ListAssignment {
            item: deal().id,
            candidates: candidates.to_vec(),
            distribution,
            skip_absent,
            turns_of: AttachmentId(1),
        }
    }

    #[test]
    fn a_change_of_the_assignee_is_an_event_and_a_history_row() {
        let world = World::new();
        let mut changes = ChangeSet::default();
        assign(&world.rules(), &mut changes, deal(), VERA).expect("assigned");
        let fact = Fact::ItemAssigned {
            from: Some(BORIS),
            to: VERA,
        };
        assert_eq!(
            (changes.items[&7].row.assignee, &changes.facts[0].fact),
            (Some(VERA), &fact)
        );
        assert_eq!(changes.history[0].after.as_deref(), Some("employee:3"));
        let mut changes = ChangeSet::default();
        assign(&world.rules(), &mut changes, deal(), BORIS).expect("the same");
        assert_eq!(changes, ChangeSet::default());
    }

    #[test]
    fn who_has_left_or_does_not_exist_is_not_put_in_charge() {
        let world = World::new();
        for (to, code) in [(GLEB, Code::RuleViolated), (EmployeeId(99), Code::NotFound)] {
            let mut changes = ChangeSet::default();
            let rejection = assign(&world.rules(), &mut changes, deal(), to).expect_err("refused");
            assert_eq!((rejection.code, changes), (code, ChangeSet::default()));
        }
    }

    #[test]
    fn strict_takes_the_first_who_can() {
        let world = World::new();
        let pick = |people: &[EmployeeId], skip| {
            pick(
                &world.rules(),
                &list(people, Distribution::Strict, skip),
                &BTreeMap::from([(VERA, 9)]),
            )
        };
        assert_eq!(pick(&[VERA, BORIS], true), Some(VERA));
        assert_eq!(pick(&[GLEB, DINA, BORIS], true), Some(BORIS));
        assert_eq!(pick(&[GLEB, DINA, BORIS], false), Some(DINA));
        assert_eq!(pick(&[GLEB, DINA], true), None);
    }

    #[test]
    fn even_takes_who_never_had_a_turn_and_then_the_longest_ago() {
        let world = World::new();
        let people = [BORIS, VERA, DINA, ANNA];
        let pick = |turns: &[(EmployeeId, i64)]| {
            let turns = turns.iter().copied().collect();
            pick(&world.rules(), &list(&people, Distribution::Even, true), &turns)
        };
        assert_eq!(pick(&[]), Some(BORIS));
        assert_eq!(pick(&[(BORIS, 1)]), Some(VERA));
        assert_eq!(pick(&[(BORIS, 1), (VERA, 2)]), Some(ANNA));
        assert_eq!(pick(&[(BORIS, 4), (VERA, 2), (ANNA, 3)]), Some(VERA));
    }

    #[test]
    fn a_list_is_checked_at_once() {
        let world = World::new();
        let check =
            |people: &[EmployeeId]| check_list(&world.rules(), &list(people, Distribution::Even, true));
        check(&[DINA, VERA]).expect("Vera can");
        for (people, code) in [
            (vec![], Code::Invalid),
            (vec![VERA; CANDIDATES_MAX + 1], Code::Invalid),
            (vec![VERA, EmployeeId(99)], Code::NotFound),
            (vec![DINA, GLEB], Code::NoCandidate),
        ] {
            assert_eq!(check(&people).expect_err("refused").code, code);
        }
    }

    proptest! {
        /// However many turns there are: between people who are there, the difference is one turn at most.
        #[test]
        fn even_is_fair_within_one_turn(count in 1_i64..40, turns in 0_i64..300, away in 0_i64..40) {
            let mut world = World::new();
            let people: Vec<EmployeeId> = (1..=count).map(|n| EmployeeId(1_000 + n)).collect();
            for id in &people {
                let mut person = crate::fixture::employee(*id, "X", None);
                if id.0 == 1_000 + away {
                    person.absences = world.directory.employees[&DINA].absences.clone();
                }
                world.set(crate::directory::DirectoryChange::Employee(person));
            }
            let list = list(&people, Distribution::Even, true);
            let (mut last, mut counts) = (BTreeMap::new(), BTreeMap::<EmployeeId, i64>::new());
            for turn in 1..=turns {
                let Some(next) = pick(&world.rules(), &list, &last) else { break };
                last.insert(next, turn);
                *counts.entry(next).or_default() += 1;
            }
            let there = people.iter().filter(|id| id.0 != 1_000 + away);
            let counts: Vec<i64> = there.map(|id| counts.get(id).copied().unwrap_or(0)).collect();
            let (min, max) = (counts.iter().min(), counts.iter().max());
            prop_assert!(max.zip(min).is_none_or(|(max, min)| max - min <= 1), "{counts:?}");
            prop_assert!(!last.contains_key(&EmployeeId(1_000 + away)));
        }
    }
}
