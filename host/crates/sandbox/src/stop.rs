//! Why the sandbox ended a run.

use std::borrow::Cow;

use signalbox_crm::run::Verdict;
use wasmtime::{Trap, WasmBacktrace};

/// The longest text that a trap or a panic brings into a verdict or the log, in characters.
const MESSAGE_CHARS_MAX: usize = 2_000;

/// The end of a run that the robot did not choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    /// The verdict's code.
    pub(crate) code: Cow<'static, str>,
    /// A sentence.
    pub(crate) message: String,
    /// Whether a later attempt may end otherwise.
    pub(crate) retryable: bool,
}

impl Stop {
    /// The same run would reach the limit again.
    pub(crate) fn limit(code: &'static str, message: impl Into<String>) -> Self {
        Stop {
            code: code.into(),
            message: message.into(),
            retryable: false,
        }
    }

    /// Time depends on the machine's other work, too.
    pub(crate) fn time(message: impl Into<String>) -> Self {
        Stop {
            retryable: true,
            ..Stop::limit("limit.time", message)
        }
    }

    /// The host could not do its part.
    pub(crate) fn host(message: impl Into<String>) -> Self {
        Stop {
            code: "host".into(),
            message: message.into(),
            retryable: true,
        }
    }

    /// A replay cannot go on, and says why itself.
    pub(crate) fn off_record() -> Self {
        Stop::limit("off-record", "the record has no answer")
    }

    /// Reads what wasmtime says, where the sandbox itself did not decide.
    pub(crate) fn from_error(error: &wasmtime::Error, panic: Option<String>) -> Self {
        if is_payload_exhausted(error) {
            return Stop::limit("limit.payload", "the robot passed too much data in one call");
        }
        match (error.downcast_ref::<Trap>(), panic) {
            (Some(Trap::OutOfFuel), _) => Stop::limit("limit.cpu", "the robot used up its fuel"),
            (Some(Trap::Interrupt), _) => Stop::time("the robot computed for too long"),
            (Some(Trap::UnreachableCodeReached), Some(message)) => Stop::limit("panic", cut(message)),
            // Compilers that keep their own stack in linear memory run over its lower end.
            (Some(Trap::StackOverflow | Trap::MemoryOutOfBounds), _) => Stop::limit(
                "stack-overflow",
                "the robot's stack overflowed, or it used memory that it does not have",
            ),
            (Some(trap), _) => Stop::limit("trap", cut(trap.to_string())),
            (None, _) => Stop::limit("trap", cut(error.root_cause().to_string())),
        }
    }
}

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        Verdict::Failed {
            code: stop.code.into_owned(),
            message: stop.message,
            retryable: stop.retryable,
        }
    }
}

/// wasmtime keeps this error's type to itself (`component/func/options.rs`), so that only its words are left.
/// The hostile corpus fails if they change.
fn is_payload_exhausted(error: &wasmtime::Error) -> bool {
    error
        .root_cause()
        .to_string()
        .contains("fuel allocated for hostcalls has been exhausted")
}

/// The functions of the robot that were at work when it was stopped, the innermost first.
pub(crate) fn backtrace(error: &wasmtime::Error) -> Option<String> {
    let backtrace = error.downcast_ref::<WasmBacktrace>()?;
    let has_frames = !backtrace.frames().is_empty();
    has_frames.then(|| cut(backtrace.to_string().trim_end().to_owned()))
}

/// The text, or its beginning.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MESSAGE_CHARS_MAX) {
        text.truncate(end);
    }
    text
}
