//! The command line, as a program that is started.

mod bench;
mod build;
mod demo;
mod dev;
mod host;
mod new;
mod offline;
mod online;
pub(crate) mod program;
mod running;
mod sales;
mod setting_up;
mod starting;
mod testing;
