//! An execution of which nothing is stored, counted or remembered: the same way as a real one, up to the commit.

use std::sync::{Arc, OnceLock};

use signalbox_crm::attachment::Attachment;
use signalbox_crm::directory::Directory;
use signalbox_crm::item::Item;
use signalbox_crm::run::Verdict;
use signalbox_crm::time::Timestamp;
use signalbox_sandbox::{HostCall, LogLine};

use super::execution::{Execution, Prepared, Unprepared};
use super::recording::run_draft_of;
use crate::engine::below::Below;
use crate::engine::core::SharedCore;
use crate::engine::draft::Draft;
use crate::engine::lanes::ReadyRun;
use crate::engine::robots::Robots;
use crate::engine::trial_ids::TrialIds;

/// What is tried.
pub(in crate::engine) struct Trial<'a> {
    pub(in crate::engine) core: &'a SharedCore,
    pub(in crate::engine) robots: &'a Robots,
    /// The run and its event; neither is stored.
    pub(in crate::engine) ready: &'a ReadyRun,
    /// The set-up as it is meant to be.
    pub(in crate::engine) directory: Arc<Directory>,
    /// Rows as they are meant to be.
    pub(in crate::engine) below: Arc<Below>,
    /// When the run is meant to be executed.
    pub(in crate::engine) now: Timestamp,
    /// Numbers for what it makes.
    pub(in crate::engine) ids: Arc<TrialIds>,
}

/// What a trial came to.
pub(in crate::engine) struct Tried {
    /// How it ended.
    pub(in crate::engine) verdict: Verdict,
    /// What it would have changed; nothing after a failure.
    pub(in crate::engine) draft: Draft,
    /// What it asked and cost; none when it did not reach the sandbox.
    pub(in crate::engine) used: Option<Used>,
}

/// What a trial asked and cost.
pub(in crate::engine) struct Used {
    pub(in crate::engine) calls: Vec<HostCall>,
    pub(in crate::engine) logs: Vec<LogLine>,
    pub(in crate::engine) fuel: u64,
    pub(in crate::engine) memory_bytes: u64,
    pub(in crate::engine) duration_us: u64,
}

impl Trial<'_> {
    /// A draft in the robot's name, whose rows get numbers of the trial.
    fn draft(&self, execution: &Execution<'_>) -> Draft {
        let mut draft = execution.draft();
        draft.directory = Arc::clone(&self.directory);
        draft.trial_ids = Some(Arc::clone(&self.ids));
        draft.now = self.now;
        draft.actor = execution.actor(&draft.directory);
        draft
    }

    /// Executes the run with the limits of all; none when the database was away.
    pub(in crate::engine) async fn run(
        &self,
        attachment: Arc<Attachment>,
        item: Option<Item>,
    ) -> Option<Tried> {
        let execution = Execution {
            core: self.core,
            robots: self.robots,
            ready: self.ready,
            number: 0,
            turn: None,
            below: Arc::clone(&self.below),
            limits: self.core.dry_runs.limits,
            slot: &OnceLock::new(),
        };
        let draft = self.draft(&execution);
        let prepared = match execution.prepare(draft, &attachment, item).await {
            Ok(prepared) => *prepared,
            Err(Unprepared::Fails(draft, verdict)) => {
                return Some(Tried {
                    verdict,
                    draft: *draft,
                    used: None,
                });
            }
            Err(Unprepared::Waits) => return None,
        };
        let Prepared {
            robot,
            invocation,
            values,
            session,
            ..
        } = prepared;
        let sandbox = self.robots.sandbox();
        let limits = execution.limits;
        let report = sandbox
            .run(&robot, invocation, values, Box::new(session), limits)
            .await;
        let session = run_draft_of(report.session).filter(|session| !session.is_cut_off)?;
        let mut draft = session.draft;
        if let Verdict::Failed { .. } = report.verdict {
            draft.changes = Default::default();
        }
        Some(Tried {
            verdict: report.verdict,
            draft,
            used: Some(Used {
                calls: report.calls,
                logs: report.logs,
                fuel: report.fuel,
                memory_bytes: report.memory_bytes,
                duration_us: report.duration_us,
            }),
        })
    }
}
