//! Bulk changes: one change for many items, made in pieces, each item once.

use serde::{Deserialize, Serialize};

use crate::assigning::assign;
use crate::attachment::Moment;
use crate::changes::ChangeSet;
use crate::directory::Directory;
use crate::editing::{ItemPatch, edit_item};
use crate::event::Fact;
use crate::ids::{AttachmentId, BulkId, EmployeeId, ItemId, PipelineId, StageId};
use crate::item::Item;
use crate::moving::{Moved, Reach, move_item};
use crate::rejection::{Code, Rejection};
use crate::rules::Rules;
use crate::said;
use crate::time::Timestamp;

/// Refusals that are kept with their words: enough to see the pattern. All are counted.
pub const REFUSALS_KEPT_MAX: usize = 20;
/// Robots of stages that one bulk change starts: more than any publication adds.
pub const STARTED_MAX: usize = 50;

/// Which items: open ones of a pipeline that were there when it was asked for, and fit when their turn comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkFilter {
    /// The pipeline.
    pub pipeline: PipelineId,
    /// Only in this stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<StageId>,
    /// Only of this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<EmployeeId>,
}

impl BulkFilter {
    /// Whether the item is one of them now.
    pub fn fits(&self, item: &Item) -> bool {
        item.closed_at.is_none()
            && item.pipeline == self.pipeline
            && self.stage.is_none_or(|stage| item.stage == stage)
            && self.assignee.is_none_or(|person| item.assignee == Some(person))
    }
}

/// What is done to each item: the same rules hold as for a person who does it one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum BulkChange {
    /// Moves it to a stage of its pipeline.
    Move {
        /// The stage.
        stage: StageId,
        /// May go to a stage further left.
        #[serde(default)]
        allow_back: bool,
        /// Why it was lost, for stages that want to know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lost_reason: Option<String>,
    },
    /// Puts a person in charge.
    Assign {
        /// Who.
        employee: EmployeeId,
    },
    /// Starts a robot.
    Run {
        /// Its attachment.
        attachment: AttachmentId,
    },
    /// Starts robots of stages: for each item those of the stage in which it stands, in list order.
    Start {
        /// Their attachments.
        attachments: Vec<AttachmentId>,
    },
}

impl BulkChange {
    /// Which robots it starts for an item that stands in the stage, in list order.
    pub fn started_in(&self, directory: &Directory, stage: StageId) -> Vec<AttachmentId> {
        let BulkChange::Start { attachments } = self else {
            return Vec::new();
        };
        let own = directory.attachments_of(stage).iter();
        let chosen = own.filter(|one| one.is_enabled && attachments.contains(&one.id));
        chosen.map(|one| one.id).collect()
    }
}

/// Where a bulk change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BulkState {
    /// Waits or goes on.
    Open,
    /// Every item had its turn.
    Done,
    /// A person stopped it; what was done stays.
    Cancelled,
}

impl BulkState {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            BulkState::Open => "open",
            BulkState::Done => "done",
            BulkState::Cancelled => "cancelled",
        }
    }
}

/// An item that a rule refused to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The item.
    pub item: ItemId,
    /// The rejection's code.
    pub code: String,
    /// Its words.
    pub message: String,
}

/// One change for many items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bulk {
    /// The id.
    pub id: BulkId,
    /// Grows by one with each piece, in the commit of the piece: so none is done twice.
    pub version: i64,
    /// Where it stands.
    pub state: BulkState,
    /// Which items.
    pub filter: BulkFilter,
    /// What is done.
    pub change: BulkChange,
    /// Who asked for it.
    pub by: Option<EmployeeId>,
    /// Items that fitted when it was asked for.
    pub matched_count: i64,
    /// The number of the last item that was there then; newer ones are left alone.
    pub until: i64,
    /// The number of the last item that had its turn.
    pub cursor: i64,
    /// Items that were changed, or whose robot was started.
    pub changed_count: i64,
    /// Items that were as wanted already, or fitted no more.
    pub passed_count: i64,
    /// Items that a rule refused to change.
    pub refused_count: i64,
    /// The first of these.
    #[serde(default)]
    pub refusals: Vec<Refusal>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was done or cancelled.
    pub finished_at: Option<Timestamp>,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// It was changed.
    Changed,
    /// Nothing was to be done.
    Passed,
    /// A rule said no.
    Refused(Rejection),
}

