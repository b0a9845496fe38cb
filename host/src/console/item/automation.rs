//! What robots do for an item.

use maud::{Markup, html};
use signalbox_crm::item::Item;
use signalbox_crm::run::RunState;
use signalbox_db::{RunFilter, RunWithEvent};

use super::timeline::state_chip;
use crate::console::format::instant;
use crate::console::visitor::Visitor;
use crate::http::problem::Problem;

/// Runs that the card shows, latest first; the journal has all.
const RUNS_MAX: u32 = 50;

pub(super) async fn tab(visitor: &Visitor, item: &Item) -> Result<Markup, Problem> {
    let words = visitor.words;
    let filter = RunFilter {
        item: Some(item.id.number),
        ..RunFilter::default()
    };
    let runs = visitor.console.app.core.db.runs(&filter, None, RUNS_MAX).await?;
    let standings = crate::console::explain::automation(visitor, item.id).await?;
    Ok(html! {
        h2 { (words.t("automation-here")) }
        (standings)
        h2 { (words.t("automation-runs")) }
        @if runs.is_empty() { p.quiet { (words.t("list-empty")) } }
        div.scroll { table {
            tbody { @for found in &runs { (row(visitor, found)) } }
        } }
        p { a href={ "/runs?item=" (item.id) } { (words.t("automation-all")) } }
    })
}

fn row(visitor: &Visitor, found: &RunWithEvent) -> Markup {
    let (words, run) = (visitor.words, &found.run);
    let title = visitor.directory.attachments.get(&run.attachment);
    let title = title.map_or_else(|| run.attachment.to_string(), |known| known.title.clone());
    let is_waiting = matches!(run.state, RunState::Scheduled | RunState::Retryable);
    html! {
        tr data-key=(run.id) {
            td { a href={ "/runs/" (run.id.0) } { (title) } }
            td { span class=(state_chip(run.state)) { (words.t(&format!("run-state-{}", run.state.as_str()))) } }
            td { @if let Some(reason) = run.reason { (words.t(&format!("run-reason-{}", reason.as_str()))) } }
            td {
                @match run.due_at.filter(|_| is_waiting) {
                    Some(at) => (instant(at, visitor)),
                    None => (instant(run.finished_at.unwrap_or(run.created_at), visitor)),
                }
            }
        }
    }
}
