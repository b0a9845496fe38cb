//! The one wasmtime engine of the process, and the clock that stops endless loops.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::{MEMORY_BYTES_CEILING, TABLE_ELEMENTS_CEILING};
use crate::meter::{INSTANCES_MAX, MEMORIES_MAX, TABLES_MAX};

/// How often the epoch advances: what a robot computes is measured in these. 10 ms, as Spin and Golem have it.
pub(crate) const EPOCH: Duration = Duration::from_millis(10);

/// What stays mapped of a used memory for the next run: most of what a small robot touches. Measured: 26 instead of
/// 33 microseconds for a fresh run.
const KEEP_RESIDENT_BYTES: usize = 64 * 1024;

/// Metadata of one instance. Components of scripting engines have many functions; Spin's value.
const INSTANCE_BYTES_MAX: usize = 10 * 1024 * 1024;

/// Makes the engine; the flag says whether it has a pool. A machine without the address space for one, such as a
/// container with a limit on virtual memory, gets slower instances one by one.
pub(crate) fn engine(concurrent_runs_max: u32) -> wasmtime::Result<(Engine, bool)> {
    let mut pooled = config();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(concurrent_runs_max)));
    if let Ok(engine) = Engine::new(&pooled) {
        return Ok((engine, true));
    }
    Ok((Engine::new(&config())?, false))
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .memory_init_cow(true)
        // The same run gives the same bits on every machine.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .concurrency_support(false);
    config
}

/// All totals follow from the number of runs, so that no run is refused for want of a part.
fn pool(runs: u32) -> PoolingAllocationConfig {
    let per_run = |count: usize| runs.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(runs)
        .total_stacks(runs)
        .total_memories(per_run(MEMORIES_MAX))
        .total_tables(per_run(TABLES_MAX))
        .total_core_instances(per_run(INSTANCES_MAX))
        .max_core_instances_per_component(u32::try_from(INSTANCES_MAX).unwrap_or(u32::MAX))
        .max_memories_per_component(u32::try_from(MEMORIES_MAX).unwrap_or(u32::MAX))
        .max_tables_per_component(u32::try_from(TABLES_MAX).unwrap_or(u32::MAX))
        .max_tables_per_module(4)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_memory_size(MEMORY_BYTES_CEILING)
        .table_elements(TABLE_ELEMENTS_CEILING)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Advances the engine's epoch from a thread of its own: a tokio timer would stand still with a busy tokio.
/// The thread ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Ticker {
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let engine = engine.weak();
        let tick = move || {
            while stopped.recv_timeout(EPOCH) == Err(RecvTimeoutError::Timeout) {
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        };
        let thread = thread::Builder::new()
            .name("signalbox-epoch".into())
            .spawn(tick)?;
        Ok(Ticker {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and if it did there would be nothing left to do.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_has_a_pool_here() {
        assert!(engine(4).expect("an engine").1);
    }

    #[test]
    fn pool_that_does_not_fit_is_replaced() {
        // 4 billion memories of 4 GiB fit into no address space.
        let (_, is_pooled) = engine(u32::MAX / 64).expect("an engine without a pool");
        assert!(!is_pooled);
    }
}
