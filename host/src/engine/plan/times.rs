//! Wake-ups, and runs that move with a date.

use std::sync::Arc;
use std::time::Duration;

use signalbox_crm::attachment::{Attachment, Timing};
use signalbox_crm::changes::{ChangeSet, WakeUp};
use signalbox_crm::directory::Directory;
use signalbox_crm::event::{Event, Fact};
use signalbox_crm::ids::{EventId, IdKind, RunId};
use signalbox_crm::item::Item;
use signalbox_crm::matching::relative;
use signalbox_crm::run::{Failures, Reason, Run, RunState};
use signalbox_crm::time::Timestamp;
use signalbox_db::{Rescheduled, WakeUpVoid};

use super::{Plan, item_of};
use crate::engine::committer::Proposal;

/// The shortest pause before a wake-up. DESIGN section 7: the smallest delay is one second.
const WAKE_UP_PAUSE_MIN: Duration = Duration::from_secs(1);

impl Plan<'_> {
    /// Wake-ups that a robot set or withdrew: each is an event and a scheduled run of its own.
    ///
    /// A wake-up begins a chain of its own, or the loop guard would stop a robot that looks after an item for months.
    /// What keeps such a robot from spinning is the pause before it.
    pub(super) fn wake_ups(&mut self, proposal: &Proposal, wake_ups: &[WakeUp]) {
        for wake_up in wake_ups {
            let run = RunId(self.core.new_id(IdKind::Run));
            self.outcome.batch.wake_ups_void.push(WakeUpVoid {
                attachment: wake_up.attachment,
                item: wake_up.item.map(|item| item.number),
                key: wake_up.key.clone(),
                except: run,
            });
            let Some((due_at, payload)) = &wake_up.set else {
                continue;
            };
            let id = EventId(self.core.new_id(IdKind::Event));
            let due_at = later(proposal.at, WAKE_UP_PAUSE_MIN).max(*due_at);
            let event = Arc::new(Event {
                id,
                fact: Fact::TimerFired {
                    attachment: wake_up.attachment,
                    key: wake_up.key.clone(),
                    payload: payload.clone(),
                    due_at,
                },
                item: wake_up.item,
                root: id,
                depth: 0,
                caused_by: proposal.origin.run,
                at: proposal.at,
            });
            let attachment = self.directory().attachments.get(&wake_up.attachment).cloned();
            self.add_run(
                wake_up_run(run, &event, wake_up, attachment.as_deref(), due_at),
                &event,
            );
            self.outcome.batch.events.push(Arc::unwrap_or_clone(event));
        }
    }

    /// A date field changed: runs that are due relative to it move.
    pub(super) fn move_waiting_dates(
        &mut self,
        proposal: &Proposal,
        changes: &ChangeSet,
        events: &[Arc<Event>],
    ) {
        for event in events {
            let (Fact::ItemChanged { fields }, Some(id)) = (&event.fact, event.item) else {
                continue;
            };
            let Some(item) = item_of(proposal, changes, id) else {
                continue;
            };
            let directory = self.directory.as_ref().unwrap_or(&self.base);
            let moved = rescheduled(directory, item, |field| fields.iter().any(|key| key == field));
            self.outcome.batch.rescheduled.extend(moved);
        }
    }

    /// Likewise when somebody talked to the client, which is no change that a person makes, and no event of its own.
    pub(super) fn move_after_contact(&mut self, proposal: &Proposal, changes: &ChangeSet) {
        for staged in changes.items.values() {
            let before = proposal.items.iter().find(|item| item.id == staged.row.id);
            if before.is_none_or(|item| item.last_contact_at == staged.row.last_contact_at) {
                continue;
            }
            let directory = self.directory.as_ref().unwrap_or(&self.base);
            let moved = rescheduled(directory, &staged.row, |field| field == "last-contact-at");
            self.outcome.batch.rescheduled.extend(moved);
        }
    }
}

/// New instants for the runs of an item that are due relative to one of these fields.
fn rescheduled(directory: &Directory, item: &Item, is_changed: impl Fn(&str) -> bool) -> Vec<Rescheduled> {
    let relatives = directory.attachments.values().filter_map(|attachment| {
        let Timing::Relative { field, offset_s } = &attachment.timing else {
            return None;
        };
        is_changed(field).then(|| Rescheduled {
            attachment: attachment.id,
            item: item.id.number,
            due_at: relative(item, field, *offset_s),
        })
    });
    relatives.collect()
}

fn later(at: Timestamp, pause: Duration) -> Timestamp {
    at.plus(pause).unwrap_or(Timestamp::MAX)
}

fn wake_up_run(
    id: RunId,
    event: &Event,
    wake_up: &WakeUp,
    attachment: Option<&Attachment>,
    due_at: Timestamp,
) -> Run {
    Run {
        id,
        event: event.id,
        attachment: wake_up.attachment,
        item: wake_up.item,
        stage_entry: wake_up.stage_entry,
        cancel_on: attachment.map(|a| a.cancel_on).unwrap_or_default(),
        state: RunState::Scheduled,
        reason: Some(Reason::Delay),
        detail: None,
        due_at: Some(due_at),
        after: None,
        timer_key: Some(wake_up.key.clone()),
        attempt_count: 0,
        failures: Failures::default(),
        created_at: event.at,
        finished_at: None,
    }
}
