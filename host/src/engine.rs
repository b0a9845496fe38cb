//! The engine: drafts are committed, events start runs, runs are executed.
//!
//! The way of a change: [`draft::Draft`] (reads, rules, staged changes) -> [`committer::Committer`] (validates, matches,
//! stores) -> [`lanes::Lanes`] (what may start) -> [`worker`] (executes) -> `Draft` again.

pub mod alarm;
pub mod below;
pub mod breakers;
pub mod bulk;
pub mod changes;
pub mod claims;
pub mod clock_watch;
pub mod committer;
pub mod core;
pub mod cost;
pub mod denials;
pub mod draft;
pub mod dry_run;
pub mod effects;
mod fail_digest;
pub mod fair;
pub mod hearing;
pub mod ids;
pub mod inflight;
pub mod lanes;
pub mod membership;
pub mod plan;
pub mod rates;
pub mod recent;
pub mod records;
pub mod robots;
pub mod scheduler;
pub mod session;
pub mod shards;
pub mod spending;
pub mod storing;
pub mod tidings;
pub mod trial_ids;
pub mod turn;
pub mod worker;
