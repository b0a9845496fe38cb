//! Builds a plan case by case.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::summary::{Summary, Unknown};
use super::track::{Move, Track};
use super::{Amount, Employee, Plan, PlanError, STEPS_MAX, Step, StepKind};
use crate::eventlog::mapping::{Language, Mapping, Meaning, UnknownActivities};
use crate::eventlog::xes::{Attribute, Case, LogEvent, Value, XesError};

/// Takes the cases of a log one after another and gives the plan at the end.
#[derive(Debug)]
pub struct Builder<'a> {
    mapping: &'a Mapping,
    language: Language,
    steps: Vec<Step>,
    /// Every text that repeats, once.
    texts: HashSet<Arc<str>>,
    cases: HashSet<Arc<str>>,
    people: BTreeSet<Arc<str>>,
    unknown: BTreeMap<(String, String), u64>,
    summary: Summary,
}

impl Plan {
    /// Builds the plan of a whole log, with titles and names in `language`.
    ///
    /// # Errors
    /// The log cannot be read, or does not fit the mapping.
    pub fn build(
        cases: impl IntoIterator<Item = Result<Case, XesError>>,
        mapping: &Mapping,
        language: Language,
    ) -> Result<Self, PlanError> {
        let mut builder = Builder::new(mapping, language);
        for case in cases {
            builder.add(case?)?;
        }
        builder.finish()
    }
}

impl<'a> Builder<'a> {
    /// A plan without cases, with titles and names in `language`.
    pub fn new(mapping: &'a Mapping, language: Language) -> Self {
        let stage_entries = mapping
            .stages
            .iter()
            .map(|stage| (stage.key.clone(), 0))
            .collect();
        Self {
            mapping,
            language,
            steps: Vec::new(),
            texts: HashSet::new(),
            cases: HashSet::new(),
            people: BTreeSet::new(),
            unknown: BTreeMap::new(),
            summary: Summary {
                stage_entries,
                ..Summary::default()
            },
        }
    }

    /// Adds one case. Its events may stand in any order; those of one instant keep the order of the file.
    ///
    /// # Errors
    /// The case does not fit the mapping, its name is taken, or the plan gets too long.
    pub fn add(&mut self, mut case: Case) -> Result<(), PlanError> {
        self.summary.case_count += 1;
        self.summary.event_count += case.events.len() as u64;
        case.events.sort_by_key(|event| event.at);
        let Some(first) = case.events.first() else {
            self.summary.empty_case_count += 1;
            return Ok(());
        };
        let id: Arc<str> = case.id.as_str().into();
        if !self.cases.insert(id.clone()) {
            return Err(PlanError::DuplicateCase {
                case: case.id,
                line: case.line,
            });
        }
        let opened_at = self.opened_at(&case, first.at)?;
        let opened = self.opened(&case, first)?;
        self.step(opened_at, &id, opened);
        let mut track = Track::new(self.mapping);
        for event in &case.events {
            self.add_event(&id, event, &mut track);
        }
        if self.steps.len() > STEPS_MAX {
            Err(PlanError::TooLong)
        } else {
            Ok(())
        }
    }

    /// The plan of the cases so far.
    ///
    /// # Errors
    /// There are activities that the mapping does not name, and it refuses them.
    pub fn finish(mut self) -> Result<Plan, PlanError> {
        let unknown: Vec<_> = self
            .unknown
            .into_iter()
            .map(|((activity, transition), count)| Unknown {
                activity,
                transition,
                count,
            })
            .collect();
        if !unknown.is_empty() && self.mapping.unknown_activities == UnknownActivities::Refuse {
            return Err(PlanError::UnknownActivities(unknown));
        }
        // Stable: steps of one instant keep the order of cases and of events.
        self.steps.sort_by_key(|step| step.at);
        let employees = employees(self.mapping, self.language, self.people);
        let mut summary = self.summary;
        summary.unknown = unknown;
        summary.employee_count = employees.len() as u64;
        summary.step_count = self.steps.len() as u64;
        summary.first_at = self.steps.first().map(|step| step.at);
        summary.last_at = self.steps.last().map(|step| step.at);
        Ok(Plan {
            steps: self.steps,
            employees,
            summary,
        })
    }

    fn add_event(&mut self, case: &Arc<str>, event: &LogEvent, track: &mut Track<'_>) {
        let Some(meaning) = self.mapping.meaning(&event.activity, &event.lifecycle) else {
            *self
                .unknown
                .entry((event.activity.clone(), event.lifecycle.clone()))
                .or_default() += 1;
            return;
        };
        match meaning {
            Meaning::Ignored => self.summary.ignored_count += 1,
            Meaning::Enters(_) | Meaning::Plans(_) | Meaning::Starts(_) | Meaning::Completes(_) => {
                self.summary.mapped_count += 1;
            }
        }
        match meaning {
            Meaning::Ignored => {}
            Meaning::Enters(stage) => self.enter(case, event, stage, track),
            Meaning::Plans(activity) => self.plan(case, event, activity, track),
            Meaning::Starts(activity) if track.is_open(activity) => {}
            Meaning::Starts(activity) => {
                self.summary.unplanned_work_count += 1;
                self.plan(case, event, activity, track);
            }
            Meaning::Completes(activity) => self.complete(case, event, activity, track),
        }
    }

