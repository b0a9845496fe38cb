//! Defects that are planted on purpose: each is what an engine with this defect would store or send, and a series of
//! simulations must find each.

use signalbox_crm::http_request::RequestState;
use signalbox_crm::notification::HistoryEntry;
use signalbox_crm::run::{Attempt, Reason, RunState, Verdict};
use signalbox_crm::timer::DeliveryState;
use signalbox_db::Batch;

use super::world::World;

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    /// A commit is acknowledged and not stored.
    AcknowledgedNotStored,
    /// What a run changed is stored twice.
    ChangesTwice,
    /// The end of a run is not stored: after the next start it runs again.
    EndNotStored,
    /// A change is based on what somebody else has changed meanwhile, and is stored.
    StaleChangeStored,
    /// Leaving a stage does not cancel what waits there.
    CancelDropped,
    /// A failed run waits for its next attempt for ever.
    RetryLost,
    /// A run whose turn it is does not start.
    ChainForgotten,
    /// An event has no run.
    RunForgotten,
    /// A tick of a schedule is not noted: after the next start it ticks again.
    TickNotNoted,
    /// The key of a message is another one in its next attempt.
    KeyChanged,
    /// What was sent is not noted: it is sent for ever.
    SendNotNoted,
    /// A robot's failed attempt leaves what it did.
    FailureKept,
    /// A repeated webhook is taken for a new one.
    WebhookDoubled,
    /// Reminders are not stored.
    TimersLost,
    /// The key of a request is not kept.
    KeyForgotten,
    /// A run that has to wait for its slot starts at once.
    RateForgotten,
    /// More runs of an attachment than its limit are executed.
    LimitForgotten,
    /// What a run has read is not looked at again.
    ReadsForgotten,
    /// Who takes a place does not free what that host had.
    PlaceNotFreed,
    /// What a run asks of a service is not stored.
    RequestLost,
    /// An answer starts the robot, and is not stored with its request: it is asked for again.
    AnswerDoubled,
    /// The key of a request to a service is another one in its next attempt.
    RequestKeyChanged,
}

impl Planted {
    pub(super) const ALL: &[Planted] = &[
        Planted::AcknowledgedNotStored,
        Planted::ChangesTwice,
        Planted::EndNotStored,
        Planted::StaleChangeStored,
        Planted::CancelDropped,
        Planted::RetryLost,
        Planted::ChainForgotten,
        Planted::RunForgotten,
        Planted::TickNotNoted,
        Planted::KeyChanged,
        Planted::SendNotNoted,
        Planted::FailureKept,
        Planted::WebhookDoubled,
        Planted::TimersLost,
        Planted::KeyForgotten,
        Planted::RateForgotten,
        Planted::LimitForgotten,
        Planted::ReadsForgotten,
        Planted::PlaceNotFreed,
        Planted::RequestLost,
        Planted::AnswerDoubled,
        Planted::RequestKeyChanged,
    ];

    /// What the defect makes of a batch.
    pub(super) fn spoil(self, world: &World, batch: &mut Batch) {
        match self {
            Planted::AcknowledgedNotStored => {
                if world.chance.one_in(20) {
                    *batch = Batch::new(batch.at);
                }
            }
            Planted::ChangesTwice => {
                if !batch.attempts.is_empty() {
                    batch.history.extend(batch.history.first().cloned());
                }
            }
            Planted::EndNotStored => {
                if world.chance.one_in(4) {
                    batch.runs_ended.clear();
                }
            }
            Planted::CancelDropped => batch.stage_left.clear(),
            Planted::RetryLost => {
                for ended in &mut batch.runs_ended {
                    if ended.state == RunState::Retryable {
                        ended.due_at = None;
                    }
                }
            }
            Planted::ChainForgotten => batch
                .run_changes
                .retain(|change| change.from != [RunState::Scheduled] || change.to != RunState::Available),
            Planted::RunForgotten => {
                if world.chance.one_in(4) {
                    batch.runs.pop();
                }
            }
            Planted::TickNotNoted => {
                if !batch.events.is_empty() {
                    batch.schedules.clear();
                }
            }
            Planted::SendNotNoted => batch
                .deliveries_done
                .retain(|delivery| delivery.state != DeliveryState::Delivered),
            Planted::WebhookDoubled => {
                for inbound in &mut batch.inbound {
                    inbound.dedup_key = format!("{}/{}", inbound.dedup_key, inbound.id);
                }
            }
            Planted::RequestLost => {
                if world.chance.one_in(4) {
                    batch.requests.clear();
                }
            }
            Planted::AnswerDoubled => {
                if world.chance.one_in(2) {
                    let done = &mut batch.requests_done;
                    done.retain(|request| request.state == RequestState::Pending);
                }
            }
            Planted::TimersLost => batch.timers.clear(),
            Planted::KeyForgotten => batch.idempotency.clear(),
            Planted::RateForgotten => {
                for change in &mut batch.run_changes {
                    if change.to == RunState::Scheduled && change.reason == Some(Reason::RateLimited) {
                        change.due_at = Some(batch.at);
                    }
                }
            }
            Planted::FailureKept => {
                let failed = |attempt: &&Attempt| matches!(attempt.verdict, Verdict::Failed { .. });
                for attempt in batch.attempts.iter().filter(failed) {
                    batch.history.push(HistoryEntry {
                        subject: "deal:1".to_owned(),
                        at: batch.at,
                        actor: attempt.robot.clone(),
                        run: Some(attempt.run),
                        what: "title".to_owned(),
                        before: None,
                        after: None,
                    });
                }
            }
            // Where the change is made, on the way to the receiver, or in the engine itself.
            Planted::StaleChangeStored
            | Planted::KeyChanged
            | Planted::LimitForgotten
            | Planted::ReadsForgotten
            | Planted::PlaceNotFreed
            | Planted::RequestKeyChanged => {}
        }
    }
}
