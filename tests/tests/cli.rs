//! The command line, as a program that is started.

mod bench;
mod demo;
mod host;
mod offline;
mod online;
mod program;
mod sales;
mod starting;
