//! From an event to its meaning: the mapping turned around.

use std::collections::HashMap;

use super::check::MappingProblem;
use super::{Mapping, Trigger};

/// What an event means for the pipeline. The numbers are positions in the mapping's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing, on purpose.
    Ignored,
    /// The deal enters this stage.
    Enters(usize),
    /// An activity of this kind is created.
    Plans(usize),
    /// Work on such an activity begins.
    Starts(usize),
    /// Such an activity is completed.
    Completes(usize),
}

/// The meanings by activity name, each with the transition it is limited to.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    by_activity: HashMap<String, Vec<(Option<String>, Meaning)>>,
}

impl Rules {
    /// The rules of a mapping, with a problem for each event that would have two meanings.
    pub(super) fn new(mapping: &Mapping) -> (Self, Vec<MappingProblem>) {
        let mut rules = Self::default();
        let mut problems = Vec::new();
        for (trigger, meaning) in meanings(mapping) {
            if let Err(other) = rules.add(&trigger, meaning) {
                let [first, second] = [other, meaning].map(|meaning| place(mapping, meaning));
                problems.push(MappingProblem::MappedTwice {
                    trigger: trigger.to_string(),
                    first,
                    second,
                });
            }
        }
        (rules, problems)
    }

    pub(super) fn meaning(&self, activity: &str, lifecycle: &str) -> Option<Meaning> {
        let candidates = self.by_activity.get(activity)?;
        let applies = |only: &Option<String>| only.as_deref().is_none_or(|only| only == lifecycle);
        candidates
            .iter()
            .find(|(only, _)| applies(only))
            .map(|(_, meaning)| *meaning)
    }

    fn add(&mut self, trigger: &Trigger, meaning: Meaning) -> Result<(), Meaning> {
        let candidates = self.by_activity.entry(trigger.activity.clone()).or_default();
        let overlaps = |only: &Option<String>| {
            only.is_none() || trigger.transition.is_none() || *only == trigger.transition
        };
        match candidates.iter().find(|(only, _)| overlaps(only)) {
            Some((_, other)) => Err(*other),
            None => {
                candidates.push((trigger.transition.clone(), meaning));
                Ok(())
            }
        }
    }
}

fn meanings(mapping: &Mapping) -> impl Iterator<Item = (Trigger, Meaning)> {
    let ignored = mapping
        .ignore
        .iter()
        .map(|trigger| (trigger.clone(), Meaning::Ignored));
    let stages = mapping.stages.iter().enumerate().flat_map(|(index, stage)| {
        stage
            .entered_by
            .iter()
            .map(move |trigger| (trigger.clone(), Meaning::Enters(index)))
    });
    let activities = mapping
        .activities
        .iter()
        .enumerate()
        .flat_map(|(index, activity)| {
            let transitions = [
                (&activity.plan, Meaning::Plans(index)),
                (&activity.start, Meaning::Starts(index)),
                (&activity.complete, Meaning::Completes(index)),
            ];
            transitions.map(|(transition, meaning)| {
                let transition = Some(transition.to_lowercase());
                (
                    Trigger {
                        activity: activity.name.clone(),
                        transition,
                    },
                    meaning,
                )
            })
        });
    ignored.chain(stages).chain(activities)
}

/// Where in the file a meaning comes from.
fn place(mapping: &Mapping, meaning: Meaning) -> String {
    let activity = |index: usize| &mapping.activities[index].name;
    match meaning {
        Meaning::Ignored => "`ignore`".to_owned(),
        Meaning::Enters(index) => format!("stage `{}`", mapping.stages[index].key),
        Meaning::Plans(index) => format!("`plan` of activity `{}`", activity(index)),
        Meaning::Starts(index) => format!("`start` of activity `{}`", activity(index)),
        Meaning::Completes(index) => format!("`complete` of activity `{}`", activity(index)),
    }
}
