//! The command line, as a program that is started.

mod bench;
mod build;
mod demo;
mod host;
mod offline;
mod online;
pub(crate) mod program;
mod sales;
mod starting;
mod testing;
