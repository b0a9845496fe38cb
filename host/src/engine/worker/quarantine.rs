//! After a host that died: whose turn it is among those that were at work is decided by [`crate::engine::inflight`].
//! Here those are let go that have ended meanwhile, and given up of which the host dies again and again.

use std::sync::OnceLock;

use signalbox_crm::notifying::{Notice, notify};
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::Rejection;

use super::{Step, Worker, failed};
use crate::engine::committer::Proposal;
use crate::engine::draft::Draft;
use crate::engine::inflight::DEATHS_MAX;
use crate::engine::lanes::ReadyRun;

impl Worker {
    /// Most of those whom the last host left at work had ended: it does not note that.
    pub(super) async fn let_go(&self) {
        let core = &self.core;
        for run in core.inflight.suspects() {
            match core.db.run(run).await {
                Ok(Some(found)) if !found.run.state.is_final() => {
                    tracing::warn!(run.id = %run, "{run} was at work when the host died: it is executed alone");
                }
                Ok(_) => core.inflight.acquit(run),
                // It stays under suspicion.
                Err(_) => {}
            }
        }
    }

    /// Gives a run up of which the host has died too often; says whether it did.
    pub(super) async fn is_given_up(&self, ready: &ReadyRun) -> bool {
        let inflight = &self.core.inflight;
        let run = ready.run.id;
        let deaths = inflight.death_count(run);
        if deaths < DEATHS_MAX {
            return false;
        }
        self.give_up_for_ever(ready, deaths).await;
        inflight.acquit(run);
        true
    }

    /// Discards a run of which the host died again and again, and tells the admins.
    async fn give_up_for_ever(&self, ready: &ReadyRun, deaths: u32) {
        let run = ready.run.id;
        tracing::error!(run.id = %run, deaths, "{run} is discarded: the host died of it {deaths} times");
        let message = format!("the host died {deaths} times while it executed this run and nothing else");
        let verdict = failed("host-crash", message, false);
        let slot = OnceLock::new();
        loop {
            let proposal = self.notice(ready).unwrap_or_else(|rejection| {
                tracing::error!(error = %rejection, "Nobody is told about {run}: {rejection}");
                Proposal::new(self.core.clock.now(), Actor::System)
            });
            let execution = self.execution(ready, 0, None, &slot);
            match execution.fail_with(proposal, verdict.clone()).await {
                Step::Done => return,
                Step::Wait => tokio::time::sleep(super::DATABASE_PAUSE).await,
                // The set-up has changed, or somebody has cancelled the run.
                Step::Again if self.has_moved_on(ready).await => return,
                Step::Again => {}
            }
        }
    }

    fn notice(&self, ready: &ReadyRun) -> Result<Proposal, Rejection> {
        let run = ready.run.id;
        let mut draft = Draft::new(&self.core, Actor::System);
        let admins = draft.directory.admins();
        let notice = Notice {
            title: format!("Запуск {run} отброшен: от него падает сервер"),
            text: format!(
                "Сервер упал {DEATHS_MAX} раза, выполняя только его. Подробности: signalbox run show {run}"
            ),
            tag: Some(format!("quarantined:{run}")),
        };
        draft.rule(|rules, changes| notify(rules, changes, &admins, ready.run.item, &notice))?;
        Ok(draft.into_proposal())
    }
}
