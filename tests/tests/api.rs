//! The HTTP API over a real listener, with the whole host behind it and a database in memory.

mod breaker;
mod bulk;
pub(crate) mod conformance;
mod contract;
mod given_up;
mod harness;
mod hosts;
mod idempotency;
mod input;
mod nasty;
mod outbox;
mod paging;
mod pressure;
mod records;
mod robots;
mod roles;
mod storage;
mod tokens;
mod webhooks;
