//! Why a robot ran or did not run for an item, and whether it would: points in an order that people can follow.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::condition::TestResult;

pub mod before;
pub mod past;

/// What a point means for the question whether the robot runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bearing {
    /// Nothing is against it here.
    For,
    /// It does not run because of this.
    Against,
    /// It runs later because of this.
    Waits,
    /// It is not so, and is taken as if it were.
    Assumed,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident, $word:literal;)*) => {
        /// What a point says. Each word keeps its meaning and its values for ever: screens translate them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(into = "&'static str")]
        pub enum PointCode {
            $($(#[$doc])* $name,)*
        }

        impl PointCode {
            /// All of them.
            pub const ALL: &[PointCode] = &[$(PointCode::$name,)*];

            /// The word for programs.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(PointCode::$name => $word,)*
                }
            }
        }
    };
}

codes! {
    /// The attachment is switched on.
    AttachmentOn, "attachment-on";
    /// The attachment is switched off.
    AttachmentOff, "attachment-off";
    /// The item stands in the stage. Values: `stage`, `since`.
    InStage, "in-stage";
    /// The item stands elsewhere, and is taken as if it entered the stage now. Values: `stage`, `stands_in`.
    EntersStage, "enters-stage";
    /// A rule keeps the item out of the stage. Values: `stage`, `stands_in`, `code`, `message`.
    CannotEnterStage, "cannot-enter-stage";
    /// The event happened to the item. Values: `event`, `kind`, `at`.
    EventHappened, "event-happened";
    /// The event is taken as if it happened now. Values: `kind`.
    EventAssumed, "event-assumed";
    /// The attachment's filter does not let the event through. Values: `kind`.
    MomentDoesNotFit, "moment-does-not-fit";
    /// The schedule visits the item. Values: `next_at`.
    ScheduleFits, "schedule-fits";
    /// The schedule passes the item over. Values: `why`.
    ScheduleDoesNotFit, "schedule-does-not-fit";
    /// A person starts it.
    ByHand, "by-hand";
    /// It starts at once.
    AtOnce, "at-once";
    /// It waits for its delay, date or instant. Values: `due_at`.
    Delayed, "delayed";
    /// Its date field is empty. Values: `field`.
    WaitsForField, "waits-for-field";
    /// It runs after another robot. Values: `attachment`, `title`.
    AfterPrevious, "after-previous";
    /// Matching says that it never runs. Values: `reason`, `detail`.
    NeverStarts, "never-starts";
    /// It may run at any time, or it is working time.
    WindowOpen, "window-open";
    /// It is no working time. Values: `until`.
    WindowClosed, "window-closed";
    /// There is no condition.
    Unconditional, "unconditional";
    /// A comparison is true. Values: `group`, `field`, `op`, `wanted`, `found`.
    TestTrue, "test-true";
    /// A comparison is false. Values: as for `test-true`.
    TestFalse, "test-false";
    /// The condition as a whole is true.
    ConditionTrue, "condition-true";
    /// The condition as a whole is false. Values: `detail`.
    ConditionFalse, "condition-false";
    /// It runs once for an item, and has not yet.
    FirstForItem, "first-for-item";
    /// It runs once for an item, and did.
    AlreadyRan, "already-ran";
    /// So many of its runs start in a minute. Values: `per_minute`.
    RateFree, "rate-free";
    /// So many of its runs wait that the next one starts later. Values: `per_minute`, `until`.
    RateLimited, "rate-limited";
    /// The robot pauses because it failed on many items. Values: `robot`, `until`.
    RobotPauses, "robot-pauses";
    /// The robot's version is not installed. Values: `robot`, `digest`.
    RobotMissing, "robot-missing";
    /// The item entered the stage. Values: `stage`, `at`, `event`.
    EnteredStage, "entered-stage";
    /// The item has not entered the stage. Values: `stage`, `stands_in`.
    NeverEntered, "never-entered";
    /// Nothing of this kind happened to the item. Values: `kind`.
    EventNeverHappened, "event-never-happened";
    /// It happened before the robot was attached, and robots do not start for what has been. Values: `at`,
    /// `attached_at`.
    BeforeAttached, "before-attached";
    /// The attachment was switched off then. Values: `at`.
    WasOff, "was-off";
    /// No run was made, and nothing that is stored says why. Values: `at`.
    NoRunKnown, "no-run-known";
    /// The robot did its work. Values: `run`, `at`, `summary`.
    RunCompleted, "run-completed";
    /// The robot found nothing to do. Values: as for `run-completed`.
    RunSkipped, "run-skipped";
    /// The robot was denied something, and may have gone on. Values: `run`, `what`.
    RunDenied, "run-denied";
    /// The robot is being executed. Values: `run`.
    RunExecutes, "run-executes";
    /// The run may start. Values: `run`, and `why` where something is before it.
    RunReady, "run-ready";
    /// The run waits. Values: `run`, `reason`, and where there is one `until`, `after`, `field`.
    RunWaits, "run-waits";
    /// The robot failed, and is tried again. Values: `run`, `code`, `message`, `attempt`, `until`.
    RunFailed, "run-failed";
    /// The run will never start. Values: `run`, `reason`, `at`, `detail`; for a stage that was left also `by`, `from`
    /// and `to`.
    RunCancelled, "run-cancelled";
    /// The robot failed for good, or was stopped. Values: `run`, `reason`, `at`, `detail`, and of the last attempt
    /// `code`, `message`, `attempt`.
    RunDiscarded, "run-discarded";
}

impl From<PointCode> for &'static str {
    fn from(code: PointCode) -> Self {
        code.as_str()
    }
}

/// One step on the way to a run, or the one at which it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Point {
    /// What it says.
    pub code: PointCode,
    /// What that means.
    pub bearing: Bearing,
    /// Names, ids, values and instants, by the names that the code has.
    pub values: BTreeMap<&'static str, String>,
    /// The whole as an English sentence.
    pub text: String,
}

impl Point {
    /// A point without values.
    pub fn new(code: PointCode, bearing: Bearing, text: impl Into<String>) -> Point {
        Point {
            code,
            bearing,
            values: BTreeMap::new(),
            text: text.into(),
        }
    }

    /// With one more value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Point {
        self.values.insert(name, value.to_string());
        self
    }
}

impl From<TestResult<'_>> for Point {
    fn from(result: TestResult<'_>) -> Point {
        // A false comparison of one group decides nothing alone.
        let (code, bearing) = match result.holds {
            true => (PointCode::TestTrue, Bearing::For),
            false => (PointCode::TestFalse, Bearing::Against),
        };
        let point = Point::new(code, bearing, result.text)
            .with("group", result.group)
            .with("field", result.field)
            .with("op", result.op.as_str())
            .with("wanted", result.wanted);
        match result.found {
            Some(found) => point.with("found", found),
            None => point,
        }
    }
}
