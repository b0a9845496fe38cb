//! Messages to clients on their way, each always with the same idempotency key.
//!
//! Messages of one conversation go one after the other. Each channel is a destination of its own.

use std::sync::Arc;

use signalbox_crm::backoff::Backoff;
use signalbox_crm::conversation::{Channel, Guarantee};
use signalbox_crm::destination::Attitude;
use signalbox_crm::event::Fact;
use signalbox_crm::ids::{ChannelId, ConversationId};
use signalbox_crm::people::Actor;
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::{Delivery, DeliveryState};
use signalbox_db::DbError;
use tokio::sync::Notify;

use crate::channels::send::{Sender, Sent};
use crate::engine::committer::CommitError;
use crate::engine::core::{Core, SharedCore};
use crate::engine::draft::{Draft, DraftError};
use crate::outbox::Outgoing;

/// Attempts before a delivery is given up: with the back-off of runs that is about a day.
pub const ATTEMPTS_MAX: u32 = 30;

impl Outgoing for Delivery {
    type Sender = Sender;
    type To = ChannelId;
    type Line = ConversationId;
    type End = Sent;

    const NAME: &'static str = "message";

    fn to(&self) -> ChannelId {
        self.channel
    }

    fn line(&self) -> ConversationId {
        self.conversation
    }

    fn changed(core: &Core) -> &Notify {
        &core.outbox_changed
    }

    fn per_second(core: &Core, to: &ChannelId) -> Option<u32> {
        let channel = channel(core, *to)?;
        let own = channel.per_second;
        Some(own.unwrap_or(channel.provider.per_second_default()).into())
    }

    async fn due(
        core: &Core,
        now: Timestamp,
        except: &[ChannelId],
        limit: u32,
    ) -> Result<Vec<Delivery>, DbError> {
        core.db
            .due_deliveries(&core.shards.owned(), now, except, limit)
            .await
    }

    async fn next_after(core: &Core, now: Timestamp) -> Result<Option<Timestamp>, DbError> {
        core.db.next_delivery_after(&core.shards.owned(), now).await
    }

    async fn send(&self, core: &SharedCore, sender: &Sender) -> Result<(Attitude, Sent), DraftError> {
        let Some(channel) = channel(core, self.channel) else {
            let error = format!("{} does not exist", self.channel);
            return Ok((Attitude::Works, Sent::Dead { error }));
        };
        let is_once = channel.guarantee == Guarantee::AtMostOnce;
        if is_once && self.started_at.is_some() {
            let error = "the host ended while the message was on its way".to_owned();
            return Ok((Attitude::Works, maybe_delivered(error)));
        }
        if is_once {
            begin(core, self).await?;
        }
        let sent = sender.send(&channel, self, core.clock.now()).await;
        let attitude = match &sent {
            Sent::Delivered { .. } | Sent::Dead { .. } => Attitude::Works,
            Sent::Retry {
                after: Some(after), ..
            } => Attitude::Asks(*after),
            Sent::Retry { after: None, .. } | Sent::Unknown { .. } => Attitude::Refuses,
        };
        Ok((attitude, known(sent, is_once)))
    }

    fn after_panic(&self, core: &Core) -> Sent {
        let error = "the host panicked while it sent the message; its log has the place".to_owned();
        let channel = channel(core, self.channel);
        let is_once = channel.is_some_and(|channel| channel.guarantee == Guarantee::AtMostOnce);
        known(Sent::Unknown { error }, is_once)
    }

    /// Stages the receiver's id of the message too: later edits and replies refer to it.
    async fn note(mut self, draft: &mut Draft, sent: Sent) -> Result<(), DraftError> {
        let now = draft.now;
        self.attempt_count += 1;
        self.started_at = None;
        match sent {
            Sent::Delivered { external_id } => {
                if let (Some(mut message), Some(id)) = (draft.message(self.message).await?, external_id) {
                    message.external_id = Some(id);
                    draft.changes.put_message(message);
                }
                self.state = DeliveryState::Delivered;
                self.last_error = None;
                self.finished_at = Some(now);
            }
            Sent::Retry { after, error } if self.attempt_count < ATTEMPTS_MAX => {
                let seed = u64::from_ne_bytes(self.id.0.to_ne_bytes());
                let pause = after.unwrap_or_else(|| Backoff::DEFAULT.delay(self.attempt_count, seed));
                self.due_at = now.plus(pause).unwrap_or(Timestamp::MAX);
                self.last_error = Some(error);
            }
            Sent::Retry { error, .. } | Sent::Unknown { error } | Sent::Dead { error } => {
                self.state = DeliveryState::Dead;
                self.last_error = Some(error.clone());
                self.finished_at = Some(now);
                draft.changes.happened(
                    Fact::DeliveryFailed {
                        delivery: self.id,
                        error,
                    },
                    self.item,
                );
            }
        }
        draft.changes.deliveries_done.push(self);
        Ok(())
    }
}

fn channel(core: &Core, id: ChannelId) -> Option<Arc<Channel>> {
    core.records.directory().channel(id).ok().cloned()
}

/// Notes that the one attempt begins: after a crash there is no other.
async fn begin(core: &SharedCore, delivery: &Delivery) -> Result<(), DraftError> {
    let started_at = Some(core.clock.now());
    loop {
        let mut draft = Draft::new(core, Actor::System);
        let begun = Delivery {
            started_at,
            ..delivery.clone()
        };
        draft.changes.deliveries_done.push(begun);
        match draft.commit().await {
            Err(DraftError::Commit(CommitError::Stale(_))) => {}
            done => return done.map(drop),
        }
    }
}

/// What is made of an attempt of which nobody knows whether the receiver has the message.
fn known(sent: Sent, is_once: bool) -> Sent {
    match sent {
        Sent::Unknown { error } if is_once => maybe_delivered(error),
        Sent::Unknown { error } => Sent::Retry { after: None, error },
        sent => sent,
    }
}

fn maybe_delivered(error: String) -> Sent {
    Sent::Dead {
        error: format!("{error}; perhaps the client has it, and the channel delivers at most once"),
    }
}
