//! What leaves the house: client messages, each always with the same idempotency key.
//!
//! Messages of one conversation go one after the other. Each channel is a destination of its own: one that is slow or
//! down holds up nobody else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use signalbox_crm::backoff::Backoff;
use signalbox_crm::conversation::{Channel, Guarantee};
use signalbox_crm::destination::{Attitude, Destination, Wait};
use signalbox_crm::event::Fact;
use signalbox_crm::ids::{ChannelId, ConversationId};
use signalbox_crm::people::Actor;
use signalbox_crm::time::Timestamp;
use signalbox_crm::timer::{Delivery, DeliveryState};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::channels::send::{Sender, Sent};
use crate::engine::committer::CommitError;
use crate::engine::core::SharedCore;
use crate::engine::draft::{Draft, DraftError};
use crate::engine::worker::unless_panicking;

/// Attempts before a delivery is given up: with the back-off of runs that is about a day.
pub const ATTEMPTS_MAX: u32 = 30;
/// Deliveries on their way at once, to all receivers together.
const SENDING_MAX: usize = 64;
/// The longest sleep without a due delivery.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// Pause after an error of the database.
const DATABASE_PAUSE: Duration = Duration::from_millis(500);

/// Sends what is due.
pub struct Deliverer {
    core: SharedCore,
    sender: Arc<Sender>,
    traffic: Mutex<Traffic>,
    sending_count: AtomicUsize,
}

/// What is on its way.
#[derive(Debug, Default)]
struct Traffic {
    destinations: HashMap<ChannelId, Destination>,
    conversations: HashSet<ConversationId>,
    sending: JoinSet<Ended>,
}

/// The end of an attempt.
#[derive(Debug)]
struct Ended {
    channel: ChannelId,
    conversation: ConversationId,
    attitude: Attitude,
    noted: Result<(), DraftError>,
}

impl Traffic {
    fn ended(&mut self, ended: Ended, now: Timestamp) -> Result<(), DraftError> {
        self.conversations.remove(&ended.conversation);
        let destination = self.destinations.entry(ended.channel).or_default();
        let was_in_doubt = destination.is_in_doubt();
        destination.ended(now, ended.attitude);
        if destination.is_in_doubt() && !was_in_doubt {
            tracing::warn!(
                "{} takes nothing: one message at a time tries it again",
                ended.channel
            );
        }
        ended.noted
    }
}

impl Deliverer {
    /// Sends through this sender.
    pub fn new(core: SharedCore, sender: Sender) -> Self {
        Deliverer {
            core,
            sender: Arc::new(sender),
            traffic: Mutex::default(),
            sending_count: AtomicUsize::new(0),
        }
    }

    /// Deliveries on their way, as the loop of [`Deliverer::run`] knows it.
    pub fn sending_count(&self) -> usize {
        self.sending_count.load(Ordering::Relaxed)
    }

    /// Sends for ever.
    pub async fn run(self: Arc<Self>) {
        let mut traffic = self.traffic.lock().await;
        loop {
            let started = match self.core.draining.is_on() {
                true => Ok(None),
                false => self.start_due(&mut traffic).await,
            };
            let pause = match started {
                Ok(Some(next)) => next.since(self.core.clock.now()).min(SLEEP_MAX),
                Ok(None) => SLEEP_MAX,
                Err(error) => {
                    tracing::error!(error = %error, "Deliveries cannot go on: {error}");
                    DATABASE_PAUSE
                }
            };
            tokio::select! {
                biased;
                Some(ended) = traffic.sending.join_next() => self.note_end(&mut traffic, ended),
                () = tokio::time::sleep(pause) => {}
                () = self.core.outbox_changed.notified() => {}
            }
        }
    }

