//! The rules of Signalbox: values in, values out. No clock, no randomness, no I/O.

pub mod backoff;
pub mod calendar;
pub mod email;
pub mod name;
pub mod schedule;
pub mod tax_number;
pub mod time;
