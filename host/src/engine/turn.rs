//! Turns: a run that met changed rows again and again commits with nothing in between.
//!
//! Who has the turn executes a run while the committer stores nothing but what comes through the turn. Whatever the
//! run reads is therefore as the last commit left it, up to its own commit.
//!
//! - No deadlock: an execution waits for nobody who waits for the committer. Its robot reads from memory and the
//!   database, has a slot of the sandbox (there are as many as workers), and submits through the turn only. A holder
//!   that goes away, by a panic too, ends its turn.
//! - Bounded: the turn ends with the execution, which the run's limits bound; [`TURN_MAX`] after that the committer
//!   takes it back, and what comes later is a proposal like any other.
//! - Fair: turns wait in the committer's queue with everything else, first come, first served. Proposals behind a turn
//!   wait for it and no longer, and their queue is bounded as always.

use std::time::Duration;

use tokio::sync::mpsc;

use super::committer::{CommitError, Proposal, Receipt, Submission};
use super::core::{Core, only};

/// How long a turn lasts at most. 12 s: the wall-clock limit of a run, 10 s, and what surrounds it.
pub(super) const TURN_MAX: Duration = Duration::from_secs(12);

/// The right to commit alone, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    submissions: mpsc::Sender<Submission>,
}

impl Turn {
    /// A turn, and where the committer takes its proposals from.
    pub(super) fn new() -> (Turn, mpsc::Receiver<Submission>) {
        let (submissions, queue) = mpsc::channel(1);
        (Turn { submissions }, queue)
    }

    /// As [`Core::submit`], before everybody who waits.
    ///
    /// # Errors
    /// As [`Core::submit`].
    pub async fn submit(&self, core: &Core, proposal: Proposal) -> Result<Receipt, CommitError> {
        let (submission, answers) = Submission::new(vec![proposal]);
        let answers = match self.submissions.send(submission).await {
            Ok(()) => answers.await.map_err(|_| CommitError::Closed)?,
            // The turn was taken back: others may have changed what was read, and the committer looks at that.
            Err(mpsc::error::SendError(late)) => core.submit_stack(late.proposals).await?,
        };
        only(answers)
    }
}

#[cfg(test)]
mod tests {
    use signalbox_crm::people::Actor;
    use signalbox_crm::time::Timestamp;

    use super::*;
    use crate::app::{App, AppOptions};
    use crate::clock::Clock;

    #[tokio::test]
    async fn proposal_after_the_turn_was_taken_back_is_one_like_any_other() {
        let clock = Clock::starting_at(Timestamp::parse("2026-03-02T09:00:00Z").expect("an instant"));
        let app = App::start(AppOptions::for_test(clock)).await.expect("a host");
        let (turn, queue) = Turn::new();
        drop(queue);
        let before = app.core.records.seq();
        let proposal = Proposal {
            meta: vec![("key".to_owned(), "value".to_owned())],
            ..Proposal::new(app.core.clock.now(), Actor::System)
        };
        let receipt = turn.submit(&app.core, proposal).await.expect("stored");
        assert_eq!(receipt.seq, before + 1);
        app.stop().await;
    }
}
