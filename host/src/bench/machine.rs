//! What the operating system says: CPU time, memory, the machine, and how long its disk takes. Linux; elsewhere a
//! figure that is not known is left out.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

use signalbox_db::COMMITTING_THREAD;

use super::report::Machine;

/// `/proc/PID/stat` counts in hundredths of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);
/// Writes of the disk measurement, each as large as a small commit.
const SYNCS: usize = 100;
const SYNC_BYTES: usize = 4096;

/// User and system time of all threads of this process until now.
pub(super) fn process_cpu() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * (ticks()? + ticks()?))
}

/// The number of the calling thread.
pub(super) fn this_thread() -> Option<i32> {
    let link = fs::read_link("/proc/thread-self").ok()?;
    link.file_name()?.to_str()?.parse().ok()
}

/// User and system time of a thread of this process until now.
pub(super) fn thread_cpu(thread: i32) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    text.split_whitespace()
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

/// User and system time until now of the thread that commits to SQLite; none where no thread has its name.
pub(super) fn database_cpu() -> Option<Duration> {
    let tasks = fs::read_dir("/proc/self/task").ok()?;
    let mut found = None;
    for task in tasks.flatten() {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if name.trim() == COMMITTING_THREAD {
            let thread: i32 = task.file_name().to_str()?.parse().ok()?;
            found = Some(found.unwrap_or(Duration::ZERO) + thread_cpu(thread)?);
        }
    }
    found
}

/// Lets the peak of memory begin anew. Where the system does not allow it, the peak is that of the process.
pub(super) fn forget_memory_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that this process had, in bytes.
pub(super) fn memory_peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

impl Machine {
    /// This machine, and the disk under the database; under `folder` for a database that is elsewhere.
    pub(super) fn found(database: &str, folder: &Path) -> anyhow::Result<Machine> {
        let file = database.strip_prefix("sqlite:").map(Path::new);
        let place = match file.and_then(Path::parent) {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) => Path::new("."),
            None => folder,
        };
        let (sync_p50, sync_p99) = disk_sync(place).with_context(|| format!("{}", place.display()))?;
        Ok(Machine {
            database: if file.is_some() { "sqlite" } else { "postgres" },
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: cpu_model().unwrap_or_else(|| "unknown".to_owned()),
            is_optimised: !cfg!(debug_assertions),
            sync_folder: place.display().to_string(),
            sync_p50_us: sync_p50.as_micros(),
            sync_p99_us: sync_p99.as_micros(),
        })
    }
}

fn cpu_model() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(": ")?.1.to_owned())
}

/// Median and 99th percentile of an append of 4 KiB with `fdatasync`.
fn disk_sync(folder: &Path) -> anyhow::Result<(Duration, Duration)> {
    let path = folder.join("signalbox-bench-sync.tmp");
    let mut file = File::create(&path).context("the disk cannot be measured")?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.write_all(&[0; SYNC_BYTES])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    drop(file);
    fs::remove_file(&path)?;
    times.sort_unstable();
    Ok((times[SYNCS / 2], times[SYNCS * 99 / 100]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_a_thread_is_part_of_the_time_of_the_process() {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(50) {
            std::hint::spin_loop();
        }
        let thread = thread_cpu(this_thread().unwrap()).unwrap();
        assert!(thread > Duration::from_millis(1), "{thread:?}");
        assert!(process_cpu().unwrap() + TICK * 2 > thread);
        assert!(memory_peak_bytes().unwrap() > 1 << 20);
    }
}
