//! After a host that died: the runs that were at work are executed one after the other, before anything else is. So
//! the one that kills the host is known, and no other is blamed.

use signalbox_crm::notifying::{Notice, notify};
use signalbox_crm::people::Actor;
use signalbox_crm::rejection::Rejection;

use super::{Step, Worker, failed, unless_panicking};
use crate::engine::committer::Proposal;
use crate::engine::draft::Draft;
use crate::engine::inflight::{DEATHS_MAX, Seat};
use crate::engine::lanes::{ReadyRun, Task};

impl Worker {
    /// Executes those that the last host left at work, each alone.
    pub(super) async fn quarantine(&self) {
        let core = &self.core;
        let suspects = core.inflight.take_suspects();
        if suspects.is_empty() {
            return;
        }
        for ready in core.lanes.take_out(&suspects) {
            if core.draining.is_on() {
                return std::future::pending().await;
            }
            let run = ready.run.id;
            let deaths = core.inflight.death_count(run);
            if deaths >= DEATHS_MAX {
                self.give_up_for_ever(&ready, deaths).await;
            } else {
                tracing::warn!(run.id = %run, "{run} was at work when the host died: it is executed alone");
                let task = Task::Run(Box::new(ready));
                if unless_panicking(self.work(&task, Seat::Alone)).await.is_none() {
                    core.inflight.leave(Seat::Alone);
                    self.after_panic(&task).await;
                }
                self.settle_breaker(&task).await;
            }
            core.inflight.acquit(run);
            core.lanes.put_away(run);
        }
        core.inflight.clear();
    }

    /// Discards a run of which the host died again and again, and tells the admins.
    async fn give_up_for_ever(&self, ready: &ReadyRun, deaths: u32) {
        let run = ready.run.id;
        tracing::error!(run.id = %run, deaths, "{run} is discarded: the host died of it {deaths} times");
        let message = format!("the host died {deaths} times while it executed this run and nothing else");
        let verdict = failed("host-crash", message, false);
        let slot = std::sync::OnceLock::new();
        loop {
            let proposal = self.notice(ready).unwrap_or_else(|rejection| {
                tracing::error!(error = %rejection, "Nobody is told about {run}: {rejection}");
                Proposal::new(self.core.clock.now(), Actor::System)
            });
            let execution = self.execution(ready, Seat::Alone, None, &slot);
            match execution.fail_with(proposal, verdict.clone()).await {
                Step::Done => return,
                Step::Wait => tokio::time::sleep(super::DATABASE_PAUSE).await,
                // The set-up has changed, or somebody has cancelled the run.
                Step::Again if self.is_final(ready).await => return,
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
