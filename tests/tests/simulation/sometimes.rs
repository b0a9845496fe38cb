//! What must happen in some simulation of a series, or the series shows nothing about it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

macro_rules! sometimes {
    ($($(#[doc = $doc:literal])* $name:ident),* $(,)?) => {
        /// Faults, and states that are interesting under them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Sometimes { $($(#[doc = $doc])* $name),* }

        impl Sometimes {
            pub(super) const ALL: &[Sometimes] = &[$(Sometimes::$name),*];
        }
    };
}

sometimes! {
    /// The host dies.
    Crash,
    /// It dies while it starts.
    CrashAtStart,
    /// It dies before a commit that somebody waits for.
    CrashBeforeCommit,
    /// It dies after a commit that nobody has learnt of.
    CrashBeforeAcknowledgement,
    /// It dies when a message has left the house, and that is not stored.
    CrashBetweenSendAndMark,
    /// It takes up runs that were available.
    RecoveredRuns,
    /// It takes up runs that wait for others.
    RecoveredChain,
    /// It takes up messages.
    RecoveredInbound,
    /// A host does not start, because the database fails.
    FailedStart,
    /// The database says that rows have changed.
    Conflict,
    /// It cannot be reached.
    Unavailable,
    /// It is full.
    Full,
    /// An answer to a read is lost.
    LostRead,
    /// Another host takes the place of this one.
    Ousted,
    /// A commit is on its way then.
    OustedInCommit,
    /// The host is back, and takes up what was left.
    Rejoined,
    /// The outcome of a commit is unknown, and the database is gone.
    LostCommit,
    /// Everything stands still for a while.
    Slow,
    /// The clock jumps forwards.
    ClockForwards,
    /// The clock jumps backwards.
    ClockBackwards,
    /// A change of a person met changed rows.
    StaleChange,
    /// A run is executed again in one attempt.
    RunAgain,
    /// Several proposals are one commit.
    Group,
    /// Several runs of one item are one commit.
    Stack,
    /// A robot fails and tries again.
    Retry,
    /// A run fails for good.
    Discarded,
    /// A robot pauses, because it failed on several items.
    RobotPaused,
    /// A run that it tries after the pause fails too.
    ProbeFailed,
    /// It goes on.
    RobotResumed,
    /// A delayed run is cancelled because its item left the stage.
    LeftStage,
    /// A person cancels a run.
    CancelledByHand,
    /// A person retries a run.
    RetriedByHand,
    /// A run waits for its slot.
    RateLimited,
    /// A run waits, because another one of the same attachment is under way.
    Held,
    /// A run that waited for another one starts.
    ChainGoesOn,
    /// A chain is cancelled because a run failed.
    ChainStopped,
    /// A run meets an attachment that was switched off.
    AttachmentOff,
    /// A run is moved with a date.
    DateMoved,
    /// A robot wakes itself up.
    WakeUp,
    /// A schedule ticks.
    ScheduleTick,
    /// A reminder fires.
    Reminder,
    /// A provider repeats a webhook.
    DuplicateWebhook,
    /// A person repeats a request that was answered, under the same key.
    RepeatedPost,
    /// A message comes after a later one.
    LateWebhook,
    /// A receiver gets a message twice.
    DuplicateDelivery,
    /// A receiver asks to wait.
    TooManyRequests,
    /// A receiver takes a message and does not say so.
    ReceiverTimeout,
    /// A message is given up.
    DeadDelivery,
    /// A service gets a request again that it has answered.
    DuplicateRequest,
    /// A request is given up.
    DeadRequest,
}

/// How often each thing happened.
#[derive(Default)]
pub(super) struct Tally(Mutex<BTreeMap<Sometimes, u64>>);

impl Tally {
    pub(super) fn saw(&self, what: Sometimes) {
        self.saw_times(what, 1);
    }

    pub(super) fn saw_times(&self, what: Sometimes, count: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what).or_default() += count;
    }

    pub(super) fn add(&self, other: &Tally) {
        for (what, count) in other.counts() {
            self.saw_times(what, count);
        }
    }

    pub(super) fn counts(&self) -> BTreeMap<Sometimes, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What never happened.
    pub(super) fn missing(&self) -> Vec<Sometimes> {
        let counts = self.counts();
        let all = Sometimes::ALL.iter().copied();
        all.filter(|what| !counts.contains_key(what)).collect()
    }
}
