//! What a robot that is tried finds: the set-up, the item, what happened.

use std::sync::Arc;

use serde_json::Value;
use signalbox_crm::attaching::check_attachment;
use signalbox_crm::attachment::{Attachment, CancelOn, Repeat};
use signalbox_crm::calendar::WorkCalendar;
use signalbox_crm::directory::{Directory, DirectoryChange};
use signalbox_crm::event::{Event, Fact};
use signalbox_crm::explaining::Point;
use signalbox_crm::explaining::before::{Before, Foreseen, foresee};
use signalbox_crm::ids::{AttachmentId, EventId, ItemId, RunId};
use signalbox_crm::item::Item;
use signalbox_crm::loop_guard::LoopGuard;
use signalbox_crm::matching::Matcher;
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::Rejection;
use signalbox_crm::run::{Failures, Run, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::DbError;

use super::cause::{self, Moment};
use super::{Ask, DryRunError, Subject};
use crate::engine::below::Below;
use crate::engine::core::SharedCore;
use crate::engine::draft::Draft;
use crate::engine::lanes::ReadyRun;
use crate::engine::trial_ids::{TrialIds, named};
use crate::engine::worker::answered_by;

/// What a robot that is tried finds.
pub(super) struct Scene {
    /// The set-up with the attachment as it is tried: on.
    pub(super) directory: Arc<Directory>,
    pub(super) attachment: Arc<Attachment>,
    /// Whether it is on in truth.
    is_enabled: bool,
    /// The item, where it is not as it is stored.
    pub(super) below: Arc<Below>,
    pub(super) item: Option<Item>,
    pub(super) event: Arc<Event>,
    /// What is to be said about the moment.
    pub(super) points: Vec<Point>,
    pub(super) ids: Arc<TrialIds>,
    /// What the moment would start, this attachment among it.
    runs: Vec<Run>,
}

/// The parts of what is asked for that come from the set-up and the past.
struct Cast {
    attachment: Attachment,
    item: Option<ItemId>,
    past: Option<Event>,
}

impl Scene {
    /// Makes the scene.
    pub(super) async fn set(core: &SharedCore, ask: &Ask) -> Result<Scene, DryRunError> {
        let ids = Arc::new(TrialIds::default());
        let cast = cast(core, ask, &ids).await?;
        let is_enabled = cast.attachment.is_enabled;
        let (directory, attachment) = set_up(core, cast.attachment)?;
        let item = match cast.item {
            Some(id) => Some(Draft::new(core, Actor::System).item(id).await?),
            None => None,
        };
        let at = ask.at.unwrap_or_else(|| core.clock.now());
        let moment = match &cast.past {
            Some(event) => Moment::past(event),
            None => {
                let asking = cause::Asking {
                    core,
                    directory: &directory,
                    attachment: &attachment,
                    ids: &ids,
                    by: ask.by,
                    at,
                };
                asking.moment(item.as_ref()).await?
            }
        };
        let event = Arc::new(event(&moment, cast.item, at, &ids));
        let item = moment.supposed.clone().or(item);
        let below = moment.supposed.map(Below::supposing).unwrap_or_default();
        let runs = match cast.past {
            Some(_) => vec![again(&event, &attachment, item.as_ref(), &ids)],
            None => matched(&directory, &event, item.as_ref(), &ids),
        };
        Ok(Scene {
            directory,
            attachment,
            is_enabled,
            below: Arc::new(below),
            item,
            event,
            points: moment.points,
            ids,
            runs,
        })
    }

    /// When it would start, and why not.
    pub(super) async fn foresee(&self, core: &SharedCore) -> Result<Foreseen, DbError> {
        let (attachment, at) = (&self.attachment, self.event.at);
        let run = self.run();
        let previous = run.and_then(|run| self.runs.iter().find(|other| run.after == Some(other.id)));
        let previous = previous.and_then(|run| self.directory.attachments.get(&run.attachment));
        let last_slot = match attachment.rate_per_minute {
            0 => None,
            _ => core.db.last_slot(attachment.id).await?,
        };
        let pause = core.breakers.pause(&attachment.digest);
        Ok(foresee(Before {
            attachment,
            is_enabled: self.is_enabled,
            item: self.item.as_ref(),
            run,
            previous: previous.map(|other| (other.id, other.title.as_str())),
            calendar: self.calendar().as_deref(),
            at,
            has_completed: self.has_completed(core).await?,
            last_slot,
            pause_until: pause.map(|pause| pause.probe_at).filter(|until| *until > at),
        }))
    }

    async fn has_completed(&self, core: &SharedCore) -> Result<bool, DbError> {
        let fact = &self.event.fact;
        let is_more_of_one = answered_by(fact).is_some() || matches!(fact, Fact::TimerFired { .. });
        match (&self.item, self.attachment.repeat) {
            (Some(item), Repeat::OncePerItem) if !is_more_of_one => {
                core.db
                    .has_completed_run(self.attachment.id, item.id.number)
                    .await
            }
            _ => Ok(false),
        }
    }

    /// The working time that counts.
    pub(super) fn calendar(&self) -> Option<Arc<WorkCalendar>> {
        let pipeline = self.item.as_ref().map(|item| item.pipeline);
        self.directory.work_calendar(pipeline).ok().cloned()
    }

    /// The run that the moment makes; none when it makes none.
    fn run(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.attachment == self.attachment.id)
    }

    /// The run, as it is when it starts.
    pub(super) fn ready(&self, due_at: Timestamp) -> ReadyRun {
        let run = match self.run() {
            Some(run) => run.clone(),
            None => again(&self.event, &self.attachment, self.item.as_ref(), &self.ids),
        };
        ReadyRun {
            run: Run {
                state: RunState::Available,
                due_at: Some(due_at),
                finished_at: None,
                ..run
            },
            event: Arc::clone(&self.event),
        }
    }

    /// `notify@1.0.0`.
    pub(super) fn label(&self) -> String {
        let version = self.directory.robots.get(&self.attachment.digest);
        version.map_or_else(
            || self.attachment.robot.clone(),
            |version| version.manifest.label(),
        )
    }

    /// What would start it, as in the record of a run.
    pub(super) fn cause(&self) -> Value {
        let json = serde_json::to_string(&self.event.fact).unwrap_or_default();
        serde_json::from_str(&named(&json)).unwrap_or_default()
    }
}

