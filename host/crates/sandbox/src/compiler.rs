//! The one wasmtime engine of the process, and the clock that stops endless loops.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

/// Advances the engine's epoch from a thread of its own while robots run: a tokio timer would stand still with a busy
/// tokio. The thread ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    state: Arc<TickerState>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct TickerState {
    run_count: AtomicUsize,
    /// Whether the thread waits for a run to wake it.
    is_resting: AtomicBool,
    is_over: AtomicBool,
}

impl TickerState {
    /// Waits for a run. A host at rest costs nothing.
    ///
    /// The thread says that it rests before it looks for runs, and a run is counted before it looks whether the thread
    /// rests: one of both sees the other.
    fn rest(&self) {
        self.is_resting.store(true, Ordering::SeqCst);
        if self.run_count.load(Ordering::SeqCst) == 0 && !self.is_over.load(Ordering::SeqCst) {
            thread::park();
        }
        self.is_resting.store(false, Ordering::SeqCst);
    }
}

/// While it lives, time is measured.
#[derive(Debug)]
pub(crate) struct Ticking<'a>(&'a TickerState);

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.run_count.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Ticker {
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let engine = engine.weak();
        Ticker::calling(move || engine.upgrade().map(|engine| engine.increment_epoch()).is_some())
    }

    /// Calls `tick` until it says no.
    fn calling(tick: impl Fn() -> bool + Send + 'static) -> std::io::Result<Self> {
        let state = Arc::<TickerState>::default();
        let seen = Arc::clone(&state);
        let work = move || {
            while !seen.is_over.load(Ordering::SeqCst) {
                seen.rest();
                // A wake-up too many is only a tick.
                thread::park_timeout(EPOCH);
                if !tick() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new()
            .name("signalbox-epoch".into())
            .spawn(work)?;
        Ok(Ticker {
            state,
            thread: Some(thread),
        })
    }

    /// A run begins, and ends with the answer's end.
    ///
    /// A thread that still waits for its tick is left alone: to wake it costs as much as half of a small run.
    pub(crate) fn run_begins(&self) -> Ticking<'_> {
        self.state.run_count.fetch_add(1, Ordering::SeqCst);
        if self.state.is_resting.load(Ordering::SeqCst)
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
        Ticking(&self.state)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
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
    fn time_passes_while_a_robot_runs_and_again_after_a_rest() {
        let (tell, ticks) = std::sync::mpsc::channel();
        let ticker = Ticker::calling(move || tell.send(()).is_ok()).expect("a thread");
        for _ in 0..2 {
            let running = ticker.run_begins();
            for _ in 0..3 {
                ticks.recv().expect("the thread lives");
            }
            drop(running);
        }
    }

    #[test]
    fn pool_that_does_not_fit_is_replaced() {
        // 4 billion memories of 4 GiB fit into no address space.
        let (_, is_pooled) = engine(u32::MAX / 64).expect("an engine without a pool");
        assert!(!is_pooled);
    }
}