impl Bulk {
    /// Notes that an item had its turn.
    pub fn note(&mut self, item: ItemId, turn: Turn) {
        self.cursor = item.number;
        match turn {
            Turn::Changed => self.changed_count += 1,
            Turn::Passed => self.passed_count += 1,
            Turn::Refused(rejection) => {
                self.refused_count += 1;
                if self.refusals.len() < REFUSALS_KEPT_MAX {
                    self.refusals.push(Refusal {
                        item,
                        code: rejection.code.as_str().to_owned(),
                        message: rejection.message.english(),
                    });
                }
            }
        }
    }

    /// Items that had their turn.
    pub fn seen_count(&self) -> i64 {
        self.changed_count + self.passed_count + self.refused_count
    }

    /// Ends it.
    pub fn end(&mut self, state: BulkState, now: Timestamp) {
        self.state = state;
        self.finished_at = Some(now);
    }
}

/// Checks a bulk change before it is accepted: what no item could ever pass is refused at once.
///
/// # Errors
/// `not-found`, `no-such-stage` for what does not exist; `invalid` for a stage of another pipeline;
/// `rule-violated` for a person who has left.
pub fn check_bulk(directory: &Directory, filter: &BulkFilter, change: &BulkChange) -> Result<(), Rejection> {
    if !directory.pipelines.contains_key(&filter.pipeline) {
        return Err(Rejection::not_found(filter.pipeline));
    }
    let in_pipeline = |stage: StageId| {
        let stage = directory.stage(stage)?;
        if stage.pipeline == filter.pipeline {
            return Ok(());
        }
        let message = said!(
            "stage `{stage}` does not belong to {pipeline}",
            stage = stage.key,
            pipeline = filter.pipeline
        );
        Err(Rejection::invalid(message))
    };
    filter.stage.map_or(Ok(()), in_pipeline)?;
    match change {
        BulkChange::Move { stage, .. } => in_pipeline(*stage),
        BulkChange::Assign { employee } => match directory.employees.get(employee) {
            Some(person) if person.is_active => Ok(()),
            Some(_) => {
                let message = said!("{employee} does not work here any more", employee);
                Err(Rejection::new(Code::RuleViolated, message))
            }
            None => Err(Rejection::not_found(employee)),
        },
        BulkChange::Run { attachment } => match directory.attachments.contains_key(attachment) {
            true => Ok(()),
            false => Err(Rejection::not_found(attachment)),
        },
        BulkChange::Start { attachments } => check_start(directory, filter.pipeline, attachments),
    }
}

fn check_start(
    directory: &Directory,
    pipeline: PipelineId,
    attachments: &[AttachmentId],
) -> Result<(), Rejection> {
    let count = attachments.len();
    if !(1..=STARTED_MAX).contains(&count) {
        let message = said!(
            "{count} robots are to be started, not 1 to {max}",
            count,
            max = STARTED_MAX
        );
        return Err(Rejection::invalid(message));
    }
    for id in attachments {
        let found = directory.attachments.get(id);
        let found = found.ok_or_else(|| Rejection::not_found(id))?;
        let stage = match &found.moment {
            Moment::Stage { stage } => Some(directory.stage(*stage)?),
            Moment::Event { .. } | Moment::Schedule { .. } | Moment::Manual => None,
        };
        if stage.is_none_or(|stage| stage.pipeline != pipeline) {
            let message = said!(
                "{id} (`{title}`) belongs to no stage of {pipeline}",
                id,
                title = found.title,
                pipeline
            );
            return Err(Rejection::invalid(message));
        }
        if !found.is_enabled {
            return Err(Rejection::invalid(said!(
                "{id} (`{title}`) is switched off",
                id,
                title = found.title
            )));
        }
    }
    Ok(())
}

/// Gives one item its turn. What a rule refuses leaves nothing in `changes`.
pub fn change_one(rules: &Rules<'_>, changes: &mut ChangeSet, bulk: &Bulk, item: Item) -> Turn {
    if !bulk.filter.fits(&item) {
        return Turn::Passed;
    }
    let outcome = match &bulk.change {
        BulkChange::Move {
            stage,
            allow_back,
            lost_reason,
        } => go(rules, changes, item, *stage, *allow_back, lost_reason.as_ref()),
        BulkChange::Assign { employee } if item.assignee == Some(*employee) => Ok(Turn::Passed),
        BulkChange::Assign { employee } => assign(rules, changes, item, *employee).map(|_| Turn::Changed),
        BulkChange::Run { attachment } => {
            let fact = Fact::BulkRun {
                attachment: *attachment,
                by: bulk.by,
                bulk: bulk.id,
            };
            changes.happened(fact, Some(item.id));
            Ok(Turn::Changed)
        }
        change @ BulkChange::Start { .. } => Ok(start(rules, changes, bulk, change, &item)),
    };
    outcome.unwrap_or_else(Turn::Refused)
}

