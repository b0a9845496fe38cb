//! The bytes of a log: decompressed, counted and bounded.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::error::Problem;
use super::limits::{LOG_BYTES_MAX, MARKUP_BYTES_MAX};

const BUFFER_BYTES: usize = 64 * 1024;
/// The first two bytes of a gzip file: RFC 1952 section 2.3.1, ID1 and ID2.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// How much of a file is read: bytes of the file as it is stored, compressed or not.
#[derive(Clone, Debug)]
pub struct Progress {
    bytes_read: Arc<AtomicU64>,
    bytes_total: u64,
}

impl Progress {
    pub(super) fn new(bytes_total: u64) -> Self {
        Self {
            bytes_read: Arc::default(),
            bytes_total,
        }
    }

    /// The bytes read so far; the reader runs ahead by its buffer.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// The size of the file when it was opened.
    pub fn bytes_total(&self) -> u64 {
        self.bytes_total
    }
}

/// The XML text of a log: knows its line, and ends with an error at a limit.
pub(super) struct Source {
    inner: Box<dyn BufRead + Send>,
    is_gzip: bool,
    line: u64,
    position: u64,
    token_start: u64,
}

impl Source {
    pub(super) fn new(read: impl Read + Send + 'static, progress: &Progress) -> Result<Self, Problem> {
        let mut counted = Counted {
            read,
            bytes_read: progress.bytes_read.clone(),
        };
        let mut head = Vec::new();
        counted
            .by_ref()
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut head)?;
        let is_gzip = head == GZIP_MAGIC;
        let stored = Cursor::new(head).chain(BufReader::with_capacity(BUFFER_BYTES, counted));
        let inner: Box<dyn BufRead + Send> = if is_gzip {
            Box::new(BufReader::with_capacity(
                BUFFER_BYTES,
                MultiGzDecoder::new(stored),
            ))
        } else {
            Box::new(stored)
        };
        Ok(Self {
            inner,
            is_gzip,
            line: 1,
            position: 0,
            token_start: 0,
        })
    }

    /// The line of the next byte, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The count of bytes of XML taken so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Starts the measure of [`MARKUP_BYTES_MAX`] anew.
    pub(super) fn start_token(&mut self) {
        self.token_start = self.position;
    }

    fn check_limits(&self) -> Result<(), Problem> {
        if self.position - self.token_start > MARKUP_BYTES_MAX {
            return Err(Problem::TooMuch {
                what: "bytes in one tag or text",
                limit: MARKUP_BYTES_MAX,
            });
        }
        if self.position > LOG_BYTES_MAX {
            return Err(Problem::TooMuch {
                what: "bytes in a log",
                limit: LOG_BYTES_MAX,
            });
        }
        Ok(())
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buf.len());
        buf[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check_limits().map_err(io::Error::other)?;
        let is_gzip = self.is_gzip;
        self.inner
            .fill_buf()
            .map_err(|error| if is_gzip { gzip_error(error) } else { error })
    }

    fn consume(&mut self, count: usize) {
        // The bytes are those of the last `fill_buf`: asking again gives the same ones and reads nothing.
        if let Ok(available) = self.inner.fill_buf() {
            let taken = &available[..count.min(available.len())];
            self.line += taken.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        self.position += count as u64;
        self.inner.consume(count);
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("line", &self.line)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// Names what the decoder means: it reports damage by the kind of the error only.
fn gzip_error(error: io::Error) -> io::Error {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        UnexpectedEof => io::Error::other(Problem::TruncatedGzip),
        InvalidData | InvalidInput => io::Error::other(Problem::BrokenGzip(error.to_string())),
        _ => error,
    }
}

struct Counted<R> {
    read: R,
    bytes_read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.read.read(buf)?;
        self.bytes_read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_that_expands_without_end_is_ended() {
        let mut source = Source::new(Cursor::new("<log/>"), &Progress::new(6)).unwrap();
        source.position = LOG_BYTES_MAX + 1;
        source.start_token();
        let problem = Problem::from(source.fill_buf().unwrap_err());
        assert_eq!(
            problem.to_string(),
            "too much: more than 17179869184 bytes in a log"
        );
    }
}
