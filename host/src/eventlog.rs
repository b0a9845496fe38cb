//! Real histories for the pipeline.
//!
//! [`xes`] reads IEEE 1849-2016 (XES) event logs as a stream of cases.

pub mod xes;
