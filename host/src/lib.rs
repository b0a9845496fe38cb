//! The Signalbox host: the process, the engine, the HTTP API and the command line.

pub mod app;
pub mod bench;
pub mod bootstrap;
pub mod bundled;
pub mod channels;
pub mod cli;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod drain;
pub mod engine;
pub mod eventlog;
pub mod history;
pub mod http;
pub mod import;
pub mod intake;
pub mod janitor;
pub mod masking;
pub mod rehearsal;
pub mod scenario;
pub mod setup;
pub mod status;
pub mod telemetry;
mod tls;
pub mod trust;
