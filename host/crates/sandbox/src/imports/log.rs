//! `log`. Its calls are not in the journal: the lines are the log.

use wasmtime::Result;

use crate::bindings::log::{Host, Level};
use crate::execution::Execution;
use crate::logbook::LogLevel;

impl Host for Execution {
    async fn log(&mut self, level: Level, message: String) -> Result<()> {
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        self.logbook().push(level, message);
        Ok(())
    }

    async fn panicked(&mut self, message: String) -> Result<()> {
        // The first panic is the cause; a second one comes from the clean-up.
        self.panic.get_or_insert(message);
        Ok(())
    }
}
