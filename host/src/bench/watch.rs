//! Watches attempts as they are committed, and tells each submitter when its deal has all effects.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{anyhow, bail};
use signalbox_crm::ids::ItemId;
use signalbox_crm::run::RunState;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, oneshot};

use super::stage_entry::ROBOTS;
use crate::engine::core::{AttemptStored, Core};

/// Past this, a deal counts as lost, and the benchmark fails.
const EFFECTS_MAX: Duration = Duration::from_secs(60);

/// The runs that a deal still lacks, and who is told when it has them.
type Deals = HashMap<ItemId, (u64, oneshot::Sender<Result<(), String>>)>;

/// Who waits for which deal.
#[derive(Debug, Default)]
struct Waiting {
    deals: Mutex<Deals>,
}

/// Watches commits. It gets each attempt from the committer itself, after the transaction has ended: nothing polls.
#[derive(Debug)]
pub(super) struct Watch {
    waiting: Arc<Waiting>,
    /// Runs that were committed as completed.
    pub(super) completed: Arc<AtomicU64>,
}

/// The effects of one deal that is on its way.
pub(super) struct Effects {
    deal: ItemId,
    done: oneshot::Receiver<Result<(), String>>,
}

impl Watch {
    /// Watches until the host is gone.
    pub(super) fn start(core: &Core) -> Watch {
        let watch = Watch {
            waiting: Arc::default(),
            completed: Arc::default(),
        };
        let (waiting, completed) = (Arc::clone(&watch.waiting), Arc::clone(&watch.completed));
        tokio::spawn(follow(core.attempts.subscribe(), waiting, completed));
        watch
    }

    /// The effects that the deal will have; ask before it is submitted.
    pub(super) fn expect(&self, deal: ItemId) -> Effects {
        let (told, done) = oneshot::channel();
        self.waiting.lock().insert(deal, (ROBOTS, told));
        Effects { deal, done }
    }
}

impl Effects {
    /// Waits until all are committed.
    ///
    /// # Errors
    /// A run did not complete, or nothing came for a minute.
    pub(super) async fn committed(self) -> anyhow::Result<()> {
        let deal = self.deal;
        match tokio::time::timeout(EFFECTS_MAX, self.done).await {
            Ok(Ok(done)) => done.map_err(|message| anyhow!("{deal}: {message}")),
            Ok(Err(_)) => bail!("{deal}: the watch has ended"),
            Err(_) => bail!(
                "{deal} did not get its effects within {} s",
                EFFECTS_MAX.as_secs()
            ),
        }
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Deals> {
        self.deals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, deal: ItemId, attempt: AttemptStored) {
        let mut deals = self.lock();
        let Some((left, _)) = deals.get_mut(&deal) else {
            return;
        };
        *left -= 1;
        let answer = match attempt.state {
            RunState::Completed if *left > 0 => return,
            RunState::Completed => Ok(()),
            other => Err(format!("{} is {}", attempt.run, other.as_str())),
        };
        if let Some((_, told)) = deals.remove(&deal) {
            // The submitter may have given up.
            let _ = told.send(answer);
        }
    }
}

async fn follow(
    mut attempts: broadcast::Receiver<AttemptStored>,
    waiting: Arc<Waiting>,
    completed: Arc<AtomicU64>,
) {
    loop {
        match attempts.recv().await {
            Ok(attempt) => {
                if attempt.state == RunState::Completed {
                    completed.fetch_add(1, Ordering::Relaxed);
                }
                if let Some(deal) = attempt.item {
                    waiting.note(deal, attempt);
                }
            }
            // Deals whose attempts were missed run into their time limit, and the benchmark says so.
            Err(RecvError::Lagged(count)) => tracing::error!("The watch missed {count} attempts"),
            Err(RecvError::Closed) => return,
        }
    }
}