/// What was switched off or removed meanwhile is not started.
fn start(rules: &Rules<'_>, changes: &mut ChangeSet, bulk: &Bulk, change: &BulkChange, item: &Item) -> Turn {
    let started = change.started_in(rules.directory, item.stage);
    for attachment in &started {
        let fact = Fact::BulkRun {
            attachment: *attachment,
            by: bulk.by,
            bulk: bulk.id,
        };
        changes.happened(fact, Some(item.id));
    }
    match started.is_empty() {
        true => Turn::Passed,
        false => Turn::Changed,
    }
}

fn go(
    rules: &Rules<'_>,
    changes: &mut ChangeSet,
    mut item: Item,
    stage: StageId,
    back: bool,
    lost_reason: Option<&String>,
) -> Result<Turn, Rejection> {
    if item.stage == stage {
        return Ok(Turn::Passed);
    }
    let reach = Reach { back, across: false };
    let Some(reason) = lost_reason else {
        return move_item(rules, changes, item, stage, reach).map(turn);
    };
    // The reason is an edit of its own, and goes if the move is refused.
    let mut with_reason = changes.clone();
    let patch = ItemPatch {
        lost_reason: Some(Some(reason.clone())),
        ..ItemPatch::default()
    };
    let id = item.id;
    edit_item(rules, &mut with_reason, item.clone(), patch)?;
    if let Some(staged) = with_reason.items.get(&id.number) {
        item = staged.row.clone();
    }
    let moved = move_item(rules, &mut with_reason, item, stage, reach)?;
    *changes = with_reason;
    Ok(turn(moved))
}