async fn cast(core: &SharedCore, ask: &Ask, ids: &TrialIds) -> Result<Cast, DryRunError> {
    let directory = core.records.directory();
    let known = |id: AttachmentId| {
        let found = directory.attachments.get(&id);
        found
            .map(|found| Attachment::clone(found))
            .ok_or_else(|| Rejection::not_found(id))
    };
    let mut cast = match &ask.subject {
        Subject::Attachment(id) => Cast {
            attachment: known(*id)?,
            item: ask.item,
            past: None,
        },
        Subject::Unsaved(attachment) => {
            let mut attachment = Attachment::clone(attachment);
            if attachment.id.0 == 0 {
                attachment.id = AttachmentId(ids.next());
            } else {
                known(attachment.id)?;
            }
            Cast {
                attachment,
                item: ask.item,
                past: None,
            }
        }
        Subject::Run(id) => {
            let found = core.db.run(*id).await?;
            let found = found.ok_or_else(|| Rejection::not_found(id))?;
            Cast {
                attachment: known(found.run.attachment)?,
                item: found.run.item,
                past: Some(found.event),
            }
        }
    };
    cast.attachment.params.extend(ask.params.clone());
    Ok(cast)
}

/// The set-up with this attachment in it, and on.
fn set_up(
    core: &SharedCore,
    mut attachment: Attachment,
) -> Result<(Arc<Directory>, Arc<Attachment>), Rejection> {
    let stored = core.records.directory();
    let is_as_stored = stored
        .attachments
        .get(&attachment.id)
        .is_some_and(|stored| **stored == attachment);
    // What is stored may have become wrong since, as a robot that is gone: its run would say so.
    if !is_as_stored {
        check_attachment(&attachment, &stored)?;
    }
    attachment.is_enabled = true;
    let mut directory = Directory::clone(&stored);
    directory.apply(DirectoryChange::Attachment(attachment.clone()))?;
    Ok((Arc::new(directory), Arc::new(attachment)))
}

fn event(moment: &Moment, item: Option<ItemId>, at: Timestamp, ids: &TrialIds) -> Event {
    let id = moment.past_id.unwrap_or_else(|| EventId(ids.next()));
    Event {
        id,
        fact: moment.fact.clone(),
        item,
        root: EventId(ids.next()),
        depth: 0,
        caused_by: None,
        at,
    }
}

/// What the event starts, by the rule that decides it in a commit.
pub(super) fn matched(directory: &Directory, event: &Event, item: Option<&Item>, ids: &TrialIds) -> Vec<Run> {
    let new_id = |_| ids.next();
    let mut guard = LoopGuard::default();
    let mut matcher = Matcher {
        directory,
        now: event.at,
        new_id: &new_id,
        guard: &mut guard,
    };
    matcher.runs_for(event, item)
}

/// A run that is due at once.
fn again(event: &Event, attachment: &Attachment, item: Option<&Item>, ids: &TrialIds) -> Run {
    Run {
        id: RunId(ids.next()),
        event: event.id,
        attachment: attachment.id,
        item: event.item,
        stage_entry: item.map(|item| item.stage_entry),
        cancel_on: match event.item {
            Some(_) => attachment.cancel_on,
            None => CancelOn::Never,
        },
        state: RunState::Available,
        reason: None,
        detail: None,
        due_at: Some(event.at),
        after: None,
        timer_key: None,
        attempt_count: 0,
        failures: Failures::default(),
        created_at: event.at,
        finished_at: None,
    }
}
