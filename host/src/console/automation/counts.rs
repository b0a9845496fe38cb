//! How each robot of the designer fared in the last day, with the way to those runs.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::time::Duration;

use maud::{Markup, html};
use signalbox_crm::ids::AttachmentId;
use signalbox_crm::run::RunState;

use crate::automation::DraftView;
use crate::console::visitor::Visitor;
use crate::http::problem::Problem;

/// What the counts reach back to: as the journal's filter `since=24h`.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs by attachment and state.
pub(super) type Counts = BTreeMap<AttachmentId, BTreeMap<&'static str, i64>>;

/// A draft, and how its robots fared.
pub(super) struct Shown<'d> {
    pub(super) draft: &'d DraftView,
    pub(super) counts: Counts,
}

impl Deref for Shown<'_> {
    type Target = DraftView;

    fn deref(&self) -> &DraftView {
        self.draft
    }
}

/// All counts of the draft's robots, in one question.
pub(super) async fn counts(visitor: &Visitor, draft: &DraftView) -> Result<Counts, Problem> {
    let ids: Vec<AttachmentId> = draft.entries.iter().map(|entry| entry.attachment.id).collect();
    let since = visitor.now.minus(DAY).unwrap_or(visitor.now);
    let mut counts = Counts::new();
    for found in visitor.console.app.core.db.robot_counts(&ids, since).await? {
        let states = counts.entry(found.attachment).or_default();
        states.insert(found.state.as_str(), found.count);
    }
    Ok(counts)
}

/// The counts that are not zero, each with its runs.
pub(super) fn fared(visitor: &Visitor, counts: &Counts, id: AttachmentId) -> Markup {
    let words = visitor.words;
    let Some(states) = counts.get(&id) else {
        return html! {};
    };
    let parts = [
        (RunState::Completed, "chip chip-good", "&since=24h"),
        (RunState::Discarded, "chip chip-bad", "&since=24h"),
        (RunState::Scheduled, "chip", ""),
        (RunState::Retryable, "chip chip-warn", ""),
    ];
    html! {
        p.chips {
            @for (state, class, since) in parts {
                @if let Some(count) = states.get(state.as_str()) {
                    a class=(class) href={ "/runs?attachment=" (id) "&state=" (state.as_str()) (since) } {
                        (words.n(&format!("fared-{}", state.as_str()), *count))
                    }
                }
            }
        }
    }
}
