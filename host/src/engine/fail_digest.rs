//! Whether a failure is the one of the attempt before, on the same data.

use sha2::{Digest, Sha256};
use signalbox_crm::run::Verdict;
use signalbox_sandbox::{HostCall, Robot};

use super::draft::Draft;

/// Bytes of the digest that are kept: equal ones are counted within one run only, so 64 bits are plenty.
const BYTES_KEPT: usize = 8;

/// Host functions whose answers follow the clock, by interface. What they said belongs to what the robot knew.
const TOLD_BY_TIME: [&str; 3] = ["clock", "calendar", "employees"];

/// What led to a failure.
#[derive(Default)]
pub(super) struct Led {
    hasher: Sha256,
}

impl Led {
    /// The component, the versions of all rows that were read, and what the host said about the time.
    ///
    /// Ids that the robot was given for what it made are left out: each attempt gets others. A robot with WASI can
    /// read the clock past the host functions, so its failures at different times are never equal.
    pub(super) fn new(robot: &Robot, draft: &Draft, calls: &[HostCall]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(robot.digest());
        hasher.update(draft.directory.version.to_le_bytes());
        for (key, number, version) in draft.seen() {
            hasher.update(format!("{key:?} {number} {version}\n"));
        }
        for call in calls
            .iter()
            .filter(|call| TOLD_BY_TIME.contains(&&*call.interface))
        {
            hasher.update(format!("{}.{} ", call.interface, call.function));
            hasher.update(call.args.get());
            hasher.update(call.answer.get());
        }
        if robot.inspection().uses_wasi {
            hasher.update(draft.now.micros().to_le_bytes());
        }
        Led { hasher }
    }

    /// A digest of the failure and of everything that led to it; none for an attempt that did not fail.
    pub(super) fn digest(mut self, verdict: &Verdict) -> Option<String> {
        let Verdict::Failed { code, message, .. } = verdict else {
            return None;
        };
        for text in [code, message] {
            self.hasher.update(text.len().to_le_bytes());
            self.hasher.update(text);
        }
        let digest = self.hasher.finalize();
        Some(
            digest[..BYTES_KEPT]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }
}
