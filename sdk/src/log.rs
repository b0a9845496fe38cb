//! Lines for the run's journal: the macros [`debug!`](crate::debug), [`info!`](crate::info),
//! [`warn!`](crate::warn) and [`error!`](crate::error), with the arguments of `format!`.

use crate::bindings::signalbox::robot::log;

pub use log::Level;

/// Adds a line. The macros call it.
pub fn write(level: Level, message: &str) {
    log::log(level, message);
}

/// From now on, a panic tells the host its message and place before the run ends.
/// [`robot!`](crate::robot) calls it; without it the host would see no more than "unreachable".
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| log::panicked(&panic.to_string())));
}

/// Adds a line for the robot's author.
#[macro_export]
macro_rules! debug {
    ($($argument:tt)+) => { $crate::log::write($crate::log::Level::Debug, &::std::format!($($argument)+)) };
}

/// Adds a line that is worth knowing.
#[macro_export]
macro_rules! info {
    ($($argument:tt)+) => { $crate::log::write($crate::log::Level::Info, &::std::format!($($argument)+)) };
}

/// Adds a line that somebody should look at.
#[macro_export]
macro_rules! warn {
    ($($argument:tt)+) => { $crate::log::write($crate::log::Level::Warn, &::std::format!($($argument)+)) };
}

/// Adds a line about something that went wrong.
#[macro_export]
macro_rules! error {
    ($($argument:tt)+) => { $crate::log::write($crate::log::Level::Error, &::std::format!($($argument)+)) };
}
