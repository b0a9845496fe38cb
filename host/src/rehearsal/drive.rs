//! The loop: time passes, a step of the history happens, robots act.

use anyhow::Context;
use signalbox_crm::ids::IdKind;
use signalbox_crm::notification::TimelineEntry;
use signalbox_crm::people::Actor;

use super::place::{Place, after_step};
use super::{Go, Input, Progress};
use crate::app::App;
use crate::engine::draft::Draft;
use crate::eventlog::plan::Step;

/// Plays the steps from where the place is. Answers how far it came when it was stopped.
pub(super) async fn drive(
    app: &App,
    input: &Input,
    place: &mut Place,
    watch: &mut (dyn FnMut(Progress) -> Go + Send),
) -> anyhow::Result<Option<Progress>> {
    let steps = &input.plan.steps;
    let runs_before = app.core.ids.last(IdKind::Run) - place.run_count;
    while let Some(step) = steps.get(place.step) {
        let now = app.core.clock.now();
        if now < step.at.into() {
            let progress = Progress {
                step: place.step,
                step_total: steps.len(),
                at: now,
                run_count: app.core.ids.last(IdKind::Run) - runs_before,
            };
            if watch(progress) == Go::Stop {
                app.advance_to(now).await?;
                return Ok(Some(progress));
            }
        }
        app.advance_to(step.at.into()).await?;
        play(app, place, step)
            .await
            .with_context(|| format!("case `{}` at {}", step.case, step.at))?;
    }
    app.advance_to(app.core.clock.now()).await?;
    Ok(None)
}

/// One step is one commit, with the place after it.
async fn play(app: &App, place: &mut Place, step: &Step) -> anyhow::Result<()> {
    let mut draft = Draft::new(&app.core, Actor::System);
    if let Some(unplayed) = place.cast.play(&mut draft, step).await? {
        draft.changes = Default::default();
        draft.changes.timeline.push(TimelineEntry {
            item: unplayed.item,
            at: draft.now,
            kind: unplayed.kind.to_owned(),
            text: unplayed.text,
            actor: draft.actor.to_string(),
            run: None,
        });
    }
    let mut proposal = draft.into_proposal();
    proposal.meta.push(after_step(place.step + 1, proposal.at));
    app.core.submit(proposal).await?;
    place.step += 1;
    Ok(())
}
