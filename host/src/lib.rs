//! Under construction.

pub mod bundled;
pub mod eventlog;
