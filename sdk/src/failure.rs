//! Failures: how a run ends badly.

use crate::{Error, Failure};

impl Failure {
    /// A failure that a later attempt would meet again. `code` is a short stable word, such as `no-recipient`.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure {
            code: code.into(),
            message: message.into(),
            retryable: false,
        }
    }

    /// A failure that may be gone when the host tries again.
    pub fn retryable(code: impl Into<String>, message: impl Into<String>) -> Failure {
        Failure {
            code: code.into(),
            message: message.into(),
            retryable: true,
        }
    }
}

/// A refusal of the host ends the run with its own code, message and word on retrying.
impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure {
            code: error.code,
            message: error.message,
            retryable: error.retryable,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Error, Failure};

    #[test]
    fn question_mark_keeps_what_the_host_said() {
        fn refused() -> Result<(), Failure> {
            Err(Error {
                code: "conflict".into(),
                message: "deal:17 is closed".into(),
                retryable: true,
            })?
        }
        assert_eq!(
            refused(),
            Err(Failure::retryable("conflict", "deal:17 is closed"))
        );
    }
}
