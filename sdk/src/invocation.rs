//! Why a run happens, and how it ends.

use crate::{Cause, Failure, Invocation, Outcome};

impl Invocation {
    /// The item that the run is about.
    ///
    /// # Errors
    /// `no-item` when there is none, for example on a message of a conversation that belongs to no deal.
    pub fn require_item(&self) -> Result<&str, Failure> {
        let cause = self.cause.name();
        self.item
            .as_deref()
            .ok_or_else(|| Failure::new("no-item", format!("the run by `{cause}` is about no item")))
    }
}

impl Cause {
    /// The cause's name, as in `causes` of `robot.toml`: `stage-entered`, `timer`, ...
    pub fn name(&self) -> &str {
        match self {
            Cause::StageEntered(_) => "stage-entered",
            Cause::Timer(_) => "timer",
            Cause::Schedule(_) => "schedule",
            Cause::MessageReceived(_) => "message-received",
            Cause::Manual(_) => "manual",
            Cause::Other(other) => &other.name,
        }
    }

    /// The failure of a robot that has nothing to do with this cause: code `wrong-cause`.
    pub fn unexpected(&self) -> Failure {
        Failure::new(
            "wrong-cause",
            format!("this robot does not work on `{}`", self.name()),
        )
    }
}

/// Ends the run well: the robot did its work. The text says what, for the journal.
///
/// # Errors
/// Never; it is a `Result` so that it can be the last expression of `run`.
pub fn done(summary: impl Into<String>) -> Result<Outcome, Failure> {
    Ok(Outcome::Done(summary.into()))
}

/// Ends the run well: there was nothing to do. The text says why. Staged changes are stored all the same.
///
/// # Errors
/// Never; it is a `Result` so that it can be the last expression of `run`.
pub fn skipped(reason: impl Into<String>) -> Result<Outcome, Failure> {
    Ok(Outcome::Skipped(reason.into()))
}

#[cfg(test)]
mod tests {
    use crate::{Cause, Invocation, ManualRun, OtherCause};

    #[test]
    fn run_about_no_item_says_its_cause() {
        let cause = Cause::Other(OtherCause {
            name: "call-missed".into(),
            fields: Vec::new(),
        });
        let mut invocation = Invocation {
            run: "run:1".into(),
            attachment: "attachment:2".into(),
            attempt: 1,
            item: None,
            event: "event:3".into(),
            happened_at: "2026-03-02T09:00:00Z".into(),
            cause,
        };
        let failure = invocation.require_item().unwrap_err();
        assert_eq!(failure.code, "no-item");
        assert!(failure.message.contains("`call-missed`"));
        invocation.item = Some("deal:17".into());
        assert_eq!(invocation.require_item(), Ok("deal:17"));
    }

    #[test]
    fn wrong_cause_is_named() {
        assert!(
            Cause::Manual(ManualRun { by: None })
                .unexpected()
                .message
                .contains("`manual`")
        );
    }
}
