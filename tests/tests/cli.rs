//! The command line, as a program that is started.

mod host;
mod offline;
mod online;
pub(crate) mod program;
mod sales;
mod starting;
