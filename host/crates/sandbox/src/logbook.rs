//! The log of a run: the first lines are kept, the rest are counted.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// For the robot's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Somebody should look.
    Warn,
    /// Something went wrong.
    Error,
}

/// A line of the run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The text, as the robot wrote it.
    pub message: String,
    /// How many host calls the robot had made before: its place in the journal.
    pub after_call: u32,
}

/// Lines up to the limits.
#[derive(Debug)]
pub(crate) struct Logbook {
    lines: Vec<LogLine>,
    bytes: usize,
    lines_max: usize,
    bytes_max: usize,
    dropped_line_count: u64,
    dropped_byte_count: u64,
    /// Where the robot was stopped, after all of its own lines.
    end: Option<String>,
    /// How many host calls the robot has made.
    pub(crate) call_count: u32,
}

impl Logbook {
    pub(crate) fn new(limits: &Limits) -> Self {
        Logbook {
            lines: Vec::new(),
            bytes: 0,
            lines_max: limits.log_lines_max as usize,
            bytes_max: limits.log_bytes_max,
            dropped_line_count: 0,
            dropped_byte_count: 0,
            end: None,
            call_count: 0,
        }
    }

    /// Keeps the line, or counts it.
    pub(crate) fn push(&mut self, level: LogLevel, message: String) {
        if self.lines.len() >= self.lines_max || self.bytes + message.len() > self.bytes_max {
            self.dropped_line_count += 1;
            self.dropped_byte_count += message.len() as u64;
            return;
        }
        self.bytes += message.len();
        self.lines.push(LogLine {
            level,
            message,
            after_call: self.call_count,
        });
    }

    /// Adds the sandbox's own last line, which counts against no limit.
    pub(crate) fn end_with(&mut self, message: String) {
        self.end = Some(message);
    }

    /// Counts bytes of a line whose beginning is kept.
    pub(crate) fn drop_bytes(&mut self, count: usize) {
        self.dropped_byte_count += count as u64;
    }

    /// The longest line that can be kept, in bytes.
    pub(crate) fn line_bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// The lines, how many were dropped, and how many bytes those had. One more line says so, where people read them.
    pub(crate) fn take(&mut self) -> (Vec<LogLine>, u64, u64) {
        let mut lines = std::mem::take(&mut self.lines);
        if self.dropped_byte_count > 0 || self.dropped_line_count > 0 {
            lines.push(LogLine {
                level: LogLevel::Warn,
                message: format!(
                    "the log is full: {} lines were dropped, {} bytes in all",
                    self.dropped_line_count, self.dropped_byte_count
                ),
                after_call: self.call_count,
            });
        }
        lines.extend(self.end.take().map(|message| LogLine {
            level: LogLevel::Error,
            message,
            after_call: self.call_count,
        }));
        (lines, self.dropped_line_count, self.dropped_byte_count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_limits_are_counted() {
        let mut log = Logbook::new(&Limits {
            log_lines_max: 2,
            log_bytes_max: 10,
            ..Limits::default()
        });
        for message in ["12345", "123456", "12345", ""] {
            log.push(LogLevel::Info, message.to_owned());
        }
        let (lines, dropped_line_count, dropped_byte_count) = log.take();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[2].message,
            "the log is full: 2 lines were dropped, 6 bytes in all"
        );
        assert_eq!((dropped_line_count, dropped_byte_count), (2, 6));
    }
}