fn turn(moved: Moved) -> Turn {
    match moved {
        Moved::AlreadyThere => Turn::Passed,
        _ => Turn::Changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::Attachment;
    use crate::fixture::{LOST, MEETING, NEW, OFFER, SALES, World, attachment, deal};
    use crate::value::FieldValue;

    fn bulk(change: BulkChange, stage: Option<StageId>) -> Bulk {
        Bulk {
            id: BulkId(1),
            version: 1,
            state: BulkState::Open,
            filter: BulkFilter {
                pipeline: SALES,
                stage,
                assignee: None,
            },
            change,
            by: None,
            matched_count: 1,
            until: 100,
            cursor: 0,
            changed_count: 0,
            passed_count: 0,
            refused_count: 0,
            refusals: Vec::new(),
            created_at: crate::fixture::at(crate::fixture::NOW),
            finished_at: None,
        }
    }

    fn to(stage: StageId) -> BulkChange {
        BulkChange::Move {
            stage,
            allow_back: false,
            lost_reason: None,
        }
    }

    #[test]
    fn an_item_is_moved_once_and_by_the_rules_for_people() {
        let world = World::new();
        let mut changes = ChangeSet::default();
        let forwards = bulk(to(MEETING), Some(NEW));
        let refused = change_one(&world.rules(), &mut changes, &forwards, deal());
        assert!(matches!(&refused, Turn::Refused(no) if no.code == Code::RequiredFields));
        let mut ready = deal();
        ready
            .fields
            .insert("meeting-at".to_owned(), FieldValue::Instant(world.now));
        assert_eq!(
            change_one(&world.rules(), &mut changes, &forwards, ready),
            Turn::Changed
        );
        let moved = changes.items[&deal().id.number].row.clone();
        assert_eq!(moved.stage, MEETING);
        // It stands in the stage no more from which it was to be moved.
        assert_eq!(
            change_one(&world.rules(), &mut changes, &forwards, moved.clone()),
            Turn::Passed
        );
        let back = bulk(to(NEW), None);
        let refused = change_one(&world.rules(), &mut ChangeSet::default(), &back, moved);
        assert!(
            matches!(&refused, Turn::Refused(no) if no.code == Code::BackwardRefused),
            "{refused:?}"
        );
    }

    #[test]
    fn a_refused_move_leaves_no_reason_behind() {
        let world = World::new();
        let mut changes = ChangeSet::default();
        let change = BulkChange::Move {
            stage: NEW,
            allow_back: false,
            lost_reason: Some("too dear".to_owned()),
        };
        let item = Item {
            stage: OFFER,
            ..deal()
        };
        let refused = change_one(&world.rules(), &mut changes, &bulk(change, None), item);
        assert!(matches!(refused, Turn::Refused(_)), "{refused:?}");
        assert_eq!(changes, ChangeSet::default());
    }

    #[test]
    fn robots_of_the_stage_are_started_in_list_order_and_no_others() {
        let mut world = World::new();
        for (id, stage, sort) in [(1, NEW, 20), (2, NEW, 10), (3, NEW, 30), (4, MEETING, 0)] {
            world.attach(Attachment {
                moment: Moment::Stage { stage },
                sort,
                ..attachment(id)
            });
        }
        let start = |ids: &[i64]| BulkChange::Start {
            attachments: ids.iter().map(|id| AttachmentId(*id)).collect(),
        };
        let mut changes = ChangeSet::default();
        let both = bulk(start(&[1, 2, 4]), None);
        let turn = change_one(&world.rules(), &mut changes, &both, deal());
        assert_eq!(turn, Turn::Changed);
        let started: Vec<AttachmentId> = changes
            .facts
            .iter()
            .filter_map(|new| match &new.fact {
                Fact::BulkRun { attachment, .. } => Some(*attachment),
                _ => None,
            })
            .collect();
        assert_eq!(started, [AttachmentId(2), AttachmentId(1)]);
        let other = bulk(start(&[4]), None);
        let turn = change_one(&world.rules(), &mut changes, &other, deal());
        assert_eq!(turn, Turn::Passed);
        // Switched off since it was asked for.
        let off = |is_enabled| Attachment {
            moment: Moment::Manual,
            is_enabled,
            ..attachment(3)
        };
        world.attach(Attachment {
            moment: Moment::Stage { stage: NEW },
            ..off(false)
        });
        let turn = change_one(&world.rules(), &mut changes, &bulk(start(&[3]), None), deal());
        assert_eq!(turn, Turn::Passed);
        let check = |ids: &[i64]| {
            let change = start(ids);
            let filter = bulk(change.clone(), None).filter;
            let checked = check_bulk(&world.directory, &filter, &change);
            checked.map_or_else(|no| no.message.english(), |()| String::new())
        };
        assert_eq!(check(&[1, 4]), "");
        assert_eq!(check(&[]), "0 robots are to be started, not 1 to 50");
        assert_eq!(check(&[9]), "`attachment:9` does not exist");
        assert_eq!(check(&[3]), "attachment:3 (`A3`) is switched off");
        world.attach(off(true));
        let manual = start(&[3]);
        let filter = bulk(manual.clone(), None).filter;
        let no = check_bulk(&world.directory, &filter, &manual).expect_err("by hand only");
        assert_eq!(
            no.message.english(),
            "attachment:3 (`A3`) belongs to no stage of pipeline:1"
        );
    }

    #[test]
    fn a_closed_item_is_passed_over() {
        let world = World::new();
        let item = Item {
            stage: LOST,
            closed_at: Some(world.now),
            ..deal()
        };
        let turn = change_one(
            &world.rules(),
            &mut ChangeSet::default(),
            &bulk(to(MEETING), None),
            item,
        );
        assert_eq!(turn, Turn::Passed);
    }

    #[test]
    fn refusals_are_counted_and_the_first_are_kept() {
        let mut bulk = bulk(to(MEETING), None);
        for number in 1..=30 {
            let id = ItemId { number, ..deal().id };
            bulk.note(id, Turn::Refused(Rejection::invalid(said!("no"))));
        }
        assert_eq!((bulk.refused_count, bulk.cursor), (30, 30));
        assert_eq!(bulk.refusals.len(), REFUSALS_KEPT_MAX);
    }

    #[test]
    fn what_no_item_could_pass_is_refused_at_once() {
        let world = World::new();
        let check = |change: BulkChange| {
            let filter = bulk(change.clone(), None).filter;
            check_bulk(&world.directory, &filter, &change).map_err(|no| no.message.english())
        };
        assert_eq!(check(to(MEETING)), Ok(()));
        for wrong in [
            to(StageId(999)),
            BulkChange::Assign {
                employee: EmployeeId(999),
            },
            BulkChange::Run {
                attachment: AttachmentId(999),
            },
        ] {
            assert!(check(wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
