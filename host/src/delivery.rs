//! What leaves the house: client messages, at least once, each always with the same idempotency key.

use std::sync::Arc;
use std::time::Duration;

use signalbox_crm::backoff::retry_delay;
use signalbox_crm::event::Fact;
use signalbox_crm::people::Actor;
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::{Delivery, DeliveryState};
use tokio::task::JoinSet;

use crate::channels::send::{Sender, Sent};
use crate::engine::committer::CommitError;
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};

/// Attempts before a delivery is given up: with the back-off of runs that is about a day.
pub const ATTEMPTS_MAX: u32 = 30;
/// Deliveries under way at once.
const BATCH: u32 = 64;
/// The longest sleep without a due delivery.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Sends what is due.
pub struct Deliverer {
    core: SharedCore,
    sender: Arc<Sender>,
}

impl Deliverer {
    /// Sends through this sender.
    pub fn new(core: SharedCore, sender: Sender) -> Self {
        Deliverer {
            core,
            sender: Arc::new(sender),
        }
    }

    /// Sends for ever.
    pub async fn run(self: Arc<Self>) {
        loop {
            let pause = match self.send_due().await {
                Ok(Some(next)) => next.since(self.core.clock.now()).min(SLEEP_MAX),
                Ok(None) => SLEEP_MAX,
                Err(error) => {
                    tracing::error!(error = %error, "Deliveries cannot go on: {error}");
                    Duration::from_secs(1)
                }
            };
            tokio::select! {
                biased;
                () = tokio::time::sleep(pause) => {}
                () = self.core.outbox_changed.notified() => {}
            }
        }
    }

    /// Sends all that is due now, and says when something is due next. Messages of one conversation go in order.
    ///
    /// # Errors
    /// The database; what was sent and could not be marked is sent again, with the same key.
    pub async fn send_due(&self) -> Result<Option<Timestamp>, DraftError> {
        loop {
            let now = self.core.clock.now();
            let due = self.core.db.due_deliveries(now, BATCH).await?;
            if due.is_empty() {
                return Ok(self.core.db.next_delivery_at().await?);
            }
            let mut tasks = JoinSet::new();
            let mut busy = Vec::new();
            for delivery in due {
                if busy.contains(&delivery.conversation) {
                    continue;
                }
                busy.push(delivery.conversation);
                tasks.spawn(send_one(
                    Arc::clone(&self.core),
                    Arc::clone(&self.sender),
                    delivery,
                ));
            }
            while let Some(ended) = tasks.join_next().await {
                match ended {
                    Ok(outcome) => outcome?,
                    Err(error) => tracing::error!(error = %error, "A delivery task failed: {error}"),
                }
            }
        }
    }
}

async fn send_one(core: SharedCore, sender: Arc<Sender>, delivery: Delivery) -> Result<(), DraftError> {
    let directory = core.records.directory();
    let sent = match directory.channel(delivery.channel) {
        Ok(channel) => sender.send(channel, &delivery, core.clock.now()).await,
        Err(rejection) => Sent::Dead {
            error: rejection.message,
        },
    };
    loop {
        let mut draft = Draft::new(&core, Actor::System);
        note(&mut draft, delivery.clone(), sent.clone()).await?;
        match draft.commit().await {
            // The message or the set-up was changed meanwhile; what was sent is not sent again for that.
            Err(DraftError::Commit(CommitError::Stale(_))) => {}
            done => return done.map(drop),
        }
    }
}

/// Notes what an attempt came to, and the receiver's id of the message: later edits and replies refer to it.
async fn note(draft: &mut Draft, mut delivery: Delivery, sent: Sent) -> Result<(), DraftError> {
    let now = draft.now;
    delivery.attempt_count += 1;
    match sent {
        Sent::Delivered { external_id } => {
            if let (Some(mut message), Some(id)) = (draft.message(delivery.message).await?, external_id) {
                message.external_id = Some(id);
                draft.changes.put_message(message);
            }
            delivery.state = DeliveryState::Delivered;
            delivery.last_error = None;
            delivery.finished_at = Some(now);
        }
        Sent::Retry { after, error } if delivery.attempt_count < ATTEMPTS_MAX => {
            let seed = u64::from_ne_bytes(delivery.id.0.to_ne_bytes());
            let pause = after.unwrap_or_else(|| retry_delay(delivery.attempt_count, seed));
            delivery.due_at = now.plus(pause).unwrap_or(Timestamp::MAX);
            delivery.last_error = Some(error);
        }
        Sent::Retry { error, .. } | Sent::Dead { error } => {
            delivery.state = DeliveryState::Dead;
            delivery.last_error = Some(error.clone());
            delivery.finished_at = Some(now);
            draft.changes.happened(
                Fact::DeliveryFailed {
                    delivery: delivery.id,
                    error,
                },
                delivery.item,
            );
        }
    }
    draft.changes.deliveries_done.push(delivery);
    Ok(())
}
