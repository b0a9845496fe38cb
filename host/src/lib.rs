//! Under construction.

pub mod eventlog;
