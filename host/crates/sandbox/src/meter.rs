//! Counts the memory and tables of a run, and says no.

use wasmtime::ResourceLimiter;

use crate::limits::Limits;
use crate::stop::Stop;

/// Core instances of one run. Components that a toolchain adapts to WASI have up to 60.
pub(crate) const INSTANCES_MAX: usize = 64;
/// Memories of one run.
pub(crate) const MEMORIES_MAX: usize = 4;
/// Tables of one run.
pub(crate) const TABLES_MAX: usize = 16;

/// All memories and all tables of one run. Both only grow.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_bytes: usize,
    memory_bytes_max: usize,
    table_elements: usize,
    table_elements_max: usize,
    /// The first refusal: the trap that follows does not say why.
    pub(crate) refused: Option<Stop>,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Meter {
            memory_bytes: 0,
            memory_bytes_max: limits.memory_bytes_max,
            table_elements: 0,
            table_elements_max: limits.table_elements_max,
            refused: None,
        }
    }

    /// What all memories have together, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes as u64
    }

    fn refuse(&mut self, stop: Stop) -> wasmtime::Error {
        let error = wasmtime::Error::msg(stop.message.clone());
        self.refused.get_or_insert(stop);
        error
    }
}

/// A refusal is a trap and not a failed `memory.grow`: an allocator that fails aborts without saying why.
impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > self.memory_bytes_max {
            let max = self.memory_bytes_max;
            return Err(self.refuse(Stop::limit(
                "limit.memory",
                format!("the robot asked for {total} bytes of memory, {max} are allowed"),
            )));
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self
            .table_elements
            .saturating_add(desired.saturating_sub(current));
        if total > self.table_elements_max {
            let max = self.table_elements_max;
            return Err(self.refuse(Stop::limit(
                "limit.table",
                format!("the robot asked for {total} table elements, {max} are allowed"),
            )));
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_counted_together() {
        let mut meter = Meter::new(&Limits {
            memory_bytes_max: 100,
            ..Limits::default()
        });
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(meter.memory_growing(0, 30, None).unwrap());
        assert!(meter.memory_growing(60, 71, None).is_err());
        assert_eq!(meter.memory_bytes(), 90);
        let refused = meter.refused.expect("the refusal is kept");
        assert_eq!(
            (refused.code.as_ref(), refused.message.as_str()),
            (
                "limit.memory",
                "the robot asked for 101 bytes of memory, 100 are allowed"
            )
        );
    }

    #[test]
    fn tables_are_counted_together() {
        let mut meter = Meter::new(&Limits {
            table_elements_max: 10,
            ..Limits::default()
        });
        assert!(meter.table_growing(0, 10, None).unwrap());
        assert!(meter.table_growing(0, 1, None).is_err());
        assert_eq!(meter.refused.expect("the refusal is kept").code, "limit.table");
    }
}
