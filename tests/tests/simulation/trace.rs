//! What happened in a simulation, in order: its digest tells whether two simulations are the same.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lines of one simulation.
#[derive(Default)]
pub(super) struct Trace(Mutex<Lines>);

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    digest: u64,
}

impl Trace {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what happens.
    pub(super) fn note(&self, line: String) {
        let mut inner = self.lock();
        for byte in line.bytes().chain([b'\n']) {
            // FNV-1a, whose value does not change with the compiler.
            inner.digest = (inner.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        inner.lines.push(line);
    }

    /// Of all lines.
    pub(super) fn digest(&self) -> u64 {
        self.lock().digest
    }

    /// Where this one and another one part, with the lines before.
    pub(super) fn parting(&self, other: &Trace) -> String {
        let [ours, theirs] = [self, other].map(|trace| trace.end(usize::MAX));
        let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
        let from = same.saturating_sub(10);
        let show = |lines: &[String]| lines[from..lines.len().min(same + 3)].join("\n");
        format!(
            "parts after {same} lines:\n{}\n-----\n{}",
            show(&ours),
            show(&theirs)
        )
    }

    /// The last lines.
    pub(super) fn end(&self, count: usize) -> Vec<String> {
        let inner = self.lock();
        let from = inner.lines.len().saturating_sub(count);
        inner.lines[from..].to_vec()
    }
}
