//! Who watches is told what each commit wrote.

use std::sync::Arc;

use signalbox_crm::ids::EmployeeId;
use tokio::sync::broadcast;

use super::recent::RecordKey;

/// Commits that a slow watcher may be behind before it misses some.
const CHANGES_KEPT: usize = 1024;

/// What one commit wrote.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The commit's number on this host.
    pub seq: u64,
    /// Rows and lists.
    pub keys: Vec<RecordKey>,
    /// Whether runs began, ended, or were planned.
    pub has_runs: bool,
    /// Who has something new to read.
    pub notified: Vec<EmployeeId>,
    /// Whether somebody has read something.
    pub has_read: bool,
}

/// The way from the committer to whoever watches.
#[derive(Debug, Clone)]
pub struct Changes(broadcast::Sender<Arc<Changed>>);

impl Default for Changes {
    fn default() -> Self {
        Changes(broadcast::Sender::new(CHANGES_KEPT))
    }
}

impl Changes {
    /// Begins to watch.
    pub fn watch(&self) -> broadcast::Receiver<Arc<Changed>> {
        self.0.subscribe()
    }

    /// Whether anybody watches: nothing is collected for nobody.
    pub fn is_watched(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Tells everybody.
    pub fn tell(&self, changed: Changed) {
        // The last one may have gone meanwhile.
        let _ = self.0.send(Arc::new(changed));
    }
}
