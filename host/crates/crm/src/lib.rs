//! The rules of Signalbox: values in, values out. No clock, no randomness, no I/O.

pub mod calendar;
pub mod schedule;
pub mod time;
