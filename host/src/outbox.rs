//! What leaves the house: rows that are due, sent with the same key at each attempt, whose end is noted in a commit.
//!
//! Each destination has its own pace: one that is slow or down holds up no other.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use signalbox_crm::destination::{Attitude, Destination, Wait};
use signalbox_crm::people::Actor;
use signalbox_crm::time::Timestamp;
use signalbox_db::DbError;
use tokio::sync::{Mutex, Notify};
use tokio::task::{JoinError, JoinSet};

use crate::engine::committer::CommitError;
use crate::engine::core::{Core, SharedCore};
use crate::engine::draft::{Draft, DraftError};
use crate::engine::worker::unless_panicking;

/// Rows on their way at once, to all destinations together.
const SENDING_MAX: usize = 64;
/// Destinations that are remembered. Those that nothing goes to are forgotten, but for what they refused.
const DESTINATIONS_MAX: usize = 1_000;
/// The longest sleep without a due row.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// Pause after an error of the database.
const DATABASE_PAUSE: Duration = Duration::from_millis(500);

/// A row that leaves the house, and what is its kind's own.
pub trait Outgoing: Clone + Send + Sync + 'static {
    /// The way out.
    type Sender: Send + Sync;
    /// Who gets it.
    type To: Clone + Eq + Hash + Display + Send + Sync;
    /// Of the rows with the same line, one is on its way at a time.
    type Line: Eq + Hash + Send + Sync;
    /// What an attempt came to.
    type End: Clone + Send;

    /// A row's name in the log.
    const NAME: &'static str;

    /// Who gets this one.
    fn to(&self) -> Self::To;

    /// What this one is sent in turn with.
    fn line(&self) -> Self::Line;

    /// Told when there are new rows.
    fn changed(core: &Core) -> &Notify;

    /// Attempts that may begin in a second; none where the destination is not known.
    fn per_second(core: &Core, to: &Self::To) -> Option<u32>;

    /// Rows of this host that may go now, to others than these, the first that was due first.
    fn due(
        core: &Core,
        now: Timestamp,
        except: &[Self::To],
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Self>, DbError>> + Send;

    /// When the first is due of those that are not due now.
    fn next_after(
        core: &Core,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Timestamp>, DbError>> + Send;

    /// Makes one attempt. An error is that of a commit before it: nothing has left.
    fn send(
        &self,
        core: &SharedCore,
        sender: &Self::Sender,
    ) -> impl Future<Output = Result<(Attitude, Self::End), DraftError>> + Send;

    /// What an attempt came to that met a defect of the host: nobody knows whether the row has left.
    fn after_panic(&self, core: &Core) -> Self::End;

    /// Stages the row as it is after an attempt, with what follows from it.
    fn note(self, draft: &mut Draft, end: Self::End) -> impl Future<Output = Result<(), DraftError>> + Send;
}

/// Sends what is due of one kind of rows.
pub struct Outbox<R: Outgoing> {
    core: SharedCore,
    sender: Arc<R::Sender>,
    traffic: Mutex<Traffic<R>>,
    sending_count: AtomicUsize,
}

/// What is on its way.
struct Traffic<R: Outgoing> {
    destinations: HashMap<R::To, Destination>,
    lines: HashSet<R::Line>,
    sending: JoinSet<Ended<R>>,
}

/// The end of an attempt.
struct Ended<R: Outgoing> {
    row: R,
    attitude: Attitude,
    noted: Result<(), DraftError>,
}

impl<R: Outgoing> Traffic<R> {
    fn ended(&mut self, ended: Ended<R>, now: Timestamp) -> Result<(), DraftError> {
        self.lines.remove(&ended.row.line());
        let to = ended.row.to();
        let destination = self.destinations.entry(to.clone()).or_default();
        let was_in_doubt = destination.is_in_doubt();
        destination.ended(now, ended.attitude);
        if destination.is_in_doubt() && !was_in_doubt {
            tracing::warn!("{to} takes nothing: one {} at a time tries it again", R::NAME);
        }
        if self.destinations.len() > DESTINATIONS_MAX {
            self.destinations.retain(|_, known| !known.is_idle(now));
        }
        ended.noted
    }
}

impl<R: Outgoing> Outbox<R> {
    /// Sends through this sender.
    pub fn new(core: SharedCore, sender: R::Sender) -> Self {
        Outbox {
            core,
            sender: Arc::new(sender),
            traffic: Mutex::new(Traffic {
                destinations: HashMap::new(),
                lines: HashSet::new(),
                sending: JoinSet::new(),
            }),
            sending_count: AtomicUsize::new(0),
        }
    }

    /// Rows on their way, as the loop of [`Outbox::run`] knows it.
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
                    tracing::error!(error = %error, "No {} can go on: {error}", R::NAME);
                    DATABASE_PAUSE
                }
            };
            tokio::select! {
                biased;
                Some(ended) = traffic.sending.join_next() => {
                    self.count(&traffic);
                    if let Err(error) = self.note_end(&mut traffic, ended) {
                        tracing::error!(error = %error, "A {} cannot be noted: {error}", R::NAME);
                    }
                }
                () = tokio::time::sleep(pause) => {}
                () = R::changed(&self.core).notified() => {}
            }
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
                Some(ended) => self.note_end(&mut traffic, ended)?,
                None => return Ok(next),
            }
        }
    }

    fn note_end(
        &self,
        traffic: &mut Traffic<R>,
        ended: Result<Ended<R>, JoinError>,
    ) -> Result<(), DraftError> {
        match ended {
            Ok(ended) => traffic.ended(ended, self.core.clock.now()),
            // Only when the runtime shuts down: a task that panics ends like any other.
            Err(error) => {
                tracing::error!(error = %error, "The task of a {} failed: {error}", R::NAME);
                Ok(())
            }
        }
    }

    /// Starts what may go now, and says when to look again, unless something on its way ends before.
    async fn start_due(&self, traffic: &mut Traffic<R>) -> Result<Option<Timestamp>, DraftError> {
        let core = &self.core;
        let mut full = Vec::new();
        let mut next: Option<Timestamp> = None;
        loop {
            let now = core.clock.now();
            let limit = SENDING_MAX + traffic.lines.len();
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let due = R::due(core, now, &full, limit).await?;
            let is_last = due.len() < limit as usize;
            let known = (full.len(), traffic.sending.len());
            for row in due {
                if traffic.sending.len() >= SENDING_MAX || core.draining.is_on() {
                    return Ok(next);
                }
                let to = row.to();
                if full.contains(&to) || traffic.lines.contains(&row.line()) {
                    continue;
                }
                if let Err(wait) = self.start(traffic, row, now) {
                    full.push(to);
                    if let Wait::Until(at) = wait {
                        next = Some(next.map_or(at, |next| next.min(at)));
                    }
                }
            }
            if is_last || known == (full.len(), traffic.sending.len()) {
                let later = R::next_after(core, now).await?;
                return Ok(next.into_iter().chain(later).min());
            }
        }
    }

    fn start(&self, traffic: &mut Traffic<R>, row: R, now: Timestamp) -> Result<(), Wait> {
        let to = row.to();
        if let Some(per_second) = R::per_second(&self.core, &to) {
            let destination = traffic.destinations.entry(to).or_default();
            destination.take(now, per_second)?;
        }
        traffic.lines.insert(row.line());
        let (core, sender) = (Arc::clone(&self.core), Arc::clone(&self.sender));
        traffic.sending.spawn(async move {
            let attempt = send_and_note(&core, &*sender, row.clone());
            let (attitude, noted) = match unless_panicking(attempt).await {
                Some(ended) => ended,
                None => {
                    let end = row.after_panic(&core);
                    let noted = unless_panicking(note(&core, row.clone(), end)).await;
                    (Attitude::Refuses, noted.unwrap_or(Ok(())))
                }
            };
            Ended { row, attitude, noted }
        });
        self.count(traffic);
        Ok(())
    }

    fn count(&self, traffic: &Traffic<R>) {
        self.sending_count.store(traffic.sending.len(), Ordering::Relaxed);
    }
}

/// One attempt, from before it to the commit that notes its end.
async fn send_and_note<R: Outgoing>(
    core: &SharedCore,
    sender: &R::Sender,
    row: R,
) -> (Attitude, Result<(), DraftError>) {
    match row.send(core, sender).await {
        Ok((attitude, end)) => (attitude, note(core, row, end).await),
        Err(error) => (Attitude::Works, Err(error)),
    }
}

/// Notes what an attempt came to, however long the database is away: what was sent is not sent again for that.
///
/// # Errors
/// The commit, for good.
pub async fn note<R: Outgoing>(core: &SharedCore, row: R, end: R::End) -> Result<(), DraftError> {
    loop {
        let mut draft = Draft::new(core, Actor::System);
        let noted = match row.clone().note(&mut draft, end.clone()).await {
            Ok(()) => draft.commit().await.map(drop),
            Err(error) => Err(error),
        };
        match noted {
            // What the row refers to, or the set-up, was changed meanwhile.
            Err(DraftError::Commit(CommitError::Stale(_))) => {}
            Err(error) if error.is_passing() => tokio::time::sleep(DATABASE_PAUSE).await,
            done => return done,
        }
    }
}