    fn enter(&mut self, case: &Arc<str>, event: &LogEvent, stage: usize, track: &mut Track<'_>) {
        match track.enter(stage) {
            Move::Reentry => {
                self.summary.reentry_count += 1;
                return;
            }
            Move::Refused => {
                self.summary.refused_move_count += 1;
                return;
            }
            Move::Backward => self.summary.backward_count += 1,
            Move::Forward => {}
        }
        let key = &self.mapping.stages[stage].key;
        *self.summary.stage_entries.entry(key.clone()).or_default() += 1;
        let (stage_key, resource) = (self.text(key), self.person(event));
        self.step(event.at, case, StepKind::StageEntered { stage_key, resource });
    }

    fn plan(&mut self, case: &Arc<str>, event: &LogEvent, activity: usize, track: &mut Track<'_>) {
        let number =
            u32::try_from(self.summary.planned_count).expect("a plan is refused long before, at STEPS_MAX");
        self.summary.planned_count += 1;
        track.plan(activity, number);
        let mapping = &self.mapping.activities[activity];
        let (title, assignee) = (self.text(mapping.title.text(self.language)), self.person(event));
        let kind = StepKind::ActivityPlanned {
            activity: number,
            kind: mapping.kind,
            title,
            assignee,
        };
        self.step(event.at, case, kind);
    }

    /// Completes the oldest open activity. Work that nobody planned is planned at the instant of its end.
    fn complete(&mut self, case: &Arc<str>, event: &LogEvent, activity: usize, track: &mut Track<'_>) {
        if !track.is_open(activity) {
            self.summary.unplanned_work_count += 1;
            self.plan(case, event, activity, track);
        }
        let number = track
            .complete(activity)
            .expect("an activity is open: the lines above see to it");
        self.summary.completed_count += 1;
        let resource = self.person(event);
        self.step(
            event.at,
            case,
            StepKind::ActivityCompleted {
                activity: number,
                resource,
            },
        );
    }

    /// When the deal was created: never later than its first event.
    fn opened_at(&self, case: &Case, first_at: Timestamp) -> Result<Timestamp, PlanError> {
        let Some(key) = &self.mapping.deal.created_at else {
            return Ok(first_at);
        };
        let Some(Value::Date(at)) = Attribute::find(&case.attributes, key) else {
            let (case, line) = (case.id.clone(), case.line);
            return Err(PlanError::NoCreationTime {
                case,
                attribute: key.clone(),
                line,
            });
        };
        Ok(first_at.min(*at))
    }

    fn opened(&mut self, case: &Case, first: &LogEvent) -> Result<StepKind, PlanError> {
        let deal = &self.mapping.deal;
        Ok(StepKind::CaseOpened {
            title: deal.title.text(self.language).replace("{id}", &case.id).into(),
            stage_key: self.text(&self.mapping.stages[0].key),
            amount: self.amount(case)?,
            assignee: self.person(first),
            source: deal.source.as_deref().map(|source| self.text(source)),
        })
    }

    fn amount(&mut self, case: &Case) -> Result<Option<Amount>, PlanError> {
        let Some(source) = &self.mapping.deal.amount else {
            return Ok(None);
        };
        let value = match Attribute::find(&case.attributes, &source.attribute) {
            None => return Ok(None),
            Some(Value::Text(text)) => text.trim().to_owned(),
            Some(Value::Int(number)) => number.to_string(),
            Some(Value::Float(number)) => number.to_string(),
            Some(other) => other.type_name().to_owned(),
        };
        if !is_decimal(&value) {
            let (case, line) = (case.id.clone(), case.line);
            return Err(PlanError::BadAmount {
                case,
                attribute: source.attribute.clone(),
                value,
                line,
            });
        }
        Ok(Some(Amount {
            value: self.text(&value),
            currency: self.text(&source.currency),
        }))
    }

    /// Who caused an event; software is nobody.
    fn person(&mut self, event: &LogEvent) -> Option<Arc<str>> {
        let resource = event.resource.as_deref()?;
        if self
            .mapping
            .employees
            .software
            .iter()
            .any(|software| software == resource)
        {
            return None;
        }
        let person = self.text(resource);
        self.people.insert(person.clone());
        Some(person)
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.texts.insert(new.clone());
        new
    }

    fn step(&mut self, at: Timestamp, case: &Arc<str>, kind: StepKind) {
        self.steps.push(Step {
            at,
            case: case.clone(),
            kind,
        });
    }
}

fn employees(mapping: &Mapping, language: Language, mut people: BTreeSet<Arc<str>>) -> Vec<Employee> {
    let heads = mapping
        .employees
        .head
        .iter()
        .chain(mapping.employees.head_of.values());
    people.extend(heads.map(|head| Arc::from(head.as_str())));
    let employee = |resource: &Arc<str>| Employee {
        resource: resource.clone(),
        name: mapping
            .employees
            .name
            .text(language)
            .replace("{resource}", resource),
        head: mapping.employees.head_for(resource).map(Arc::from),
    };
    people.iter().map(employee).collect()
}

/// A decimal number as money is written: digits, perhaps a sign, perhaps a point with digits after it.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}
