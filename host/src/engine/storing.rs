//! How storing goes: since when the commit under way is, and whether the last one found no room. Who waits for the
//! database does so in silence; this is how others learn of it.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use signalbox_crm::time::Timestamp;
use signalbox_db::{Batch, Committed, DbError};

use super::core::Core;

/// A commit that takes so long is told in the log, with what holds it up. A thousand times what it needs.
const TOLD_AFTER: Duration = Duration::from_secs(5);
/// How long asking for that may take.
const ASK_MAX: Duration = Duration::from_secs(1);

/// How storing goes.
#[derive(Debug, Default)]
pub struct Storing {
    /// In microseconds; 0 when no commit is under way.
    since: AtomicI64,
    is_full: AtomicBool,
}

impl Storing {
    /// When the commit began that is under way.
    pub fn since(&self) -> Option<Timestamp> {
        let micros = self.since.load(Ordering::Relaxed);
        (micros != 0).then(|| Timestamp::from_micros(micros))
    }

    /// Whether the last change found no room.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    fn begin(&self, now: Timestamp) {
        self.since.store(now.micros(), Ordering::Relaxed);
    }

    fn end(&self, stored: &Result<Committed, DbError>) {
        self.since.store(0, Ordering::Relaxed);
        let is_full = match stored {
            Ok(_) => false,
            Err(DbError::Full(_)) => true,
            Err(_) => return,
        };
        let was_full = self.is_full.swap(is_full, Ordering::Relaxed);
        if is_full && !was_full {
            tracing::error!(
                "No room is left for the database: changes are refused, and work waits until there is"
            );
        } else if was_full && !is_full {
            tracing::info!("The database has room again: what waited goes on");
        }
    }
}

/// Stores a batch, and says so when that takes long.
pub(super) async fn commit(core: &Core, batch: &Batch) -> Result<Committed, DbError> {
    core.storing.begin(core.clock.now());
    let mut commit = pin!(core.db.commit(batch));
    let stored = tokio::select! {
        biased;
        stored = &mut commit => stored,
        () = tokio::time::sleep(TOLD_AFTER) => {
            tell(core).await;
            commit.await
        }
    };
    core.storing.end(&stored);
    stored
}

async fn tell(core: &Core) {
    let asked = tokio::time::timeout(ASK_MAX, core.db.blocker()).await;
    let why = match asked {
        Ok(Ok(Some(blocker))) => format!("it waits for {blocker}"),
        Ok(_) | Err(_) => "nothing that the database names holds it up".to_owned(),
    };
    let seconds = TOLD_AFTER.as_secs();
    tracing::warn!("A commit takes longer than {seconds} s, and others wait for it: {why}");
}
