//! Runs robots.

pub mod session;
