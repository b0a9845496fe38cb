//! Real histories for the pipeline: an event log in, historical steps out.
//!
//! [`xes`] reads IEEE 1849-2016 (XES) event logs as a stream of cases.
//! [`mapping`] is the admin's file that says what the activities of such a log mean in a pipeline.
//! [`plan`] puts both together: a time-ordered sequence of steps that can be replayed on a virtual clock.

pub mod mapping;
pub mod plan;
pub mod xes;
