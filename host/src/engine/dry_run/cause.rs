//! What would start a robot that is tried.

use signalbox_crm::attachment::{Attachment, ItemQuery, Moment as AttachedTo};
use signalbox_crm::changes::ChangeSet;
use signalbox_crm::directory::Directory;
use signalbox_crm::event::{Event, Fact, FactKind};
use signalbox_crm::explaining::{Bearing, Point, PointCode};
use signalbox_crm::ids::{EmployeeId, EventId, StageId};
use signalbox_crm::item::Item;
use signalbox_crm::matching::waits_for;
use signalbox_crm::moving::{Reach, move_item};
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::rules::Rules;
use signalbox_crm::said;
use signalbox_crm::schedule::Schedule;
use signalbox_crm::time::Timestamp;
use signalbox_db::EventFilter;

use super::DryRunError;
use crate::engine::core::SharedCore;
use crate::engine::trial_ids::TrialIds;

/// The newest events of an item among which the one is looked for that would start a robot.
const EVENTS_MAX: u32 = 50;

/// What starts the robot.
pub(super) struct Moment {
    pub(super) fact: Fact,
    /// The number of the event, if it happened.
    pub(super) past_id: Option<EventId>,
    /// The item, if it is another one then.
    pub(super) supposed: Option<Item>,
    pub(super) points: Vec<Point>,
}

impl Moment {
    fn of(fact: Fact, point: Point) -> Moment {
        Moment {
            fact,
            past_id: None,
            supposed: None,
            points: vec![point],
        }
    }

    /// What happened, once more.
    pub(super) fn past(event: &Event) -> Moment {
        let (kind, at) = (event.fact.kind().as_str(), event.at);
        let text = format!("{} is taken as if it happened now: {kind} at {at}", event.id);
        let point = Point::new(PointCode::EventHappened, Bearing::For, text)
            .with("event", event.id)
            .with("kind", kind)
            .with("at", at);
        Moment {
            past_id: Some(event.id),
            ..Moment::of(event.fact.clone(), point)
        }
    }
}

/// Looks for what would start a robot.
pub(super) struct Asking<'a> {
    pub(super) core: &'a SharedCore,
    pub(super) directory: &'a Directory,
    pub(super) attachment: &'a Attachment,
    pub(super) ids: &'a TrialIds,
    pub(super) by: Option<EmployeeId>,
    pub(super) at: Timestamp,
}

