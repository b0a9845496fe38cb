//! Messages of the process, on stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The variable that says which messages are shown.
pub const LOG_VARIABLE: &str = "SIGNALBOX_LOG";

/// Sends messages that pass `filter` to stderr, in colour on a terminal unless `NO_COLOR` is set.
///
/// A second call does nothing: tests start several hosts in one process.
///
/// # Errors
/// A filter that cannot be read.
pub fn start(filter: &str) -> Result<(), ParseError> {
    let filter = EnvFilter::builder().parse(filter)?;
    let has_colour =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colour)
        .with_writer(std::io::stderr);
    let _ = subscriber.try_init();
    Ok(())
}
