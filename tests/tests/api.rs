//! The HTTP API over a real listener, with the whole host behind it and a database in memory.

mod automation;
mod breaker;
mod bulk;
pub(crate) mod conformance;
mod contract;
mod dry_runs;
mod explain;
mod given_up;
mod harness;
mod hosts;
mod idempotency;
mod input;
mod limits;
mod nasty;
mod outbox;
mod paging;
mod pressure;
mod records;
mod requests;
pub(crate) mod robots;
mod roles;
mod setup_files;
mod storage;
mod tokens;
mod webhooks;