impl Asking<'_> {
    /// The moment of the attachment, for this item.
    pub(super) async fn moment(&self, item: Option<&Item>) -> Result<Moment, DryRunError> {
        match (&self.attachment.moment, item) {
            (AttachedTo::Manual, _) => Ok(self.by_hand()),
            (AttachedTo::Schedule { cron, zone, items }, item) => self.tick(cron, zone, items.as_ref(), item),
            (AttachedTo::Stage { stage }, Some(item)) if item.stage == *stage => {
                self.entered(*stage, item).await
            }
            (AttachedTo::Stage { stage }, Some(item)) => Ok(self.enters(*stage, item)?),
            (AttachedTo::Event { event, fields, .. }, Some(item)) => self.event(*event, fields, item).await,
            (AttachedTo::Stage { .. } | AttachedTo::Event { .. }, None) => Err(self.wants_item().into()),
        }
    }

    fn wants_item(&self) -> Rejection {
        let message = said!(
            "robot `{robot}` runs for an item: say which",
            robot = self.attachment.robot
        );
        Rejection::invalid(message)
    }

    fn by_hand(&self) -> Moment {
        let fact = Fact::ManualRun {
            attachment: self.attachment.id,
            by: self.by,
        };
        let text = "a person starts it by hand";
        Moment::of(fact, Point::new(PointCode::ByHand, Bearing::For, text))
    }

    fn tick(
        &self,
        cron: &str,
        zone: &str,
        query: Option<&ItemQuery>,
        item: Option<&Item>,
    ) -> Result<Moment, DryRunError> {
        let schedule = Schedule::parse(cron, zone).map_err(Rejection::invalid)?;
        let next_at = schedule.next_after(self.at).unwrap_or(Timestamp::MAX);
        let fits = Point::new(
            PointCode::ScheduleFits,
            Bearing::For,
            format!("the schedule ticks next at {next_at}, and is taken as if it ticked now"),
        );
        let passes_over = |why: String| {
            let text = format!("the schedule passes the item over: {why}");
            Point::new(PointCode::ScheduleDoesNotFit, Bearing::Against, text).with("why", why)
        };
        let point = match (query, item) {
            (None, None) => fits.with("next_at", next_at),
            (None, Some(_)) => {
                let message = said!("the schedule has no query of items: its robot runs without an item");
                return Err(Rejection::invalid(message).into());
            }
            (Some(_), None) => return Err(self.wants_item().into()),
            (Some(query), Some(item)) => match self.passed_over(query, item) {
                Some(why) => passes_over(why),
                None => fits.with("next_at", next_at),
            },
        };
        let fact = Fact::ScheduleTicked {
            attachment: self.attachment.id,
            due_at: self.at,
        };
        Ok(Moment::of(fact, point))
    }

    fn passed_over(&self, query: &ItemQuery, item: &Item) -> Option<String> {
        if item.pipeline != query.pipeline {
            return Some(format!("it visits {}, not {}", query.pipeline, item.pipeline));
        }
        if let Some(stage) = query.stage.filter(|stage| *stage != item.stage) {
            return Some(format!("it visits {}", self.stage_name(stage)));
        }
        item.closed_at.map(|at| format!("{} was closed at {at}", item.id))
    }

    fn stage_name(&self, stage: StageId) -> String {
        let found = self.directory.stages.get(&stage);
        found.map_or_else(|| stage.to_string(), |found| format!("stage `{}`", found.key))
    }

    /// The item stands in the stage: what happened when it came is what would start the robot.
    async fn entered(&self, stage: StageId, item: &Item) -> Result<Moment, DryRunError> {
        let came = self.latest(
            FactKind::StageEntered,
            item,
            |fact| matches!(fact, Fact::StageEntered { stage: to, .. } if *to == stage),
        );
        let came = came.await?;
        let since = item.stage_entered_at;
        let text = format!("{} stands in {} since {since}", item.id, self.stage_name(stage));
        let point = Point::new(PointCode::InStage, Bearing::For, text)
            .with("stage", stage)
            .with("since", since);
        let fact = came.as_ref().map(|event| event.fact.clone());
        let fact = fact.unwrap_or(Fact::StageEntered {
            pipeline: item.pipeline,
            stage,
            from: None,
        });
        Ok(Moment {
            past_id: came.map(|event| event.id),
            ..Moment::of(fact, point)
        })
    }

    /// The item stands elsewhere: it is taken as if a person moved it now.
    fn enters(&self, stage: StageId, item: &Item) -> Result<Moment, Rejection> {
        let to = self.directory.stage(stage)?;
        let named = |point: Point| point.with("stage", stage).with("stands_in", item.stage);
        let (stands_in, wanted) = (self.stage_name(item.stage), self.stage_name(stage));
        let fact = |from| Fact::StageEntered {
            pipeline: to.pipeline,
            stage,
            from,
        };
        Ok(match self.moved(stage, item) {
            Ok(moved) => {
                let text = format!(
                    "{} stands in {stands_in}, and is taken as if it entered {wanted} now",
                    item.id
                );
                let point = named(Point::new(PointCode::EntersStage, Bearing::Assumed, text));
                Moment {
                    supposed: moved,
                    ..Moment::of(fact(Some(item.stage)), point)
                }
            }
            Err(rejection) => {
                let why = rejection.message.english();
                let text = format!(
                    "{} stands in {stands_in} and cannot enter {wanted}: {why}",
                    item.id
                );
                let point = Point::new(PointCode::CannotEnterStage, Bearing::Against, text)
                    .with("code", rejection.code.as_str())
                    .with("message", why);
                Moment::of(fact(None), named(point))
            }
        })
    }

    fn moved(&self, stage: StageId, item: &Item) -> Result<Option<Item>, Rejection> {
        let actor = self.by.map_or(Actor::System, Actor::Employee);
        let new_id = |_| self.ids.next();
        let rules = Rules {
            directory: self.directory,
            now: self.at,
            actor: &actor,
            new_id: &new_id,
            overrides_required_fields: false,
        };
        let reach = Reach {
            back: true,
            across: true,
        };
        let mut changes = ChangeSet::default();
        move_item(&rules, &mut changes, item.clone(), stage, reach)?;
        let moved = changes.items.remove(&item.id.number);
        Ok(moved.map(|staged| staged.row))
    }

    /// The newest event of the item that the robot waits for, or one as it might happen.
    async fn event(&self, kind: FactKind, fields: &[String], item: &Item) -> Result<Moment, DryRunError> {
        let is_waited_for = |fact: &Fact| waits_for(self.attachment, fact, Some(item));
        if let Some(event) = self.latest(kind, item, is_waited_for).await? {
            return Ok(Moment::past(&event));
        }
        let newest = self.latest(kind, item, |_| true).await?;
        let fact = newest
            .map(|event| event.fact)
            .or_else(|| supposed(kind, fields, item));
        let Some(fact) = fact else {
            let message = said!(
                "{item} has had no `{kind}` to try the robot on",
                item = item.id,
                kind = kind.as_str()
            );
            return Err(Rejection::invalid(message).into());
        };
        let kind = kind.as_str();
        let point = match is_waited_for(&fact) {
            true => Point::new(
                PointCode::EventAssumed,
                Bearing::Assumed,
                format!("{} is taken as if `{kind}` happened to it now", item.id),
            ),
            false => Point::new(
                PointCode::MomentDoesNotFit,
                Bearing::Against,
                format!("its filter does not let `{kind}` of {} through", item.id),
            ),
        };
        Ok(Moment::of(fact, point.with("kind", kind)))
    }

    async fn latest(
        &self,
        kind: FactKind,
        item: &Item,
        is_it: impl Fn(&Fact) -> bool,
    ) -> Result<Option<Event>, DryRunError> {
        let filter = EventFilter {
            item: Some(item.id.number),
            kind: Some(kind),
            root: None,
        };
        let found = self.core.db.events(&filter, None, EVENTS_MAX).await?;
        let mut found = found.into_iter().filter(|event| event.item == Some(item.id));
        Ok(found.find(|event| is_it(&event.fact)))
    }
}

/// An event that can be made of nothing but the item.
fn supposed(kind: FactKind, fields: &[String], item: &Item) -> Option<Fact> {
    match kind {
        FactKind::ItemCreated => Some(Fact::ItemCreated {
            source: item.source.clone(),
        }),
        FactKind::StageEntered => Some(Fact::StageEntered {
            pipeline: item.pipeline,
            stage: item.stage,
            from: None,
        }),
        FactKind::ItemChanged => Some(Fact::ItemChanged {
            fields: fields.to_vec(),
        }),
        FactKind::ItemAssigned => item.assignee.map(|to| Fact::ItemAssigned { from: None, to }),
        FactKind::ActivityCreated
        | FactKind::ActivityCompleted
        | FactKind::ActivityReminderDue
        | FactKind::ActivityOverdue
        | FactKind::MessageReceived
        | FactKind::MessageEdited
        | FactKind::ConversationOpened
        | FactKind::ConversationClosed
        | FactKind::DeliveryFailed
        | FactKind::HttpResponse
        | FactKind::TimerFired
        | FactKind::ScheduleTicked
        | FactKind::ScheduleMissed
        | FactKind::ManualRun
        | FactKind::BulkRun => None,
    }
}
