//! WASI 0.2 for robots whose toolchain needs it: no files, no network, no environment; the recorded clock and seed.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use sha2::Digest;
use sha2::Sha256;
use signalbox_crm::ids::RunId;
use signalbox_crm::time::Timestamp;
use tokio::io::AsyncWrite;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use crate::execution::Execution;
use crate::logbook::{LogLevel, Logbook};

/// Streams and pollables of one run. Honest robots have fewer than ten.
const RESOURCES_MAX: usize = 1_000;
/// Random bytes in one call. The largest honest use is a hash seed of 32 bytes.
const RANDOM_BYTES_MAX: u64 = 64 * 1024;
/// After so many random bytes the sequence begins again.
const RANDOM_CYCLE_BYTES: usize = 8 * 1024;
/// What a stream takes at once.
const WRITE_BYTES_MAX: usize = 64 * 1024;

/// The WASI side of one run.
pub(crate) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
}

impl Wasi {
    /// `now` is what all clocks show; the run is the seed. So a replay sees the same.
    pub(crate) fn new(now: Timestamp, run: RunId, log: &Arc<Mutex<Logbook>>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let context = WasiCtx::builder()
            .stdout(Output::new(LogLevel::Info, log))
            .stderr(Output::new(LogLevel::Warn, log))
            .wall_clock(Recorded(now))
            .monotonic_clock(Recorded(now))
            .secure_random(Deterministic::new(random_bytes(run, "secure")))
            .insecure_random(Deterministic::new(random_bytes(run, "insecure")))
            .insecure_random_seed(seed(run))
            .max_random_size(RANDOM_BYTES_MAX)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        Wasi { context, table }
    }
}

impl WasiView for Execution {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self
            .wasi
            .as_mut()
            .expect("a robot that imports WASI is given one before it starts");
        WasiCtxView {
            ctx: &mut wasi.context,
            table: &mut wasi.table,
        }
    }
}

/// The run's number and a word, stretched.
fn random_bytes(run: RunId, word: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RANDOM_CYCLE_BYTES);
    for block in 0..RANDOM_CYCLE_BYTES / 32 {
        bytes.extend_from_slice(&Sha256::digest(format!("{run} {word} {block}")));
    }
    bytes
}

fn seed(run: RunId) -> u128 {
    let digest: [u8; 32] = Sha256::digest(format!("{run} seed")).into();
    let (low, _) = digest.split_at(16);
    u128::from_le_bytes(low.try_into().expect("16 bytes"))
}

/// A clock that stands still.
struct Recorded(Timestamp);

impl HostWallClock for Recorded {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        // WASI cannot say a time before 1970.
        Duration::from_micros(u64::try_from(self.0.micros()).unwrap_or(0))
    }
}

impl HostMonotonicClock for Recorded {
    fn resolution(&self) -> u64 {
        1_000
    }

    fn now(&self) -> u64 {
        // Go ends when this clock shows zero.
        HostMonotonicClock::resolution(self)
    }
}

/// Standard output or standard error, line by line into the log.
///
/// The pipe of `wasmtime-wasi` traps the guest when it is full; this one takes everything and lets the log count
/// what it does not keep.
#[derive(Clone)]
struct Output {
    /// The beginning of a line whose end has not come yet.
    partial: Arc<Mutex<Partial>>,
}

/// A line that is not complete. What is left when the run ends becomes a line, too.
struct Partial {
    level: LogLevel,
    log: Arc<Mutex<Logbook>>,
    bytes: Vec<u8>,
}

impl Output {
    fn new(level: LogLevel, log: &Arc<Mutex<Logbook>>) -> Self {
        Output {
            partial: Arc::new(Mutex::new(Partial {
                level,
                log: log.clone(),
                bytes: Vec::new(),
            })),
        }
    }

    fn take(&self, bytes: &[u8]) {
        let mut partial = self
            .partial
            .lock()
            .expect("nothing panics while it writes a line");
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(rest) => {
                    partial.extend(rest);
                    partial.end();
                }
                None => partial.extend(piece),
            }
        }
    }
}

impl Partial {
    fn extend(&mut self, bytes: &[u8]) {
        let mut log = self
            .log
            .lock()
            .expect("nothing panics while it writes to the log");
        let room = log.line_bytes_max().saturating_sub(self.bytes.len());
        let kept = room.min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..kept]);
        log.drop_bytes(bytes.len() - kept);
    }

    fn end(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let line = String::from_utf8_lossy(&bytes).into_owned();
        let mut log = self
            .log
            .lock()
            .expect("nothing panics while it writes to the log");
        log.push(self.level, line);
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.end();
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn lines(limits: Limits, pieces: &[&str]) -> (Vec<String>, u64) {
        let log = Arc::new(Mutex::new(Logbook::new(&limits)));
        let output = Output::new(LogLevel::Info, &log);
        for piece in pieces {
            output.take(piece.as_bytes());
        }
        drop(output);
        let (lines, _, dropped_byte_count) = log.lock().unwrap().take();
        (
            lines.into_iter().map(|line| line.message).collect(),
            dropped_byte_count,
        )
    }

    #[test]
    fn output_becomes_lines() {
        let (kept, dropped) = lines(Limits::default(), &["one\ntw", "o\n", "three"]);
        assert_eq!(
            (kept, dropped),
            (vec!["one".into(), "two".into(), "three".into()], 0)
        );
    }

    #[test]
    fn endless_line_is_cut_and_counted() {
        let limits = Limits {
            log_bytes_max: 4,
            ..Limits::default()
        };
        let full = "the log is full: 0 lines were dropped, 4 bytes in all";
        let kept = vec!["abcd".to_owned(), full.to_owned()];
        assert_eq!(lines(limits, &["abcdef", "gh"]), (kept, 4));
    }

    #[test]
    fn runs_have_different_random_bytes() {
        assert_ne!(random_bytes(RunId(1), "secure"), random_bytes(RunId(2), "secure"));
        assert_eq!(random_bytes(RunId(1), "secure"), random_bytes(RunId(1), "secure"));
        assert_eq!(random_bytes(RunId(1), "secure").len(), RANDOM_CYCLE_BYTES);
        assert_ne!(seed(RunId(1)), seed(RunId(2)));
    }
}