    fn note_end(&self, traffic: &mut Traffic, ended: Result<Ended, tokio::task::JoinError>) {
        self.count(traffic);
        let noted = match ended {
            Ok(ended) => traffic.ended(ended, self.core.clock.now()),
            // Only when the runtime shuts down: a task that panics ends like any other.
            Err(error) => return tracing::error!(error = %error, "A delivery task failed: {error}"),
        };
        if let Err(error) = noted {
            tracing::error!(error = %error, "A delivery cannot be noted: {error}");
        }
    }

    /// Sends all that is due now and waits for it; says when something is due next.
    ///
    /// # Errors
    /// The database; what was sent and could not be marked is sent again, with the same key.
    pub async fn send_due(&self) -> Result<Option<Timestamp>, DraftError> {
        let mut traffic = self.traffic.lock().await;
        loop {
            let next = self.start_due(&mut traffic).await?;
            match traffic.sending.join_next().await {
                Some(Ok(ended)) => traffic.ended(ended, self.core.clock.now())?,
                Some(Err(error)) => tracing::error!(error = %error, "A delivery task failed: {error}"),
                None => return Ok(next),
            }
        }
    }

    /// Starts what may go now, and says when to look again, unless something on its way ends before.
    async fn start_due(&self, traffic: &mut Traffic) -> Result<Option<Timestamp>, DraftError> {
        let core = &self.core;
        let mut full = Vec::new();
        let mut next: Option<Timestamp> = None;
        loop {
            let now = core.clock.now();
            let limit = SENDING_MAX + traffic.conversations.len();
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let due = core
                .db
                .due_deliveries(&core.shards.owned(), now, &full, limit)
                .await?;
            let is_last = due.len() < limit as usize;
            let known = (full.len(), traffic.sending.len());
            for delivery in due {
                if traffic.sending.len() >= SENDING_MAX || core.draining.is_on() {
                    return Ok(next);
                }
                if full.contains(&delivery.channel) || traffic.conversations.contains(&delivery.conversation)
                {
                    continue;
                }
                if let Err(wait) = self.start(traffic, delivery.clone(), now) {
                    full.push(delivery.channel);
                    if let Wait::Until(at) = wait {
                        next = Some(next.map_or(at, |next| next.min(at)));
                    }
                }
            }
            if is_last || known == (full.len(), traffic.sending.len()) {
                let later = core.db.next_delivery_after(&core.shards.owned(), now).await?;
                return Ok(next.into_iter().chain(later).min());
            }
        }
    }

    fn start(&self, traffic: &mut Traffic, delivery: Delivery, now: Timestamp) -> Result<(), Wait> {
        let directory = self.core.records.directory();
        let channel = directory.channel(delivery.channel).ok().cloned();
        if let Some(channel) = &channel {
            let per_second = channel
                .per_second
                .unwrap_or(channel.provider.per_second_default());
            let destination = traffic.destinations.entry(delivery.channel).or_default();
            destination.take(now, per_second.into())?;
        }
        traffic.conversations.insert(delivery.conversation);
        let (core, sender) = (Arc::clone(&self.core), Arc::clone(&self.sender));
        traffic.sending.spawn(async move {
            let (to, conversation) = (delivery.channel, delivery.conversation);
            let attempt = send_and_note(&core, &sender, channel.as_deref(), delivery.clone());
            let (attitude, noted) = match unless_panicking(attempt).await {
                Some(ended) => ended,
                None => note_panic(&core, channel.as_deref(), delivery).await,
            };
            Ended {
                channel: to,
                conversation,
                attitude,
                noted,
            }
        });
        self.count(traffic);
        Ok(())
    }

    fn count(&self, traffic: &Traffic) {
        self.sending_count.store(traffic.sending.len(), Ordering::Relaxed);
    }
}

/// A defect of the host met this attempt. Nobody knows whether the receiver has the message; its place in the
/// conversation and at the receiver is free again, and the receiver is tried with one message at a time.
async fn note_panic(
    core: &SharedCore,
    channel: Option<&Channel>,
    delivery: Delivery,
) -> (Attitude, Result<(), DraftError>) {
    let error = "the host panicked while it sent the message; its log has the place".to_owned();
    let is_once = channel.is_some_and(|channel| channel.guarantee == Guarantee::AtMostOnce);
    let sent = match is_once {
        true => maybe_delivered(error),
        false => Sent::Retry { after: None, error },
    };
    let noted = unless_panicking(note(core, delivery, sent)).await;
    (Attitude::Refuses, noted.unwrap_or(Ok(())))
}

/// One attempt, from before it to the commit that notes its end.
async fn send_and_note(
    core: &SharedCore,
    sender: &Sender,
    channel: Option<&Channel>,
    mut delivery: Delivery,
) -> (Attitude, Result<(), DraftError>) {
    let Some(channel) = channel else {
        let error = format!("{} does not exist", delivery.channel);
        return (Attitude::Works, note(core, delivery, Sent::Dead { error }).await);
    };
    let is_once = channel.guarantee == Guarantee::AtMostOnce;
    if is_once && delivery.started_at.is_some() {
        let error = "the host ended while the message was on its way".to_owned();
        return (
            Attitude::Works,
            note(core, delivery, maybe_delivered(error)).await,
        );
    }
    if is_once {
        delivery.started_at = Some(core.clock.now());
        if let Err(error) = commit(core, |draft| draft.changes.deliveries_done.push(delivery.clone())).await {
            return (Attitude::Works, Err(error));
        }
    }
    let sent = sender.send(channel, &delivery, core.clock.now()).await;
    let attitude = match &sent {
        Sent::Delivered { .. } | Sent::Dead { .. } => Attitude::Works,
        Sent::Retry {
            after: Some(after), ..
        } => Attitude::Asks(*after),
        Sent::Retry { after: None, .. } | Sent::Unknown { .. } => Attitude::Refuses,
    };
    let sent = match sent {
        Sent::Unknown { error } if is_once => maybe_delivered(error),
        Sent::Unknown { error } => Sent::Retry { after: None, error },
        sent => sent,
    };
    (attitude, note(core, delivery, sent).await)
}

fn maybe_delivered(error: String) -> Sent {
    Sent::Dead {
        error: format!("{error}; perhaps the client has it, and the channel delivers at most once"),
    }
}

/// Notes what an attempt came to, however long the database is away: what was sent is not sent again for that.
async fn note(core: &SharedCore, delivery: Delivery, sent: Sent) -> Result<(), DraftError> {
    loop {
        let mut draft = Draft::new(core, Actor::System);
        let noted = match change(&mut draft, delivery.clone(), sent.clone()).await {
            Ok(()) => draft.commit().await.map(drop),
            Err(error) => Err(error),
        };
        match noted {
            // The message or the set-up was changed meanwhile.
            Err(DraftError::Commit(CommitError::Stale(_))) => {}
            Err(error) if error.is_passing() => tokio::time::sleep(DATABASE_PAUSE).await,
            done => return done,
        }
    }
}

async fn commit(core: &SharedCore, change: impl Fn(&mut Draft)) -> Result<(), DraftError> {
    loop {
        let mut draft = Draft::new(core, Actor::System);
        change(&mut draft);
        match draft.commit().await {
            Err(DraftError::Commit(CommitError::Stale(_))) => {}
            done => return done.map(drop),
        }
    }
}

/// The delivery after an attempt, and the receiver's id of the message: later edits and replies refer to it.
async fn change(draft: &mut Draft, mut delivery: Delivery, sent: Sent) -> Result<(), DraftError> {
    let now = draft.now;
    delivery.attempt_count += 1;
    delivery.started_at = None;
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
            let pause = after.unwrap_or_else(|| Backoff::DEFAULT.delay(delivery.attempt_count, seed));
            delivery.due_at = now.plus(pause).unwrap_or(Timestamp::MAX);
            delivery.last_error = Some(error);
        }
        Sent::Retry { error, .. } | Sent::Unknown { error } | Sent::Dead { error } => {
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
